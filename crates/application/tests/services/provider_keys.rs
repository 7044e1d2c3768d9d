use std::sync::Arc;
use std::time::Duration;

use vuzo_application::operator::{OperatorError, ProviderKeyDraft, ProviderKeyPatch, Resealed};
use vuzo_application::provider_keys::RouteKey;
use vuzo_application::{Application, Policy};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::port::{Actor, Change, NoSealingKey, Sealer};
use vuzo_domain::provider_key::{ProviderKey, ProviderKeyStatus, Sealed};
use vuzo_domain::secret::Secret;
use vuzo_domain::time::Timestamp;
use vuzo_memory::ScriptedProvider;

use crate::bench::{Bench, DAY, policy};

/// What is wrong, and what makes it so.
type Row = (&'static str, fn(&mut ProviderKeyDraft));

const SECRET: &str = "sk-proj-0123456789abcdef";

/// Seals that say under which key they are.
pub(crate) struct PlainSealer(Vec<&'static str>);

impl PlainSealer {
    pub(crate) fn under(keys: &[&'static str]) -> Self {
        Self(keys.to_vec())
    }
}

impl Sealer for PlainSealer {
    fn seal(&self, secret: &Secret, _at: Timestamp) -> Result<Sealed, NoSealingKey> {
        let key = self.0.first().ok_or(NoSealingKey)?;
        let backwards: String = secret.expose().chars().rev().collect();
        Ok(Sealed::from_text(format!("{key}|{backwards}")))
    }

    fn open(&self, sealed: &Sealed) -> Option<Secret> {
        let (key, backwards) = sealed.as_text().split_once('|')?;
        let forwards: String = backwards.chars().rev().collect();
        self.0.contains(&key).then(|| Secret::new(forwards))
    }

    fn is_current(&self, sealed: &Sealed) -> bool {
        let key = sealed.as_text().split_once('|').map(|(key, _)| key);
        self.0.first().copied() == key
    }
}

fn provider(name: &str) -> ProviderId {
    ProviderId::new(name).unwrap()
}

/// A gateway with a key for `openai` in its configuration, and none for `xai`.
async fn bench() -> Bench {
    let policy = Policy {
        providers_without_key: vec![provider("xai")],
        ..policy()
    };
    Bench::with(policy, |ports| {
        for name in ["openai", "xai"] {
            let silent = ScriptedProvider::new(provider(name), []);
            ports.providers.push(Arc::new(silent));
        }
    })
    .await
}

/// The same gateway with other keys to seal with.
async fn with_sealer(bench: &Bench, keys: &[&'static str]) -> Arc<Application> {
    let mut ports = bench.ports.clone();
    ports.sealer = Arc::new(PlainSealer::under(keys));
    let handle = tokio::runtime::Handle::current();
    let started = Application::start(ports, policy(), handle).await;
    started.unwrap()
}

fn draft(name: &str) -> ProviderKeyDraft {
    ProviderKeyDraft {
        provider: provider(name),
        name: " main ".to_owned(),
        secret: Secret::new(SECRET),
        weight: None,
        priority: None,
        idempotency_key: None,
    }
}

async fn add(bench: &Bench, draft: ProviderKeyDraft) -> Result<ProviderKey, OperatorError> {
    let operator = &bench.app.operator;
    operator.add_provider_key(Actor::AdminKey, draft).await
}

const fn configured() -> RouteKey {
    RouteKey {
        id: None,
        secret: None,
        weight: 100,
        priority: 0,
    }
}

fn stored(id: ProviderKeyId, weight: u32, priority: i32) -> RouteKey {
    RouteKey {
        id: Some(id),
        secret: Some(Secret::new(SECRET)),
        weight,
        priority,
    }
}

#[tokio::test]
async fn a_stored_key_is_ready_at_once_and_goes_at_once() {
    let bench = bench().await;
    let keyring = &bench.app.keyring;
    let (openai, xai) = (provider("openai"), provider("xai"));
    assert_eq!(*keyring.keys(&openai), [configured()]);
    assert!(keyring.is_configured(&openai) && !keyring.is_configured(&xai));
    assert_eq!(*keyring.keys(&xai), []);

    let added = add(&bench, draft("xai")).await.unwrap();
    assert_eq!(
        (added.name.as_str(), added.hint.as_str()),
        ("main", "…cdef")
    );
    assert!(!added.sealed.as_text().contains(SECRET));
    assert_eq!(*keyring.keys(&xai), [stored(added.id, 100, 0)]);
    let second = ProviderKeyDraft {
        weight: Some(3),
        priority: Some(-1),
        ..draft("openai")
    };
    let second = add(&bench, second).await.unwrap();
    let expected = [configured(), stored(second.id, 3, -1)];
    assert_eq!(*keyring.keys(&openai), expected);

    let operator = &bench.app.operator;
    let patch = ProviderKeyPatch {
        status: Some(ProviderKeyStatus::Disabled),
        weight: Some(9),
        ..ProviderKeyPatch::default()
    };
    let changed = operator.change_provider_key(Actor::AdminKey, added.id, patch);
    let changed = changed.await.unwrap();
    assert_eq!((changed.weight, changed.name.as_str()), (9, "main"));
    assert!(!keyring.is_configured(&xai), "disabled");
    let removed = operator.remove_provider_key(Actor::AdminKey, second.id);
    removed.await.unwrap();
    assert_eq!(*keyring.keys(&openai), [configured()]);
    assert_eq!(bench.told.take(), [Change::Catalog; 4]);

    let audit = bench.audit().await;
    let actions: Vec<_> = audit.iter().map(|entry| entry.action.as_str()).collect();
    let expected =
        ["delete", "update", "create", "create"].map(|verb| format!("provider_key.{verb}"));
    assert_eq!(actions, expected);
    assert_eq!(audit[1].detail, r#"{"weight":9,"status":"disabled"}"#);
    assert!(
        audit
            .iter()
            .all(|entry| !entry.detail.contains("0123456789"))
    );
    assert_eq!(
        audit[3].detail,
        r#"{"provider":"xai","name":"main","hint":"…cdef","weight":100,"priority":0,"status":"active"}"#
    );
}

#[tokio::test]
async fn an_order_is_carried_out_once_a_key() {
    let bench = bench().await;
    let order = |secret: &str, key: &str| ProviderKeyDraft {
        secret: Secret::new(secret),
        idempotency_key: Some(key.to_owned()),
        ..draft("openai")
    };
    let first = add(&bench, order(SECRET, "k-1")).await.unwrap();
    for _ in 0..3 {
        bench.clock.advance(Duration::from_secs(6 * 3_600));
        let again = add(&bench, order(SECRET, "k-1")).await.unwrap();
        assert_eq!(again, first);
    }
    for other in [
        order("sk-other", "k-1"),
        ProviderKeyDraft {
            provider: provider("xai"),
            ..order(SECRET, "k-1")
        },
    ] {
        let refused = add(&bench, other).await;
        assert!(matches!(refused, Err(OperatorError::KeyMismatch)));
    }
    let second = add(&bench, order(SECRET, "k-2")).await.unwrap();
    bench.clock.advance(DAY * 2);
    let third = add(&bench, order(SECRET, "k-1")).await.unwrap();
    let ids = [first.id, second.id, third.id];
    let listed = bench.app.operator.provider_keys().await.unwrap();
    assert_eq!(listed.iter().map(|key| key.id).collect::<Vec<_>>(), ids);
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused() {
    let bench = bench().await;
    let rows: [Row; 9] = [
        ("provider", |draft| draft.provider = provider("opneai")),
        ("name", |draft| draft.name = "  ".to_owned()),
        ("name", |draft| draft.name = "a\nb".to_owned()),
        ("secret", |draft| draft.secret = Secret::new("")),
        ("secret", |draft| draft.secret = Secret::new("sk 1")),
        ("secret", |draft| draft.secret = Secret::new("ключ")),
        ("secret", |draft| {
            draft.secret = Secret::new("x".repeat(4_097));
        }),
        ("weight", |draft| draft.weight = Some(10_001)),
        ("idempotency_key", |draft| {
            draft.idempotency_key = Some(String::new());
        }),
    ];
    for (expected, spoil) in rows {
        let mut draft = draft("openai");
        spoil(&mut draft);
        let refused = add(&bench, draft).await;
        assert!(
            matches!(refused, Err(OperatorError::Invalid { field, .. }) if field == expected),
            "{expected}"
        );
    }
    let operator = &bench.app.operator;
    let nobody = ProviderKeyId::from_uuid(bench.world.uuid());
    let patch = ProviderKeyPatch::default();
    let changed = operator.change_provider_key(Actor::AdminKey, nobody, patch);
    assert!(matches!(changed.await, Err(OperatorError::NotFound { .. })));
    let removed = operator.remove_provider_key(Actor::AdminKey, nobody);
    assert!(matches!(removed.await, Err(OperatorError::NotFound { .. })));
    assert_eq!(operator.provider_keys().await.unwrap(), []);
}

#[tokio::test]
async fn without_a_sealing_key_nothing_is_stored() {
    let bench = bench().await;
    let closed = with_sealer(&bench, &[]).await;
    let refused = closed
        .operator
        .add_provider_key(Actor::AdminKey, draft("openai"));
    assert!(matches!(
        refused.await,
        Err(OperatorError::NoSealingKey(NoSealingKey))
    ));
}

#[tokio::test]
async fn keys_are_sealed_anew_under_the_first_key() {
    let bench = bench().await;
    let old = add(&bench, draft("openai")).await.unwrap();
    let rotating = with_sealer(&bench, &["second", "first"]).await;
    assert_eq!(rotating.keyring.locked(), []);
    let operator = &rotating.operator;
    let new = operator.add_provider_key(Actor::CommandLine, draft("openai"));
    let new = new.await.unwrap();
    let expected = Resealed {
        sealed: vec![old.id],
        current: 1,
        locked: vec![],
    };
    let outcome = operator.reseal_provider_keys(Actor::CommandLine).await;
    assert_eq!(outcome.unwrap(), expected);

    let afterwards = with_sealer(&bench, &["second"]).await;
    assert_eq!(afterwards.keyring.locked(), []);
    let ready = [configured(), stored(old.id, 100, 0), stored(new.id, 100, 0)];
    assert_eq!(*afterwards.keyring.keys(&provider("openai")), ready);

    let too_early = with_sealer(&bench, &["third"]).await;
    let locked: Vec<_> = too_early
        .keyring
        .locked()
        .iter()
        .map(|key| key.id)
        .collect();
    assert_eq!(locked, [old.id, new.id]);
    assert_eq!(*too_early.keyring.keys(&provider("openai")), [configured()]);
    let outcome = too_early.operator.reseal_provider_keys(Actor::CommandLine);
    assert_eq!(outcome.await.unwrap().locked, [old.id, new.id]);
}

#[tokio::test]
async fn another_instance_learns_of_a_key() {
    let bench = bench().await;
    let other = with_sealer(&bench, &["first"]).await;
    other.spawn_workers();
    let added = add(&bench, draft("openai")).await.unwrap();
    let ready = [configured(), stored(added.id, 100, 0)];
    let heard = async {
        while *other.keyring.keys(&provider("openai")) != ready {
            tokio::task::yield_now().await;
        }
    };
    let patience = Duration::from_secs(10);
    assert!(tokio::time::timeout(patience, heard).await.is_ok());
    other.drain(Duration::ZERO).await;
}

#[tokio::test]
async fn a_refusal_is_noted_for_the_operator() {
    let bench = bench().await;
    let added = add(&bench, draft("openai")).await.unwrap();
    let keyring = &bench.app.keyring;
    for note in [Some("insufficient_quota".to_owned()), None] {
        keyring.note(added.id, note.clone()).await;
        let known = bench.app.operator.provider_key(added.id).await.unwrap();
        assert_eq!(known.unwrap().last_error, note);
    }
}
