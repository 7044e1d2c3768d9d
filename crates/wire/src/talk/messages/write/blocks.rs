//! Parts of a turn as blocks.

use super::super::super::seal::Maker;
use super::super::super::{CacheLife, Media, Part};
use super::{next_text_member, refusal, text_member};
use crate::chat::RequestFault;
use crate::json::{Cursor, Kind, push_member};

/// Writes a part as a block. `false` where nothing of it can be said in this wire, such
/// as an empty text or a thought that nobody signed.
pub(super) fn push_part(part: &Part, out: &mut Vec<u8>) -> Result<bool, RequestFault> {
    match part {
        Part::Text { text, .. } | Part::Refusal { text } if text.is_empty() => return Ok(false),
        Part::Text { text, cache } => push_text(text, *cache, out),
        Part::Refusal { text } => push_text(text, None, out),
        Part::Image { media, cache, .. } => {
            begin("image", out);
            push_member(true, "source", &image(media)?, out);
            push_cache(*cache, out);
            out.push(b'}');
        }
        Part::Document { media, name, cache } => {
            begin("document", out);
            push_member(true, "source", &document(media)?, out);
            if let Some(name) = name {
                next_text_member("title", name, out);
            }
            push_cache(*cache, out);
            out.push(b'}');
        }
        Part::Audio { .. } => {
            return Err(refusal(
                "messages",
                "This model does not take audio: send text, images or PDF documents.".to_owned(),
            ));
        }
        Part::Call {
            id,
            name,
            arguments,
            cache,
            ..
        } => push_call(id, name, arguments, *cache, out)?,
        Part::Result {
            id,
            parts,
            is_error,
            cache,
        } => {
            begin("tool_result", out);
            next_text_member("tool_use_id", &super::super::tool_id(id), out);
            let content = push_parts(parts)?;
            if content != b"[]" {
                push_member(true, "content", &content, out);
            }
            if *is_error {
                push_member(true, "is_error", b"true", out);
            }
            push_cache(*cache, out);
            out.push(b'}');
        }
        Part::Thought { text, signature } => {
            // The provider would not know a thought for its own that it did not sign.
            let Some(signature) = signature.as_deref().and_then(own) else {
                return Ok(false);
            };
            begin("thinking", out);
            next_text_member("thinking", text, out);
            next_text_member("signature", signature, out);
            out.push(b'}');
        }
        Part::SealedThought { data } => {
            let Some(data) = own(data) else {
                return Ok(false);
            };
            begin("redacted_thinking", out);
            next_text_member("data", data, out);
            out.push(b'}');
        }
    }
    Ok(true)
}

/// What the provider sealed itself.
pub(super) fn own(seal: &str) -> Option<&str> {
    Maker::Anthropic.own(seal)
}

/// Writes parts as an array of blocks.
pub(super) fn push_parts<'p>(
    parts: impl IntoIterator<Item = &'p Part>,
) -> Result<Vec<u8>, RequestFault> {
    let mut out = vec![b'['];
    for part in parts {
        let mark = out.len();
        if mark > 1 {
            out.push(b',');
        }
        if !push_part(part, &mut out)? {
            out.truncate(mark);
        }
    }
    out.push(b']');
    Ok(out)
}

/// Writes a breakpoint as a further member.
pub(super) fn push_cache(cache: Option<CacheLife>, out: &mut Vec<u8>) {
    let value: &[u8] = match cache {
        None => return,
        Some(CacheLife::Short) => br#"{"type":"ephemeral"}"#,
        Some(CacheLife::Long) => br#"{"type":"ephemeral","ttl":"1h"}"#,
    };
    push_member(true, "cache_control", value, out);
}

pub(super) fn push_text(text: &str, cache: Option<CacheLife>, out: &mut Vec<u8>) {
    begin("text", out);
    next_text_member("text", text, out);
    push_cache(cache, out);
    out.push(b'}');
}

fn begin(kind: &str, out: &mut Vec<u8>) {
    out.push(b'{');
    text_member("type", kind, out);
}

/// A call; its arguments have to be an object.
fn push_call(
    id: &str,
    name: &str,
    arguments: &str,
    cache: Option<CacheLife>,
    out: &mut Vec<u8>,
) -> Result<(), RequestFault> {
    let arguments = match arguments.trim() {
        "" => "{}",
        arguments => arguments,
    };
    let mut cursor = Cursor::new(arguments.as_bytes());
    let is_object = cursor.kind() == Kind::Object && cursor.skip().is_ok() && cursor.end().is_ok();
    if !is_object {
        return Err(RequestFault {
            message: format!("The arguments of the call of '{name}' are not a JSON object."),
            param: Some("messages".to_owned()),
            code: Some("invalid_value"),
        });
    }
    begin("tool_use", out);
    next_text_member("id", &super::super::tool_id(id), out);
    next_text_member("name", name, out);
    push_member(true, "input", arguments.as_bytes(), out);
    push_cache(cache, out);
    out.push(b'}');
    Ok(())
}

fn image(media: &Media) -> Result<Vec<u8>, RequestFault> {
    match media {
        Media::Inline { kind, data } => {
            let known = ["image/jpeg", "image/png", "image/gif", "image/webp"];
            let kind = if kind == "image/jpg" {
                "image/jpeg"
            } else {
                kind
            };
            if !known.contains(&kind) {
                return Err(refusal(
                    "messages",
                    format!("This model takes images of type {}.", known.join(", ")),
                ));
            }
            Ok(base64(kind, data))
        }
        Media::Url(url) => Ok(at(url)),
        Media::Text(_) => Err(refusal("messages", "A text is no image.".to_owned())),
    }
}

fn document(media: &Media) -> Result<Vec<u8>, RequestFault> {
    match media {
        Media::Inline { kind, data } if kind == "application/pdf" => Ok(base64(kind, data)),
        Media::Inline { kind, .. } => Err(refusal(
            "messages",
            format!("This model takes files of type application/pdf, not {kind}."),
        )),
        Media::Url(url) => Ok(at(url)),
        Media::Text(text) => {
            let mut out = br#"{"type":"text","media_type":"text/plain","#.to_vec();
            text_member("data", text, &mut out);
            out.push(b'}');
            Ok(out)
        }
    }
}

fn base64(kind: &str, data: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 64);
    begin("base64", &mut out);
    next_text_member("media_type", kind, &mut out);
    next_text_member("data", data, &mut out);
    out.push(b'}');
    out
}

fn at(url: &str) -> Vec<u8> {
    let mut out = Vec::new();
    begin("url", &mut out);
    next_text_member("url", url, &mut out);
    out.push(b'}');
    out
}
