//! `vuzo admin models refresh`: what this version knows of models that an earlier one
//! loaded.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};
use vuzo_application::operator::{ImportOrder, ImportWishes, ImportedModel, Stated};

use super::desk::{ACTOR, Desk};
use super::{Context, Outcome};
use crate::catalogue::{Outdated, outdated, starter};

pub(super) async fn run(dry_run: bool, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let operator = &desk.application.operator;
    let models = outdated(operator.models().await?, &starter(desk.clock.now())?);
    let (json, text) = told(&models, dry_run);
    if !models.is_empty() {
        let order = ImportOrder {
            models: models.into_iter().filter_map(taught).collect(),
            wishes: ImportWishes {
                dry_run,
                ..ImportWishes::default()
            },
        };
        operator.import_models(ACTOR, order).await?;
    }
    context.output.show(&json, &text)?;
    Ok(Outcome::of(true))
}

/// The model with the words that it lacks, and all else that is known of it.
fn taught(outdated: Outdated) -> Option<ImportedModel> {
    let Outdated { entry, words } = outdated;
    let mut model = entry.model;
    model.capabilities = model.capabilities.iter().cloned().chain(words).collect();
    // The same prices over again are no new version of them.
    let version = entry.versions.into_iter().next_back()?;
    Some(ImportedModel {
        model,
        version,
        stated: Stated {
            aliases: true,
            priority: true,
            weight: true,
            retail: true,
        },
    })
}

fn told(models: &[Outdated], dry_run: bool) -> (Value, String) {
    let changed: Vec<Value> = models
        .iter()
        .map(|model| json!({"id": model.entry.model.id.as_str(), "words": model.words}))
        .collect();
    let json = json!({
        "object": "model_refresh",
        "applied": !dry_run,
        "changed": changed,
    });
    let done = if dry_run {
        "would be refreshed"
    } else {
        "refreshed"
    };
    let mut text = format!("{done}: {} models", models.len());
    for model in models {
        // Writing to a string does not fail.
        let _written = write!(
            text,
            "\n  ~ {}: {}",
            model.entry.model.id,
            model.words.join(", ")
        );
    }
    (json, text)
}
