//! One file for each command.

mod admin;
mod config;
mod credits;
mod desk;
mod doctor;
mod keys;
mod migrate;
mod models;
mod provider_keys;
mod refresh;
mod serve;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Cli, Command, Serve};
use crate::config::{Config, Sources};
use crate::output::Output;
use crate::telemetry;

/// How long work that nobody waits for may go on when a command has ended.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// How a command ended that could run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Fine,
    /// It found something that the operator should look at.
    Found,
}

impl Outcome {
    pub(crate) fn of(is_fine: bool) -> Self {
        if is_fine { Self::Fine } else { Self::Found }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::Found => Self::from(1),
        }
    }
}

/// What every command works with.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) output: Output,
    pub(crate) runtime: tokio::runtime::Handle,
}

/// Carries out what the command line says.
pub(crate) fn run(cli: Cli) -> Result<Outcome> {
    let sources = Sources::of_this_process(cli.config, cli.settings);
    let output = Output { json: cli.json };
    let loaded = Config::load(&sources);
    let command = cli.command.unwrap_or(Command::Serve(Serve::default()));
    if let Command::Config(command) = command {
        return config::run(command, &loaded, output);
    }
    let config = loaded?;
    let is_server = matches!(command, Command::Serve(_));
    telemetry::start_logging(&config, is_server)?;
    let runtime = runtime(config.workers)?;
    let context = Context {
        config,
        output,
        runtime: runtime.handle().clone(),
    };
    let outcome = runtime.block_on(Box::pin(dispatch(command, &context)));
    runtime.shutdown_timeout(AFTERWARDS);
    outcome
}

async fn dispatch(command: Command, context: &Context) -> Result<Outcome> {
    match command {
        Command::Serve(options) => serve::run(options, context).await,
        Command::Migrate(options) => migrate::run(options, context).await,
        Command::Doctor(options) => doctor::run(options, context).await,
        Command::Admin(command) => admin::run(command, context).await,
        Command::Keys(command) => keys::run(command, context).await,
        Command::Credits(command) => credits::run(command, context).await,
        Command::Config(command) => {
            config::run(command, &Ok(context.config.clone()), context.output)
        }
    }
}

/// The runtime that drives everything but HTTP: connections opened here outlive the
/// threads that serve requests.
fn runtime(workers: usize) -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name("vuzo")
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}
