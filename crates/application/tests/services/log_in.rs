use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use vuzo_application::access::AccessError;
use vuzo_application::operator::AccountPatch;
use vuzo_application::people::{LoggedIn, PeopleError};
use vuzo_domain::account::AccountStatus;
use vuzo_domain::id::UserId;
use vuzo_domain::port::{Actor, MockHasher, Naming, TokenFault};

use crate::bench::{Bench, DAY, PASSWORD, policy};

const ADA: &str = "ada@example.org";

async fn set_status(bench: &Bench, person: &LoggedIn, status: AccountStatus) {
    let patch = AccountPatch {
        status: Some(status),
        ..AccountPatch::default()
    };
    let operator = &bench.app.operator;
    let changed = operator.change_account(Actor::AdminKey, person.account.id, patch);
    assert_eq!(changed.await.unwrap().status, status);
}

async fn session_error(bench: &Bench, person: &LoggedIn) -> AccessError {
    let session = bench.app.access.session(&person.access_token).await;
    session.unwrap_err()
}

#[tokio::test]
async fn the_right_password_opens_another_session() {
    let bench = Bench::new().await;
    let first = bench.sign_up(ADA).await;
    let second = bench.app.people.log_in(" Ada@Example.org", PASSWORD).await;
    let second = second.unwrap();
    assert_eq!(second.user, first.user);
    assert_eq!(second.account, first.account);
    assert_ne!(second.session, first.session);
    assert_ne!(second.refresh_token, first.refresh_token);
    for person in [&first, &second] {
        let session = bench.app.access.session(&person.access_token).await;
        assert_eq!(session.unwrap().user(), Some(first.user.id));
    }
}

#[tokio::test]
async fn it_is_not_said_which_half_was_wrong() {
    let bench = Bench::new().await;
    bench.sign_up(ADA).await;
    let before = bench.hasher.verified.load(Ordering::Relaxed);
    let mut told = Vec::new();
    for (email, password) in [
        (ADA, "another password"),
        ("nobody@example.org", PASSWORD),
        ("no address", PASSWORD),
        (ADA, ""),
    ] {
        let error = bench.app.people.log_in(email, password).await.unwrap_err();
        assert!(matches!(error, PeopleError::WrongCredentials), "{email}");
        told.push(error.to_string());
    }
    told.dedup();
    assert_eq!(told.len(), 1);
    let checked = bench.hasher.verified.load(Ordering::Relaxed) - before;
    assert_eq!(checked, 4, "each of them cost a look at a password");
}

#[tokio::test]
async fn an_unknown_address_is_checked_against_nobodys_password() {
    let mut hasher = MockHasher::new();
    hasher
        .expect_verify_password()
        .once()
        .withf(|candidate, hash| candidate == PASSWORD && hash.is_none())
        .returning(|_, _| Ok(false));
    let bench = Bench::with(policy(), |ports| ports.hasher = Arc::new(hasher)).await;
    let error = bench.app.people.log_in(ADA, PASSWORD).await;
    assert!(matches!(error.unwrap_err(), PeopleError::WrongCredentials));
}

#[tokio::test]
async fn a_suspended_account_may_be_looked_at_but_not_used() {
    let bench = Bench::new().await;
    let person = bench.sign_up(ADA).await;
    set_status(&bench, &person, AccountStatus::Suspended).await;
    let again = bench.app.people.log_in(ADA, PASSWORD).await.unwrap();
    assert_eq!(again.account.status, AccountStatus::Suspended);
    assert!(matches!(
        session_error(&bench, &again).await,
        AccessError::Suspended
    ));
    let seen = bench.app.access.person(&again.access_token).await;
    assert_eq!(seen.unwrap().user(), Some(person.user.id));
    assert!(bench.app.people.refresh(&again.refresh_token).await.is_ok());
}

#[tokio::test]
async fn a_closed_account_is_closed_to_those_who_know_the_password() {
    let bench = Bench::new().await;
    let person = bench.sign_up(ADA).await;
    set_status(&bench, &person, AccountStatus::Closed).await;
    let people = &bench.app.people;
    let right = people.log_in(ADA, PASSWORD).await.unwrap_err();
    assert!(matches!(right, PeopleError::Closed));
    let wrong = people.log_in(ADA, "another password").await.unwrap_err();
    assert!(matches!(wrong, PeopleError::WrongCredentials));
    let token = people.refresh(&person.refresh_token).await.unwrap_err();
    assert!(matches!(token, PeopleError::Closed));
}

#[tokio::test]
async fn an_access_token_ends_with_its_time() {
    let bench = Bench::new().await;
    let person = bench.sign_up(ADA).await;
    let lifetime = Duration::from_secs(30 * 60);
    assert_eq!(person.expires_in, lifetime);
    let over = bench.now().after(lifetime);
    bench.clock.set(over.before(Duration::from_secs(1)));
    let session = bench.app.access.session(&person.access_token).await;
    assert!(session.is_ok());
    bench.clock.set(over);
    assert!(matches!(
        session_error(&bench, &person).await,
        AccessError::Token(TokenFault::Expired)
    ));
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_the_next_pair() {
    let bench = Bench::new().await;
    let mut person = bench.sign_up(ADA).await;
    for _ in 0..3 {
        bench.clock.advance(6 * DAY);
        let next = bench.app.people.refresh(&person.refresh_token).await;
        let next = next.unwrap();
        assert_eq!(next.session, person.session);
        assert_eq!(next.user, person.user);
        assert_ne!(next.refresh_token, person.refresh_token);
        assert_ne!(next.access_token, person.access_token);
        assert!(bench.app.access.session(&next.access_token).await.is_ok());
        person = next;
    }
}

#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_session_at_once() {
    let bench = Bench::new().await;
    let first = bench.sign_up(ADA).await;
    let people = &bench.app.people;
    let second = people.refresh(&first.refresh_token).await.unwrap();
    // The session is known to be open here.
    assert!(bench.app.access.session(&second.access_token).await.is_ok());
    let stolen = people.refresh(&first.refresh_token).await.unwrap_err();
    assert!(matches!(stolen, PeopleError::Reused));
    assert!(matches!(
        session_error(&bench, &second).await,
        AccessError::SessionOver
    ));
    let honest = people.refresh(&second.refresh_token).await.unwrap_err();
    assert!(matches!(honest, PeopleError::NoSession));
}

#[tokio::test]
async fn what_is_not_a_good_refresh_token_finds_no_session() {
    let bench = Bench::new().await;
    let person = bench.sign_up(ADA).await;
    let good = &person.refresh_token;
    let (head, _secret) = good.rsplit_once('_').unwrap();
    let forged = format!("{head}_{}", "a".repeat(64));
    let elsewhere = good.replacen("vz-rt_0", "vz-rt_f", 1);
    assert_ne!(&elsewhere, good);
    for bad in ["", "vz-rt_", &person.access_token, &forged, &elsewhere] {
        let error = bench.app.people.refresh(bad).await.unwrap_err();
        assert!(matches!(error, PeopleError::NoSession), "{bad}");
    }
    bench.clock.advance(7 * DAY);
    let late = bench.app.people.refresh(good).await.unwrap_err();
    assert!(matches!(late, PeopleError::NoSession));
}

#[tokio::test]
async fn logging_out_ends_the_session_at_once_and_only_that_one() {
    let bench = Bench::new().await;
    let left = bench.sign_up(ADA).await;
    let people = &bench.app.people;
    let stays = people.log_in(ADA, PASSWORD).await.unwrap();
    assert!(bench.app.access.session(&left.access_token).await.is_ok());
    for _ in 0..2 {
        people.log_out(left.session).await.unwrap();
    }
    assert!(matches!(
        session_error(&bench, &left).await,
        AccessError::SessionOver
    ));
    let error = people.refresh(&left.refresh_token).await.unwrap_err();
    assert!(matches!(error, PeopleError::NoSession));
    assert!(bench.app.access.session(&stays.access_token).await.is_ok());
}

#[tokio::test]
async fn people_change_how_they_are_called() {
    let bench = Bench::new().await;
    let person = bench.sign_up(ADA).await;
    let people = &bench.app.people;
    let called = |text: &str| Naming {
        full_name: Some(Some(text.to_owned())),
        company: None,
    };
    let works_at = |text: &str| Naming {
        full_name: None,
        company: Some(Some(text.to_owned())),
    };
    let renamed = people.rename(
        person.user.id,
        Naming {
            company: works_at("Engines").company,
            ..called(" Ada ")
        },
    );
    let renamed = renamed.await.unwrap().unwrap();
    assert_eq!(renamed.full_name.as_deref(), Some("Ada"));
    assert_eq!(renamed.company.as_deref(), Some("Engines"));
    let half = people.rename(person.user.id, works_at("Looms")).await;
    let half = half.unwrap().unwrap();
    assert_eq!(half.full_name.as_deref(), Some("Ada"));
    assert_eq!(half.company.as_deref(), Some("Looms"));
    assert_eq!(people.me(person.user.id).await.unwrap(), Some(half));
    let gone = people
        .rename(
            person.user.id,
            Naming {
                full_name: None,
                company: Some(None),
            },
        )
        .await;
    let gone = gone.unwrap().unwrap();
    assert_eq!(
        (gone.full_name.as_deref(), gone.company),
        (Some("Ada"), None)
    );

    let long = "x".repeat(201);
    let error = people.rename(person.user.id, called(&long)).await;
    assert!(matches!(
        error,
        Err(PeopleError::TooLong { field: "full_name" })
    ));
    let error = people.rename(person.user.id, works_at("a\nb")).await;
    assert!(matches!(
        error,
        Err(PeopleError::Unprintable { field: "company" })
    ));
    let error = people.rename(person.user.id, called(" ")).await;
    assert!(matches!(
        error,
        Err(PeopleError::Blank { field: "full_name" })
    ));

    let nobody = UserId::from_uuid(bench.ports.ids.uuid());
    assert_eq!(people.me(nobody).await.unwrap(), None);
    assert_eq!(people.rename(nobody, called("X")).await.unwrap(), None);
}
