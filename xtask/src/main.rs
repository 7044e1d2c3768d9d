//! Repository chores: set up, test, check and measure.
//!
//! `cargo xtask <command>` needs nothing but the toolchain.
//! It depends on no Vuzo crate, so that it builds in seconds and can check all of them.

mod bench;
mod ci;
mod clients;
mod http1;
mod load;
mod mock;
mod options;
mod packages;
mod run;
mod say;
mod scratch;
mod shell;
mod suite;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::say::say;

const USAGE: &str = "\
cargo xtask <command>

  test [filters…]      start scratch Postgres and Redis, run every test and doctest, take all down
                       (arguments that begin with '-' go to the test runner, e.g. -p vuzo-sql)
  run [-- args…]       Postgres and Redis kept under target/xtask-run, and `vuzo serve` on them
  tidy                 the repository rules
  ci                   fmt, clippy, tidy, docs, cargo-deny where installed
  bench [--quick] [--json] [--only direct,nginx,sqlite,postgres] [--rounds N] [--seconds N]
                       requests/s, latency, CPU and memory of the gateway against nginx and a direct call
  soak [--only crashes|streams] [--kills N] [--minutes N]
                       the crash tests with N kills per store (300 unless told), and streams of N minutes (10)";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    match dispatch(&command, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, rest: &[String]) -> Result<()> {
    match command {
        "test" => suite::test(rest),
        "run" => run::run(rest),
        "tidy" => tidy::run(),
        "ci" => ci::run(),
        "bench" => bench::run(rest),
        "soak" => suite::soak(rest),
        // Processes of our own that the commands above start.
        "scratch-warden" => scratch::warden::run(rest),
        "mock-upstream" => mock::run(rest),
        "load" => load::run(rest),
        "help" | "--help" | "-h" | "" => {
            say::answer(USAGE);
            Ok(())
        }
        other => bail!("unknown command {other:?}\n{USAGE}"),
    }
}
