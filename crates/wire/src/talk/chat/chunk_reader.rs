//! Chunks and whole completions become events.

mod calls;
mod counts;
mod delta;

use std::borrow::Cow;

use crate::chat::{Usage as Stated, chunk};
use crate::error::UpstreamFault;
use crate::json::{Cursor, JsonFault, Kind};
use crate::sse::{Frame, is_done};
use crate::talk::{Event, Finish, ReadFault, Reader, Usage};
use calls::Calls;
use delta::Delta;

/// More answers than this no provider gives.
const MOST_CHOICES: usize = 128;

/// Reads the answers of OpenAI and of all who copy it, with their liberties.
#[derive(Debug)]
pub struct ChunkReader {
    answers: u32,
    choices: Vec<Progress>,
    /// The provider's own id, which names calls that have no id.
    id: String,
    model: Option<String>,
    stated: Option<Stated>,
    is_over: bool,
}

/// How far one of the answers has come.
#[derive(Debug, Default)]
struct Progress {
    has_begun: bool,
    is_finished: bool,
    calls: Calls,
}

/// One choice of a chunk or of a completion.
struct Choice<'a> {
    number: u32,
    delta: Option<Delta<'a>>,
    logprobs: Option<&'a [u8]>,
    reason: Option<Cow<'a, str>>,
    /// An answer that comes in one piece is over even where its end is unnamed.
    is_whole: bool,
}

type Emit<'e> = &'e mut dyn FnMut(Event<'_>);

impl ChunkReader {
    /// A reader for that many answers to one request.
    pub fn new(answers: u32) -> Self {
        Self {
            answers: answers.max(1),
            choices: Vec::new(),
            id: String::new(),
            model: None,
            stated: None,
            is_over: false,
        }
    }

    fn payload(&mut self, data: &[u8], is_whole: bool, emit: Emit<'_>) -> Result<(), ReadFault> {
        // Beside an error nothing is an answer, so that it is looked for first.
        if let Some(fault) = chunk::error_of(data) {
            self.snapshot(data);
            return Err(ReadFault::Stated(fault));
        }
        match self.members(data, is_whole, emit) {
            Ok(true) => Ok(()),
            // Neither an answer nor an account of one.
            Ok(false) => match UpstreamFault::read(data) {
                Some(fault) => Err(ReadFault::Stated(fault)),
                None if is_whole => Err(ReadFault::Garbled("its answer has no choices")),
                None => Ok(()),
            },
            Err(_garbled) if is_whole => Err(ReadFault::Garbled("its answer is not a completion")),
            Err(_garbled) => Err(ReadFault::Garbled("an event is not a JSON object")),
        }
    }

    /// Reads the top level; says whether there is an answer or an account of one in it.
    fn members(&mut self, data: &[u8], is_whole: bool, emit: Emit<'_>) -> Result<bool, JsonFault> {
        let mut cursor = Cursor::new(data);
        let mut choices = None;
        let mut has_usage = false;
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"id" if self.id.is_empty() && cursor.kind() == Kind::String => {
                    self.id = cursor.string()?.decode().unwrap_or_default().into_owned();
                }
                b"model" if cursor.kind() == Kind::String => {
                    self.served(cursor.string()?.decode());
                }
                b"choices" if cursor.kind() == Kind::Array => choices = Some(cursor.skip()?),
                b"usage" if cursor.kind() == Kind::Object => {
                    has_usage = true;
                    cursor.skip()?;
                }
                _ => cursor.skip().map(drop)?,
            }
        }
        cursor.end()?;
        if has_usage {
            self.snapshot(data);
        }
        if let Some(choices) = choices {
            self.each(choices, is_whole, emit)?;
        }
        Ok(choices.is_some() || has_usage)
    }

    fn served(&mut self, name: Option<Cow<'_, str>>) {
        if let Some(name) = name.filter(|name| !name.is_empty())
            && self.model.as_deref() != Some(&*name)
        {
            self.model = Some(name.into_owned());
        }
    }

    /// Snapshots are cumulative: the highest one stands, and of equals the last.
    fn snapshot(&mut self, data: &[u8]) {
        if let Some(stated) = chunk::parse_usage(data)
            && self.stated.as_ref().map(counts::weight) <= Some(counts::weight(&stated))
        {
            self.stated = Some(stated);
        }
    }

    fn each(&mut self, choices: &[u8], is_whole: bool, emit: Emit<'_>) -> Result<(), JsonFault> {
        let mut cursor = Cursor::new(choices);
        let mut place = 0;
        cursor.open_array()?;
        while cursor.item()? {
            if cursor.kind() == Kind::Object {
                // Some providers number none of their answers.
                let number = if is_whole { place } else { 0 };
                let choice = Choice::read(&mut cursor, number, is_whole)?;
                self.choice(choice, emit)?;
            } else {
                cursor.skip()?;
            }
            place += 1;
        }
        Ok(())
    }

    fn choice(&mut self, choice: Choice<'_>, emit: Emit<'_>) -> Result<(), JsonFault> {
        let Self { choices, id, .. } = self;
        let number = choice.number;
        let index = usize::try_from(number).unwrap_or(MOST_CHOICES);
        if index >= MOST_CHOICES {
            return Ok(());
        }
        if choices.len() <= index {
            choices.resize_with(index + 1, Progress::default);
        }
        let progress = &mut choices[index];
        if let Some(delta) = choice.delta {
            progress.has_begun |= delta.says_something();
            delta.tell(number, &mut progress.calls, id, emit)?;
        }
        if let Some(json) = choice.logprobs {
            let json = String::from_utf8_lossy(json);
            emit(Event::Logprobs {
                choice: number,
                json,
            });
        }
        let reason = choice.reason.as_deref().filter(|word| !word.is_empty());
        if (reason.is_some() || choice.is_whole) && !progress.is_finished {
            progress.finish(number, reason.unwrap_or_default(), emit);
        }
        Ok(())
    }
}

impl Progress {
    fn finish(&mut self, choice: u32, reason: &str, emit: Emit<'_>) {
        self.has_begun = true;
        self.is_finished = true;
        self.calls.settle(choice, emit);
        let why = match reason {
            "length" => Finish::Length,
            "content_filter" => Finish::Filtered,
            "tool_calls" | "function_call" => Finish::Calls,
            // A call that was asked for by name ends with `stop`, and others end without
            // a word.
            _ if self.calls.any() => Finish::Calls,
            _ => Finish::Stop,
        };
        emit(Event::Finish { choice, why });
    }
}

impl<'a> Choice<'a> {
    fn read(cursor: &mut Cursor<'a>, number: u32, is_whole: bool) -> Result<Self, JsonFault> {
        let mut choice = Self {
            number,
            delta: None,
            logprobs: None,
            reason: None,
            is_whole,
        };
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            match key.raw() {
                b"index" => {
                    let index = cursor.skip()?;
                    choice.number = whole_number(index).unwrap_or(choice.number);
                }
                b"delta" | b"message" if cursor.kind() == Kind::Object => {
                    choice.delta = Some(Delta::read(cursor)?);
                }
                b"logprobs" if cursor.kind() == Kind::Object => {
                    choice.logprobs = Some(cursor.skip()?);
                }
                b"finish_reason" if cursor.kind() == Kind::String => {
                    choice.reason = cursor.string()?.decode();
                }
                _ => cursor.skip().map(drop)?,
            }
        }
        Ok(choice)
    }
}

fn whole_number(text: &[u8]) -> Option<u32> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

impl Reader for ChunkReader {
    fn frame(
        &mut self,
        frame: &Frame<'_>,
        emit: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), ReadFault> {
        if frame.is_comment_only || frame.data.is_empty() || self.is_over {
            return Ok(());
        }
        if !is_done(&frame.data) {
            return self.payload(&frame.data, false, emit);
        }
        self.is_over = true;
        // Those that end without a word have ended all the same.
        for (number, progress) in (0..).zip(&mut self.choices) {
            if progress.has_begun && !progress.is_finished {
                progress.finish(number, "", emit);
            }
        }
        Ok(())
    }

    fn whole(&mut self, body: &[u8], emit: &mut dyn FnMut(Event<'_>)) -> Result<(), ReadFault> {
        self.is_over = true;
        self.payload(body, true, emit)
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn is_complete(&self) -> bool {
        let finished = self.choices.iter().filter(|choice| choice.is_finished);
        let wanted = usize::try_from(self.answers).unwrap_or(MOST_CHOICES);
        finished.count() >= wanted.min(MOST_CHOICES)
    }

    fn usage(&self) -> Option<Usage> {
        self.stated.as_ref().and_then(counts::disjoint)
    }

    fn served_model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    fn served_tier(&self) -> Option<&str> {
        self.stated.as_ref()?.service_tier.as_deref()
    }
}

#[cfg(test)]
mod tests;
