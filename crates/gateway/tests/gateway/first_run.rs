//! A newcomer starts the program with nothing set, and pastes what it prints.

use serde_json::Value;

use crate::harness::{Answer, Folder, Gateway, Request, Setup, alone, units};

/// What a `curl` line says, for a machine that may not have `curl`.
#[derive(Debug)]
struct Curl {
    path: String,
    bearer: String,
    body: Option<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_printed_works_as_it_stands() {
    let _machine = alone().await;
    let folder = Folder::new();
    let setup = Setup::local(folder.path());
    let gateway = setup.start().await;
    let first = gateway.welcome()["first_start"].clone();
    let lines: Vec<Curl> = first["curl"]
        .as_array()
        .expect("lines to paste")
        .iter()
        .map(|line| read(line.as_str().unwrap(), &gateway))
        .collect();
    let [plain, streamed, balance] = &lines[..] else {
        panic!("{lines:?}");
    };
    let credit = units(&first["credit"]);
    assert_eq!(available(&run(&gateway, balance).await), credit);

    let answer = run(&gateway, plain).await.expect(200);
    let json = answer.json();
    let said = json["choices"][0]["message"]["content"].as_str().unwrap();
    let cost = units(&json["usage"]["cost_details"]["amount"]);
    assert!(said.contains("Hello, Vuzo!") && cost > 0, "{json}");
    let left = available(&run(&gateway, balance).await);
    assert_eq!(left, credit - cost);

    let answer = run(&gateway, streamed).await.expect(200);
    assert!(answer.text().ends_with("data: [DONE]\n\n"), "{answer:?}");
    let id = answer.header("x-vuzo-generation-id").unwrap();
    let receipt = Request::get(&format!("/v1/generations/{id}")).bearer(&plain.bearer);
    let receipt = gateway.call(&receipt).await.expect(200).json();
    let streamed_cost = units(&receipt["cost"]);
    assert!(streamed_cost > 0, "{receipt}");
    assert_eq!(
        available(&run(&gateway, balance).await),
        left - streamed_cost
    );
    println!("{credit} units less {cost} for the answer and {streamed_cost} for the stream");
    check_logs(&gateway, &plain.bearer, cost + streamed_cost).await;
    again(&setup, gateway, &first, left - streamed_cost).await;
}

/// Usage, transactions and the books agree.
async fn check_logs(gateway: &Gateway, key: &str, spent: i64) {
    for (path, field) in [
        ("/v1/usage/logs", "cost"),
        ("/v1/billing/transactions", "amount"),
    ] {
        let list = gateway.call(&Request::get(path).bearer(key)).await;
        let list = list.expect(200).json();
        let rows = list["data"].as_array().unwrap().iter();
        let sum: i64 = rows
            .filter(|row| row["kind"].is_null() || row["kind"] == "usage")
            .map(|row| units(&row[field]).abs())
            .sum();
        assert_eq!(sum, spent, "{list}");
    }
}

/// A second start makes and shows nothing, and knows the key of the first.
async fn again(setup: &Setup, gateway: Gateway, first: &Value, left: i64) {
    gateway.kill();
    let gateway = setup.start().await;
    assert_eq!(gateway.welcome()["first_start"], Value::Null);
    let key = first["api_key"].as_str().unwrap();
    let balance = Request::get("/v1/billing/balance").bearer(key);
    assert_eq!(available(&gateway.call(&balance).await), left);
    let admin = first["admin_key"].as_str().expect("it was made here");
    let accounts = Request::get("/v1/admin/accounts").bearer(admin);
    let accounts = gateway.call(&accounts).await.expect(200).json();
    assert_eq!(accounts["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(setup.prove_the_books()["open_holds"], 0);
}

fn read(line: &str, gateway: &Gateway) -> Curl {
    let url = format!("http://{}", gateway.address);
    let (_, rest) = line.split_once(&url).expect("its own address");
    let (path, rest) = rest.split_once(' ').expect("more after the address");
    let quoted: Vec<&str> = rest.split('\'').skip(1).step_by(2).collect();
    let bearer = quoted[0].strip_prefix("Authorization: Bearer ").unwrap();
    Curl {
        path: path.to_owned(),
        bearer: bearer.to_owned(),
        body: quoted.get(2).map(|body| (*body).to_owned()),
    }
}

async fn run(gateway: &Gateway, line: &Curl) -> Answer {
    let request = match &line.body {
        Some(body) => Request::post(&line.path, body.as_str()),
        None => Request::get(&line.path),
    };
    gateway.call(&request.bearer(&line.bearer)).await
}

fn available(answer: &Answer) -> i64 {
    units(&answer.clone().expect(200).json()["wallets"][0]["available"])
}
