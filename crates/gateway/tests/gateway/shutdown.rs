//! SIGTERM while two hundred streams are open.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::harness::{
    Act, Answer, Ask, Books, Connection, Customer, Database, Folder, Gateway, Heard, Request,
    Setup, Upstream, alone, chunks, sell, until,
};

const STREAMS: usize = 200;
/// Of these the provider never comes to an end.
const ENDLESS: usize = 50;
const DRAIN: Duration = Duration::from_secs(6);
/// Beyond the drain time, for what was cut to be settled and for the process to end.
const MARGIN: Duration = Duration::from_secs(6);
const PRICE_UNITS: i64 = 1_000_000;
const CREDIT_UNITS: i64 = 100_000_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_streams_over_sqlite_finish_or_settle() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = slow_upstream().await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    end_under_streams(&setup.with("VUZO_DRAIN_SECONDS", "6")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_streams_over_postgres_finish_or_settle() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = slow_upstream().await;
    let setup = Setup::postgres(folder.path(), &upstream, &database.url());
    end_under_streams(&setup.with("VUZO_DRAIN_SECONDS", "6")).await;
}

/// A provider that takes two seconds for a stream, or for ever.
async fn slow_upstream() -> Upstream {
    const PAUSE: Duration = Duration::from_millis(200);
    Upstream::start(|seen| {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        let mut acts = vec![Act::Send(head.to_vec())];
        for piece in chunks(8) {
            acts.extend([Act::Send(piece.into_bytes()), Act::Pause(PAUSE)]);
        }
        if seen.message() == "endless" {
            acts.truncate(7);
            acts.push(Act::Stall);
        } else {
            acts.push(Act::Close);
        }
        acts
    })
    .await
}

async fn end_under_streams(setup: &Setup) {
    let mut gateway = setup.start().await;
    sell(&gateway, "0.001").await;
    let customer = Customer::with_credit(&gateway, "100").await;
    let mut streams = open_streams(&gateway, &customer).await;
    let begun = Instant::now();
    gateway.terminate();
    let not_ready = || async { refuses_traffic(&gateway).await };
    let noticed = until("readiness goes off", not_ready).await;
    let late = Ask::plain("late")
        .send(gateway.address, &customer.key)
        .await;
    assert_ne!(late.answer.status, 200, "a call was taken while draining");
    let mut whole = 0;
    while let Some(heard) = streams.join_next().await {
        let (message, heard) = heard.unwrap();
        if heard.is_whole() {
            whole += 1;
        } else {
            assert_eq!(message, "endless", "{heard:?}");
            assert!(heard.stream_error().is_some(), "{heard:?}");
            assert!(heard.is_complete, "{heard:?}");
        }
    }
    let status = gateway.ended(DRAIN + MARGIN).await;
    let took = begun.elapsed();
    println!(
        "{whole} of {STREAMS} streams finished, the others were told; not ready after {noticed:?}, ended after {took:?} with {status}"
    );
    assert_eq!(status.code(), Some(0));
    assert_eq!(whole, STREAMS - ENDLESS);
    drop(gateway);
    check_books(setup, &customer).await;
}

/// Opens all streams, and waits until each has begun.
async fn open_streams(gateway: &Gateway, customer: &Customer) -> JoinSet<(&'static str, Heard)> {
    let mut streams = JoinSet::new();
    let mut openings = JoinSet::new();
    for number in 0..STREAMS {
        let message = if number < ENDLESS { "endless" } else { "slow" };
        let mut connection = gateway.connect().await;
        let request = Ask::stream(message).request(&customer.key);
        openings.spawn(async move {
            let mut answer = Answer::default();
            connection.send(&request).await.unwrap();
            connection.read_head(&mut answer).await.unwrap();
            assert_eq!(answer.status, 200);
            (message, connection, answer)
        });
    }
    while let Some(opened) = openings.join_next().await {
        let (message, mut connection, mut answer) = opened.unwrap();
        streams.spawn(async move {
            let is_complete = connection.read_rest(&mut answer).await.is_ok();
            let heard = Heard {
                is_complete,
                answer,
            };
            (message, heard)
        });
    }
    streams
}

/// Whether a load balancer would send nothing more here.
async fn refuses_traffic(gateway: &Gateway) -> bool {
    match Connection::open(gateway.address).await {
        Err(_closed) => true,
        Ok(mut connection) => {
            let ready = connection.call(&Request::get("/health/readiness")).await;
            ready.is_ok_and(|answer| answer.status == 503)
        }
    }
}

async fn check_books(setup: &Setup, customer: &Customer) {
    let gateway = setup.start().await;
    let books = Books::read(&gateway, customer, CREDIT_UNITS).await;
    assert_eq!(books.calls.len(), STREAMS);
    assert_eq!(books.charged(), STREAMS - ENDLESS);
    assert_eq!(books.with_status("ok"), STREAMS - ENDLESS);
    let charged = i64::try_from(STREAMS - ENDLESS).unwrap() * PRICE_UNITS;
    assert_eq!(books.posted, CREDIT_UNITS - charged);
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}
