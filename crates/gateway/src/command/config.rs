//! `vuzo config`: the configuration as it is understood.

use anyhow::Result;
use serde_json::{Value, json};

use super::Outcome;
use crate::cli::ConfigCommand;
use crate::config::{self, Config, Invalid};
use crate::output::{Output, table};

pub(super) fn run(
    command: ConfigCommand,
    loaded: &Result<Config, Invalid>,
    output: Output,
) -> Result<Outcome> {
    match command {
        ConfigCommand::Check => check(loaded, output),
        ConfigCommand::Print => match loaded {
            Ok(config) => print(config, output),
            Err(invalid) => Err(anyhow::anyhow!("{invalid}")),
        },
    }
}

fn check(loaded: &Result<Config, Invalid>, output: Output) -> Result<Outcome> {
    let found = config::check(loaded);
    let is_fine = found.problems.is_empty();
    let mut lines: Vec<String> = Vec::new();
    lines.extend(found.problems.iter().map(|line| format!("problem: {line}")));
    lines.extend(found.notes.iter().map(|line| format!("note: {line}")));
    if is_fine {
        lines.push("the configuration can be used".to_owned());
    }
    let json = json!({"ok": is_fine, "problems": found.problems, "notes": found.notes});
    output.show(&json, &lines.join("\n"))?;
    Ok(Outcome::of(is_fine))
}

fn print(config: &Config, output: Output) -> Result<Outcome> {
    let shown = config::print(config);
    let json: Vec<Value> = shown.iter().map(config::Shown::json).collect();
    let rows: Vec<Vec<String>> = shown
        .iter()
        .map(|line| {
            let value = line.value.clone().unwrap_or_else(|| "-".to_owned());
            let source = line.source.clone().unwrap_or_default();
            vec![line.name.to_owned(), value, source]
        })
        .collect();
    output.show(
        &Value::from(json),
        &table(&["NAME", "VALUE", "FROM"], &rows),
    )?;
    Ok(Outcome::Fine)
}
