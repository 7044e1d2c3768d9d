use core::time::Duration;

use vuzo_application::access::AccessError;
use vuzo_application::keys::{FreshKey, Hand, KeyDraft, KeyError, KeyPatch};
use vuzo_application::people::LoggedIn;
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::{Environment, KeyRefusal, KeyStatus, KeyText, Origin, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Units;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::{Actor, Change};
use vuzo_domain::wallet::{Cap, CapWindow};

use crate::bench::{Bench, DAY, draft, page};

const HOUR: Duration = Duration::from_secs(3_600);

fn cap(units: i64) -> Cap {
    Cap {
        window: CapWindow::Monthly,
        limit: Units(units),
    }
}

async fn open(bench: &Bench, text: &KeyText) -> Result<KeyId, AccessError> {
    let access = &bench.app.access;
    let origin = Origin::default();
    let caller = access.caller(text.expose(), &origin, Scope::Read).await?;
    Ok(caller.key().unwrap().id)
}

async fn is_revoked(bench: &Bench, key: &FreshKey) -> bool {
    let opened = open(bench, &key.text).await;
    matches!(opened, Err(AccessError::Refused(KeyRefusal::Revoked)))
}

async fn refused(bench: &Bench, owner: &LoggedIn, draft: KeyDraft) -> KeyError {
    let made = bench.app.keys.create(&owner.caller(), draft).await;
    made.unwrap_err()
}

#[tokio::test]
async fn a_key_opens_its_account_and_is_shown_once() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let wanted = KeyDraft {
        name: " laptop ".to_owned(),
        scopes: None,
        spend_cap: Some(cap(0)),
        ..draft()
    };
    let made = bench.key(&owner, wanted).await;
    let key = &made.key;
    assert_eq!(key.account, owner.account.id);
    assert_eq!(key.name, "laptop");
    assert_eq!(key.scopes, Scope::USUAL);
    assert_eq!(key.status, KeyStatus::Active);
    assert_eq!(key.created_at, bench.now());
    assert_eq!((key.last_used_at, key.replaces), (None, None));
    assert_eq!(key.prefix, made.text.prefix());
    assert_eq!(KeyText::parse(made.text.expose()).as_ref(), Ok(&made.text));
    assert_eq!(open(&bench, &made.text).await.unwrap(), key.id);

    let found = bench.app.keys.find(owner.account.id, key.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(key));
    assert!(!format!("{made:?}").contains(made.text.expose()));
    assert_eq!(bench.told.take(), [Change::Key(key.hash)]);
    let entry = &bench.audit().await[0];
    assert_eq!(entry.action, "key.create");
    assert_eq!(entry.target, key.id.to_string());
    assert_eq!(entry.actor, Actor::User(owner.user.id));
    assert!(entry.detail.contains(r#""scopes":["inference","read"]"#));
    assert!(!entry.detail.contains(made.text.expose()));
}

#[tokio::test]
async fn names_have_one_to_a_hundred_characters() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let named = |name: String| KeyDraft { name, ..draft() };
    for bad in [
        String::new(),
        "  ".to_owned(),
        "ż".repeat(101),
        "a\u{7}b".to_owned(),
    ] {
        let error = refused(&bench, &owner, named(bad.clone())).await;
        assert!(matches!(error, KeyError::Name), "{bad:?}");
    }
    let longest = bench.key(&owner, named("ż".repeat(100))).await;
    let patch = KeyPatch {
        name: Some(String::new()),
        ..KeyPatch::default()
    };
    let hand = owner.caller();
    let changed = bench.app.keys.change(&hand, longest.key.id, patch);
    assert!(matches!(changed.await.unwrap_err(), KeyError::Name));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let nothing = KeyDraft {
        scopes: Some(vec![]),
        ..draft()
    };
    assert!(matches!(
        refused(&bench, &owner, nothing).await,
        KeyError::NoScopes
    ));
    for secs in [0, 1] {
        let gone = Restrictions {
            expires_at: Some(bench.now().before(Duration::from_secs(secs))),
            ..Restrictions::default()
        };
        let error = refused(
            &bench,
            &owner,
            KeyDraft {
                restrictions: gone,
                ..draft()
            },
        )
        .await;
        assert!(matches!(error, KeyError::Expiry));
    }
    let below = KeyDraft {
        spend_cap: Some(cap(-1)),
        ..draft()
    };
    assert!(matches!(
        refused(&bench, &owner, below).await,
        KeyError::SpendCap
    ));
    let many = Restrictions {
        allowed_models: vec![ModelPattern::new("a").unwrap(); 101],
        ..Restrictions::default()
    };
    let error = refused(
        &bench,
        &owner,
        KeyDraft {
            restrictions: many,
            ..draft()
        },
    )
    .await;
    assert!(matches!(
        error,
        KeyError::TooMany {
            field: "allowed_models"
        }
    ));
    assert_eq!(error.to_string(), "allowed_models has at most 100 entries");
    let listed = bench.app.keys.list(owner.account.id, page()).await.unwrap();
    assert_eq!(listed.rows, []);
    assert_eq!(bench.told.take(), []);
}

#[tokio::test]
async fn each_scope_is_kept_once() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let wanted = KeyDraft {
        scopes: Some(vec![Scope::Keys, Scope::Read, Scope::Keys]),
        ..draft()
    };
    let key = bench.key(&owner, wanted).await.key;
    assert_eq!(key.scopes, [Scope::Read, Scope::Keys]);
}

#[tokio::test]
async fn a_key_is_changed_everywhere_at_once() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let made = bench.key(&owner, draft()).await;
    assert!(open(&bench, &made.text).await.is_ok());
    bench.told.take();
    let limits = Limits {
        requests_per_minute: Some(3),
        ..Limits::default()
    };
    let patch = KeyPatch {
        name: Some(" server ".to_owned()),
        scopes: Some(vec![Scope::Inference]),
        restrictions: Some(Restrictions {
            expires_at: Some(bench.now().after(DAY)),
            ..Restrictions::default()
        }),
        spend_cap: Some(Some(cap(5))),
        limits: Some(limits),
    };
    let keys = &bench.app.keys;
    let changed = keys
        .change(&owner.caller(), made.key.id, patch)
        .await
        .unwrap();
    assert_eq!(changed.name, "server");
    assert_eq!(changed.scopes, [Scope::Inference]);
    assert_eq!(
        changed.restrictions.expires_at,
        Some(bench.now().after(DAY))
    );
    assert_eq!((changed.spend_cap, changed.limits), (Some(cap(5)), limits));
    assert_eq!(bench.told.take(), [Change::Key(made.key.hash)]);
    assert!(matches!(
        open(&bench, &made.text).await.unwrap_err(),
        AccessError::Refused(KeyRefusal::Scope(Scope::Read))
    ));
    let entry = &bench.audit().await[0];
    assert_eq!(entry.action, "key.update");
    assert_eq!(
        entry.detail,
        r#"{"name":"server","scopes":["inference"],"restrictions":{"expires_at":"2026-03-11T12:00:00Z"},"spend_cap":{"window":"monthly","amount":"0.000000005","currency":"USD"},"limits":{"requests_per_minute":3}}"#
    );
    let uncapped = KeyPatch {
        spend_cap: Some(None),
        ..KeyPatch::default()
    };
    let changed = keys.change(&owner.caller(), made.key.id, uncapped).await;
    let changed = changed.unwrap();
    assert_eq!((changed.spend_cap, changed.name.as_str()), (None, "server"));
}

#[tokio::test]
async fn a_change_that_makes_no_sense_is_refused() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let made = bench.key(&owner, draft()).await;
    let change = async |patch: KeyPatch| {
        let hand = owner.caller();
        let changed = bench.app.keys.change(&hand, made.key.id, patch).await;
        changed.unwrap_err()
    };
    let no_scopes = KeyPatch {
        scopes: Some(vec![]),
        ..KeyPatch::default()
    };
    assert!(matches!(change(no_scopes).await, KeyError::NoScopes));
    let below = KeyPatch {
        spend_cap: Some(Some(cap(-1))),
        ..KeyPatch::default()
    };
    assert!(matches!(change(below).await, KeyError::SpendCap));
    let past = KeyPatch {
        restrictions: Some(Restrictions {
            expires_at: Some(bench.now()),
            ..Restrictions::default()
        }),
        ..KeyPatch::default()
    };
    assert!(matches!(change(past).await, KeyError::Expiry));
}

#[tokio::test]
async fn an_expired_key_can_still_be_narrowed() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let mut restrictions = Restrictions {
        expires_at: Some(bench.now().after(HOUR)),
        ..Restrictions::default()
    };
    let wanted = KeyDraft {
        restrictions: restrictions.clone(),
        ..draft()
    };
    let made = bench.key(&owner, wanted).await;
    bench.clock.advance(DAY);
    restrictions.allowed_models = vec![ModelPattern::new("sim/*").unwrap()];
    let patch = KeyPatch {
        restrictions: Some(restrictions.clone()),
        ..KeyPatch::default()
    };
    let keys = &bench.app.keys;
    let changed = keys.change(&owner.caller(), made.key.id, patch).await;
    assert_eq!(changed.unwrap().restrictions, restrictions);
    let rotated = keys.rotate(&owner.caller(), made.key.id, HOUR).await;
    assert!(matches!(rotated.unwrap_err(), KeyError::Expiry));
}

#[tokio::test]
async fn a_revoked_key_stops_at_once() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let made = bench.key(&owner, draft()).await;
    assert!(open(&bench, &made.text).await.is_ok());
    bench.told.take();
    let keys = &bench.app.keys;
    for _ in 0..2 {
        keys.revoke(&owner.caller(), made.key.id).await.unwrap();
        assert!(is_revoked(&bench, &made).await);
    }
    assert!(bench.told.take().contains(&Change::Key(made.key.hash)));
    let audit = bench.audit().await;
    let revoked = audit.iter().filter(|entry| entry.action == "key.revoke");
    assert_eq!(revoked.count(), 1);
}

#[tokio::test]
async fn keys_of_others_are_not_there() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let thief = bench.sign_up("eve@example.org").await;
    let made = bench.key(&owner, draft()).await;
    let (keys, id, hand) = (&bench.app.keys, made.key.id, thief.caller());
    let patch = KeyPatch {
        name: Some("mine".to_owned()),
        ..KeyPatch::default()
    };
    assert!(matches!(
        keys.change(&hand, id, patch).await.unwrap_err(),
        KeyError::NotFound
    ));
    assert!(matches!(
        keys.revoke(&hand, id).await.unwrap_err(),
        KeyError::NotFound
    ));
    assert!(matches!(
        keys.rotate(&hand, id, HOUR).await.unwrap_err(),
        KeyError::NotFound
    ));
    assert_eq!(keys.find(thief.account.id, id).await.unwrap(), None);
    assert_eq!(open(&bench, &made.text).await.unwrap(), id);
}

#[tokio::test]
async fn a_replaced_key_works_until_its_grace_is_over() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let wanted = KeyDraft {
        environment: Environment::Staging,
        spend_cap: Some(cap(9)),
        restrictions: Restrictions {
            allowed_models: vec![ModelPattern::new("sim/*").unwrap()],
            ..Restrictions::default()
        },
        ..draft()
    };
    let old = bench.key(&owner, wanted).await;
    bench.told.take();
    let keys = &bench.app.keys;
    let new = keys
        .rotate(&owner.caller(), old.key.id, HOUR)
        .await
        .unwrap();
    assert_ne!(new.text, old.text);
    assert_eq!(new.key.replaces, Some(old.key.id));
    let mut expected = old.key.clone();
    expected.id = new.key.id;
    expected.hash = new.key.hash;
    expected.prefix = new.text.prefix();
    expected.replaces = Some(old.key.id);
    assert_eq!(new.key, expected, "everything else is handed on");
    let told = bench.told.take();
    assert!(told.contains(&Change::Key(old.key.hash)));
    assert!(told.contains(&Change::Key(new.key.hash)));
    assert_eq!(bench.audit().await[0].action, "key.rotate");

    let works_until = bench.now().after(HOUR);

    bench
        .clock
        .set(works_until.before(Duration::from_micros(1)));
    assert!(open(&bench, &old.text).await.is_ok());
    bench.clock.set(works_until);
    assert!(is_revoked(&bench, &old).await);
    assert_eq!(open(&bench, &new.text).await.unwrap(), new.key.id);
}

#[tokio::test]
async fn without_grace_a_replaced_key_ends_at_once() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let old = bench.key(&owner, draft()).await;
    assert!(open(&bench, &old.text).await.is_ok());
    let (keys, hand) = (&bench.app.keys, owner.caller());
    let new = keys
        .rotate(&hand, old.key.id, Duration::ZERO)
        .await
        .unwrap();
    assert!(is_revoked(&bench, &old).await);
    assert!(open(&bench, &new.text).await.is_ok());
}

#[tokio::test]
async fn a_key_is_replaced_once_and_not_for_too_long() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let old = bench.key(&owner, draft()).await.key.id;
    let gone = bench.key(&owner, draft()).await.key.id;
    let keys = &bench.app.keys;
    keys.revoke(&owner.caller(), gone).await.unwrap();
    let too_long = 30 * DAY + Duration::from_secs(1);
    let rotated = keys.rotate(&owner.caller(), old, too_long).await;
    assert!(matches!(rotated.unwrap_err(), KeyError::Grace));
    keys.rotate(&owner.caller(), old, 30 * DAY).await.unwrap();
    for key in [old, gone] {
        let again = keys.rotate(&owner.caller(), key, HOUR).await;
        assert!(matches!(again.unwrap_err(), KeyError::AlreadyReplaced));
    }
    let unknown = KeyId::from_uuid(bench.ports.ids.uuid());
    let rotated = keys.rotate(&owner.caller(), unknown, HOUR).await;
    assert!(matches!(rotated.unwrap_err(), KeyError::NotFound));
}

#[tokio::test]
async fn the_operator_makes_and_ends_keys_of_any_account() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let hand = Hand::of_operator(Actor::CommandLine, owner.account.id);
    let made = bench.app.keys.create(hand, draft()).await.unwrap();
    assert_eq!(open(&bench, &made.text).await.unwrap(), made.key.id);
    assert_eq!(bench.audit().await[0].actor, Actor::CommandLine);
    bench.app.keys.revoke(hand, made.key.id).await.unwrap();
    assert!(is_revoked(&bench, &made).await);
    let nobody = AccountId::from_uuid(bench.ports.ids.uuid());
    let hand = Hand::of_operator(Actor::CommandLine, nobody);
    let error = bench.app.keys.revoke(hand, made.key.id).await;
    assert!(matches!(error.unwrap_err(), KeyError::NotFound));
}
