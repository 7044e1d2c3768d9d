//! Logs to stderr, and the recorder behind the metrics page.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use metrics::{counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use vuzo_application::Application;
use vuzo_application::chat::{BreakerState, TallyView, TargetView};
use vuzo_redis::Failover;

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
    describe();
    Ok(handle)
}

/// Writes the metrics page, with what the application and the limiter count by
/// themselves as it is at that moment.
pub(crate) fn page(
    metrics: PrometheusHandle,
    application: &Arc<Application>,
    failover: Option<&Arc<Failover>>,
) -> impl Fn() -> String + Send + Sync + 'static {
    let application = Arc::clone(application);
    let failover = failover.map(Arc::clone);
    move || {
        note_calls(&application.calls.tally());
        note_providers(&application.calls.providers());
        if let Some(failover) = &failover {
            note_redis(failover.is_degraded());
        }
        metrics.render()
    }
}

/// What is counted of calls, and what its name is.
type Counted = (&'static str, &'static str, fn(&TallyView) -> u64);

/// What rises and falls.
const GAUGES: [Counted; 2] = [
    ("vuzo_calls_running", "Calls that run.", |tally| {
        tally.running
    }),
    (
        "vuzo_calls_unsettled",
        "Calls that wait for the ledger to take their settlement.",
        |tally| tally.unsettled,
    ),
];

/// What only rises, since the start of the process.
const COUNTERS: &[Counted] = &[
    (
        "vuzo_settles_late_total",
        "Answers that left before their settlement was durable.",
        |tally| tally.late_settles,
    ),
    (
        "vuzo_shortfalls_total",
        "Calls that cost more than was held: the operator's loss.",
        |tally| tally.shortfalls,
    ),
    (
        "vuzo_calls_estimated_total",
        "Calls whose provider did not tell the usage.",
        |tally| tally.estimated,
    ),
    (
        "vuzo_calls_clamped_total",
        "Calls whose output limit was lowered to what the wallet carries.",
        |tally| tally.clamped,
    ),
    (
        "vuzo_dispatch_overlapped_total",
        "Calls whose provider was called while the hold was being placed.",
        |tally| tally.overlapped,
    ),
    (
        "vuzo_holds_extended_total",
        "Holds that were extended during a stream.",
        |tally| tally.extended,
    ),
    (
        "vuzo_streams_cut_total",
        "Streams that were ended for want of credit.",
        |tally| tally.cut,
    ),
    (
        "vuzo_refused_insufficient_total",
        "Calls refused for want of credit.",
        |tally| tally.insufficient,
    ),
    (
        "vuzo_refused_limited_total",
        "Calls refused by a limit.",
        |tally| tally.limited,
    ),
    (
        "vuzo_holds_expired_total",
        "Holds that ran out and were given back.",
        |tally| tally.expired_holds,
    ),
    ("vuzo_attempts_total", "Attempts at providers.", |tally| {
        tally.attempts
    }),
    (
        "vuzo_fallbacks_total",
        "Calls, or attempts of one, that went to another model than the one before.",
        |tally| tally.fallbacks,
    ),
    (
        "vuzo_implausible_costs_total",
        "Costs that a provider stated and cannot mean: the computed one was used.",
        |tally| tally.implausible_costs,
    ),
    (
        "vuzo_differing_costs_total",
        "Costs that a provider stated and that its prices here do not explain: the stated one was used.",
        |tally| tally.differing_costs,
    ),
    (
        "vuzo_unpriced_tiers_total",
        "Calls served in a service tier that has no price: the one asked for was charged.",
        |tally| tally.unpriced_tiers,
    ),
    (
        "vuzo_cache_hits_total",
        "Answers that were given again.",
        |tally| tally.cache_hits,
    ),
    (
        "vuzo_cache_misses_total",
        "Calls that asked for an answer that was given before, and had to be made.",
        |tally| tally.cache_misses,
    ),
];

const PROVIDER_STATE: &str = "vuzo_provider_breaker";
const PROVIDER_FAILURES: &str = "vuzo_provider_failures_total";

const REDIS_DEGRADED: &str = "vuzo_redis_degraded";

/// Says what each number means; whoever scrapes them reads it.
fn describe() {
    for (name, help, _) in GAUGES {
        describe_gauge!(name, help);
    }
    for &(name, help, _) in COUNTERS {
        describe_counter!(name, help);
    }
    describe_gauge!(
        PROVIDER_STATE,
        "Whether calls go to a provider's model: 0 they do, 1 one finds out how it is, 2 it is left alone."
    );
    describe_counter!(
        PROVIDER_FAILURES,
        "Attempts at a provider's model that failed."
    );
    describe_gauge!(
        REDIS_DEGRADED,
        "1 while this process keeps the limits by itself, since Redis does not answer."
    );
}

fn note_calls(tally: &TallyView) {
    for (name, _, read) in GAUGES {
        // A gauge is a float, and no process has as many calls as a u32 counts.
        gauge!(name).set(u32::try_from(read(tally)).unwrap_or(u32::MAX));
    }
    for &(name, _, read) in COUNTERS {
        counter!(name).absolute(read(tally));
    }
}

/// Providers that never failed are not on the page.
fn note_providers(targets: &[TargetView]) {
    for target in targets {
        let labels = [
            ("provider", target.provider.to_string()),
            ("model", target.model.clone()),
        ];
        let state = match target.state {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        };
        gauge!(PROVIDER_STATE, &labels).set(f64::from(state));
        counter!(PROVIDER_FAILURES, &labels).absolute(target.failures);
    }
}

fn note_redis(is_degraded: bool) {
    gauge!(REDIS_DEGRADED).set(u8::from(is_degraded));
}

#[cfg(test)]
mod tests {
    use super::*;
    use vuzo_domain::catalog::ProviderId;

    /// Every count with a number of its own.
    fn counts() -> TallyView {
        TallyView {
            running: 1,
            unsettled: 2,
            late_settles: 3,
            shortfalls: 4,
            estimated: 5,
            clamped: 6,
            overlapped: 7,
            extended: 8,
            cut: 9,
            insufficient: 10,
            limited: 11,
            expired_holds: 12,
            attempts: 13,
            fallbacks: 14,
            implausible_costs: 15,
            differing_costs: 20,
            unpriced_tiers: 19,
            cache_hits: 17,
            cache_misses: 18,
        }
    }

    #[test]
    fn what_the_application_counts_is_on_the_page() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        let targets = [BreakerState::Closed, BreakerState::Open].map(|state| TargetView {
            provider: ProviderId::simulator(),
            model: "echo".to_owned(),
            state,
            failures: 16,
        });
        let page = metrics::with_local_recorder(&recorder, || {
            describe();
            note_calls(&TallyView::default());
            note_redis(true);
            note_calls(&counts());
            note_providers(&targets);
            handle.render()
        });
        for (name, kind, value) in [
            ("vuzo_calls_running", "gauge", 1),
            ("vuzo_calls_unsettled", "gauge", 2),
            ("vuzo_settles_late_total", "counter", 3),
            ("vuzo_shortfalls_total", "counter", 4),
            ("vuzo_calls_estimated_total", "counter", 5),
            ("vuzo_calls_clamped_total", "counter", 6),
            ("vuzo_dispatch_overlapped_total", "counter", 7),
            ("vuzo_holds_extended_total", "counter", 8),
            ("vuzo_streams_cut_total", "counter", 9),
            ("vuzo_refused_insufficient_total", "counter", 10),
            ("vuzo_refused_limited_total", "counter", 11),
            ("vuzo_holds_expired_total", "counter", 12),
            ("vuzo_attempts_total", "counter", 13),
            ("vuzo_fallbacks_total", "counter", 14),
            ("vuzo_implausible_costs_total", "counter", 15),
            ("vuzo_differing_costs_total", "counter", 20),
            ("vuzo_unpriced_tiers_total", "counter", 19),
            ("vuzo_cache_hits_total", "counter", 17),
            ("vuzo_cache_misses_total", "counter", 18),
            ("vuzo_redis_degraded", "gauge", 1),
        ] {
            for line in [format!("# TYPE {name} {kind}"), format!("{name} {value}")] {
                assert!(page.lines().any(|found| found == line), "{line}\n{page}");
            }
            let help = format!("# HELP {name} ");
            assert!(page.contains(&help), "{help}\n{page}");
        }
        let labels = r#"{provider="sim",model="echo"}"#;
        for line in [
            format!("{PROVIDER_STATE}{labels} 2"),
            format!("{PROVIDER_FAILURES}{labels} 16"),
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }
}
