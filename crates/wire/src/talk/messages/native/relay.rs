//! The frames of a stream on their way to a customer who speaks the same wire.

use super::super::super::{Event, Head, ReadFault, Reader, Usage, Writer};
use super::super::reader::{MessageReader, Parts};
use super::super::writer::{MessageWriter, frame as write_frame};
use crate::json::{Edit, edit_object, on_one_line};
use crate::sse::Frame;

/// What is kept back for the end: the frame or two that end a message.
const MOST_KEPT_BACK: usize = 1 << 20;

/// Relays one stream. It keeps the provider's bytes but for the message's id, and reads
/// off them what the gateway needs.
#[derive(Debug)]
pub struct NativeRelay {
    head: Head,
    reader: MessageReader,
    /// What begins the message, until something is in it.
    lead: Vec<u8>,
    has_led: bool,
    /// The block that has begun and not ended.
    open: Option<u64>,
    /// The frames that end the message, but for the last.
    kept_back: Vec<u8>,
    /// The last frame that tells why the message ends, and its usage.
    last: Option<Vec<u8>>,
    output_bytes: u64,
}

/// What a frame gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// Bytes of text, tool arguments and thoughts in it.
    pub output_bytes: u64,
    /// Whether the stream has come to its own end.
    pub is_over: bool,
}

impl NativeRelay {
    /// A relay for an answer with this head. `long_cache` tells whether the prompt asked
    /// for the long-lived cache.
    pub fn new(head: Head, long_cache: bool) -> Self {
        Self {
            head,
            reader: MessageReader::new().with_long_cache(long_cache),
            lead: Vec::new(),
            has_led: false,
            open: None,
            kept_back: Vec::new(),
            last: None,
            output_bytes: 0,
        }
    }

    /// Takes one frame and appends what the customer gets to see now.
    ///
    /// # Errors
    /// The provider reports an error, or the frame cannot be read. Nothing may follow.
    pub fn frame(&mut self, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<Passed, ReadFault> {
        let before = self.output_bytes;
        if frame.data.is_empty() || self.reader.is_over() {
            return Ok(self.passed(before));
        }
        let parts = Parts::of(&frame.data)?;
        let spoken = &mut self.output_bytes;
        self.reader
            .event(&parts, &frame.data, &mut |event: Event<'_>| {
                *spoken = spoken.saturating_add(event.output_bytes());
            })?;
        let kind = parts.kind.as_deref().unwrap_or_default();
        match kind {
            "message_start" => {
                // Only the first one is the customer's; proxies have been seen to repeat it.
                if self.lead.is_empty() && !self.has_led {
                    self.lead = self.begin(frame);
                }
            }
            "message_delta" => {
                if let Some(last) = self.last.take() {
                    self.kept_back.extend_from_slice(&last);
                }
                let mut last = Vec::with_capacity(frame.raw.len());
                copy(frame, kind, &mut last);
                self.last = Some(last);
                if self.kept_back.len() > MOST_KEPT_BACK {
                    return Err(ReadFault::Garbled("it does not stop after the end"));
                }
            }
            "message_stop" => {}
            "ping" if !self.has_led => {}
            _ => {
                self.lead(out);
                match kind {
                    "content_block_start" => self.open = Some(parts.index),
                    "content_block_stop" => self.open = None,
                    _ => {}
                }
                copy(frame, kind, out);
            }
        }
        Ok(self.passed(before))
    }

    /// Appends what is missing of the content when the message is over, or is cut short.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        self.lead(out);
        if let Some(index) = self.open.take() {
            let json = format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
            write_frame("content_block_stop", json.as_bytes(), out);
        }
        out.append(&mut self.kept_back);
    }

    /// The frame that tells why the message ends, and its usage: the provider's own, or
    /// one that says that the limit was reached where the provider did not get that far.
    pub fn usage_frame(&mut self) -> Option<Vec<u8>> {
        if let Some(last) = self.last.take() {
            return Some(last);
        }
        let usage = self.usage();
        let mut writer = MessageWriter::new(self.head.clone());
        if let Some(word) = self.served_tier() {
            writer.served_tier(word);
        }
        writer.usage_frame(usage.as_ref())
    }

    /// Whether an event has come; keep-alives are none.
    pub fn has_begun(&self) -> bool {
        self.reader.has_begun()
    }

    /// Whether the message is finished, so that a closed connection loses nothing.
    pub fn is_complete(&self) -> bool {
        self.reader.is_complete()
    }

    /// What the provider says that the answer took.
    pub fn usage(&self) -> Option<Usage> {
        self.reader.usage()
    }

    /// The model that answers, by the provider's name.
    pub fn served_model(&self) -> Option<&str> {
        self.reader.served_model()
    }

    /// The class of service that was given, in the provider's word.
    pub fn served_tier(&self) -> Option<&str> {
        self.reader.served_tier()
    }

    /// Bytes of text, tool arguments and thoughts until now.
    pub fn output_bytes(&self) -> u64 {
        self.output_bytes
    }

    fn passed(&self, before: u64) -> Passed {
        Passed {
            output_bytes: self.output_bytes.saturating_sub(before),
            is_over: self.reader.is_over(),
        }
    }

    /// Appends what begins the message, once.
    fn lead(&mut self, out: &mut Vec<u8>) {
        if self.has_led {
            return;
        }
        self.has_led = true;
        if self.lead.is_empty() {
            MessageWriter::new(self.head.clone()).close(out);
        } else {
            out.append(&mut self.lead);
        }
    }

    /// The beginning under our id.
    fn begin(&self, frame: &Frame<'_>) -> Vec<u8> {
        let mut json = Vec::with_capacity(frame.data.len() + 64);
        let decide = |name: &str, value: &[u8], out: &mut Vec<u8>| {
            if name != "message" {
                return Edit::Keep;
            }
            crate::chat::chunk::replace_id(value, &self.head.id, out);
            Edit::Written
        };
        let edited = edit_object(&frame.data, &mut json, decide, |_, _| {});
        let mut out = Vec::with_capacity(json.len() + 64);
        if edited.is_ok() {
            on_one_line(&mut json);
            write_frame("message_start", &json, &mut out);
        }
        out
    }
}

/// Copies a frame as it came, if it came as a customer can read it.
fn copy(frame: &Frame<'_>, kind: &str, out: &mut Vec<u8>) {
    if frame.event.is_some() && frame.raw.ends_with(b"\n\n") {
        out.extend_from_slice(frame.raw);
        return;
    }
    let mut json = frame.data.to_vec();
    on_one_line(&mut json);
    let is_a_name = kind.bytes().all(|byte| byte.is_ascii_graphic());
    write_frame(if is_a_name { kind } else { "unknown" }, &json, out);
}
