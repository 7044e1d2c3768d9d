//! Events become chunks of a stream, or a whole completion.

mod counts;
mod pieces;
mod whole;

pub(in crate::talk) use counts::{Counts, push_number};
pub(in crate::talk) use pieces::push_head;
use pieces::{one_line, push_call, push_detail, push_tier};

use crate::json::push_string;
use crate::talk::{Answer, Event, Finish, Head, Usage, Writer, tier};

/// More answers than this are not told apart.
const MOST_CHOICES: u32 = 128;
const CHOICES: &[u8] = b"\"choices\":[{\"index\":";
const DELTA: &[u8] = b",\"delta\":{";

/// Writes chat completions. What every frame begins with is rendered once.
#[derive(Debug)]
pub struct ChunkWriter {
    head: Head,
    wants_usage: bool,
    form: CallForm,
    /// A frame up to its choices.
    prefix: Vec<u8>,
    /// A frame of the first choice up to the members of its delta.
    first: Vec<u8>,
    choices: Vec<Progress>,
    /// The class of service, where anybody says.
    tier: Option<&'static str>,
}

/// How calls of tools are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallForm {
    /// As `tool_calls`.
    Tools,
    /// As the `function_call` of customers that still offer `functions`.
    Function,
}

/// How far one of the answers has come.
#[derive(Debug, Default)]
struct Progress {
    has_begun: bool,
    is_over: bool,
    /// The number of the thought that is being told.
    thought: u32,
    /// Whether something of that thought has been told.
    in_thought: bool,
    /// Calls of whose arguments nothing has come.
    bare_calls: Vec<u32>,
}

impl ChunkWriter {
    /// A writer for one answer.
    pub fn new(head: Head, wants_usage: bool) -> Self {
        let mut prefix = b"data: ".to_vec();
        push_head(&head, "chat.completion.chunk", &mut prefix);
        let mut first = prefix.clone();
        first.extend_from_slice(CHOICES);
        first.push(b'0');
        first.extend_from_slice(DELTA);
        Self {
            head,
            wants_usage,
            form: CallForm::Tools,
            prefix,
            first,
            choices: Vec::new(),
            tier: None,
        }
    }

    /// The same writer for a customer that offers `functions`, as was done before tools.
    #[must_use]
    pub fn with_functions(mut self) -> Self {
        self.form = CallForm::Function;
        self
    }

    fn progress(&mut self, choice: u32) -> &mut Progress {
        let index = usize::try_from(choice.min(MOST_CHOICES)).unwrap_or(0);
        if self.choices.len() <= index {
            self.choices.resize_with(index + 1, Progress::default);
        }
        &mut self.choices[index]
    }

    /// Begins a frame: what follows are members of its delta.
    fn open(&self, choice: u32, out: &mut Vec<u8>) {
        if choice == 0 {
            out.extend_from_slice(&self.first);
        } else {
            out.extend_from_slice(&self.prefix);
            out.extend_from_slice(CHOICES);
            push_number(u64::from(choice.min(MOST_CHOICES)), out);
            out.extend_from_slice(DELTA);
        }
    }

    /// Ends a frame after the delta's members.
    fn shut(&self, logprobs: Option<&str>, finish: Option<&str>, out: &mut Vec<u8>) {
        match (logprobs, finish) {
            (None, None) => {
                out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":null}]");
            }
            (logprobs, finish) => {
                out.extend_from_slice(b"},\"logprobs\":");
                out.extend_from_slice(logprobs.unwrap_or("null").as_bytes());
                out.extend_from_slice(b",\"finish_reason\":");
                match finish {
                    Some(reason) => push_string(reason, out),
                    None => out.extend_from_slice(b"null"),
                }
                out.extend_from_slice(b"}]");
                if finish.is_some() {
                    push_tier(self.tier, out);
                }
            }
        }
        let end: &[u8] = if self.wants_usage {
            b",\"usage\":null}\n\n"
        } else {
            b"}\n\n"
        };
        out.extend_from_slice(end);
    }

    /// One frame whose delta has these members.
    fn frame(&self, choice: u32, members: &[&[u8]], out: &mut Vec<u8>) {
        self.open(choice, out);
        for member in members {
            out.extend_from_slice(member);
        }
        self.shut(None, None, out);
    }

    /// The first delta of an answer says who speaks.
    fn begin(&mut self, choice: u32, out: &mut Vec<u8>) {
        let progress = self.progress(choice);
        if !core::mem::replace(&mut progress.has_begun, true) {
            self.frame(
                choice,
                &[b"\"role\":\"assistant\",\"content\":\"\",\"refusal\":null"],
                out,
            );
        }
    }

    fn text(&self, choice: u32, name: &[u8], text: &str, out: &mut Vec<u8>) {
        self.open(choice, out);
        out.extend_from_slice(name);
        push_string(text, out);
        self.shut(None, None, out);
    }

    /// The thought under the name that most clients show, and again where it can carry
    /// its signature.
    fn thought(&mut self, choice: u32, text: &str, out: &mut Vec<u8>) {
        let progress = self.progress(choice);
        progress.in_thought = true;
        let number = progress.thought;
        self.open(choice, out);
        out.extend_from_slice(b"\"reasoning_content\":");
        push_string(text, out);
        out.push(b',');
        push_detail("text", "text", text, number, out);
        self.shut(None, None, out);
    }

    fn detail(&mut self, choice: u32, kind: &str, name: &str, value: &str, out: &mut Vec<u8>) {
        let number = self.progress(choice).thought;
        self.open(choice, out);
        push_detail(kind, name, value, number, out);
        self.shut(None, None, out);
        self.next_thought(choice);
    }

    fn next_thought(&mut self, choice: u32) {
        let progress = self.progress(choice);
        progress.in_thought = false;
        progress.thought = progress.thought.saturating_add(1);
    }

    /// What comes after a thought that nobody signed ends it.
    fn end_thought(&mut self, choice: u32) {
        if self.progress(choice).in_thought {
            self.next_thought(choice);
        }
    }

    fn call(
        &mut self,
        choice: u32,
        call: u32,
        what: &[&str; 2],
        seal: Option<&str>,
        out: &mut Vec<u8>,
    ) {
        let [id, name] = *what;
        self.progress(choice).bare_calls.push(call);
        self.open(choice, out);
        if self.form == CallForm::Function {
            out.extend_from_slice(b"\"function_call\":{\"name\":");
            push_string(name, out);
            out.extend_from_slice(b",\"arguments\":\"\"}");
        } else {
            out.extend_from_slice(b"\"tool_calls\":[{\"index\":");
            push_number(u64::from(call), out);
            out.push(b',');
            push_call(id, name, "", seal, out);
            out.extend_from_slice(b"]");
        }
        self.shut(None, None, out);
    }

    fn arguments(&mut self, choice: u32, call: u32, json: &str, out: &mut Vec<u8>) {
        let bare = &mut self.progress(choice).bare_calls;
        if !json.is_empty() {
            bare.retain(|known| *known != call);
        }
        self.open(choice, out);
        if self.form == CallForm::Function {
            out.extend_from_slice(b"\"function_call\":{\"arguments\":");
            push_string(json, out);
            out.push(b'}');
        } else {
            out.extend_from_slice(b"\"tool_calls\":[{\"index\":");
            push_number(u64::from(call), out);
            out.extend_from_slice(b",\"function\":{\"arguments\":");
            push_string(json, out);
            out.extend_from_slice(b"}}]");
        }
        self.shut(None, None, out);
    }

    fn finish(&mut self, choice: u32, why: &Finish, out: &mut Vec<u8>) {
        let progress = self.progress(choice);
        if core::mem::replace(&mut progress.is_over, true) {
            return;
        }
        let bare = core::mem::take(&mut progress.bare_calls);
        if *why != Finish::Length {
            // A tool without arguments still gets an object.
            for call in bare {
                self.arguments(choice, call, "{}", out);
            }
        }
        self.open(choice, out);
        self.shut(None, Some(self.form.reason(why)), out);
    }
}

impl Writer for ChunkWriter {
    fn served_tier(&mut self, word: &str) {
        self.tier = Some(tier::in_openai(word));
    }

    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::Text { choice, text } => {
                self.begin(*choice, out);
                self.end_thought(*choice);
                self.text(*choice, b"\"content\":", text, out);
            }
            Event::Refusal { choice, text } => {
                self.begin(*choice, out);
                self.end_thought(*choice);
                self.text(*choice, b"\"refusal\":", text, out);
            }
            Event::Thought { choice, text } => {
                self.begin(*choice, out);
                self.thought(*choice, text, out);
            }
            Event::Signature { choice, signature } => {
                self.begin(*choice, out);
                self.detail(*choice, "text", "signature", signature, out);
            }
            Event::SealedThought { choice, data } => {
                self.begin(*choice, out);
                self.end_thought(*choice);
                self.detail(*choice, "encrypted", "data", data, out);
            }
            Event::Call {
                choice,
                call,
                id,
                name,
                seal,
            } => {
                self.begin(*choice, out);
                self.end_thought(*choice);
                self.call(*choice, *call, &[id, name], seal.as_deref(), out);
            }
            Event::Arguments { choice, call, json } => {
                self.begin(*choice, out);
                self.arguments(*choice, *call, json, out);
            }
            Event::Logprobs { choice, json } => {
                self.begin(*choice, out);
                self.open(*choice, out);
                self.shut(Some(&one_line(json)), None, out);
            }
            Event::Finish { choice, why } => {
                self.begin(*choice, out);
                self.finish(*choice, why, out);
            }
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        self.begin(0, out);
        for choice in (0..).take(self.choices.len()) {
            let progress = self.progress(choice);
            if progress.has_begun && !progress.is_over {
                self.finish(choice, &Finish::Length, out);
            }
        }
    }

    fn usage_frame(&mut self, usage: Option<&Usage>) -> Option<Vec<u8>> {
        let usage = usage.filter(|_| self.wants_usage)?;
        let mut frame = self.prefix.clone();
        frame.extend_from_slice(b"\"choices\":[],\"usage\":");
        Counts(usage).push(&mut frame);
        push_tier(self.tier, &mut frame);
        frame.extend_from_slice(b"}\n\n");
        Some(frame)
    }

    fn whole(&mut self, answer: &Answer, usage: Option<&Usage>) -> Vec<u8> {
        whole::write(&self.head, self.form, answer, usage, self.tier)
    }
}

impl CallForm {
    /// The word for why an answer is over.
    fn reason(self, why: &Finish) -> &'static str {
        match (why, self) {
            (Finish::Stop | Finish::StopSequence(_), _) => "stop",
            (Finish::Length, _) => "length",
            (Finish::Calls, Self::Tools) => "tool_calls",
            (Finish::Calls, Self::Function) => "function_call",
            (Finish::Filtered, _) => "content_filter",
        }
    }
}

#[cfg(test)]
mod tests;
