use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{Answer, Ask, Gateway, Request, Wire};

pub(crate) const ADMIN_KEY: &str = "vz-admin_of-the-tests-0123456789abcdef";

/// A model of which every call costs the same.
pub(crate) const MODEL: &str = "test/flat";

/// Puts a model on sale that costs so many dollars a call, whatever is asked.
pub(crate) async fn sell(gateway: &Gateway, price: &str) {
    sell_on(gateway, price, Wire::OpenAi).await;
}

/// The same of a provider that speaks this wire.
pub(crate) async fn sell_on(gateway: &Gateway, price: &str, wire: Wire) {
    let card = json!({
        "input": "0", "output": "0", "per_request": price,
        "currency": "USD", "unit": "1M tokens",
    });
    let body = json!({
        "id": wire.model(), "provider": wire.provider(), "upstream_id": "flat", "status": "active",
        "context_length": 128_000, "max_output_tokens": 4_096, "capabilities": [],
        "cost": card, "pricing": card,
    });
    let request = Request::post("/v1/admin/models", body.to_string()).bearer(ADMIN_KEY);
    gateway.call(&request).await.expect(201);
}

/// Somebody with an account, who is logged in and has an API key.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) email: String,
    pub(crate) account: String,
    pub(crate) session: String,
    pub(crate) refresh_token: String,
    pub(crate) key_id: String,
    pub(crate) key: String,
}

impl Customer {
    pub(crate) const PASSWORD: &str = "correct horse battery staple";

    /// Signs somebody up who then makes a key.
    pub(crate) async fn sign_up(gateway: &Gateway) -> Self {
        static NUMBERS: AtomicU32 = AtomicU32::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let email = format!("customer-{number}@vuzo.test");
        let body = json!({"email": email, "password": Self::PASSWORD}).to_string();
        let made = gateway
            .call(&Request::post("/v1/auth/register", body))
            .await;
        let made = made.expect(201).json();
        let mut customer = Self {
            email,
            account: text(&made["account"]["id"]),
            session: text(&made["access_token"]),
            refresh_token: text(&made["refresh_token"]),
            key_id: String::new(),
            key: String::new(),
        };
        (customer.key_id, customer.key) = customer.new_key(gateway, &json!({})).await;
        customer
    }

    /// One with so many dollars of credit.
    pub(crate) async fn with_credit(gateway: &Gateway, amount: &str) -> Self {
        let customer = Self::sign_up(gateway).await;
        customer.credit(gateway, amount).await;
        customer
    }

    /// Makes another key, and answers its id and the key itself.
    pub(crate) async fn new_key(&self, gateway: &Gateway, more: &Value) -> (String, String) {
        let mut body = json!({"name": "test"});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let request = Request::post("/v1/api-keys", body.to_string()).bearer(&self.session);
        let made = gateway.call(&request).await.expect(201).json();
        (text(&made["id"]), text(&made["key"]))
    }

    pub(crate) async fn credit(&self, gateway: &Gateway, amount: &str) {
        let path = format!("/v1/admin/accounts/{}/credits", self.account);
        let body = json!({"amount": amount, "currency": "USD", "reason": "test"});
        let request = Request::post(&path, body.to_string()).bearer(ADMIN_KEY);
        gateway.call(&request).await.expect(201);
    }

    /// Reads something of the account's own.
    pub(crate) async fn read(&self, gateway: &Gateway, path: &str) -> Value {
        let request = Request::get(path).bearer(&self.key);
        gateway.call(&request).await.expect(200).json()
    }

    /// One plain call of the model.
    pub(crate) async fn ask(&self, gateway: &Gateway) -> Answer {
        gateway.call(&Ask::plain("once").request(&self.key)).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}
