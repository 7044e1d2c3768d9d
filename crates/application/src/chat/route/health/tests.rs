use super::*;
use uuid::Uuid;

fn acme() -> ProviderId {
    ProviderId::new("acme").unwrap()
}

fn key(number: u128) -> ProviderKeyId {
    ProviderKeyId::from_uuid(Uuid::from_u128(number))
}

fn target<'a>(provider: &'a ProviderId, model: &'a str, key: Option<ProviderKeyId>) -> Target<'a> {
    Target {
        provider,
        model,
        key,
    }
}

fn fault(kind: FaultKind) -> ProviderFault {
    ProviderFault::new(kind, "no")
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_rests_for_every_model_and_no_other_key_does() {
    let (provider, health, now) = (acme(), Health::default(), Instant::now());
    let refused = target(&provider, "a", Some(key(1)));
    assert!(!health.note_answer(refused, now), "nothing was wrong");
    health.note_fault(refused, &fault(FaultKind::OurAccount), now);
    for (other, rests) in [
        (refused, true),
        (target(&provider, "b", Some(key(1))), true),
        (target(&provider, "a", Some(key(2))), false),
        (target(&provider, "a", None), false),
    ] {
        assert_eq!(health.rests(other, now), rests, "{other:?}");
        assert!(health.lets_in(other, now), "it is about the key alone");
    }
    let later = now + REFUSED_REST;
    assert!(!health.rests(refused, later));
    health.note_fault(
        target(&provider, "c", None),
        &fault(FaultKind::Failing),
        later,
    );
    assert!(health.note_answer(refused, later), "it is taken again");
    assert!(!health.note_answer(refused, later), "and that is told once");
}

#[tokio::test(start_paused = true)]
async fn a_slow_down_is_about_one_model_and_within_bounds() {
    let provider = acme();
    for (said, from, until) in [
        (None, 4_999, 5_000),
        (Some(0), 999, 1_000),
        (Some(30_000), 29_999, 30_000),
        (Some(86_400_000), 599_999, 600_000),
    ] {
        let (health, now) = (Health::default(), Instant::now());
        let limited = target(&provider, "a", None);
        let mut slow = fault(FaultKind::RateLimited);
        slow.retry_after = said.map(Duration::from_millis);
        health.note_fault(limited, &slow, now);
        assert!(health.rests(limited, now + Duration::from_millis(from)));
        assert!(!health.rests(limited, now + Duration::from_millis(until)));
        assert!(!health.rests(target(&provider, "b", None), now));
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_at_fault_says_nothing_about_its_provider() {
    let (provider, health, now) = (acme(), Health::default(), Instant::now());
    let bad = FaultKind::BadRequest {
        status: 400,
        param: None,
        code: None,
    };
    for _ in 0..100 {
        health.note_fault(target(&provider, "a", None), &fault(bad.clone()), now);
    }
    assert_eq!(health.view(), []);
    assert!(health.lets_in(target(&provider, "a", None), now));
}

#[tokio::test(start_paused = true)]
async fn one_model_that_fails_is_left_alone_and_seen() {
    let (provider, health, now) = (acme(), Health::default(), Instant::now());
    let failing = target(&provider, "a", None);
    for _ in 0..5 {
        assert!(health.lets_in(failing, now));
        health.note_fault(failing, &fault(FaultKind::Unreachable), now);
    }
    assert!(!health.lets_in(failing, now));
    assert!(health.lets_in(target(&provider, "b", None), now));
    let seen = TargetView {
        provider: provider.clone(),
        model: "a".to_owned(),
        state: BreakerState::Open,
        failures: 5,
    };
    assert_eq!(health.view(), [seen]);
    health.note_answer(failing, now);
    assert!(health.lets_in(failing, now));
    assert!(!health.is_troubled.load(Ordering::Relaxed), "all is well");
}
