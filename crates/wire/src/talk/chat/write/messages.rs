//! The conversation as messages.

use std::borrow::Cow;

use super::Style;
use super::shapes::{
    CacheControl, Call, Content, Detail, Extra, File, Function, Google, ImageUrl, InputAudio,
    Message, PartOut,
};
use crate::chat::RequestFault;
use crate::talk::chat::unsupported;
use crate::talk::seal::Maker;
use crate::talk::{Media, Part, Role, Talk, Turn};

pub(super) fn write(talk: &Talk, style: Style) -> Result<Vec<Message<'_>>, RequestFault> {
    let mut messages = Vec::with_capacity(talk.turns.len() + 1);
    for part in &talk.system {
        messages.push(spoken("system", vec![said(part, "system", style)?]));
    }
    for turn in &talk.turns {
        match turn.role {
            Role::User => user(turn, style, &mut messages)?,
            Role::Assistant => messages.push(assistant(turn, style)?),
            Role::System => {
                let parts = turn.parts.iter().map(|part| said(part, "system", style));
                messages.push(spoken("system", parts.collect::<Result<_, _>>()?));
            }
        }
    }
    Ok(messages)
}

/// A message of parts; one plain text is written as such, which every provider takes.
fn spoken<'a>(role: &'static str, parts: Vec<PartOut<'a>>) -> Message<'a> {
    let content = match parts.as_slice() {
        [] => Content::Text("".into()),
        [
            PartOut::Text {
                text,
                cache_control: None,
            },
        ] => Content::Text(Cow::Borrowed(*text)),
        _ => Content::Parts(parts),
    };
    Message {
        role,
        content,
        ..Message::default()
    }
}

/// Results go first, since they answer the message before. Media in them is said by the
/// user after them, because a result is text in this wire.
fn user<'a>(
    turn: &'a Turn,
    style: Style,
    messages: &mut Vec<Message<'a>>,
) -> Result<(), RequestFault> {
    let (mut shown, mut own) = (Vec::new(), Vec::new());
    let mut has_results = false;
    for part in &turn.parts {
        let Part::Result { id, parts, .. } = part else {
            own.push(said(part, "user", style)?);
            continue;
        };
        has_results = true;
        let mut texts = Vec::new();
        for part in parts {
            match part {
                Part::Text { text, .. }
                | Part::Document {
                    media: Media::Text(text),
                    ..
                } => texts.push(text.as_str()),
                media => shown.push(said(media, "user", style)?),
            }
        }
        let content = match texts.as_slice() {
            [text] => Cow::Borrowed(*text),
            _ => Cow::Owned(texts.join("\n")),
        };
        messages.push(Message {
            role: "tool",
            tool_call_id: Some(id),
            content: Content::Text(content),
            ..Message::default()
        });
    }
    shown.append(&mut own);
    if !shown.is_empty() || !has_results {
        messages.push(spoken("user", shown));
    }
    Ok(())
}

/// A part of a system's or a user's message.
fn said<'a>(part: &'a Part, role: &str, style: Style) -> Result<PartOut<'a>, RequestFault> {
    let is_user = role == "user";
    match part {
        Part::Text { text, cache }
        | Part::Document {
            media: Media::Text(text),
            cache,
            ..
        } => Ok(PartOut::Text {
            text,
            cache_control: CacheControl::new(*cache, style),
        }),
        Part::Refusal { text } => Ok(PartOut::Text {
            text,
            cache_control: None,
        }),
        Part::Image {
            media,
            detail,
            cache,
        } if is_user => Ok(PartOut::ImageUrl {
            image_url: ImageUrl {
                url: address(media),
                detail: detail.as_deref(),
            },
            cache_control: CacheControl::new(*cache, style),
        }),
        Part::Audio { format, data } if is_user => Ok(PartOut::InputAudio {
            input_audio: InputAudio { data, format },
        }),
        Part::Document {
            media: media @ Media::Inline { .. },
            name,
            cache,
        } if is_user => Ok(PartOut::File {
            file: File {
                filename: name.as_deref().unwrap_or("document"),
                file_data: address(media).into_owned(),
            },
            cache_control: CacheControl::new(*cache, style),
        }),
        Part::Document {
            media: Media::Url(_),
            ..
        } => Err(unsupported(
            "document",
            "This model does not fetch documents: send the document itself.",
        )),
        Part::Image { .. } => Err(misplaced("image", role)),
        Part::Audio { .. } => Err(misplaced("audio", role)),
        Part::Document { .. } => Err(misplaced("document", role)),
        Part::Call { .. } => Err(misplaced("tool call", role)),
        Part::Result { .. } => Err(misplaced("tool result", role)),
        Part::Thought { .. } | Part::SealedThought { .. } => Err(misplaced("thinking", role)),
    }
}

fn misplaced(what: &str, role: &str) -> RequestFault {
    let why = format!("This model takes no {what} in a message of the role '{role}'.");
    unsupported(what.replace(' ', "_"), &why)
}

fn address(media: &Media) -> Cow<'_, str> {
    match media {
        Media::Inline { kind, data } => {
            Cow::Owned(["data:", kind.as_str(), ";base64,", data.as_str()].concat())
        }
        Media::Url(text) | Media::Text(text) => Cow::Borrowed(text),
    }
}

fn assistant(turn: &Turn, style: Style) -> Result<Message<'_>, RequestFault> {
    let mut message = Message {
        role: "assistant",
        ..Message::default()
    };
    let mut text: Option<Cow<'_, str>> = None;
    for part in &turn.parts {
        match part {
            Part::Text { text: more, .. } => match &mut text {
                None => text = Some(Cow::Borrowed(more)),
                Some(said) => said.to_mut().push_str(more),
            },
            Part::Refusal { text } => message
                .refusal
                .get_or_insert_with(String::new)
                .push_str(text),
            Part::Thought { .. } | Part::SealedThought { .. } => {
                if style.extended {
                    let index = message.reasoning_details.len();
                    message.reasoning_details.extend(detail(part, index));
                }
            }
            Part::Call {
                id,
                name,
                arguments,
                seal,
                ..
            } => message.tool_calls.push(Call {
                id,
                kind: "function",
                function: Function {
                    name,
                    arguments: if arguments.trim().is_empty() {
                        "{}"
                    } else {
                        arguments
                    },
                },
                extra_content: seal
                    .as_deref()
                    .filter(|_| style.extended)
                    .and_then(|seal| Maker::OpenRouter.own(seal))
                    .map(|seal| Extra {
                        google: Google {
                            thought_signature: seal,
                        },
                    }),
            }),
            Part::Image { .. } => return Err(misplaced("image", "assistant")),
            Part::Audio { .. } => return Err(misplaced("audio", "assistant")),
            Part::Document { .. } => return Err(misplaced("document", "assistant")),
            Part::Result { .. } => return Err(misplaced("tool result", "assistant")),
        }
    }
    let stands_alone = message.tool_calls.is_empty() && message.refusal.is_none();
    message.content = match text {
        Some(text) => Content::Text(text),
        None if stands_alone => Content::Text("".into()),
        None => Content::Nothing,
    };
    Ok(message)
}

fn detail(part: &Part, index: usize) -> Option<Detail<'_>> {
    let own = |seal| Maker::OpenRouter.own(seal);
    match part {
        Part::Thought { text, signature } => Some(Detail::Text {
            text,
            signature: signature.as_deref().and_then(own),
            index,
        }),
        Part::SealedThought { data } => Some(Detail::Encrypted {
            data: own(data)?,
            index,
        }),
        _ => None,
    }
}
