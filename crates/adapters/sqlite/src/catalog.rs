use async_trait::async_trait;
use diesel::prelude::*;
use vuzo_domain::catalog::{Model, ModelId};
use vuzo_domain::port::{
    Catalog, CatalogSnapshot, Change, ModelEntry, ModelWrite, RuleWrite, Unavailable,
};
use vuzo_domain::pricing::{PriceVersion, PricingRule};
use vuzo_sql::RawId;
use vuzo_sql::rows::{ModelRow, PriceVersionRow, RuleRow};
use vuzo_sql::schema::{models, price_versions, pricing_rules};

use crate::fault::Fault;
use crate::{SqliteStore, audit, changes};

#[async_trait]
impl Catalog for SqliteStore {
    async fn load_catalog(&self) -> Result<CatalogSnapshot, Unavailable> {
        self.read("load_catalog", |conn| conn.transaction(load))
            .await
    }

    async fn save_model(&self, write: ModelWrite) -> Result<ModelEntry, Unavailable> {
        self.write("save_model", move |batch| {
            Ok(save_model(batch.conn, &write)?)
        })
        .await
    }

    async fn save_models(&self, writes: Vec<ModelWrite>) -> Result<Vec<ModelEntry>, Unavailable> {
        self.write("save_models", move |batch| {
            let saved = writes.iter().map(|write| save_model(batch.conn, write));
            Ok(saved.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn save_rule(&self, write: RuleWrite) -> Result<bool, Unavailable> {
        self.write("save_rule", move |batch| Ok(save_rule(batch.conn, &write)?))
            .await
    }

    async fn seed_catalog(&self, seed: CatalogSnapshot) -> Result<Vec<ModelId>, Unavailable> {
        self.write("seed_catalog", move |batch| Ok(plant(batch.conn, &seed)?))
            .await
    }
}

fn load(conn: &mut SqliteConnection) -> Result<CatalogSnapshot, Fault> {
    let rows: Vec<ModelRow> = models::table
        .order(models::id)
        .select(ModelRow::as_select())
        .load(conn)?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let model = Model::try_from(row)?;
        let versions = versions_of(conn, &model.id)?;
        entries.push(ModelEntry { model, versions });
    }
    let rules: Vec<RuleRow> = pricing_rules::table
        .order(pricing_rules::id)
        .select(RuleRow::as_select())
        .load(conn)?;
    Ok(CatalogSnapshot {
        models: entries,
        rules: rules
            .into_iter()
            .map(PricingRule::try_from)
            .collect::<Result<_, _>>()?,
    })
}

fn versions_of(conn: &mut SqliteConnection, model: &ModelId) -> Result<Vec<PriceVersion>, Fault> {
    let rows: Vec<PriceVersionRow> = price_versions::table
        .filter(price_versions::model_id.eq(model.as_str()))
        .order(price_versions::number)
        .select(PriceVersionRow::as_select())
        .load(conn)?;
    let versions = rows.into_iter().map(PriceVersion::try_from);
    Ok(versions.collect::<Result<_, _>>()?)
}

fn save_model(conn: &mut SqliteConnection, write: &ModelWrite) -> Result<ModelEntry, Fault> {
    let row = ModelRow::from(&write.model);
    diesel::insert_into(models::table)
        .values(&row)
        .on_conflict(models::id)
        .do_update()
        .set(&row)
        .execute(conn)?;
    if let Some(version) = &write.version {
        add_version(conn, &write.model.id, version)?;
    }
    audit::note(conn, &write.audit)?;
    changes::announce(conn, Change::Catalog)?;
    Ok(ModelEntry {
        versions: versions_of(conn, &write.model.id)?,
        model: write.model.clone(),
    })
}

/// Adds a version with the next number, unless it is the newest one over again.
fn add_version(
    conn: &mut SqliteConnection,
    model: &ModelId,
    version: &PriceVersion,
) -> Result<(), Fault> {
    let newest = versions_of(conn, model)?.pop();
    let number = newest.as_ref().map_or(0, |newest| newest.number);
    let again = PriceVersion {
        number,
        ..version.clone()
    };
    if newest.as_ref() == Some(&again) {
        return Ok(());
    }
    let next = PriceVersion {
        number: number.saturating_add(1),
        ..again
    };
    insert_version(conn, model, &next)
}

fn insert_version(
    conn: &mut SqliteConnection,
    model: &ModelId,
    version: &PriceVersion,
) -> Result<(), Fault> {
    diesel::insert_into(price_versions::table)
        .values(PriceVersionRow::new(model, version))
        .execute(conn)?;
    Ok(())
}

fn save_rule(conn: &mut SqliteConnection, write: &RuleWrite) -> Result<bool, Fault> {
    if let Some(rule) = &write.rule {
        upsert_rule(conn, write.id.uuid(), rule)?;
    } else {
        let place = pricing_rules::table.filter(pricing_rules::id.eq(RawId(write.id.uuid())));
        if diesel::delete(place).execute(conn)? == 0 {
            return Ok(false);
        }
    }
    audit::note(conn, &write.audit)?;
    changes::announce(conn, Change::Catalog)?;
    Ok(true)
}

fn upsert_rule(
    conn: &mut SqliteConnection,
    id: uuid::Uuid,
    rule: &PricingRule,
) -> Result<(), Fault> {
    let row = RuleRow {
        id: RawId(id),
        ..RuleRow::from(rule)
    };
    diesel::insert_into(pricing_rules::table)
        .values(&row)
        .on_conflict(pricing_rules::id)
        .do_update()
        .set(&row)
        .execute(conn)?;
    Ok(())
}

/// Adds models that are not there yet, and rules if there are none at all.
fn plant(conn: &mut SqliteConnection, seed: &CatalogSnapshot) -> Result<Vec<ModelId>, Fault> {
    let mut added = Vec::new();
    for entry in &seed.models {
        let written = diesel::insert_into(models::table)
            .values(ModelRow::from(&entry.model))
            .on_conflict(models::id)
            .do_nothing()
            .execute(conn)?;
        if written == 0 {
            continue;
        }
        for version in &entry.versions {
            insert_version(conn, &entry.model.id, version)?;
        }
        added.push(entry.model.id.clone());
    }
    let rules: i64 = pricing_rules::table.count().get_result(conn)?;
    let wants_rules = rules == 0 && !seed.rules.is_empty();
    if wants_rules {
        for rule in &seed.rules {
            upsert_rule(conn, rule.id.uuid(), rule)?;
        }
    }
    if wants_rules || !added.is_empty() {
        changes::announce(conn, Change::Catalog)?;
    }
    Ok(added)
}
