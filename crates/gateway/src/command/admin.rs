//! `vuzo admin`: accounts, models, keys at providers, and who did what.

use anyhow::Result;
use serde_json::{Value, json};
use vuzo_application::operator::AccountPatch;
use vuzo_application::people::{SignUp, random_password};
use vuzo_domain::account::{Account, AccountStatus, Role};
use vuzo_domain::id::AccountId;
use vuzo_domain::port::{Actor, AuditEntry, PageRequest};

use super::desk::{ACTOR, Desk};
use super::{Context, Outcome};
use crate::cli::{AccountCommand, Admin, ModelCommand, NewAccount};
use crate::output::table;

pub(super) async fn run(command: Admin, context: &Context) -> Result<Outcome> {
    match command {
        Admin::Account(command) => match command {
            AccountCommand::List { query, limit } => list(query, limit, context).await,
            AccountCommand::Create(wanted) => create(wanted, context).await,
            AccountCommand::Suspend { account } => {
                change(account, AccountStatus::Suspended, context).await
            }
            AccountCommand::Activate { account } => {
                change(account, AccountStatus::Active, context).await
            }
        },
        Admin::Models(ModelCommand::Import(wanted)) => super::models::import(wanted, context).await,
        Admin::Models(ModelCommand::Refresh { dry_run }) => {
            super::refresh::run(dry_run, context).await
        }
        Admin::ProviderKeys(command) => super::provider_keys::run(command, context).await,
        Admin::Audit { limit } => audit(limit, context).await,
    }
}

async fn list(query: Option<String>, limit: u32, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let page = PageRequest::first(limit);
    let accounts = desk.application.operator.accounts(query, page).await?;
    let rows: Vec<Vec<String>> = accounts
        .rows
        .iter()
        .map(|account| {
            vec![
                account.id.to_string(),
                account.name.clone(),
                account.plan.clone(),
                account.status.name().to_owned(),
                account.created_at.to_string(),
            ]
        })
        .collect();
    let data: Vec<Value> = accounts.rows.iter().map(shown).collect();
    let json = json!({"object": "list", "data": data, "has_more": accounts.has_more});
    let text = table(&["ID", "NAME", "PLAN", "STATUS", "OPENED"], &rows);
    context.output.show(&json, &text)?;
    Ok(Outcome::Fine)
}

async fn create(wanted: NewAccount, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let password = random_password(desk.ids.as_ref());
    let sign_up = SignUp {
        email: wanted.email,
        password: password.clone(),
        full_name: wanted.name,
        company: None,
    };
    let role = if wanted.admin {
        Role::Admin
    } else {
        Role::Member
    };
    let made = desk.application.people.enroll(sign_up, role).await?;
    let mut json = shown(&made.account);
    if let Some(fields) = json.as_object_mut() {
        fields.insert("email".to_owned(), Value::from(made.user.email.as_str()));
        fields.insert("role".to_owned(), Value::from(role.name()));
        fields.insert("password".to_owned(), Value::from(password.as_str()));
    }
    let text = format!(
        "account   {}\nemail     {}\npassword  {password}   (shown this once)",
        made.account.id, made.user.email
    );
    context.output.show(&json, &text)?;
    Ok(Outcome::Fine)
}

async fn change(account: AccountId, status: AccountStatus, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let patch = AccountPatch {
        status: Some(status),
        ..AccountPatch::default()
    };
    let operator = &desk.application.operator;
    let changed = operator.change_account(ACTOR, account, patch).await?;
    let text = format!("{} is {}", changed.id, changed.status.name());
    context.output.show(&shown(&changed), &text)?;
    Ok(Outcome::Fine)
}

async fn audit(limit: u32, context: &Context) -> Result<Outcome> {
    let desk = Desk::open(context).await?;
    let page = PageRequest::first(limit);
    let entries = desk.application.operator.audit(page).await?;
    let rows: Vec<Vec<String>> = entries
        .rows
        .iter()
        .map(|entry| {
            vec![
                entry.at.to_string(),
                actor(entry.actor),
                entry.action.clone(),
                entry.target.clone(),
                entry.detail.clone(),
            ]
        })
        .collect();
    let data: Vec<Value> = entries.rows.iter().map(entry).collect();
    let json = json!({"object": "list", "data": data, "has_more": entries.has_more});
    let text = table(&["WHEN", "WHO", "WHAT", "TO", "HOW"], &rows);
    context.output.show(&json, &text)?;
    Ok(Outcome::Fine)
}

fn shown(account: &Account) -> Value {
    json!({
        "id": account.id.to_string(),
        "name": account.name,
        "plan": account.plan,
        "status": account.status.name(),
        "created_at": account.created_at.to_string(),
    })
}

fn entry(entry: &AuditEntry) -> Value {
    // Written by ourselves as JSON; should it ever not be, it is shown as text.
    let detail = serde_json::from_str::<Value>(&entry.detail)
        .unwrap_or_else(|_not_json| Value::from(entry.detail.as_str()));
    json!({
        "id": entry.id.to_string(),
        "actor": actor(entry.actor),
        "action": entry.action,
        "target": entry.target,
        "detail": detail,
        "created_at": entry.at.to_string(),
    })
}

fn actor(actor: Actor) -> String {
    match actor {
        Actor::System => "system".to_owned(),
        Actor::AdminKey => "admin_key".to_owned(),
        Actor::User(user) => user.to_string(),
        Actor::Key(key) => key.to_string(),
        Actor::CommandLine => "command_line".to_owned(),
    }
}
