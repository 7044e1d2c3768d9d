//! Medians and ratios, as a table for people and as JSON for machines.

use std::fmt::Write as _;

use super::Samples;
use super::plan::{CHUNKS, Measurement, SCENARIOS, Scenario, Settings, TARGETS, TargetName};

type Figure = fn(&Measurement) -> f64;

/// What is reported, by its name in the JSON.
const FIGURES: [(&str, Figure); 7] = [
    ("requests_per_second", |one| one.requests_per_second),
    ("p50_ms", |one| one.p50_us / 1e3),
    ("p99_ms", |one| one.p99_us / 1e3),
    ("first_chunk_p50_ms", |one| one.first_p50_us / 1e3),
    ("first_chunk_p99_ms", |one| one.first_p99_us / 1e3),
    ("chunks_per_second", |one| one.chunks_per_second),
    ("cpu_us_per_request", |one| one.cpu_us_per_request),
];

/// The median of every figure, for each scenario and target.
#[derive(Debug)]
pub(super) struct Summary {
    rows: Vec<Row>,
    memory: Vec<(TargetName, u64)>,
}

#[derive(Debug)]
struct Row {
    scenario: Scenario,
    target: TargetName,
    median: Measurement,
    rounds: Vec<f64>,
}

impl Summary {
    pub(super) fn of(samples: &Samples, memory: &[(TargetName, u64)]) -> Self {
        let rows = SCENARIOS
            .into_iter()
            .flat_map(|scenario| TARGETS.into_iter().map(move |target| (scenario, target)))
            .filter_map(|(scenario, target)| {
                let rounds = samples.get(&(scenario, target))?;
                Some(Row {
                    scenario,
                    target,
                    median: median_of(rounds),
                    rounds: rounds
                        .iter()
                        .map(|round| round.requests_per_second)
                        .collect(),
                })
            })
            .collect();
        Self {
            rows,
            memory: memory.to_vec(),
        }
    }

    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        for scenario in SCENARIOS {
            let _ = writeln!(text, "\n{}", scenario.title());
            let _ = writeln!(
                text,
                "{:<9} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}{}",
                "",
                "requests/s",
                "x nginx",
                "x direct",
                "p50 ms",
                "+ direct",
                "p99 ms",
                "cpu µs",
                if scenario.is_stream() {
                    "    chunks/s   x nginx  first p50  first p99  cpu x pass"
                } else {
                    ""
                }
            );
            for row in self.rows.iter().filter(|row| row.scenario == scenario) {
                self.table_row(&mut text, row);
            }
        }
        text.push_str("\npeak memory\n");
        for (target, kib) in &self.memory {
            let _ = writeln!(text, "{target:<9} {:>7} MiB", kib.div_ceil(1024));
        }
        text.push_str(
            "\ncpu µs: user and system time of the target's own processes for one request\n",
        );
        text
    }

    fn table_row(&self, text: &mut String, row: &Row) {
        let median = &row.median;
        let rate = |one: &Measurement| one.requests_per_second;
        let wait = |one: &Measurement| one.p50_us;
        let _ = write!(
            text,
            "{:<9} {:>11.0} {:>9} {:>9} {:>9.2} {:>9} {:>9.2} {:>9.1}",
            row.target,
            median.requests_per_second,
            shown(self.ratio(row, TargetName::Nginx, rate)),
            shown(self.ratio(row, TargetName::Direct, rate)),
            median.p50_us / 1e3,
            shown(
                self.base(row, TargetName::Direct)
                    .map(|base| (wait(median) - wait(base)) / 1e3)
            ),
            median.p99_us / 1e3,
            median.cpu_us_per_request,
        );
        if row.scenario.is_stream() {
            let _ = write!(
                text,
                " {:>11.0} {:>9} {:>10.2} {:>10.2} {:>11}",
                median.chunks_per_second,
                shown(self.ratio(row, TargetName::Nginx, |one| one.chunks_per_second)),
                median.first_p50_us / 1e3,
                median.first_p99_us / 1e3,
                shown(self.cpu_to_passed_through(row)),
            );
        }
        text.push('\n');
    }

    pub(super) fn json(&self, settings: &Settings) -> String {
        let rows: Vec<String> = self.rows.iter().map(|row| self.json_row(row)).collect();
        let memory: Vec<String> = self
            .memory
            .iter()
            .map(|(target, kib)| format!("\"{target}\":{kib}"))
            .collect();
        format!(
            "{{\"rounds\":{},\"seconds\":{},\"chunks\":{CHUNKS},\"peak_rss_kib\":{{{}}},\"results\":[\n{}\n]}}",
            settings.rounds,
            settings.length.as_secs_f64(),
            memory.join(","),
            rows.join(",\n")
        )
    }

    fn json_row(&self, row: &Row) -> String {
        let rounds: Vec<String> = row
            .rounds
            .iter()
            .map(|value| format!("{value:.1}"))
            .collect();
        let mut text = format!(
            "{{\"scenario\":\"{}\",\"target\":\"{}\",\"concurrency\":{},\"upstream_delay_ms\":{},\"errors\":{},\
             \"requests_per_second_by_round\":[{}]",
            row.scenario,
            row.target,
            row.scenario.connections(),
            row.scenario.delay().as_millis(),
            row.median.errors,
            rounds.join(",")
        );
        for (name, figure) in FIGURES {
            let _ = write!(
                text,
                ",\"{name}\":{{\"value\":{:.3},\"to_nginx\":{},\"to_direct\":{}}}",
                figure(&row.median),
                json_number(self.ratio(row, TargetName::Nginx, figure)),
                json_number(self.ratio(row, TargetName::Direct, figure)),
            );
        }
        text.push('}');
        text
    }

    /// What a stream costs beside one that passes through, on the same target.
    fn cpu_to_passed_through(&self, row: &Row) -> Option<f64> {
        let is_passed =
            |other: &&Row| other.scenario == Scenario::Stream && other.target == row.target;
        let passed = self.rows.iter().find(is_passed)?.median.cpu_us_per_request;
        (passed > 0.0).then(|| row.median.cpu_us_per_request / passed)
    }

    fn base(&self, row: &Row, target: TargetName) -> Option<&Measurement> {
        self.rows
            .iter()
            .find(|other| other.scenario == row.scenario && other.target == target)
            .map(|other| &other.median)
    }

    fn ratio(
        &self,
        row: &Row,
        target: TargetName,
        figure: impl Fn(&Measurement) -> f64,
    ) -> Option<f64> {
        let base = figure(self.base(row, target)?);
        (base > 0.0).then(|| figure(&row.median) / base)
    }
}

fn shown(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn json_number(value: Option<f64>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| format!("{value:.4}"))
}

fn median_of(rounds: &[Measurement]) -> Measurement {
    let median = |figure: fn(&Measurement) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        let upper = values.get(values.len() / 2).copied().unwrap_or(0.0);
        let lower = values
            .get(values.len().saturating_sub(1) / 2)
            .copied()
            .unwrap_or(0.0);
        f64::midpoint(lower, upper)
    };
    Measurement {
        requests_per_second: median(|one| one.requests_per_second),
        p50_us: median(|one| one.p50_us),
        p99_us: median(|one| one.p99_us),
        first_p50_us: median(|one| one.first_p50_us),
        first_p99_us: median(|one| one.first_p99_us),
        chunks_per_second: median(|one| one.chunks_per_second),
        cpu_us_per_request: median(|one| one.cpu_us_per_request),
        errors: rounds.iter().map(|one| one.errors).sum(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Summary;
    use crate::bench::Samples;
    use crate::bench::plan::{Measurement, Scenario, TargetName};

    fn measured(requests: u32) -> Measurement {
        let text = format!(
            "seconds 2\nmeasured {requests}\ntotal {requests}\nerrors 0\nframes 0\nlatency_p50_us 900\n\
             latency_p99_us 1900\nfirst_p50_us 900\nfirst_p99_us 1900\n"
        );
        Measurement::read(&text, Duration::from_secs(1)).unwrap()
    }

    #[test]
    fn medians_and_ratios() {
        let mut samples = Samples::new();
        let row = |counts: [u32; 3]| counts.map(measured).to_vec();
        samples.insert((Scenario::Plain, TargetName::Nginx), row([900, 1000, 5000]));
        samples.insert((Scenario::Plain, TargetName::Sqlite), row([250, 240, 1]));
        let summary = Summary::of(&samples, &[(TargetName::Sqlite, 2048)]);
        let nginx = &summary.rows[0];
        assert!((nginx.median.requests_per_second - 500.0).abs() < 1e-9);
        let sqlite = &summary.rows[1];
        let ratio = summary.ratio(sqlite, TargetName::Nginx, |one| one.requests_per_second);
        assert!((ratio.unwrap() - 0.24).abs() < 1e-9);
        assert!(
            summary
                .ratio(sqlite, TargetName::Direct, |one| one.p50_us)
                .is_none()
        );
        assert!(summary.table().contains("0.240"));
    }
}
