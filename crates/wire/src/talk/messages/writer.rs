//! An answer as a customer of `/v1/messages` reads it.

mod calls;
mod json;

use super::super::{Answer, Choice, Event, Finish, Head, Item, Usage, Writer, tier};
use calls::{Calls, Line};
use json::{member, number_member, push};

/// Writes one answer in the Messages wire.
#[derive(Debug)]
pub struct MessageWriter {
    head: Head,
    has_begun: bool,
    /// The number of the next block.
    next: u64,
    open: Option<Open>,
    calls: Calls,
    has_called: bool,
    finish: Option<Finish>,
    /// The class of service.
    tier: &'static str,
}

/// The block that is being written; there is one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thought,
    Call,
}

impl MessageWriter {
    /// A writer for an answer that states this of itself.
    pub fn new(head: Head) -> Self {
        Self {
            head,
            has_begun: false,
            next: 0,
            open: None,
            calls: Calls::default(),
            has_called: false,
            finish: None,
            tier: tier::in_messages("standard"),
        }
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        let mut message = Vec::with_capacity(320);
        message.extend_from_slice(br#"{"type":"message_start","message":{"#);
        self.head_members(&mut message);
        message.extend_from_slice(
            br#","content":[],"stop_reason":null,"stop_sequence":null,"usage":"#,
        );
        push_usage(&Usage::default(), self.tier, &mut message);
        message.extend_from_slice(b"}}");
        frame("message_start", &message, out);
    }

    fn head_members(&self, out: &mut Vec<u8>) {
        member("id", &self.head.id, out);
        out.extend_from_slice(br#","type":"message","role":"assistant","#);
        member("model", &self.head.model, out);
    }

    /// Goes on with a block of this kind, or begins one.
    fn block(&mut self, kind: Open, start: &str, out: &mut Vec<u8>) {
        if self.open == Some(kind) && kind != Open::Call {
            return;
        }
        self.flush(out);
        self.start(start, out);
        self.open = Some(kind);
    }

    fn start(&mut self, block: &str, out: &mut Vec<u8>) {
        let index = self.next;
        self.next += 1;
        let json =
            format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#);
        frame("content_block_start", json.as_bytes(), out);
    }

    fn delta(&mut self, kind: &str, name: &str, text: &str, out: &mut Vec<u8>) {
        let index = self.next.saturating_sub(1);
        out.extend_from_slice(b"event: content_block_delta\ndata: ");
        out.extend_from_slice(br#"{"type":"content_block_delta","index":"#);
        out.extend_from_slice(index.to_string().as_bytes());
        out.extend_from_slice(br#","delta":{"#);
        member("type", kind, out);
        out.push(b',');
        member(name, text, out);
        out.extend_from_slice(b"}}\n\n");
    }

    fn stop(&mut self, out: &mut Vec<u8>) {
        if self.open.take().is_some() {
            let index = self.next.saturating_sub(1);
            let json = format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
            frame("content_block_stop", json.as_bytes(), out);
        }
    }

    /// Ends the open block, and writes the calls that waited for it.
    fn flush(&mut self, out: &mut Vec<u8>) {
        self.stop(out);
        for line in self.calls.give_up() {
            self.line(&line, out);
        }
        self.stop(out);
    }

    fn line(&mut self, line: &Line, out: &mut Vec<u8>) {
        match line {
            Line::Begin { id, name } => {
                self.stop(out);
                let mut block = Vec::with_capacity(96);
                block.extend_from_slice(br#"{"type":"tool_use","#);
                member("id", id, &mut block);
                block.push(b',');
                member("name", name, &mut block);
                block.extend_from_slice(br#","input":{}}"#);
                self.start(&String::from_utf8_lossy(&block), out);
                self.open = Some(Open::Call);
            }
            Line::Piece(json) => self.delta("input_json_delta", "partial_json", json, out),
        }
    }

    fn thought(&mut self, out: &mut Vec<u8>) {
        let start = r#"{"type":"thinking","thinking":"","signature":""}"#;
        self.block(Open::Thought, start, out);
    }

    /// Nothing where nobody counted: zeros would be a lie beside what is charged.
    fn usage_member(&self, usage: Option<&Usage>, out: &mut Vec<u8>) {
        if let Some(usage) = usage {
            out.extend_from_slice(br#","usage":"#);
            push_usage(usage, self.tier, out);
        }
    }

    /// The words for why the answer is over. One without an end has reached its limit.
    fn reason(&self) -> (&'static str, Option<&str>) {
        let Some(finish) = &self.finish else {
            return ("max_tokens", None);
        };
        reason(finish, self.has_called)
    }
}

impl Writer for MessageWriter {
    fn served_tier(&mut self, word: &str) {
        self.tier = tier::in_messages(word);
    }

    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        // The wire has one answer.
        if choice(event) > 0 {
            return;
        }
        self.begin(out);
        match event {
            Event::Text { text, .. } | Event::Refusal { text, .. } => {
                if !text.is_empty() {
                    self.block(Open::Text, r#"{"type":"text","text":""}"#, out);
                    self.delta("text_delta", "text", text, out);
                }
            }
            Event::Thought { text, .. } => {
                if !text.is_empty() {
                    self.thought(out);
                    self.delta("thinking_delta", "thinking", text, out);
                }
            }
            Event::Signature { signature, .. } => {
                self.thought(out);
                self.delta("signature_delta", "signature", signature, out);
                self.stop(out);
            }
            Event::SealedThought { data, .. } => {
                self.flush(out);
                let mut block = br#"{"type":"redacted_thinking","#.to_vec();
                member("data", data, &mut block);
                block.push(b'}');
                self.start(&String::from_utf8_lossy(&block), out);
                self.open = Some(Open::Thought);
                self.stop(out);
            }
            Event::Call { call, id, name, .. } => {
                self.has_called = true;
                if self.open != Some(Open::Call) {
                    self.flush(out);
                }
                for line in self.calls.begin(*call, &super::tool_id(id), name) {
                    self.line(&line, out);
                }
            }
            Event::Arguments { call, json, .. } => {
                for line in self.calls.piece(*call, json) {
                    self.line(&line, out);
                }
            }
            Event::Logprobs { .. } => {}
            Event::Finish { why, .. } => {
                self.finish.get_or_insert_with(|| why.clone());
                self.flush(out);
            }
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        self.begin(out);
        self.flush(out);
    }

    fn usage_frame(&mut self, usage: Option<&Usage>) -> Option<Vec<u8>> {
        let (reason, sequence) = self.reason();
        let mut json = br#"{"type":"message_delta","delta":{"#.to_vec();
        push_reason(reason, sequence, &mut json);
        json.push(b'}');
        self.usage_member(usage, &mut json);
        json.push(b'}');
        let mut out = Vec::with_capacity(json.len() + 32);
        frame("message_delta", &json, &mut out);
        Some(out)
    }

    fn whole(&mut self, answer: &Answer, usage: Option<&Usage>) -> Vec<u8> {
        let nothing = Choice::default();
        let choice = answer.choices.first().unwrap_or(&nothing);
        let mut out = Vec::with_capacity(512);
        out.push(b'{');
        self.head_members(&mut out);
        out.extend_from_slice(br#","content":["#);
        let mut has_called = false;
        for (index, item) in choice.items.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            has_called |= matches!(item, Item::Call { .. });
            push_item(item, &mut out);
        }
        out.extend_from_slice(b"],");
        let why = choice.why.as_ref();
        let (reason, sequence) = why.map_or(("max_tokens", None), |why| reason(why, has_called));
        push_reason(reason, sequence, &mut out);
        self.usage_member(usage, &mut out);
        out.push(b'}');
        out
    }
}

fn choice(event: &Event<'_>) -> u32 {
    match event {
        Event::Text { choice, .. }
        | Event::Refusal { choice, .. }
        | Event::Thought { choice, .. }
        | Event::Signature { choice, .. }
        | Event::SealedThought { choice, .. }
        | Event::Call { choice, .. }
        | Event::Arguments { choice, .. }
        | Event::Logprobs { choice, .. }
        | Event::Finish { choice, .. } => *choice,
    }
}

fn reason(finish: &Finish, has_called: bool) -> (&'static str, Option<&str>) {
    match finish {
        // Some providers end an answer with calls as any other.
        Finish::Stop if has_called => ("tool_use", None),
        Finish::Stop => ("end_turn", None),
        Finish::StopSequence(sequence) => ("stop_sequence", Some(sequence)),
        Finish::Length => ("max_tokens", None),
        Finish::Calls => ("tool_use", None),
        Finish::Filtered => ("refusal", None),
    }
}

fn push_reason(reason: &str, sequence: Option<&str>, out: &mut Vec<u8>) {
    member("stop_reason", reason, out);
    out.extend_from_slice(br#","stop_sequence":"#);
    match sequence {
        Some(sequence) => push(sequence, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// The usage as the wire counts: three disjoint parts of the prompt, and an output that
/// contains the thoughts.
fn push_usage(usage: &Usage, tier: &str, out: &mut Vec<u8>) {
    let written = usage.cache_write.saturating_add(usage.cache_write_long);
    out.push(b'{');
    let input = usage.input.saturating_add(usage.audio_input);
    number_member("input_tokens", input, out);
    out.push(b',');
    number_member("cache_creation_input_tokens", written, out);
    out.push(b',');
    number_member("cache_read_input_tokens", usage.cache_read, out);
    out.extend_from_slice(br#","cache_creation":{"#);
    number_member("ephemeral_5m_input_tokens", usage.cache_write, out);
    out.push(b',');
    number_member("ephemeral_1h_input_tokens", usage.cache_write_long, out);
    out.extend_from_slice(b"},");
    number_member("output_tokens", usage.completion(), out);
    out.extend_from_slice(br#","output_tokens_details":{"#);
    number_member("thinking_tokens", usage.reasoning, out);
    out.extend_from_slice(b"},");
    member("service_tier", tier, out);
    out.push(b'}');
}

fn push_item(item: &Item, out: &mut Vec<u8>) {
    match item {
        Item::Text(text) | Item::Refusal(text) => {
            out.extend_from_slice(br#"{"type":"text","#);
            member("text", text, out);
        }
        Item::Thought { text, signature } => {
            out.extend_from_slice(br#"{"type":"thinking","#);
            member("thinking", text, out);
            out.push(b',');
            member("signature", signature.as_deref().unwrap_or_default(), out);
        }
        Item::SealedThought(data) => {
            out.extend_from_slice(br#"{"type":"redacted_thinking","#);
            member("data", data, out);
        }
        Item::Call {
            id,
            name,
            arguments,
            ..
        } => {
            out.extend_from_slice(br#"{"type":"tool_use","#);
            member("id", &super::tool_id(id), out);
            out.push(b',');
            member("name", name, out);
            out.extend_from_slice(br#","input":"#);
            json::push_input(arguments, out);
        }
    }
    out.push(b'}');
}

/// One event of a stream, which the wire names twice.
pub(super) fn frame(event: &str, json: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(event.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    out.extend_from_slice(json);
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests;
