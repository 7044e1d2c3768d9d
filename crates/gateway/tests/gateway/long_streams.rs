//! Streams that take their time: each costs exactly what it said, and none of them takes
//! more memory in its last minute than in its first.
//!
//! A test run has a few seconds for them; `cargo xtask soak` gives them ten minutes.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::harness::{
    ADMIN_KEY, Act, Ask, Books, Customer, Folder, Gateway, Request, Setup, Upstream, WIRES, Wire,
    alone, optional_setting, until,
};
use crate::many_streams::{UNFRAMED_HEAD, memory};

/// Streams on each wire, all of them open at the same time: so many that what signing up
/// took and gave back is less than what they need.
const STREAMS: usize = 256;
/// How much more a stream may take at any time than when all had begun.
const MOST_GROWTH: u64 = 8 << 10;
/// The time from one piece of a stream to its next.
const PAUSE: Duration = Duration::from_secs(1);
const USUAL_PIECES: usize = 6;
/// Billionths of a dollar: what the customer has, and what a token costs.
const CREDIT_UNITS: i64 = 100_000_000_000;
const INPUT_UNITS: i64 = 1_000;
const OUTPUT_UNITS: i64 = 10_000;
const PROMPT_TOKENS: i64 = 5;

/// How many pieces a stream has: as many as fit into the minutes that a soak gives it.
fn pieces() -> usize {
    let minutes = optional_setting("VUZO_SOAK_MINUTES");
    minutes.map_or(USUAL_PIECES, |minutes| {
        let minutes: usize = minutes.parse().unwrap();
        minutes * 60_000 / usize::try_from(PAUSE.as_millis()).unwrap()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_last_stay_flat_and_cost_what_they_said() {
    let _machine = alone().await;
    let (folder, pieces) = (Folder::new(), pieces());
    let upstream = Upstream::start(move |seen| {
        let wire = wire_of(&seen.body, seen.message());
        let (texts, pause) = match seen.message().strip_prefix("warm ") {
            Some(_) => (2, Duration::ZERO),
            None => (pieces, PAUSE),
        };
        let events = metered(wire, texts).into_iter();
        core::iter::once(Act::Send(UNFRAMED_HEAD.to_vec()))
            .chain(events.flat_map(|event| [Act::Send(event.into_bytes()), Act::Pause(pause)]))
            .chain([Act::Close])
            .collect()
    })
    .await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    let gateway = setup.start().await;
    for wire in WIRES {
        sell_by_token(&gateway, wire).await;
    }
    let customer = Customer::with_credit(&gateway, "100").await;
    for wire in WIRES {
        for _ in 0..20 {
            let warm = ask(wire, "warm", 2);
            assert!(warm.send(gateway.address, &customer.key).await.is_whole());
        }
    }
    let before = memory(&gateway);
    let begun = Instant::now();
    let mut streams = JoinSet::new();
    for wire in WIRES {
        for _ in 0..STREAMS {
            let (address, key) = (gateway.address, customer.key.clone());
            streams.spawn(async move { ask(wire, "slow", pieces).send(address, &key).await });
        }
    }
    let (all, warm) = (WIRES.len() * STREAMS, WIRES.len() * 20);
    let all_open = || async { upstream.calls() >= all + warm };
    until("all streams are open", all_open).await;
    let flat = Flat::watch(&gateway, before, all, &mut streams).await;
    println!(
        "{all} streams of {pieces} pieces in {:?}: {flat:?}",
        begun.elapsed()
    );
    assert_eq!(flat.whole, all, "streams that were heard to their end");
    // What an open stream takes at all is for `many_streams` to say.
    let grown = flat.each_at_most.saturating_sub(flat.each_at_first);
    assert!(grown <= MOST_GROWTH, "{flat:?}");

    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    let cost =
        |texts: usize| PROMPT_TOKENS * INPUT_UNITS + i64::try_from(texts).unwrap() * OUTPUT_UNITS;
    let costing = |cost: i64| books.calls.values().filter(|row| row.cost == cost).count();
    assert_eq!(costing(cost(2)), warm);
    assert_eq!(costing(cost(pieces)), all);
    assert_eq!(books.calls.len(), all + warm);
    setup.prove_the_books();
}

/// What was seen of the gateway's memory while streams ran.
#[derive(Debug)]
struct Flat {
    whole: usize,
    /// Bytes for each stream, when the first pieces had been said.
    each_at_first: u64,
    /// The same at its worst, and at the last look.
    each_at_most: u64,
    each_at_last: u64,
}

impl Flat {
    /// Looks again and again until every stream has come to its end.
    async fn watch(
        gateway: &Gateway,
        before: u64,
        all: usize,
        streams: &mut JoinSet<crate::harness::Heard>,
    ) -> Self {
        let each = || memory(gateway).saturating_sub(before) / u64::try_from(all).unwrap();
        tokio::time::sleep(PAUSE * 2).await;
        let mut flat = Self {
            whole: 0,
            each_at_first: each(),
            each_at_most: 0,
            each_at_last: 0,
        };
        let mut look = tokio::time::interval(PAUSE);
        loop {
            tokio::select! {
                _ = look.tick() => {
                    // Those that have ended would make the others look smaller.
                    if streams.len() == all {
                        flat.each_at_last = each();
                        flat.each_at_most = flat.each_at_most.max(flat.each_at_last);
                    }
                }
                heard = streams.join_next() => match heard {
                    Some(heard) => flat.whole += usize::from(heard.unwrap().is_whole()),
                    None => return flat,
                },
            }
        }
    }
}

fn ask(wire: Wire, kind: &str, pieces: usize) -> Ask {
    let tokens = u64::try_from(pieces).unwrap();
    Ask::stream(&format!("{kind} {wire:?}"))
        .over(wire)
        .up_to(tokens)
}

/// Which wire a request came in by, which its message says.
fn wire_of(body: &str, message: &str) -> Wire {
    let named = WIRES
        .into_iter()
        .find(|wire| message.ends_with(&format!("{wire:?}")));
    named.unwrap_or_else(|| panic!("no wire in {body}"))
}

/// A good stream that counts each of its pieces as a token.
fn metered(wire: Wire, texts: usize) -> Vec<String> {
    let (stated, counted) = match wire {
        Wire::OpenAi => (
            "\"completion_tokens\":2,\"total_tokens\":7".to_owned(),
            format!(
                "\"completion_tokens\":{texts},\"total_tokens\":{}",
                texts + 5
            ),
        ),
        Wire::Anthropic => (
            "\"output_tokens\":2}".to_owned(),
            format!("\"output_tokens\":{texts}}}"),
        ),
        Wire::Gemini => (
            "\"candidatesTokenCount\":2,\"totalTokenCount\":7".to_owned(),
            format!(
                "\"candidatesTokenCount\":{texts},\"totalTokenCount\":{}",
                texts + 5
            ),
        ),
    };
    let events = wire.events(texts).into_iter();
    events
        .map(|event| event.replace(&stated, &counted))
        .collect()
}

/// Puts a model on sale that is paid by the token.
async fn sell_by_token(gateway: &Gateway, wire: Wire) {
    let card = json!({"input": "1", "output": "10", "currency": "USD", "unit": "1M tokens"});
    let body = json!({
        "id": wire.model(), "provider": wire.provider(), "upstream_id": "flat", "status": "active",
        "context_length": 2_000_000, "max_output_tokens": 1_000_000, "capabilities": [],
        "cost": card, "pricing": card,
    });
    let request = Request::post("/v1/admin/models", body.to_string()).bearer(ADMIN_KEY);
    gateway.call(&request).await.expect(201);
}
