//! What has been said in a stream, so that it can be ended before its provider has.

use std::collections::BTreeMap;

use super::EventFacts;
use crate::{
    json::{Edit, edit_object},
    talk::{
        Usage,
        responses::{
            object::{Object, frame},
            output::write_usage,
        },
    },
};

/// No answer has more items.
const MOST_ITEMS: usize = 10_000;

/// What has been said in a stream. It holds each item of the answer once, as the last
/// event of the stream would.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    /// The response as it began, with our id.
    response: Vec<u8>,
    items: BTreeMap<u64, Slot>,
    /// The number of the next event.
    sequence: u64,
}

/// One item of the answer.
#[derive(Debug, Clone)]
enum Slot {
    /// As it ended.
    Done(Vec<u8>),
    /// As it began, and what has been added since.
    Open { begun: Vec<u8>, pieces: Vec<Piece> },
}

/// One text of an item that goes on.
#[derive(Debug, Clone)]
struct Piece {
    kind: Kind,
    index: u64,
    /// As it stands between the quotes of JSON.
    text: Vec<u8>,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    Arguments,
    Input,
    Summary,
    Reasoning,
}

impl Kind {
    fn of_delta(event: &str) -> Option<Self> {
        Some(match event.strip_suffix(".delta")? {
            "response.output_text" => Self::Text,
            "response.refusal" => Self::Refusal,
            "response.function_call_arguments" => Self::Arguments,
            "response.custom_tool_call_input" => Self::Input,
            "response.reasoning_summary_text" => Self::Summary,
            "response.reasoning_text" => Self::Reasoning,
            _ => return None,
        })
    }

    /// The event that tells the whole text, what the text is called in it, and how parts
    /// are counted in it.
    const fn done(self) -> (&'static str, &'static str, Option<&'static str>) {
        let content = Some("content_index");
        match self {
            Self::Text => ("response.output_text.done", "text", content),
            Self::Refusal => ("response.refusal.done", "refusal", content),
            Self::Arguments => ("response.function_call_arguments.done", "arguments", None),
            Self::Input => ("response.custom_tool_call_input.done", "input", None),
            Self::Summary => (
                "response.reasoning_summary_text.done",
                "text",
                Some("summary_index"),
            ),
            Self::Reasoning => ("response.reasoning_text.done", "text", content),
        }
    }

    /// The type of the part that the text is in, the member that it has there, and the
    /// event that ends the part.
    const fn part(self) -> Option<(&'static str, &'static str, &'static str)> {
        let content = "response.content_part.done";
        match self {
            Self::Text => Some(("output_text", "text", content)),
            Self::Refusal => Some(("refusal", "refusal", content)),
            Self::Reasoning => Some(("reasoning_text", "text", content)),
            Self::Summary => Some((
                "summary_text",
                "text",
                "response.reasoning_summary_part.done",
            )),
            Self::Arguments | Self::Input => None,
        }
    }
}

impl Piece {
    fn quoted(&self) -> Vec<u8> {
        [b"\"", self.text.as_slice(), b"\""].concat()
    }

    fn write_part(&self, out: &mut Vec<u8>) {
        let Some((kind, member, _)) = self.kind.part() else {
            return;
        };
        let mut object = Object::begin(out);
        object.text("type", kind);
        if self.kind == Kind::Text {
            object.raw("annotations", b"[]");
            object.raw("logprobs", b"[]");
        }
        object.raw(member, &self.quoted());
        object.end();
    }
}

impl Transcript {
    /// Takes note of an event; `response` is the one in it as the customer sees it.
    pub fn note(&mut self, facts: &EventFacts<'_>, response: Option<&[u8]>) {
        if let Some(number) = facts.sequence {
            self.sequence = number.saturating_add(1);
        }
        if let Some(response) = response.filter(|_| self.response.is_empty()) {
            self.response = response.to_vec();
        }
        let (Some(kind), Some(index)) = (facts.kind, facts.output_index) else {
            return;
        };
        let slot = match (kind, facts.item) {
            ("response.output_item.added", Some(item)) => Slot::Open {
                begun: item.to_vec(),
                pieces: Vec::new(),
            },
            ("response.output_item.done", Some(item)) => Slot::Done(item.to_vec()),
            _ => return self.add(kind, index, facts),
        };
        if self.items.len() < MOST_ITEMS || self.items.contains_key(&index) {
            self.items.insert(index, slot);
        }
    }

    fn add(&mut self, event: &str, index: u64, facts: &EventFacts<'_>) {
        let (Some(kind), Some(delta)) = (Kind::of_delta(event), facts.delta) else {
            return;
        };
        let Some(Slot::Open { pieces, .. }) = self.items.get_mut(&index) else {
            return;
        };
        let index = facts.part_index.unwrap_or(0);
        match pieces.last_mut() {
            Some(last) if (last.kind, last.index) == (kind, index) => {
                last.text.extend_from_slice(delta.raw());
            }
            _ => pieces.push(Piece {
                kind,
                index,
                text: delta.raw().to_vec(),
            }),
        }
    }

    /// Appends the events that close what is open, as if the output limit were reached.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        let open: Vec<u64> = self
            .items
            .iter()
            .filter(|(_, slot)| matches!(slot, Slot::Open { .. }))
            .map(|(index, _)| *index)
            .collect();
        for index in open {
            let Some(Slot::Open { begun, pieces }) = self.items.remove(&index) else {
                continue;
            };
            let id = member_of(&begun, "id").unwrap_or_else(|| b"\"\"".to_vec());
            for piece in &pieces {
                self.close_piece(piece, index, &id, out);
            }
            let item = ended(&begun, &pieces);
            self.frame("response.output_item.done", out, |object| {
                object.number("output_index", index);
                object.raw("item", &item);
            });
            self.items.insert(index, Slot::Done(item));
        }
    }

    fn close_piece(&mut self, piece: &Piece, index: u64, id: &[u8], out: &mut Vec<u8>) {
        let (event, member, counted_by) = piece.kind.done();
        let place = |object: &mut Object<'_>| {
            object.raw("item_id", id);
            object.number("output_index", index);
            if let Some(counted_by) = counted_by {
                object.number(counted_by, piece.index);
            }
        };
        self.frame(event, out, |object| {
            place(object);
            object.raw(member, &piece.quoted());
            if piece.kind == Kind::Text {
                object.raw("logprobs", b"[]");
            }
        });
        if let Some((_, _, event)) = piece.kind.part() {
            self.frame(event, out, |object| {
                place(object);
                object.with("part", |out| piece.write_part(out));
            });
        }
    }

    /// The event that ends the stream, after [`Transcript::close`]; `None` where the
    /// stream has not begun.
    pub fn incomplete(&mut self) -> Option<Vec<u8>> {
        let mut response = Vec::with_capacity(self.response.len().saturating_add(256));
        let items = &self.items;
        let decide = |name: &str, _: &[u8], out: &mut Vec<u8>| {
            match name {
                "status" => out.extend_from_slice(b"\"incomplete\""),
                "incomplete_details" => {
                    out.extend_from_slice(br#"{"reason":"max_output_tokens"}"#);
                }
                "output" => write_items(items, out),
                // Nobody has counted yet, and clients want counts where the cost is told.
                "usage" => write_usage(&Usage::default(), out),
                _ => return Edit::Keep,
            }
            Edit::Written
        };
        edit_object(&self.response, &mut response, decide, |_, _| {}).ok()?;
        let mut out = Vec::with_capacity(response.len().saturating_add(128));
        self.frame("response.incomplete", &mut out, |object| {
            object.raw("response", &response);
        });
        Some(out)
    }

    fn frame(&mut self, kind: &str, out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
        let begin = out.len();
        frame(kind, self.sequence, out, fill);
        self.sequence = self.sequence.saturating_add(1);
        // What the provider wrote may have been broken into lines.
        let inside = begin.saturating_add(kind.len()).saturating_add(8);
        let end = out.len().saturating_sub(2);
        for byte in out.get_mut(inside..end).unwrap_or_default() {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
}

fn write_items(items: &BTreeMap<u64, Slot>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (number, slot) in items.values().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        let (Slot::Done(item) | Slot::Open { begun: item, .. }) = slot;
        out.extend_from_slice(item);
    }
    out.push(b']');
}

/// An item as it ends here: what it began with, and what has been added.
fn ended(begun: &[u8], pieces: &[Piece]) -> Vec<u8> {
    let mut out = Vec::with_capacity(begun.len().saturating_add(64));
    let text_of = |wanted: Kind| pieces.iter().find(|piece| piece.kind == wanted);
    let parts = |wanted: &[Kind], out: &mut Vec<u8>| {
        let parts = pieces.iter().filter(|piece| wanted.contains(&piece.kind));
        out.push(b'[');
        for (number, piece) in parts.enumerate() {
            if number > 0 {
                out.push(b',');
            }
            piece.write_part(out);
        }
        out.push(b']');
    };
    let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| {
        match name {
            "status" => out.extend_from_slice(b"\"incomplete\""),
            "content" if value != b"null" => {
                parts(&[Kind::Text, Kind::Refusal, Kind::Reasoning], out);
            }
            "summary" => parts(&[Kind::Summary], out),
            "arguments" | "input" => {
                let kind = if name == "input" {
                    Kind::Input
                } else {
                    Kind::Arguments
                };
                let Some(piece) = text_of(kind) else {
                    return Edit::Keep;
                };
                out.extend_from_slice(&piece.quoted());
            }
            _ => return Edit::Keep,
        }
        Edit::Written
    };
    match edit_object(begun, &mut out, decide, |_, _| {}) {
        Ok(()) => out,
        Err(_) => begun.to_vec(),
    }
}

/// The JSON of one member of an object.
fn member_of(object: &[u8], wanted: &str) -> Option<Vec<u8>> {
    let mut found = None;
    let mut rest = Vec::new();
    let decide = |name: &str, value: &[u8], _: &mut Vec<u8>| {
        if name == wanted {
            found = Some(value.to_vec());
        }
        Edit::Drop
    };
    edit_object(object, &mut rest, decide, |_, _| {}).ok()?;
    found
}
