//! `vuzo doctor`: whether everything that the gateway needs is there, and the proof
//! of the books.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use vuzo_domain::port::LedgerReport;
use vuzo_domain::provider_key::{ProviderKey, ProviderKeyStatus};

use super::{Context, Outcome};
use crate::catalogue::{Outdated, outdated, starter};
use crate::cli::Doctor;
use crate::config::{self, ProviderConfig};
use crate::output::table;
use crate::wiring::{Base, Place, Sharing, redis_answers};

/// So many models are named in one line.
const MOST_NAMED: usize = 5;

/// How something that was looked at is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fine,
    /// Worth knowing.
    Note,
    Problem,
    /// It could not be looked at.
    Unknown,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Note => "note",
            Self::Problem => "problem",
            Self::Unknown => "unknown",
        }
    }
}

/// What was looked at, and what was seen.
struct Finding {
    subject: &'static str,
    state: State,
    detail: String,
}

impl Finding {
    fn new(subject: &'static str, state: State, detail: impl Into<String>) -> Self {
        Self {
            subject,
            state,
            detail: detail.into(),
        }
    }
}

pub(super) async fn run(options: Doctor, context: &Context) -> Result<Outcome> {
    let mut findings = Vec::new();
    let place = Place::of(&context.config);
    if !options.ledger {
        findings.extend(configuration(context));
    }
    let database = database(&place, context).await;
    let can_be_read = database.iter().all(|seen| seen.state == State::Fine);
    findings.extend(database);
    if !options.ledger {
        findings.push(redis(context).await);
        findings.push(providers(&place, can_be_read, context).await);
        if can_be_read {
            findings.push(catalogue(&place, context).await);
        }
    }
    let mut report = None;
    if !options.quick {
        let (finding, found) = if can_be_read {
            ledger(&place, context).await
        } else {
            let why = "the database cannot be read";
            (Finding::new("ledger", State::Unknown, why), None)
        };
        findings.push(finding);
        report = found;
    }
    show(&findings, report.as_ref(), context)?;
    if findings.iter().any(|seen| seen.state == State::Unknown) {
        bail!("not everything could be looked at");
    }
    let is_fine = findings.iter().all(|seen| seen.state != State::Problem);
    Ok(Outcome::of(is_fine))
}

fn configuration(context: &Context) -> Vec<Finding> {
    let found = config::check(&Ok(context.config.clone()));
    let problems = found.problems.into_iter();
    let notes = found.notes.into_iter();
    let mut findings: Vec<Finding> = problems
        .map(|line| Finding::new("configuration", State::Problem, line))
        .chain(notes.map(|line| Finding::new("configuration", State::Note, line)))
        .collect();
    if findings.is_empty() {
        let environment = format!("APP_ENV={}", context.config.app_env.name());
        findings.push(Finding::new("configuration", State::Fine, environment));
    }
    findings
}

async fn database(place: &Place, context: &Context) -> Vec<Finding> {
    if !place.exists() {
        let detail = format!("{} does not exist yet; `vuzo serve` makes it", place.name());
        return vec![Finding::new("database", State::Problem, detail)];
    }
    match place.pending(&context.runtime, Duration::ZERO).await {
        Err(fault) => vec![Finding::new(
            "database",
            State::Problem,
            format!("{fault:#}"),
        )],
        Ok(pending) => {
            let migrations = if pending.is_empty() {
                Finding::new("migrations", State::Fine, "none pending")
            } else {
                let detail = format!("run `vuzo migrate` (pending: {})", pending.join(", "));
                Finding::new("migrations", State::Problem, detail)
            };
            vec![
                Finding::new("database", State::Fine, place.name()),
                migrations,
            ]
        }
    }
}

async fn redis(context: &Context) -> Finding {
    let sharing = match Sharing::open(&context.config, &context.runtime) {
        Ok(sharing) => sharing,
        Err(fault) => return Finding::new("redis", State::Problem, format!("{fault:#}")),
    };
    let Some(redis) = sharing.redis() else {
        let detail = "not configured; limits hold within this process alone";
        return Finding::new("redis", State::Fine, detail);
    };
    match redis_answers(redis).await {
        Ok(()) => Finding::new("redis", State::Fine, "answers"),
        Err(fault) => {
            let detail = format!("does not answer: {}", fault.source);
            Finding::new("redis", State::Problem, detail)
        }
    }
}

/// Which providers have a key: one of the configuration, or an active stored one.
async fn providers(place: &Place, can_be_read: bool, context: &Context) -> Finding {
    let stored = if can_be_read {
        stored_keys(place, context).await.unwrap_or_default()
    } else {
        Vec::new()
    };
    let has_key = |provider: &ProviderConfig| {
        let mut stored = stored.iter();
        provider.key.is_some() || stored.any(|key| key.provider.as_str() == provider.name)
    };
    let known = context.config.providers.iter();
    let with_key: Vec<&str> = known
        .filter(|provider| has_key(provider))
        .map(|provider| provider.name)
        .collect();
    if with_key.is_empty() {
        let detail = "none has a key; only the simulator answers";
        return Finding::new("providers", State::Note, detail);
    }
    let detail = format!("{} and the simulator", with_key.join(", "));
    Finding::new("providers", State::Fine, detail)
}

async fn stored_keys(place: &Place, context: &Context) -> Result<Vec<ProviderKey>> {
    let store = place.open(&context.runtime, Duration::ZERO).await?;
    let mut keys = store.ports().provider_keys.list_provider_keys().await?;
    keys.retain(|key| key.status == ProviderKeyStatus::Active);
    Ok(keys)
}

/// Whether models of the starter catalogue lack words that this version has for them.
async fn catalogue(place: &Place, context: &Context) -> Finding {
    let models = match outdated_models(place, context).await {
        Ok(models) => models,
        Err(fault) => return Finding::new("catalogue", State::Unknown, format!("{fault:#}")),
    };
    if models.is_empty() {
        let detail = "knows what the starter catalogue of this version knows";
        return Finding::new("catalogue", State::Fine, detail);
    }
    let ids = models.iter().map(|model| model.entry.model.id.as_str());
    let named = ids.take(MOST_NAMED).collect::<Vec<_>>().join(", ");
    let more = if models.len() > MOST_NAMED {
        ", …"
    } else {
        ""
    };
    let detail = format!(
        "{} models lack words of capabilities that this version knows ({named}{more}): see \
         `vuzo admin models refresh --dry-run`",
        models.len()
    );
    Finding::new("catalogue", State::Note, detail)
}

async fn outdated_models(place: &Place, context: &Context) -> Result<Vec<Outdated>> {
    let now = Base::of_this_system()?.clock.now();
    let store = place.open(&context.runtime, Duration::ZERO).await?;
    let stored = store.ports().catalog.load_catalog().await?;
    Ok(outdated(stored.models, &starter(now)?))
}

async fn ledger(place: &Place, context: &Context) -> (Finding, Option<LedgerReport>) {
    match audit(place, context).await {
        Err(fault) => {
            let finding = Finding::new("ledger", State::Unknown, format!("{fault:#}"));
            (finding, None)
        }
        Ok(report) => {
            let looked_at = format!(
                "{} accounts, {} transfers, {} calls, {} open holds ({} overdue)",
                report.accounts,
                report.transfers,
                report.calls,
                report.open_holds,
                report.overdue_holds
            );
            let finding = if report.findings.is_empty() {
                Finding::new("ledger", State::Fine, format!("proven: {looked_at}"))
            } else {
                let detail = format!("{} findings in {looked_at}", report.findings.len());
                Finding::new("ledger", State::Problem, detail)
            };
            (finding, Some(report))
        }
    }
}

async fn audit(place: &Place, context: &Context) -> Result<LedgerReport> {
    let now = Base::of_this_system()?.clock.now();
    let store = place.open(&context.runtime, Duration::ZERO).await?;
    Ok(store.ports().ledger_audit.audit_ledger(now).await?)
}

fn show(findings: &[Finding], report: Option<&LedgerReport>, context: &Context) -> Result<()> {
    let broken = report.map_or(&[][..], |report| &report.findings);
    let mut rows: Vec<Vec<String>> = findings
        .iter()
        .map(|seen| {
            let (subject, state) = (seen.subject.to_owned(), seen.state.name().to_owned());
            vec![subject, state, seen.detail.clone()]
        })
        .collect();
    rows.extend(broken.iter().map(|finding| {
        let detail = format!("{}: {}", finding.subject, finding.detail);
        vec![format!("  {}", finding.rule), String::new(), detail]
    }));
    let checks: Vec<Value> = findings
        .iter()
        .map(|seen| {
            json!({"check": seen.subject, "state": seen.state.name(), "detail": seen.detail})
        })
        .collect();
    let ledger = report.map(|report| {
        let findings: Vec<Value> = broken
            .iter()
            .map(|finding| {
                json!({
                    "rule": finding.rule,
                    "subject": finding.subject,
                    "detail": finding.detail,
                })
            })
            .collect();
        json!({
            "accounts": report.accounts,
            "transfers": report.transfers,
            "calls": report.calls,
            "open_holds": report.open_holds,
            "overdue_holds": report.overdue_holds,
            "findings": findings,
        })
    });
    let json = json!({"checks": checks, "ledger": ledger});
    let text = table(&["CHECK", "STATE", ""], &rows);
    Ok(context.output.show(&json, &text)?)
}
