//! What outlives a process, and several that start at once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{
    Books, Customer, Database, Folder, Gateway, Request, Setup, Upstream, alone, sell, units,
};

const CREDIT_UNITS: i64 = 5_000_000_000;
const PRICE_UNITS: i64 = 1_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_sessions_and_balances_outlive_a_process_over_sqlite() {
    let _machine = alone().await;
    let folder = Folder::new();
    let upstream = Upstream::answering(Duration::ZERO).await;
    outlive(&Setup::sqlite(folder.path(), &upstream)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_sessions_and_balances_outlive_a_process_over_postgres() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(Duration::ZERO).await;
    outlive(&Setup::postgres(folder.path(), &upstream, &database.url())).await;
}

async fn outlive(setup: &Setup) {
    let gateway = setup.start().await;
    sell(&gateway, "0.001").await;
    let customer = Customer::with_credit(&gateway, "5").await;
    let (revoked_id, revoked) = customer.new_key(&gateway, &json!({})).await;
    let path = format!("/v1/api-keys/{revoked_id}");
    let revoke = Request::delete(&path).bearer(&customer.session);
    gateway.call(&revoke).await.expect(204);
    let answer = customer.ask(&gateway).await.expect(200);
    let generation = answer.header("x-vuzo-generation-id").unwrap().to_owned();
    end_in_good_order(gateway).await;

    let gateway = setup.start().await;
    let books = Books::read(&gateway, &customer, CREDIT_UNITS).await;
    assert_eq!(books.posted, CREDIT_UNITS - PRICE_UNITS);
    assert_eq!(books.calls[&generation].cost, PRICE_UNITS);
    let receipt = customer
        .read(&gateway, &format!("/v1/generations/{generation}"))
        .await;
    assert_eq!(units(&receipt["cost"]), PRICE_UNITS);
    let me = Request::get("/v1/me").bearer(&customer.session);
    assert_eq!(
        gateway.call(&me).await.expect(200).json()["email"],
        customer.email
    );
    let dead = Request::get("/v1/me").bearer(&revoked);
    assert_eq!(
        gateway.call(&dead).await.expect(401).code(),
        "invalid_api_key"
    );
    customer.ask(&gateway).await.expect(200);
    refresh_and_log_in(&gateway, &customer).await;
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

/// A refresh token works once, before and after a restart alike.
async fn refresh_and_log_in(gateway: &Gateway, customer: &Customer) {
    let body = json!({"refresh_token": customer.refresh_token}).to_string();
    let refresh = Request::post("/v1/auth/refresh", body);
    let fresh = gateway.call(&refresh).await.expect(200).json();
    let reused = gateway.call(&refresh).await.expect(401);
    assert_eq!(reused.code(), "refresh_token_reused");
    let next = json!({"refresh_token": fresh["refresh_token"]}).to_string();
    let next = Request::post("/v1/auth/refresh", next);
    assert_eq!(
        gateway.call(&next).await.status,
        401,
        "the family is revoked"
    );
    let body = json!({"email": customer.email, "password": Customer::PASSWORD});
    let log_in = Request::post("/v1/auth/login", body.to_string());
    let session = gateway.call(&log_in).await.expect(200).json();
    assert_eq!(session["account"]["id"], customer.account);
}

async fn end_in_good_order(mut gateway: Gateway) {
    gateway.terminate();
    let status = gateway.ended(Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_start_at_once_migrate_an_empty_postgres_once() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(Duration::ZERO).await;
    let setup = Setup::postgres(folder.path(), &upstream, &database.url());
    let starting: Vec<_> = (0..3).map(|_| setup.spawn()).collect();
    let mut gateways = Vec::new();
    for instance in starting {
        gateways.push(instance.ready().await);
    }
    check_one_service(&setup, &gateways).await;
    let (status, _) = setup.run(&["migrate", "--check"]);
    assert!(status.success(), "nothing is pending");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_that_start_at_once_make_one_first_account() {
    let _machine = alone().await;
    let (folder, database) = (Folder::new(), Database::new().await);
    let upstream = Upstream::answering(Duration::ZERO).await;
    let setup = Setup::postgres(folder.path(), &upstream, &database.url()).with("APP_ENV", "local");
    let starting: Vec<_> = (0..3).map(|_| setup.spawn()).collect();
    let mut gateways = Vec::new();
    for instance in starting {
        gateways.push(instance.ready().await);
    }
    let list = Request::get("/v1/admin/accounts").bearer(crate::harness::ADMIN_KEY);
    let accounts = gateways[0].call(&list).await.expect(200).json();
    let names: Vec<&Value> = accounts["data"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), 1, "{accounts}");
}

/// All instances sell the same models, and know a customer of each other.
async fn check_one_service(setup: &Setup, gateways: &[Gateway]) {
    sell(&gateways[0], "0.001").await;
    let customer = Customer::with_credit(&gateways[0], "5").await;
    let mut lists = Vec::new();
    for gateway in gateways {
        let models = gateway.call(&Request::get("/v1/models")).await.expect(200);
        let sells = models.text().contains("sim/echo");
        assert!(sells, "the starter catalogue: {}", models.text());
        lists.push(customer.read(gateway, "/v1/billing/balance").await);
    }
    assert!(lists.windows(2).all(|pair| pair[0] == pair[1]), "{lists:?}");
    println!(
        "{} instances were ready after {:?}",
        gateways.len(),
        gateways
            .iter()
            .map(|gateway| gateway.ready_after)
            .collect::<Vec<_>>()
    );
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}
