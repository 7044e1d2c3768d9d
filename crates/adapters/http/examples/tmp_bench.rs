use std::sync::Arc;
use async_trait::async_trait;
use bytes::Bytes;
use vuzo_application::{Application, Policy, Ports, TrialPolicy, seed::seed_catalog};
use vuzo_crypto::*;
use vuzo_domain::{catalog::ProviderId, chat::*, money::*, port::*, time::Timestamp, usage::Consumption, limit::Limits};
use vuzo_memory::*;
use vuzo_http::*;
struct P;
#[async_trait]
impl ChatProvider for P {
    fn id(&self) -> ProviderId { ProviderId::simulator() }
    async fn open(&self, _c: &UpstreamCall) -> Result<Reply, ProviderFault> {
        Ok(Reply::Whole(WholeReply{ body: Bytes::from_static(br#"{"id":"up_1","object":"chat.completion","created":1,"model":"echo","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}"#),
          report: UsageReport{ consumption: Some(Consumption{input:9,output:2,..Consumption::default()}), output_bytes:2, ..UsageReport::default()}}))
    }
}
struct C; impl Clock for C { fn now(&self)->Timestamp { Timestamp::from_micros(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros() as i64) } }
struct W; #[async_trait] impl Probe for W { async fn check(&self)->Result<(),String>{Ok(())} }
#[tokio::main]
async fn main() {
    let clock: Arc<dyn Clock> = Arc::new(C);
    let ids: Arc<dyn IdGen> = Arc::new(SystemIds::new(Arc::clone(&clock)).unwrap());
    let store = Arc::new(MemoryStore::new());
    let h = tokio::runtime::Handle::current();
    let ports = Ports { wallets: store.clone(), ledger_audit: store.clone(), accounts: store.clone(), keys: store.clone(), catalog: store.clone(), usage: store.clone(), audit: store.clone(), changes: store.clone(), feed: Arc::new(LocalFeed::to(vec![])), limiter: Arc::new(LocalLimiter::default()), providers: vec![Arc::new(P)], hasher: Arc::new(Argon2Hasher::new(b"pepper of the tests", h.clone())), signer: Arc::new(Hs256Signer::new(b"a secret of the tests, long enough").unwrap()), clock: clock.clone(), ids: ids.clone() };
    seed_catalog(&ports, CatalogSnapshot::default()).await.unwrap();
    let app = Application::start(ports, Policy{ trial: Some(TrialPolicy{credit: Units(1_000_000_000_000), days: None}), default_limits: Limits{requests_per_minute: Some(100_000_000), tokens_per_minute: Some(1<<40), ..Limits::default()}, ..Policy::default()}, h).await.unwrap();
    let who = app.people.register(vuzo_application::people::SignUp{email:"a@b.c".into(), password:"correct horse".into(), full_name:None, company:None}).await.unwrap();
    let fresh = app.keys.create(&who.caller(), vuzo_application::keys::KeyDraft{name:"x".into(), environment: Default::default(), scopes:None, restrictions: Default::default(), spend_cap:None, limits: Limits::default()}).await.unwrap();
    let bound = bind(Gateway{ application: app, backends: Backends{clock, ids, database: Arc::new(W), redis: None, vault: None, metrics: Arc::new(String::new)}, settings: HttpSettings::default()}).unwrap();
    println!("{}", fresh.text.expose());
    bound.run(std::future::pending()).await.unwrap();
}
