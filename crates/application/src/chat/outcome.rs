use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use vuzo_domain::chat::{
    Attempt, AttemptStatus, CallRecord, CallStatus, ProviderFault, UsageReport, typical_tokens,
};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Answer, Settle};
use vuzo_domain::pricing::{Receipt, ServiceTier};
use vuzo_domain::usage::Consumption;
use vuzo_domain::wallet::{Charge, ProviderDebt};

use super::Bill;
use super::engine::Engine;
use super::hold::Held;
use super::quote::Quoted;
use super::tally::Tally;
use super::trail::cost_of_all;

/// What a call came to, before it is settled.
pub(super) struct Billed {
    consumption: Consumption,
    estimated: bool,
    receipt: Receipt,
    service_tier: Option<ServiceTier>,
    provider_cost: Units,
    pub(super) served_model: Option<String>,
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
        let hit = quoted.hit();
        if estimated && charged {
            Tally::add(&self.tally.estimated);
        }
        let currency = quoted.chosen().quote.currency();
        let metered = match hit {
            _ if !charged || quoted.is_test => {
                let tier = quoted.chosen().recorded_tier(&report);
                Ok((tier, Receipt::free(currency)))
            }
            Some(hit) => Ok((None, hit.receipt.clone())),
            None => self.meter(held, &report, &consumption),
        };
        let (service_tier, receipt) = metered.unwrap_or_else(|overflow| {
            tracing::error!(call = %quoted.call.id, %overflow, "a call could not be priced");
            (None, Receipt::free(currency))
        });
        let nothing_came = !charged && consumption.total_tokens() == 0;
        let provider_cost = if nothing_came || hit.is_some() {
            Units::ZERO
        } else {
            self.cost_of(held, &report)
        };
        // Whoever stood in for the model that was asked for is named.
        let stand_in = || {
            let is_another = quoted.stands_in() && charged;
            is_another.then(|| quoted.chosen().upstream_model.clone())
        };
        Billed {
            bill: Bill {
                generation: quoted.call.id,
                // What is beyond the hold is the operator's loss.
                amount: receipt.total.min(held.total),
                currency,
                model: quoted.chosen().model().id.as_str().to_owned(),
                completion_tokens: (!estimated).then(|| consumption.completion_tokens()),
                consumption,
            },
            // An answer that is given again consumes nothing, whatever it tells.
            consumption: hit.map_or(consumption, |_| Consumption::default()),
            estimated,
            receipt,
            service_tier,
            provider_cost,
            served_model: report.served_model.or_else(stand_in),
        }
    }

    /// What a provider is owed for what it reports: what it says itself, where that can
    /// be, or else what its prices make of the consumption.
    pub(super) fn cost_of(&self, held: &Held, report: &UsageReport) -> Units {
        let quoted = &held.quoted;
        if quoted.is_test {
            return Units::ZERO;
        }
        let (consumption, estimated) = consumption(held, report);
        let chosen = quoted.chosen();
        let tier = chosen.owed_tier(report);
        let computed = chosen.quote.provider_cost_in(tier, &consumption).ok();
        let Some(stated) = report.stated_cost else {
            return computed.unwrap_or_default();
        };
        if is_plausible(stated, computed) {
            if let Some(computed) =
                computed.filter(|computed| !estimated && differ(stated, *computed))
            {
                Tally::add(&self.tally.differing_costs);
                tracing::warn!(
                    call = %quoted.call.id,
                    provider = %quoted.chosen().provider_id,
                    model = quoted.chosen().upstream_model,
                    stated = stated.0,
                    computed = computed.0,
                    "a provider states another cost than its prices here come to; the stated one counts"
                );
            }
            return stated;
        }
        Tally::add(&self.tally.implausible_costs);
        tracing::error!(
            call = %quoted.call.id,
            provider = %quoted.chosen().provider_id,
            stated = stated.0,
            computed = computed.map(|cost| cost.0),
            "a provider states a cost that cannot be; the computed one counts"
        );
        computed.unwrap_or_default()
    }

    /// The command that settles a call.
    pub(super) fn settlement(&self, held: &mut Held, billed: Billed, ending: Ending) -> Settle {
        let Held {
            quoted,
            hold,
            total,
            trail,
            ..
        } = held;
        let currency = quoted.chosen().quote.currency();
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
        let mut attempts = trail.take_attempts();
        if quoted.hit().is_none() {
            attempts.reserve_exact(1);
            attempts.push(quoted.attempt(
                ending.attempt,
                ending.upstream,
                billed.provider_cost,
                ending.fault,
            ));
        }
        let provider_cost = cost_of_all(&attempts);
        let asked = quoted.asked();
        Settle {
            hold: hold.id,
            charge: Charge {
                amount: billed.receipt.total,
                provider_debts: debts(&attempts, currency),
                description: asked.as_str().to_owned(),
                at: now,
            },
            claim: call.claim.as_ref().map(|claim| (claim.key.clone(), answer)),
            record: CallRecord {
                id: call.id,
                account: call.caller.account.id,
                key: call.caller.key().map(|key| key.id),
                environment: call.caller.environment(),
                endpoint: call.envelope.endpoint,
                model: asked.as_str().to_owned(),
                served_model: billed.served_model,
                provider: quoted.chosen().provider_id.clone(),
                stream: call.envelope.stream,
                status: ending.status,
                consumption: billed.consumption,
                estimated: billed.estimated,
                receipt: billed.receipt,
                provider_cost,
                priced_as: quoted
                    .stands_in()
                    .then(|| quoted.chosen().model().id.clone()),
                cached_from: quoted.hit().map(|hit| hit.from),
                service_tier: billed.service_tier,
                price_version: quoted.chosen().quote.version,
                rule: quoted.chosen().quote.rule(),
                held: *total,
                attempts,
                latency: call.begun.elapsed(),
                time_to_first_token: ending.first_token,
                metadata: call.envelope.metadata.clone(),
                created_at: call.created_at,
            },
        }
    }
}

impl Quoted {
    /// Whether somebody else answers than the model that was asked for.
    fn stands_in(&self) -> bool {
        !Arc::ptr_eq(&self.route.asked, &self.chosen().entry)
    }

    /// What is on record of an attempt at whoever's turn it is.
    pub(super) fn attempt(
        &self,
        status: AttemptStatus,
        latency: Duration,
        provider_cost: Units,
        fault: Option<String>,
    ) -> Attempt {
        let chosen = self.chosen();
        Attempt {
            provider: chosen.provider_id.clone(),
            model: chosen.upstream_model.clone(),
            status,
            latency,
            provider_cost,
            fault,
            key: self.key_id().map(|key| key.to_string()),
        }
    }
}

/// What each provider is owed.
fn debts(attempts: &[Attempt], currency: Currency) -> Vec<ProviderDebt> {
    let mut debts = Vec::with_capacity(1);
    for attempt in attempts {
        if attempt.provider_cost.is_positive() {
            debts.push(ProviderDebt {
                provider: attempt.provider.clone(),
                amount: attempt.provider_cost,
                currency,
            });
        }
    }
    debts
}

/// A stated cost beyond ten times the computed one cannot be: prices do not change that
/// much, and other units than dollars are further off.
const MOST_OFF: i64 = 10;

/// Up to so much is believed all the same (two cents): what is paid by the piece, as a
/// search on the web, is in no count of tokens.
const ALWAYS_PLAUSIBLE: Units = Units(20_000_000);

/// Whether a provider can mean the cost that it states. Less than computed is: it knows
/// of discounts that we do not.
fn is_plausible(stated: Units, computed: Option<Units>) -> bool {
    let most = computed.unwrap_or_default().0.saturating_mul(MOST_OFF);
    (0..=most.max(ALWAYS_PLAUSIBLE.0)).contains(&stated.0)
}

/// A tenth of what was computed may be a discount, or a cache that the counts do not show.
const MAY_DIFFER: i64 = 10;

/// Less than this is rounding (a millionth of a dollar).
const ROUNDING: i64 = 1_000;

/// Whether a stated cost is so far off the computed one that the prices here cannot be
/// the provider's.
fn differ(stated: Units, computed: Units) -> bool {
    let apart = stated.0.abs_diff(computed.0);
    let larger = stated.0.max(computed.0).max(0);
    apart > larger.div_euclid(MAY_DIFFER).max(ROUNDING).unsigned_abs()
}

/// What went wrong, for the operator.
pub(super) fn fault_text(fault: &ProviderFault) -> String {
    match &fault.detail {
        Some(detail) => format!("{}: {detail}", fault.message),
        None => fault.message.clone(),
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
        input: input.min(quoted.chosen().demand.most_input),
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
