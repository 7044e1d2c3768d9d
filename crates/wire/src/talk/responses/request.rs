//! The top level of a request.

use super::{input, options, tools};
use crate::{
    chat::{
        RequestFault,
        request::{
            SERVICE_TIERS,
            check::{self, Checked, Path, ROOT},
        },
    },
    json::{Cursor, Kind},
    talk::{CacheLife, Part, Request, Talk},
};

/// More top-level fields than this are refused: nobody needs them, and looking for
/// duplicates takes time.
const MAX_FIELDS: usize = 256;
/// Fields that may nest, and that an answer repeats.
const REPEATED: &[&str] = &["tools", "tool_choice", "text", "reasoning"];
const MAX_FALLBACKS: usize = 8;
const MAX_OUTPUT_TOKENS: u32 = 1 << 31;

/// A request that may be let in.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// What is asked, apart from what only a provider of this wire understands.
    pub request: Request,
    /// Bytes that a provider of this wire may tokenise beside the conversation's: fields
    /// that are not known here, and what is native only.
    pub extra_bytes: u64,
    /// Whether a provider of this wire is asked to cache the prompt for long.
    pub long_cache: bool,
    /// The first thing in it that no other wire can carry, as a refusal: `None` where the
    /// request can be answered by any provider.
    pub native_only: Option<RequestFault>,
}

/// Reads a request that may be answered by a provider of this wire.
///
/// # Errors
/// The first thing wrong, worded for the customer; it is answered with status 400.
pub fn admit(body: &[u8]) -> Result<Admitted, RequestFault> {
    let text = std::str::from_utf8(body).map_err(|fault| {
        RequestFault::syntax(format!(
            "The request body is not valid UTF-8 (byte {}).",
            fault.valid_up_to()
        ))
    })?;
    let mut cursor = Cursor::new(body);
    match cursor.kind() {
        Kind::Object => {}
        Kind::Nothing if text.trim().is_empty() => {
            return Err(RequestFault::syntax(
                "The request body is empty: send a JSON object.",
            ));
        }
        Kind::Nothing => return Err(cursor.unexpected().into()),
        _ => {
            return Err(RequestFault::syntax(
                "The request body must be a JSON object.",
            ));
        }
    }
    let mut draft = Draft::default();
    if let Err(fault) = draft.read(&mut cursor) {
        return Err(broken(body).unwrap_or(fault));
    }
    cursor.end()?;
    draft.finish()
}

/// Reads a request that is to be answered by a provider of another wire.
///
/// # Errors
/// As for [`admit`]; what no other wire can carry is refused as well.
pub fn read(body: &[u8]) -> Result<Request, RequestFault> {
    let admitted = admit(body)?;
    match admitted.native_only {
        Some(fault) => Err(fault),
        None => Ok(admitted.request),
    }
}

/// A body that is no JSON at all is refused as such, whatever else was wrong before the
/// break.
fn broken(body: &[u8]) -> Option<RequestFault> {
    let mut cursor = Cursor::new(body);
    let read = cursor.skip().and_then(|_| cursor.end());
    read.err().map(RequestFault::from)
}

/// An answer repeats some fields one level deeper than they are sent, and has to be
/// readable then.
fn repeatable(value: &[u8]) -> Checked {
    let deeper = [b"[[", value, b"]]"].concat();
    Cursor::new(&deeper).skip().map(drop).map_err(Into::into)
}

/// What no other wire can carry, as far as it has been seen.
#[derive(Debug, Default)]
pub(super) struct NativeOnly {
    first: Option<RequestFault>,
    bytes: u64,
}

impl NativeOnly {
    /// Takes note of something, and of the bytes that it takes.
    pub(super) fn note(&mut self, fault: RequestFault, json: &[u8]) {
        self.first.get_or_insert(fault);
        self.weigh(json);
    }

    fn weigh(&mut self, json: &[u8]) {
        let length = u64::try_from(json.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(length);
    }
}

/// What has been read so far.
#[derive(Debug, Default)]
struct Draft {
    model: Option<String>,
    fallbacks: Vec<String>,
    metadata: Option<String>,
    service_tier: Option<&'static str>,
    instructions: Option<String>,
    input: Option<input::Input>,
    choice: Option<tools::Choice>,
    identifier: Option<String>,
    has_stream_options: bool,
    wants_logprobs: bool,
    top_logprobs: Option<u32>,
    talk: Talk,
    long_cache: bool,
    native: NativeOnly,
}

impl Draft {
    /// Reads the whole object.
    fn read(&mut self, cursor: &mut Cursor<'_>) -> Checked {
        let mut names = Vec::with_capacity(16);
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            let Some(name) = key.decode() else {
                return Err(RequestFault::syntax("A field name holds a broken escape."));
            };
            if names.len() == MAX_FIELDS {
                return Err(RequestFault::syntax(format!(
                    "The request has more than {MAX_FIELDS} fields."
                )));
            }
            let at = Path::Field(&ROOT, &name);
            if names.contains(&name) {
                return Err(RequestFault::duplicate(&at));
            }
            if !cursor.null()? {
                let start = cursor.pos();
                self.field(&name, cursor, &at)?;
                if REPEATED.contains(&&*name) {
                    repeatable(cursor.since(start))?;
                }
            }
            names.push(name);
        }
        Ok(())
    }

    fn field(&mut self, name: &str, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        let talk = &mut self.talk;
        match name {
            "model" => self.model = Some(check::model_id(cursor, at)?.into_owned()),
            "models" | "fallbacks" => {
                let fallbacks = &mut self.fallbacks;
                check::items(cursor, at, MAX_FALLBACKS, |cursor, at| {
                    fallbacks.push(check::model_id(cursor, at)?.into_owned());
                    Ok(())
                })?;
            }
            "input" => self.input = Some(input::read(cursor, at, &mut self.native)?),
            "instructions" => self.instructions = Some(options::string(cursor, at)?),
            "tools" => talk.tools = tools::read(cursor, at, &mut self.native)?,
            "tool_choice" => self.choice = Some(tools::choice(cursor, at, &mut self.native)?),
            "parallel_tool_calls" => talk.parallel_calls = Some(check::boolean(cursor, at)?),
            "max_output_tokens" => {
                talk.output_limit = Some(check::count(cursor, at, MAX_OUTPUT_TOKENS)?.into());
            }
            "reasoning" => talk.effort = options::reasoning(cursor, at)?,
            "text" => (talk.format, talk.verbosity) = options::text(cursor, at)?,
            "temperature" => {
                talk.sampling.temperature = Some(options::number(cursor, at, 2.0)?);
            }
            "top_p" => talk.sampling.top_p = Some(options::number(cursor, at, 1.0)?),
            "top_logprobs" => {
                let most = check::integer(cursor, at, 0..=20)?;
                self.top_logprobs = u32::try_from(most).ok();
            }
            "include" => self.wants_logprobs = options::include(cursor, at)?.logprobs,
            "metadata" => self.metadata = Some(options::metadata(cursor, at)?),
            "user" => talk.user = Some(check::short_text(cursor, at, 512)?.into_owned()),
            "safety_identifier" => {
                self.identifier = Some(check::short_text(cursor, at, 128)?.into_owned());
            }
            "stream" => talk.stream = check::boolean(cursor, at)?,
            "stream_options" => {
                check::object(cursor, at)?;
                self.has_stream_options = true;
            }
            _ => return self.aside(name, cursor, at),
        }
        Ok(())
    }

    /// Fields that are checked and leave nothing in the conversation.
    fn aside(&mut self, name: &str, cursor: &mut Cursor<'_>, at: &Path<'_>) -> Checked {
        match name {
            "store" => check::boolean(cursor, at).map(drop),
            "truncation" => check::word(cursor, at, &["auto", "disabled"]).map(drop),
            "service_tier" => {
                self.service_tier = Some(check::word(cursor, at, SERVICE_TIERS)?);
                Ok(())
            }
            "max_tool_calls" => check::count(cursor, at, u32::MAX).map(drop),
            "prompt_cache_key" => check::short_text(cursor, at, 1024).map(drop),
            "prompt_cache_retention" => check::text(cursor, at).map(drop),
            "prompt_cache_options" => {
                let life = options::cache_life(cursor, at)?;
                self.long_cache = life == Some(CacheLife::Long);
                Ok(())
            }
            "sim" => check::object(cursor, at),
            "background" => {
                if check::boolean(cursor, at)? {
                    return Err(options::keeps_no_state(at));
                }
                Ok(())
            }
            "previous_response_id" | "conversation" | "prompt" => {
                cursor.skip()?;
                Err(options::keeps_no_state(at))
            }
            _ => {
                self.native.weigh(cursor.skip()?);
                Ok(())
            }
        }
    }

    /// Applies the rules between fields.
    fn finish(mut self) -> Checked<Admitted> {
        let missing = |name| Err(RequestFault::missing(&Path::Field(&ROOT, name)));
        let Some(model) = self.model else {
            return missing("model");
        };
        let Some(input) = self.input else {
            return missing("input");
        };
        if self.has_stream_options && !self.talk.stream {
            return Err(RequestFault::new(
                &Path::Field(&ROOT, "stream_options"),
                "invalid_value",
                "'stream_options' is only allowed together with 'stream': true.".into(),
            ));
        }
        let talk = &mut self.talk;
        let text = self.instructions.filter(|text| !text.is_empty());
        let instructions = text.map(|text| Part::Text { text, cache: None });
        talk.system = instructions.into_iter().chain(input.system).collect();
        talk.turns = input.turns;
        talk.answers = 1;
        talk.user = talk.user.take().or(self.identifier);
        talk.logprobs = match self.top_logprobs {
            None | Some(0) => self.wants_logprobs.then_some(0),
            some => some,
        };
        if let Some(choice) = self.choice {
            choice.apply(talk);
        }
        Ok(Admitted {
            request: Request {
                model,
                fallbacks: self.fallbacks,
                metadata: self.metadata,
                service_tier: self.service_tier,
                wants_usage: true,
                talk: self.talk,
            },
            long_cache: self.long_cache,
            extra_bytes: self.native.bytes,
            native_only: self.native.first,
        })
    }
}
