//! Parts of a turn, as the provider wants them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::request::refusal;
use crate::chat::RequestFault;
use crate::talk::{Media, Part};

/// Where files that the provider keeps are found.
const FILES: &str = "https://generativelanguage.googleapis.com/";

/// A part; it has one of these and perhaps a signature.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Piece<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<File<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<Outcome<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    mime_type: Cow<'a, str>,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct File<'a> {
    file_uri: &'a str,
}

#[derive(Serialize)]
pub(super) struct Call<'a> {
    pub(super) name: &'a str,
    pub(super) args: Object<'a>,
}

#[derive(Serialize)]
pub(super) struct Outcome<'a> {
    pub(super) name: &'a str,
    pub(super) response: Object<'a>,
    /// The number of the call that it answers.
    #[serde(skip)]
    pub(super) call: usize,
}

/// An object: as it is, or around a text that is none.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Object<'a> {
    Empty {},
    Whole(&'a RawValue),
    Arguments { arguments: &'a str },
    Output { output: Cow<'a, str> },
    Error { error: Cow<'a, str> },
}

impl<'a> Piece<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Self {
            text: Some(text),
            ..Self::default()
        }
    }
}

/// A JSON text that is an object.
pub(super) fn object(text: &str) -> Option<&RawValue> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    raw.get().starts_with('{').then_some(raw)
}

/// A model that was cut off may have left half an object; it still has to come back.
pub(super) fn arguments_of(text: &str) -> Object<'_> {
    match object(text) {
        Some(whole) => Object::Whole(whole),
        None if text.trim().is_empty() || text.trim() == "null" => Object::Empty {},
        None => Object::Arguments { arguments: text },
    }
}

/// All that a tool said.
pub(super) fn said(parts: &[Part]) -> Cow<'_, str> {
    let mut texts = parts.iter().filter_map(|part| match part {
        Part::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let first = texts.next().unwrap_or_default();
    texts.fold(Cow::Borrowed(first), |mut said, text| {
        let joined = said.to_mut();
        joined.push('\n');
        joined.push_str(text);
        said
    })
}

/// Whether an address is that of a file which Google keeps, and reads itself.
pub fn is_uploaded(url: &str) -> bool {
    url.starts_with(FILES)
}

/// An image, sound or a document.
pub(super) fn media(part: &Part) -> Result<Piece<'_>, RequestFault> {
    let (media, param) = match part {
        Part::Audio { format, data } => {
            return Ok(Piece {
                inline_data: Some(Blob {
                    mime_type: Cow::Owned(format!("audio/{format}")),
                    data,
                }),
                ..Piece::default()
            });
        }
        Part::Image { media, .. } => (media, "messages.content.image_url.url"),
        Part::Document { media, .. } => (media, "messages.content.file"),
        _ => {
            return Err(refusal(
                "messages.content",
                "A tool's result can hold text, images and documents for this model.",
            ));
        }
    };
    match media {
        Media::Text(text) => Ok(Piece::text(text)),
        Media::Inline { kind, data } => Ok(Piece {
            inline_data: Some(Blob {
                mime_type: Cow::Borrowed(kind),
                data,
            }),
            ..Piece::default()
        }),
        Media::Url(url) if is_uploaded(url) => Ok(Piece {
            file_data: Some(File { file_uri: url }),
            ..Piece::default()
        }),
        Media::Url(_) => Err(refusal(
            param,
            "This model cannot fetch from an address: send the bytes as a data URL \
             (data:image/png;base64,…).",
        )),
    }
}
