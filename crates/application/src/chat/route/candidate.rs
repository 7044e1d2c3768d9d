use std::collections::VecDeque;
use std::sync::Arc;

use vuzo_domain::catalog::{Model, ProviderId};
use vuzo_domain::chat::Envelope;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::key::{Environment, KeyRefusal};
use vuzo_domain::money::Units;
use vuzo_domain::port::{ChatProvider, ModelEntry};
use vuzo_domain::pricing::{Demand, Quote, ServiceTier, TierWish};
use vuzo_domain::time::Timestamp;

use super::Target;
use super::order::shuffle;
use crate::access::Caller;
use crate::chat::engine::Engine;
use crate::chat::error::{CallError, TierNotSold};
use crate::chat::quote::{OutputPlan, check_route, demand, plan_output, stand_in};
use crate::models::PriceBook;

/// So many candidates are considered for one call; each costs a quote.
const MOST_CANDIDATES: usize = 8;

/// A model that may answer a call, with its price, frozen.
pub(in crate::chat) struct Candidate {
    pub(in crate::chat) entry: Arc<ModelEntry>,
    pub(in crate::chat) provider: Arc<dyn ChatProvider>,
    pub(in crate::chat) provider_id: ProviderId,
    pub(in crate::chat) upstream_model: String,
    pub(in crate::chat) quote: Quote,
    /// What the call may use at the most, the service tier to ask for with it.
    pub(in crate::chat) demand: Demand,
    pub(in crate::chat) plan: OutputPlan,
}

impl Candidate {
    /// The model of the catalogue.
    pub(in crate::chat) fn model(&self) -> &Model {
        &self.entry.model
    }

    /// Where a call goes with this key.
    pub(in crate::chat) fn target(&self, key: Option<ProviderKeyId>) -> Target<'_> {
        Target {
            provider: &self.provider_id,
            model: &self.upstream_model,
            key,
        }
    }

    /// What the call comes to at the most with this output limit.
    pub(in crate::chat) fn worst_case(&self, most_output: u64) -> Result<Units, CallError> {
        let demand = Demand {
            most_output,
            ..self.demand
        };
        Ok(self.quote.worst_case(&demand)?)
    }

    /// The output limit that an amount carries.
    pub(in crate::chat) fn affordable(&self, amount: Units) -> Option<u64> {
        self.quote
            .affordable_output(&self.demand, amount)
            .ok()
            .flatten()
    }
}

/// Everybody who may answer a call.
pub(in crate::chat) struct Route {
    /// The model that was asked for, whoever answers.
    pub(in crate::chat) asked: Arc<ModelEntry>,
    /// Whose turn it is.
    pub(in crate::chat) chosen: Candidate,
    /// Those who come after, in order.
    pub(in crate::chat) others: VecDeque<Candidate>,
}

/// Who looks for an answer, and what for.
#[derive(Clone, Copy)]
pub(in crate::chat) struct Seeker<'call> {
    pub(in crate::chat) caller: &'call Caller,
    pub(in crate::chat) envelope: &'call Envelope,
    pub(in crate::chat) at: Timestamp,
    /// What the call draws its lots from; without one nothing is drawn.
    pub(in crate::chat) seed: Option<u64>,
}

/// Finds everybody who may answer: the candidates of the name that was asked for, then
/// those of each fallback. A name that is unknown or that the key may not call refuses
/// the call, the first or not; a model that cannot serve it at present is passed over.
pub(in crate::chat) fn find_route(
    engine: &Engine,
    book: &PriceBook,
    seeker: Seeker<'_>,
) -> Result<Route, CallError> {
    let name = seeker.envelope.model.as_str();
    let unknown = || CallError::UnknownModel(name.to_owned());
    let asked = Arc::clone(book.find(name).ok_or_else(unknown)?);
    let mut found = Found::default();
    for name in core::iter::once(name).chain(seeker.envelope.fallbacks.iter().map(String::as_str)) {
        let entries = book.candidates(name);
        if entries.is_empty() {
            return Err(CallError::UnknownModel(name.to_owned()));
        }
        let mut refusal = None;
        let mut is_allowed = false;
        let mut consider = |entry: &Arc<ModelEntry>| {
            if let Err(refused) = may_call(seeker.caller, book, name, &entry.model) {
                refusal.get_or_insert(refused);
                return Ok(());
            }
            is_allowed = true;
            found.take(engine, book, seeker, entry)
        };
        match (entries, seeker.seed) {
            ([_, _, ..], Some(seed)) => {
                in_order(entries, seed).into_iter().try_for_each(consider)?;
            }
            _ => entries.iter().try_for_each(&mut consider)?,
        }
        if let Some(refused) = refusal.filter(|_| !is_allowed) {
            return Err(refused.into());
        }
    }
    match found.chosen {
        Some(chosen) => Ok(Route {
            asked,
            chosen,
            others: found.others,
        }),
        None => Err(found
            .why_not
            .unwrap_or_else(|| CallError::NotServed(asked.model.id.as_str().to_owned()))),
    }
}

/// The candidates of a name: by priority, and those of the same priority by lot.
fn in_order(entries: &[Arc<ModelEntry>], seed: u64) -> Vec<&Arc<ModelEntry>> {
    let mut order: Vec<&Arc<ModelEntry>> = entries.iter().collect();
    let rivals = order.chunk_by_mut(|one, other| one.model.priority == other.model.priority);
    for rivals in rivals {
        shuffle(seed, rivals, |entry| entry.model.weight);
    }
    order
}

/// Whether a key may call a model under a name: by its id, as `provider/id`, or where
/// it stands in for the model of that id, which the key may call.
fn may_call(
    caller: &Caller,
    book: &PriceBook,
    name: &str,
    model: &Model,
) -> Result<(), KeyRefusal> {
    let Some(key) = caller.key() else {
        return Ok(());
    };
    if key.restrictions.allowed_models.is_empty() {
        return Ok(());
    }
    let qualified = model.qualified_name();
    let own = key
        .restrictions
        .check_model(&[model.id.as_str(), &qualified]);
    if own.is_err() && book.is_id(name) && key.restrictions.check_model(&[name]).is_ok() {
        return Ok(());
    }
    own
}

/// What was found so far.
#[derive(Default)]
struct Found {
    chosen: Option<Candidate>,
    others: VecDeque<Candidate>,
    /// Why the first that was passed over was.
    why_not: Option<CallError>,
}

impl Found {
    fn take(
        &mut self,
        engine: &Engine,
        book: &PriceBook,
        seeker: Seeker<'_>,
        entry: &Arc<ModelEntry>,
    ) -> Result<(), CallError> {
        let Some(chosen) = &self.chosen else {
            match candidate(engine, book, seeker, entry) {
                Ok(candidate) => self.chosen = Some(candidate),
                Err(why) if passes_over(&why) => {
                    self.why_not.get_or_insert(why);
                }
                Err(why) => return Err(why),
            }
            return Ok(());
        };
        let is_new = core::iter::once(chosen)
            .chain(&self.others)
            .all(|known| !Arc::ptr_eq(&known.entry, entry));
        // Nobody else is needed where the simulator stands in for everybody.
        let is_test = seeker.caller.environment() == Environment::Test;
        let has_room = self.others.len().saturating_add(1) < MOST_CANDIDATES;
        if is_new
            && has_room
            && !is_test
            && let Ok(candidate) = candidate(engine, book, seeker, entry)
            && candidate.quote.currency() == chosen.quote.currency()
            && candidate.worst_case(candidate.plan.first).is_ok()
        {
            self.others.push_back(candidate);
        }
        Ok(())
    }
}

/// Whether a model that cannot serve a call leaves it to others. What is wrong with the
/// request is wrong with it anywhere.
const fn passes_over(why: &CallError) -> bool {
    matches!(
        why,
        CallError::WrongRoute { .. }
            | CallError::NotPriced(_)
            | CallError::TierNotSold(_)
            | CallError::NotServed(_)
    )
}

/// The service tier in which a model answers. A tier without a price is never asked for:
/// nobody would know what it costs.
fn tier_of(wish: TierWish, quote: &Quote, model: &Model) -> Result<Option<ServiceTier>, CallError> {
    match wish {
        TierWish::Standard => Ok(None),
        TierWish::IfSold(tier) => Ok(Some(tier).filter(|tier| quote.sells(*tier))),
        TierWish::Only(tier) if quote.sells(tier) => Ok(Some(tier)),
        TierWish::Only(tier) => Err(CallError::TierNotSold(Box::new(TierNotSold {
            model: model.id.as_str().to_owned(),
            tier,
            sold: quote
                .tiers_sold()
                .filter(|tier| tier.is_for_calls())
                .collect(),
        }))),
    }
}

fn candidate(
    engine: &Engine,
    book: &PriceBook,
    seeker: Seeker<'_>,
    entry: &Arc<ModelEntry>,
) -> Result<Candidate, CallError> {
    let model = &entry.model;
    let Seeker {
        caller, envelope, ..
    } = seeker;
    check_route(envelope, model)?;
    let quote = book
        .quote(entry, seeker.at)
        .map_err(|_unpriced| CallError::NotPriced(model.id.as_str().to_owned()))?;
    let tier = tier_of(envelope.service_tier, &quote, model)?;
    let plan = plan_output(caller, envelope, model)?;
    let simulator = ProviderId::simulator();
    let is_test = caller.environment() == Environment::Test;
    let (provider_id, upstream_model) = if is_test && model.provider != simulator {
        (simulator, stand_in(envelope.endpoint).to_owned())
    } else {
        (model.provider.clone(), model.upstream_id.clone())
    };
    let not_served = || CallError::NotServed(model.id.as_str().to_owned());
    let provider = engine.providers.get(&provider_id).ok_or_else(not_served)?;
    if !engine.keyring.is_configured(&provider_id) {
        return Err(not_served());
    }
    Ok(Candidate {
        demand: Demand {
            tier,
            ..demand(envelope, model, plan.most)
        },
        entry: Arc::clone(entry),
        provider: Arc::clone(provider),
        provider_id,
        upstream_model,
        quote,
        plan,
    })
}
