//! How much a model is told to think.

use super::super::super::{Effort, Part, Role, Talk};
use super::blocks::own;
use super::{Options, refusal};
use crate::chat::RequestFault;

/// The least that may be thought.
const LEAST: u64 = 1_024;

/// What the request says of thinking.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Thinking {
    /// Nothing.
    Unsaid,
    /// Not at all.
    Off,
    /// As the model likes, trying so hard.
    Adaptive(Option<String>),
    /// At most so many tokens.
    Budget(u64),
}

impl Thinking {
    pub(super) fn is_on(&self) -> bool {
        matches!(self, Self::Adaptive(_) | Self::Budget(_))
    }

    pub(super) fn json(&self) -> Option<String> {
        match self {
            Self::Unsaid => None,
            Self::Off => Some(r#"{"type":"disabled"}"#.to_owned()),
            Self::Adaptive(_) => Some(r#"{"type":"adaptive","display":"summarized"}"#.to_owned()),
            Self::Budget(tokens) => {
                Some(format!(r#"{{"type":"enabled","budget_tokens":{tokens}}}"#))
            }
        }
    }

    pub(super) fn effort(&self) -> Option<&str> {
        match self {
            Self::Adaptive(effort) => effort.as_deref(),
            _ => None,
        }
    }
}

/// Decides what to say, by what the model takes.
pub(super) fn of(
    talk: &Talk,
    options: &Options<'_>,
    limit: u64,
    forces_tools: bool,
) -> Result<Thinking, RequestFault> {
    let can = options.can;
    let Some(effort) = &talk.effort else {
        return Ok(Thinking::Unsaid);
    };
    let is_off = match effort {
        Effort::Off => true,
        Effort::Level(level) => level == "none",
        Effort::Budget(_) | Effort::Adaptive => false,
    };
    if is_off {
        // Who cannot be told to stop, or never begins by itself, is told nothing.
        let takes_it = can("adaptive_thinking") && !can("always_thinks");
        return Ok(if takes_it {
            Thinking::Off
        } else {
            Thinking::Unsaid
        });
    }
    if !can("reasoning") {
        return Err(refusal(
            "reasoning_effort",
            "'reasoning_effort' is not supported by this model: leave it out or send 'none'."
                .to_owned(),
        ));
    }
    if can("adaptive_thinking") {
        return Ok(Thinking::Adaptive(word(effort)));
    }
    // Such a model does not think where it is told which tool to call, nor in the middle
    // of calls whose thoughts are lost.
    if forces_tools || !remembers_thoughts(talk) {
        return Ok(Thinking::Unsaid);
    }
    Ok(budget(tokens(effort), limit).map_or(Thinking::Unsaid, Thinking::Budget))
}

/// The wire's word for how hard to try.
fn word(effort: &Effort) -> Option<String> {
    match effort {
        Effort::Level(level) if level == "minimal" => Some("low".to_owned()),
        Effort::Level(level) => Some(level.clone()),
        Effort::Budget(0..=2_048) => Some("low".to_owned()),
        Effort::Budget(..=8_192) => Some("medium".to_owned()),
        Effort::Budget(_) => Some("high".to_owned()),
        Effort::Adaptive | Effort::Off => None,
    }
}

/// The budget of a model that takes no words.
fn tokens(effort: &Effort) -> u64 {
    match effort {
        Effort::Budget(tokens) => *tokens,
        Effort::Level(level) => match level.as_str() {
            "minimal" | "low" => 1_024,
            "high" => 4_096,
            "xhigh" => 8_192,
            "max" => 16_384,
            _ => 2_048,
        },
        Effort::Adaptive | Effort::Off => 2_048,
    }
}

/// Thoughts count towards the output limit, which is what money is held for: they get
/// what leaves room for an answer, or none where that is too little.
fn budget(wanted: u64, limit: u64) -> Option<u64> {
    let room = limit - limit / 4;
    let budget = wanted.max(LEAST).min(room);
    (budget >= LEAST && budget < limit).then_some(budget)
}

/// Whether the calls that are being answered stand with the thoughts that led to them.
fn remembers_thoughts(talk: &Talk) -> bool {
    let awaits_results =
        |parts: &[Part]| parts.iter().any(|part| matches!(part, Part::Result { .. }));
    let last = talk.turns.iter().rev().find(|turn| turn.role == Role::User);
    if !last.is_some_and(|turn| awaits_results(&turn.parts)) {
        return true;
    }
    let calls = talk
        .turns
        .iter()
        .rev()
        .find(|turn| turn.role == Role::Assistant);
    calls.is_none_or(|turn| {
        let mut seals = turn.parts.iter().filter_map(|part| match part {
            Part::Thought { signature, .. } => signature.as_deref(),
            Part::SealedThought { data } => Some(data.as_str()),
            _ => None,
        });
        seals.any(|seal| own(seal).is_some())
    })
}
