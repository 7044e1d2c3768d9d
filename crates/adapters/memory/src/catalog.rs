use async_trait::async_trait;
use vuzo_domain::catalog::ModelId;
use vuzo_domain::port::{
    Catalog, CatalogSnapshot, Change, ModelEntry, ModelWrite, RuleWrite, Unavailable,
};
use vuzo_domain::pricing::PriceVersion;

use crate::MemoryStore;
use crate::store::State;

#[async_trait]
impl Catalog for MemoryStore {
    async fn load_catalog(&self) -> Result<CatalogSnapshot, Unavailable> {
        let state = self.state();
        let mut models: Vec<ModelEntry> = state.models.values().cloned().collect();
        models.sort_by(|left, right| left.model.id.cmp(&right.model.id));
        let mut rules: Vec<_> = state.rules.values().cloned().collect();
        rules.sort_by_key(|rule| rule.id);
        Ok(CatalogSnapshot { models, rules })
    }

    async fn save_model(&self, write: ModelWrite) -> Result<ModelEntry, Unavailable> {
        Ok(save_model(&mut self.state(), write))
    }

    async fn save_models(&self, writes: Vec<ModelWrite>) -> Result<Vec<ModelEntry>, Unavailable> {
        let mut state = self.state();
        let saved = writes
            .into_iter()
            .map(|write| save_model(&mut state, write));
        Ok(saved.collect())
    }

    async fn save_rule(&self, write: RuleWrite) -> Result<bool, Unavailable> {
        let mut state = self.state();
        let is_known = match write.rule {
            Some(rule) => {
                state.rules.insert(write.id, rule);
                true
            }
            None => state.rules.remove(&write.id).is_some(),
        };
        if is_known {
            state.note(write.audit);
            state.changes.push(Change::Catalog);
        }
        Ok(is_known)
    }

    async fn seed_catalog(&self, seed: CatalogSnapshot) -> Result<Vec<ModelId>, Unavailable> {
        let mut state = self.state();
        let mut added = Vec::new();
        for entry in seed.models {
            let id = entry.model.id.clone();
            state.models.entry(id).or_insert_with_key(|id| {
                added.push(id.clone());
                entry
            });
        }
        let wants_rules = state.rules.is_empty() && !seed.rules.is_empty();
        if wants_rules {
            let rules = seed.rules.into_iter().map(|rule| (rule.id, rule));
            state.rules.extend(rules);
        }
        if wants_rules || !added.is_empty() {
            state.changes.push(Change::Catalog);
        }
        Ok(added)
    }
}

fn save_model(state: &mut State, write: ModelWrite) -> ModelEntry {
    let id = write.model.id.clone();
    let entry = state.models.entry(id).or_insert_with(|| ModelEntry {
        model: write.model.clone(),
        versions: Vec::new(),
    });
    entry.model = write.model;
    if let Some(version) = write.version {
        add_version(&mut entry.versions, version);
    }
    let saved = entry.clone();
    state.note(write.audit);
    state.changes.push(Change::Catalog);
    saved
}

/// Adds a version with the next number, unless it is the newest one over again.
fn add_version(versions: &mut Vec<PriceVersion>, version: PriceVersion) {
    let highest = versions.iter().max_by_key(|known| known.number);
    let number = highest.map_or(0, |known| known.number);
    let is_known = highest.is_some_and(|known| {
        *known
            == PriceVersion {
                number: known.number,
                ..version.clone()
            }
    });
    if !is_known {
        versions.push(PriceVersion {
            number: number.saturating_add(1),
            ..version
        });
    }
}
