//! What is killed in the middle of everything: afterwards nobody was charged twice,
//! and whoever has a whole answer was charged for it.

mod crowd;
mod verdict;

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::harness::{
    Ask, Books, Customer, Database, Folder, Gateway, Postgres, Request, Setup, Upstream, alone,
    optional_setting, sell, units, until,
};
use crowd::Crowd;
use verdict::{Late, judge};

/// The provider takes so long, so that a kill finds calls in every state.
const DELAY: Duration = Duration::from_millis(40);

/// So soon a gateway must be ready after its start.
const READY: Duration = Duration::from_secs(3);

const PRICE: &str = "0.001";

/// How often something is killed: fewer times than `cargo xtask soak` has time for.
fn kills(usual: usize) -> usize {
    optional_setting("VUZO_SOAK_KILLS").map_or(usual, |kills| kills.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_over_sqlite_is_killed() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = Upstream::answering(DELAY).await;
    let setup = Setup::sqlite(folder.path(), &upstream).with("VUZO_HOLD_SECONDS", "2");
    kill_gateways(&setup, &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_over_postgres_is_killed() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(DELAY).await;
    let setup =
        Setup::postgres(folder.path(), &upstream, &database.url()).with("VUZO_HOLD_SECONDS", "2");
    kill_gateways(&setup, &upstream).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_killed_under_a_gateway() {
    let _machine = alone().await;
    let folder = Folder::new();
    let mut postgres = Postgres::start().await;
    let upstream = Upstream::answering(DELAY).await;
    let setup =
        Setup::postgres(folder.path(), &upstream, &postgres.url()).with("VUZO_HOLD_SECONDS", "5");
    let gateway = setup.start().await;
    let customers = prepare(&gateway).await;
    let prober = Customer::with_credit(&gateway, verdict::CREDIT).await;
    let crowd = Crowd::gather(gateway.address, &customers);
    let (mut longest, mut heard) = (Duration::ZERO, 0);
    for number in 0..kills(10) {
        crowd.hears_more_than(heard + some(number)).await;
        postgres.kill();
        let killed = Instant::now();
        postgres.start_again().await;
        let restarted = killed.elapsed();
        // What was on its way is heard in any case; then the ledger must be back.
        let back = || async { prober.ask(&gateway).await.status == 200 };
        until("the gateway finds its database again", back).await;
        longest = longest.max(killed.elapsed().saturating_sub(restarted));
        heard = crowd.heard();
    }
    println!("after its restart Postgres was found within {longest:?}");
    let witness = crowd.dismiss().await;
    let verdict = judge(&gateway, &upstream, &customers, &witness, Late::IsCharged).await;
    println!("{verdict}");
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_away_when_calls_have_to_be_settled() {
    const STREAMS: usize = 40;
    const HELD: i64 = 40_000_000;
    let _machine = alone().await;
    let folder = Folder::new();
    let mut postgres = Postgres::start().await;
    let upstream = Upstream::answering(Duration::from_secs(2)).await;
    let setup = Setup::postgres(folder.path(), &upstream, &postgres.url());
    let gateway = setup.start().await;
    let [customer, other] = prepare(&gateway).await;
    // Its key is known from now on, so that its calls come as far as the ledger.
    other.ask(&gateway).await.expect(200);
    let mut streams = JoinSet::new();
    for number in 0..STREAMS {
        let ask = Ask::stream(&format!("settles later {number}"));
        let (address, key) = (gateway.address, customer.key.clone());
        streams.spawn(async move { ask.send(address, &key).await });
    }
    // The provider may be called before the hold is durable.
    let all_held = || async {
        let balance = customer.read(&gateway, "/v1/billing/balance").await;
        units(&balance["wallets"][0]["held"]) == HELD
    };
    until("all calls are held for", all_held).await;
    postgres.kill();
    let refused = || async { other.ask(&gateway).await.status == 503 };
    let first = until("new calls are refused", refused).await;
    let (reached, begun) = (upstream.calls(), Instant::now());
    let mut asking = JoinSet::new();
    for _ in 0..10 {
        let (address, key) = (gateway.address, other.key.clone());
        asking.spawn(async move { Ask::plain("now").send(address, &key).await });
    }
    for heard in asking.join_all().await {
        heard.answer.expect(503);
    }
    println!(
        "the first new call was refused after {first:?}, ten more within {:?}",
        begun.elapsed()
    );
    assert_eq!(upstream.calls(), reached, "served without a hold");
    let heard = streams.join_all().await;
    let whole = heard.iter().filter(|heard| heard.is_whole()).count();
    println!("{whole} of {STREAMS} streams came to their end without the ledger");
    assert_eq!(whole, STREAMS);
    postgres.start_again().await;
    let settled = || async {
        let request = Request::get("/v1/usage/logs?limit=200").bearer(&customer.key);
        let logs = gateway.call(&request).await;
        logs.status == 200 && logs.json()["data"].as_array().map(Vec::len) == Some(STREAMS)
    };
    let took = until("all calls are settled", settled).await;
    println!("they were settled {took:?} after it was back");
    let books = Books::read(&gateway, &customer, verdict::CREDIT_UNITS).await;
    assert_eq!(books.charged(), STREAMS);
    let free = Books::read(&gateway, &other, verdict::CREDIT_UNITS).await;
    assert_eq!(free.charged(), 1, "the one that was answered");
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

async fn kill_gateways(setup: &Setup, upstream: &Upstream) {
    let mut gateway = setup.start().await;
    let customers = prepare(&gateway).await;
    let crowd = Crowd::gather(gateway.address, &customers);
    let (mut slowest, mut heard) = (gateway.ready_after, 0);
    for number in 0..kills(40) {
        heard = crowd.hears_more_than(heard + some(number)).await;
        gateway.kill();
        gateway = setup.start().await;
        slowest = slowest.max(gateway.ready_after);
        crowd.turn_to(gateway.address);
    }
    println!("ready again within {slowest:?} each time");
    let witness = crowd.dismiss().await;
    let verdict = judge(&gateway, upstream, &customers, &witness, Late::MayBeLost).await;
    println!("{verdict}");
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
    assert!(slowest <= READY, "ready only after {slowest:?}");
}

/// The one who calls and forgets, and the one who sends everything again until it is
/// answered.
async fn prepare(gateway: &Gateway) -> [Customer; 2] {
    sell(gateway, PRICE).await;
    [
        Customer::with_credit(gateway, verdict::CREDIT).await,
        Customer::with_credit(gateway, verdict::CREDIT).await,
    ]
}

/// How many answers are heard before the next kill: another number each time, so that
/// it finds another moment.
fn some(number: usize) -> usize {
    20 + number * 37 % 90
}
