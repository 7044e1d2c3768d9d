//! The models on offer, and what they cost now.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use vuzo_domain::catalog::Model;
use vuzo_domain::port::{Catalog, CatalogSnapshot, ModelEntry, Unavailable};
use vuzo_domain::pricing::{NotPriced, Quote};
use vuzo_domain::time::Timestamp;

/// The catalogue as of one moment, with every name that finds a model.
#[derive(Default)]
pub struct PriceBook {
    snapshot: CatalogSnapshot,
    by_name: HashMap<String, usize>,
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
    /// Ids win over qualified names, and those over aliases.
    fn new(snapshot: CatalogSnapshot) -> Self {
        let mut by_name = HashMap::with_capacity(snapshot.models.len().saturating_mul(3));
        for (index, entry) in snapshot.models.iter().enumerate() {
            by_name.insert(entry.model.id.as_str().to_owned(), index);
        }
        for (index, entry) in snapshot.models.iter().enumerate() {
            by_name.entry(entry.model.qualified_name()).or_insert(index);
        }
        for (index, entry) in snapshot.models.iter().enumerate() {
            for alias in &entry.model.aliases {
                by_name.entry(alias.as_str().to_owned()).or_insert(index);
            }
        }
        Self { snapshot, by_name }
    }

    /// The model of that name, if it is on sale.
    pub fn find(&self, name: &str) -> Option<&ModelEntry> {
        let entry = self.snapshot.models.get(*self.by_name.get(name)?)?;
        entry.model.is_on_sale().then_some(entry)
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
