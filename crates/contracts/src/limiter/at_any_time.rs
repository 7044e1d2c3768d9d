use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::limit::{Counted, LimitScope, Limited, Limits, RateWindow};
use vuzo_domain::port::LimiterError;

use super::{Gate, calls, places, tokens};
use crate::at_once;

/// Up to the limit everybody gets in, and then nobody.
pub async fn a_window_is_never_overfilled(gate: &Gate) {
    for limit in [1, 7, 60] {
        let scopes = [(gate.key(), calls(limit))];
        assert_eq!(gate.room(0, &scopes).await, usize::try_from(limit).unwrap());
        let refusal = gate.admit(&gate.call(0, &scopes)).await.unwrap_err();
        assert_eq!(refusal.scope, scopes[0].0);
        assert_eq!(
            refusal.limited,
            Limited::Window(Counted::Requests, RateWindow::Minute)
        );
        assert_eq!(refusal.limit, limit);
    }
}

/// A hundred calls at once under a limit of thirty: thirty get in.
pub async fn concurrent_calls_never_overfill_a_window(gate: &Gate) {
    let scopes = [(gate.account(), calls(1_000)), (gate.key(), calls(30))];
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let admission = gate.call(10, &scopes);
            let limiter = Arc::clone(&gate.limiter);
            async move {
                match limiter.admit(&admission).await {
                    Ok(_) => true,
                    Err(LimiterError::Refused(_)) => false,
                    Err(LimiterError::Unavailable(fault)) => unreachable!("{fault:?}"),
                }
            }
        })
        .collect();
    let admitted = at_once(tasks).await;
    assert_eq!(admitted.into_iter().filter(|is_in| *is_in).count(), 30);
    assert_eq!(gate.room(0, &scopes[..1]).await, 970);
}

/// Where one scope or window has no room, no other counts the call either.
pub async fn a_refused_call_counts_nowhere(gate: &Gate) {
    let (account, key) = (gate.account(), gate.key());
    let wide = (account, calls(10));
    for narrow in [calls(0), tokens(50), places(0)] {
        let narrow = (key, narrow);
        for order in [[wide, narrow], [narrow, wide]] {
            if narrow.1 == tokens(50) {
                let filler = gate.call(50, &[(account, Limits::default()), narrow]);
                // The window may be full of it already, from the other order.
                let _ = gate.admit(&filler).await;
            }
            for _ in 0..5 {
                let refusal = gate.admit(&gate.call(50, &order)).await.unwrap_err();
                assert_eq!(refusal.scope, key);
            }
        }
    }
    assert_eq!(gate.room(0, &[wide]).await, 10);

    // The same within one scope: a refusal by tokens or places counts no call.
    let mixed = Limits {
        requests_per_minute: Some(10),
        tokens_per_minute: Some(100),
        max_concurrency: Some(5),
        ..Limits::default()
    };
    let scope = gate.key();
    gate.admit(&gate.call(60, &[(scope, mixed)])).await.unwrap();
    for _ in 0..20 {
        assert!(gate.admit(&gate.call(60, &[(scope, mixed)])).await.is_err());
    }
    let unplaced = Limits {
        max_concurrency: None,
        ..mixed
    };
    assert_eq!(gate.room(0, &[(scope, unplaced)]).await, 9);
}

/// Keys, accounts and addresses have nothing to do with each other.
pub async fn every_scope_counts_for_itself(gate: &Gate) {
    let addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
    let addresses = addresses.map(|text| LimitScope::Address(text.parse().unwrap()));
    let others = [gate.key(), gate.key(), gate.account(), gate.account()];
    for scope in others.into_iter().chain(addresses) {
        assert_eq!(gate.room(0, &[(scope, calls(3))]).await, 3, "{scope:?}");
    }
}

/// Where nothing is limited there is nothing to refuse, or to tell.
pub async fn a_call_without_limits_is_let_in(gate: &Gate) {
    let scopes = [(gate.key(), Limits::default())];
    for scopes in [&scopes[..], &[]] {
        for _ in 0..100 {
            let call = gate.call(1_000_000, scopes);
            let admitted = gate.admit(&call).await.unwrap();
            assert_eq!((admitted.requests, admitted.tokens), (None, None));
            gate.leave(&call, 5).await;
        }
    }
}

/// The tightest window of calls, and that of tokens, after this call.
pub async fn what_is_left_is_told(gate: &Gate) {
    let account = Limits {
        requests_per_hour: Some(5),
        tokens_per_minute: Some(1_000),
        ..Limits::default()
    };
    let key = Limits {
        requests_per_minute: Some(50),
        tokens_per_day: Some(700),
        ..Limits::default()
    };
    let scopes = [(gate.account(), account), (gate.key(), key)];
    for (requests, tokens) in [(4, 600), (3, 500)] {
        let admitted = gate.admit(&gate.call(100, &scopes)).await.unwrap();
        let told = admitted.requests.unwrap();
        assert_eq!((told.window, told.limit), (RateWindow::Hour, 5));
        assert_eq!(told.remaining, requests);
        assert!(told.reset_after <= Duration::from_secs(3_660), "{told:?}");
        assert!(told.reset_after > Duration::from_secs(3_000), "{told:?}");
        let told = admitted.tokens.unwrap();
        assert_eq!((told.window, told.limit), (RateWindow::Day, 700));
        assert_eq!(told.remaining, tokens);
    }
}

/// A call that ends makes room for the next.
pub async fn places_are_given_back(gate: &Gate) {
    let scopes = [(gate.account(), places(10)), (gate.key(), places(2))];
    let first = gate.call(0, &scopes);
    let second = gate.call(0, &scopes);
    gate.admit(&first).await.unwrap();
    gate.admit(&second).await.unwrap();
    let refusal = gate.admit(&gate.call(0, &scopes)).await.unwrap_err();
    assert_eq!(refusal.limited, Limited::Concurrency);
    assert_eq!((refusal.scope, refusal.limit), (scopes[1].0, 2));
    gate.leave(&first, 0).await;
    let third = gate.call(0, &scopes);
    gate.admit(&third).await.unwrap();
    assert!(gate.admit(&gate.call(0, &scopes)).await.is_err());
    gate.leave(&second, 0).await;
    gate.leave(&third, 0).await;
    assert_eq!(gate.room(0, &scopes).await, 2);
}

/// Fifty calls at once and eight places: eight get in, and as many again later.
pub async fn concurrent_calls_never_pass_the_places(gate: &Gate) {
    let scopes = [(gate.account(), places(8))];
    for _ in 0..3 {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let admission = gate.call(0, &scopes);
                let limiter = Arc::clone(&gate.limiter);
                async move { limiter.admit(&admission).await.map(|_| admission).ok() }
            })
            .collect();
        let inside: Vec<_> = at_once(tasks).await.into_iter().flatten().collect();
        assert_eq!(inside.len(), 8);
        for admission in inside {
            gate.leave(&admission, 0).await;
        }
    }
}

/// A call counts with the tokens that it is expected to take.
pub async fn tokens_are_counted_as_expected(gate: &Gate) {
    let scopes = [(gate.key(), tokens(100))];
    gate.admit(&gate.call(60, &scopes)).await.unwrap();
    let refusal = gate.admit(&gate.call(41, &scopes)).await.unwrap_err();
    assert_eq!(
        refusal.limited,
        Limited::Window(Counted::Tokens, RateWindow::Minute)
    );
    assert_eq!(refusal.limit, 100);
    gate.admit(&gate.call(40, &scopes)).await.unwrap();
    assert!(gate.admit(&gate.call(1, &scopes)).await.is_err());
}

/// In the end it counts with those that it took, fewer or more.
pub async fn tokens_are_corrected_at_the_end(gate: &Gate) {
    let scopes = [(gate.account(), tokens(1_000)), (gate.key(), tokens(100))];
    let fewer = gate.call(80, &scopes);
    gate.admit(&fewer).await.unwrap();
    gate.leave(&fewer, 30).await;
    assert!(gate.admit(&gate.call(71, &scopes)).await.is_err());
    let more = gate.call(20, &scopes);
    gate.admit(&more).await.unwrap();
    gate.leave(&more, 65).await;
    assert!(gate.admit(&gate.call(6, &scopes)).await.is_err());
    gate.admit(&gate.call(5, &scopes)).await.unwrap();
    assert_eq!(gate.room(100, &scopes[..1]).await, 9, "900 are left there");
}

/// A second end of the same call takes nothing from other calls.
pub async fn leaving_twice_harms_nobody(gate: &Gate) {
    let limits = Limits {
        max_concurrency: Some(2),
        ..tokens(100)
    };
    let scopes = [(gate.key(), limits)];
    let first = gate.call(50, &scopes);
    let second = gate.call(50, &scopes);
    gate.admit(&first).await.unwrap();
    gate.admit(&second).await.unwrap();
    for _ in 0..3 {
        gate.leave(&first, 40).await;
    }
    // One place and ten tokens came back, and no more.
    assert!(gate.admit(&gate.call(11, &scopes)).await.is_err());
    gate.admit(&gate.call(10, &scopes)).await.unwrap();
    let refusal = gate.admit(&gate.call(0, &scopes)).await.unwrap_err();
    assert_eq!(refusal.limited, Limited::Concurrency);
}

/// It could never get in otherwise; while it is in, nobody else is.
pub async fn a_call_larger_than_its_window_waits_for_an_empty_one(gate: &Gate) {
    let crowded = [(gate.key(), tokens(100))];
    gate.admit(&gate.call(1, &crowded)).await.unwrap();
    assert!(gate.admit(&gate.call(101, &crowded)).await.is_err());
    let empty = [(gate.key(), tokens(100))];
    let large = gate.call(5_000, &empty);
    gate.admit(&large).await.unwrap();
    assert!(gate.admit(&gate.call(1, &empty)).await.is_err());
    gate.leave(&large, 90).await;
    gate.admit(&gate.call(10, &empty)).await.unwrap();
    assert!(gate.admit(&gate.call(1, &empty)).await.is_err());
}

/// Nobody is told to come back at once, or after more than the window.
pub async fn waiting_time_is_at_least_a_second(gate: &Gate) {
    for (limits, most) in [
        (calls(1), 61),
        (tokens(10), 61),
        (places(1), 3_660),
        (
            Limits {
                requests_per_day: Some(1),
                ..Limits::default()
            },
            86_400 + 1_440,
        ),
    ] {
        let scopes = [(gate.key(), limits)];
        gate.admit(&gate.call(10, &scopes)).await.unwrap();
        let refusal = gate.admit(&gate.call(10, &scopes)).await.unwrap_err();
        let wait = refusal.retry_after;
        assert!(wait >= Duration::from_secs(1), "{refusal:?}");
        assert!(wait <= Duration::from_secs(most), "{refusal:?}");
    }
}
