//! `vuzo admin models`: many models at once.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result, bail};
use vuzo_application::operator::{ImportOrder, ImportReport, ImportWishes, Jump, OperatorError};
use vuzo_domain::money::Currency;
use vuzo_http::{ImportView, read_models};

use super::desk::{ACTOR, Desk};
use super::{Context, Outcome};
use crate::cli::ImportModels;

pub(super) async fn import(wanted: ImportModels, context: &Context) -> Result<Outcome> {
    let shown = wanted.file.display();
    let json = fs::read(&wanted.file).with_context(|| format!("cannot read {shown}"))?;
    let desk = Desk::open(context).await?;
    let models = read_models(&json, desk.clock.now()).with_context(|| format!("{shown}"))?;
    let wishes = ImportWishes {
        dry_run: wanted.dry_run,
        allow_jumps: wanted.allow_jumps,
        retire_missing: wanted.retire_missing,
    };
    let order = ImportOrder { models, wishes };
    let operator = &desk.application.operator;
    let report = match operator.import_models(ACTOR, order).await {
        Ok(report) => report,
        Err(OperatorError::PriceJumps(jumps)) => bail!(
            "nothing was imported: prices change by more than half; --allow-jumps takes them\n{}",
            told(&jumps).trim_end()
        ),
        Err(fault) => return Err(fault.into()),
    };
    let json = serde_json::to_value(ImportView::of(&report))?;
    context.output.show(&json, &text(&report))?;
    let would_be_refused = !report.applied && !report.jumps.is_empty() && !wanted.allow_jumps;
    Ok(Outcome::of(!would_be_refused))
}

fn text(report: &ImportReport) -> String {
    let done = if report.applied {
        "imported"
    } else {
        "would be imported"
    };
    let mut text = format!(
        "{done}: {} added, {} changed, {} unchanged, {} missing, {} retired\n",
        report.added.len(),
        report.changed.len(),
        report.unchanged.len(),
        report.missing.len(),
        report.retired.len(),
    );
    // Writing to a string does not fail.
    for id in &report.added {
        let _written = writeln!(text, "  + {id}");
    }
    for model in &report.changed {
        let _written = writeln!(text, "  ~ {}: {}", model.id, model.fields.join(", "));
    }
    for id in &report.missing {
        let fate = if report.retired.contains(id) {
            "retired"
        } else {
            "stays as it is"
        };
        let _written = writeln!(text, "  - {id} is not in the file: {fate}");
    }
    text.push_str(&told(&report.jumps));
    for odd in &report.suspicions {
        let _written = writeln!(text, "  ? {}: {}", odd.id, odd.message);
    }
    text.trim_end().to_owned()
}

fn told(jumps: &[Jump]) -> String {
    jumps.iter().fold(String::new(), |mut text, jump| {
        let from = match jump.above_input_tokens {
            0 => String::new(),
            tokens => format!(" above {tokens} input tokens"),
        };
        let (before, after) = (
            jump.before.format(Currency::USD),
            jump.after.format(Currency::USD),
        );
        // Writing to a string does not fail.
        let _written = writeln!(
            text,
            "  ! {}: {}{from}: {before} to {after}",
            jump.id, jump.price
        );
        text
    })
}
