//! Single events of a stream.

use super::ResponseWriter;
use crate::talk::responses::{
    object::{Object, frame},
    output::{Body, Item, Said},
};

/// Where a text is in the answer.
#[derive(Clone, Copy)]
struct Place<'a> {
    id: &'a str,
    item: usize,
    part: usize,
}

impl Place<'_> {
    /// Names the place; `part` is what parts of such an item are counted by.
    fn write(self, part: &str, object: &mut Object<'_>) {
        object.text("item_id", self.id);
        object.number("output_index", count(self.item));
        object.number(part, count(self.part));
    }
}

fn count(index: usize) -> u64 {
    u64::try_from(index).unwrap_or(u64::MAX)
}

impl ResponseWriter {
    fn frame(&mut self, kind: &str, out: &mut Vec<u8>, fill: impl FnOnce(&Self, &mut Object<'_>)) {
        frame(kind, self.sequence, out, |object| fill(self, object));
        self.sequence += 1;
    }

    pub(super) fn item_frame(&mut self, kind: &str, index: usize, out: &mut Vec<u8>) {
        self.frame(kind, out, |this, object| {
            object.number("output_index", count(index));
            if let Some(item) = this.items.get(index) {
                object.with("item", |out| item.write(out));
            }
        });
    }

    /// A frame about the last part of the last message.
    pub(super) fn said_frame(
        &mut self,
        kind: &str,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&Said, &mut Object<'_>),
    ) {
        let Some(index) = self.items.len().checked_sub(1) else {
            return;
        };
        self.frame(kind, out, |this, object| {
            let Some(Item {
                id,
                body: Body::Message(parts),
                ..
            }) = this.items.get(index)
            else {
                return;
            };
            let place = Place {
                id,
                item: index,
                part: parts.len().saturating_sub(1),
            };
            place.write("content_index", object);
            if let Some(said) = parts.last() {
                fill(said, object);
            }
        });
    }

    pub(super) fn text_delta(&mut self, text: &str, logprobs: &str, out: &mut Vec<u8>) {
        self.said_frame("response.output_text.delta", out, |_, object| {
            object.text("delta", text);
            object.with("logprobs", |out| {
                out.push(b'[');
                out.extend_from_slice(logprobs.as_bytes());
                out.push(b']');
            });
        });
    }

    /// A frame about what the last item, a thought, shows of itself.
    pub(super) fn summary_frame(
        &mut self,
        kind: &str,
        out: &mut Vec<u8>,
        fill: impl FnOnce(&str, &mut Object<'_>),
    ) {
        let Some(index) = self.items.len().checked_sub(1) else {
            return;
        };
        self.frame(kind, out, |this, object| {
            let Some(Item {
                id,
                body: Body::Reasoning { summary, .. },
                ..
            }) = this.items.get(index)
            else {
                return;
            };
            let place = Place {
                id,
                item: index,
                part: 0,
            };
            place.write("summary_index", object);
            fill(summary, object);
        });
    }

    pub(super) fn arguments_delta(&mut self, index: usize, json: &str, out: &mut Vec<u8>) {
        let kind = "response.function_call_arguments.delta";
        self.frame(kind, out, |this, object| {
            let id = this.items.get(index).map_or("", |item| &*item.id);
            object.text("item_id", id);
            object.number("output_index", count(index));
            object.text("delta", json);
        });
    }

    pub(super) fn arguments_done(&mut self, index: usize, out: &mut Vec<u8>) {
        let kind = "response.function_call_arguments.done";
        self.frame(kind, out, |this, object| {
            let Some(Item {
                id,
                body: Body::Call {
                    name, arguments, ..
                },
                ..
            }) = this.items.get(index)
            else {
                return;
            };
            object.text("item_id", id);
            object.number("output_index", count(index));
            object.text("name", name);
            object.text("arguments", arguments);
        });
    }
}
