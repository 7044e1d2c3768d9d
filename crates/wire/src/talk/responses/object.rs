//! Objects and frames, written member by member.

use crate::json::push_string;

/// An object that is being written. Names are our own and need no escapes.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    comma: bool,
}

impl<'o> Object<'o> {
    pub(super) fn begin(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, comma: false }
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    pub(super) fn text(&mut self, name: &str, text: &str) {
        push_string(text, self.name(name));
    }

    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.raw(name, number.to_string().as_bytes());
    }

    pub(super) fn raw(&mut self, name: &str, json: &[u8]) {
        self.name(name).extend_from_slice(json);
    }

    /// A member whose value is written by `fill`.
    pub(super) fn with(&mut self, name: &str, fill: impl FnOnce(&mut Vec<u8>)) {
        fill(self.name(name));
    }

    /// A member that is an array of what `fill` writes for each item.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(T, &mut Vec<u8>),
    ) {
        let out = self.name(name);
        out.push(b'[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            fill(item, out);
        }
        out.push(b']');
    }

    /// Members that have been written before, without braces.
    pub(super) fn members(&mut self, written: &[u8]) {
        if !written.is_empty() {
            self.comma();
            self.out.extend_from_slice(written);
        }
    }

    fn name(&mut self, name: &str) -> &mut Vec<u8> {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    fn comma(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }
}

/// Writes one event of a stream.
pub(super) fn frame(
    kind: &str,
    sequence: u64,
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Object<'_>),
) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    let mut object = Object::begin(out);
    object.text("type", kind);
    object.number("sequence_number", sequence);
    fill(&mut object);
    object.end();
    out.extend_from_slice(b"\n\n");
}
