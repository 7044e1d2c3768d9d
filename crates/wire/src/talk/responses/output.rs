//! The items that an answer is made of.

use super::object::Object;
use crate::{json::Cursor, talk::Usage};

/// How far an item has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Completed,
    Incomplete,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete => "incomplete",
        }
    }
}

/// One item of an answer.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) state: State,
    pub(super) body: Body,
}

/// What an item is.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// What the model says.
    Message(Vec<Said>),
    /// What it thinks.
    Reasoning {
        /// What is shown of it.
        summary: String,
        /// What is sealed of it, as it is handed out.
        sealed: Option<String>,
    },
    /// A call of a tool.
    Call {
        /// The id that the result must name.
        call_id: String,
        /// Which tool.
        name: String,
        /// The arguments so far.
        arguments: String,
    },
}

impl Body {
    /// How ids of such items begin.
    pub(super) const fn prefix(&self) -> &'static str {
        match self {
            Self::Message(_) => "msg",
            Self::Reasoning { .. } => "rs",
            Self::Call { .. } => "fc",
        }
    }
}

/// A part of a message.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    /// Whether it is a refusal.
    pub(super) refused: bool,
    pub(super) text: String,
    /// The token probabilities, as the inside of a JSON array.
    pub(super) logprobs: String,
}

impl Said {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::begin(out);
        if self.refused {
            object.text("type", "refusal");
            object.text("refusal", &self.text);
        } else {
            object.text("type", "output_text");
            object.raw("annotations", b"[]");
            object.with("logprobs", |out| self.write_logprobs(out));
            object.text("text", &self.text);
        }
        object.end();
    }

    pub(super) fn write_logprobs(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        out.extend_from_slice(self.logprobs.as_bytes());
        out.push(b']');
    }
}

impl Item {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::begin(out);
        object.text("id", &self.id);
        match &self.body {
            Body::Message(parts) => {
                object.text("type", "message");
                object.text("status", self.state.as_str());
                object.list("content", parts, Said::write);
                object.text("role", "assistant");
            }
            Body::Reasoning { summary, sealed } => {
                object.text("type", "reasoning");
                let shown = (!summary.is_empty()).then_some(summary);
                object.list("summary", shown, |text, out| write_summary(text, out));
                if let Some(sealed) = sealed {
                    object.text("encrypted_content", sealed);
                }
            }
            Body::Call {
                call_id,
                name,
                arguments,
            } => {
                object.text("type", "function_call");
                object.text("status", self.state.as_str());
                object.text("arguments", arguments);
                object.text("call_id", call_id);
                object.text("name", name);
            }
        }
        object.end();
    }

    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    pub(super) fn is_whole_and_open(&self) -> bool {
        self.is_open() && self.is_whole()
    }

    /// Whether nothing can be added to it: arguments that are whole JSON do not go on.
    pub(super) fn is_whole(&self) -> bool {
        match &self.body {
            Body::Message(_) | Body::Reasoning { .. } => true,
            Body::Call { arguments, .. } => {
                let mut cursor = Cursor::new(arguments.as_bytes());
                cursor.skip().and_then(|_| cursor.end()).is_ok()
            }
        }
    }
}

/// A part of a summary.
pub(super) fn write_summary(text: &str, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("type", "summary_text");
    object.text("text", text);
    object.end();
}

/// The account of an answer: sums, and what is in them.
pub(super) fn write_usage(usage: &Usage, out: &mut Vec<u8>) {
    let written = usage.cache_write.saturating_add(usage.cache_write_long);
    let mut object = Object::begin(out);
    object.number("input_tokens", usage.prompt());
    object.with("input_tokens_details", |out| {
        let mut details = Object::begin(out);
        details.number("cached_tokens", usage.cache_read);
        details.number("cache_write_tokens", written);
        details.end();
    });
    object.number("output_tokens", usage.completion());
    object.with("output_tokens_details", |out| {
        let mut details = Object::begin(out);
        details.number("reasoning_tokens", usage.reasoning);
        details.end();
    });
    object.number("total_tokens", usage.total());
    object.end();
}
