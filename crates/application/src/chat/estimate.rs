use vuzo_domain::chat::Envelope;
use vuzo_domain::usage::Consumption;
use vuzo_domain::wallet::Book;

use super::call::Estimate;
use super::engine::Engine;
use super::error::CallError;
use super::route::{Route, Seeker, find_route};
use crate::access::Caller;

/// Completion tokens of an answer whose length nobody limited.
const USUAL_OUTPUT: u64 = 512;

/// What a call would cost. Nothing is held, and no provider is asked.
pub(super) async fn estimate(
    engine: &Engine,
    caller: &Caller,
    envelope: &Envelope,
) -> Result<Estimate, CallError> {
    let now = engine.clock.now();
    let book = engine.models.book();
    let seeker = Seeker {
        caller,
        envelope,
        at: now,
        seed: None,
    };
    let Route { chosen, others, .. } = find_route(engine, &book, seeker)?;
    let (plan, demand, quote) = (chosen.plan, &chosen.demand, &chosen.quote);
    let mut worst_case = quote.worst_case(demand)?;
    for other in &others {
        worst_case = worst_case.max(other.worst_case(other.plan.most)?);
    }
    let prompt_tokens = envelope.typical_prompt_tokens().min(demand.most_input);
    let output = plan.most.min(USUAL_OUTPUT);
    let expected = quote.meter_in(
        demand.tier,
        &Consumption {
            input: prompt_tokens,
            output: output.saturating_mul(u64::from(envelope.answers)),
            images: envelope.images,
            ..Consumption::default()
        },
    )?;
    let currency = quote.currency();
    let wallets = engine.wallets.list_wallets(caller.account.id).await?;
    let available = wallets
        .into_iter()
        .find(|wallet| wallet.currency == currency)
        .map(|wallet| Book::new(caller.account.id, currency, wallet.sources).available(now))
        .unwrap_or_default();
    Ok(Estimate {
        model: chosen.model().id.as_str().to_owned(),
        prompt_tokens,
        max_completion_tokens: plan.most,
        worst_case,
        expected: expected.total,
        currency,
        available,
        affordable: worst_case <= available,
        max_tokens_affordable: quote.affordable_output(demand, available)?,
    })
}
