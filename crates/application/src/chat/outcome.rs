use core::time::Duration;

use bytes::Bytes;
use vuzo_domain::chat::{
    Attempt, AttemptStatus, CallRecord, CallStatus, UsageReport, typical_tokens,
};
use vuzo_domain::money::Units;
use vuzo_domain::port::{Answer, Settle};
use vuzo_domain::pricing::Receipt;
use vuzo_domain::usage::Consumption;
use vuzo_domain::wallet::{Charge, ProviderDebt};

use super::Bill;
use super::engine::Engine;
use super::hold::Held;
use super::tally::Tally;

/// What a call came to, before it is settled.
pub(super) struct Billed {
    consumption: Consumption,
    estimated: bool,
    receipt: Receipt,
    provider_cost: Units,
    served_model: Option<String>,
    pub(super) bill: Bill,
}

/// How a call ended.
pub(super) struct Ending {
    pub(super) status: CallStatus,
    pub(super) attempt: AttemptStatus,
    pub(super) fault: Option<String>,
    /// How long the provider took.
    pub(super) upstream: Duration,
    pub(super) first_token: Option<Duration>,
    /// What the customer got, where it is to be kept for replay.
    pub(super) answer: Option<Bytes>,
}

impl Billed {
    pub(super) fn total_tokens(&self) -> u64 {
        self.consumption.total_tokens()
    }
}

impl Engine {
    /// Prices what a provider reports; where it is silent, or tells what cannot be,
    /// what can be seen of the call is estimated. A call that is not `charged` costs
    /// the customer nothing, whatever the provider takes.
    pub(super) fn bill(&self, held: &Held, report: UsageReport, charged: bool) -> Billed {
        let quoted = &held.quoted;
        let (consumption, estimated) = consumption(held, &report);
        if estimated && charged {
            Tally::add(&self.tally.estimated);
        }
        let currency = quoted.quote.currency();
        let receipt = if charged && !quoted.is_test {
            quoted.quote.meter(&consumption)
        } else {
            Ok(Receipt::free(currency))
        };
        let receipt = receipt.unwrap_or_else(|overflow| {
            tracing::error!(call = %quoted.call.id, %overflow, "a call could not be priced");
            Receipt::free(currency)
        });
        let nothing_came = !charged && consumption.total_tokens() == 0;
        let provider_cost = if quoted.is_test || nothing_came {
            Units::ZERO
        } else {
            report
                .stated_cost
                .or_else(|| quoted.quote.provider_cost(&consumption).ok())
                .unwrap_or_default()
        };
        Billed {
            bill: Bill {
                generation: quoted.call.id,
                // What is beyond the hold is the operator's loss.
                amount: receipt.total.min(held.total),
                currency,
                model: quoted.model.clone(),
                completion_tokens: (!estimated).then(|| consumption.completion_tokens()),
            },
            consumption,
            estimated,
            receipt,
            provider_cost,
            served_model: report.served_model,
        }
    }

    /// The command that settles a call.
    pub(super) fn settlement(&self, held: &Held, billed: Billed, ending: Ending) -> Settle {
        let quoted = &held.quoted;
        let call = &quoted.call;
        let now = self.clock.now();
        let answer = ending
            .answer
            .zip(call.claim.as_ref())
            .map(|(body, claim)| Answer {
                call: call.id,
                request: claim.body,
                content_type: call.wire.content_type(call.envelope.stream).to_owned(),
                body,
            });
        let attempt = Attempt {
            provider: quoted.provider_id.clone(),
            model: quoted.upstream_model.clone(),
            status: ending.attempt,
            latency: ending.upstream,
            provider_cost: billed.provider_cost,
            fault: ending.fault,
        };
        let mut provider_debts = Vec::with_capacity(1);
        if billed.provider_cost.is_positive() {
            provider_debts.push(ProviderDebt {
                provider: quoted.provider_id.clone(),
                amount: billed.provider_cost,
                currency: quoted.quote.currency(),
            });
        }
        Settle {
            hold: held.hold.id,
            charge: Charge {
                amount: billed.receipt.total,
                provider_debts,
                description: quoted.model.clone(),
                at: now,
            },
            claim: call.claim.as_ref().map(|claim| (claim.key.clone(), answer)),
            record: CallRecord {
                id: call.id,
                account: call.caller.account.id,
                key: call.caller.key().map(|key| key.id),
                environment: call.caller.environment(),
                endpoint: call.envelope.endpoint,
                model: quoted.model.clone(),
                served_model: billed.served_model,
                provider: quoted.provider_id.clone(),
                stream: call.envelope.stream,
                status: ending.status,
                consumption: billed.consumption,
                estimated: billed.estimated,
                receipt: billed.receipt,
                provider_cost: billed.provider_cost,
                price_version: quoted.quote.version,
                rule: quoted.quote.rule(),
                held: held.total,
                attempts: vec![attempt],
                latency: call.begun.elapsed(),
                time_to_first_token: ending.first_token,
                metadata: call.envelope.metadata.clone(),
                created_at: call.created_at,
            },
        }
    }
}

/// What was consumed, and whether that is an estimate.
fn consumption(held: &Held, report: &UsageReport) -> (Consumption, bool) {
    let quoted = &held.quoted;
    let images = quoted.call.envelope.images;
    let told = report.consumption.and_then(|told| told.checked().ok());
    if let Some(told) = told {
        let images = told.images.max(images);
        return (Consumption { images, ..told }, false);
    }
    let input = quoted.call.envelope.typical_prompt_tokens();
    let estimate = Consumption {
        input: input.min(quoted.demand.most_input),
        output: typical_tokens(report.output_bytes),
        images,
        ..Consumption::default()
    };
    (estimate, true)
}

/// The report of a call of which nothing came.
pub(super) fn nothing_consumed() -> UsageReport {
    UsageReport {
        consumption: Some(Consumption::default()),
        ..UsageReport::default()
    }
}
