//! Many models at once, in the shape of the operator's routes or of the starter
//! catalogue, and what came of them.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};
use vuzo_application::operator::{
    ImportOrder, ImportReport, ImportWishes, ImportedModel, Jump, Stated,
};
use vuzo_domain::money::Currency;
use vuzo_domain::time::Timestamp;

use super::{model_table, model_write};
use crate::error::Fault;
use crate::fields::Fields;

/// No catalogue that is imported is larger.
const MOST_MODELS: usize = 5_000;

/// What the operator's routes tell of a model and nobody can change.
const TOLD: [&str; 3] = ["created_at", "version", "versions"];

/// Reads models out of JSON: a list of them, or an object with the list in `models`, or
/// in `data` as the operator's own list of models is answered.
pub fn read_models(json: &[u8], now: Timestamp) -> Result<Vec<ImportedModel>, Fault> {
    let list = json.trim_ascii();
    let mut whole = Vec::new();
    let json = if list.starts_with(b"[") {
        whole.extend_from_slice(b"{\"models\":");
        whole.extend_from_slice(list);
        whole.push(b'}');
        &whole
    } else {
        json
    };
    let mut fields = Fields::parse(json)?;
    let models = models(&mut fields, now)?;
    fields.skip(&["object", "has_more", "next_cursor"]);
    fields.finish()?;
    Ok(models)
}

/// Reads an order of the operator.
pub(crate) fn order(mut fields: Fields<'_>, now: Timestamp) -> Result<ImportOrder, Fault> {
    let order = ImportOrder {
        models: models(&mut fields, now)?,
        wishes: ImportWishes {
            dry_run: fields.flag("dry_run")?.unwrap_or(false),
            allow_jumps: fields.flag("allow_jumps")?.unwrap_or(false),
            retire_missing: fields.flag("retire_missing")?.unwrap_or(false),
        },
    };
    fields.skip(&["object", "has_more", "next_cursor"]);
    fields.finish()?;
    Ok(order)
}

fn models(fields: &mut Fields<'_>, now: Timestamp) -> Result<Vec<ImportedModel>, Fault> {
    let name = if fields.has("models") {
        "models"
    } else {
        "data"
    };
    let rows = fields.objects_up_to(name, MOST_MODELS)?;
    let rows = rows.ok_or_else(|| fields.missing("models"))?;
    let ids: BTreeSet<String> = rows.iter().filter_map(|row| row.peek_text("id")).collect();
    rows.into_iter().map(|row| one(row, &ids, now)).collect()
}

fn one(
    mut row: Fields<'_>,
    ids: &BTreeSet<String>,
    now: Timestamp,
) -> Result<ImportedModel, Fault> {
    if row.has(model_table::MARK) {
        return model_table::row(row, ids, now);
    }
    row.skip(&TOLD);
    let stated = Stated {
        aliases: row.has("aliases"),
        priority: row.has("priority"),
        weight: row.has("weight"),
        retail: row.has("pricing"),
    };
    let (model, version) = model_write::draft(row, now)?;
    Ok(ImportedModel {
        model,
        version,
        stated,
    })
}

/// What an import did, or would do.
#[derive(Serialize)]
pub struct ImportView {
    object: &'static str,
    applied: bool,
    added: Vec<String>,
    changed: Vec<Value>,
    unchanged: Vec<String>,
    missing: Vec<String>,
    retired: Vec<String>,
    jumps: Value,
    warnings: Vec<Value>,
}

impl ImportView {
    /// The report as it is answered.
    pub fn of(report: &ImportReport) -> Self {
        let names = |ids: &[vuzo_domain::catalog::ModelId]| -> Vec<String> {
            ids.iter().map(ToString::to_string).collect()
        };
        let changed = report.changed.iter();
        let suspicions = report.suspicions.iter();
        Self {
            object: "model_import",
            applied: report.applied,
            added: names(&report.added),
            changed: changed
                .map(|model| json!({"id": model.id.as_str(), "fields": model.fields}))
                .collect(),
            unchanged: names(&report.unchanged),
            missing: names(&report.missing),
            retired: names(&report.retired),
            jumps: jumps_json(&report.jumps),
            warnings: suspicions
                .map(|odd| json!({"id": odd.id.as_str(), "message": odd.message}))
                .collect(),
        }
    }
}

/// Prices that changed by more than half.
pub(crate) fn jumps_json(jumps: &[Jump]) -> Value {
    let jumps = jumps.iter().map(|jump| {
        json!({
            "id": jump.id.as_str(),
            "price": jump.price,
            "above_input_tokens": jump.above_input_tokens,
            "before": jump.before.format(Currency::USD),
            "after": jump.after.format(Currency::USD),
        })
    });
    Value::Array(jumps.collect())
}
