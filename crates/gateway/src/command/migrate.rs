//! `vuzo migrate`: the tables of the database.

use anyhow::Result;
use serde_json::json;

use super::{Context, Outcome};
use crate::cli::Migrate;
use crate::wiring::{PATIENCE, Place};

pub(super) async fn run(options: Migrate, context: &Context) -> Result<Outcome> {
    let place = Place::of(&context.config);
    if options.check {
        return check(&place, context).await;
    }
    let applied = place.migrate(&context.runtime).await?;
    let text = if applied.is_empty() {
        format!("{} is up to date", place.name())
    } else {
        format!("{}: applied {}", place.name(), applied.join(", "))
    };
    context.output.show(&json!({"applied": applied}), &text)?;
    Ok(Outcome::Fine)
}

async fn check(place: &Place, context: &Context) -> Result<Outcome> {
    let (pending, text) = if place.exists() {
        let pending = place.pending(&context.runtime, PATIENCE).await?;
        let text = if pending.is_empty() {
            format!("{} is up to date", place.name())
        } else {
            format!("{}: pending {}", place.name(), pending.join(", "))
        };
        (pending, text)
    } else {
        let all = vec!["all".to_owned()];
        (all, format!("{} does not exist yet", place.name()))
    };
    context.output.show(&json!({"pending": pending}), &text)?;
    Ok(Outcome::of(pending.is_empty()))
}
