//! Logs to stderr, and the recorder behind the metrics page.

use anyhow::{Context as _, Result};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Begins to log. Commands that answer and end are quiet unless something is wrong.
pub(crate) fn start_logging(config: &Config, is_server: bool) -> Result<()> {
    let filter = match (&config.log_filter, is_server) {
        (Some(filter), _) => filter,
        (None, true) => "info,actix_server=warn,actix_http=off",
        (None, false) => "warn",
    };
    let filter = EnvFilter::try_new(filter).context("RUST_LOG cannot be understood")?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => logs.with_ansi(is_terminal()).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    }
    .map_err(|fault| anyhow::anyhow!(fault))
    .context("logging cannot be started")
}

fn is_terminal() -> bool {
    use std::io::IsTerminal as _;
    std::io::stderr().is_terminal()
}

/// Bounds of the durations that are measured, in seconds.
const DURATIONS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
    30.0, 120.0,
];

/// Begins to measure. The answer writes the metrics page; histograms want its upkeep
/// every few seconds.
pub(crate) fn start_measuring() -> Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&DURATIONS)
        .context("the buckets of the metrics")?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)
        .ok()
        .context("somebody else measures already")?;
    Ok(handle)
}
