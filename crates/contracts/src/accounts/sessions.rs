use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::account::Session;
use vuzo_domain::id::SessionId;
use vuzo_domain::port::{RotateRefresh, RotationError};

use crate::{Customer, World, at_once, sample};

const MONTH: Duration = Duration::from_secs(30 * 86_400);

/// Exchanges a token for a fresh one.
fn exchange(world: &World, session: SessionId, presented: [u8; 32]) -> RotateRefresh {
    let at = world.now();
    RotateRefresh {
        session,
        presented,
        next: sample::digest(world.uuid()),
        next_expires_at: at.after(MONTH),
        at,
    }
}

async fn rotate(world: &World, command: &RotateRefresh) -> Result<(), RotationError> {
    let rotated = world.store.accounts.rotate_refresh(command.clone()).await;
    rotated.map(|_| ())
}

async fn is_open(world: &World, session: SessionId) -> bool {
    world.store.accounts.session_is_open(session).await.unwrap()
}

async fn open_another(world: &World, customer: &Customer) -> Session {
    let session = Session {
        id: SessionId::from_uuid(world.uuid()),
        refresh_hash: sample::digest(world.uuid()),
        ..customer.session.clone()
    };
    let opened = world.store.accounts.open_session(session.clone()).await;
    opened.unwrap();
    session
}

/// Each token is good for one exchange, which answers whose it was.
pub async fn a_refresh_token_is_exchanged_once(world: &World) {
    let customer = world.sign_up().await;
    let session = &customer.session;
    let first = exchange(world, session.id, session.refresh_hash);
    let rotated = world.store.accounts.rotate_refresh(first.clone()).await;
    assert_eq!(rotated.unwrap(), customer.user);
    let second = exchange(world, session.id, first.next);
    rotate(world, &second).await.unwrap();
    let third = exchange(world, session.id, second.next);
    rotate(world, &third).await.unwrap();
    assert!(is_open(world, session.id).await);
}

/// Somebody holds a copy: the session is over for both.
pub async fn a_reused_token_ends_the_session(world: &World) {
    for exchanges_before in [1, 3] {
        let customer = world.sign_up().await;
        let session = &customer.session;
        let mut newest = session.refresh_hash;
        for _ in 0..exchanges_before {
            let command = exchange(world, session.id, newest);
            rotate(world, &command).await.unwrap();
            newest = command.next;
        }
        let reuse = exchange(world, session.id, session.refresh_hash);
        let refused = rotate(world, &reuse).await.unwrap_err();
        assert!(matches!(refused, RotationError::Reused), "{refused:?}");
        assert!(!is_open(world, session.id).await);
        let honest = exchange(world, session.id, newest);
        let refused = rotate(world, &honest).await.unwrap_err();
        assert!(matches!(refused, RotationError::NoSession), "{refused:?}");
    }
}

/// A token that never was one proves nothing, and ends nothing.
pub async fn an_unknown_token_is_refused(world: &World) {
    let customer = world.sign_up().await;
    let session = &customer.session;
    let guessed = exchange(world, session.id, sample::digest(world.uuid()));
    let nowhere = SessionId::from_uuid(world.uuid());
    let elsewhere = exchange(world, nowhere, session.refresh_hash);
    for command in [guessed, elsewhere] {
        let refused = rotate(world, &command).await.unwrap_err();
        assert!(matches!(refused, RotationError::NoSession), "{refused:?}");
    }
    assert!(is_open(world, session.id).await);
    let good = exchange(world, session.id, session.refresh_hash);
    rotate(world, &good).await.unwrap();
}

/// Tokens have an end, and an exchange moves it.
pub async fn a_token_out_of_time_is_refused(world: &World) {
    let customer = world.sign_up().await;
    let session = &customer.session;
    world.pass(Duration::from_secs(30 * 86_400 - 60));
    let in_time = exchange(world, session.id, session.refresh_hash);
    rotate(world, &in_time).await.unwrap();
    world.pass(Duration::from_secs(120));
    let moved = exchange(world, session.id, in_time.next);
    rotate(world, &moved).await.unwrap();
    world.pass(MONTH);
    let late = exchange(world, session.id, moved.next);
    let refused = rotate(world, &late).await.unwrap_err();
    assert!(matches!(refused, RotationError::NoSession), "{refused:?}");
}

/// Logging out is for good, and doing it twice is fine.
pub async fn an_ended_session_stays_ended(world: &World) {
    let customer = world.sign_up().await;
    let session = &customer.session;
    for _ in 0..2 {
        let ended = world
            .store
            .accounts
            .end_session(session.id, world.now())
            .await;
        ended.unwrap();
        assert!(!is_open(world, session.id).await);
    }
    let command = exchange(world, session.id, session.refresh_hash);
    let refused = rotate(world, &command).await.unwrap_err();
    assert!(matches!(refused, RotationError::NoSession), "{refused:?}");
}

/// One token in ten hands at once: one exchange, and then the session is over.
pub async fn concurrent_exchanges_of_one_token_succeed_once(world: &World) {
    let customer = world.sign_up().await;
    let session = &customer.session;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let command = exchange(world, session.id, session.refresh_hash);
            let accounts = Arc::clone(&world.store.accounts);
            async move { accounts.rotate_refresh(command).await.map(|_| ()) }
        })
        .collect();
    let answers = at_once(tasks).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(
        answers
            .iter()
            .any(|answer| matches!(answer, Err(RotationError::Reused))),
        "{answers:?}"
    );
    assert!(!is_open(world, session.id).await);
}

/// Several log-ins of one person do not touch each other.
pub async fn sessions_are_apart(world: &World) {
    let customer = world.sign_up().await;
    let first = &customer.session;
    let second = open_another(world, &customer).await;
    let mixed = exchange(world, second.id, first.refresh_hash);
    assert!(rotate(world, &mixed).await.is_err());
    let ended = world.store.accounts.end_session(first.id, world.now());
    ended.await.unwrap();
    assert!(is_open(world, second.id).await);
    let good = exchange(world, second.id, second.refresh_hash);
    let rotated = world.store.accounts.rotate_refresh(good).await;
    assert_eq!(rotated.unwrap(), customer.user);
}
