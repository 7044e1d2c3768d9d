//! Where an image or a document comes from.

use super::super::super::{Media, Part};
use super::blocks;
use super::options::own_type;
use super::string;
use crate::chat::RequestFault;
use crate::chat::request::check::{self, Checked, Path};
use crate::json::Cursor;

const IMAGE_KINDS: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];
const IMAGE_SOURCES: &[&str] = &["base64", "url"];
const DOCUMENT_SOURCES: &[&str] = &["base64", "url", "text", "content"];
const FOREIGN: &str =
    "files kept at the provider belong to its account holder: send the data itself, or a URL";

/// What a source holds; its type may come last.
#[derive(Default)]
struct Found {
    kind: Option<&'static str>,
    media_type: Option<String>,
    data: Option<String>,
    url: Option<String>,
    content: Option<Vec<Part>>,
}

/// Reads the source of an image.
pub(super) fn image(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Media> {
    let found = find(cursor, at, IMAGE_SOURCES)?;
    let kind = required(found.kind, at, "type")?;
    if kind == "url" {
        return required(found.url, at, "url").map(Media::Url);
    }
    let media_type = required(found.media_type, at, "media_type")?;
    if !IMAGE_KINDS.contains(&media_type.as_str()) {
        return Err(RequestFault::value(
            &at.field("media_type"),
            &format!("one of '{}'", IMAGE_KINDS.join("', '")),
        ));
    }
    let data = required(found.data, at, "data")?;
    Ok(Media::Inline {
        kind: media_type,
        data,
    })
}

/// What a document is: one medium, or parts of its own.
pub(super) enum Document {
    One(Media),
    Parts(Vec<Part>),
}

/// Reads the source of a document.
pub(super) fn document(cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked<Document> {
    let found = find(cursor, at, DOCUMENT_SOURCES)?;
    let kind = required(found.kind, at, "type")?;
    let media = match kind {
        "url" => Media::Url(required(found.url, at, "url")?),
        "text" => Media::Text(required(found.data, at, "data")?),
        "content" => return required(found.content, at, "content").map(Document::Parts),
        _ => {
            let media_type = required(found.media_type, at, "media_type")?;
            if media_type != "application/pdf" {
                return Err(RequestFault::value(
                    &at.field("media_type"),
                    "'application/pdf'",
                ));
            }
            Media::Inline {
                kind: media_type,
                data: required(found.data, at, "data")?,
            }
        }
    };
    Ok(Document::One(media))
}

fn find(cursor: &mut Cursor<'_>, at: &Path<'_>, kinds: &[&'static str]) -> Checked<Found> {
    let mut found = Found::default();
    let known = &["type", "media_type", "data", "url", "content"];
    check::members(cursor, at, known, |cursor, name, at| {
        match name {
            "type" => found.kind = Some(own_type(cursor, at, kinds, FOREIGN)?),
            "media_type" => found.media_type = Some(string(cursor, at)?),
            "data" => found.data = Some(string(cursor, at)?),
            "url" => found.url = Some(string(cursor, at)?),
            _ => found.content = Some(blocks::inner(cursor, at)?),
        }
        Ok(())
    })?;
    Ok(found)
}

fn required<T>(value: Option<T>, at: &Path<'_>, name: &str) -> Checked<T> {
    value.ok_or_else(|| RequestFault::missing(&at.field(name)))
}
