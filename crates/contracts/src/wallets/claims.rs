use core::time::Duration;

use bytes::Bytes;
use vuzo_domain::id::GenerationId;
use vuzo_domain::money::Units;
use vuzo_domain::port::{Answer, Claim, ClaimKey, PlaceHold, PlaceHoldError, Settle};
use vuzo_domain::wallet::Hold;

use super::hold::{LONGER_THAN_A_HOLD, place_at_once};
use crate::{Customer, World, sample};

const ROUTE: &str = "/v1/chat/completions";
const DAY: Duration = Duration::from_secs(86_400);

fn claim(world: &World, customer: &Customer, token: &str) -> Claim {
    Claim {
        key: ClaimKey {
            account: customer.account,
            key: None,
            route: ROUTE,
            token: token.to_owned(),
        },
        body: [7; 32],
        expires_at: world.now().after(DAY),
    }
}

fn claimed(world: &World, customer: &Customer, claim: &Claim) -> PlaceHold {
    PlaceHold {
        claim: Some(claim.clone()),
        ..world.hold(customer, 10)
    }
}

fn answer(call: GenerationId, claim: &Claim) -> Answer {
    Answer {
        call,
        request: claim.body,
        content_type: "application/json".to_owned(),
        body: Bytes::from_static(b"{\"answer\": 42, \"bytes\": \"\xc3\xa9\"}"),
    }
}

fn settlement(world: &World, hold: &Hold, claim: &Claim, keeps_answer: bool) -> Settle {
    let kept = keeps_answer.then(|| answer(hold.id.generation(), claim));
    Settle {
        claim: Some((claim.key.clone(), kept)),
        ..world.settlement(hold, 4)
    }
}

/// Sends the claim with a fresh call; how it is refused, if it is.
async fn refusal(world: &World, customer: &Customer, claim: &Claim) -> Option<PlaceHoldError> {
    let command = claimed(world, customer, claim);
    world.store.wallets.place_hold(command).await.err()
}

/// While the call runs, nobody else gets in under its key.
pub async fn a_claim_is_running_until_it_is_settled(world: &World) {
    let customer = world.customer_with(100).await;
    let claim = claim(world, &customer, "one");
    let wallets = &world.store.wallets;
    assert!(
        wallets
            .find_answer(&claim, world.now())
            .await
            .unwrap()
            .is_none(),
        "nobody has claimed it"
    );
    world.place(&claimed(world, &customer, &claim)).await;
    let refused = refusal(world, &customer, &claim).await.unwrap();
    assert!(
        matches!(refused, PlaceHoldError::ClaimRunning),
        "{refused:?}"
    );
    let refused = wallets.find_answer(&claim, world.now()).await.unwrap_err();
    assert!(
        matches!(refused, PlaceHoldError::ClaimRunning),
        "{refused:?}"
    );
    world.expect_figures(&customer, 100, 10).await;
}

/// The same key with another request is a mistake, running or answered.
pub async fn a_claim_with_another_body_is_a_mismatch(world: &World) {
    let customer = world.customer_with(100).await;
    let claim = claim(world, &customer, "one");
    let other = Claim {
        body: [8; 32],
        ..claim.clone()
    };
    let wallets = &world.store.wallets;
    let hold = world.place(&claimed(world, &customer, &claim)).await;
    for is_settled in [false, true] {
        if is_settled {
            let settle = settlement(world, &hold, &claim, true);
            wallets.settle(settle).await.unwrap();
        }
        let refused = refusal(world, &customer, &other).await.unwrap();
        assert!(
            matches!(refused, PlaceHoldError::ClaimMismatch),
            "{refused:?}"
        );
        let refused = wallets.find_answer(&other, world.now()).await.unwrap_err();
        assert!(
            matches!(refused, PlaceHoldError::ClaimMismatch),
            "{refused:?}"
        );
    }
    world.expect_figures(&customer, 96, 0).await;
}

/// The answer comes back to the last byte, and costs nothing.
pub async fn an_answered_claim_is_replayed(world: &World) {
    let customer = world.customer_with(100).await;
    let claim = claim(world, &customer, "one");
    let wallets = &world.store.wallets;
    let hold = world.place(&claimed(world, &customer, &claim)).await;
    let settle = settlement(world, &hold, &claim, true);
    for _ in 0..2 {
        wallets.settle(settle.clone()).await.unwrap();
    }
    let expected = answer(hold.id.generation(), &claim);
    match refusal(world, &customer, &claim).await {
        Some(PlaceHoldError::ClaimAnswered(kept)) => assert_eq!(*kept, expected),
        other => unreachable!("expected the answer, not {other:?}"),
    }
    let found = wallets.find_answer(&claim, world.now()).await.unwrap();
    assert_eq!(found, Some(expected));
    world.expect_figures(&customer, 96, 0).await;
}

/// Without an answer to keep, the customer may try again.
pub async fn a_claim_without_an_answer_is_given_back(world: &World) {
    let customer = world.customer_with(100).await;
    let claim = claim(world, &customer, "one");
    let hold = world.place(&claimed(world, &customer, &claim)).await;
    let settle = settlement(world, &hold, &claim, false);
    world.store.wallets.settle(settle.clone()).await.unwrap();
    let found = world.store.wallets.find_answer(&claim, world.now()).await;
    assert!(found.unwrap().is_none());
    world.place(&claimed(world, &customer, &claim)).await;
    // The first settlement, sent again, does not take the key from the second call.
    world.store.wallets.settle(settle).await.unwrap();
    let refused = refusal(world, &customer, &claim).await.unwrap();
    assert!(
        matches!(refused, PlaceHoldError::ClaimRunning),
        "{refused:?}"
    );
    world.expect_figures(&customer, 96, 10).await;
}

/// After its time a claim is as good as gone, answered or running.
pub async fn a_claim_whose_time_is_over_does_not_count(world: &World) {
    let customer = world.customer_with(100).await;
    let wallets = &world.store.wallets;
    let answered = claim(world, &customer, "answered");
    let hold = world.place(&claimed(world, &customer, &answered)).await;
    wallets
        .settle(settlement(world, &hold, &answered, true))
        .await
        .unwrap();
    let running = claim(world, &customer, "running");
    world.place(&claimed(world, &customer, &running)).await;
    world.pass(DAY + Duration::from_secs(60));
    for old in [answered, running] {
        let found = wallets.find_answer(&old, world.now()).await;
        assert!(found.unwrap().is_none());
        let fresh = Claim {
            expires_at: world.now().after(DAY),
            body: [9; 32],
            ..old
        };
        assert!(refusal(world, &customer, &fresh).await.is_none());
        let refused = refusal(world, &customer, &fresh).await.unwrap();
        assert!(
            matches!(refused, PlaceHoldError::ClaimRunning),
            "{refused:?}"
        );
    }
    world.expect_figures(&customer, 96, 30).await;
}

/// Fifty calls under one key at once: one is let in.
pub async fn concurrent_claims_place_one_hold(world: &World) {
    let customer = world.customer_with(1_000).await;
    let claim = claim(world, &customer, "one");
    let commands: Vec<_> = (0..50).map(|_| claimed(world, &customer, &claim)).collect();
    let answers = place_at_once(world, commands).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert!(
            matches!(refused, PlaceHoldError::ClaimRunning),
            "{refused:?}"
        );
    }
    world.expect_figures(&customer, 1_000, 10).await;
}

/// Another account, another API key, another route or another text: other claims.
pub async fn claims_of_others_are_apart(world: &World) {
    let customer = world.customer_with(100).await;
    let other = world.customer_with(100).await;
    let key = world.key(&customer).await;
    let base = claim(world, &customer, "one");
    assert!(refusal(world, &customer, &base).await.is_none());
    let mut with_key = base.clone();
    with_key.key.key = Some(key.id);
    let mut with_route = base.clone();
    with_route.key.route = "/v1/embeddings";
    let with_token = claim(world, &customer, "ONE");
    for apart in [with_key, with_route, with_token] {
        assert!(refusal(world, &customer, &apart).await.is_none());
        assert!(refusal(world, &customer, &apart).await.is_some());
    }
    let elsewhere = claim(world, &other, "one");
    assert!(refusal(world, &other, &elsewhere).await.is_none());
    world.expect_figures(&customer, 100, 40).await;
    world.expect_figures(&other, 100, 10).await;
}

/// A call that could not pay does not keep its key.
pub async fn a_refused_hold_leaves_no_claim(world: &World) {
    let customer = world.customer_with(5).await;
    let claim = claim(world, &customer, "one");
    let refused = refusal(world, &customer, &claim).await.unwrap();
    assert!(
        matches!(
            refused,
            PlaceHoldError::Insufficient {
                available: Units(5)
            }
        ),
        "{refused:?}"
    );
    let found = world.store.wallets.find_answer(&claim, world.now()).await;
    assert!(found.unwrap().is_none());
    let topup = world.topup(&customer, 5);
    world.store.wallets.credit(topup).await.unwrap();
    assert!(refusal(world, &customer, &claim).await.is_none());
    world.expect_figures(&customer, 10, 10).await;
}

/// A replay does not need money.
pub async fn a_claim_is_decided_before_the_money(world: &World) {
    let customer = world.customer_with(10).await;
    let claim = claim(world, &customer, "one");
    let hold = world.place(&claimed(world, &customer, &claim)).await;
    let refused = refusal(world, &customer, &claim).await.unwrap();
    assert!(
        matches!(refused, PlaceHoldError::ClaimRunning),
        "{refused:?}"
    );
    let settle = settlement(world, &hold, &claim, true);
    world.store.wallets.settle(settle).await.unwrap();
    let replayed = refusal(world, &customer, &claim).await.unwrap();
    assert!(
        matches!(replayed, PlaceHoldError::ClaimAnswered(_)),
        "{replayed:?}"
    );
    world.expect_figures(&customer, 6, 0).await;
}

/// The reaper gives the key back with the money.
pub async fn an_expired_hold_gives_its_claim_back(world: &World) {
    let customer = world.customer_with(100).await;
    let claim = claim(world, &customer, "one");
    world.place(&claimed(world, &customer, &claim)).await;
    world.pass(LONGER_THAN_A_HOLD);
    let expired = world.store.wallets.expire_holds(world.now(), 10).await;
    assert_eq!(expired.unwrap().len(), 1);
    let found = world.store.wallets.find_answer(&claim, world.now()).await;
    assert!(found.unwrap().is_none());
    assert!(refusal(world, &customer, &claim).await.is_none());
    world.expect_figures(&customer, 100, 10).await;
}

/// A call that lost its key to another does not settle the other's claim.
pub async fn a_late_settlement_leaves_the_claim_of_another_alone(world: &World) {
    let customer = world.customer_with(100).await;
    let claim = claim(world, &customer, "one");
    let wallets = &world.store.wallets;
    let first = world.place(&claimed(world, &customer, &claim)).await;
    world.pass(LONGER_THAN_A_HOLD);
    wallets.expire_holds(world.now(), 10).await.unwrap();
    let second = world.place(&claimed(world, &customer, &claim)).await;
    let late = settlement(world, &first, &claim, true);
    wallets.settle(late).await.unwrap();
    let refused = refusal(world, &customer, &claim).await.unwrap();
    assert!(
        matches!(refused, PlaceHoldError::ClaimRunning),
        "{refused:?}"
    );
    let settle = settlement(world, &second, &claim, true);
    wallets.settle(settle).await.unwrap();
    let found = wallets.find_answer(&claim, world.now()).await.unwrap();
    assert_eq!(found.map(|kept| kept.call), Some(second.id.generation()));
    world.expect_figures(&customer, 92, 0).await;
}

/// Sending a hold again is not a second request under its own key.
pub async fn a_retried_claim_is_not_its_own_rival(world: &World) {
    let customer = world.customer_with(100).await;
    let claim = Claim {
        body: sample::digest(world.uuid()),
        ..claim(world, &customer, "one")
    };
    let command = claimed(world, &customer, &claim);
    let hold = world.place(&command).await;
    assert_eq!(world.place(&command).await, hold);
    let settle = settlement(world, &hold, &claim, true);
    world.store.wallets.settle(settle).await.unwrap();
    assert!(!world.place(&command).await.is_open());
    world.expect_figures(&customer, 96, 0).await;
}
