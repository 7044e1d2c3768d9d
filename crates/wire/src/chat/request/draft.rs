//! Reads the top level of a request: which field goes where, and the rules between fields.

use std::borrow::Cow;

use super::{
    ChatRequest, Field, LimitField, RequestFault,
    check::{self, Checked, Path, ROOT},
    messages, options, tools,
};
use crate::json::Cursor;

/// More top-level fields than this are refused: nobody needs them, and looking for duplicates takes time.
const MAX_FIELDS: usize = 256;
const MAX_FALLBACKS: usize = 8;
const MAX_OUTPUT_TOKENS: u32 = 1 << 31;
/// OpenAI's words, and `standard`, as others call the default.
pub(crate) const SERVICE_TIERS: &[&str] = &[
    "auto", "default", "standard", "flex", "scale", "priority", "fast",
];

/// What has been read so far.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    model: Option<Cow<'a, str>>,
    fallbacks: Vec<Cow<'a, str>>,
    flags: Flags,
    include_usage: Option<bool>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    n: Option<u32>,
    service_tier: Option<&'static str>,
    user: Option<Cow<'a, str>>,
    tally: Tally,
    fields: Vec<Field<'a>>,
}

#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one body, not a state"
)]
struct Flags {
    messages: bool,
    tools: bool,
    stream: bool,
    logprobs: bool,
    top_logprobs: bool,
}

/// Sums over all messages and tools, and the bytes of everything tokenised.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) prompt_bytes: u64,
    pub(super) media_bytes: u64,
    pub(super) images: u32,
    pub(super) audio_bytes: u64,
    pub(super) file_bytes: u64,
    pub(super) long_cache: bool,
}

/// What a field means for the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A provider tokenises it.
    Prompt,
    /// It only steers the call.
    Control,
}

impl<'a> Draft<'a> {
    /// Reads the whole object.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'a>) -> Checked {
        self.fields.reserve(16);
        cursor.open_object()?;
        while let Some(key) = cursor.member()? {
            let (key_start, value) = (cursor.key_start(), cursor.pos());
            let Some(name) = key.decode() else {
                return Err(RequestFault::syntax("A field name holds a broken escape."));
            };
            if self.fields.len() == MAX_FIELDS {
                return Err(RequestFault::syntax(format!(
                    "The request has more than {MAX_FIELDS} fields."
                )));
            }
            let at = Path::Field(&ROOT, &name);
            if self.fields.iter().any(|field| field.name == name) {
                return Err(RequestFault::duplicate(&at));
            }
            if !cursor.null()? {
                self.value(&name, cursor, &at)?;
            }
            self.fields.push(Field {
                name,
                key: key_start,
                value,
                end: cursor.pos(),
            });
        }
        Ok(())
    }

    fn value(&mut self, name: &str, cursor: &mut Cursor<'a>, at: &Path<'_>) -> Checked {
        let start = cursor.pos();
        if self.known(name, cursor, at)? == Meaning::Prompt {
            self.tally.prompt_bytes += length(cursor.since(start));
        }
        Ok(())
    }

    fn known(&mut self, name: &str, cursor: &mut Cursor<'a>, at: &Path<'_>) -> Checked<Meaning> {
        match name {
            "model" => self.model = Some(check::model_id(cursor, at)?),
            "messages" => {
                self.flags.messages = true;
                messages::check(cursor, at, &mut self.tally)?;
                return Ok(Meaning::Prompt);
            }
            "tools" => {
                self.flags.tools |= tools::check(cursor, at, &mut self.tally)? > 0;
                return Ok(Meaning::Prompt);
            }
            "functions" => {
                self.flags.tools |= tools::functions(cursor, at)? > 0;
                return Ok(Meaning::Prompt);
            }
            "models" | "fallbacks" => {
                let fallbacks = &mut self.fallbacks;
                check::items(cursor, at, MAX_FALLBACKS, |cursor, at| {
                    fallbacks.push(check::model_id(cursor, at)?);
                    Ok(())
                })?;
            }
            "stream" => self.flags.stream = check::boolean(cursor, at)?,
            "stream_options" => self.include_usage = Some(options::stream(cursor, at)?),
            "max_tokens" => self.max_tokens = Some(check::count(cursor, at, MAX_OUTPUT_TOKENS)?),
            "max_completion_tokens" => {
                self.max_completion_tokens = Some(check::count(cursor, at, MAX_OUTPUT_TOKENS)?);
            }
            "n" => self.n = Some(check::count(cursor, at, 128)?),
            "logprobs" => self.flags.logprobs = check::boolean(cursor, at)?,
            "top_logprobs" => {
                check::integer(cursor, at, 0..=20)?;
                self.flags.top_logprobs = true;
            }
            "service_tier" => self.service_tier = Some(check::word(cursor, at, SERVICE_TIERS)?),
            "user" => self.user = Some(check::short_text(cursor, at, 512)?),
            "prompt_cache_options" => self.tally.long_cache |= options::cache_hint(cursor, at)?,
            _ => return options::check(name, cursor, at),
        }
        Ok(Meaning::Control)
    }

    /// Applies the rules between fields.
    pub(super) fn finish(self, body: &'a str) -> Checked<ChatRequest<'a>> {
        let missing = |name| Err(RequestFault::missing(&Path::Field(&ROOT, name)));
        let Some(model) = self.model else {
            return missing("model");
        };
        if !self.flags.messages {
            return missing("messages");
        }
        if self.include_usage.is_some() && !self.flags.stream {
            return Err(RequestFault::new(
                &Path::Field(&ROOT, "stream_options"),
                "invalid_value",
                "'stream_options' is only allowed together with 'stream': true.".into(),
            ));
        }
        if self.flags.top_logprobs && !self.flags.logprobs {
            return Err(RequestFault::new(
                &Path::Field(&ROOT, "top_logprobs"),
                "invalid_value",
                "'top_logprobs' is only allowed together with 'logprobs': true.".into(),
            ));
        }
        let (max_output_tokens, limit_field) = match (self.max_tokens, self.max_completion_tokens) {
            (Some(_), Some(_)) => {
                return Err(RequestFault::new(
                    &Path::Field(&ROOT, "max_tokens"),
                    "invalid_parameter_combination",
                    "'max_tokens' and 'max_completion_tokens' exclude each other: send one of them.".into(),
                ));
            }
            (Some(limit), None) => (Some(limit), Some(LimitField::MaxTokens)),
            (None, Some(limit)) => (Some(limit), Some(LimitField::MaxCompletionTokens)),
            (None, None) => (None, None),
        };
        let mut request = ChatRequest {
            model,
            fallbacks: self.fallbacks,
            stream: self.flags.stream,
            include_usage: self.include_usage.unwrap_or_default(),
            max_output_tokens,
            limit_field,
            n: self.n.unwrap_or(1),
            prompt_bytes: self
                .tally
                .prompt_bytes
                .saturating_sub(self.tally.media_bytes),
            images: self.tally.images,
            audio_bytes: self.tally.audio_bytes,
            file_bytes: self.tally.file_bytes,
            has_tools: self.flags.tools,
            long_cache: self.tally.long_cache,
            service_tier: self.service_tier,
            user: self.user,
            metadata: None,
            body,
            fields: self.fields,
        };
        request.metadata = request.field("metadata");
        Ok(request)
    }
}

/// A length as the counters hold it.
pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
