//! A whole completion.

use super::pieces::{push_call, push_piece, push_tier};
use super::{CallForm, Counts, push_head, push_number};
use crate::json::push_string;
use crate::talk::{Answer, Choice, Finish, Head, Item, Usage};

pub(super) fn write(
    head: &Head,
    form: CallForm,
    answer: &Answer,
    usage: Option<&Usage>,
    tier: Option<&str>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    push_head(head, "chat.completion", &mut out);
    out.extend_from_slice(b"\"choices\":[");
    for (index, choice) in (0_u64..).zip(&answer.choices) {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(b"{\"index\":");
        push_number(index, &mut out);
        out.extend_from_slice(b",\"message\":");
        let said = Said::of(choice);
        said.push(form, &mut out);
        out.extend_from_slice(b",\"logprobs\":");
        out.extend_from_slice(choice.logprobs.as_deref().unwrap_or("null").as_bytes());
        out.extend_from_slice(b",\"finish_reason\":");
        let why = match &choice.why {
            Some(why) => why,
            None if said.calls.is_empty() => &Finish::Stop,
            None => &Finish::Calls,
        };
        push_string(form.reason(why), &mut out);
        out.push(b'}');
    }
    out.push(b']');
    if let Some(usage) = usage {
        out.extend_from_slice(b",\"usage\":");
        Counts(usage).push(&mut out);
    }
    push_tier(tier, &mut out);
    out.push(b'}');
    out
}

/// One answer by the members of its message.
#[derive(Default)]
struct Said<'a> {
    text: Option<String>,
    refusal: Option<String>,
    thoughts: Vec<&'a Item>,
    calls: Vec<&'a Item>,
}

impl<'a> Said<'a> {
    fn of(choice: &'a Choice) -> Self {
        let mut said = Self::default();
        for item in &choice.items {
            match item {
                Item::Text(text) => said.text.get_or_insert_default().push_str(text),
                Item::Refusal(text) => said.refusal.get_or_insert_default().push_str(text),
                Item::Thought { .. } | Item::SealedThought(_) => said.thoughts.push(item),
                Item::Call { .. } => said.calls.push(item),
            }
        }
        said
    }

    fn push(&self, form: CallForm, out: &mut Vec<u8>) {
        let stands_alone = self.calls.is_empty() && self.refusal.is_none();
        let content = self.text.as_deref().or(stands_alone.then_some(""));
        out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":");
        push_text(content, out);
        out.extend_from_slice(b",\"refusal\":");
        push_text(self.refusal.as_deref(), out);
        out.extend_from_slice(b",\"annotations\":[]");
        self.push_thoughts(out);
        match form {
            CallForm::Tools if !self.calls.is_empty() => {
                for (index, call) in self.calls.iter().enumerate() {
                    let begin: &[u8] = if index == 0 {
                        b",\"tool_calls\":[{"
                    } else {
                        b",{"
                    };
                    out.extend_from_slice(begin);
                    push_item(call, out);
                }
                out.push(b']');
            }
            CallForm::Function => self.push_function(out),
            CallForm::Tools => {}
        }
        out.push(b'}');
    }

    fn push_thoughts(&self, out: &mut Vec<u8>) {
        let mut shown = String::new();
        for item in &self.thoughts {
            if let Item::Thought { text, .. } = item {
                shown.push_str(text);
            }
        }
        if !shown.is_empty() {
            out.extend_from_slice(b",\"reasoning_content\":");
            push_string(&shown, out);
        }
        for (number, item) in (0_u32..).zip(&self.thoughts) {
            let begin: &[u8] = if number == 0 {
                b",\"reasoning_details\":["
            } else {
                b","
            };
            out.extend_from_slice(begin);
            match item {
                Item::Thought { text, signature } => {
                    let mut members = vec![("text", text.as_str())];
                    members.extend(signature.as_deref().map(|by| ("signature", by)));
                    push_piece("text", &members, number, out);
                }
                Item::SealedThought(data) => {
                    push_piece("encrypted", &[("data", data.as_str())], number, out);
                }
                Item::Text(_) | Item::Refusal(_) | Item::Call { .. } => {}
            }
        }
        if !self.thoughts.is_empty() {
            out.push(b']');
        }
    }

    /// The legacy member has room for the first call.
    fn push_function(&self, out: &mut Vec<u8>) {
        if let Some(Item::Call {
            name, arguments, ..
        }) = self.calls.first()
        {
            out.extend_from_slice(b",\"function_call\":{\"name\":");
            push_string(name, out);
            out.extend_from_slice(b",\"arguments\":");
            push_string(or_object(arguments), out);
            out.push(b'}');
        }
    }
}

fn push_item(item: &Item, out: &mut Vec<u8>) {
    if let Item::Call {
        id,
        name,
        arguments,
        seal,
        ..
    } = item
    {
        push_call(id, name, or_object(arguments), seal.as_deref(), out);
    }
}

/// A tool without arguments still gets an object.
fn or_object(arguments: &str) -> &str {
    if arguments.trim().is_empty() {
        "{}"
    } else {
        arguments
    }
}

fn push_text(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => push_string(text, out),
        None => out.extend_from_slice(b"null"),
    }
}
