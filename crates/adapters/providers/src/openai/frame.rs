//! The few edits of a payload that need more than its id replaced.

use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of a JSON object in their order, values unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect).map(Members)
    }
}

/// What the customer sees of a content frame that also tells usage: ours comes later,
/// in a frame of its own.
pub(super) fn without_usage(payload: &[u8], wants_usage: bool) -> Option<Vec<u8>> {
    edit(payload, |name| match name {
        "usage" if wants_usage => Change::Set("null"),
        "usage" => Change::Drop,
        _ => Change::Keep,
    })
}

/// The usage of a content frame as a usage frame: no choices.
pub(super) fn usage_alone(payload: &[u8]) -> Option<Vec<u8>> {
    edit(payload, |name| match name {
        "choices" => Change::Set("[]"),
        _ => Change::Keep,
    })
}

const CALLED_TOOLS: &str =
    r#"[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]"#;
const STOPPED: &str = r#"[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]"#;

/// The chunk that ends an answer whose provider does not say why, after one of its others.
pub(super) fn ended(payload: &[u8], calls_tools: bool, wants_usage: bool) -> Option<Vec<u8>> {
    edit(payload, |name| match name {
        "choices" if calls_tools => Change::Set(CALLED_TOOLS),
        "choices" => Change::Set(STOPPED),
        "usage" if wants_usage => Change::Set("null"),
        "usage" => Change::Drop,
        _ => Change::Keep,
    })
}

/// Whether a choice has a finish reason that says nothing.
pub(super) fn has_empty_reason(payload: &[u8]) -> bool {
    let text = core::str::from_utf8(payload).unwrap_or_default();
    end_of(text, FINISH_REASON, &[":", "\"\""]).is_some()
}

/// Whether a tool is called in a chunk or an answer.
pub(super) fn calls_tools(payload: &[u8]) -> bool {
    let text = core::str::from_utf8(payload).unwrap_or_default();
    end_of(text, "\"tool_calls\"", &[":", "[", "{"]).is_some()
}

enum Change {
    Keep,
    Drop,
    Set(&'static str),
}

fn edit(payload: &[u8], change: impl Fn(&str) -> Change) -> Option<Vec<u8>> {
    let Members(members) = serde_json::from_slice(payload).ok()?;
    let mut out = Vec::with_capacity(payload.len());
    for (name, value) in &members {
        let value = match change(name) {
            Change::Keep => value.get(),
            Change::Drop => continue,
            Change::Set(value) => value,
        };
        out.push(if out.is_empty() { b'{' } else { b',' });
        serde_json::to_writer(&mut out, name).ok()?;
        out.push(b':');
        out.extend_from_slice(value.as_bytes());
    }
    if out.is_empty() {
        out.push(b'{');
    }
    out.push(b'}');
    Some(out)
}

const FINISH_REASON: &str = "\"finish_reason\"";

/// A chunk whose choice has a finish reason, null while it goes on; `None` if nothing
/// is to be changed. Quotes inside strings are escaped, so only true keys are found.
pub(super) fn with_open_end(payload: &[u8]) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(payload).ok()?;
    if text.contains(FINISH_REASON) {
        return replace_empty_reasons(text, "null");
    }
    let inside = end_of(text, "\"choices\"", &[":", "[", "{"])?;
    let (before, after) = text.split_at_checked(inside)?;
    let is_last = after.trim_ascii_start().starts_with('}');
    let separator = if is_last { "" } else { "," };
    Some(
        [before, FINISH_REASON, ":null", separator, after]
            .concat()
            .into_bytes(),
    )
}

/// A whole answer whose finish reasons are not empty; `None` if nothing is to be
/// changed.
pub(super) fn with_finish_reason(body: &[u8]) -> Option<Vec<u8>> {
    let text = core::str::from_utf8(body).ok()?;
    replace_empty_reasons(
        text,
        if calls_tools(body) {
            "\"tool_calls\""
        } else {
            "\"stop\""
        },
    )
}

fn replace_empty_reasons(text: &str, reason: &str) -> Option<Vec<u8>> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(end) = end_of(rest, FINISH_REASON, &[":", "\"\""]) {
        let (before, after) = rest.split_at_checked(end)?;
        out.push_str(before.strip_suffix("\"\"")?);
        out.push_str(reason);
        rest = after;
    }
    if out.is_empty() {
        return None;
    }
    out.push_str(rest);
    Some(out.into_bytes())
}

/// Where the first `key` that these tokens follow is over, tokens included.
fn end_of(text: &str, key: &str, tokens: &[&str]) -> Option<usize> {
    text.match_indices(key).find_map(|(at, _)| {
        let mut rest = text.get(at.checked_add(key.len())?..)?;
        for token in tokens {
            rest = rest.trim_ascii_start().strip_prefix(token)?;
        }
        text.len().checked_sub(rest.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(edited: Option<Vec<u8>>) -> Option<String> {
        edited.map(|bytes| String::from_utf8(bytes).expect("text"))
    }

    #[test]
    fn usage_moves_out_of_a_content_frame() {
        let payload = br#"{ "id":"a","choices":[{"index":0,"delta":{}}], "usage":{"cost":1e-3} }"#;
        assert_eq!(
            text(without_usage(payload, false)).as_deref(),
            Some(r#"{"id":"a","choices":[{"index":0,"delta":{}}]}"#)
        );
        assert_eq!(
            text(without_usage(payload, true)).as_deref(),
            Some(r#"{"id":"a","choices":[{"index":0,"delta":{}}],"usage":null}"#)
        );
        assert_eq!(
            text(usage_alone(payload)).as_deref(),
            Some(r#"{"id":"a","choices":[],"usage":{"cost":1e-3}}"#)
        );
        assert_eq!(without_usage(b"[]", true), None);
        assert_eq!(
            text(without_usage(br#"{"usage":1}"#, false)).as_deref(),
            Some("{}")
        );
    }

    #[test]
    fn missing_and_empty_finish_reasons_are_filled_in() {
        for (payload, expected) in [
            (
                r#"{"choices":[{"index":0,"delta":{"content":"\"choices\":[{"}}]}"#,
                Some(
                    r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"\"choices\":[{"}}]}"#,
                ),
            ),
            (
                r#"{"choices":[{}]}"#,
                Some(r#"{"choices":[{"finish_reason":null}]}"#),
            ),
            (
                r#"{"choices":[{"delta":{},"finish_reason":""}]}"#,
                Some(r#"{"choices":[{"delta":{},"finish_reason":null}]}"#),
            ),
            (r#"{"choices":[{"finish_reason":"stop"}]}"#, None),
            (r#"{"choices":[]}"#, None),
            (
                r#"{ "choices" : [ { "index": 0 } ] }"#,
                Some(r#"{ "choices" : [ {"finish_reason":null, "index": 0 } ] }"#),
            ),
            (
                r#"{"choices":[{"finish_reason": ""},{"finish_reason":"stop"},{"finish_reason":""}]}"#,
                Some(
                    r#"{"choices":[{"finish_reason": null},{"finish_reason":"stop"},{"finish_reason":null}]}"#,
                ),
            ),
        ] {
            assert_eq!(text(with_open_end(payload.as_bytes())).as_deref(), expected);
        }
        assert_eq!(
            text(with_finish_reason(
                br#"{"choices":[{"message":{"tool_calls":[{}]},"finish_reason":""}]}"#
            ))
            .as_deref(),
            Some(r#"{"choices":[{"message":{"tool_calls":[{}]},"finish_reason":"tool_calls"}]}"#)
        );
        assert_eq!(with_finish_reason(br#"{"finish_reason":"length"}"#), None);
    }
}
