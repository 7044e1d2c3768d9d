//! Answers as events.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::chunk::{Candidate, Chunk, FunctionCall, Metadata, Piece};
use super::logprobs::logprobs;
use super::usage::usage;
use crate::error::UpstreamFault;
use crate::sse::{Frame, is_done};
use crate::talk::seal::Maker;
use crate::talk::{Event, Finish, ReadFault, Reader, Usage};

/// More answers than this nobody gets.
const MOST_CHOICES: u32 = 128;

type Emit<'e> = &'e mut dyn FnMut(Event<'_>);

/// Reads one answer of `generateContent` or `streamGenerateContent`.
#[derive(Debug)]
pub struct GeminiReader {
    /// What invented ids of calls begin with.
    call_prefix: String,
    choices: Vec<Progress>,
    calls: u32,
    has_spoken: bool,
    stated: Option<Metadata>,
    served_model: Option<String>,
}

/// How far one of the answers is.
#[derive(Debug, Clone, Default)]
struct Progress {
    calls: u32,
    has_spoken: bool,
    /// Whether a thought is the last thing that was said.
    is_thinking: bool,
    is_finished: bool,
}

impl GeminiReader {
    /// A reader for so many answers. The provider gives calls no ids, and the customer needs
    /// some: they are made of `id`, which is the generation's, and are the same every time.
    pub fn new(id: &str, answers: u32) -> Self {
        let bare = id.strip_prefix("gen_").unwrap_or(id);
        let answers = usize::try_from(answers.clamp(1, MOST_CHOICES)).unwrap_or(1);
        Self {
            call_prefix: format!("call_{bare}_"),
            choices: vec![Progress::default(); answers],
            calls: 0,
            has_spoken: false,
            stated: None,
            served_model: None,
        }
    }

    fn take(&mut self, json: &[u8], emit: Emit<'_>) -> Result<bool, ReadFault> {
        let chunk = match serde_json::from_slice::<Chunk<'_>>(json) {
            Ok(chunk) => chunk,
            // Some errors come wrapped in an array.
            Err(_other) => {
                return Err(match UpstreamFault::read(json) {
                    Some(fault) => ReadFault::Stated(fault),
                    None => ReadFault::Garbled("it is not an answer of this wire"),
                });
            }
        };
        if let Some(stated) = chunk.usage_metadata {
            self.stated = Some(stated);
        }
        if let Some(model) = chunk.model_version {
            self.served_model = Some(model);
        }
        // Beside an error nothing is an answer.
        let error = chunk.error.map(|error| error.get().as_bytes());
        if let Some(fault) = error.and_then(UpstreamFault::of_value) {
            return Err(ReadFault::Stated(fault));
        }
        let candidates = chunk.candidates.unwrap_or_default();
        let mut says_anything = !candidates.is_empty();
        for candidate in candidates {
            self.candidate(candidate, emit)?;
        }
        let feedback = chunk.prompt_feedback.unwrap_or_default();
        if feedback
            .block_reason
            .is_some_and(|reason| is_reason(&reason))
        {
            says_anything = true;
            self.block(emit);
        }
        Ok(says_anything)
    }

    /// The prompt is blocked: there is no answer at all.
    fn block(&mut self, emit: Emit<'_>) {
        for (choice, progress) in (0..).zip(&mut self.choices) {
            if !progress.is_finished {
                progress.is_finished = true;
                let why = Finish::Filtered;
                emit(Event::Finish { choice, why });
            }
        }
    }

    fn candidate(&mut self, candidate: Candidate<'_>, emit: Emit<'_>) -> Result<(), ReadFault> {
        let choice = candidate.index.unwrap_or(0);
        let index = usize::try_from(choice).unwrap_or(usize::MAX);
        if choice >= MOST_CHOICES {
            return Err(ReadFault::Garbled(
                "it has more answers than were asked for",
            ));
        }
        if index >= self.choices.len() {
            self.choices.resize_with(index + 1, Progress::default);
        }
        // What follows the end of an answer is not of it.
        if self
            .choices
            .get(index)
            .is_none_or(|known| known.is_finished)
        {
            return Ok(());
        }
        let parts = candidate.content.and_then(|content| content.parts);
        for piece in parts.unwrap_or_default() {
            self.piece(choice, index, piece, emit)?;
        }
        if let Some(json) = candidate.logprobs_result.as_ref().and_then(logprobs) {
            let json = Cow::Owned(json);
            emit(Event::Logprobs { choice, json });
        }
        let reason = candidate.finish_reason.filter(|reason| is_reason(reason));
        if let (Some(reason), Some(progress)) = (reason, self.choices.get_mut(index)) {
            progress.is_finished = true;
            let why = finish(&reason, progress, candidate.finish_message)?;
            emit(Event::Finish { choice, why });
        }
        Ok(())
    }

    fn piece(
        &mut self,
        choice: u32,
        index: usize,
        piece: Piece<'_>,
        emit: Emit<'_>,
    ) -> Result<(), ReadFault> {
        let signature = piece.thought_signature.filter(|text| !text.is_empty());
        if let Some(call) = piece.function_call {
            return self.call(choice, index, call, signature, emit);
        }
        let Some(progress) = self.choices.get_mut(index) else {
            return Ok(());
        };
        let text = piece.text.filter(|text| !text.is_empty());
        if let Some(text) = text {
            let is_thought = piece.thought == Some(true);
            progress.is_thinking = is_thought;
            let text = Cow::Owned(text);
            if is_thought {
                emit(Event::Thought { choice, text });
            } else {
                progress.has_spoken = true;
                self.has_spoken = true;
                emit(Event::Text { choice, text });
            }
        }
        // A signature of the text alone need not come back, so nobody has to keep it.
        if let Some(signature) = signature.filter(|_| progress.is_thinking) {
            let signature = Cow::Owned(Maker::Google.mark(&signature));
            emit(Event::Signature { choice, signature });
        }
        Ok(())
    }

    /// Calls come whole.
    fn call(
        &mut self,
        choice: u32,
        index: usize,
        call: FunctionCall<'_>,
        seal: Option<String>,
        emit: Emit<'_>,
    ) -> Result<(), ReadFault> {
        let Some(progress) = self.choices.get_mut(index) else {
            return Ok(());
        };
        let named = call.name.filter(|name| !name.is_empty());
        let Some(name) = named else {
            return Err(ReadFault::Garbled("a function call has no name"));
        };
        let stated = call.id.filter(|id| !id.is_empty());
        let id = stated.unwrap_or_else(|| format!("{}{}", self.call_prefix, self.calls));
        let number = progress.calls;
        progress.calls = progress.calls.saturating_add(1);
        progress.has_spoken = true;
        progress.is_thinking = false;
        self.calls = self.calls.saturating_add(1);
        self.has_spoken = true;
        emit(Event::Call {
            choice,
            call: number,
            id: id.into(),
            name: name.into(),
            seal: seal.map(|seal| Cow::Owned(Maker::Google.mark(&seal))),
        });
        emit(Event::Arguments {
            choice,
            call: number,
            json: arguments(call.args).into(),
        });
        Ok(())
    }
}

impl Reader for GeminiReader {
    fn frame(&mut self, frame: &Frame<'_>, emit: Emit<'_>) -> Result<(), ReadFault> {
        let json = if frame.data.is_empty() {
            // Errors may stand in the stream as they are, outside of any event.
            frame.raw.trim_ascii()
        } else {
            frame.data.trim_ascii()
        };
        match json.first() {
            // Proxies mark the end as other wires do.
            _ if is_done(json) => Ok(()),
            Some(b'{' | b'[') => self.take(json, emit).map(drop),
            _ if frame.data.is_empty() => Ok(()),
            _ => Err(ReadFault::Garbled("an event is not a JSON object")),
        }
    }

    fn whole(&mut self, body: &[u8], emit: Emit<'_>) -> Result<(), ReadFault> {
        if !self.take(body, emit)? {
            return Err(ReadFault::Garbled("it has no candidates"));
        }
        // What is here is all there is, with a reason for its end or without.
        for (choice, progress) in (0..).zip(&mut self.choices) {
            if !progress.is_finished && progress.has_spoken {
                progress.is_finished = true;
                let why = stop(progress);
                emit(Event::Finish { choice, why });
            }
        }
        Ok(())
    }

    /// Nothing marks the end of this wire's streams; they just end.
    fn is_over(&self) -> bool {
        false
    }

    fn is_complete(&self) -> bool {
        self.choices.iter().all(|progress| progress.is_finished)
    }

    /// The counts are those so far, so the last ones stand.
    fn usage(&self) -> Option<Usage> {
        usage(self.stated.as_ref()?, self.has_spoken)
    }

    fn served_model(&self) -> Option<&str> {
        self.served_model.as_deref()
    }

    fn served_tier(&self) -> Option<&str> {
        self.stated.as_ref()?.service_tier.as_deref()
    }
}

/// Whether a reason is stated; the wire has a word for "none".
fn is_reason(reason: &str) -> bool {
    !reason.is_empty() && !reason.ends_with("_UNSPECIFIED")
}

/// There is no reason of its own for calls.
fn stop(progress: &Progress) -> Finish {
    if progress.calls > 0 {
        Finish::Calls
    } else {
        Finish::Stop
    }
}

/// Why an answer is over. A model that failed to answer has answered all the same if there
/// is anything of it; if there is nothing, that is the provider's fault.
fn finish(reason: &str, progress: &Progress, message: Option<String>) -> Result<Finish, ReadFault> {
    match reason {
        "STOP" => Ok(stop(progress)),
        "MAX_TOKENS" | "CONTINUATION" => Ok(Finish::Length),
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "LANGUAGE"
        | "ESCALATION"
        | "NO_IMAGE"
        | "PUP_LIMITED_DISABLED" => Ok(Finish::Filtered),
        _ if reason.starts_with("IMAGE_") => Ok(Finish::Filtered),
        _ if progress.has_spoken => Ok(stop(progress)),
        _ => Err(ReadFault::Stated(UpstreamFault {
            message: message.unwrap_or_else(|| "The model gave no answer.".to_owned()),
            code: None,
            kind: Some(reason.to_owned()),
        })),
    }
}

/// The arguments without the blanks that the provider prints between them.
fn arguments(args: Option<&RawValue>) -> String {
    let text = args.map_or("{}", RawValue::get);
    if text == "null" {
        return "{}".to_owned();
    }
    let (mut out, mut in_string, mut escaped) = (String::with_capacity(text.len()), false, false);
    for character in text.chars() {
        if in_string {
            in_string = character != '"' || escaped;
            escaped = character == '\\' && !escaped;
        } else if character.is_ascii_whitespace() {
            continue;
        } else {
            in_string = character == '"';
        }
        out.push(character);
    }
    out
}
