//! `vuzo keys`: API keys, made and ended by the operator.

use anyhow::{Result, bail};
use serde_json::{Value, json};
use vuzo_application::keys::{Hand, KeyDraft};
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::{ApiKey, KeyStatus, Restrictions};
use vuzo_domain::limit::Limits;
use vuzo_domain::port::PageRequest;

use super::desk::{ACTOR, Desk};
use super::{Context, Outcome};
use crate::cli::{CreateKey, KeysCommand};
use crate::output::table;

pub(super) async fn run(command: KeysCommand, context: &Context) -> Result<Outcome> {
    match command {
        KeysCommand::Create(wanted) => create(*wanted, context).await,
        KeysCommand::List { account, limit } => list(account, limit, context).await,
        KeysCommand::Revoke { account, key } => revoke(account, key, context).await,
    }
}

async fn create(wanted: CreateKey, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let known = desk.application.operator.account(wanted.account).await?;
    if known.is_none() {
        bail!("there is no account {}", wanted.account);
    }
    let draft = KeyDraft {
        name: wanted.name,
        environment: wanted.environment,
        scopes: (!wanted.scopes.is_empty()).then_some(wanted.scopes),
        restrictions: Restrictions {
            allowed_models: wanted.models,
            expires_at: wanted.expires_at,
            ..Restrictions::default()
        },
        spend_cap: None,
        limits: Limits::default(),
    };
    let hand = Hand::of_operator(ACTOR, wanted.account);
    let fresh = desk.application.keys.create(hand, draft).await?;
    let mut json = shown(&fresh.key);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("key".to_owned(), Value::from(fresh.text.expose()));
    }
    let text = format!(
        "{}\n\nThis is {}. It is shown this once.",
        fresh.text.expose(),
        fresh.key.id
    );
    context.output.show(&json, &text)?;
    Ok(Outcome::Fine)
}

async fn list(account: AccountId, limit: u32, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let page = PageRequest::first(limit);
    let keys = desk.application.keys.list(account, page).await?;
    let rows: Vec<Vec<String>> = keys
        .rows
        .iter()
        .map(|key| {
            vec![
                key.id.to_string(),
                key.prefix.clone(),
                key.name.clone(),
                key.environment.name().to_owned(),
                status(key).to_owned(),
                key.last_used_at
                    .map_or_else(|| "never".to_owned(), |at| at.to_string()),
            ]
        })
        .collect();
    let headings = ["ID", "PREFIX", "NAME", "ENVIRONMENT", "STATUS", "LAST USED"];
    let data: Vec<Value> = keys.rows.iter().map(shown).collect();
    let json = json!({"object": "list", "data": data, "has_more": keys.has_more});
    context.output.show(&json, &table(&headings, &rows))?;
    Ok(Outcome::Fine)
}

async fn revoke(account: AccountId, key: KeyId, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let hand = Hand::of_operator(ACTOR, account);
    desk.application.keys.revoke(hand, key).await?;
    let json = json!({"id": key.to_string(), "status": "revoked"});
    context.output.show(&json, &format!("{key} is revoked"))?;
    Ok(Outcome::Fine)
}

fn shown(key: &ApiKey) -> Value {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
    let models = key.restrictions.allowed_models.iter();
    json!({
        "id": key.id.to_string(),
        "account_id": key.account.to_string(),
        "prefix": key.prefix,
        "name": key.name,
        "environment": key.environment.name(),
        "scopes": scopes,
        "allowed_models": models.map(ToString::to_string).collect::<Vec<_>>(),
        "expires_at": key.restrictions.expires_at.map(|at| at.to_string()),
        "status": status(key),
        "created_at": key.created_at.to_string(),
        "last_used_at": key.last_used_at.map(|at| at.to_string()),
    })
}

fn status(key: &ApiKey) -> &'static str {
    match key.status {
        KeyStatus::Active => "active",
        KeyStatus::Retiring(_) => "retiring",
        KeyStatus::Revoked(_) => "revoked",
    }
}
