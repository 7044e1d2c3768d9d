use core::time::Duration;

use vuzo_application::access::Caller;
use vuzo_application::keys::{KeyDraft, KeyError, KeyPatch};
use vuzo_domain::key::{DomainName, Environment, Restrictions, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Units;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::{Cap, CapWindow};

use crate::bench::{Bench, DAY, at, draft};

/// What is wrong, and what makes it so.
type Row = (&'static str, fn(&mut KeyDraft));

fn narrow() -> Restrictions {
    Restrictions {
        allowed_models: vec![ModelPattern::new("sim/*").unwrap()],
        ip_allowlist: vec!["10.0.0.0/8".parse().unwrap()],
        domain_allowlist: vec![DomainName::new("*.example.org").unwrap()],
        expires_at: Some(expiry()),
    }
}

fn expiry() -> Timestamp {
    at("2026-03-20")
}

fn few() -> Limits {
    Limits {
        requests_per_minute: Some(10),
        max_tokens_per_request: Some(100),
        ..Limits::default()
    }
}

/// Somebody who holds a narrow key that makes keys.
async fn holder(bench: &Bench, change: impl FnOnce(&mut KeyDraft)) -> Caller {
    let owner = bench.sign_up("ada@example.org").await;
    let mut wanted = KeyDraft {
        restrictions: narrow(),
        limits: few(),
        scopes: Some(vec![Scope::Read, Scope::Keys]),
        ..draft()
    };
    change(&mut wanted);
    let key = bench.key(&owner, wanted).await;
    bench.holder(&key).await
}

#[tokio::test]
async fn what_a_key_leaves_open_is_taken_over_from_its_maker() {
    let bench = Bench::new().await;
    let maker = holder(&bench, |_| {}).await;
    let open = KeyDraft {
        scopes: None,
        ..draft()
    };
    let made = bench.app.keys.create(&maker, open).await.unwrap().key;
    assert_eq!(made.restrictions, narrow());
    assert_eq!(made.limits, few());
    assert_eq!(
        made.scopes,
        [Scope::Read],
        "the usual ones, less those it lacks"
    );

    let narrower = Restrictions {
        allowed_models: vec![ModelPattern::new("sim/echo").unwrap()],
        ip_allowlist: vec!["10.9.0.0/16".parse().unwrap()],
        domain_allowlist: vec![DomainName::new("shop.example.org").unwrap()],
        expires_at: Some(expiry().before(DAY)),
    };
    let wanted = KeyDraft {
        restrictions: narrower.clone(),
        scopes: Some(vec![Scope::Keys]),
        ..draft()
    };
    let made = bench.app.keys.create(&maker, wanted).await.unwrap().key;
    assert_eq!(made.restrictions, narrower);
}

#[tokio::test]
async fn a_key_gives_nothing_that_it_has_not() {
    let bench = Bench::new().await;
    let maker = holder(&bench, |_| {}).await;
    let create = async |change: fn(&mut KeyDraft)| {
        let mut wanted = KeyDraft {
            scopes: Some(vec![Scope::Read]),
            ..draft()
        };
        change(&mut wanted);
        bench.app.keys.create(&maker, wanted).await.unwrap_err()
    };
    let error = create(|wanted| wanted.scopes = Some(Scope::USUAL.to_vec())).await;
    assert!(matches!(error, KeyError::Scope(Scope::Inference)));
    let wider: [Row; 5] = [
        ("allowed_models", |wanted| {
            let models = ["sim/echo", "*"].map(|text| ModelPattern::new(text).unwrap());
            wanted.restrictions.allowed_models = models.to_vec();
        }),
        ("ip_allowlist", |wanted| {
            wanted.restrictions.ip_allowlist = vec!["0.0.0.0/0".parse().unwrap()];
        }),
        ("domain_allowlist", |wanted| {
            wanted.restrictions.domain_allowlist = vec![DomainName::new("example.com").unwrap()];
        }),
        ("expires_at", |wanted| {
            wanted.restrictions.expires_at = Some(expiry().after(Duration::from_secs(1)));
        }),
        ("limits", |wanted| {
            wanted.limits.requests_per_minute = Some(11);
        }),
    ];
    for (named, change) in wider {
        let error = create(change).await;
        assert!(
            matches!(error, KeyError::Wider { field } if field == named),
            "{named}"
        );
    }
}

#[tokio::test]
async fn a_test_key_makes_no_key_that_spends_money() {
    let bench = Bench::new().await;
    let maker = holder(&bench, |wanted| wanted.environment = Environment::Test).await;
    for (environment, is_made) in [
        (Environment::Test, true),
        (Environment::Live, false),
        (Environment::Staging, false),
        (Environment::Dev, false),
    ] {
        let wanted = KeyDraft {
            environment,
            scopes: None,
            ..draft()
        };
        let made = bench.app.keys.create(&maker, wanted).await;
        assert_eq!(made.is_ok(), is_made, "{environment:?}");
    }
}

#[tokio::test]
async fn a_capped_key_does_not_multiply_its_cap() {
    let bench = Bench::new().await;
    let cap = Cap {
        window: CapWindow::Total,
        limit: Units(1_000),
    };
    let maker = holder(&bench, |wanted| wanted.spend_cap = Some(cap)).await;
    let own = maker.key().unwrap().id;
    let wanted = KeyDraft {
        scopes: None,
        spend_cap: Some(cap),
        ..draft()
    };
    let keys = &bench.app.keys;
    let made = keys.create(&maker, wanted).await;
    assert!(matches!(made.unwrap_err(), KeyError::Capped));
    let rotated = keys.rotate(&maker, own, DAY).await;
    assert!(matches!(rotated.unwrap_err(), KeyError::Capped));
    for spend_cap in [
        None,
        Some(Cap {
            limit: Units(2_000),
            ..cap
        }),
    ] {
        let patch = KeyPatch {
            spend_cap: Some(spend_cap),
            ..KeyPatch::default()
        };
        let changed = keys.change(&maker, own, patch).await;
        assert!(matches!(changed.unwrap_err(), KeyError::Capped));
    }
    let renamed = KeyPatch {
        name: Some("still allowed".to_owned()),
        ..KeyPatch::default()
    };
    assert!(keys.change(&maker, own, renamed).await.is_ok());
}

#[tokio::test]
async fn a_key_does_not_free_itself() {
    let bench = Bench::new().await;
    let maker = holder(&bench, |_| {}).await;
    let own = maker.key().unwrap().id;
    let keys = &bench.app.keys;
    let freed = KeyPatch {
        restrictions: Some(Restrictions::default()),
        limits: Some(Limits::default()),
        ..KeyPatch::default()
    };
    let changed = keys.change(&maker, own, freed).await.unwrap();
    assert_eq!(changed.restrictions, narrow());
    assert_eq!(changed.limits, few());
    let all = KeyPatch {
        scopes: Some(vec![Scope::Inference, Scope::Keys]),
        ..KeyPatch::default()
    };
    let changed = keys.change(&maker, own, all).await;
    assert!(matches!(
        changed.unwrap_err(),
        KeyError::Scope(Scope::Inference)
    ));
    let everywhere = KeyPatch {
        restrictions: Some(Restrictions {
            ip_allowlist: vec!["0.0.0.0/0".parse().unwrap()],
            ..Restrictions::default()
        }),
        ..KeyPatch::default()
    };
    let changed = keys.change(&maker, own, everywhere).await;
    assert!(matches!(
        changed.unwrap_err(),
        KeyError::Wider {
            field: "ip_allowlist"
        }
    ));
}

#[tokio::test]
async fn the_text_of_a_wider_key_does_not_come_into_narrow_hands() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("bob@example.org").await;
    let wide: [Row; 4] = [
        ("restrictions", |wanted| {
            wanted.restrictions.allowed_models.clear();
        }),
        ("limits", |wanted| wanted.limits = Limits::default()),
        ("scopes", |wanted| {
            wanted.scopes = Some(Scope::USUAL.to_vec());
        }),
        ("environment", |wanted| {
            wanted.environment = Environment::Live;
        }),
    ];
    let equal = || KeyDraft {
        restrictions: narrow(),
        limits: few(),
        scopes: Some(vec![Scope::Read, Scope::Keys]),
        environment: Environment::Test,
        ..draft()
    };
    let maker = bench.key(&owner, equal()).await;
    let maker = bench.holder(&maker).await;
    let keys = &bench.app.keys;
    for (named, change) in wide {
        let mut wanted = equal();
        change(&mut wanted);
        let target = bench.key(&owner, wanted).await.key.id;
        let error = keys.rotate(&maker, target, DAY).await.unwrap_err();
        let is_refused = matches!(error, KeyError::Wider { .. } | KeyError::Scope(_));
        assert!(is_refused, "{named}: {error}");
        assert!(keys.revoke(&maker, target).await.is_ok(), "it may end it");
    }
    let own = maker.key().unwrap().id;
    let rotated = keys.rotate(&maker, own, DAY).await.unwrap();
    assert_eq!(rotated.key.restrictions, narrow());
}
