use std::collections::HashMap;

use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use vuzo_domain::catalog::{Model, ModelId};
use vuzo_domain::id::RuleId;
use vuzo_domain::port::{
    Catalog, CatalogSnapshot, Change, ModelEntry, ModelWrite, RuleWrite, Unavailable,
};
use vuzo_domain::pricing::{PriceVersion, PricingRule};
use vuzo_sql::RawId;
use vuzo_sql::rows::{ModelRow, PriceVersionRow, RuleRow};
use vuzo_sql::schema::{models, price_versions, pricing_rules};

use crate::database::{Fault, Scope};
use crate::{PgStore, audit, changes};

/// One seeds at a time, and nobody makes a rule meanwhile: whether there are any
/// decides.
const SEED_ALONE: &str = "LOCK TABLE pricing_rules IN SHARE ROW EXCLUSIVE MODE";

/// The catalogue is no tenant's, and its changes are the operator's.
#[async_trait]
impl Catalog for PgStore {
    async fn load_catalog(&self) -> Result<CatalogSnapshot, Unavailable> {
        self.database()
            .snapshot("load_catalog", Scope::Everything, (), |conn, ()| {
                load(conn).boxed()
            })
            .await
    }

    async fn save_model(&self, write: ModelWrite) -> Result<ModelEntry, Unavailable> {
        self.database()
            .transact("save_model", Scope::Everything, write, |conn, write| {
                save_model(conn, write).boxed()
            })
            .await
    }

    async fn save_models(
        &self,
        mut writes: Vec<ModelWrite>,
    ) -> Result<Vec<ModelEntry>, Unavailable> {
        // In one order, so that two who save many at once do not wait for each other.
        writes.sort_by(|one, other| one.model.id.cmp(&other.model.id));
        self.database()
            .transact("save_models", Scope::Everything, writes, |conn, writes| {
                save_models(conn, writes).boxed()
            })
            .await
    }

    async fn save_rule(&self, write: RuleWrite) -> Result<bool, Unavailable> {
        self.database()
            .transact("save_rule", Scope::Everything, write, |conn, write| {
                save_rule(conn, write).boxed()
            })
            .await
    }

    async fn seed_catalog(&self, seed: CatalogSnapshot) -> Result<Vec<ModelId>, Unavailable> {
        self.database()
            .transact("seed_catalog", Scope::Everything, seed, |conn, seed| {
                plant(conn, seed).boxed()
            })
            .await
    }
}

/// Three statements, however many models there are. Models are sorted here, since
/// the order of texts is the database's own affair.
async fn load(conn: &mut AsyncPgConnection) -> Result<CatalogSnapshot, Fault<Unavailable>> {
    let mut versions: HashMap<String, Vec<PriceVersionRow>> = HashMap::new();
    let rows: Vec<PriceVersionRow> = price_versions::table
        .order((price_versions::model_id, price_versions::number))
        .select(PriceVersionRow::as_select())
        .load(conn)
        .await?;
    for row in rows {
        versions.entry(row.model_id.clone()).or_default().push(row);
    }
    let rows: Vec<ModelRow> = models::table
        .select(ModelRow::as_select())
        .load(conn)
        .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        let of_model = versions.remove(&row.id).unwrap_or_default();
        entries.push(ModelEntry {
            model: Model::try_from(row)?,
            versions: read_versions(of_model)?,
        });
    }
    entries.sort_by(|one, other| one.model.id.as_str().cmp(other.model.id.as_str()));
    let rules: Vec<RuleRow> = pricing_rules::table
        .order(pricing_rules::id)
        .select(RuleRow::as_select())
        .load(conn)
        .await?;
    Ok(CatalogSnapshot {
        models: entries,
        rules: rules
            .into_iter()
            .map(PricingRule::try_from)
            .collect::<Result<_, _>>()?,
    })
}

fn read_versions(rows: Vec<PriceVersionRow>) -> Result<Vec<PriceVersion>, Fault<Unavailable>> {
    let versions = rows.into_iter().map(PriceVersion::try_from);
    Ok(versions.collect::<Result<_, _>>()?)
}

async fn versions_of(
    conn: &mut AsyncPgConnection,
    model: &ModelId,
) -> Result<Vec<PriceVersion>, Fault<Unavailable>> {
    let rows: Vec<PriceVersionRow> = price_versions::table
        .filter(price_versions::model_id.eq(model.as_str()))
        .order(price_versions::number)
        .select(PriceVersionRow::as_select())
        .load(conn)
        .await?;
    read_versions(rows)
}

/// Writing the model locks its row, so that versions are numbered one after another.
async fn save_model(
    conn: &mut AsyncPgConnection,
    write: &ModelWrite,
) -> Result<ModelEntry, Fault<Unavailable>> {
    let row = ModelRow::from(&write.model);
    diesel::insert_into(models::table)
        .values(&row)
        .on_conflict(models::id)
        .do_update()
        .set(&row)
        .execute(conn)
        .await?;
    let mut versions = versions_of(conn, &write.model.id).await?;
    if let Some(next) = next_version(&versions, write.version.as_ref()) {
        insert_version(conn, &write.model.id, &next).await?;
        versions.push(next);
    }
    audit::note(conn, &write.audit).await?;
    changes::announce(conn, Change::Catalog).await?;
    Ok(ModelEntry {
        versions,
        model: write.model.clone(),
    })
}

async fn save_models(
    conn: &mut AsyncPgConnection,
    writes: &[ModelWrite],
) -> Result<Vec<ModelEntry>, Fault<Unavailable>> {
    let mut saved = Vec::with_capacity(writes.len());
    for write in writes {
        saved.push(save_model(conn, write).await?);
    }
    Ok(saved)
}

/// The version with the next number, unless it is the newest one over again.
fn next_version(known: &[PriceVersion], version: Option<&PriceVersion>) -> Option<PriceVersion> {
    let newest = known.last();
    let number = newest.map_or(0, |newest| newest.number);
    let again = PriceVersion {
        number,
        ..version?.clone()
    };
    (newest != Some(&again)).then(|| PriceVersion {
        number: number.saturating_add(1),
        ..again
    })
}

async fn insert_version(
    conn: &mut AsyncPgConnection,
    model: &ModelId,
    version: &PriceVersion,
) -> QueryResult<()> {
    diesel::insert_into(price_versions::table)
        .values(PriceVersionRow::new(model, version))
        .execute(conn)
        .await?;
    Ok(())
}

async fn save_rule(
    conn: &mut AsyncPgConnection,
    write: &RuleWrite,
) -> Result<bool, Fault<Unavailable>> {
    if let Some(rule) = &write.rule {
        upsert_rule(conn, write.id, rule).await?;
    } else {
        let place = pricing_rules::table.filter(pricing_rules::id.eq(RawId(write.id.uuid())));
        if diesel::delete(place).execute(conn).await? == 0 {
            return Ok(false);
        }
    }
    audit::note(conn, &write.audit).await?;
    changes::announce(conn, Change::Catalog).await?;
    Ok(true)
}

async fn upsert_rule(
    conn: &mut AsyncPgConnection,
    id: RuleId,
    rule: &PricingRule,
) -> QueryResult<()> {
    let row = RuleRow {
        id: RawId(id.uuid()),
        ..RuleRow::from(rule)
    };
    diesel::insert_into(pricing_rules::table)
        .values(&row)
        .on_conflict(pricing_rules::id)
        .do_update()
        .set(&row)
        .execute(conn)
        .await?;
    Ok(())
}

/// Adds models that are not there yet, and rules if there are none at all.
async fn plant(
    conn: &mut AsyncPgConnection,
    seed: &CatalogSnapshot,
) -> Result<Vec<ModelId>, Fault<Unavailable>> {
    diesel::sql_query(SEED_ALONE).execute(conn).await?;
    let mut added = Vec::new();
    for entry in &seed.models {
        let written = diesel::insert_into(models::table)
            .values(ModelRow::from(&entry.model))
            .on_conflict(models::id)
            .do_nothing()
            .execute(conn)
            .await?;
        if written == 0 {
            continue;
        }
        for version in &entry.versions {
            insert_version(conn, &entry.model.id, version).await?;
        }
        added.push(entry.model.id.clone());
    }
    let rules: i64 = pricing_rules::table.count().get_result(conn).await?;
    let wants_rules = rules == 0 && !seed.rules.is_empty();
    if wants_rules {
        for rule in &seed.rules {
            upsert_rule(conn, rule.id, rule).await?;
        }
    }
    if wants_rules || !added.is_empty() {
        changes::announce(conn, Change::Catalog).await?;
    }
    Ok(added)
}
