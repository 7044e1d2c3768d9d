//! What a later version knows of models that an earlier one loaded.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{ADMIN_KEY, Folder, Gateway, Request, Setup, Upstream};

const MODEL: &str = "/v1/admin/models/gpt-4.1";

async fn model(gateway: &Gateway) -> Value {
    let request = Request::get(MODEL).bearer(ADMIN_KEY);
    gateway.call(&request).await.expect(200).json()
}

fn said(setup: &Setup, arguments: &[&str]) -> Value {
    let (status, text) = setup.run(arguments);
    assert!(status.success(), "{arguments:?}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// What `doctor` says of the catalogue.
fn seen(setup: &Setup) -> Value {
    let report = said(setup, &["doctor", "--quick", "--json"]);
    let mut checks = report["checks"].as_array().unwrap().iter();
    let check = checks.find(|check| check["check"] == "catalogue");
    check.unwrap()["state"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_of_capabilities_are_added_and_nothing_else_is_changed() {
    let folder = Folder::new();
    let upstream = Upstream::answering(Duration::ZERO).await;
    let setup = Setup::sqlite(folder.path(), &upstream);
    let gateway = setup.start().await;
    let loaded = model(&gateway).await;
    assert_eq!(seen(&setup), "ok");

    let old = json!({
        "capabilities": ["chat", "house"], "aliases": ["ours"], "priority": 7,
        "cost": {"input": "1.25", "output": "5"}, "pricing": {"input": "3", "output": "9"},
    });
    let request = Request::patch(MODEL, old.to_string()).bearer(ADMIN_KEY);
    gateway.call(&request).await.expect(200);
    let before = model(&gateway).await;
    assert_eq!(seen(&setup), "note");

    let refresh = ["admin", "models", "refresh", "--json"];
    let dry = said(&setup, &[&refresh[..], &["--dry-run"]].concat());
    assert_eq!(dry["applied"], false);
    assert_eq!(dry["changed"][0]["id"], "gpt-4.1", "{dry}");
    assert_eq!(dry["changed"].as_array().unwrap().len(), 1, "{dry}");
    assert_eq!(model(&gateway).await, before);

    assert_eq!(said(&setup, &refresh)["applied"], true);
    assert_eq!(seen(&setup), "ok");
    let mut after = model(&gateway).await;
    let words = after["capabilities"].as_array().unwrap().clone();
    for word in loaded["capabilities"].as_array().unwrap() {
        assert!(words.contains(word), "{word}");
    }
    assert!(words.contains(&json!("house")), "{words:?}");
    after["capabilities"] = before["capabilities"].clone();
    assert_eq!(after, before, "prices, names and all else stay");
    assert_eq!(said(&setup, &refresh)["changed"], json!([]));
}
