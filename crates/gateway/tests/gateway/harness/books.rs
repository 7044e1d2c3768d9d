use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::Value;

use super::{Customer, Gateway, Request, until};

/// Billionths of a dollar as they are written.
pub(crate) fn money(units: i64) -> String {
    let (sign, units) = (if units < 0 { "-" } else { "" }, units.unsigned_abs());
    format!(
        "{sign}{}.{:09}",
        units / 1_000_000_000,
        units % 1_000_000_000
    )
}

/// A decimal as billionths.
#[track_caller]
pub(crate) fn units(value: &Value) -> i64 {
    let text = value.as_str().expect("an amount is a string");
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let padded = format!("{whole}{part:0<9}");
    sign * padded.parse::<i64>().unwrap()
}

/// One line of the usage log.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) status: String,
    pub(crate) cost: i64,
}

/// All that the ledger tells a customer, which must agree with itself.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) calls: HashMap<String, Row>,
    pub(crate) posted: i64,
}

impl Books {
    /// Waits until nothing is held any more, and says how long that took.
    pub(crate) async fn nothing_held(gateway: &Gateway, customer: &Customer) -> Duration {
        let nothing_held = || async { units(&wallet(gateway, customer).await["held"]) == 0 };
        until("nothing is held", nothing_held).await
    }

    /// Waits until nothing is held any more, then reads everything and checks it:
    /// each call is logged once and charged once, and what was credited less all
    /// receipts is what is left.
    pub(crate) async fn read(gateway: &Gateway, customer: &Customer, credited: i64) -> Self {
        let (calls, transfers, wallet) = loop {
            Self::nothing_held(gateway, customer).await;
            let before = wallet(gateway, customer).await;
            let calls = calls(gateway, customer).await;
            let transfers = charges(gateway, customer).await;
            // A customer who left may have sent something that is read only now.
            if wallet(gateway, customer).await == before {
                break (calls, transfers, before);
            }
        };
        for (call, row) in &calls {
            let charged = transfers.get(call).copied().unwrap_or(0);
            assert_eq!(charged, row.cost, "{call} {row:?}");
        }
        for call in transfers.keys() {
            assert!(calls.contains_key(call), "{call} is charged and not logged");
        }
        let posted = units(&wallet["posted"]);
        assert_eq!(units(&wallet["held"]), 0, "{wallet}");
        assert_eq!(units(&wallet["available"]), posted, "{wallet}");
        let costs: i64 = calls.values().map(|row| row.cost).sum();
        assert_eq!(posted, credited - costs, "{} calls", calls.len());
        Self { calls, posted }
    }

    /// How many calls were charged.
    pub(crate) fn charged(&self) -> usize {
        self.calls.values().filter(|row| row.cost > 0).count()
    }

    pub(crate) fn with_status(&self, status: &str) -> usize {
        let rows = self.calls.values();
        rows.filter(|row| row.status == status).count()
    }
}

async fn wallet(gateway: &Gateway, customer: &Customer) -> Value {
    let balance = customer.read(gateway, "/v1/billing/balance").await;
    let wallets = balance["wallets"].as_array().unwrap();
    let dollars = wallets.iter().find(|wallet| wallet["currency"] == "USD");
    dollars.expect("a wallet").clone()
}

/// The usage log; an id that comes twice fails the test.
async fn calls(gateway: &Gateway, customer: &Customer) -> HashMap<String, Row> {
    let mut calls = HashMap::new();
    for row in list(gateway, customer, "/v1/usage/logs").await {
        let id = row["id"].as_str().unwrap().to_owned();
        let status = row["status"].as_str().unwrap().to_owned();
        let cost = units(&row["cost"]);
        let twice = calls.insert(id, Row { status, cost });
        assert!(twice.is_none(), "logged twice: {row}");
    }
    calls
}

/// What each call was charged; a call that is charged twice fails the test.
async fn charges(gateway: &Gateway, customer: &Customer) -> HashMap<String, i64> {
    let mut charges = HashMap::new();
    let mut ids = HashSet::new();
    for row in list(gateway, customer, "/v1/billing/transactions").await {
        let id = row["id"].as_str().unwrap().to_owned();
        assert!(ids.insert(id), "listed twice: {row}");
        if row["kind"] != "usage" {
            continue;
        }
        let call = row["generation_id"].as_str().unwrap().to_owned();
        let twice = charges.insert(call, -units(&row["amount"]));
        assert!(twice.is_none(), "charged twice: {row}");
    }
    charges
}

/// All rows of a list, page by page.
async fn list(gateway: &Gateway, customer: &Customer, path: &str) -> Vec<Value> {
    let mut connection = gateway.connect().await;
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = format!("{path}?limit=200{cursor}");
        let request = Request::get(&page).bearer(&customer.key);
        let page = connection.call(&request).await.unwrap().expect(200).json();
        rows.extend(page["data"].as_array().unwrap().iter().cloned());
        if page["has_more"] != true {
            return rows;
        }
        cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
    }
}
