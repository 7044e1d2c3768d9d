use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::crowd::{CLIENTS, Whole, Witness};
use crate::harness::{Books, Customer, Gateway, Request, Upstream, units};

pub(super) const CREDIT: &str = "1000.00";
pub(super) const CREDIT_UNITS: i64 = 1_000_000_000_000;
const PRICE_UNITS: i64 = 1_000_000;

/// After so long an answer leaves although its settlement is not durable yet.
const LATE: Duration = Duration::from_millis(250);

/// So soon after the last kill nothing may be held any more: holds live for two to five
/// seconds here, and the reaper comes by four times in each of them.
const HOLDS_GONE: Duration = Duration::from_secs(8);

/// What holds of an answer that had to leave before its settlement was durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The gateway lived on, so it is settled.
    IsCharged,
    /// The gateway was killed, perhaps before it could be.
    MayBeLost,
}

/// What the books say of what was heard.
pub(super) struct Verdict {
    witness: String,
    heard: usize,
    charged: usize,
    /// Charged, but the answer did not arrive.
    undelivered: usize,
    /// Heard late, and not charged.
    lost: usize,
    holds_gone_after: Duration,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{CLIENTS} clients: {}; {} whole answers, {} calls charged ({} of them did not arrive), {} late answers lost; nothing held {:?} after the last call",
            self.witness,
            self.heard,
            self.charged,
            self.undelivered,
            self.lost,
            self.holds_gone_after,
        )
    }
}

/// Compares what was heard with the books.
pub(super) async fn judge(
    gateway: &Gateway,
    upstream: &Upstream,
    customers: &[Customer; 2],
    witness: &Witness,
    late: Late,
) -> Verdict {
    let mut holds_gone_after = Books::nothing_held(gateway, &customers[0]).await;
    holds_gone_after += Books::nothing_held(gateway, &customers[1]).await;
    assert!(holds_gone_after < HOLDS_GONE, "{holds_gone_after:?}");
    let books = [
        Books::read(gateway, &customers[0], CREDIT_UNITS).await,
        Books::read(gateway, &customers[1], CREDIT_UNITS).await,
    ];
    let mut lost = 0;
    for (whole, books) in [(&witness.once, &books[0]), (&witness.insisted, &books[1])] {
        for answer in whole {
            if !is_charged_once(answer, books) {
                let sent = upstream.answered_at(&answer.message);
                let waited = sent.map(|sent| answer.at.saturating_duration_since(sent));
                let was_late = waited.is_some_and(|waited| waited >= LATE);
                assert!(
                    late == Late::MayBeLost && was_late,
                    "{answer:?} arrived {waited:?} after the provider had sent it, and is not charged"
                );
                lost += 1;
            }
        }
        for (call, row) in &books.calls {
            let is_right =
                row.cost == 0 || (row.cost == PRICE_UNITS && row.status != "provider_failed");
            assert!(is_right, "{call} {row:?}");
        }
    }
    // Nobody who insisted gave up, so each of their calls was charged exactly once,
    // however often it was sent.
    let calls: HashSet<&str> = generations(&witness.insisted).collect();
    assert_eq!(calls.len(), witness.insisted.len(), "one call for two keys");
    if lost == 0 {
        assert_eq!(books[1].charged(), calls.len(), "charges for as many keys");
    }
    let all = [&witness.once[..], &witness.insisted[..]].concat();
    if lost == 0 {
        read_receipts(gateway, &witness.once, &customers[0]).await;
        read_receipts(gateway, &witness.insisted, &customers[1]).await;
    }
    let charged = books[0].charged() + books[1].charged();
    check_refusals(witness, late);
    Verdict {
        witness: format!(
            "{} answers broke off, refused {:?}",
            witness.broken, witness.refusals
        ),
        heard: all.len(),
        charged,
        undelivered: (charged + lost).saturating_sub(all.len()),
        lost,
        holds_gone_after,
    }
}

fn is_charged_once(answer: &Whole, books: &Books) -> bool {
    let row = books.calls.get(&answer.generation);
    row.is_some_and(|row| row.cost == PRICE_UNITS)
}

fn generations(answers: &[Whole]) -> impl Iterator<Item = &str> {
    answers.iter().map(|answer| answer.generation.as_str())
}

/// While the gateway runs nobody is told more than that the same call is running, or
/// that the ledger is away.
fn check_refusals(witness: &Witness, late: Late) {
    for (status, code) in witness.refusals.keys() {
        let is_running = (*status, code.as_str()) == (409, "idempotency_key_in_use");
        let is_away = late == Late::IsCharged && *status == 503;
        assert!(is_running || is_away, "{:?}", witness.refusals);
    }
}

/// Each whole answer has a receipt that says what it cost.
async fn read_receipts(gateway: &Gateway, answers: &[Whole], customer: &Customer) {
    const AT_ONCE: usize = 8;
    let parts = answers.chunks(answers.len().div_ceil(AT_ONCE).max(1));
    let read = |part: &'_ [Whole]| {
        let part = part.to_vec();
        async move {
            let mut connection = gateway.connect().await;
            for answer in part {
                let path = format!("/v1/generations/{}", answer.generation);
                let request = Request::get(&path).bearer(&customer.key);
                let receipt = connection.call(&request).await.unwrap().expect(200);
                assert_eq!(units(&receipt.json()["cost"]), PRICE_UNITS, "{answer:?}");
            }
        }
    };
    stream::iter(parts.map(read))
        .for_each_concurrent(AT_ONCE, |reading| reading)
        .await;
}
