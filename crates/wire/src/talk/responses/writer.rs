//! An answer in this wire.

mod events;
mod frames;
mod whole;

use super::{
    Echo,
    object::Object,
    output::{Body, Item, write_usage},
};
use crate::talk::{Answer, Event, Finish, Head, Usage, Writer, tier};

/// Writes an answer as a response, whole or as a stream of events.
///
/// The last event of a stream repeats the whole answer, so one copy of it is kept.
#[derive(Debug)]
pub struct ResponseWriter {
    head: Head,
    echo: Echo,
    /// What the ids of all items have in common.
    stem: String,
    /// The number of the next event.
    sequence: u64,
    begun: bool,
    items: Vec<Item>,
    /// The message or the thought that is being written; always the last item.
    current: Option<Current>,
    /// The item of every call, by the call's number.
    calls: Vec<(u32, usize)>,
    /// Text whose token probabilities may be about to follow.
    waiting: String,
    why: Option<Finish>,
    /// The class of service.
    tier: &'static str,
}

/// What more can be added to the last item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Current {
    /// Text.
    Text,
    /// More of a refusal.
    Refusal,
    /// More of a thought.
    Thought,
    /// More of the signature of a thought.
    Signature,
}

/// How a response stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    InProgress,
    Completed,
    Incomplete(&'static str),
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
        }
    }
}

impl ResponseWriter {
    /// A writer for one answer; `echo` is what it repeats of the request.
    pub fn new(head: Head, echo: Echo) -> Self {
        // Ids of items are told from the call's: a reader can see what belongs together.
        let own = head.id.split_once('_').map_or(&*head.id, |(_, own)| own);
        let plain = own.chars().filter(char::is_ascii_alphanumeric);
        Self {
            stem: plain.take(48).collect(),
            head,
            echo,
            sequence: 0,
            begun: false,
            items: Vec::new(),
            current: None,
            calls: Vec::new(),
            waiting: String::new(),
            why: None,
            tier: tier::in_openai("default"),
        }
    }

    fn id_of(&self, body: &Body) -> String {
        format!("{}_{}_{}", body.prefix(), self.stem, self.items.len())
    }

    /// How an answer that is over stands. One that nobody ended has reached its limit.
    fn status(&self) -> Status {
        match &self.why {
            Some(Finish::Stop | Finish::StopSequence(_) | Finish::Calls) => Status::Completed,
            Some(Finish::Filtered) => Status::Incomplete("content_filter"),
            Some(Finish::Length) | None => Status::Incomplete("max_output_tokens"),
        }
    }

    /// The response object with all that is known.
    fn response(&self, status: Status, usage: Option<&Usage>, out: &mut Vec<u8>) {
        let mut object = Object::begin(out);
        object.text("id", &self.head.id);
        object.text("object", "response");
        object.number("created_at", self.head.created);
        object.text("status", status.as_str());
        object.raw("background", b"false");
        object.raw("error", b"null");
        match status {
            Status::Incomplete(reason) => object.with("incomplete_details", |out| {
                let mut details = Object::begin(out);
                details.text("reason", reason);
                details.end();
            }),
            Status::InProgress | Status::Completed => object.raw("incomplete_details", b"null"),
        }
        object.text("model", &self.head.model);
        object.list("output", &self.items, Item::write);
        object.raw("previous_response_id", b"null");
        object.text("service_tier", self.tier);
        object.raw("store", b"false");
        object.members(&self.echo.members);
        match usage {
            Some(usage) => object.with("usage", |out| write_usage(usage, out)),
            None => object.raw("usage", b"null"),
        }
        object.end();
    }
}

impl Writer for ResponseWriter {
    fn served_tier(&mut self, word: &str) {
        self.tier = tier::in_openai(word);
    }

    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        self.write_event(event, out);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        self.write_close(out);
    }

    fn usage_frame(&mut self, usage: Option<&Usage>) -> Option<Vec<u8>> {
        Some(self.write_end(usage))
    }

    fn whole(&mut self, answer: &Answer, usage: Option<&Usage>) -> Vec<u8> {
        self.write_whole(answer, usage)
    }
}
