use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use uuid::Uuid;
use vuzo_domain::id::{GenerationId, KeyId};
use vuzo_domain::limit::{LimitScope, Limits};
use vuzo_domain::port::{Admission, LimitScopeRules, Limiter};
use vuzo_domain::time::Timestamp;

use super::LocalLimiter;

const START: Timestamp = Timestamp::from_secs(1_800_000_000);

fn call(scope: LimitScope, at: Timestamp) -> Admission {
    let limits = Limits {
        requests_per_minute: Some(1),
        ..Limits::default()
    };
    Admission {
        call: GenerationId::from_uuid(Uuid::from_u128(1)),
        scopes: vec![LimitScopeRules { scope, limits }],
        tokens: 0,
        at,
    }
}

fn address(number: u32) -> LimitScope {
    LimitScope::Address(IpAddr::V4(Ipv4Addr::from(number)))
}

fn key(number: u32) -> LimitScope {
    LimitScope::Key(KeyId::from_uuid(Uuid::from_u128(u128::from(number))))
}

#[tokio::test]
async fn addresses_are_bounded_outright() {
    let limiter = LocalLimiter::new(1_600);
    for number in 0..20_000 {
        let admitted = limiter.admit(&call(address(number), START)).await;
        assert!(admitted.is_ok());
    }
    assert!(limiter.scopes() <= 1_600, "{}", limiter.scopes());
    // The last ones are still known.
    assert!(limiter.admit(&call(address(19_999), START)).await.is_err());
}

#[tokio::test]
async fn idle_scopes_are_forgotten() {
    let limiter = LocalLimiter::new(1_600);
    for minute in 0..20_u32 {
        let at = START.after(Duration::from_secs(u64::from(minute) * 120));
        for number in 0..1_000 {
            let admitted = limiter.admit(&call(key(minute * 1_000 + number), at)).await;
            assert!(admitted.is_ok());
        }
    }
    assert!(limiter.scopes() < 3_200, "{}", limiter.scopes());
}

#[tokio::test]
async fn keys_that_count_are_never_forgotten() {
    let limiter = LocalLimiter::new(160);
    for number in 0..5_000 {
        assert!(limiter.admit(&call(key(number), START)).await.is_ok());
    }
    for number in 0..20_000 {
        assert!(limiter.admit(&call(address(number), START)).await.is_ok());
    }
    for number in 0..5_000 {
        assert!(limiter.admit(&call(key(number), START)).await.is_err());
    }
}
