//! What is measured, on whom, for how long.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::options::Options;

/// Content frames of a stream.
pub(super) const CHUNKS: usize = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scenario {
    /// Plain calls as fast as they go.
    Plain,
    /// Streams of small frames as fast as they go.
    Stream,
    /// The same streams out of Anthropic's wire, which the gateway translates.
    Anthropic,
    /// The same streams out of Gemini's wire.
    Gemini,
    /// Plain calls to an upstream that takes its time: what the gateway adds to a caller's wait.
    Delayed,
}

pub(super) const SCENARIOS: [Scenario; 5] = [
    Scenario::Plain,
    Scenario::Stream,
    Scenario::Anthropic,
    Scenario::Gemini,
    Scenario::Delayed,
];

impl Scenario {
    pub(super) fn connections(self) -> usize {
        match self {
            Self::Plain => 64,
            Self::Stream | Self::Anthropic | Self::Gemini | Self::Delayed => 16,
        }
    }

    pub(super) fn delay(self) -> Duration {
        match self {
            Self::Plain | Self::Stream | Self::Anthropic | Self::Gemini => Duration::ZERO,
            Self::Delayed => Duration::from_millis(50),
        }
    }

    pub(super) fn is_stream(self) -> bool {
        matches!(self, Self::Stream | Self::Anthropic | Self::Gemini)
    }

    /// Whether only the gateway can do it: nobody else translates.
    pub(super) fn is_translated(self) -> bool {
        matches!(self, Self::Anthropic | Self::Gemini)
    }

    /// The model that is called.
    pub(super) fn model(self, settings: &Settings) -> &str {
        match self {
            Self::Anthropic => "claude-haiku-4.5",
            Self::Gemini => "gemini-2.5-flash",
            Self::Plain | Self::Stream | Self::Delayed => &settings.model,
        }
    }

    pub(super) fn title(self) -> String {
        let connections = self.connections();
        match self {
            Self::Plain => format!("plain calls, upstream at 0 ms, concurrency {connections}"),
            Self::Stream => {
                format!("streams of {CHUNKS} chunks, upstream at 0 ms, concurrency {connections}")
            }
            Self::Anthropic => {
                format!(
                    "the same streams translated from Anthropic's wire, concurrency {connections}"
                )
            }
            Self::Gemini => {
                format!("the same streams translated from Gemini's wire, concurrency {connections}")
            }
            Self::Delayed => format!(
                "plain calls, upstream at {} ms, concurrency {connections}",
                self.delay().as_millis()
            ),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain",
            Self::Stream => "stream",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Delayed => "delayed",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TargetName {
    Direct,
    Nginx,
    Sqlite,
    Postgres,
}

pub(super) const TARGETS: [TargetName; 4] = [
    TargetName::Direct,
    TargetName::Nginx,
    TargetName::Sqlite,
    TargetName::Postgres,
];

impl TargetName {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

impl fmt::Display for TargetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) rounds: u32,
    pub(super) length: Duration,
    pub(super) warm_up: Duration,
    pub(super) model: String,
    wanted: Vec<TargetName>,
}

impl Settings {
    pub(super) fn take(options: &mut Options) -> Result<Self> {
        let quick = options.flag("--quick");
        let (rounds, seconds) = if quick { (1, 2.0) } else { (3, 8.0) };
        let rounds = options.value("--rounds", rounds)?;
        let seconds: f64 = options.value("--seconds", seconds)?;
        if rounds == 0 || !(0.1..=600.0).contains(&seconds) {
            bail!("--rounds takes 1 or more, --seconds 0.1 to 600");
        }
        let wanted = match options.text("--only")? {
            None => TARGETS.to_vec(),
            Some(names) => names.split(',').map(target_called).collect::<Result<_>>()?,
        };
        Ok(Self {
            rounds,
            length: Duration::from_secs_f64(seconds),
            warm_up: Duration::from_secs_f64(if quick { 0.5 } else { 2.0 }),
            model: options
                .text("--model")?
                .unwrap_or_else(|| "gpt-4o-mini".to_owned()),
            wanted,
        })
    }

    pub(super) fn wants(&self, target: TargetName) -> bool {
        self.wanted.contains(&target)
    }
}

fn target_called(name: &str) -> Result<TargetName> {
    TARGETS
        .into_iter()
        .find(|target| target.name() == name)
        .with_context(|| format!("--only takes direct, nginx, sqlite and postgres, not {name:?}"))
}

/// One load run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measurement {
    pub(super) requests_per_second: f64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) first_p50_us: f64,
    pub(super) first_p99_us: f64,
    pub(super) chunks_per_second: f64,
    pub(super) cpu_us_per_request: f64,
    pub(super) errors: u64,
}

impl Measurement {
    /// Reads the load generator's `name value` lines.
    pub(super) fn read(text: &str, cpu: Duration) -> Result<Self> {
        let lines: BTreeMap<&str, f64> = text
            .lines()
            .filter_map(|line| {
                let (name, value) = line.split_once(' ')?;
                Some((name, value.parse().ok()?))
            })
            .collect();
        let number = |name: &str| {
            lines
                .get(name)
                .copied()
                .with_context(|| format!("the load generator did not report {name}"))
        };
        let seconds = number("seconds")?;
        let errors = Duration::from_secs_f64(number("errors")?).as_secs();
        Ok(Self {
            requests_per_second: number("measured")? / seconds,
            p50_us: number("latency_p50_us")?,
            p99_us: number("latency_p99_us")?,
            first_p50_us: number("first_p50_us")?,
            first_p99_us: number("first_p99_us")?,
            chunks_per_second: number("frames")? / seconds,
            cpu_us_per_request: cpu.as_secs_f64() * 1e6 / number("total")?.max(1.0),
            errors,
        })
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:9.0} requests/s  p50 {:7.2} ms  p99 {:7.2} ms  cpu {:6.1} µs",
            self.requests_per_second,
            self.p50_us / 1e3,
            self.p99_us / 1e3,
            self.cpu_us_per_request
        )?;
        if self.chunks_per_second > 0.0 {
            write!(
                f,
                "  {:8.0} chunks/s  first {:6.2} ms",
                self.chunks_per_second,
                self.first_p50_us / 1e3
            )?;
        }
        if self.errors > 0 {
            write!(f, "  {} ERRORS", self.errors)?;
        }
        Ok(())
    }
}
