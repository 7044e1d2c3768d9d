mod import;
mod jumps;

use vuzo_domain::catalog::{Model, ModelId};
use vuzo_domain::port::{Actor, Change, ModelEntry, ModelWrite, Unavailable};
use vuzo_domain::pricing::{Dimension, PriceVersion, RateCard};

use super::detail::Detail;
use super::{Operator, OperatorError};

pub use import::{
    ChangedModel, ImportOrder, ImportReport, ImportWishes, ImportedModel, Stated, Suspicion,
};
pub use jumps::Jump;

/// No model takes or gives more; with it no sum of tokens overflows.
const MOST_TOKENS: u64 = 1_000_000_000;
const MOST_WORDS: usize = 64;
const LONGEST_WORD: usize = 32;
const LONGEST_UPSTREAM_ID: usize = 256;

impl Operator {
    /// All models, retired ones too, by id.
    pub async fn models(&self) -> Result<Vec<ModelEntry>, Unavailable> {
        Ok(self.catalog.load_catalog().await?.models)
    }

    /// One model.
    pub async fn model(&self, id: &ModelId) -> Result<Option<ModelEntry>, Unavailable> {
        let models = self.models().await?;
        Ok(models.into_iter().find(|entry| entry.model.id == *id))
    }

    /// Makes or changes a model and adds a version of its prices. A model that is
    /// changed keeps the moment of its making; prices that it has already are not
    /// added again.
    pub async fn save_model(
        &self,
        actor: Actor,
        mut model: Model,
        version: Option<PriceVersion>,
    ) -> Result<ModelEntry, OperatorError> {
        check_model(&model)?;
        if let Some(version) = &version {
            check_prices(version)?;
        }
        let known = self.models().await?;
        check_names(&model, &known)?;
        let before = known.iter().find(|entry| entry.model.id == model.id);
        let now = self.clock.now();
        model.created_at = before.map_or(now, |entry| entry.model.created_at);
        let detail = model_detail(&model, version.as_ref());
        let audit = self.entry(detail, actor, "model.save", &model.id);
        let write = ModelWrite {
            model,
            version,
            audit,
        };
        let saved = self.catalog.save_model(write).await?;
        self.announcer.tell(Change::Catalog).await;
        Ok(saved)
    }
}

fn check_model(model: &Model) -> Result<(), OperatorError> {
    let upstream = &model.upstream_id;
    let is_name = (1..=LONGEST_UPSTREAM_ID).contains(&upstream.len())
        && upstream.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_name {
        let why = "must have 1 to 256 printable ASCII characters without spaces";
        return Err(OperatorError::invalid("upstream_id", why));
    }
    // Whoever only makes embeddings gives no completion at all.
    let is_mute = model.can("embeddings") && !model.can("chat");
    for (field, tokens, least) in [
        ("context_length", model.context_length, 1),
        (
            "max_output_tokens",
            model.max_output_tokens,
            u64::from(!is_mute),
        ),
    ] {
        if !(least..=MOST_TOKENS).contains(&tokens) {
            let why = "must be between 1 and 1000000000";
            return Err(OperatorError::invalid(field, why));
        }
    }
    let is_word = |word: &String| {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        (1..=LONGEST_WORD).contains(&word.len()) && word.bytes().all(allowed)
    };
    if model.capabilities.len() > MOST_WORDS || !model.capabilities.iter().all(is_word) {
        let why = "must be at most 64 words of lower-case letters, digits, - and _";
        return Err(OperatorError::invalid("capabilities", why));
    }
    if model.aliases.len() > MOST_WORDS {
        return Err(OperatorError::invalid("aliases", "must be at most 64"));
    }
    if model.weight > Model::MOST_WEIGHT {
        return Err(OperatorError::invalid(
            "weight",
            "must be between 0 and 10000",
        ));
    }
    Ok(())
}

/// A service tier is sold where its retail price is stated, and so is what it costs.
fn check_prices(version: &PriceVersion) -> Result<(), OperatorError> {
    match version.unpriced_tiers().next() {
        None => Ok(()),
        Some(_) => Err(OperatorError::invalid(
            "pricing.service_tiers",
            "must not have a tier of which the cost is not stated in cost.service_tiers",
        )),
    }
}

/// Models may share a name: then a call goes to any of them. But `provider/model` names
/// one model, and no other one may answer to it.
fn check_names(model: &Model, known: &[ModelEntry]) -> Result<(), OperatorError> {
    let qualified = model.qualified_name();
    for other in known.iter().map(|entry| &entry.model) {
        if other.id == model.id {
            continue;
        }
        let of_other = other.qualified_name();
        let taken = names(model)
            .find(|name| name.as_str() == of_other)
            .or_else(|| names(other).find(|name| name.as_str() == qualified));
        if let Some(name) = taken {
            return Err(OperatorError::NameTaken { name: name.clone() });
        }
    }
    Ok(())
}

fn names(model: &Model) -> impl Iterator<Item = &ModelId> {
    core::iter::once(&model.id).chain(&model.aliases)
}

fn model_detail(model: &Model, version: Option<&PriceVersion>) -> Detail {
    let detail = Detail::new()
        .text("provider", model.provider.as_str())
        .text("upstream_id", &model.upstream_id)
        .text("status", model.status.name())
        .number("context_length", model.context_length)
        .number("max_output_tokens", model.max_output_tokens)
        .texts("capabilities", model.capabilities.iter())
        .texts("aliases", model.aliases.iter().map(ModelId::as_str))
        .number("priority", model.priority)
        .number("weight", model.weight);
    let Some(version) = version else {
        return detail;
    };
    let detail = detail
        .text("effective_from", &version.effective_from.to_string())
        .object("cost", &card_detail(&version.cost));
    match &version.retail {
        Some(retail) => detail.object("pricing", &card_detail(retail)),
        None => detail,
    }
}

fn card_detail(card: &RateCard) -> Detail {
    let service = card.service_tiers();
    let detail = plain_detail(card);
    let detail = if service.is_empty() {
        detail
    } else {
        let tiers = service.iter().fold(Detail::new(), |tiers, one| {
            tiers.object(one.tier.name(), &plain_detail(&one.card))
        });
        detail.object("service_tiers", &tiers)
    };
    detail.text("currency", card.currency().code())
}

fn plain_detail(card: &RateCard) -> Detail {
    let currency = card.currency();
    let stated = Dimension::ALL
        .into_iter()
        .filter_map(|dimension| Some((dimension, card.stated(dimension)?)))
        .fold(Detail::new(), |detail, (dimension, rate)| {
            detail.text(dimension.name(), &rate.format(currency))
        });
    let tiers = card.tiers().iter().map(|tier| {
        let (above, inclusive) = tier.bound();
        Dimension::ALL
            .into_iter()
            .filter_map(|dimension| Some((dimension, tier.stated(dimension)?)))
            .fold(
                Detail::new()
                    .number("above_input_tokens", above)
                    .flag("inclusive", inclusive),
                |detail, (dimension, rate)| detail.text(dimension.name(), &rate.format(currency)),
            )
    });
    stated.objects("tiers", tiers)
}
