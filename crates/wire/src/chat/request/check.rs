//! Typed reads for request fields: each names the field and says what was expected.

use std::{borrow::Cow, fmt, ops::RangeInclusive};

use super::RequestFault;
use crate::json::{Cursor, Kind, Text};

pub(crate) type Checked<T = ()> = Result<T, RequestFault>;

/// The path of the body itself.
pub(crate) const ROOT: Path<'static> = Path::Root;

/// Where in the body we are; a list on the stack that costs nothing until it is printed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'p> {
    Root,
    Field(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl<'p> Path<'p> {
    pub(crate) fn field(&'p self, name: &'p str) -> Self {
        Path::Field(self, name)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Field(Path::Root, name) => f.write_str(clip(name)),
            Path::Field(parent, name) => write!(f, "{parent}.{}", clip(name)),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// A client's own key in a message of ours stays short.
fn clip(name: &str) -> &str {
    name.char_indices()
        .nth(100)
        .and_then(|(end, _)| name.get(..end))
        .unwrap_or(name)
}

/// The error for a value of the wrong kind, or for no value at all.
pub(crate) fn wrong_kind(cursor: &mut Cursor<'_>, at: &Path<'_>, expected: &str) -> RequestFault {
    let got = match cursor.kind() {
        Kind::Object => "an object",
        Kind::Array => "an array",
        Kind::String => "a string",
        Kind::Number => match cursor.number() {
            Ok(text) if text.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => "a decimal",
            Ok(_) => "an integer",
            Err(fault) => return fault.into(),
        },
        Kind::Bool => "a boolean",
        Kind::Null => "null",
        Kind::Nothing => return cursor.unexpected().into(),
    };
    RequestFault::kind(at, expected, got)
}

/// A string as it stands.
pub(crate) fn text<'a>(cursor: &mut Cursor<'a>, at: &Path<'_>) -> Checked<Text<'a>> {
    if cursor.kind() == Kind::String {
        Ok(cursor.string()?)
    } else {
        Err(wrong_kind(cursor, at, "a string"))
    }
}

/// A string of at most `max` characters, decoded.
pub(crate) fn short_text<'a>(
    cursor: &mut Cursor<'a>,
    at: &Path<'_>,
    max: usize,
) -> Checked<Cow<'a, str>> {
    let raw = text(cursor, at)?;
    let Some(text) = raw.decode() else {
        return Err(RequestFault::value(at, "text without broken escapes"));
    };
    if text.len() > max && text.chars().count() > max {
        let message =
            format!("Invalid '{at}': the string is too long, send at most {max} characters.");
        return Err(RequestFault::new(at, "string_above_max_length", message));
    }
    Ok(text)
}

/// A model id: not empty, at most 256 characters, none of them a control character.
pub(crate) fn model_id<'a>(cursor: &mut Cursor<'a>, at: &Path<'_>) -> Checked<Cow<'a, str>> {
    let id = short_text(cursor, at, 256)?;
    if id.trim().is_empty() || id.chars().any(char::is_control) {
        return Err(RequestFault::value(
            at,
            "a model id, as listed by GET /v1/models",
        ));
    }
    Ok(id)
}

/// A name made of `[A-Za-z0-9_-]{1,64}`.
pub(crate) fn identifier(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    let name = text(cursor, at)?;
    let Some(name) = name.decode() else {
        return Err(RequestFault::value(at, "a name"));
    };
    let fits = (1..=64).contains(&name.len());
    if fits
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    {
        return Ok(());
    }
    Err(RequestFault::value(
        at,
        "1 to 64 letters, digits, underscores or dashes",
    ))
}

/// One of the `known` words.
pub(crate) fn word(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    known: &[&'static str],
) -> Checked<&'static str> {
    let given = text(cursor, at)?;
    match known.iter().find(|word| given.is(word)) {
        Some(word) => Ok(word),
        None => Err(RequestFault::value(
            at,
            &format!("one of '{}'", known.join("', '")),
        )),
    }
}

/// A boolean.
pub(crate) fn boolean(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<bool> {
    if cursor.kind() == Kind::Bool {
        Ok(cursor.boolean()?)
    } else {
        Err(wrong_kind(cursor, at, "a boolean"))
    }
}

/// An integer within bounds, written without fraction or exponent.
pub(crate) fn integer(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    bounds: RangeInclusive<i64>,
) -> Checked<i64> {
    let start = cursor.clone();
    if cursor.kind() != Kind::Number {
        return Err(wrong_kind(cursor, at, "an integer"));
    }
    let digits = cursor.number()?;
    if digits.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return Err(wrong_kind(&mut start.clone(), at, "an integer"));
    }
    let parsed = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse::<i64>().ok());
    match parsed {
        Some(value) if bounds.contains(&value) => Ok(value),
        Some(value) if value < *bounds.start() => Err(below(at, "integer", bounds.start())),
        None if digits.first() == Some(&b'-') => Err(below(at, "integer", bounds.start())),
        _ => Err(above(at, "integer", bounds.end())),
    }
}

/// A positive integer that fits 32 bits.
pub(crate) fn count(cursor: &mut Cursor<'_>, at: &Path<'_>, max: u32) -> Checked<u32> {
    integer(cursor, at, 1..=i64::from(max)).map(|value| u32::try_from(value).unwrap_or(max))
}

/// A number within bounds.
pub(crate) fn decimal(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    bounds: RangeInclusive<f64>,
) -> Checked {
    if cursor.kind() != Kind::Number {
        return Err(wrong_kind(cursor, at, "a number"));
    }
    let digits = cursor.number()?;
    let parsed = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse::<f64>().ok());
    match parsed {
        Some(value) if bounds.contains(&value) => Ok(()),
        Some(value) if value < *bounds.start() => Err(below(at, "decimal", bounds.start())),
        _ => Err(above(at, "decimal", bounds.end())),
    }
}

/// Walks an object: `each` reads the members named in `known`, the others are passed over; nulls count as absent.
///
/// A known key that comes twice is refused, since the provider might believe the other one.
pub(crate) fn members<'a>(
    cursor: &mut Cursor<'a>,
    at: &Path<'_>,
    known: &[&str],
    mut each: impl FnMut(&mut Cursor<'a>, &str, &Path<'_>) -> Checked,
) -> Checked {
    if cursor.kind() != Kind::Object {
        return Err(wrong_kind(cursor, at, "an object"));
    }
    cursor.open_object()?;
    let mut seen = 0_u32;
    while let Some(key) = cursor.member()? {
        let Some((bit, name)) = (0_u32..).zip(known).find(|(_, name)| key.is(name)) else {
            cursor.skip()?;
            continue;
        };
        let at = at.field(name);
        if seen & (1 << bit) != 0 {
            return Err(RequestFault::duplicate(&at));
        }
        seen |= 1 << bit;
        if !cursor.null()? {
            each(cursor, name, &at)?;
        }
    }
    Ok(())
}

/// Walks an array of at most `max` items and gives their number.
pub(crate) fn items<'a>(
    cursor: &mut Cursor<'a>,
    at: &Path<'_>,
    max: usize,
    mut each: impl FnMut(&mut Cursor<'a>, &Path<'_>) -> Checked,
) -> Checked<usize> {
    if cursor.kind() != Kind::Array {
        return Err(wrong_kind(cursor, at, "an array"));
    }
    cursor.open_array()?;
    let mut count = 0;
    while cursor.item()? {
        if count == max {
            let message =
                format!("Invalid '{at}': the array is too long, send at most {max} items.");
            return Err(RequestFault::new(at, "array_above_max_length", message));
        }
        each(cursor, &Path::Index(at, count))?;
        count += 1;
    }
    Ok(count)
}

/// Like [`items`], refusing an empty array.
pub(crate) fn some_items<'a>(
    cursor: &mut Cursor<'a>,
    at: &Path<'_>,
    max: usize,
    each: impl FnMut(&mut Cursor<'a>, &Path<'_>) -> Checked,
) -> Checked<usize> {
    match items(cursor, at, max, each)? {
        0 => Err(RequestFault::new(
            at,
            "empty_array",
            format!("Invalid '{at}': the array is empty, send at least one item."),
        )),
        count => Ok(count),
    }
}

/// Checks that the value is an object, whatever it holds.
pub(crate) fn object(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    members(cursor, at, &[], |_, _, _| Ok(()))
}

fn below(at: &Path<'_>, kind: &str, min: &impl fmt::Display) -> RequestFault {
    let code = if kind == "integer" {
        "integer_below_min_value"
    } else {
        "decimal_below_min_value"
    };
    RequestFault::new(
        at,
        code,
        format!("Invalid '{at}': the {kind} is too small, send {min} or more."),
    )
}

fn above(at: &Path<'_>, kind: &str, max: &impl fmt::Display) -> RequestFault {
    let code = if kind == "integer" {
        "integer_above_max_value"
    } else {
        "decimal_above_max_value"
    };
    RequestFault::new(
        at,
        code,
        format!("Invalid '{at}': the {kind} is too large, send {max} or less."),
    )
}
