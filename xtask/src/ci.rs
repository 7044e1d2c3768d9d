//! Every check that is not a test.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::say::say;
use crate::{shell, tidy};

enum Outcome {
    Passed,
    Skipped(&'static str),
    Failed(anyhow::Error),
}

type Step = (&'static str, fn() -> Result<Option<&'static str>>);

/// The steps, cheap ones first. A step answers with the reason why it was skipped, if it was.
const STEPS: [Step; 5] = [
    ("tidy", tidy_step),
    ("fmt", fmt),
    ("deny", deny),
    ("clippy", clippy),
    ("doc", doc),
];

/// Runs all steps, also after one has failed, so that one run shows everything.
pub(crate) fn run() -> Result<()> {
    let mut done: Vec<(&str, Duration, Outcome)> = Vec::new();
    for (name, step) in STEPS {
        say(format_args!("== {name}"));
        let start = Instant::now();
        let outcome = match step() {
            Ok(None) => Outcome::Passed,
            Ok(Some(reason)) => Outcome::Skipped(reason),
            Err(error) => {
                say(format_args!("{name}: {error:#}"));
                Outcome::Failed(error)
            }
        };
        done.push((name, start.elapsed(), outcome));
    }
    say("== summary");
    let mut failed = Vec::new();
    for (name, took, outcome) in &done {
        let seconds = took.as_secs_f64();
        match outcome {
            Outcome::Passed => say(format_args!("{name:<8} passed   {seconds:7.1} s")),
            Outcome::Skipped(reason) => say(format_args!("{name:<8} SKIPPED: {reason}")),
            Outcome::Failed(error) => {
                say(format_args!(
                    "{name:<8} FAILED   {seconds:7.1} s  {error:#}"
                ));
                failed.push(*name);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn tidy_step() -> Result<Option<&'static str>> {
    tidy::run().map(|()| None)
}

fn fmt() -> Result<Option<&'static str>> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    Ok(None)
}

fn clippy() -> Result<Option<&'static str>> {
    shell::run(shell::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(None)
}

fn doc() -> Result<Option<&'static str>> {
    shell::run(
        shell::cargo()
            .args(["doc", "--no-deps", "--workspace"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    Ok(None)
}

/// Advisories need the network for their database, so they are not among the checks that gate a change.
fn deny() -> Result<Option<&'static str>> {
    if !shell::has_cargo_command("deny") {
        return Ok(Some(
            "cargo-deny is not installed; tidy has enforced the bans on direct dependencies",
        ));
    }
    shell::run(shell::cargo().args(["deny", "check", "bans", "licenses", "sources"]))?;
    Ok(None)
}
