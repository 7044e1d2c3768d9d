use vuzo_domain::catalog::{Model, ModelId};
use vuzo_domain::chat::{Endpoint, Envelope};
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::key::Environment;
use vuzo_domain::money::Units;
use vuzo_domain::port;
use vuzo_domain::pricing::Demand;

use super::admit::Admitted;
use super::cache::Caching;
use super::call::Call;
use super::engine::Engine;
use super::error::CallError;
use super::route::{Candidate, ChosenKey, Route, Seeker, Target, find_route, seed_of};
use crate::access::Caller;

/// With fewer output tokens than this no answer is begun.
const LEAST_OUTPUT: u64 = 16;

/// The output that is held for first where a stream states no limit.
const FIRST_STRETCH: u64 = 4_096;

/// The output of a call that states no limit, whatever its model could do.
const MOST_UNSTATED: u64 = 131_072;

/// Who answers the calls of test keys.
pub(super) const fn stand_in(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Embeddings => "embed",
        Endpoint::ChatCompletions
        | Endpoint::Completions
        | Endpoint::Responses
        | Endpoint::Messages => "echo",
    }
}

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

impl OutputPlan {
    /// Embeddings have no completion.
    const NONE: Self = Self {
        most: 0,
        first: 0,
        least: 0,
        written: None,
    };
}

/// A call with everybody who may answer it, and their prices, frozen.
pub(super) struct Quoted {
    pub(super) call: Box<Call>,
    pub(super) limits: port::Admitted,
    pub(super) route: Route,
    /// The key that whoever's turn it is is asked with.
    pub(super) key: Option<ChosenKey>,
    /// What the call draws its lots from.
    pub(super) seed: u64,
    /// Whether the simulator answers for nothing.
    pub(super) is_test: bool,
    /// What there is to know of answers that were given before, where the customer
    /// asked for it.
    pub(super) caching: Option<Box<Caching>>,
}

impl Engine {
    /// Freezes the prices, and what the call may come to at the most.
    pub(super) fn quote(&self, admitted: Admitted) -> Result<Box<Quoted>, CallError> {
        let Admitted { call, book, limits } = admitted;
        let seed = seed_of(call.id.uuid());
        let seeker = Seeker {
            caller: &call.caller,
            envelope: &call.envelope,
            at: call.created_at,
            seed: Some(seed),
        };
        let route = find_route(self, &book, seeker)?;
        Ok(Box::new(Quoted {
            route,
            key: None,
            caching: None,
            is_test: call.caller.environment() == Environment::Test,
            limits,
            seed,
            call,
        }))
    }
}

/// What a call may use at the most. No provider takes a prompt beyond the context; where
/// there may be several, each has the whole context to itself.
pub(super) fn demand(envelope: &Envelope, model: &Model, most_output: u64) -> Demand {
    let mut demand = envelope.demand(most_output);
    let is_one_prompt = !matches!(
        envelope.endpoint,
        Endpoint::Embeddings | Endpoint::Completions
    );
    if is_one_prompt {
        demand.most_input = demand.most_input.min(model.context_length.max(1));
    }
    demand
}

/// Refuses a model on a route that it has no answer for. A model of which the catalogue
/// says nothing may be tried for a chat.
pub(super) fn check_route(envelope: &Envelope, model: &Model) -> Result<(), CallError> {
    let embeds = model.can("embeddings");
    let completes = model.can("completions");
    let chats = model.can("chat") || !(embeds || completes);
    let fits = match envelope.endpoint {
        Endpoint::Embeddings => embeds,
        Endpoint::Completions => chats || completes,
        Endpoint::ChatCompletions | Endpoint::Responses | Endpoint::Messages => chats,
    };
    if fits {
        return Ok(());
    }
    Err(CallError::WrongRoute {
        model: model.id.as_str().to_owned(),
        lacks: if envelope.endpoint == Endpoint::Embeddings {
            "embeddings"
        } else {
            "chat"
        },
    })
}

/// The output limit of account and key together.
pub(super) fn most_allowed(caller: &Caller) -> Option<u64> {
    let of_key = caller
        .key()
        .and_then(|key| key.limits.max_tokens_per_request);
    let of_account = caller.account.limits.max_tokens_per_request;
    of_account.into_iter().chain(of_key).min()
}

/// How much a call may answer.
pub(super) fn plan_output(
    caller: &Caller,
    envelope: &Envelope,
    model: &Model,
) -> Result<OutputPlan, CallError> {
    let allowed = most_allowed(caller);
    if envelope.endpoint == Endpoint::Embeddings {
        return Ok(OutputPlan::NONE);
    }
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
    /// Who answers, as far as is known.
    pub(super) fn chosen(&self) -> &Candidate {
        &self.route.chosen
    }

    /// The stored key that it is asked with, if it is not that of the configuration.
    pub(super) fn key_id(&self) -> Option<ProviderKeyId> {
        self.key.as_ref()?.id()
    }

    /// Where the call goes, or went last.
    pub(super) fn target(&self) -> Target<'_> {
        self.chosen().target(self.key_id())
    }

    /// The id of the model that was asked for.
    pub(super) fn asked(&self) -> &ModelId {
        &self.route.asked.model.id
    }

    /// What is held before the call begins, so that whoever answers is covered: all
    /// that the dearest may come to, or the first stretch of it. And the least with
    /// which it is begun, by the price of the first to be asked: others that this does
    /// not carry are not asked.
    pub(super) fn hold_bounds(&self) -> Result<(Units, Units), CallError> {
        if self.is_test {
            return Ok((Units::ZERO, Units::ZERO));
        }
        if let Some(hit) = self.hit() {
            return Ok((hit.receipt.total, hit.receipt.total));
        }
        let chosen = self.chosen();
        let mut wanted = chosen.worst_case(chosen.plan.first)?;
        for other in &self.route.others {
            wanted = wanted.max(other.worst_case(other.plan.first)?);
        }
        Ok((wanted, chosen.worst_case(chosen.plan.least)?))
    }
}
