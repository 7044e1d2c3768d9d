//! What happens in an answer, whatever wire it came in, and who reads and writes it.

use std::{borrow::Cow, fmt};

use super::{Answer, Usage};
use crate::{error::UpstreamFault, sse::Frame};

/// Something that happens in an answer.
///
/// A whole answer is the same sequence, all at once. Texts are pieces: those of one kind
/// that follow each other belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// The model speaks.
    Text {
        /// In which of the answers.
        choice: u32,
        /// A piece of the text.
        text: Cow<'a, str>,
    },
    /// The model refuses.
    Refusal {
        /// In which of the answers.
        choice: u32,
        /// A piece of the text.
        text: Cow<'a, str>,
    },
    /// The model thinks, and shows it.
    Thought {
        /// In which of the answers.
        choice: u32,
        /// A piece of the thought.
        text: Cow<'a, str>,
    },
    /// The thought that has just been shown is signed.
    Signature {
        /// In which of the answers.
        choice: u32,
        /// To be given back to its provider, which it names.
        signature: Cow<'a, str>,
    },
    /// The model thinks, and nothing of it is shown.
    SealedThought {
        /// In which of the answers.
        choice: u32,
        /// To be given back to its provider, which it names.
        data: Cow<'a, str>,
    },
    /// The model begins to call a tool.
    Call {
        /// In which of the answers.
        choice: u32,
        /// The number of the call in its answer, dense from 0.
        call: u32,
        /// The id that the result must name; never empty.
        id: Cow<'a, str>,
        /// Which tool.
        name: Cow<'a, str>,
        /// What its provider, which it names, wants to see again with it.
        seal: Option<Cow<'a, str>>,
    },
    /// A piece of a call's arguments.
    Arguments {
        /// In which of the answers.
        choice: u32,
        /// The number of the call.
        call: u32,
        /// A piece of the JSON text.
        json: Cow<'a, str>,
    },
    /// Token probabilities of the text that has just been said: OpenAI's `logprobs` object.
    Logprobs {
        /// In which of the answers.
        choice: u32,
        /// The JSON text.
        json: Cow<'a, str>,
    },
    /// An answer is over.
    Finish {
        /// Which.
        choice: u32,
        /// Why.
        why: Finish,
    },
}

/// Why an answer is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// The model has said everything.
    Stop,
    /// The model came to a text that ends the answer.
    StopSequence(String),
    /// The output limit is reached.
    Length,
    /// The model waits for the results of its calls.
    Calls,
    /// The answer was withheld.
    Filtered,
}

impl Event<'_> {
    /// Bytes that a provider bills as output: text, thoughts and arguments.
    pub fn output_bytes(&self) -> u64 {
        let length = match self {
            Self::Text { text, .. } | Self::Refusal { text, .. } | Self::Thought { text, .. } => {
                text.len()
            }
            Self::Call { name, .. } => name.len(),
            Self::Arguments { json, .. } => json.len(),
            Self::Signature { .. }
            | Self::SealedThought { .. }
            | Self::Logprobs { .. }
            | Self::Finish { .. } => 0,
        };
        u64::try_from(length).unwrap_or(u64::MAX)
    }
}

/// Why an answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadFault {
    /// The provider reports an error inside its answer.
    Stated(UpstreamFault),
    /// It is not what the wire knows; the sentence says what.
    Garbled(&'static str),
}

impl fmt::Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stated(fault) => f.write_str(&fault.message),
            Self::Garbled(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ReadFault {}

/// Reads the answers of one provider's wire. One reader reads one answer.
pub trait Reader: Send {
    /// Takes one event of a stream and tells what happens in it.
    ///
    /// # Errors
    /// The provider reports an error, or the event cannot be read. Nothing may follow.
    fn frame(
        &mut self,
        frame: &Frame<'_>,
        emit: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), ReadFault>;

    /// Takes a whole answer and tells everything that happens in it.
    ///
    /// # Errors
    /// As for [`Reader::frame`].
    fn whole(&mut self, body: &[u8], emit: &mut dyn FnMut(Event<'_>)) -> Result<(), ReadFault>;

    /// Whether the stream has come to its own end, after which nothing is to be expected.
    fn is_over(&self) -> bool;

    /// Whether every answer is finished, so that a closed connection loses nothing.
    fn is_complete(&self) -> bool;

    /// What the provider says that the answer took, as far as it has said it.
    fn usage(&self) -> Option<Usage>;

    /// The model that answers, by the provider's name.
    fn served_model(&self) -> Option<&str>;

    /// The class of service that was given, in the provider's word.
    fn served_tier(&self) -> Option<&str>;
}

/// Writes an answer in one dialect. One writer writes one answer.
pub trait Writer: Send {
    /// Takes note of the class of service, in anybody's word: first the one that is asked
    /// for, if it is not the standard one, then the one that was given. Dialects that do
    /// not tell it pass over it.
    fn served_tier(&mut self, _word: &str) {}

    /// Appends the frames of a stream that an event makes.
    ///
    /// What `Finish` makes belongs to the end: the caller keeps it back from then on.
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>);

    /// Appends what is missing of the content when every answer is over, or is cut short:
    /// what has begun is closed, and an answer without an end has reached its limit.
    fn close(&mut self, out: &mut Vec<u8>);

    /// The one frame that tells the usage, after `close`, in the dialect's place for it; the
    /// cost is added to it later. `None` where the dialect has none, or the customer did not
    /// ask. Without counts the frame leaves them out or states zeros, as the dialect wants.
    fn usage_frame(&mut self, usage: Option<&Usage>) -> Option<Vec<u8>>;

    /// A whole answer as a body.
    fn whole(&mut self, answer: &Answer, usage: Option<&Usage>) -> Vec<u8>;
}
