//! What providers with a narrower reading of the chat wire refuse is left out: `strict` on
//! tools, and names of speakers that are not users.

use crate::json::{Cursor, Edit, edit_items, edit_object};

/// The tools without `strict`; `None` if that cannot be said of them.
pub(super) fn tools(json: &str) -> Option<String> {
    each(json, |tool, out| {
        let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| match name {
            "function" => {
                let mark = out.len();
                if without(value, "strict", out) {
                    return Edit::Written;
                }
                out.truncate(mark);
                Edit::Keep
            }
            _ => Edit::Keep,
        };
        edit_object(tool, out, decide, |_, _| {}).is_ok()
    })
}

/// The messages without the names of those who are no users; a function's name, which
/// says whose answer it is, stays.
pub(super) fn messages(json: &str) -> Option<String> {
    each(json, |message, out| match speaker(message) {
        Some(Speaker::Nameless) => without(message, "name", out),
        Some(Speaker::Named) | None => false,
    })
}

enum Speaker {
    Named,
    Nameless,
}

fn speaker(message: &[u8]) -> Option<Speaker> {
    let mut cursor = Cursor::new(message);
    cursor.open_object().ok()?;
    while let Some(key) = cursor.member().ok()? {
        if !key.is("role") {
            cursor.skip().ok()?;
            continue;
        }
        let role = cursor.string().ok()?;
        let is_named = role.is("user") || role.is("function");
        return Some(if is_named {
            Speaker::Named
        } else {
            Speaker::Nameless
        });
    }
    None
}

/// Copies an object without one of its members; `false` if it is none.
fn without(object: &[u8], left_out: &str, out: &mut Vec<u8>) -> bool {
    let decide = |name: &str, _: &[u8], _: &mut Vec<u8>| {
        if name == left_out {
            Edit::Drop
        } else {
            Edit::Keep
        }
    };
    edit_object(object, out, decide, |_, _| {}).is_ok()
}

/// An array with every item as `edit` writes it, or as it is where that fails.
fn each(json: &str, edit: impl Fn(&[u8], &mut Vec<u8>) -> bool) -> Option<String> {
    let mut out = Vec::with_capacity(json.len());
    let item = |item: &[u8], out: &mut Vec<u8>| {
        let mark = out.len();
        if !edit(item, out) {
            out.truncate(mark);
            out.extend_from_slice(item);
        }
    };
    edit_items(json.as_bytes(), &mut out, item).ok()?;
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_lose_strict_and_nothing_else() {
        for (given, expected) in [
            (
                r#"[ {"type":"function", "function":{"name":"f","strict":true,"parameters":{"strict":1}}} , {"type":"function","function":{"strict":null, "name":"g"}}]"#,
                Some(
                    r#"[ {"type":"function", "function":{"name":"f","parameters":{"strict":1}}} , {"type":"function","function":{"name":"g"}}]"#,
                ),
            ),
            (
                r#"[{"function":{"strict":false}}]"#,
                Some(r#"[{"function":{}}]"#),
            ),
            (r#"[1,{"function":2}]"#, Some(r#"[1,{"function":2}]"#)),
            ("[]", Some("[]")),
            ("null", None),
        ] {
            assert_eq!(tools(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn only_users_and_functions_keep_their_names() {
        let given = r#"[{"role":"system","name":"s","content":"a"},{"name":"u","role":"user","content":"name"}, {"role":"assistant","name":"b","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","name":"f","content":"1"},{"role":"function","name":"f","content":"1"},{"content":"x","name":"n"},5]"#;
        let expected = r#"[{"role":"system","content":"a"},{"name":"u","role":"user","content":"name"}, {"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"1"},{"role":"function","name":"f","content":"1"},{"content":"x","name":"n"},5]"#;
        assert_eq!(messages(given).as_deref(), Some(expected));
    }
}
