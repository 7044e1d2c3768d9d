//! A gateway of its own for every test.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use vuzo_application::seed::seed_catalog;
use vuzo_application::{Application, Policy, Ports, TrialPolicy};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{
    ProviderFault, Reply as ProviderReply, ReplyChunk, ReplyStream, UpstreamCall, UsageReport,
    WholeReply,
};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Units;
use vuzo_domain::port::{CatalogSnapshot, ChatProvider, Clock, IdGen};
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;
use vuzo_http::{Backends, BodyRules, Gateway, HttpSettings, Probe, bind};
use vuzo_memory::{LocalAnswers, LocalFeed, LocalLimiter, ManualClock, MemoryStore, SequentialIds};

use crate::client::Ask;
use crate::stand_ins::{Notebook, PlainHasher, PlainSealer};

pub(crate) const ADMIN: &str = "admin-key-of-the-tests";

/// Answers every call with "Hi": 9 tokens in, 2 out. What is queued goes first.
#[derive(Default)]
pub(crate) struct Parrot {
    pub(crate) next: Mutex<VecDeque<Result<ProviderReply, ProviderFault>>>,
    pub(crate) calls: Mutex<Vec<UpstreamCall>>,
}

pub(crate) fn report() -> UsageReport {
    UsageReport {
        consumption: Some(Consumption {
            input: 9,
            output: 2,
            ..Consumption::default()
        }),
        output_bytes: 2,
        ..UsageReport::default()
    }
}

pub(crate) fn content(frames: &'static str) -> ReplyChunk {
    ReplyChunk::Content {
        frames: Bytes::from_static(frames.as_bytes()),
        output_bytes: 2,
    }
}

/// The end of an answer whose usage nobody asked for.
pub(crate) fn end() -> ReplyChunk {
    ReplyChunk::End {
        frames: Bytes::new(),
        usage_frame: None,
        report: report(),
    }
}

impl Parrot {
    /// Answers the next call with what comes through the channel, when it comes.
    pub(crate) fn hold(&self, pieces: mpsc::Receiver<Result<ReplyChunk, ProviderFault>>) {
        let stream = futures_util::stream::unfold(pieces, |mut pieces| async {
            pieces.recv().await.map(|piece| (piece, pieces))
        });
        let reply = ProviderReply::Stream(ReplyStream::new(stream));
        self.next.lock().unwrap().push_back(Ok(reply));
    }
}

#[async_trait]
impl ChatProvider for Parrot {
    fn id(&self) -> ProviderId {
        ProviderId::simulator()
    }

    async fn open(&self, call: &UpstreamCall) -> Result<ProviderReply, ProviderFault> {
        self.calls.lock().unwrap().push(call.clone());
        if let Some(queued) = self.next.lock().unwrap().pop_front() {
            return queued;
        }
        if !call.envelope.stream {
            return Ok(ProviderReply::Whole(WholeReply {
                body: Bytes::from_static(
                    br#"{"id":"up_1","object":"chat.completion","created":1,"model":"echo","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#,
                ),
                report: report(),
            }));
        }
        let usage = Bytes::from_static(
            b"data: {\"id\":\"up_1\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"total_tokens\":11}}\n\n",
        );
        let pieces = [
            content("data: {\"id\":\"up_1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"),
            ReplyChunk::End {
                frames: Bytes::from_static(
                    b"data: {\"id\":\"up_1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
                ),
                usage_frame: call.envelope.wants_usage.then_some(usage),
                report: report(),
            },
        ];
        let pieces = futures_util::stream::iter(pieces.map(Ok));
        Ok(ProviderReply::Stream(ReplyStream::new(pieces)))
    }
}

/// Something that is well, or not.
pub(crate) struct Well(pub(crate) Result<(), String>);

#[async_trait]
impl Probe for Well {
    async fn check(&self) -> Result<(), String> {
        self.0.clone()
    }
}

/// What a test wants otherwise.
pub(crate) struct Wishes {
    pub(crate) settings: HttpSettings,
    pub(crate) policy: Policy,
    pub(crate) database: Result<(), String>,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            settings: HttpSettings {
                bind: vec![SocketAddr::from(([127, 0, 0, 1], 0))],
                workers: 1,
                body: BodyRules {
                    largest_chat: 100_000,
                    ..BodyRules::default()
                },
                drain: Duration::from_secs(2),
                ..HttpSettings::default()
            },
            policy: Policy {
                admin_key: Some(Secret::new(ADMIN)),
                trial: Some(TrialPolicy {
                    credit: Units(1_000_000_000),
                    days: Some(14),
                }),
                default_limits: Limits {
                    requests_per_minute: Some(600),
                    tokens_per_minute: Some(2_000_000),
                    max_concurrency: Some(200),
                    ..Limits::default()
                },
                anonymous_per_minute: Some(100),
                ..Policy::default()
            },
            database: Ok(()),
        }
    }
}

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) metrics_address: Option<SocketAddr>,
    pub(crate) application: Arc<Application>,
    pub(crate) provider: Arc<Parrot>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) server: JoinHandle<std::io::Result<()>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Wishes::default()).await
    }

    pub(crate) async fn with(wishes: Wishes) -> Self {
        let clock = Arc::new(ManualClock::at(
            Timestamp::parse("2026-11-21T12:00:00Z").unwrap(),
        ));
        let ids: Arc<dyn IdGen> = Arc::new(SequentialIds::new());
        let provider = Arc::new(Parrot::default());
        let ports = ports(&clock, &ids, &provider);
        seed_catalog(&ports, CatalogSnapshot::default())
            .await
            .unwrap();
        let application = Application::start(ports, wishes.policy, Handle::current())
            .await
            .unwrap();
        let bound = bind(Gateway {
            application: Arc::clone(&application),
            backends: Backends {
                clock: Arc::clone(&clock) as Arc<dyn Clock>,
                ids,
                database: Arc::new(Well(wishes.database)),
                redis: None,
                vault: Some(Arc::new(Well(Ok(())))),
                metrics: Arc::new(|| "vuzo_up 1\n".to_owned()),
            },
            settings: wishes.settings,
        })
        .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let address = bound.addresses()[0];
        let metrics_address = bound.metrics_addresses().first().copied();
        let serving = bound.run(async move {
            let _dropped = stopped.await;
        });
        #[expect(
            clippy::disallowed_methods,
            reason = "a test waits for it by its handle"
        )]
        let server = tokio::spawn(serving);
        Self {
            address,
            metrics_address,
            application,
            provider,
            clock,
            stop: Some(stop),
            server,
        }
    }

    pub(crate) fn ask(&self, method: &'static str, path: &str) -> Ask {
        Ask::new(self.address, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Ask {
        self.ask("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask {
        self.ask("POST", path)
    }

    /// Somebody who has signed up: their access token and their account's id.
    pub(crate) async fn somebody(&self, email: &str) -> (String, String) {
        let reply = self
            .post("/v1/auth/register")
            .json(&json!({"email": email, "password": "correct horse"}))
            .reply()
            .await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let json = reply.json();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        (word(&json["access_token"]), word(&json["account"]["id"]))
    }

    /// Somebody's fresh key.
    pub(crate) async fn key(&self, token: &str, mut body: Value) -> (String, String) {
        body["name"] = json!("test");
        let reply = self
            .post("/v1/api-keys")
            .bearer(token)
            .json(&body)
            .reply()
            .await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let json = reply.json();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        (word(&json["key"]), word(&json["id"]))
    }

    /// A key of somebody new, with a dollar to spend.
    pub(crate) async fn any_key(&self) -> String {
        let (token, _) = self.somebody("ada@example.org").await;
        self.key(&token, json!({})).await.0
    }

    /// What somebody reads there.
    pub(crate) async fn read(&self, path: &str, token: &str) -> Value {
        let reply = self.get(path).bearer(token).reply().await;
        assert_eq!(reply.status, 200, "{path} {reply:?}");
        reply.json()
    }

    pub(crate) fn chat(&self, key: &str) -> Ask {
        self.post("/v1/chat/completions").bearer(key)
    }

    /// What an account has left.
    pub(crate) async fn balance(&self, token: &str) -> Value {
        let reply = self.get("/v1/billing/balance").bearer(token).reply().await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }
}

fn ports(clock: &Arc<ManualClock>, ids: &Arc<dyn IdGen>, provider: &Arc<Parrot>) -> Ports {
    let store = Arc::new(MemoryStore::new());
    Ports {
        wallets: Arc::clone(&store) as _,
        ledger_audit: Arc::clone(&store) as _,
        accounts: Arc::clone(&store) as _,
        keys: Arc::clone(&store) as _,
        catalog: Arc::clone(&store) as _,
        provider_keys: Arc::clone(&store) as _,
        sealer: Arc::new(PlainSealer),
        usage: Arc::clone(&store) as _,
        audit: Arc::clone(&store) as _,
        changes: store,
        feed: Arc::new(LocalFeed::to(Vec::new())),
        limiter: Arc::new(LocalLimiter::default()),
        answers: Arc::new(LocalAnswers::new(
            Arc::clone(clock) as _,
            LocalAnswers::USUAL_BYTES,
        )),
        providers: vec![Arc::clone(provider) as _],
        hasher: Arc::new(PlainHasher),
        signer: Arc::new(Notebook::default()),
        clock: Arc::clone(clock) as _,
        ids: Arc::clone(ids),
    }
}

/// A chat request that is answered.
pub(crate) fn hello() -> Value {
    json!({"model": "sim/echo", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50})
}
