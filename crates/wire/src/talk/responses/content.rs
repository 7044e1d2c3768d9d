//! What messages and results are made of: a string, or parts of known types.

use super::options;
use crate::{
    chat::{
        RequestFault,
        request::check::{self, Checked, Path},
    },
    json::{Cursor, Kind, Text},
    talk::{CacheLife, Media, Part},
};

const MAX_PARTS: usize = 10_000;
const CACHE: [&str; 2] = ["prompt_cache_breakpoint", "cache_control"];

/// Whose content it is, and so what may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The customer.
    User,
    /// The model.
    Assistant,
    /// Whoever instructs.
    System,
    /// A tool.
    Tool,
}

impl Owner {
    const fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::User => &["input_text", "input_image", "input_file", "input_audio"],
            Self::Assistant => &["output_text", "refusal"],
            Self::System => &["input_text"],
            Self::Tool => &["input_text", "input_image", "input_file"],
        }
    }
}

/// The `type` of the object at the cursor, which may stand anywhere in it.
pub(super) fn kind_of<'a>(cursor: &Cursor<'a>, at: &Path<'_>) -> Checked<Option<Text<'a>>> {
    let mut ahead = cursor.clone();
    if ahead.kind() != Kind::Object {
        return Err(check::wrong_kind(&mut ahead, at, "an object"));
    }
    ahead.open_object()?;
    while let Some(key) = ahead.member()? {
        if key.is("type") {
            if ahead.null()? {
                return Ok(None);
            }
            return check::text(&mut ahead, &at.field("type")).map(Some);
        }
        ahead.skip()?;
    }
    Ok(None)
}

/// Reads a string or an array of parts.
pub(super) fn read(cursor: &mut Cursor<'_>, at: &Path<'_>, owner: Owner) -> Checked<Vec<Part>> {
    match cursor.kind() {
        Kind::String => {
            let text = options::string(cursor, at)?;
            Ok(vec![Part::Text { text, cache: None }])
        }
        Kind::Array => {
            let mut parts = Vec::new();
            check::items(cursor, at, MAX_PARTS, |cursor, at| {
                parts.push(part(cursor, at, owner)?);
                Ok(())
            })?;
            Ok(parts)
        }
        _ => Err(check::wrong_kind(
            cursor,
            at,
            "a string or an array of parts",
        )),
    }
}

fn part(cursor: &mut Cursor<'_>, at: &Path<'_>, owner: Owner) -> Checked<Part> {
    let Some(kind) = kind_of(cursor, at)? else {
        return Err(RequestFault::missing(&at.field("type")));
    };
    let Some(kind) = owner.kinds().iter().find(|known| kind.is(known)) else {
        let expected = format!("one of '{}'", owner.kinds().join("', '"));
        return Err(RequestFault::value(&at.field("type"), &expected));
    };
    match *kind {
        "input_image" => image(cursor, at),
        "input_file" => file(cursor, at),
        "input_audio" => audio(cursor, at),
        "refusal" => {
            let mut refusal = None;
            check::members(cursor, at, &["type", "refusal"], |cursor, name, at| {
                if name == "refusal" {
                    refusal = Some(options::string(cursor, at)?);
                    return Ok(());
                }
                check::text(cursor, at).map(drop)
            })?;
            let text = refusal.ok_or_else(|| RequestFault::missing(&at.field("refusal")))?;
            Ok(Part::Refusal { text })
        }
        _ => text(cursor, at),
    }
}

fn text(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Part> {
    let (mut said, mut cache) = (None, None);
    let known = ["type", "text", CACHE[0], CACHE[1]];
    check::members(cursor, at, &known, |cursor, name, at| {
        match name {
            "type" => check::text(cursor, at).map(drop)?,
            "text" => said = Some(options::string(cursor, at)?),
            _ => cache = longer(cache, options::cache_life(cursor, at)?),
        }
        Ok(())
    })?;
    let text = said.ok_or_else(|| RequestFault::missing(&at.field("text")))?;
    Ok(Part::Text { text, cache })
}

fn image(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Part> {
    let (mut url, mut detail, mut cache) = (None, None, None);
    let known = ["type", "image_url", "file_id", "detail", CACHE[0], CACHE[1]];
    check::members(cursor, at, &known, |cursor, name, at| {
        match name {
            "type" => check::text(cursor, at).map(drop)?,
            "image_url" => url = Some(address(cursor, at)?),
            "file_id" => return Err(keeps_no_files(at)),
            "detail" => {
                let words = &["auto", "low", "high", "original"];
                detail = Some(check::word(cursor, at, words)?.to_owned());
            }
            _ => cache = longer(cache, options::cache_life(cursor, at)?),
        }
        Ok(())
    })?;
    let url = url.ok_or_else(|| RequestFault::missing(&at.field("image_url")))?;
    let media = match inline(&url) {
        Some(media) => media,
        None => Media::Url(url),
    };
    Ok(Part::Image {
        media,
        detail,
        cache,
    })
}

fn file(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Part> {
    let (mut data, mut url, mut label, mut cache) = (None, None, None, None);
    let known = [
        "type",
        "file_data",
        "file_url",
        "file_id",
        "filename",
        CACHE[0],
        CACHE[1],
    ];
    check::members(cursor, at, &known, |cursor, name, at| {
        match name {
            "type" => check::text(cursor, at).map(drop)?,
            "file_data" => data = Some(address(cursor, at)?),
            "file_url" => url = Some(address(cursor, at)?),
            "file_id" => return Err(keeps_no_files(at)),
            "filename" => label = Some(check::short_text(cursor, at, 512)?.into_owned()),
            _ => cache = longer(cache, options::cache_life(cursor, at)?),
        }
        Ok(())
    })?;
    let media = match (data, url) {
        (Some(_), Some(_)) => {
            let message = format!(
                "'{at}' holds both 'file_data' and 'file_url', which exclude each other: send one of them."
            );
            let code = "invalid_parameter_combination";
            return Err(RequestFault::new(at, code, message));
        }
        (Some(data), None) => inline(&data).unwrap_or(Media::Inline {
            kind: kind_of_file(label.as_deref()).to_owned(),
            data,
        }),
        (None, Some(url)) => Media::Url(url),
        (None, None) => return Err(RequestFault::missing(&at.field("file_data"))),
    };
    Ok(Part::Document {
        media,
        name: label,
        cache,
    })
}

fn audio(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Part> {
    let mut sound = None;
    check::members(cursor, at, &["type", "input_audio"], |cursor, name, at| {
        if name == "type" {
            return check::text(cursor, at).map(drop);
        }
        let (mut data, mut format) = (None, None);
        check::members(cursor, at, &["data", "format"], |cursor, name, at| {
            if name == "data" {
                data = Some(options::string(cursor, at)?);
            } else {
                format = Some(check::word(cursor, at, &["wav", "mp3"])?.to_owned());
            }
            Ok(())
        })?;
        let data = data.ok_or_else(|| RequestFault::missing(&at.field("data")))?;
        let format = format.ok_or_else(|| RequestFault::missing(&at.field("format")))?;
        sound = Some(Part::Audio { format, data });
        Ok(())
    })?;
    sound.ok_or_else(|| RequestFault::missing(&at.field("input_audio")))
}

/// A text that says where something is, or holds it.
fn address(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<String> {
    let text = options::string(cursor, at)?;
    if text.is_empty() {
        return Err(RequestFault::value(at, "an https: or data: URL"));
    }
    Ok(text)
}

/// What a `data:…;base64,` URL holds.
fn inline(url: &str) -> Option<Media> {
    let scheme = url.get(..5)?;
    if !scheme.eq_ignore_ascii_case("data:") {
        return None;
    }
    let (head, data) = url.get(5..)?.split_once(',')?;
    let kind = head.strip_suffix(";base64")?;
    Some(Media::Inline {
        kind: kind.to_owned(),
        data: data.to_owned(),
    })
}

/// The media type of a file that comes without one, told from its name.
fn kind_of_file(name: Option<&str>) -> &'static str {
    let ending = name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, end)| end);
    match ending {
        Some(end) if end.eq_ignore_ascii_case("txt") => "text/plain",
        Some(end) if end.eq_ignore_ascii_case("md") => "text/markdown",
        Some(end) if end.eq_ignore_ascii_case("csv") => "text/csv",
        Some(end) if end.eq_ignore_ascii_case("json") => "application/json",
        _ => "application/pdf",
    }
}

fn keeps_no_files(at: &Path<'_>) -> RequestFault {
    let message =
        format!("'{at}' is not supported: this gateway stores no files. Send the file inline.");
    RequestFault::new(at, "unsupported_parameter", message)
}

/// Of two lives asked for, the longer one.
fn longer(one: Option<CacheLife>, other: Option<CacheLife>) -> Option<CacheLife> {
    if one == Some(CacheLife::Long) {
        one
    } else {
        other
    }
}
