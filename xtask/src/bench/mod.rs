//! How fast the gateway is, beside nginx as a bare proxy and a direct call, on one machine in one run.
//!
//! Everything is on while it measures: key check, limits, a durable hold and settlement, a usage row.
//! All processes share the machine's cores, so only the ratios mean something on another machine.

mod gateway;
mod machine;
mod nginx;
mod plan;
mod report;
mod stack;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::options::Options;
use crate::say::{answer, say};
use crate::{shell, workspace};
use plan::{Measurement, SCENARIOS, Scenario, Settings, TargetName};
use stack::{Stack, Target};

/// A pause in which a store finishes what the last load left behind.
const SETTLE: Duration = Duration::from_millis(300);

pub(crate) fn run(args: &[String]) -> Result<()> {
    let mut options = Options::new(args);
    let json = options.flag("--json");
    let settings = Settings::take(&mut options)?;
    options.finish()?;
    if !std::path::Path::new("/proc/self/stat").exists() {
        bail!("the bench reads CPU time and memory from /proc, which this system does not have");
    }
    build(&settings)?;
    let mut stack = Stack::start(&settings)?;
    let outcome = measure(&mut stack, &settings);
    let memory = stack.peak_memory();
    stack.stop();
    let (samples, errors) = outcome?;
    let summary = report::Summary::of(&samples, &memory);
    if json {
        answer(summary.json(&settings));
    } else {
        answer(summary.table());
    }
    if errors > 0 {
        bail!("{errors} answers were wrong; the figures above are worth nothing");
    }
    Ok(())
}

/// An unoptimised load generator would measure itself.
fn build(settings: &Settings) -> Result<()> {
    shell::run(shell::cargo().args(["build", "--release", "--package", "xtask"]))?;
    if settings.wants(TargetName::Sqlite) || settings.wants(TargetName::Postgres) {
        shell::run(shell::cargo().args(["build", "--release", "--package", "vuzo-gateway"]))?;
    }
    Ok(())
}

/// Measurements by scenario and target, one for each round.
type Samples = BTreeMap<(Scenario, TargetName), Vec<Measurement>>;

/// Drives every target in turn, round after round, so that a slow minute of the machine hits all of them.
fn measure(stack: &mut Stack, settings: &Settings) -> Result<(Samples, u64)> {
    let mut samples = Samples::new();
    let mut errors = 0;
    let targets: Vec<Target> = stack.targets().to_vec();
    for target in &targets {
        say(format_args!("warming up {}", target.name));
        stack.set_delay(Duration::ZERO)?;
        for scenario in WARM_UP
            .into_iter()
            .filter(|scenario| serves(target.name, *scenario))
        {
            drive(stack, target, scenario, settings.warm_up, settings)?;
        }
    }
    for round in 1..=settings.rounds {
        for scenario in SCENARIOS {
            stack.set_delay(scenario.delay())?;
            for target in targets
                .iter()
                .filter(|target| serves(target.name, scenario))
            {
                std::thread::sleep(SETTLE);
                let sample = drive(stack, target, scenario, settings.length, settings)?;
                say(format_args!(
                    "round {round}/{}: {scenario:<9} {:<8} {sample}",
                    settings.rounds, target.name
                ));
                errors += sample.errors;
                samples
                    .entry((scenario, target.name))
                    .or_default()
                    .push(sample);
            }
        }
    }
    Ok((samples, errors))
}

/// What runs before anything is measured.
const WARM_UP: [Scenario; 4] = [
    Scenario::Plain,
    Scenario::Stream,
    Scenario::Anthropic,
    Scenario::Gemini,
];

fn serves(target: TargetName, scenario: Scenario) -> bool {
    !scenario.is_translated() || matches!(target, TargetName::Sqlite | TargetName::Postgres)
}

/// One load run on one target, with the CPU time that the target took meanwhile.
fn drive(
    stack: &mut Stack,
    target: &Target,
    scenario: Scenario,
    length: Duration,
    settings: &Settings,
) -> Result<Measurement> {
    let mut command = Command::new(workspace::target().join("release").join("xtask"));
    command
        .arg("load")
        .args(["--to", &target.address.to_string()])
        .args(["--connections", &scenario.connections().to_string()])
        .args(["--seconds", &length.as_secs_f64().to_string()])
        .args(["--key", &target.key])
        .args(["--model", scenario.model(settings)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    if scenario.is_stream() {
        command.args(["--stream-chunks", &plan::CHUNKS.to_string()]);
    }
    let before = machine::cpu_time(target.pid)?;
    let child = command.spawn().context("cannot start the load generator")?;
    stack.watch(&child)?;
    let pid = child.id();
    let output = child
        .wait_with_output()
        .context("lost sight of the load generator")?;
    stack.forget(pid)?;
    if !output.status.success() {
        bail!(
            "the load generator failed on {}: {}\n{}",
            target.name,
            output.status,
            Stack::log_of(target)
        );
    }
    let spent = machine::cpu_time(target.pid)?.saturating_sub(before);
    Measurement::read(&String::from_utf8_lossy(&output.stdout), spent)
}
