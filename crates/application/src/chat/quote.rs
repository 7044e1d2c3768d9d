use std::sync::Arc;

use vuzo_domain::catalog::{Model, ProviderId};
use vuzo_domain::chat::Envelope;
use vuzo_domain::key::Environment;
use vuzo_domain::money::Units;
use vuzo_domain::port::{self, ChatProvider};
use vuzo_domain::pricing::{Demand, Quote};

use super::admit::{Admitted, find_model};
use super::call::Call;
use super::engine::Engine;
use super::error::CallError;
use crate::access::Caller;

/// With fewer output tokens than this no answer is begun.
const LEAST_OUTPUT: u64 = 16;

/// The output that is held for first where a stream states no limit.
const FIRST_STRETCH: u64 = 4_096;

/// The output of a call that states no limit, whatever its model could do.
const MOST_UNSTATED: u64 = 131_072;

/// Who answers the calls of test keys.
const STAND_IN: &str = "echo";

/// How much a call may answer, and for how much of it money is set aside first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutputPlan {
    /// The most tokens of one answer.
    pub(super) most: u64,
    /// Those that are held for before the call begins.
    pub(super) first: u64,
    /// With fewer it is not begun.
    pub(super) least: u64,
    /// The limit to write into the request even if the wallet carries everything.
    pub(super) written: Option<u64>,
}

/// A call with its price, frozen.
pub(super) struct Quoted {
    pub(super) call: Call,
    pub(super) limits: port::Admitted,
    pub(super) provider: Arc<dyn ChatProvider>,
    pub(super) provider_id: ProviderId,
    pub(super) upstream_model: String,
    pub(super) capabilities: Arc<[String]>,
    pub(super) model_most: u64,
    pub(super) model: String,
    pub(super) quote: Quote,
    pub(super) demand: Demand,
    pub(super) plan: OutputPlan,
    /// Whether the simulator answers for nothing.
    pub(super) is_test: bool,
}

impl Engine {
    /// Freezes the price, and what the call may come to at the most.
    pub(super) fn quote(&self, admitted: Admitted) -> Result<Quoted, CallError> {
        let Admitted { call, book, limits } = admitted;
        let entry = find_model(&book, &call.caller, &call.envelope.model)?;
        let model = &entry.model;
        let quote = book
            .quote(entry, call.created_at)
            .map_err(|_unpriced| CallError::NotPriced(model.id.as_str().to_owned()))?;
        let plan = plan_output(&call.caller, &call.envelope, model)?;
        let is_test = call.caller.environment() == Environment::Test;
        let is_simulated = model.provider == ProviderId::simulator();
        let (provider_id, upstream_model) = if is_test && !is_simulated {
            (ProviderId::simulator(), STAND_IN.to_owned())
        } else {
            (model.provider.clone(), model.upstream_id.clone())
        };
        let provider = self
            .providers
            .get(&provider_id)
            .ok_or_else(|| CallError::NotServed(model.id.as_str().to_owned()))?;
        Ok(Quoted {
            demand: demand(&call.envelope, model, plan.most),
            model: model.id.as_str().to_owned(),
            capabilities: Arc::clone(&model.capabilities),
            model_most: model.max_output_tokens,
            provider: Arc::clone(provider),
            limits,
            provider_id,
            upstream_model,
            quote,
            plan,
            is_test,
            call,
        })
    }
}

/// What a call may use at the most. No provider takes a prompt beyond the context.
pub(super) fn demand(envelope: &Envelope, model: &Model, most_output: u64) -> Demand {
    let mut demand = envelope.demand(most_output);
    demand.most_input = demand.most_input.min(model.context_length.max(1));
    demand
}

/// How much a call may answer.
pub(super) fn plan_output(
    caller: &Caller,
    envelope: &Envelope,
    model: &Model,
) -> Result<OutputPlan, CallError> {
    let allowed = [
        caller.account.limits.max_tokens_per_request,
        caller
            .key()
            .and_then(|key| key.limits.max_tokens_per_request),
    ]
    .into_iter()
    .flatten()
    .min();
    let model_most = model.max_output_tokens.max(1);
    let Some(asked) = envelope.output_limit else {
        let most = model_most
            .min(MOST_UNSTATED)
            .min(allowed.unwrap_or(u64::MAX))
            .max(1);
        // Reasoning may not show in the stream, so nobody could tell when to extend.
        let stretches = envelope.stream && allowed.is_none() && !model.can("reasoning");
        return Ok(OutputPlan {
            most,
            first: if stretches {
                most.min(FIRST_STRETCH)
            } else {
                most
            },
            least: LEAST_OUTPUT.min(most),
            written: (most < model_most).then_some(most),
        });
    };
    if let Some(limit) = allowed
        && asked > limit
    {
        return Err(CallError::OutputLimit { asked, limit });
    }
    let most = asked.min(model_most);
    Ok(OutputPlan {
        most,
        first: most,
        least: LEAST_OUTPUT.min(most),
        written: None,
    })
}

impl Quoted {
    /// What is held before the call begins: all that it may come to, or the first
    /// stretch of it; and the least with which it is begun.
    pub(super) fn hold_bounds(&self) -> Result<(Units, Units), CallError> {
        if self.is_test {
            return Ok((Units::ZERO, Units::ZERO));
        }
        Ok((
            self.worst_case(self.plan.first)?,
            self.worst_case(self.plan.least)?,
        ))
    }

    /// What the call comes to at the most with this output limit.
    pub(super) fn worst_case(&self, most_output: u64) -> Result<Units, CallError> {
        let demand = Demand {
            most_output,
            ..self.demand
        };
        Ok(self.quote.worst_case(&demand)?)
    }

    /// The output limit that an amount carries.
    pub(super) fn affordable(&self, amount: Units) -> Option<u64> {
        self.quote
            .affordable_output(&self.demand, amount)
            .ok()
            .flatten()
    }
}
