//! A provider that fails at every byte of an answer, in every way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::harness::{
    Act, Ask, Books, Connection, Customer, Folder, Gateway, Heard, Setup, Upstream, Wire, alone,
    sell, sell_on, until,
};

const CLIENTS: usize = 16;
const PRICE_UNITS: i64 = 1_000_000;
const CREDIT_UNITS: i64 = 100_000_000_000;

/// Not one of these bytes means anything where an answer is expected.
const RUBBISH: &[u8] = b"\xff\x00{[\"data: \r\n\r\ndata: {\"choices\":[{\xc3\n\n";

/// How the provider fails.
const WAYS: [&str; 3] = ["reset", "half-close", "rubbish"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_fails_at_any_byte_ends_in_one_way() {
    fail_at_every_byte(Wire::OpenAi).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_anthropic_that_fails_at_any_byte_ends_in_one_way() {
    fail_at_every_byte(Wire::Anthropic).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_gemini_that_fails_at_any_byte_ends_in_one_way() {
    fail_at_every_byte(Wire::Gemini).await;
}

async fn fail_at_every_byte(wire: Wire) {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = failing_upstream(wire).await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    let gateway = setup.start().await;
    sell_on(&gateway, "0.001", wire).await;
    let customer = Customer::with_credit(&gateway, "100").await;
    let length = wire.stream(2).len();
    let faults: Vec<String> = WAYS
        .iter()
        .flat_map(|way| (0..=length).map(move |offset| format!("{way}:{offset}")))
        .collect();
    let begun = Instant::now();
    let heard = ask_for_all(&gateway, &customer, &faults, wire).await;
    println!("{} faults took {:?}", faults.len(), begun.elapsed());
    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    let outcomes = compare(&heard, &books);
    for way in WAYS {
        let is_whole = |offset: &usize| {
            let fault = format!("{way}:{offset}");
            let (_, heard) = heard.iter().find(|(known, _)| *known == fault).unwrap();
            heard.is_whole()
        };
        let first = (0..=length)
            .find(is_whole)
            .expect("the last byte is enough");
        let rest = (first..=length).filter(is_whole).count();
        println!("{way}: whole from byte {first} of {length}, {rest} of them");
    }
    let expected = [
        "502 provider_invalid_response, provider_failed",
        "502 provider_unreachable, provider_failed",
        "error event provider_invalid_response, provider_failed",
        "whole, ok",
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(books.calls.len(), faults.len(), "one line for each call");
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_stalls_at_any_byte_is_ended_by_a_shutdown() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = failing_upstream(Wire::OpenAi).await;
    let setup = Setup::sqlite(folder.path(), &upstream).with("VUZO_DRAIN_SECONDS", "1");
    let mut gateway = setup.start().await;
    sell(&gateway, "0.001").await;
    let customer = Customer::with_credit(&gateway, "100").await;
    let length = Wire::OpenAi.stream(1).len();
    let mut stalled = JoinSet::new();
    for offset in 0..length {
        let ask = Ask::stream(&format!("stall:{offset}"));
        let (address, key) = (gateway.address, customer.key.clone());
        stalled.spawn(async move { (format!("stall:{offset}"), ask.send(address, &key).await) });
    }
    let asked = || async { upstream.calls() >= length };
    until("all calls have reached the provider", asked).await;
    gateway.terminate();
    let heard = stalled.join_all().await;
    let status = gateway.ended(Duration::from_secs(30)).await;
    assert_eq!(status.code(), Some(0));
    let gateway = setup.start().await;
    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    let outcomes = compare(&heard, &books);
    let expected = [
        "503 shutting_down, client_disconnected",
        "error event shutting_down, error",
        "whole, ok",
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(books.calls.len(), length, "one line for each call");
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_who_leave_a_stalled_stream_pay_nothing() {
    const CUSTOMERS: usize = 50;
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = failing_upstream(Wire::OpenAi).await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    let gateway = setup.start().await;
    sell(&gateway, "0.001").await;
    let customer = Customer::with_credit(&gateway, "100").await;
    let mut waiting = Vec::new();
    for number in 0..CUSTOMERS {
        // Some leave before the provider has said anything, some before its first event.
        let offset = if number % 2 == 0 { 0 } else { 90 };
        let ask = Ask::stream(&format!("stall:{offset}"));
        let mut connection = gateway.connect().await;
        connection.send(&ask.request(&customer.key)).await.unwrap();
        waiting.push(connection);
    }
    let asked = || async { upstream.calls() >= CUSTOMERS };
    until("all calls have reached the provider", asked).await;
    drop(waiting);
    let settled = || async {
        let logs = customer.read(&gateway, "/v1/usage/logs?limit=200").await;
        logs["data"].as_array().map(Vec::len) == Some(CUSTOMERS)
    };
    let took = until("all calls are settled", settled).await;
    println!("{CUSTOMERS} abandoned calls were settled after {took:?}");
    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    assert_eq!(books.charged(), 0);
    assert_eq!(books.with_status("client_disconnected"), CUSTOMERS);
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

/// A provider that does at a byte what the message names: `reset:17`.
async fn failing_upstream(wire: Wire) -> Upstream {
    Upstream::start(move |seen| {
        let (way, offset) = seen.message().split_once(':').unwrap_or_default();
        let answer = wire.stream(if way == "stall" { 1 } else { 2 });
        let offset: usize = offset.parse().unwrap_or(answer.len());
        let begun = answer[..offset.min(answer.len())].to_vec();
        let mut acts = vec![Act::Send(begun)];
        acts.extend(match way {
            // What was sent must be on its way before the connection is torn down.
            "reset" => vec![Act::Pause(Duration::from_millis(1)), Act::Reset],
            "half-close" => vec![Act::HalfClose],
            "rubbish" => vec![Act::Send(RUBBISH.to_vec()), Act::Close],
            _ => vec![Act::Stall],
        });
        acts
    })
    .await
}

/// Asks for every fault, a few at a time.
async fn ask_for_all(
    gateway: &Gateway,
    customer: &Customer,
    faults: &[String],
    wire: Wire,
) -> Vec<(String, Heard)> {
    let faults: Arc<[String]> = faults.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (address, key) = (gateway.address, customer.key.clone());
        let (faults, next) = (Arc::clone(&faults), Arc::clone(&next));
        clients.spawn(async move {
            let mut heard = Vec::new();
            let mut connection = Connection::open(address).await.unwrap();
            while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                let ask = Ask::stream(fault).over(wire);
                let answer = ask.send_on(&mut connection, &key).await;
                if !answer.is_complete || answer.answer.header("connection") == Some("close") {
                    connection = Connection::open(address).await.unwrap();
                }
                heard.push((fault.clone(), answer));
            }
            heard
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}

/// Checks that each answer is a valid one and agrees with the books, and names the
/// ways in which they ended.
fn compare(heard: &[(String, Heard)], books: &Books) -> Vec<String> {
    let mut outcomes = BTreeMap::new();
    for (fault, heard) in heard {
        let answer = &heard.answer;
        assert!(heard.is_complete, "{fault}: {heard:?}");
        let generation = heard.generation().expect("the id of the call");
        let row = &books.calls[&generation];
        let outcome = if heard.is_whole() {
            assert_eq!(heard.stream_error(), None, "{fault}: {heard:?}");
            check_text(fault, &heard.events());
            "whole".to_owned()
        } else if answer.status == 200 {
            let code = heard.stream_error();
            let code = code.unwrap_or_else(|| panic!("{fault}: cut without a word: {heard:?}"));
            format!("error event {code}")
        } else {
            format!("{} {}", answer.status, answer.code())
        };
        let price = if heard.is_whole() { PRICE_UNITS } else { 0 };
        assert_eq!(row.cost, price, "{fault}: {row:?}");
        *outcomes
            .entry(format!("{outcome}, {}", row.status))
            .or_insert(0) += 1;
    }
    for (outcome, times) in &outcomes {
        println!("{times:5} × {outcome}");
    }
    outcomes.into_keys().collect()
}

/// What is charged for must have been said.
fn check_text(fault: &str, events: &[Value]) {
    let said: String = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    let is_all = said == "żó żó " || said == "żó ";
    assert!(is_all, "{fault}: {said:?}");
}
