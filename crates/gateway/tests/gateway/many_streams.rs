//! Many streams at once, and one that does not end for a long time: nothing is lost, and
//! memory does not grow with what was said.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::harness::{
    Act, Ask, Books, Customer, Folder, Gateway, STREAM_HEAD, Setup, Upstream, WIRES, Wire, alone,
    program, sell_on, until,
};

const STREAMS: usize = 1_000;
/// Pieces of each, with pauses, so that all are open at the same time.
const PIECES: usize = 10;
const PAUSE: Duration = Duration::from_millis(700);
/// What one open stream may take, both of its connections included. What is not
/// optimised keeps more in its futures.
fn most_per_stream() -> u64 {
    let (_program, is_optimised) = program();
    if is_optimised { 64 << 10 } else { 72 << 10 }
}
/// How much the long stream says, in pieces of about 150 bytes.
const LONG: usize = 400_000;
/// What it may take beside what the process had before.
const MOST_GROWTH: u64 = 16 * 1024 * 1024;
const CREDIT_UNITS: i64 = 100_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_streams_are_open_at_once() {
    for wire in WIRES {
        open_a_thousand(wire).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_stream_is_flat_in_memory() {
    for wire in WIRES {
        say_much(wire).await;
    }
}

async fn open_a_thousand(wire: Wire) {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = Upstream::start(move |seen| {
        let pause = if seen.message() == "warm" {
            Duration::ZERO
        } else {
            PAUSE
        };
        let pieces = wire.events(PIECES).into_iter();
        let head = [Act::Send(UNFRAMED_HEAD.to_vec())].into_iter();
        head.chain(pieces.flat_map(|piece| [Act::Send(piece.into_bytes()), Act::Pause(pause)]))
            .chain([Act::Close])
            .collect()
    })
    .await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    let gateway = setup.start().await;
    sell_on(&gateway, "0.001", wire).await;
    let customer = Customer::with_credit(&gateway, "100").await;
    for _ in 0..50 {
        let ask = Ask::stream("warm").over(wire);
        assert!(ask.send(gateway.address, &customer.key).await.is_whole());
    }
    let before = memory(&gateway);
    let begun = Instant::now();
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let (address, key) = (gateway.address, customer.key.clone());
        let ask = Ask::stream("slow").over(wire);
        streams.spawn(async move { ask.send(address, &key).await });
    }
    let all_open = || async { upstream.calls() >= STREAMS + 50 };
    until("all streams are open", all_open).await;
    let opened = begun.elapsed();
    tokio::time::sleep(PAUSE).await;
    let each = memory(&gateway).saturating_sub(before) / u64::try_from(STREAMS).unwrap();
    let heard = streams.join_all().await;
    let whole = heard.iter().filter(|heard| heard.is_whole()).count();
    println!(
        "{wire:?}: {whole} of {STREAMS} streams whole, open after {opened:?}, {each} bytes each"
    );
    assert_eq!(whole, STREAMS);
    assert!(
        each <= most_per_stream(),
        "{each} bytes for each open stream"
    );
    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    assert_eq!(books.charged(), STREAMS + 50);
    setup.prove_the_books();
}

async fn say_much(wire: Wire) {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = Upstream::start(move |seen| {
        let pieces = if seen.message() == "warm" { 10 } else { LONG };
        let mut acts = vec![Act::Send(STREAM_HEAD.to_vec())];
        acts.push(Act::Send(wire.stream(pieces)[STREAM_HEAD.len()..].to_vec()));
        acts
    })
    .await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    let gateway = setup.start().await;
    sell_on(&gateway, "0.001", wire).await;
    let customer = Customer::with_credit(&gateway, "100").await;
    let warm = Ask::stream("warm").over(wire);
    assert!(warm.send(gateway.address, &customer.key).await.is_whole());
    let before = memory(&gateway);
    let ask = Ask::stream("much").over(wire);
    let heard = ask.send(gateway.address, &customer.key).await;
    let grown = memory(&gateway).saturating_sub(before);
    let length = heard.answer.body.len();
    println!("{wire:?}: {length} bytes were said, and memory grew by {grown}");
    assert!(heard.is_whole());
    assert!(grown <= MOST_GROWTH, "memory grew by {grown}");
    Books::read(&gateway, &customer, CREDIT_UNITS).await;
}

/// The head of a stream whose end is that of its connection.
pub(crate) const UNFRAMED_HEAD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";

/// The memory that the gateway has now.
pub(crate) fn memory(gateway: &Gateway) -> u64 {
    gateway.status_kib("VmRSS") * 1024
}
