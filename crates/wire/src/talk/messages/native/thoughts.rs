//! Thoughts in a body that passes through: the provider sees its own, and no others.
//!
//! A conversation that began with another provider holds thoughts that nobody signed, or
//! somebody else.

use std::cell::Cell;

use super::super::super::seal::{Maker, is_marked};
use crate::json::{Cursor, Edit, JsonFault, Kind, edit_object, push_string};

/// Messages without the thoughts of others.
#[derive(Debug)]
pub(super) struct Mended {
    /// The JSON array.
    pub(super) messages: Vec<u8>,
    /// Whether the last thing that the model said lost one.
    pub(super) is_lost: bool,
}

/// What becomes of a block.
enum Verdict<'a> {
    Keep,
    Drop,
    /// It is the provider's own, and has been in another dialect.
    Unmark(&'static str, &'a str),
}

/// What became of the blocks of a message.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    is_changed: bool,
    /// Whether a thought was left out.
    is_lost: bool,
}

/// The messages of a body as the provider may see them; `None` if they are fit as they are.
///
/// # Errors
/// The body is no JSON object.
pub(super) fn mend(body: &[u8]) -> Result<Option<Mended>, JsonFault> {
    // Most requests hold no thoughts at all.
    if memchr::memmem::find(body, b"thinking").is_none() {
        return Ok(None);
    }
    let mut cursor = Cursor::new(body);
    cursor.open_object()?;
    while let Some(key) = cursor.member()? {
        if key.decode().as_deref() == Some("messages") && cursor.kind() == Kind::Array {
            return messages(cursor.skip()?);
        }
        cursor.skip()?;
    }
    Ok(None)
}

fn messages(json: &[u8]) -> Result<Option<Mended>, JsonFault> {
    let mut mended = Mended {
        messages: vec![b'['],
        is_lost: false,
    };
    let mut is_changed = false;
    let mut cursor = Cursor::new(json);
    cursor.open_array()?;
    while cursor.item()? {
        let message = cursor.skip()?;
        let mark = mended.messages.len();
        if mark > 1 {
            mended.messages.push(b',');
        }
        let (outcome, kept) = (Cell::new(Outcome::default()), Cell::new(true));
        let begin = mended.messages.len();
        let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| {
            if name != "content" || Cursor::new(value).kind() != Kind::Array {
                return Edit::Keep;
            }
            let mark = out.len();
            match content(value, out) {
                Ok(changed) => {
                    outcome.set(changed);
                    kept.set(out.get(mark..) != Some(b"[]".as_slice()));
                    Edit::Written
                }
                Err(_unreadable) => {
                    out.truncate(mark);
                    Edit::Keep
                }
            }
        };
        edit_object(message, &mut mended.messages, decide, |_, _| {})?;
        let is_model = memchr::memmem::find(message, b"\"assistant\"").is_some();
        let outcome = outcome.get();
        if outcome.is_changed {
            is_changed = true;
            // A message of which nothing is left was not said.
            if !kept.get() {
                mended.messages.truncate(mark);
            }
        } else {
            mended.messages.truncate(begin);
            mended.messages.extend_from_slice(message);
        }
        if is_model {
            mended.is_lost = outcome.is_lost;
        }
    }
    mended.messages.push(b']');
    Ok(is_changed.then_some(mended))
}

/// Writes blocks, and tells what became of them.
fn content(blocks: &[u8], out: &mut Vec<u8>) -> Result<Outcome, JsonFault> {
    let mut outcome = Outcome::default();
    let mut cursor = Cursor::new(blocks);
    cursor.open_array()?;
    out.push(b'[');
    let begin = out.len();
    while cursor.item()? {
        let block = cursor.skip()?;
        let facts = Facts::read(block)?;
        let verdict = facts.verdict();
        outcome.is_changed |= !matches!(verdict, Verdict::Keep);
        if matches!(verdict, Verdict::Drop) {
            outcome.is_lost = true;
            continue;
        }
        if out.len() > begin {
            out.push(b',');
        }
        match verdict {
            Verdict::Unmark(member, own) => {
                let decide = |name: &str, _: &[u8], out: &mut Vec<u8>| {
                    if name != member {
                        return Edit::Keep;
                    }
                    push_string(own, out);
                    Edit::Written
                };
                edit_object(block, out, decide, |_, _| {})?;
            }
            _ => out.extend_from_slice(block),
        }
    }
    out.push(b']');
    Ok(outcome)
}

/// What a block says of itself.
#[derive(Default)]
struct Facts {
    kind: Option<String>,
    signature: Option<String>,
    data: Option<String>,
}

impl Facts {
    fn read(block: &[u8]) -> Result<Self, JsonFault> {
        let mut facts = Self::default();
        let mut cursor = Cursor::new(block);
        if memchr::memmem::find(block, b"thinking").is_none() || cursor.kind() != Kind::Object {
            return Ok(facts);
        }
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            if cursor.kind() != Kind::String {
                cursor.skip()?;
                continue;
            }
            let place = match key.raw() {
                b"type" => &mut facts.kind,
                b"signature" => &mut facts.signature,
                b"data" => &mut facts.data,
                _ => {
                    cursor.skip()?;
                    continue;
                }
            };
            *place = cursor.string()?.decode().map(std::borrow::Cow::into_owned);
        }
        Ok(facts)
    }

    fn verdict(&self) -> Verdict<'_> {
        let (member, seal) = match self.kind.as_deref() {
            Some("thinking") => ("signature", self.signature.as_deref()),
            Some("redacted_thinking") => ("data", self.data.as_deref()),
            _ => return Verdict::Keep,
        };
        match seal {
            None | Some("") => Verdict::Drop,
            Some(seal) if !is_marked(seal) => Verdict::Keep,
            Some(seal) => match Maker::Anthropic.own(seal) {
                Some(own) => Verdict::Unmark(member, own),
                None => Verdict::Drop,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(body: &str) -> Option<(String, bool)> {
        let mended = mend(body.as_bytes()).unwrap()?;
        Some((String::from_utf8(mended.messages).unwrap(), mended.is_lost))
    }

    fn body(content: &str) -> String {
        format!(
            r#"{{"model":"m","thinking":{{"type":"enabled"}},"messages": [{{"role":"user","content":"thinking"}}, {{"role":"assistant","content":{content}}} ,{{"role":"user","content":[{{"type":"text","text":"go on"}}]}}]}}"#
        )
    }

    fn with(content: &str) -> String {
        format!(
            r#"[{{"role":"user","content":"thinking"}},{{"role":"assistant","content":{content}}},{{"role":"user","content":[{{"type":"text","text":"go on"}}]}}]"#
        )
    }

    #[test]
    fn a_body_of_its_own_is_left_alone() {
        for content in [
            r#""I was thinking""#,
            r#"[{"type":"text","text":"thinking"}]"#,
            r#"[{"type":"thinking","thinking":"a","signature":"ErUB"},{"type":"tool_use","id":"t","name":"f","input":{}}]"#,
            r#"[{"type":"redacted_thinking","data":"x"}]"#,
            r#"[{"type":"tool_use","id":"t","name":"thinking","input":{"signature":""}}]"#,
        ] {
            assert_eq!(mended(&body(content)), None, "{content}");
        }
        assert_eq!(mended(r#"{"messages":[]}"#), None);
        assert_eq!(mended(r#"{"thinking":{},"messages":"x"}"#), None);
        assert!(mend(b"[\"thinking\"]").is_err());
    }

    #[test]
    fn thoughts_of_others_are_left_out_and_its_own_are_unwrapped() {
        let call = r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#;
        for (thought, kept) in [
            (r#"{"type":"thinking","thinking":"a","signature":""}"#, None),
            (r#"{"type":"thinking","thinking":"a"}"#, None),
            (
                r#"{"type":"thinking","thinking":"a","signature":"vz:google:Cg=="}"#,
                None,
            ),
            (
                r#"{"type":"redacted_thinking","data":"vz:openrouter:x"}"#,
                None,
            ),
            (
                r#"{"signature":"vz:anthropic:Er\"UB","type":"thinking","thinking":"a"}"#,
                Some(r#"{"signature":"Er\"UB","type":"thinking","thinking":"a"}"#),
            ),
            (
                r#"{"type":"redacted_thinking","data":"vz:anthropic:x"}"#,
                Some(r#"{"type":"redacted_thinking","data":"x"}"#),
            ),
        ] {
            let expected = match kept {
                Some(kept) => with(&format!("[{kept},{call}]")),
                None => with(&format!("[{call}]")),
            };
            let (messages, _) = mended(&body(&format!("[{thought}, {call}]"))).unwrap();
            assert_eq!(messages, expected, "{thought}");
            serde_json::from_str::<serde_json::Value>(&messages).unwrap();
        }
    }

    #[test]
    fn a_message_of_which_nothing_is_left_was_not_said() {
        let alone = body(r#"[{"type":"thinking","thinking":"a","signature":""}]"#);
        let expected = r#"[{"role":"user","content":"thinking"},{"role":"user","content":[{"type":"text","text":"go on"}]}]"#;
        assert_eq!(mended(&alone), Some((expected.to_owned(), true)));
    }

    #[test]
    fn nothing_panics_on_what_is_cut_off() {
        let whole = body(
            r#"[{"type":"thinking","thinking":"a","signature":"vz:anthropic:x"},{"type":"text","text":"\u00e4"}]"#,
        );
        for end in 0..=whole.len() {
            let _any = mend(whole.as_bytes().get(..end).unwrap_or_default());
        }
    }
}
