//! Bad requests by hand: each is refused for its reason, none costs anything.

mod chat;
mod completions;
mod embeddings;
mod headers;
mod import;
mod keys;
mod messages;
mod operator;
mod people;
mod provider_keys;
mod queries;
mod responses;
mod vuzo;

use serde_json::{Value, json};

use crate::client::{Ask, Reply};
use crate::world::{ADMIN, World, hello};

const TYPE: &str = "invalid_type";
const VALUE: &str = "invalid_value";
const MISSING: &str = "missing_required_parameter";
const UNKNOWN: &str = "unknown_field";
const TWICE: &str = "duplicate_key";
const LOW: &str = "integer_below_min_value";
const HIGH: &str = "integer_above_max_value";

/// A world with somebody in it who has a dollar and a key for everything.
struct Bench {
    world: World,
    token: String,
    account: String,
    key: String,
    key_id: String,
    sent: usize,
}

impl Bench {
    async fn new() -> Self {
        let world = World::new().await;
        let (token, account) = world.somebody("ada@example.org").await;
        let scopes = json!({"scopes": ["inference", "read", "keys"]});
        let (key, key_id) = world.key(&token, scopes).await;
        Self {
            world,
            token,
            account,
            key,
            key_id,
            sent: 0,
        }
    }

    #[track_caller]
    fn check(&mut self, what: &str, reply: &Reply, status: u16, code: &str, param: &str) {
        self.sent += 1;
        let said = reply.json();
        let shown = what.get(..160).unwrap_or(what);
        assert_eq!(reply.refusal(), (status, word(code)), "{shown}: {said}");
        let named = said["error"]["param"].as_str().unwrap_or_default();
        assert_eq!(named, param, "{shown}: {said}");
    }

    /// Nothing was held, charged or sent on by all that was refused.
    async fn finish(self, at_least: usize) {
        assert!(self.sent >= at_least, "{} requests", self.sent);
        assert!(self.world.provider.calls.lock().unwrap().is_empty());
        let balance = self.world.balance(&self.token).await;
        assert_eq!(balance["total_usd"], "1.00");
        assert_eq!(balance["wallets"][0]["held"], "0.00");
        let reply = self.world.chat(&self.key).json(&hello()).reply().await;
        assert_eq!(
            reply.status, 200,
            "the gateway is as good as new: {reply:?}"
        );
    }
}

fn word(code: &str) -> Option<String> {
    (!code.is_empty()).then(|| code.to_owned())
}
