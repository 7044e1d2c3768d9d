#![doc = include_str!("../README.md")]

mod catalogue;
mod cli;
mod clock;
mod command;
mod config;
mod output;
mod telemetry;
mod welcome;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    vuzo_providers::install_crypto();
    match command::run(cli::Cli::parse()) {
        Ok(outcome) => outcome.into(),
        Err(fault) => {
            eprintln!("vuzo: {fault:#}");
            ExitCode::from(2)
        }
    }
}
