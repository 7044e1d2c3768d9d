use serde::Serialize;
use vuzo_application::chat::{Bill, CutReason};
use vuzo_wire::chat::completion::Finish;

/// The bill as it is written.
pub(crate) struct Texts {
    generation: String,
    amount: String,
    /// Counts for an answer that states none, as members of a JSON object.
    counts: Option<String>,
}

impl Texts {
    pub(crate) fn of(bill: &Bill) -> Self {
        Self {
            generation: bill.generation.to_string(),
            amount: bill.currency.format(bill.amount),
            counts: None,
        }
    }

    /// Puts these counts into an answer that states none: they are what was charged for.
    pub(super) fn or_counts(mut self, counts: &impl serde::Serialize) -> Self {
        let json = serde_json::to_string(counts).unwrap_or_default();
        let members = json
            .strip_prefix('{')
            .and_then(|json| json.strip_suffix('}'));
        self.counts = members.map(ToOwned::to_owned);
        self
    }

    pub(crate) fn finish<'t>(&'t self, bill: &'t Bill) -> Finish<'t> {
        Finish {
            generation_id: &self.generation,
            amount: &self.amount,
            currency: bill.currency.code(),
            model: None,
            completion_tokens: bill.completion_tokens,
            counts: self.counts.as_deref(),
        }
    }
}

/// What the customer pays for, counted or estimated, as OpenAI's chat wire counts.
#[derive(Serialize)]
pub(super) struct Counts {
    #[serde(rename = "prompt_tokens")]
    prompt: u64,
    #[serde(rename = "completion_tokens", skip_serializing_if = "Option::is_none")]
    completion: Option<u64>,
    #[serde(rename = "total_tokens")]
    total: u64,
}

impl Counts {
    pub(super) fn of(bill: &Bill) -> Self {
        Self {
            prompt: bill.consumption.prompt_tokens(),
            completion: Some(bill.consumption.completion_tokens()),
            total: bill.consumption.total_tokens(),
        }
    }

    /// The same for answers without a completion.
    pub(super) fn of_prompt(bill: &Bill) -> Self {
        Self {
            completion: None,
            ..Self::of(bill)
        }
    }
}

/// Why a stream was cut, in a word for programs.
pub(super) const fn word(reason: CutReason) -> &'static str {
    match reason {
        CutReason::Funds => "insufficient_credits",
        CutReason::Time => "time_limit",
    }
}

/// The content types that all dialects share.
pub(super) const fn content_type(stream: bool) -> &'static str {
    if stream {
        "text/event-stream; charset=utf-8"
    } else {
        "application/json"
    }
}

/// An event with its name, as Anthropic's wire and the responses have them.
pub(super) fn named_event(name: &str, data: &impl serde::Serialize) -> bytes::Bytes {
    let mut out = format!("event: {name}\ndata: ").into_bytes();
    out.extend(serde_json::to_vec(data).unwrap_or_default());
    out.extend_from_slice(b"\n\n");
    out.into()
}

#[cfg(test)]
pub(super) mod sample {
    use vuzo_application::chat::Bill;
    use vuzo_domain::id::GenerationId;
    use vuzo_domain::money::{Currency, Units};
    use vuzo_domain::usage::Consumption;

    pub(crate) const ID: &str = "gen_00000000000000000000000000000007";
    pub(crate) const COST: &str = r#""cost":0.00014,"cost_details":{"amount":"0.00014","currency":"USD","generation_id":"gen_00000000000000000000000000000007"}"#;

    /// A bill of 0.00014 US dollars.
    pub(crate) fn bill() -> Bill {
        Bill {
            generation: GenerationId::from_uuid(uuid::Uuid::from_u128(7)),
            amount: Units(140_000),
            currency: Currency::USD,
            model: "gpt-4o".to_owned(),
            completion_tokens: None,
            consumption: Consumption {
                input: 9,
                output: 2,
                ..Consumption::default()
            },
        }
    }
}
