//! The models on offer, and what they cost now.

use core::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use vuzo_domain::catalog::Model;
use vuzo_domain::port::{Catalog, CatalogSnapshot, ModelEntry, Unavailable};
use vuzo_domain::pricing::{NotPriced, Quote};
use vuzo_domain::time::Timestamp;

/// Who answers to each name.
type Names = HashMap<String, Vec<Arc<ModelEntry>>>;

/// The catalogue as of one moment, with every name that finds models.
#[derive(Default)]
pub struct PriceBook {
    snapshot: CatalogSnapshot,
    by_name: Names,
}

/// A model with the price that holds now.
#[derive(Clone, Debug)]
pub struct ModelOffer {
    /// The model.
    pub model: Model,
    /// What it costs.
    pub quote: Quote,
}

impl PriceBook {
    /// A name finds every model on sale whose id or alias it is. `provider/name` finds
    /// those of that provider alone, by id or alias, unless it is the id of another
    /// one's model; where nobody has that name, the provider's own name for a model does.
    fn new(snapshot: CatalogSnapshot) -> Self {
        let mut by_name = Names::with_capacity(snapshot.models.len().saturating_mul(4));
        let mut pinned = Names::with_capacity(snapshot.models.len().saturating_mul(2));
        let mut upstream = Names::with_capacity(snapshot.models.len());
        let on_sale = |entry: &&ModelEntry| entry.model.is_on_sale();
        for entry in snapshot.models.iter().filter(on_sale) {
            let entry = Arc::new(entry.clone());
            let model = &entry.model;
            for name in core::iter::once(&model.id).chain(&model.aliases) {
                add(&mut by_name, name.as_str().to_owned(), &entry);
                add(&mut pinned, pin(model, name.as_str()), &entry);
            }
            add(&mut upstream, pin(model, &model.upstream_id), &entry);
        }
        // Models may be the same one at their provider, at different prices: what it is
        // called there must not mix up those that are asked for by their id, nor stand
        // in for one that was retired.
        for entry in &snapshot.models {
            upstream.remove(entry.model.id.as_str());
            upstream.remove(&entry.model.qualified_name());
        }
        for (name, entries) in upstream {
            pinned.entry(name).or_insert(entries);
        }
        for (name, entries) in pinned {
            let literal = by_name.get(&name).map(Vec::as_slice).unwrap_or_default();
            let is_id = |entry: &&Arc<ModelEntry>| entry.model.id.as_str() == name;
            let owner = literal.iter().find(is_id);
            let is_anothers = owner.is_some_and(|owner| !holds(&entries, owner));
            if !is_anothers {
                by_name.insert(name, entries);
            }
        }
        for entries in by_name.values_mut() {
            entries.sort_by_key(|entry| Reverse(entry.model.priority));
        }
        Self { snapshot, by_name }
    }

    /// Every model on sale of that name, the highest priority first.
    pub fn candidates(&self, name: &str) -> &[Arc<ModelEntry>] {
        self.by_name
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The model that a name stands for, if it is on sale: the one of that id, or else
    /// the first that answers to it.
    pub fn find(&self, name: &str) -> Option<&Arc<ModelEntry>> {
        let candidates = self.candidates(name);
        let of_that_id = candidates
            .iter()
            .find(|entry| entry.model.id.as_str() == name);
        of_that_id.or_else(|| candidates.first())
    }

    /// Whether that name is the id of a model, on sale or not.
    pub(crate) fn is_id(&self, name: &str) -> bool {
        let mut models = self.snapshot.models.iter();
        models.any(|entry| entry.model.id.as_str() == name)
    }

    /// What a model costs at a moment.
    pub fn quote(&self, entry: &ModelEntry, at: Timestamp) -> Result<Quote, NotPriced> {
        Quote::new(&entry.model, &entry.versions, &self.snapshot.rules, at)
    }

    /// Everything, models that are not on sale included.
    pub fn snapshot(&self) -> &CatalogSnapshot {
        &self.snapshot
    }

    fn offer(&self, entry: &ModelEntry, at: Timestamp) -> Option<ModelOffer> {
        let quote = self.quote(entry, at).ok()?;
        Some(ModelOffer {
            model: entry.model.clone(),
            quote,
        })
    }
}

/// A name under its provider alone.
fn pin(model: &Model, name: &str) -> String {
    let provider = model.provider.as_str();
    match name.split_once('/') {
        Some((prefix, _)) if prefix == provider => name.to_owned(),
        _ => format!("{provider}/{name}"),
    }
}

fn add(names: &mut Names, name: String, entry: &Arc<ModelEntry>) {
    let entries = names.entry(name).or_default();
    if !holds(entries, entry) {
        entries.push(Arc::clone(entry));
    }
}

fn holds(entries: &[Arc<ModelEntry>], entry: &Arc<ModelEntry>) -> bool {
    entries.iter().any(|known| Arc::ptr_eq(known, entry))
}
/// The models on offer.
pub struct Models {
    catalog: Arc<dyn Catalog>,
    clock: Arc<dyn vuzo_domain::port::Clock>,
    book: RwLock<Arc<PriceBook>>,
}

impl Models {
    pub(crate) async fn load(
        catalog: Arc<dyn Catalog>,
        clock: Arc<dyn vuzo_domain::port::Clock>,
    ) -> Result<Self, Unavailable> {
        let models = Self {
            catalog,
            clock,
            book: RwLock::default(),
        };
        models.reload().await?;
        Ok(models)
    }

    /// Reads the catalogue anew.
    pub async fn reload(&self) -> Result<(), Unavailable> {
        let book = Arc::new(PriceBook::new(self.catalog.load_catalog().await?));
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = book;
        Ok(())
    }

    /// The catalogue as it is known here.
    pub fn book(&self) -> Arc<PriceBook> {
        Arc::clone(&self.book.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every model that can be bought now, by id.
    pub fn list(&self) -> Vec<ModelOffer> {
        let book = self.book();
        let now = self.clock.now();
        book.snapshot
            .models
            .iter()
            .filter(|entry| entry.model.is_on_sale())
            .filter_map(|entry| book.offer(entry, now))
            .collect()
    }

    /// The model of that name, if it can be bought now.
    pub fn find(&self, name: &str) -> Option<ModelOffer> {
        let book = self.book();
        book.offer(book.find(name)?, self.clock.now())
    }
}
