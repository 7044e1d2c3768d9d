//! Keys that the operator stores for a provider, from the order to the provider's door:
//! which of them is shown there, and that nobody else ever sees one.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{
    ADMIN_KEY, Act, Customer, Folder, Gateway, Request, Setup, Upstream, alone, answer, plain,
    sell, until,
};

const AT_THE_LATEST: Duration = Duration::from_secs(1);
const CONFIGURED: &str = "sk-upstream";
const FIRST: &str = "sk-stored-first-0a1b2c3d4e5f";
const SECOND: &str = "sk-stored-second-9z8y7x6w5v4u";
const KEYS: &str = "/v1/admin/provider-keys";

/// A provider that refuses some keys, and remembers which were shown to it.
#[derive(Clone, Default)]
struct Door(Arc<Mutex<Watch>>);

#[derive(Default)]
struct Watch {
    shown: Vec<String>,
    refused: Vec<&'static str>,
}

impl Door {
    async fn open(&self) -> Upstream {
        let watch = Arc::clone(&self.0);
        Upstream::start(move |seen| {
            let mut watch = watch.lock().unwrap();
            watch.shown.push(seen.key().to_owned());
            let body = if watch.refused.contains(&seen.key()) {
                // Some vendors repeat what they refuse.
                let said = format!(
                    r#"{{"error":{{"message":"Incorrect API key provided: {}.","type":"invalid_request_error","code":"invalid_api_key"}}}}"#,
                    seen.key()
                );
                answer("401 Unauthorized", "application/json", &said)
            } else {
                plain()
            };
            vec![Act::Send(body)]
        })
        .await
    }

    fn refuse(&self, key: &'static str) {
        self.0.lock().unwrap().refused.push(key);
    }

    /// The keys that were shown since the last time.
    fn shown(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().shown)
    }
}

/// Everything that the gateway ever told anybody in this test.
#[derive(Default)]
struct Told(String);

impl Told {
    async fn admin(&mut self, gateway: &Gateway, request: Request, status: u16) -> Value {
        let answer = gateway
            .call(&request.bearer(ADMIN_KEY))
            .await
            .expect(status);
        self.0.push_str(&answer.text());
        if status == 204 {
            return Value::Null;
        }
        answer.json()
    }

    async fn store(&mut self, gateway: &Gateway, secret: &str, priority: i32) -> String {
        let body = json!({
            "provider": "openai", "name": "stored", "secret": secret, "priority": priority,
        });
        let made = self
            .admin(gateway, Request::post(KEYS, body.to_string()), 201)
            .await;
        made["id"].as_str().unwrap().to_owned()
    }

    async fn set_status(&mut self, gateway: &Gateway, id: &str, status: &str) {
        let path = format!("{KEYS}/{id}");
        let body = json!({ "status": status }).to_string();
        self.admin(gateway, Request::patch(&path, body), 200).await;
    }

    /// One call, which must succeed; the keys that it took.
    async fn ask(&mut self, gateway: &Gateway, customer: &Customer, door: &Door) -> Vec<String> {
        door.shown();
        let answer = customer.ask(gateway).await.expect(200);
        self.0.push_str(&answer.text());
        let id = answer.header("x-vuzo-generation-id").unwrap();
        let receipt = Request::get(&format!("/v1/generations/{id}")).bearer(ADMIN_KEY);
        self.0
            .push_str(&gateway.call(&receipt).await.expect(200).text());
        door.shown()
    }

    /// Waits until calls are made with this key alone; none of them may fail.
    async fn comes_to(&mut self, world: (&Gateway, &Customer, &Door), key: &str) {
        let (gateway, customer, door) = world;
        let begun = Instant::now();
        while self.ask(gateway, customer, door).await != [key] {
            assert!(begun.elapsed() < AT_THE_LATEST, "{key} is not used");
        }
        println!("{key} is used after {:?}", begun.elapsed());
        for _ in 0..5 {
            assert_eq!(self.ask(gateway, customer, door).await, [key]);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_key_is_shown_to_its_provider_and_to_nobody_else() {
    let _machine = alone().await;
    let (folder, door) = (Folder::new(), Door::default());
    let upstream = door.open().await;
    let setup = Setup::sqlite(folder.path(), &upstream)
        .with("RUST_LOG", "debug")
        .with(
            "PROVIDER_ENCRYPTION_KEY",
            "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        );
    let gateway = setup.start().await;
    sell(&gateway, "0.001").await;
    let customer = Customer::with_credit(&gateway, "10").await;
    let (world, mut told) = ((&gateway, &customer, &door), Told::default());
    told.comes_to(world, CONFIGURED).await;

    let first = told.store(&gateway, FIRST, 10).await;
    told.comes_to(world, FIRST).await;
    told.set_status(&gateway, &first, "disabled").await;
    told.comes_to(world, CONFIGURED).await;
    told.set_status(&gateway, &first, "active").await;
    let second = told.store(&gateway, SECOND, 5).await;
    told.comes_to(world, FIRST).await;

    // The customer does not notice that it is refused, and it rests from then on.
    door.refuse(FIRST);
    let shown = told.ask(&gateway, &customer, &door).await;
    assert_eq!(shown, [FIRST, SECOND]);
    told.comes_to(world, SECOND).await;
    until("the operator can read why", || async {
        let list = Request::get(KEYS).bearer(ADMIN_KEY);
        let list = gateway.call(&list).await.expect(200).json();
        let rows = list["data"].as_array().unwrap().iter();
        let errors = rows.filter(|row| row["last_error"].is_string());
        let refused: Vec<_> = errors.map(|row| row["id"].clone()).collect();
        refused == [first.as_str()]
    })
    .await;
    let path = format!("{KEYS}/{second}");
    told.admin(&gateway, Request::delete(&path), 204).await;
    told.comes_to(world, CONFIGURED).await;

    told.admin(&gateway, Request::get(KEYS), 200).await;
    let audit = Request::get("/v1/admin/audit");
    told.admin(&gateway, audit, 200).await;
    drop(gateway);
    setup.prove_the_books();
    for secret in [FIRST, SECOND] {
        assert!(!told.0.contains(secret), "an answer holds {secret}");
        nothing_holds(folder.path(), secret);
    }
}

/// Nothing that was written, the log and the database among it, holds a secret.
fn nothing_holds(folder: &Path, secret: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nothing_holds(&path, secret);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let found = bytes
            .windows(secret.len())
            .position(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
        let around = found.map(|at| {
            let from = at.saturating_sub(200);
            String::from_utf8_lossy(&bytes[from..bytes.len().min(at + 100)]).into_owned()
        });
        assert_eq!(around, None, "{} holds it", path.display());
    }
}
