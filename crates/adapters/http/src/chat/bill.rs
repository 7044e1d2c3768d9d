use vuzo_application::chat::{Bill, CutReason};
use vuzo_wire::chat::completion::Finish;

/// The bill as it is written.
pub(crate) struct Texts {
    generation: String,
    amount: String,
}

impl Texts {
    pub(crate) fn of(bill: &Bill) -> Self {
        Self {
            generation: bill.generation.to_string(),
            amount: bill.currency.format(bill.amount),
        }
    }

    pub(crate) fn finish<'t>(&'t self, bill: &'t Bill) -> Finish<'t> {
        Finish {
            generation_id: &self.generation,
            amount: &self.amount,
            currency: bill.currency.code(),
            model: None,
            completion_tokens: bill.completion_tokens,
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
