use core::time::Duration;

use serde_json::{Map, Value};
use vuzo_domain::chat::{FaultKind, ProviderFault};
use vuzo_domain::pricing::ServedTier;
use vuzo_wire::chat::Usage;

use super::MOST_TOKENS;

const LONGEST_DELAY_MS: u64 = 60_000;
/// All pauses of a stream together.
const LONGEST_STREAM_MS: u64 = 3_600_000;
const MOST_CHUNKS: u64 = 1_000_000;
const MOST_TOOL_CALLS: usize = 128;
const FINISH_REASONS: &[&str] = &[
    "stop",
    "length",
    "tool_calls",
    "content_filter",
    "function_call",
];

/// What the request's `sim` asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    pub(super) output_tokens: Option<u64>,
    pub(super) delay: Duration,
    pub(super) chunk_delay: Duration,
    pub(super) chunks: Option<u64>,
    pub(super) fail: Option<Failure>,
    pub(super) fail_after_chunks: u64,
    pub(super) tool_calls: Vec<ToolCall>,
    pub(super) usage: StatedUsage,
    pub(super) reasoning_tokens: u64,
    pub(super) finish_reason: Option<&'static str>,
    /// What is served, whatever was asked for.
    pub(super) service_tier: Option<ServedTier>,
}

/// A tool that the model is to call.
#[derive(Clone, Debug)]
pub(super) struct ToolCall {
    pub(super) name: String,
    /// JSON text.
    pub(super) arguments: String,
}

/// How the call is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    Connect,
    Timeout,
    RateLimited,
    ServerError,
    OurAccount,
    BadRequest,
    MidStream,
    Truncate,
    Garbage,
}

impl Failure {
    const NAMES: [(Self, &'static str); 9] = [
        (Self::Connect, "connect"),
        (Self::Timeout, "timeout"),
        (Self::RateLimited, "rate_limited"),
        (Self::ServerError, "server_error"),
        (Self::OurAccount, "our_account"),
        (Self::BadRequest, "bad_request"),
        (Self::MidStream, "mid_stream"),
        (Self::Truncate, "truncate"),
        (Self::Garbage, "garbage"),
    ];

    /// The fault, where the call fails before its answer begins.
    pub(super) fn at_once(self) -> Option<ProviderFault> {
        let (kind, message) = match self {
            Self::Connect => (FaultKind::Unreachable, "The provider could not be reached."),
            Self::Timeout => (FaultKind::TimedOut, "The provider did not answer in time."),
            Self::RateLimited => (
                FaultKind::RateLimited,
                "The provider is busy; try again soon.",
            ),
            Self::ServerError => (FaultKind::Failing, "The provider could not serve the call."),
            Self::OurAccount => (
                FaultKind::OurAccount,
                "The provider could not serve the call.",
            ),
            Self::BadRequest => (
                FaultKind::BadRequest {
                    status: 400,
                    param: Some("sim.fail".to_owned()),
                    code: Some("simulated".to_owned()),
                },
                "The provider does not take the request.",
            ),
            Self::MidStream | Self::Truncate | Self::Garbage => return None,
        };
        let mut fault = ProviderFault::new(kind, message).with_detail("simulated");
        if self == Self::RateLimited {
            fault.retry_after = Some(Duration::from_secs(1));
        }
        Some(fault)
    }

    /// The fault, where it fails later; `None` for an answer that just ends.
    pub(super) fn later(self) -> Option<ProviderFault> {
        let (kind, message) = match self {
            Self::MidStream => (
                FaultKind::Failing,
                "The provider failed in the middle of its answer.",
            ),
            Self::Garbage => (
                FaultKind::Garbled,
                "The provider's answer could not be understood.",
            ),
            _ => return None,
        };
        Some(ProviderFault::new(kind, message).with_detail("simulated"))
    }
}

/// What the answer says of its usage.
#[derive(Clone, Debug, Default)]
pub(super) enum StatedUsage {
    /// What was really said.
    #[default]
    Counted,
    /// Nothing.
    Missing,
    /// What the request wants it to say.
    Overridden(Box<Changes>),
}

/// Counts that replace those of the answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Changes {
    counts: Vec<(Count, u64)>,
    cost: Option<String>,
}

type Count = fn(&mut Usage) -> &mut Option<u64>;

const COUNTS: [(&str, Count); 7] = [
    ("prompt_tokens", |usage| &mut usage.prompt_tokens),
    ("completion_tokens", |usage| &mut usage.completion_tokens),
    ("total_tokens", |usage| &mut usage.total_tokens),
    ("cached_tokens", |usage| &mut usage.cached_tokens),
    ("cache_write_tokens", |usage| &mut usage.cache_write_tokens),
    ("reasoning_tokens", |usage| &mut usage.reasoning_tokens),
    ("audio_tokens", |usage| &mut usage.prompt_audio_tokens),
];

impl Changes {
    pub(super) fn apply(&self, usage: &mut Usage) {
        for (count, value) in &self.counts {
            *count(usage) = Some(*value);
        }
        usage.cost.clone_from(&self.cost);
    }

    fn zero() -> Self {
        Self {
            counts: COUNTS.iter().map(|(_, count)| (*count, 0)).collect(),
            cost: None,
        }
    }
}

impl Options {
    /// Reads the JSON text of `sim`.
    pub(super) fn read(text: Option<&str>) -> Result<Self, ProviderFault> {
        let mut options = Self {
            fail_after_chunks: 1,
            ..Self::default()
        };
        let Some(text) = text else { return Ok(options) };
        let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else {
            return Err(refuse("sim", "an object"));
        };
        for (name, value) in &members {
            if !value.is_null() {
                options.set(name, value)?;
            }
        }
        options.check_pauses()?;
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &Value) -> Result<(), ProviderFault> {
        let at = format!("sim.{name}");
        match name {
            "output_tokens" => self.output_tokens = Some(integer(value, &at, MOST_TOKENS)?),
            "delay_ms" => self.delay = millis(value, &at)?,
            "chunk_delay_ms" => self.chunk_delay = millis(value, &at)?,
            "chunks" => self.chunks = Some(integer(value, &at, MOST_CHUNKS)?.max(1)),
            "fail_after_chunks" => self.fail_after_chunks = integer(value, &at, MOST_CHUNKS)?,
            "reasoning" => self.reasoning_tokens = integer(value, &at, MOST_TOKENS)?,
            "fail" => self.fail = Some(failure(value, &at)?),
            "finish_reason" => self.finish_reason = Some(finish_reason(value, &at)?),
            "tool_calls" => self.tool_calls = tool_calls(value, &at)?,
            "usage" => self.usage = usage(value, &at)?,
            "service_tier" => self.service_tier = Some(served_tier(value, &at)?),
            _ => return Err(unknown(&at)),
        }
        Ok(())
    }

    /// The limit of tokens is that of the call, not of each answer.
    pub(super) fn check_answers(&self, count: u64) -> Result<(), ProviderFault> {
        let each = self
            .output_tokens
            .unwrap_or(0)
            .saturating_add(self.reasoning_tokens);
        if each.saturating_mul(count) > MOST_TOKENS {
            let expected = format!("at most {MOST_TOKENS} tokens for all answers together");
            return Err(refuse("sim.output_tokens", &expected));
        }
        Ok(())
    }

    fn check_pauses(&self) -> Result<(), ProviderFault> {
        let chunks = u128::from(self.chunks.unwrap_or(1));
        if self.chunk_delay.as_millis().saturating_mul(chunks) > u128::from(LONGEST_STREAM_MS) {
            return Err(refuse(
                "sim.chunk_delay_ms",
                "at most an hour for all chunks together",
            ));
        }
        Ok(())
    }
}

fn bad(at: &str, code: &str, message: String) -> ProviderFault {
    let kind = FaultKind::BadRequest {
        status: 400,
        param: Some(at.to_owned()),
        code: Some(code.to_owned()),
    };
    ProviderFault::new(kind, message)
}

fn refuse(at: &str, expected: &str) -> ProviderFault {
    bad(
        at,
        "invalid_value",
        format!("Invalid value for '{at}': expected {expected}."),
    )
}

fn unknown(at: &str) -> ProviderFault {
    let at: String = at.chars().take(100).collect();
    bad(
        &at,
        "unknown_parameter",
        format!("Unknown parameter: '{at}'."),
    )
}

fn integer(value: &Value, at: &str, most: u64) -> Result<u64, ProviderFault> {
    value
        .as_u64()
        .filter(|count| *count <= most)
        .ok_or_else(|| refuse(at, &format!("an integer from 0 to {most}")))
}

fn millis(value: &Value, at: &str) -> Result<Duration, ProviderFault> {
    integer(value, at, LONGEST_DELAY_MS).map(Duration::from_millis)
}

fn failure(value: &Value, at: &str) -> Result<Failure, ProviderFault> {
    let wanted = Failure::NAMES
        .iter()
        .find(|(_, name)| value.as_str() == Some(name));
    wanted.map(|(failure, _)| *failure).ok_or_else(|| {
        let known: Vec<_> = Failure::NAMES.iter().map(|(_, name)| *name).collect();
        refuse(at, &format!("one of {}", known.join(", ")))
    })
}

fn finish_reason(value: &Value, at: &str) -> Result<&'static str, ProviderFault> {
    let named = FINISH_REASONS
        .iter()
        .find(|reason| value.as_str() == Some(**reason));
    named
        .copied()
        .ok_or_else(|| refuse(at, &format!("one of {}", FINISH_REASONS.join(", "))))
}

fn served_tier(value: &Value, at: &str) -> Result<ServedTier, ProviderFault> {
    let served = value.as_str().and_then(ServedTier::from_word);
    served.ok_or_else(|| refuse(at, "the name of a service tier"))
}

fn tool_calls(value: &Value, at: &str) -> Result<Vec<ToolCall>, ProviderFault> {
    let expected = format!("an array of at most {MOST_TOOL_CALLS} calls");
    let calls = value
        .as_array()
        .filter(|calls| calls.len() <= MOST_TOOL_CALLS)
        .ok_or_else(|| refuse(at, &expected))?;
    (0_usize..)
        .zip(calls)
        .map(|(index, call)| tool_call(call, &format!("{at}[{index}]")))
        .collect()
}

fn tool_call(value: &Value, at: &str) -> Result<ToolCall, ProviderFault> {
    let members = members(value, at, &["name", "arguments"])?;
    let name = members
        .get("name")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| refuse(&format!("{at}.name"), "a name"))?;
    let arguments = match members.get("arguments") {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value @ Value::Object(_)) => value.to_string(),
        Some(_) => return Err(refuse(&format!("{at}.arguments"), "an object or JSON text")),
    };
    Ok(ToolCall {
        name: name.to_owned(),
        arguments,
    })
}

fn usage(value: &Value, at: &str) -> Result<StatedUsage, ProviderFault> {
    match value.as_str() {
        Some("missing") => return Ok(StatedUsage::Missing),
        Some("zero") => return Ok(StatedUsage::Overridden(Box::new(Changes::zero()))),
        Some(_) => return Err(refuse(at, "\"missing\", \"zero\" or an object")),
        None => {}
    }
    let names: Vec<&str> = COUNTS
        .iter()
        .map(|(name, _)| *name)
        .chain(["cost"])
        .collect();
    let mut changes = Changes::default();
    for (name, value) in members(value, at, &names)? {
        let at = format!("{at}.{name}");
        match COUNTS.iter().find(|(known, _)| known == name) {
            Some((_, count)) => changes
                .counts
                .push((*count, integer(value, &at, u64::MAX)?)),
            None => changes.cost = Some(cost(value, &at)?),
        }
    }
    Ok(StatedUsage::Overridden(Box::new(changes)))
}

fn cost(value: &Value, at: &str) -> Result<String, ProviderFault> {
    match value {
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) => Ok(text.clone()),
        _ => Err(refuse(at, "US dollars as a number or as text")),
    }
}

/// An object without other members than these.
fn members<'v>(
    value: &'v Value,
    at: &str,
    names: &[&str],
) -> Result<&'v Map<String, Value>, ProviderFault> {
    let members = value.as_object().ok_or_else(|| refuse(at, "an object"))?;
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(unknown(&format!("{at}.{name}"))),
        None => Ok(members),
    }
}
