//! Many models at once: everything is looked at before anything is written, and what is
//! written is written together.

use std::collections::BTreeSet;

use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::port::{Actor, Change, ModelEntry, ModelWrite};
use vuzo_domain::pricing::PriceVersion;
use vuzo_domain::time::Timestamp;

use super::jumps::{Jump, jumps_between, lost_tiers, suspicions};
use super::{check_model, check_names, model_detail};
use crate::operator::{Operator, OperatorError};

/// A model as it is to be.
#[derive(Clone, Debug)]
pub struct ImportedModel {
    /// The model.
    pub model: Model,
    /// Its prices; the store numbers them.
    pub version: PriceVersion,
    /// What the sender said. Of a model that is known the rest stays as it is.
    pub stated: Stated,
}

/// Which of the fields that may be left out were not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is about one field, and no two of them go together"
)]
pub struct Stated {
    /// The other names.
    pub aliases: bool,
    /// When its turn comes.
    pub priority: bool,
    /// Its share of the calls.
    pub weight: bool,
    /// What the customer pays.
    pub retail: bool,
}

/// Models to be taken into the catalogue.
#[derive(Clone, Debug, Default)]
pub struct ImportOrder {
    /// The models, each once.
    pub models: Vec<ImportedModel>,
    /// What else is wanted.
    pub wishes: ImportWishes,
}

/// How an import is to be carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportWishes {
    /// Only say what would be done.
    pub dry_run: bool,
    /// Take prices that changed by more than half, too.
    pub allow_jumps: bool,
    /// Retire the models that the import does not name.
    pub retire_missing: bool,
}

/// A known model that is different now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedModel {
    /// Which model.
    pub id: ModelId,
    /// Its fields that changed, by their names on the wire.
    pub fields: Vec<&'static str>,
}

/// A price that looks wrong, and may be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspicion {
    /// Of which model.
    pub id: ModelId,
    /// What is odd.
    pub message: String,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Whether it was done.
    pub applied: bool,
    /// Models that were not known.
    pub added: Vec<ModelId>,
    /// Models that are different now.
    pub changed: Vec<ChangedModel>,
    /// Models that stay as they are.
    pub unchanged: Vec<ModelId>,
    /// Known models that the import does not name. They stay, unless they are retired.
    pub missing: Vec<ModelId>,
    /// Those of them that are retired by it.
    pub retired: Vec<ModelId>,
    /// Prices that changed by more than half.
    pub jumps: Vec<Jump>,
    /// Prices that look wrong.
    pub suspicions: Vec<Suspicion>,
}

impl Operator {
    /// Takes many models into the catalogue, or says what would come of it. All of them
    /// are checked first, among each other too; then all of them are written or none.
    pub async fn import_models(
        &self,
        actor: Actor,
        order: ImportOrder,
    ) -> Result<ImportReport, OperatorError> {
        let known = self.models().await?;
        let mut report = ImportReport::default();
        let now = self.clock.now();
        let models = order.models.into_iter();
        let entries: Vec<Entry> = models.map(|one| merged(one, &known, now)).collect();
        check_all(&entries, &known)?;
        for entry in &entries {
            compare(entry, &known, &mut report);
        }
        let ImportWishes {
            dry_run,
            allow_jumps,
            retire_missing,
        } = order.wishes;
        let retired = missing(&entries, &known, retire_missing, &mut report);
        if dry_run {
            return Ok(report);
        }
        if !report.jumps.is_empty() && !allow_jumps {
            return Err(OperatorError::PriceJumps(report.jumps));
        }
        let written = entries.into_iter().filter_map(|entry| entry.write);
        let writes: Vec<ModelWrite> = written
            .chain(retired.into_iter().map(|model| (model, None)))
            .map(|(model, version)| self.write_of(actor, model, version))
            .collect();
        if !writes.is_empty() {
            self.catalog.save_models(writes).await?;
            self.announcer.tell(Change::Catalog).await;
        }
        report.applied = true;
        Ok(report)
    }

    fn write_of(&self, actor: Actor, model: Model, version: Option<PriceVersion>) -> ModelWrite {
        let detail = model_detail(&model, version.as_ref());
        ModelWrite {
            audit: self.entry(detail, actor, "model.import", &model.id),
            model,
            version,
        }
    }
}

/// An imported model with what stays of the known one.
struct Entry {
    model: Model,
    version: PriceVersion,
    /// What has to be written, if anything.
    write: Option<(Model, Option<PriceVersion>)>,
}

fn find<'known>(known: &'known [ModelEntry], id: &ModelId) -> Option<&'known ModelEntry> {
    known.iter().find(|entry| entry.model.id == *id)
}

fn merged(imported: ImportedModel, known: &[ModelEntry], now: Timestamp) -> Entry {
    let ImportedModel {
        mut model,
        mut version,
        stated,
    } = imported;
    model.created_at = now;
    let before = find(known, &model.id);
    if let Some(before) = before {
        let old = &before.model;
        model.created_at = old.created_at;
        if !stated.aliases {
            model.aliases.clone_from(&old.aliases);
        }
        if !stated.priority {
            model.priority = old.priority;
        }
        if !stated.weight {
            model.weight = old.weight;
        }
        let newest = before.versions.last();
        if !stated.retail {
            version.retail = newest.and_then(|newest| newest.retail.clone());
        }
    }
    let newest = before.and_then(|before| before.versions.last());
    let has_new_prices = newest.is_none_or(|newest| !same_prices(newest, &version));
    let is_different = before.is_none_or(|before| before.model != model);
    let write = (has_new_prices || is_different)
        .then(|| (model.clone(), has_new_prices.then(|| version.clone())));
    Entry {
        model,
        version,
        write,
    }
}

/// When prices begin to hold does not make them different ones.
fn same_prices(one: &PriceVersion, other: &PriceVersion) -> bool {
    one.cost == other.cost && one.retail == other.retail
}

/// Checks every model by itself and its names against the catalogue as it would be.
fn check_all(entries: &[Entry], known: &[ModelEntry]) -> Result<(), OperatorError> {
    let mut ids = BTreeSet::new();
    for (index, entry) in entries.iter().enumerate() {
        let at = |fault: OperatorError| fault.of_model(index);
        if !ids.insert(&entry.model.id) {
            let fault = OperatorError::invalid("id", "is in the import twice");
            return Err(at(fault));
        }
        check_model(&entry.model).map_err(at)?;
    }
    let stay = known.iter().filter(|entry| !ids.contains(&entry.model.id));
    let future: Vec<ModelEntry> = stay
        .cloned()
        .chain(entries.iter().map(|entry| ModelEntry {
            model: entry.model.clone(),
            versions: Vec::new(),
        }))
        .collect();
    for (index, entry) in entries.iter().enumerate() {
        check_names(&entry.model, &future).map_err(|fault| fault.of_model(index))?;
    }
    Ok(())
}

fn compare(entry: &Entry, known: &[ModelEntry], report: &mut ImportReport) {
    let id = &entry.model.id;
    let before = find(known, id);
    let newest = before.and_then(|before| before.versions.last());
    let odd = suspicions(&entry.version).into_iter();
    let odd = odd.chain(lost_tiers(newest, &entry.version));
    report.suspicions.extend(odd.map(|message| Suspicion {
        id: id.clone(),
        message,
    }));
    let Some(before) = before else {
        report.added.push(id.clone());
        return;
    };
    let mut fields = changed_fields(&before.model, &entry.model);
    if let Some(newest) = before.versions.last() {
        report
            .jumps
            .extend(jumps_between(id, newest, &entry.version));
        if newest.cost != entry.version.cost {
            fields.push("cost");
        }
        if newest.retail != entry.version.retail {
            fields.push("pricing");
        }
    } else {
        fields.push("cost");
    }
    if fields.is_empty() {
        report.unchanged.push(id.clone());
    } else {
        report.changed.push(ChangedModel {
            id: id.clone(),
            fields,
        });
    }
}

fn changed_fields(old: &Model, new: &Model) -> Vec<&'static str> {
    let fields = [
        ("provider", old.provider != new.provider),
        ("upstream_id", old.upstream_id != new.upstream_id),
        ("status", old.status != new.status),
        ("context_length", old.context_length != new.context_length),
        (
            "max_output_tokens",
            old.max_output_tokens != new.max_output_tokens,
        ),
        ("capabilities", old.capabilities != new.capabilities),
        ("aliases", old.aliases != new.aliases),
        ("priority", old.priority != new.priority),
        ("weight", old.weight != new.weight),
    ];
    let changed = fields.into_iter().filter(|(_, is_changed)| *is_changed);
    changed.map(|(name, _)| name).collect()
}

/// The known models that were not named, and those of them that are to be retired. The
/// simulator's are nobody's to name.
fn missing(
    entries: &[Entry],
    known: &[ModelEntry],
    retire: bool,
    report: &mut ImportReport,
) -> Vec<Model> {
    let simulator = ProviderId::simulator();
    let named: BTreeSet<&ModelId> = entries.iter().map(|entry| &entry.model.id).collect();
    let mut retired = Vec::new();
    for known in known.iter().map(|entry| &entry.model) {
        if named.contains(&known.id) || known.provider == simulator {
            continue;
        }
        report.missing.push(known.id.clone());
        if retire && known.status != ModelStatus::Retired {
            report.retired.push(known.id.clone());
            retired.push(Model {
                status: ModelStatus::Retired,
                ..known.clone()
            });
        }
    }
    retired
}
