//! Seals in the messages of a chat that passes through.

use std::cell::Cell;

use crate::json::{Cursor, Edit, JsonFault, Kind, edit_object};
use crate::talk::seal;

/// How thoughts look in JSON text that holds some.
const DETAILS: &[u8] = b"\"reasoning_details\"";

/// Whose thoughts are that bear no mark: what a provider of this very wire made of them
/// has never left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmarked {
    /// The provider's that is asked.
    Own,
    /// Another's: the one that is asked makes none.
    Foreign,
}

/// The messages of a chat without what other providers sealed; `None` where there is
/// nothing of the kind.
pub fn without_foreign_seals(messages: &str, unmarked: Unmarked) -> Option<String> {
    let drops_all = unmarked == Unmarked::Foreign
        && memchr::memmem::find(messages.as_bytes(), DETAILS).is_some();
    if !is_foreign(messages.as_bytes()) && !drops_all {
        return None;
    }
    let mut out = Vec::with_capacity(messages.len());
    let cleaned = each(messages.as_bytes(), &mut out, |message, out| {
        let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| match name {
            "reasoning_details" if drops_all => Edit::Drop,
            "reasoning_details" if is_foreign(value) => details(value, out),
            "tool_calls" if is_foreign(value) => calls(value, out),
            _ => Edit::Keep,
        };
        edit_object(message, out, decide, |_, _| {}).map(|()| true)
    });
    cleaned.ok().and_then(|()| String::from_utf8(out).ok())
}

fn is_foreign(json: &[u8]) -> bool {
    memchr::memmem::find(json, seal::IN_JSON).is_some()
}

/// Thoughts without those of others.
fn details(json: &[u8], out: &mut Vec<u8>) -> Edit {
    let (mark, kept) = (out.len(), Cell::new(false));
    let written = each(json, out, |detail, out| {
        let is_own = !is_foreign(detail);
        if is_own {
            kept.set(true);
            out.extend_from_slice(detail);
        }
        Ok(is_own)
    });
    if written.is_err() || !kept.get() {
        out.truncate(mark);
        return Edit::Drop;
    }
    Edit::Written
}

/// Calls without what another provider wants to see with them.
fn calls(json: &[u8], out: &mut Vec<u8>) -> Edit {
    let mark = out.len();
    let written = each(json, out, |call, out| {
        let decide = |name: &str, value: &[u8], _: &mut Vec<u8>| {
            if name == "extra_content" && is_foreign(value) {
                Edit::Drop
            } else {
                Edit::Keep
            }
        };
        edit_object(call, out, decide, |_, _| {}).map(|()| true)
    });
    if written.is_err() {
        out.truncate(mark);
        return Edit::Keep;
    }
    Edit::Written
}

/// Writes the items of an array that `write` says yes to.
fn each(
    json: &[u8],
    out: &mut Vec<u8>,
    mut write: impl FnMut(&[u8], &mut Vec<u8>) -> Result<bool, JsonFault>,
) -> Result<(), JsonFault> {
    let mut cursor = Cursor::new(json);
    cursor.open_array()?;
    out.push(b'[');
    let begin = out.len();
    while cursor.item()? {
        let is_object = cursor.kind() == Kind::Object;
        let item = cursor.skip()?;
        let mark = out.len();
        if mark > begin {
            out.push(b',');
        }
        if !is_object {
            out.extend_from_slice(item);
        } else if !write(item, out)? {
            out.truncate(mark);
        }
    }
    out.push(b']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_marks_is_left_alone() {
        for messages in [
            "[]",
            r#"[{"role":"user","content":"say vz:google:x"}]"#,
            r#"[{"role":"assistant","content":null,"reasoning_details":[{"type":"reasoning.encrypted","data":"abc"}]}]"#,
        ] {
            assert_eq!(
                without_foreign_seals(messages, Unmarked::Own),
                None,
                "{messages}"
            );
        }
    }

    #[test]
    fn marked_seals_are_left_out_and_nothing_else() {
        let own = r#"{"type":"reasoning.text","text":"b","signature":"own"}"#;
        let foreign = r#"{"type":"reasoning.text","text":"a","signature":"vz:anthropic:x"}"#;
        let call = |more: &str| {
            format!(
                r#"{{"id":"c","type":"function","function":{{"name":"f","arguments":"{{}}"}}{more}}}"#
            )
        };
        let sealed = call(r#","extra_content":{"google":{"thought_signature":"vz:google:x"}}"#);
        let unmarked = call(r#","extra_content":{"google":{"thought_signature":"own"}}"#);
        for (message, expected) in [
            (
                format!(
                    r#"{{"role":"assistant", "reasoning_details":[{foreign}, {own}],"content":"x"}}"#
                ),
                format!(r#"{{"role":"assistant", "reasoning_details":[{own}],"content":"x"}}"#),
            ),
            (
                format!(r#"{{"role":"assistant","reasoning_details":[{foreign}],"content":"x"}}"#),
                r#"{"role":"assistant","content":"x"}"#.to_owned(),
            ),
            (
                format!(r#"{{"role":"assistant","tool_calls":[{sealed},{unmarked}]}}"#),
                format!(
                    r#"{{"role":"assistant","tool_calls":[{},{unmarked}]}}"#,
                    call("")
                ),
            ),
            // What the customer says is the customer's.
            (
                r#"{"role":"user","content":["vz:a", "vz:google:x"]}"#.to_owned(),
                r#"{"role":"user","content":["vz:a", "vz:google:x"]}"#.to_owned(),
            ),
        ] {
            let user = r#"{"role":"user","content":"hi"}"#;
            let cleaned =
                without_foreign_seals(&format!("[{user}, {message}]"), Unmarked::Own).unwrap();
            assert_eq!(cleaned, format!("[{user},{expected}]"));
            serde_json::from_str::<serde_json::Value>(&cleaned).unwrap();
        }
    }

    #[test]
    fn who_seals_nothing_gets_no_thoughts_at_all() {
        let details =
            r#""reasoning_details":[{"type":"reasoning.encrypted","data":"abc","index":0}],"#;
        let said = |more: &str| format!(r#"[{{"role":"assistant",{more}"content":"x"}}]"#);
        assert_eq!(
            without_foreign_seals(&said(details), Unmarked::Foreign),
            Some(said(""))
        );
        let quoted = r#"[{"role":"user","content":"\"reasoning_details\":[]"}]"#;
        assert_eq!(without_foreign_seals(quoted, Unmarked::Foreign), None);
        let nested = r#"[{"role":"user","content":[{"reasoning_details":[]}]}]"#;
        assert_eq!(
            without_foreign_seals(nested, Unmarked::Foreign).as_deref(),
            Some(nested)
        );
    }

    #[test]
    fn nothing_panics_on_what_is_cut_off() {
        let whole = r#"[{"reasoning_details":["vz:",{"data":"vz:a:b"}],"tool_calls":[1,{"extra_content":{"x":"vz:"}}]}]"#;
        for end in 0..=whole.len() {
            for unmarked in [Unmarked::Own, Unmarked::Foreign] {
                let _any = without_foreign_seals(&whole[..end], unmarked);
            }
        }
    }
}
