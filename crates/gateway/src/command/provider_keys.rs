//! `vuzo admin provider-keys`: the operator's keys at providers.

use std::fs;
use std::io::Read as _;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use vuzo_application::operator::ProviderKeyDraft;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::provider_key::ProviderKey;
use vuzo_domain::secret::Secret;

use super::desk::{ACTOR, Desk};
use super::{Context, Outcome};
use crate::cli::{NewProviderKey, ProviderKeyCommand};
use crate::output::table;

pub(super) async fn run(command: ProviderKeyCommand, context: &Context) -> Result<Outcome> {
    match command {
        ProviderKeyCommand::List => list(context).await,
        ProviderKeyCommand::Add(wanted) => add(wanted, context).await,
        ProviderKeyCommand::Remove { key } => remove(key, context).await,
        ProviderKeyCommand::RotateSeal => rotate_seal(context).await,
    }
}

async fn list(context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let keys = desk.application.operator.provider_keys().await?;
    let locked = desk.application.keyring.locked();
    let is_locked = |key: &ProviderKey| locked.iter().any(|locked| locked.id == key.id);
    let state = |key: &ProviderKey| {
        if is_locked(key) {
            "cannot be opened"
        } else {
            key.status.name()
        }
    };
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            vec![
                key.id.to_string(),
                key.provider.to_string(),
                key.name.clone(),
                key.hint.clone(),
                key.weight.to_string(),
                key.priority.to_string(),
                state(key).to_owned(),
                key.last_error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let shown = |key: &ProviderKey| {
        let mut json = shown(key);
        json["opens"] = Value::from(!is_locked(key));
        json
    };
    let data: Vec<Value> = keys.iter().map(shown).collect();
    let json = json!({"object": "list", "data": data, "has_more": false});
    let titles = [
        "ID",
        "PROVIDER",
        "NAME",
        "SECRET",
        "WEIGHT",
        "PRIORITY",
        "STATUS",
        "LAST ERROR",
    ];
    context.output.show(&json, &table(&titles, &rows))?;
    Ok(Outcome::Fine)
}

async fn add(wanted: NewProviderKey, context: &Context) -> Result<Outcome> {
    let secret = read_secret(&wanted)?;
    let desk = Desk::open(context).await?;
    let draft = ProviderKeyDraft {
        provider: wanted.provider,
        name: wanted.name,
        secret,
        weight: wanted.weight,
        priority: wanted.priority,
        idempotency_key: None,
    };
    let operator = &desk.application.operator;
    let key = operator.add_provider_key(ACTOR, draft).await?;
    let text = format!("{} for {} ({})", key.id, key.provider, key.hint);
    context.output.show(&shown(&key), &text)?;
    Ok(Outcome::Fine)
}

/// From a file or from the standard input: what stands on the command line is read by
/// everybody on the machine.
fn read_secret(wanted: &NewProviderKey) -> Result<Secret> {
    let mut text = String::new();
    if let Some(path) = &wanted.secret_file {
        let shown = path.display();
        text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    } else {
        let mut input = std::io::stdin();
        input
            .read_to_string(&mut text)
            .context("the key is read from the standard input")?;
    }
    Ok(Secret::new(text.trim()))
}

async fn remove(key: ProviderKeyId, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let operator = &desk.application.operator;
    operator.remove_provider_key(ACTOR, key).await?;
    let json = json!({"id": key.to_string(), "removed": true});
    context.output.show(&json, &format!("{key} is removed"))?;
    Ok(Outcome::Fine)
}

async fn rotate_seal(context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let operator = &desk.application.operator;
    let outcome = operator.reseal_provider_keys(ACTOR).await?;
    let names = |ids: &[ProviderKeyId]| -> Vec<String> {
        ids.iter().map(ProviderKeyId::to_string).collect()
    };
    let json = json!({
        "resealed": names(&outcome.sealed),
        "current": outcome.current,
        "locked": names(&outcome.locked),
    });
    let mut text = format!(
        "{} sealed anew under the first key; {} were under it already",
        outcome.sealed.len(),
        outcome.current
    );
    if !outcome.locked.is_empty() {
        let locked = names(&outcome.locked).join(", ");
        text = format!("{text}\nnone of the keys opens {locked}");
    }
    context.output.show(&json, &text)?;
    Ok(Outcome::of(outcome.locked.is_empty()))
}

fn shown(key: &ProviderKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "provider": key.provider.to_string(),
        "name": key.name,
        "hint": key.hint,
        "weight": key.weight,
        "priority": key.priority,
        "status": key.status.name(),
        "created_at": key.created_at.to_string(),
        "last_error": key.last_error,
    })
}
