//! The conversation: consecutive turns of one speaker are one message, which begins
//! with the results of tools.

use super::super::super::{Format, Part, Role, Talk, Turn};
use super::blocks::{own, push_parts, push_text};
use super::refusal;
use crate::chat::RequestFault;
use crate::json::push_member;

/// A message under way.
struct Message<'a> {
    role: Role,
    parts: Vec<&'a Part>,
}

/// Writes `system`: what leads the conversation, and the form of the answer where only
/// words can ask for it.
pub(super) fn push_system(talk: &Talk, out: &mut Vec<u8>) {
    let mut blocks = vec![b'['];
    for part in &talk.system {
        if let Part::Text { text, cache } = part
            && !text.is_empty()
        {
            if blocks.len() > 1 {
                blocks.push(b',');
            }
            push_text(text, *cache, &mut blocks);
        }
    }
    let form = match &talk.format {
        Format::JsonObject | Format::JsonSchema { schema: None, .. } => Some(
            "Answer with one JSON object and nothing else: no prose before or after it, and no code fence.",
        ),
        Format::JsonSchema { .. } | Format::Text => None,
    };
    if let Some(form) = form {
        if blocks.len() > 1 {
            blocks.push(b',');
        }
        push_text(form, None, &mut blocks);
    }
    blocks.push(b']');
    if blocks != b"[]" {
        push_member(true, "system", &blocks, out);
    }
}

/// Writes `messages`.
pub(super) fn push_messages(talk: &Talk, out: &mut Vec<u8>) -> Result<(), RequestFault> {
    let messages = merged(&talk.turns);
    if !messages.iter().any(|message| message.role == Role::User) {
        return Err(RequestFault {
            message: "This model needs a message of the user's: add one to 'messages'.".to_owned(),
            param: Some("messages".to_owned()),
            code: Some("invalid_value"),
        });
    }
    let mut written = vec![b'['];
    // A conversation begins with the user; a greeting of the model's is an answer to
    // something that the wire wants to see.
    if messages
        .first()
        .is_some_and(|first| first.role == Role::Assistant)
    {
        written.extend_from_slice(br#"{"role":"user","content":"."}"#);
    }
    let last = messages.len().saturating_sub(1);
    for (index, spoken) in messages.into_iter().enumerate() {
        let content = content(&spoken, index == last)?;
        if content == b"[]" {
            continue;
        }
        if written.len() > 1 {
            written.push(b',');
        }
        let role: &[u8] = match spoken.role {
            Role::Assistant => br#"{"role":"assistant""#,
            Role::User | Role::System => br#"{"role":"user""#,
        };
        written.extend_from_slice(role);
        push_member(true, "content", &content, &mut written);
        written.push(b'}');
    }
    if written == b"[" {
        return Err(refusal("messages", "'messages' holds no text.".to_owned()));
    }
    written.push(b']');
    push_member(true, "messages", &written, out);
    Ok(())
}

/// Turns as messages. Instructions in the middle are said by the user, where they stand.
fn merged(turns: &[Turn]) -> Vec<Message<'_>> {
    let mut messages: Vec<Message<'_>> = Vec::with_capacity(turns.len());
    for turn in turns {
        let role = match turn.role {
            Role::Assistant => Role::Assistant,
            Role::User | Role::System => Role::User,
        };
        // What cannot be said must not part two turns that belong together.
        let parts = turn.parts.iter().filter(|part| can_be_said(part));
        match messages.last_mut() {
            Some(last) if last.role == role => last.parts.extend(parts),
            _ => {
                let parts: Vec<&Part> = parts.collect();
                if !parts.is_empty() {
                    messages.push(Message { role, parts });
                }
            }
        }
    }
    messages
}

fn can_be_said(part: &Part) -> bool {
    match part {
        Part::Text { text, .. } | Part::Refusal { text } => !text.is_empty(),
        Part::Thought { signature, .. } => signature.as_deref().and_then(own).is_some(),
        Part::SealedThought { data } => own(data).is_some(),
        _ => true,
    }
}

fn content(message: &Message<'_>, is_last: bool) -> Result<Vec<u8>, RequestFault> {
    let is_result = |part: &&Part| matches!(part, Part::Result { .. });
    let results = message.parts.iter().copied().filter(is_result);
    let others = message
        .parts
        .iter()
        .copied()
        .filter(|part| !is_result(part));
    let mut parts: Vec<&Part> = results.chain(others).collect();
    // What the model is to go on with must not end in a blank.
    let trimmed = match parts.last() {
        Some(Part::Text { text, cache }) if is_last && message.role == Role::Assistant => {
            Some(Part::Text {
                text: text.trim_end().to_owned(),
                cache: *cache,
            })
        }
        _ => None,
    };
    if let Some(trimmed) = &trimmed {
        parts.pop();
        parts.push(trimmed);
    }
    push_parts(parts)
}
