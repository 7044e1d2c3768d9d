//! The test bench: an application over memory, one customer, one model, one provider.

use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use uuid::Uuid;
use vuzo_application::access::{Caller, Identity};
use vuzo_application::chat::{
    AnswerWire, Answered, Bill, CacheWish, CallError, CallRequest, CutReason, Failure,
};
use vuzo_application::{Application, Policy, Ports};
use vuzo_contracts::{Customer, FIRST_MOMENT, Store, World};
use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::chat::{
    CallRecord, Endpoint, Envelope, ProviderFault, ReplyChunk, UsageReport, WholeReply,
};
use vuzo_domain::id::{GenerationId, RuleId};
use vuzo_domain::key::Environment;
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Currency;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::{
    CatalogSnapshot, ChatProvider, MockHasher, MockSealer, MockSigner, ModelEntry, NewProviderKey,
    Wallets,
};
use vuzo_domain::pricing::{Markup, PriceVersion, PricingRule, Rate, RateCard};
use vuzo_domain::provider_key::ProviderKey;
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;
use vuzo_domain::usage::Consumption;
use vuzo_memory::{
    LocalAnswers, LocalFeed, LocalLimiter, ManualClock, MemoryStore, Script, ScriptedProvider,
    SequentialIds,
};

/// One prompt token costs this much.
pub(crate) const INPUT: i64 = 1_000;
/// One completion token costs this much.
pub(crate) const OUTPUT: i64 = 2_000;
/// The prompt that [`envelope`] sends has at most so many tokens.
pub(crate) const PROMPT: i64 = 100;

pub(crate) struct Bench {
    pub(crate) world: World,
    pub(crate) app: Arc<Application>,
    pub(crate) provider: Arc<ScriptedProvider>,
    pub(crate) customer: Customer,
    pub(crate) clock: Arc<ManualClock>,
}

fn hasher() -> MockHasher {
    let mut hasher = MockHasher::new();
    hasher.expect_digest().returning(|bytes| {
        let mut digest = [0_u8; 32];
        for (index, byte) in bytes.iter().enumerate() {
            let slot = &mut digest[index % 32];
            *slot = slot.wrapping_mul(31).wrapping_add(*byte);
        }
        digest
    });
    hasher
}

/// A model of a provider, at one and two dollars per million tokens.
pub(crate) fn model(provider: &str, id: &str) -> ModelEntry {
    ModelEntry {
        model: Model {
            id: ModelId::new(id).unwrap(),
            provider: ProviderId::new(provider).unwrap(),
            upstream_id: format!("{id}-upstream"),
            status: ModelStatus::Active,
            context_length: 10_000,
            max_output_tokens: 100_000,
            capabilities: [].into(),
            aliases: vec![],
            priority: 0,
            weight: Model::USUAL_WEIGHT,
            created_at: Timestamp::from_secs(FIRST_MOMENT),
        },
        versions: vec![version(1)],
    }
}

/// A price version at so many dollars per million prompt tokens, and twice as much per
/// million completion tokens.
pub(crate) fn version(dollars: u64) -> PriceVersion {
    let rate = |dollars: u64| Rate::parse(&dollars.to_string(), Currency::USD).unwrap();
    PriceVersion {
        number: 1,
        effective_from: Timestamp::from_secs(FIRST_MOMENT),
        cost: RateCard::new(Currency::USD, rate(dollars), rate(dollars * 2)),
        retail: None,
    }
}

fn catalog(more: Vec<ModelEntry>) -> CatalogSnapshot {
    let mut thinker = model("acme", "thinker");
    thinker.model.capabilities = ["reasoning".to_owned()].into();
    let mut models = vec![model("acme", "one"), thinker];
    models.extend(more);
    CatalogSnapshot {
        models,
        rules: vec![PricingRule {
            id: RuleId::from_uuid(Uuid::from_u128(1)),
            pattern: ModelPattern::new("*").unwrap(),
            markup: Markup::default(),
            priority: 0,
            is_active: true,
        }],
    }
}

/// Takes what was sealed as it is.
fn sealer() -> MockSealer {
    let mut sealer = MockSealer::new();
    sealer
        .expect_open()
        .returning(|sealed| Some(Secret::new(sealed.as_text())));
    sealer
}

/// What is there beside the model `one` of the provider `acme`.
#[derive(Default)]
pub(crate) struct Setting {
    pub(crate) models: Vec<ModelEntry>,
    pub(crate) providers: Vec<Arc<ScriptedProvider>>,
    pub(crate) keys: Vec<ProviderKey>,
    pub(crate) cache_hit_percent: u8,
}

impl Bench {
    pub(crate) async fn with(balance: i64, scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::over(balance, scripts, |wallets| wallets).await
    }

    pub(crate) async fn over(
        balance: i64,
        scripts: impl IntoIterator<Item = Script>,
        decorate: impl FnOnce(Arc<dyn Wallets>) -> Arc<dyn Wallets>,
    ) -> Self {
        Self::in_setting(balance, scripts, decorate, Setting::default()).await
    }

    pub(crate) async fn in_setting(
        balance: i64,
        scripts: impl IntoIterator<Item = Script>,
        decorate: impl FnOnce(Arc<dyn Wallets>) -> Arc<dyn Wallets>,
        setting: Setting,
    ) -> Self {
        let store = Arc::new(MemoryStore::new());
        let world = World::new(Store::of(&store));
        let customer = match balance {
            0 => world.sign_up().await,
            _ => world.customer_with(balance).await,
        };
        let catalog = catalog(setting.models);
        world.store.catalog.seed_catalog(catalog).await.unwrap();
        for key in setting.keys {
            let audit = world.audit_entry("provider_key.add", &key.id);
            let new = NewProviderKey { key, audit };
            world
                .store
                .provider_keys
                .add_provider_key(new)
                .await
                .unwrap();
        }
        let acme = ProviderId::new("acme").unwrap();
        let provider = Arc::new(ScriptedProvider::new(acme, scripts));
        let clock = Arc::new(ManualClock::at(world.now()));
        let simulator =
            ScriptedProvider::new(ProviderId::simulator(), [whole("from the simulator", 5, 5)]);
        let mut providers: Vec<Arc<dyn ChatProvider>> = vec![
            Arc::clone(&provider) as Arc<dyn ChatProvider>,
            Arc::new(simulator),
        ];
        providers.extend(setting.providers.into_iter().map(|more| more as Arc<_>));
        let ports = Ports {
            wallets: decorate(Arc::clone(&world.store.wallets)),
            ledger_audit: Arc::clone(&world.store.ledger_audit),
            accounts: Arc::clone(&world.store.accounts),
            keys: Arc::clone(&world.store.keys),
            catalog: Arc::clone(&world.store.catalog),
            provider_keys: Arc::clone(&world.store.provider_keys),
            sealer: Arc::new(sealer()),
            usage: Arc::clone(&world.store.usage),
            audit: Arc::clone(&world.store.audit),
            changes: Arc::clone(&world.store.changes),
            feed: Arc::new(LocalFeed::to(vec![])),
            limiter: Arc::new(LocalLimiter::new(LocalLimiter::USUAL_SCOPES)),
            answers: Arc::new(LocalAnswers::new(
                Arc::clone(&clock) as _,
                LocalAnswers::USUAL_BYTES,
            )),
            providers,
            hasher: Arc::new(hasher()),
            signer: Arc::new(MockSigner::new()),
            clock: Arc::clone(&clock) as Arc<_>,
            ids: Arc::new(SequentialIds::new()),
        };
        let policy = Policy {
            cache_hit_percent: setting.cache_hit_percent,
            ..Policy::default()
        };
        let app = Application::start(ports, policy, Handle::current())
            .await
            .unwrap();
        Self {
            world,
            app,
            provider,
            customer,
            clock,
        }
    }

    /// A caller with a key of these limits.
    pub(crate) async fn caller(&self, environment: Environment, limits: Limits) -> Caller {
        let account = self
            .world
            .store
            .accounts
            .find_account(self.customer.account)
            .await
            .unwrap()
            .unwrap();
        let mut key = self.world.key(&self.customer).await;
        key.environment = environment;
        key.limits = limits;
        Caller {
            account: Arc::new(account),
            identity: Identity::Key(Arc::new(key)),
        }
    }

    /// Makes a call as the plain customer.
    pub(crate) async fn call(&self, envelope: Envelope) -> Result<Answered, Failure> {
        let caller = self.caller(Environment::Live, Limits::default()).await;
        self.call_as(caller, envelope, None).await
    }

    pub(crate) async fn call_as(
        &self,
        caller: Caller,
        envelope: Envelope,
        idempotency_key: Option<&str>,
    ) -> Result<Answered, Failure> {
        let request = CallRequest {
            caller,
            envelope,
            idempotency_key: idempotency_key.map(str::to_owned),
            cache: None,
            wire: Arc::new(PlainWire),
        };
        self.app.calls.call(request).await
    }

    /// The same, where answers that were given before may be given again.
    pub(crate) async fn call_again_as(
        &self,
        caller: Caller,
        envelope: Envelope,
        cache: CacheWish,
        idempotency_key: Option<&str>,
    ) -> Result<Answered, Failure> {
        let request = CallRequest {
            caller,
            envelope,
            idempotency_key: idempotency_key.map(str::to_owned),
            cache: Some(cache),
            wire: Arc::new(PlainWire),
        };
        self.app.calls.call(request).await
    }

    /// Posted and held units of the wallet.
    pub(crate) async fn figures(&self) -> (i64, i64) {
        let figures = self.world.figures(&self.customer).await;
        (figures.posted, figures.held)
    }

    /// Waits until nothing is held any more, and answers the posted balance.
    pub(crate) async fn settled(&self) -> i64 {
        for _ in 0..100_000 {
            if self.app.calls.tally().running == 0 {
                let (posted, held) = self.figures().await;
                assert_eq!(held, 0, "the hold is gone when the call is over");
                return posted;
            }
            tokio::time::sleep(core::time::Duration::from_millis(1)).await;
        }
        panic!("a call never came to its end");
    }

    pub(crate) async fn record(&self, call: GenerationId) -> CallRecord {
        let found = self.world.store.usage.find_call(None, call).await.unwrap();
        let logged = found.expect("every call that was held has its line in the log");
        logged.record
    }

    pub(crate) async fn books_are_clean(&self) {
        let report = self
            .world
            .store
            .ledger_audit
            .audit_ledger(self.world.now())
            .await
            .unwrap();
        assert_eq!(report.findings, []);
    }
}

/// A prompt of a hundred tokens at the most.
pub(crate) fn envelope(stream: bool, output_limit: Option<u64>) -> Envelope {
    Envelope {
        endpoint: Endpoint::ChatCompletions,
        model: "one".to_owned(),
        fallbacks: Vec::new(),
        stream,
        wants_usage: true,
        output_limit,
        answers: 1,
        prompt_bytes: u64::try_from(PROMPT).unwrap(),
        images: 0,
        audio_bytes: 0,
        long_cache: false,
        betas: Vec::new(),
        service_tier: vuzo_domain::pricing::TierWish::Standard,
        metadata: None,
        body: Bytes::from_static(b"{}"),
    }
}

pub(crate) fn consumed(input: u64, output: u64) -> UsageReport {
    UsageReport {
        consumption: Some(Consumption {
            input,
            output,
            ..Consumption::default()
        }),
        served_model: Some("one-2026".to_owned()),
        served_tier: None,
        stated_cost: None,
        output_bytes: output.saturating_mul(4),
    }
}

pub(crate) fn whole(body: &'static str, input: u64, output: u64) -> Script {
    Script::Whole(WholeReply {
        body: Bytes::from_static(body.as_bytes()),
        report: consumed(input, output),
    })
}

pub(crate) fn piece(text: &'static str) -> Result<ReplyChunk, ProviderFault> {
    Ok(ReplyChunk::Content {
        frames: Bytes::from_static(text.as_bytes()),
        output_bytes: text.len() as u64,
    })
}

pub(crate) fn end(report: UsageReport) -> Result<ReplyChunk, ProviderFault> {
    Ok(ReplyChunk::End {
        frames: Bytes::from_static(b"[end]"),
        usage_frame: Some(Bytes::from_static(b"[usage]")),
        report,
    })
}

/// Writes what it is told in brackets, so that tests can read it.
pub(crate) struct PlainWire;

impl AnswerWire for PlainWire {
    fn whole(&self, body: &Bytes, bill: &Bill) -> Bytes {
        let body = String::from_utf8_lossy(body);
        Bytes::from(format!("{body}[{} {}]", bill.generation, bill.amount.0))
    }

    fn usage_frame(&self, frame: &Bytes, bill: &Bill) -> Bytes {
        let frame = String::from_utf8_lossy(frame);
        Bytes::from(format!("{frame}[{}]", bill.amount.0))
    }

    fn owed_usage(&self, bill: &Bill) -> Option<Bytes> {
        Some(Bytes::from(format!("[owed usage {}]", bill.amount.0)))
    }

    fn done(&self) -> Bytes {
        Bytes::from_static(b"[done]")
    }

    fn cut(&self, bill: &Bill, reason: CutReason) -> Bytes {
        Bytes::from(format!("[cut {reason}, {}]", bill.amount.0))
    }

    fn fault(&self, fault: &CallError) -> Bytes {
        Bytes::from(format!("[fault {fault}]"))
    }

    fn heartbeat(&self) -> Bytes {
        Bytes::from_static(b"[heartbeat]")
    }

    fn content_type(&self, stream: bool) -> &'static str {
        if stream { "test/stream" } else { "test/whole" }
    }
}

pub(crate) fn expect_whole(answered: Result<Answered, Failure>) -> (GenerationId, i64, String) {
    match answered.unwrap() {
        Answered::Whole { facts, cost, body } => {
            let body = String::from_utf8(body.to_vec()).unwrap();
            (facts.generation, cost.0, body)
        }
        other => panic!("not a whole answer: {other:?}"),
    }
}

pub(crate) fn expect_stream(
    answered: Result<Answered, Failure>,
) -> (GenerationId, mpsc::Receiver<Bytes>) {
    match answered.unwrap() {
        Answered::Stream { facts, frames } => (facts.generation, frames),
        other => panic!("not a stream: {other:?}"),
    }
}

/// Everything that a stream brings.
pub(crate) async fn read(mut frames: mpsc::Receiver<Bytes>) -> String {
    let mut text = String::new();
    while let Some(piece) = frames.recv().await {
        text.push_str(&String::from_utf8_lossy(&piece));
    }
    text
}
