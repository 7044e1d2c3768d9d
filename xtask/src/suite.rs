//! The tests, with the servers they need.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::clients;
use crate::options::Options;
use crate::packages::{self, Servers};
use crate::say::{answer, say};
use crate::scratch::{Afterwards, Durability, Plan, Scratch, temporary_folder};
use crate::{shell, workspace};

/// The package whose tests run official clients.
const CLIENT_TESTS: &str = "vuzo-gateway";

/// The package whose tests soak.
const SOAKED: &str = CLIENT_TESTS;

/// Runs every test, or those that a filter names.
pub(crate) fn test(args: &[String]) -> Result<()> {
    with_servers(|scratch, servers| {
        let chosen = Chosen::of(args);
        let tests = run_tests(&chosen, scratch, servers);
        // Arguments are for one quick look; without any, examples in the documentation are tests as well.
        let doctests = if args.is_empty() {
            run_doctests(scratch, servers)
        } else {
            Ok(())
        };
        tests.and(doctests)
    })?;
    say("tests passed");
    Ok(())
}

/// What a test run has no time for: crash tests with many more kills, and streams that last.
pub(crate) fn soak(args: &[String]) -> Result<()> {
    let mut options = Options::new(args);
    let only = options.text("--only")?;
    let kills: u32 = options.value("--kills", 300)?;
    let minutes: u32 = options.value("--minutes", 10)?;
    options.finish()?;
    let wants = |part: &str| only.as_deref().is_none_or(|only| only == part);
    if !wants("crashes") && !wants("streams") {
        bail!("--only takes crashes or streams");
    }
    with_servers(|scratch, servers| {
        if wants("streams") {
            // Memory is that of the program as it is released; the test may be slower.
            shell::run(shell::cargo().args(["build", "--release", "--package", SOAKED]))?;
            let program = workspace::target().join("release").join("vuzo");
            let mut command = soaked_tests("long_streams", scratch, servers);
            command
                .env("VUZO_SOAK_MINUTES", minutes.to_string())
                .env("VUZO_TEST_RELEASED_PROGRAM", program);
            shell::run(&mut command)?;
        }
        if wants("crashes") {
            let mut command = soaked_tests("crash", scratch, servers);
            command.env("VUZO_SOAK_KILLS", kills.to_string());
            shell::run(&mut command)?;
        }
        Ok(())
    })
}

/// The gateway's tests of that name, with all the time that they need.
fn soaked_tests(name: &str, scratch: &Scratch, servers: &Servers) -> Command {
    let mut words = vec!["-p".to_owned(), SOAKED.to_owned(), name.to_owned()];
    if shell::has_cargo_command("nextest") {
        words.extend(["--profile".to_owned(), "soak".to_owned()]);
    }
    test_command(&Chosen::of(&words), scratch, servers)
}

fn with_servers(work: impl FnOnce(&Scratch, &Servers) -> Result<()>) -> Result<()> {
    let servers = packages::ensure_servers()?;
    let plan = Plan {
        folder: temporary_folder("test")?,
        afterwards: Afterwards::Remove,
        durability: Durability::Loose,
        servers: Some(servers.clone()),
    };
    let scratch = Scratch::start(&plan)?;
    say(format_args!(
        "scratch servers: {} and {}",
        scratch.database_url, scratch.redis_url
    ));
    let outcome = work(&scratch, &servers);
    drop(scratch);
    outcome
}

/// What the command line asked for.
#[derive(Debug)]
struct Chosen {
    /// Flags with their values, for the test runner.
    flags: Vec<String>,
    /// Names or parts of names of tests.
    filters: Vec<String>,
    /// Whether packages were named, so that not the whole workspace is meant.
    packages: bool,
}

impl Chosen {
    fn of(args: &[String]) -> Self {
        const WITH_VALUE: [&str; 7] = [
            "-p",
            "--package",
            "--profile",
            "--test",
            "--features",
            "-E",
            "--test-threads",
        ];
        let mut chosen = Self {
            flags: Vec::new(),
            filters: Vec::new(),
            packages: false,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if !arg.starts_with('-') {
                chosen.filters.push(arg.clone());
                continue;
            }
            chosen.packages |= arg == "-p" || arg.starts_with("--package");
            chosen.flags.push(arg.clone());
            if WITH_VALUE.contains(&arg.as_str()) {
                chosen.flags.extend(args.next().cloned());
            }
        }
        chosen
    }
}

impl Chosen {
    /// Whether the tests of that package run.
    fn includes(&self, package: &str) -> bool {
        !self.packages || self.flags.iter().any(|flag| flag.ends_with(package))
    }
}

fn run_tests(chosen: &Chosen, scratch: &Scratch, servers: &Servers) -> Result<()> {
    let mut command = test_command(chosen, scratch, servers);
    if chosen.includes(CLIENT_TESTS) {
        command.env("VUZO_TEST_CLIENTS", clients::ensure()?);
    }
    if shell::has_cargo_command("nextest") {
        return shell::run(&mut command);
    }
    say("cargo-nextest is not installed: using cargo test, one crate after the other");
    run_counted(&mut command)
}

fn test_command(chosen: &Chosen, scratch: &Scratch, servers: &Servers) -> Command {
    let mut command = shell::cargo();
    if shell::has_cargo_command("nextest") {
        command.args(["nextest", "run", "--no-tests=fail"]);
        scope(&mut command, chosen);
        command.args(&chosen.flags).args(&chosen.filters);
    } else {
        command.args(["test", "--no-fail-fast", "--tests", "--examples"]);
        scope(&mut command, chosen);
        command.args(&chosen.flags);
        if !chosen.filters.is_empty() {
            command.arg("--").args(&chosen.filters);
        }
    }
    announce(&mut command, scratch, servers);
    command
}

fn run_doctests(scratch: &Scratch, servers: &Servers) -> Result<()> {
    let mut command = shell::cargo();
    command.args(["test", "--doc", "--quiet", "--workspace"]);
    announce(&mut command, scratch, servers);
    shell::run(&mut command)
}

fn scope(command: &mut Command, chosen: &Chosen) {
    if !chosen.packages {
        command.arg("--workspace");
    }
}

/// Tells the tests where the servers are, and where to find the programs to start some of their own.
fn announce(command: &mut Command, scratch: &Scratch, servers: &Servers) {
    command
        .stdin(Stdio::null())
        .env("VUZO_TEST_DATABASE_URL", &scratch.database_url)
        .env("VUZO_TEST_REDIS_URL", &scratch.redis_url)
        .env("VUZO_TEST_POSTGRES_BIN", &servers.postgres_bin)
        .env("VUZO_TEST_REDIS_BIN", &servers.redis);
}

/// Runs `cargo test`, passes its output on, and counts: no test run is a failure too.
fn run_counted(command: &mut Command) -> Result<()> {
    let shown = shell::describe(command);
    say(format_args!("$ {shown}"));
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{shown}`"))?;
    let output = child.stdout.take().context("the output is piped")?;
    let mut passed = 0;
    for line in BufReader::new(output).lines() {
        let line = line.context("cannot read the test output")?;
        passed += passed_in(&line);
        answer(line);
    }
    let status = child
        .wait()
        .with_context(|| format!("lost sight of `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed: {status}");
    }
    if passed == 0 {
        bail!("no test ran");
    }
    say(format_args!("{passed} tests passed"));
    Ok(())
}

/// Reads `test result: ok. 12 passed; …`.
fn passed_in(line: &str) -> u64 {
    line.strip_prefix("test result: ")
        .and_then(|rest| rest.split_once(" passed"))
        .and_then(|(before, _)| before.rsplit(' ').next())
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Chosen, passed_in};

    #[test]
    fn counts_what_cargo_test_reports() {
        assert_eq!(
            passed_in("test result: ok. 12 passed; 0 failed; 0 ignored"),
            12
        );
        assert_eq!(passed_in("test result: FAILED. 3 passed; 1 failed"), 3);
        assert_eq!(passed_in("test wallet::passed ... ok"), 0);
    }

    #[test]
    fn tells_filters_from_flags() {
        let words: Vec<String> = ["-p", "vuzo-sql", "holds", "--no-capture"]
            .iter()
            .map(ToString::to_string)
            .collect();
        let chosen = Chosen::of(&words);
        assert_eq!(chosen.filters, ["holds"]);
        assert_eq!(chosen.flags, ["-p", "vuzo-sql", "--no-capture"]);
        assert!(chosen.packages);
    }
}
