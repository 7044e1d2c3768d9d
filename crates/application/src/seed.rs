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

/// A model of the built-in simulator.
struct Simulated {
    /// What the simulator calls it.
    name: &'static str,
    context_length: u64,
    max_output_tokens: u64,
    /// The prices of a million tokens.
    input: u64,
    output: u64,
    capabilities: &'static [&'static str],
}

/// The models of the built-in simulator. They cost 0.10 and 0.40 US dollars per million
/// tokens, and 0.02 for embeddings: little, and not nothing, so that a newcomer sees a
/// charge.
const SIMULATED: [Simulated; 3] = [
    Simulated::chat("echo"),
    Simulated {
        name: "embed",
        context_length: 8_192,
        max_output_tokens: 0,
        input: 20_000_000,
        output: 0,
        capabilities: &["embeddings"],
    },
    Simulated::chat("lorem"),
];

impl Simulated {
    const fn chat(name: &'static str) -> Self {
        Self {
            name,
            context_length: 128_000,
            max_output_tokens: 16_384,
            input: 100_000_000,
            output: 400_000_000,
            capabilities: &["chat", "streaming", "tools"],
        }
    }
}

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
    for model in &SIMULATED {
        let entry = simulated(model, at)?;
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

fn simulated(given: &Simulated, at: Timestamp) -> Result<ModelEntry, BadSeed> {
    let provider = ProviderId::simulator();
    let input = Rate::from_units(given.input).ok_or(BadSeed::Rate)?;
    let output = Rate::from_units(given.output).ok_or(BadSeed::Rate)?;
    let capabilities = given.capabilities.iter();
    Ok(ModelEntry {
        model: Model {
            id: ModelId::new(&format!("{provider}/{}", given.name))?,
            provider,
            upstream_id: given.name.to_owned(),
            status: ModelStatus::Active,
            context_length: given.context_length,
            max_output_tokens: given.max_output_tokens,
            capabilities: capabilities.map(|word| (*word).to_owned()).collect(),
            aliases: Vec::new(),
            priority: 0,
            weight: Model::USUAL_WEIGHT,
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
