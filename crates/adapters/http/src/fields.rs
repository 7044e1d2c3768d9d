//! Reading a JSON object field by field, so that every refusal names its field.
//!
//! Derived deserialisers stop at the first surprise with a line and a column; people
//! who write scripts want the name. Nothing is decoded twice and numbers stay text.

use core::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Fault, rules};

/// The largest number taken for a count: what every JSON reader keeps exact.
const LARGEST_COUNT: u64 = 9_000_000_000_000_000;

/// Lists are no longer than this, unless they are meant to be.
const MOST_ITEMS: usize = 256;

/// An object whose fields are taken one after the other.
pub(crate) struct Fields<'a> {
    prefix: String,
    entries: Vec<(String, &'a RawValue)>,
}

/// A field of a change: left out, taken away, or given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given<T> {
    Absent,
    Null,
    Value(T),
}

impl<T> Given<T> {
    /// What was given, or what there is already.
    pub(crate) fn over(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Absent => current,
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// What there shall be, if anything was said.
    #[expect(
        clippy::option_option,
        reason = "it fills fields in which `Some(None)` takes away"
    )]
    pub(crate) fn into_change(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }
}

impl<'a> Fields<'a> {
    /// Reads the body of a request.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Fault> {
        let text = core::str::from_utf8(body).map_err(|fault| {
            let at = fault.valid_up_to();
            malformed(format!("The request body is not valid UTF-8 (byte {at})."))
        })?;
        if text.trim().is_empty() {
            let message = "The request body is empty: send a JSON object.";
            return Err(malformed(message.to_owned()));
        }
        Self::read(text, String::new())
    }

    /// The same, where no body at all stands for an empty object.
    pub(crate) fn parse_optional(body: &'a [u8]) -> Result<Self, Fault> {
        if body.trim_ascii().is_empty() {
            return Self::read("{}", String::new());
        }
        Self::parse(body)
    }

    fn read(text: &'a str, prefix: String) -> Result<Self, Fault> {
        let entries = serde_json::from_str::<Entries<'a>>(text).map_err(|fault| {
            if fault.is_data() && !text.trim_start().starts_with('{') {
                return malformed("The request body must be a JSON object.".to_owned());
            }
            malformed(format!("The request body is not valid JSON: {fault}."))
        })?;
        let fields = Self {
            prefix,
            entries: entries.0,
        };
        let names = || fields.entries.iter().map(|(name, _)| name.as_str());
        for (index, name) in names().enumerate() {
            if names().take(index).any(|earlier| earlier == name) {
                let path = fields.path(name);
                let message = format!("'{path}' is given twice: send it once.");
                return Err(Fault::new(rules::DUPLICATE_KEY, message).param(path));
            }
        }
        Ok(fields)
    }

    /// The name of a field as the sender would write it.
    pub(crate) fn path(&self, name: &str) -> String {
        // A name is the sender's to choose, and goes back into an answer.
        let shown: String = name.chars().take(64).collect();
        if self.prefix.is_empty() {
            shown
        } else {
            format!("{}.{shown}", self.prefix)
        }
    }

    /// Whether a field is there, null or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(known, _)| known == name)
    }

    /// A string that stays where it is; none if there is something else or nothing.
    pub(crate) fn peek_text(&self, name: &str) -> Option<String> {
        let (_, value) = self.entries.iter().find(|(known, _)| known == name)?;
        serde_json::from_str(value.get()).ok()
    }

    /// Passes over fields that may be there and say nothing.
    pub(crate) fn skip(&mut self, names: &[&str]) {
        self.entries
            .retain(|(known, _)| !names.contains(&known.as_str()));
    }

    /// Refuses whatever was not taken.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        let Some((name, _)) = self.entries.first() else {
            return Ok(());
        };
        let path = self.path(name);
        let message = format!("Unknown field '{path}'.");
        Err(Fault::new(rules::UNKNOWN_FIELD, message).param(path))
    }

    fn take(&mut self, name: &str) -> Given<&'a RawValue> {
        let Some(at) = self.entries.iter().position(|(known, _)| known == name) else {
            return Given::Absent;
        };
        let (_, value) = self.entries.remove(at);
        if value.get() == "null" {
            Given::Null
        } else {
            Given::Value(value)
        }
    }

    fn typed<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str, &'a str) -> Result<T, Fault>,
    ) -> Result<Given<T>, Fault> {
        match self.take(name) {
            Given::Absent => Ok(Given::Absent),
            Given::Null => Ok(Given::Null),
            Given::Value(value) => read(&self.path(name), value.get()).map(Given::Value),
        }
    }

    /// A string.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        Ok(self.typed(name, text)?.over(None))
    }

    /// A string that must be there.
    pub(crate) fn required_text(&mut self, name: &str) -> Result<String, Fault> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    /// A string, or null to take it away.
    pub(crate) fn given_text(&mut self, name: &str) -> Result<Given<String>, Fault> {
        self.typed(name, text)
    }

    /// A string read as something else.
    pub(crate) fn word<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let Some(word) = self.text(name)? else {
            return Ok(None);
        };
        let read = read(&word).ok_or_else(|| Fault::invalid(&self.path(name), expected))?;
        Ok(Some(read))
    }

    /// A count from 0.
    pub(crate) fn count(&mut self, name: &str) -> Result<Option<u64>, Fault> {
        Ok(self.given_count(name)?.over(None))
    }

    /// A count from 0, or null to take it away.
    pub(crate) fn given_count(&mut self, name: &str) -> Result<Given<u64>, Fault> {
        self.typed(name, |path, json| {
            if !json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
                return Err(wrong_type(path, "a whole number", json));
            }
            let count = json.parse().ok().filter(|count| *count <= LARGEST_COUNT);
            count.ok_or_else(|| {
                Fault::invalid(
                    path,
                    format_args!("a whole number from 0 to {LARGEST_COUNT}"),
                )
            })
        })
    }

    /// A whole number that may be negative.
    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i32>, Fault> {
        let read = self.typed(name, |path, json| {
            if !json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
                return Err(wrong_type(path, "a whole number", json));
            }
            json.parse()
                .map_err(|_no_number| Fault::invalid(path, "a whole number of 32 bits"))
        })?;
        Ok(read.over(None))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Fault> {
        let read = self.typed(name, |path, json| match json {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(wrong_type(path, "true or false", other)),
        })?;
        Ok(read.over(None))
    }

    /// A decimal number as its text: a string, or a JSON number exactly as written.
    pub(crate) fn decimal(&mut self, name: &str) -> Result<Option<String>, Fault> {
        let read = self.typed(name, |path, json| {
            if json.starts_with('"') {
                text(path, json)
            } else if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
                Ok(json.to_owned())
            } else {
                Err(wrong_type(path, "a decimal number such as \"12.50\"", json))
            }
        })?;
        Ok(read.over(None))
    }

    /// A list of strings.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        Ok(self.given_texts(name)?.over(None))
    }

    fn given_texts(&mut self, name: &str) -> Result<Given<Vec<String>>, Fault> {
        self.typed(name, |path, json| {
            let items = items(path, json, MOST_ITEMS)?;
            let each = items.into_iter().enumerate();
            each.map(|(at, item)| text(&format!("{path}[{at}]"), item.get()))
                .collect()
        })
    }

    /// A list of strings read as something else.
    pub(crate) fn words<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<Vec<T>>, Fault> {
        Ok(self.given_words(name, expected, read)?.over(None))
    }

    /// The same, or null to empty it.
    pub(crate) fn given_words<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Given<Vec<T>>, Fault> {
        let words = match self.given_texts(name)? {
            Given::Absent => return Ok(Given::Absent),
            Given::Null => return Ok(Given::Null),
            Given::Value(words) => words,
        };
        let path = self.path(name);
        let each = words.iter().enumerate().map(|(at, word)| {
            read(word).ok_or_else(|| Fault::invalid(&format!("{path}[{at}]"), expected))
        });
        each.collect::<Result<_, _>>().map(Given::Value)
    }

    /// An object.
    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Fields<'a>>, Fault> {
        Ok(self.given_object(name)?.over(None))
    }

    /// An object, or null to take it away.
    pub(crate) fn given_object(&mut self, name: &str) -> Result<Given<Fields<'a>>, Fault> {
        self.typed(name, object)
    }

    /// A list of objects.
    pub(crate) fn objects(&mut self, name: &str) -> Result<Option<Vec<Fields<'a>>>, Fault> {
        self.objects_up_to(name, MOST_ITEMS)
    }

    /// A list of so many objects at the most.
    pub(crate) fn objects_up_to(
        &mut self,
        name: &str,
        most: usize,
    ) -> Result<Option<Vec<Fields<'a>>>, Fault> {
        let read = self.typed(name, |path, json| {
            let items = items(path, json, most)?;
            let each = items.into_iter().enumerate();
            each.map(|(at, item)| object(&format!("{path}[{at}]"), item.get()))
                .collect()
        })?;
        Ok(read.over(None))
    }

    /// The refusal for a field that is not there.
    pub(crate) fn missing(&self, name: &str) -> Fault {
        let path = self.path(name);
        let message = format!("Missing required parameter: '{path}'.");
        Fault::new(rules::MISSING_PARAMETER, message).param(path)
    }
}

fn text(path: &str, json: &str) -> Result<String, Fault> {
    if !json.starts_with('"') {
        return Err(wrong_type(path, "a string", json));
    }
    let text: String = serde_json::from_str(json)
        .map_err(|_lone_surrogate| Fault::invalid(path, "a string of Unicode text"))?;
    // No database keeps a NUL inside text, and no name needs one.
    if text.contains('\0') {
        return Err(Fault::invalid(path, "a string without NUL characters"));
    }
    Ok(text)
}

fn items<'a>(path: &str, json: &'a str, most: usize) -> Result<Vec<&'a RawValue>, Fault> {
    if !json.starts_with('[') {
        return Err(wrong_type(path, "an array", json));
    }
    let items: Vec<&RawValue> = serde_json::from_str(json)
        .map_err(|fault| malformed(format!("The request body is not valid JSON: {fault}.")))?;
    if items.len() > most {
        return Err(Fault::invalid(path, format_args!("at most {most} items")));
    }
    Ok(items)
}

fn object<'a>(path: &str, json: &'a str) -> Result<Fields<'a>, Fault> {
    if !json.starts_with('{') {
        return Err(wrong_type(path, "an object", json));
    }
    Fields::read(json, path.to_owned())
}

fn malformed(message: String) -> Fault {
    Fault::new(rules::MALFORMED, message)
}

fn wrong_type(path: &str, expected: &str, json: &str) -> Fault {
    let got = match json.bytes().next() {
        Some(b'"') => "a string",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    };
    let message = format!("Invalid type for '{path}': expected {expected}, but got {got}.");
    Fault::new(rules::INVALID_TYPE, message).param(path)
}

/// The members of an object in the order in which they were sent.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Entries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, &RawValue>()? {
                    entries.push(entry);
                    if entries.len() > 128 {
                        return Err(A::Error::custom("an object has more than 128 members"));
                    }
                }
                Ok(Entries(entries))
            }
        }
        source.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests;
