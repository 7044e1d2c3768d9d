//! What is changed on one instance holds on the next within a second.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{
    Ask, Connection, Customer, Database, Folder, Gateway, Request, Setup, Upstream, alone, sell,
    setting, units,
};

const AT_THE_LATEST: Duration = Duration::from_secs(1);
const TIMES: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_known_everywhere_with_redis() {
    let redis = setting("VUZO_TEST_REDIS_URL");
    change_things(Some(&redis)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_known_everywhere_without_redis() {
    change_things(None).await;
}

async fn change_things(redis: Option<&str>) {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(Duration::ZERO).await;
    let mut setup = Setup::postgres(folder.path(), &upstream, &database.url());
    if let Some(redis) = redis {
        setup = setup.with("REDIS_URL", redis);
    }
    let here = setup.start().await;
    sell(&here, "0.001").await;
    let customer = Customer::with_credit(&here, "1000").await;
    let there = setup.start().await;
    let (mut slowest_key, mut slowest_price) = (Duration::ZERO, Duration::ZERO);
    for number in 1..=TIMES {
        slowest_key = slowest_key.max(revoke(&here, &there, &customer).await);
        let price = i64::try_from(number + 1).unwrap() * 1_000_000;
        slowest_price = slowest_price.max(reprice(&here, &there, &customer, price).await);
    }
    let suspended = suspend(&here, &there, &customer).await;
    let way = redis.map_or("without", |_| "with");
    println!(
        "{way} Redis: a revoked key stopped within {slowest_key:?}, a price held within {slowest_price:?}, a suspension within {suspended:?}"
    );
    for took in [slowest_key, slowest_price, suspended] {
        assert!(took <= AT_THE_LATEST, "{took:?}");
    }
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

/// Revokes a key here that was just used there; how long it goes on working there.
async fn revoke(here: &Gateway, there: &Gateway, customer: &Customer) -> Duration {
    let (id, key) = customer.new_key(here, &json!({})).await;
    there.call(&ask(&key)).await.expect(200);
    let path = format!("/v1/api-keys/{id}");
    let request = Request::delete(&path).bearer(&customer.session);
    here.call(&request).await.expect(204);
    let begun = Instant::now();
    assert_eq!(
        here.call(&ask(&key)).await.status,
        401,
        "where it was revoked"
    );
    stops_with(there, &key, begun, (401, "invalid_api_key")).await
}

/// Changes a price here; how long the old one is taken there.
async fn reprice(here: &Gateway, there: &Gateway, customer: &Customer, price: i64) -> Duration {
    there.call(&ask(&customer.key)).await.expect(200);
    sell(here, &crate::harness::money(price)).await;
    let begun = Instant::now();
    let cost = |json: &serde_json::Value| units(&json["usage"]["cost_details"]["amount"]);
    let charged = here.call(&ask(&customer.key)).await.expect(200).json();
    assert_eq!(cost(&charged), price, "where it was changed");
    let mut connection = there.connect().await;
    loop {
        let asked = begun.elapsed();
        let answer = connection.call(&ask(&customer.key)).await.unwrap();
        if cost(&answer.expect(200).json()) == price {
            return asked;
        }
        assert!(asked < AT_THE_LATEST * 5, "the old price is still taken");
    }
}

/// Suspends the account here; how long its key goes on working there.
async fn suspend(here: &Gateway, there: &Gateway, customer: &Customer) -> Duration {
    there.call(&ask(&customer.key)).await.expect(200);
    let path = format!("/v1/admin/accounts/{}", customer.account);
    let body = json!({"status": "suspended"}).to_string();
    let request = Request::patch(&path, body).bearer(crate::harness::ADMIN_KEY);
    here.call(&request).await.expect(200);
    let begun = Instant::now();
    stops_with(there, &customer.key, begun, (403, "account_suspended")).await
}

async fn stops_with(there: &Gateway, key: &str, begun: Instant, expected: (u16, &str)) -> Duration {
    let mut connection: Connection = there.connect().await;
    loop {
        let asked = begun.elapsed();
        let answer = connection.call(&ask(key)).await.unwrap();
        if answer.status != 200 {
            assert_eq!((answer.status, answer.code().as_str()), expected);
            return asked;
        }
        assert!(asked < AT_THE_LATEST * 5, "it still works");
    }
}

fn ask(key: &str) -> Request {
    Ask::plain("hello").request(key)
}
