//! Message content: a string, or parts of known types.

use super::{
    RequestFault,
    check::{self, Checked, Path},
    draft::{Tally, length},
    options,
};
use crate::json::{Cursor, Kind, Text};

const MAX_PARTS: usize = 10_000;
const TYPES: &[&str] = &["text", "image_url", "input_audio", "file", "refusal"];
const MEMBERS: &[&str] = &[
    "type",
    "text",
    "image_url",
    "input_audio",
    "file",
    "refusal",
    "cache_control",
    "prompt_cache_breakpoint",
];
/// A data URL names its encoding within its first bytes.
const DATA_URL_HEAD: usize = 128;

/// The first part of each kind that not every role may send.
#[derive(Debug, Default)]
pub(super) struct Content {
    media: Option<usize>,
    refusal: Option<usize>,
}

impl Content {
    /// Only users send media, and only assistants refuse.
    pub(super) fn allowed_for(&self, role: &str, at: &Path<'_>) -> Checked {
        let (offender, expected) = match role {
            "user" => (
                self.refusal,
                "a part of type 'text', 'image_url', 'input_audio' or 'file'",
            ),
            "assistant" => (self.media, "a part of type 'text' or 'refusal'"),
            _ => (self.media.or(self.refusal), "a part of type 'text'"),
        };
        match offender {
            Some(index) => Err(RequestFault::value(
                &Path::Index(at, index).field("type"),
                expected,
            )),
            None => Ok(()),
        }
    }
}

/// Checks a message's `content`.
pub(super) fn content(
    cursor: &mut Cursor<'_>,
    at: &Path<'_>,
    tally: &mut Tally,
) -> Checked<Content> {
    let mut content = Content::default();
    match cursor.kind() {
        Kind::String => cursor.string().map(drop)?,
        Kind::Array => {
            let mut index = 0;
            check::some_items(cursor, at, MAX_PARTS, |cursor, at| {
                match part(cursor, at, tally)? {
                    "text" => {}
                    "refusal" => content.refusal = content.refusal.or(Some(index)),
                    _ => content.media = content.media.or(Some(index)),
                }
                index += 1;
                Ok(())
            })?;
        }
        _ => {
            return Err(check::wrong_kind(
                cursor,
                at,
                "a string or an array of parts",
            ));
        }
    }
    Ok(content)
}

/// Checks content that may only be text, outside of messages.
pub(super) fn text_content(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
    content(cursor, at, &mut Tally::default())?.allowed_for("system", at)
}

/// What one part holds; its type may come last, so nothing is counted before the end.
#[derive(Debug, Default)]
struct Found {
    kind: Option<&'static str>,
    text: bool,
    refusal: bool,
    /// Encoded length of an inline image.
    image: Option<u64>,
    /// Encoded and decoded length of a recording.
    audio: Option<(u64, u64)>,
    /// Encoded and decoded length of an inline file.
    file: Option<(u64, u64)>,
}

fn part(cursor: &mut Cursor<'_>, at: &Path<'_>, tally: &mut Tally) -> Checked<&'static str> {
    let mut found = Found::default();
    let mut long_cache = false;
    check::members(cursor, at, MEMBERS, |cursor, name, at| {
        match name {
            "type" => found.kind = Some(check::word(cursor, at, TYPES)?),
            "text" => found.text = check::text(cursor, at).map(|_| true)?,
            "refusal" => found.refusal = check::text(cursor, at).map(|_| true)?,
            "image_url" => found.image = Some(image(cursor, at)?),
            "input_audio" => found.audio = Some(audio(cursor, at)?),
            "file" => found.file = Some(file(cursor, at)?),
            _ => long_cache |= options::cache_hint(cursor, at)?,
        }
        Ok(())
    })?;
    tally.long_cache |= long_cache;
    let Some(kind) = found.kind else {
        return Err(RequestFault::missing(&at.field("type")));
    };
    if count(kind, &found, tally) {
        Ok(kind)
    } else {
        Err(RequestFault::missing(&at.field(kind)))
    }
}

/// Adds the part to the tally; `false` when the member that its type promises is missing.
fn count(kind: &str, found: &Found, tally: &mut Tally) -> bool {
    match (kind, found) {
        ("text", Found { text: true, .. }) | ("refusal", Found { refusal: true, .. }) => {}
        (
            "image_url",
            Found {
                image: Some(encoded),
                ..
            },
        ) => {
            tally.images += 1;
            tally.media_bytes += encoded;
        }
        (
            "input_audio",
            Found {
                audio: Some((encoded, decoded)),
                ..
            },
        ) => {
            tally.audio_bytes += decoded;
            tally.media_bytes += encoded;
        }
        (
            "file",
            Found {
                file: Some((encoded, decoded)),
                ..
            },
        ) => {
            tally.file_bytes += decoded;
            tally.media_bytes += encoded;
        }
        _ => return false,
    }
    true
}

fn image(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<u64> {
    let mut encoded = None;
    check::members(cursor, at, &["url", "detail"], |cursor, name, at| {
        if name == "detail" {
            return check::word(cursor, at, &["auto", "low", "high", "original"]).map(drop);
        }
        let url = check::text(cursor, at)?;
        if url.raw().is_empty() {
            return Err(RequestFault::value(at, "an https: or data: URL"));
        }
        encoded = Some(base64_of_data_url(&url).map_or(0, length));
        Ok(())
    })?;
    encoded.ok_or_else(|| RequestFault::missing(&at.field("url")))
}

fn audio(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<(u64, u64)> {
    let (mut sizes, mut format) = (None, false);
    check::members(cursor, at, &["data", "format"], |cursor, name, at| {
        if name == "format" {
            format = true;
            return check::word(cursor, at, &["wav", "mp3"]).map(drop);
        }
        let data = check::text(cursor, at)?.raw();
        sizes = Some((length(data), decoded_length(data)));
        Ok(())
    })?;
    if !format {
        return Err(RequestFault::missing(&at.field("format")));
    }
    sizes.ok_or_else(|| RequestFault::missing(&at.field("data")))
}

fn file(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<(u64, u64)> {
    let (mut sizes, mut by_id) = ((0, 0), false);
    let mut inline = false;
    check::members(
        cursor,
        at,
        &["file_data", "file_id", "filename"],
        |cursor, name, at| {
            let text = check::text(cursor, at)?;
            match name {
                "file_data" => {
                    let data = base64_of_data_url(&text).unwrap_or(text.raw());
                    (inline, sizes) = (true, (length(data), decoded_length(data)));
                }
                "file_id" => by_id = true,
                _ => {}
            }
            Ok(())
        },
    )?;
    if inline || by_id {
        Ok(sizes)
    } else {
        Err(RequestFault::missing(&at.field("file_data")))
    }
}

/// The payload of a `data:…;base64,` URL.
fn base64_of_data_url<'a>(url: &Text<'a>) -> Option<&'a [u8]> {
    let url = url.raw();
    let head = url.get(..url.len().min(DATA_URL_HEAD))?;
    if !head.get(..5)?.eq_ignore_ascii_case(b"data:") {
        return None;
    }
    let comma = head.iter().position(|byte| *byte == b',')?;
    let (media, payload) = url.split_at_checked(comma + 1)?;
    media.ends_with(b";base64,").then_some(payload)
}

/// How many bytes base64 text stands for.
fn decoded_length(encoded: &[u8]) -> u64 {
    let padding = encoded
        .iter()
        .rev()
        .take(2)
        .take_while(|byte| **byte == b'=')
        .count();
    length(encoded).saturating_mul(3) / 4
        - u64::try_from(padding)
            .unwrap_or_default()
            .min(length(encoded) * 3 / 4)
}
