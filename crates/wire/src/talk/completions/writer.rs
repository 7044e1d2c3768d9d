//! Events become `text_completion` objects, in a stream or whole.

use crate::json::push_string;
use crate::talk::chat::{Counts, push_head, push_number};
use crate::talk::{Answer, Choice, Event, Finish, Head, Item, Usage, Writer};

const OBJECT: &str = "text_completion";

/// More answers than this are not told apart.
const MOST_CHOICES: u32 = 128;

/// Writes legacy completions. Thoughts and calls have no place in them.
#[derive(Debug)]
pub struct CompletionWriter {
    head: Head,
    wants_usage: bool,
    /// A frame up to its text.
    prefix: Vec<u8>,
    /// Which answers are over.
    over: Vec<bool>,
}

impl CompletionWriter {
    /// A writer for one answer.
    pub fn new(head: Head, wants_usage: bool) -> Self {
        let mut prefix = b"data: ".to_vec();
        push_head(&head, OBJECT, &mut prefix);
        prefix.extend_from_slice(b"\"choices\":[{\"text\":");
        Self {
            head,
            wants_usage,
            prefix,
            over: Vec::new(),
        }
    }

    /// Whether that answer is over; it counts as begun from now on.
    fn over(&mut self, choice: u32) -> &mut bool {
        let index = usize::try_from(choice.min(MOST_CHOICES)).unwrap_or(0);
        if self.over.len() <= index {
            self.over.resize(index + 1, false);
        }
        &mut self.over[index]
    }

    fn frame(&mut self, choice: u32, text: &str, finish: Option<&Finish>, out: &mut Vec<u8>) {
        *self.over(choice) |= finish.is_some();
        out.extend_from_slice(&self.prefix);
        push_rest(choice.min(MOST_CHOICES), text, finish, out);
        let end: &[u8] = if self.wants_usage {
            b"],\"usage\":null}\n\n"
        } else {
            b"]}\n\n"
        };
        out.extend_from_slice(end);
    }
}

impl Writer for CompletionWriter {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Text { choice, text } | Event::Refusal { choice, text } => {
                self.frame(*choice, text, None, out);
            }
            Event::Finish { choice, why } => {
                if !*self.over(*choice) {
                    self.frame(*choice, "", Some(why), out);
                }
            }
            Event::Thought { .. }
            | Event::Signature { .. }
            | Event::SealedThought { .. }
            | Event::Call { .. }
            | Event::Arguments { .. }
            | Event::Logprobs { .. } => {}
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        // Without any other there is still the first answer.
        self.over(0);
        for choice in (0..).take(self.over.len()) {
            if !*self.over(choice) {
                self.frame(choice, "", Some(&Finish::Length), out);
            }
        }
    }

    fn usage_frame(&mut self, usage: Option<&Usage>) -> Option<Vec<u8>> {
        let usage = usage.filter(|_| self.wants_usage)?;
        let mut frame = b"data: ".to_vec();
        push_head(&self.head, OBJECT, &mut frame);
        frame.extend_from_slice(b"\"choices\":[],\"usage\":");
        Counts(usage).push(&mut frame);
        frame.extend_from_slice(b"}\n\n");
        Some(frame)
    }

    fn whole(&mut self, answer: &Answer, usage: Option<&Usage>) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        push_head(&self.head, OBJECT, &mut out);
        out.extend_from_slice(b"\"choices\":[");
        for (number, choice) in (0_u32..).zip(&answer.choices) {
            if number > 0 {
                out.push(b',');
            }
            let why = choice.why.as_ref().unwrap_or(&Finish::Stop);
            out.extend_from_slice(b"{\"text\":");
            push_rest(number, &said(choice), Some(why), &mut out);
        }
        out.push(b']');
        if let Some(usage) = usage {
            out.extend_from_slice(b",\"usage\":");
            Counts(usage).push(&mut out);
        }
        out.push(b'}');
        out
    }
}

/// Writes a choice from the value of its text on.
fn push_rest(choice: u32, text: &str, finish: Option<&Finish>, out: &mut Vec<u8>) {
    push_string(text, out);
    out.extend_from_slice(b",\"index\":");
    push_number(u64::from(choice), out);
    out.extend_from_slice(b",\"logprobs\":null,\"finish_reason\":");
    out.extend_from_slice(match finish {
        None => b"null",
        Some(Finish::Length) => b"\"length\"",
        Some(Finish::Filtered) => b"\"content_filter\"",
        Some(Finish::Stop | Finish::StopSequence(_) | Finish::Calls) => b"\"stop\"",
    });
    out.push(b'}');
}

fn said(choice: &Choice) -> String {
    let mut said = String::new();
    for item in &choice.items {
        if let Item::Text(text) | Item::Refusal(text) = item {
            said.push_str(text);
        }
    }
    said
}

#[cfg(test)]
mod tests;
