//! Recorded answers of every vendor, and what each comes to: every count, every line of the
//! receipt, and the charge to the last digit, worked out by hand from the list prices.
//!
//! The first line of a file names the provider, the model in the catalogue and how it is
//! called: `stream`; `crlf` where the vendor ends lines so; `long_cache` where the request
//! asks for the long-lived cache; `asks=flex` where it asks for that service tier. Then
//! comes what the vendor sends, then what it comes to.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vuzo_domain::chat::UsageReport;
use vuzo_domain::money::{BasisPoints, Currency, Units};
use vuzo_domain::port::ChatProvider;
use vuzo_domain::pricing::{Exact, Markup, Quote, Receipt, ServedTier, ServiceTier};
use vuzo_domain::usage::Consumption;
use vuzo_providers::Dialect;

use crate::anthropic;
use crate::catalogue::Catalogue;
use crate::fake::{Fake, call, streamed, whole};
use crate::gemini;
use crate::outcome::{self, Outcome};

/// What must be there of every provider, plain and streamed.
const CASES: [&str; 8] = [
    "cached",
    "reasoning",
    "tools",
    "refusal",
    "truncated",
    "missing",
    "zero",
    "tier-at",
];

/// And what of only some: no wire of the others tells it.
const MORE_CASES: &[(&str, &str)] = &[
    ("anthropic", "tier-above"),
    ("anthropic", "tier-above-cached"),
    ("anthropic", "write"),
    ("anthropic", "write-long"),
    ("anthropic", "write-both"),
    ("anthropic", "write-long-untold"),
    ("anthropic", "window"),
    ("google", "tier-above"),
    ("google", "audio"),
    ("google", "tool-prompt"),
    ("google", "blocked"),
    ("openai", "tier-above"),
    ("openai", "write"),
    ("openai", "write-long"),
    ("xai", "tier-below"),
    ("xai", "tier-above"),
    ("openrouter", "tier-above"),
    ("openrouter", "write"),
    ("openrouter", "own-key"),
    ("anthropic", "service"),
    ("anthropic", "service-denied"),
    ("anthropic", "service-long"),
    ("google", "service"),
    ("google", "service-denied"),
    ("google", "service-long"),
    ("openai", "service"),
    ("openai", "service-denied"),
    ("openai", "service-long"),
    ("openrouter", "service"),
    ("openrouter", "service-denied"),
    ("xai", "service"),
    ("xai", "service-denied"),
    ("xai", "service-long"),
];

const PROVIDERS: [&str; 5] = ["anthropic", "google", "openai", "openrouter", "xai"];

struct Recorded {
    name: String,
    words: Vec<String>,
    upstream: String,
    expected: String,
}

fn recorded() -> Vec<Recorded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/metering");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("recorded answers")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Recorded {
    let text = fs::read_to_string(path).expect("text");
    let (head, rest) = text.split_once("=== upstream\n").expect("an upstream");
    let (upstream, expected) = rest.split_once("=== metered\n").expect("what it comes to");
    let stem = path.file_stem().expect("name").to_string_lossy();
    Recorded {
        name: stem.into_owned(),
        words: head.split_whitespace().map(str::to_owned).collect(),
        upstream: upstream.to_owned(),
        expected: expected.to_owned(),
    }
}

impl Recorded {
    fn is(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    fn model(&self) -> &str {
        self.words.get(1).expect("a model")
    }

    /// The service tier that the call asks for.
    fn asks(&self) -> Option<ServiceTier> {
        let mut words = self.words.iter();
        let word = words.find_map(|word| word.strip_prefix("asks="))?;
        Some(ServiceTier::from_name(word).expect("a service tier"))
    }

    fn bytes(&self) -> Vec<u8> {
        if !self.is("stream") {
            return whole("200 OK", "application/json", self.upstream.as_bytes());
        }
        let text = if self.is("crlf") {
            self.upstream.replace('\n', "\r\n")
        } else {
            self.upstream.clone()
        };
        let end = if self.is("crlf") { "\r\n\r\n" } else { "\n\n" };
        let frames: Vec<&[u8]> = text.split_inclusive(end).map(str::as_bytes).collect();
        streamed(&frames)
    }

    /// What the adapter reports of it.
    async fn report(&self) -> UsageReport {
        let fake = Fake::saying(self.bytes()).await;
        let provider = provider(self.words.first().expect("a provider"), &fake);
        let is_stream = self.is("stream");
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"user","content":"Hi"}}],"stream":{is_stream}}}"#
        );
        let mut call = call(&body, is_stream, true, 1);
        let envelope = Arc::get_mut(&mut call.envelope).expect("nobody else has it");
        envelope.long_cache = self.is("long_cache");
        call.service_tier = self.asks();
        match outcome::of(&*provider, &call).await {
            Ok(Outcome::Whole(reply)) => reply.report,
            Ok(Outcome::Stream(told)) => match told.ending.expect("an ending") {
                Ok(end) => end.report,
                Err(fault) => panic!("{}: {fault:?}", self.name),
            },
            Err(fault) => panic!("{}: {fault:?}", self.name),
        }
    }
}

/// One more vendor is one more line.
fn provider(name: &str, fake: &Fake) -> Box<dyn ChatProvider> {
    match name {
        "anthropic" => Box::new(anthropic::adapter(&fake.base_url)),
        "google" => Box::new(gemini::adapter(&fake.base_url)),
        "openai" => Box::new(fake.adapter(Dialect::OpenAi)),
        "xai" => Box::new(fake.adapter(Dialect::XAi)),
        "openrouter" => Box::new(fake.adapter(Dialect::OpenRouter)),
        other => panic!("no provider {other:?}"),
    }
}

/// What a report comes to, as the files have it.
fn metered(quote: &Quote, report: &UsageReport, asks: Option<ServiceTier>) -> String {
    let mut out = String::new();
    let served = match &report.served_tier {
        None => asks,
        Some(ServedTier::Standard) => None,
        Some(ServedTier::Tier(tier)) => Some(*tier),
        Some(other) => panic!("an unknown tier {other:?}"),
    };
    if let Some(tier) = asks {
        let served = served.map_or(ServedTier::DEFAULT, ServiceTier::name);
        let _infallible = writeln!(out, "asked for {tier}, served {served}");
    }
    match &report.consumption {
        None => out.push_str("not counted\n"),
        Some(counted) => {
            let receipt = quote.meter_in(served, counted).expect("a receipt");
            for line in &receipt.lines {
                let _infallible = writeln!(
                    out,
                    "{} {} at {} = {}",
                    line.kind.name(),
                    line.quantity,
                    decimals(&line.unit_price.format(receipt.currency)),
                    decimals(&line.cost.format(receipt.currency)),
                );
            }
            let total = receipt.currency.format(receipt.total);
            let _infallible = writeln!(out, "total {}", decimals(&total));
        }
    }
    if let Some(stated) = report.stated_cost {
        let _infallible = writeln!(out, "stated {}", decimals(&Currency::USD.format(stated)));
    }
    out
}

/// At least two decimals, and no more than are needed.
fn decimals(amount: &str) -> String {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    format!("{whole}.{:0<2}", fraction.trim_end_matches('0'))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_costs_what_was_worked_out() {
    let catalogue = Catalogue::read();
    let mut wrong = String::new();
    for recorded in recorded() {
        let quote = catalogue.quote(recorded.model(), Markup::default());
        let report = recorded.report().await;
        let came = metered(&quote, &report, recorded.asks());
        if came != recorded.expected {
            let _infallible = writeln!(
                wrong,
                "{}\n--- worked out\n{}--- came\n{came}",
                recorded.name, recorded.expected
            );
        }
        if let Some(counted) = &report.consumption {
            check_sums(&catalogue, recorded.model(), counted);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Whatever an operator adds, the lines come to the charge, and the charge to no less than
/// the provider is owed.
fn check_sums(catalogue: &Catalogue, model: &str, counted: &Consumption) {
    for (percentage, fixed_fee, minimum) in [
        (0, 0, 0),
        (550, 0, 0),
        (3_333, 1, 0),
        (0, 0, 20_000),
        (10_000, 7, 1),
    ] {
        let markup = Markup {
            percentage: BasisPoints(percentage),
            fixed_fee: Units(fixed_fee),
            minimum: Units(minimum),
        };
        let quote = catalogue.quote(model, markup);
        let receipt = quote.meter(counted).expect("a receipt");
        assert_eq!(sum(&receipt), Exact::from_units(receipt.total), "{model}");
        let cost = quote.provider_cost(counted).expect("a cost");
        assert!(receipt.total >= cost, "{model}: {receipt:?} for {cost:?}");
    }
}

fn sum(receipt: &Receipt) -> Exact {
    receipt.lines.iter().fold(Exact::default(), |sum, line| {
        sum.plus(line.cost).expect("within bounds")
    })
}

#[test]
fn no_case_is_missing() {
    let there: BTreeSet<String> = recorded().into_iter().map(|file| file.name).collect();
    let everywhere = PROVIDERS
        .iter()
        .flat_map(|provider| CASES.iter().map(move |case| (*provider, *case)));
    for (provider, case) in everywhere.chain(MORE_CASES.iter().copied()) {
        for mode in ["plain", "stream"] {
            let name = format!("{provider}-{mode}-{case}");
            assert!(there.contains(&name), "{name} is missing");
        }
    }
}
