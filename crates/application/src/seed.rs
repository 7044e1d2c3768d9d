//! What a fresh store is given: models to call and a rule to price them by.

use uuid::Uuid;
use vuzo_domain::catalog::{InvalidModelId, Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::id::RuleId;
use vuzo_domain::money::Currency;
use vuzo_domain::pattern::{InvalidPattern, ModelPattern};
use vuzo_domain::port::{CatalogSnapshot, ModelEntry, Unavailable};
use vuzo_domain::pricing::{Markup, PriceVersion, PricingRule, Rate, RateCard};
use vuzo_domain::time::Timestamp;

use crate::ports::Ports;

/// The models of the built-in simulator, by what it calls them.
const SIMULATED: [&str; 2] = ["echo", "lorem"];
const CONTEXT_LENGTH: u64 = 128_000;
const MAX_OUTPUT_TOKENS: u64 = 16_384;
/// 0.10 and 0.40 US dollars per million tokens: little, and not nothing, so that a
/// newcomer sees a charge.
const INPUT_UNITS: u64 = 100_000_000;
const OUTPUT_UNITS: u64 = 400_000_000;
const CAPABILITIES: [&str; 3] = ["chat", "streaming", "tools"];
/// The first rule has the same id everywhere, so that instances that start at once
/// do not make two of it.
const FIRST_RULE: Uuid = Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_0000_0001);

/// Adds what is not there yet: the starter catalogue, the models of the simulator,
/// and, where there are no rules at all, the starter's rules and `*` at 0 %. Nothing
/// that is there is changed, so this may run at every start. Answers what was added.
pub async fn seed_catalog(
    ports: &Ports,
    starter: CatalogSnapshot,
) -> Result<Vec<ModelId>, Unavailable> {
    let seed = with_simulator(starter, ports.clock.now())
        .map_err(|fault| Unavailable::new("seed_catalog", fault))?;
    ports.catalog.seed_catalog(seed).await
}

/// One of the names that are written here is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum BadSeed {
    #[error(transparent)]
    Model(#[from] InvalidModelId),
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    #[error("a price is out of range")]
    Rate,
}

fn with_simulator(mut seed: CatalogSnapshot, at: Timestamp) -> Result<CatalogSnapshot, BadSeed> {
    for name in SIMULATED {
        let entry = simulated(name, at)?;
        let is_known = seed
            .models
            .iter()
            .any(|known| known.model.id == entry.model.id);
        if !is_known {
            seed.models.push(entry);
        }
    }
    let everything = ModelPattern::new("*")?;
    if !seed.rules.iter().any(|rule| rule.pattern == everything) {
        seed.rules.push(PricingRule {
            id: RuleId::from_uuid(FIRST_RULE),
            pattern: everything,
            markup: Markup::default(),
            priority: 0,
            is_active: true,
        });
    }
    Ok(seed)
}

fn simulated(name: &str, at: Timestamp) -> Result<ModelEntry, BadSeed> {
    let provider = ProviderId::simulator();
    let input = Rate::from_units(INPUT_UNITS).ok_or(BadSeed::Rate)?;
    let output = Rate::from_units(OUTPUT_UNITS).ok_or(BadSeed::Rate)?;
    Ok(ModelEntry {
        model: Model {
            id: ModelId::new(&format!("{provider}/{name}"))?,
            provider,
            upstream_id: name.to_owned(),
            status: ModelStatus::Active,
            context_length: CONTEXT_LENGTH,
            max_output_tokens: MAX_OUTPUT_TOKENS,
            capabilities: CAPABILITIES.map(str::to_owned).into(),
            aliases: Vec::new(),
            created_at: at,
        },
        versions: vec![PriceVersion {
            number: 1,
            // From ever, so that the model is priced whatever the clocks say.
            effective_from: Timestamp::default(),
            cost: RateCard::new(Currency::USD, input, output),
            retail: None,
        }],
    })
}
