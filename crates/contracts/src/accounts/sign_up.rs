use core::time::Duration;
use std::sync::Arc;

use vuzo_domain::account::Email;
use vuzo_domain::id::{AccountId, LedgerAccountId, SessionId, TransferId, UserId};
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{CreditWallet, Grant, GrantTerms, Naming, Registration, RegistrationError};
use vuzo_domain::wallet::{GrantKind, SourceKind, TransferKind};

use crate::{World, at_once};

/// Person, account, wallet and session are there, as they were given.
pub async fn signing_up_makes_everything(world: &World) {
    let registration = world.registration();
    let accounts = &world.store.accounts;
    accounts.register(registration.clone()).await.unwrap();
    let user = registration.user;
    let found = accounts.find_user(user.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&user));
    let stored = accounts.find_user_by_email(&user.email).await.unwrap();
    let stored = stored.unwrap();
    assert_eq!(stored.user, user);
    assert_eq!(stored.password, registration.password);
    let account = accounts.find_account(user.account).await.unwrap();
    assert_eq!(account, Some(registration.account));
    assert!(
        accounts
            .session_is_open(registration.session.id)
            .await
            .unwrap()
    );
    let sources = world.sources(user.account).await;
    let sources: Vec<_> = sources.iter().map(|s| (s.id, s.kind, s.posted)).collect();
    assert_eq!(
        sources,
        [(registration.wallet, SourceKind::Paid, Units::ZERO)]
    );
    world.expect_proof().await;
}

fn with_trial(world: &World, amount: i64) -> Registration {
    let registration = world.registration();
    let at = registration.user.created_at;
    let terms = GrantTerms {
        kind: GrantKind::Trial,
        expires_at: Some(at.after(Duration::from_secs(86_400))),
    };
    let trial = CreditWallet {
        transfer: TransferId::from_uuid(world.uuid()),
        claim: None,
        account: registration.account.id,
        open_as: registration.wallet,
        currency: Currency::USD,
        amount: Units(amount),
        kind: TransferKind::TrialGrant,
        grant: Grant::Separate(LedgerAccountId::from_uuid(world.uuid()), terms),
        description: "Trial credit".to_owned(),
        at,
        audit: None,
    };
    Registration {
        trial: Some(trial),
        ..registration
    }
}

/// The trial credit lands in the same step, as a transfer like any other.
pub async fn a_trial_is_credited_with_the_account(world: &World) {
    let registration = with_trial(world, 5_000);
    let account = registration.account.id;
    let trial = registration.trial.clone().unwrap();
    world.store.accounts.register(registration).await.unwrap();
    let Grant::Separate(source, terms) = trial.grant else {
        unreachable!("a trial is a grant")
    };
    let kept = world.source(account, source).await;
    assert_eq!(kept.kind, SourceKind::Grant(terms.kind, terms.expires_at));
    assert_eq!(kept.posted, Units(5_000));
    let transfers = world.transfers(account).await;
    assert_eq!(transfers.len(), 1);
    assert_eq!(transfers[0].id, trial.transfer);
    assert_eq!(transfers[0].kind, TransferKind::TrialGrant);
    assert_eq!(transfers[0].credit, source);
    assert_eq!(transfers[0].balance_after, Some(Units(5_000)));
    world.expect_proof().await;
}

/// A known address is refused, however it was typed.
pub async fn an_address_is_taken_once(world: &World) {
    let first = world.sign_up().await;
    let mut second = world.registration();
    second.user.email = Email::new(&first.user.email.as_str().to_uppercase()).unwrap();
    let refused = world.store.accounts.register(second).await.unwrap_err();
    assert!(
        matches!(refused, RegistrationError::EmailTaken),
        "{refused:?}"
    );
    let found = world.store.accounts.find_user_by_email(&first.user.email);
    assert_eq!(found.await.unwrap().unwrap().user, first.user);
}

/// Ten people with one address at once: one is in.
pub async fn concurrent_registrations_take_an_address_once(world: &World) {
    let email = Email::new("everybody@example.org").unwrap();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let mut registration = with_trial(world, 100);
            registration.user.email = email.clone();
            let accounts = Arc::clone(&world.store.accounts);
            async move { accounts.register(registration).await }
        })
        .collect();
    let answers = at_once(tasks).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert!(
            matches!(refused, RegistrationError::EmailTaken),
            "{refused:?}"
        );
    }
    world.expect_proof().await;
}

/// All or nothing: no account, wallet, credit or session of somebody who was refused.
pub async fn a_refused_registration_leaves_nothing(world: &World) {
    let first = world.sign_up().await;
    let mut second = with_trial(world, 100);
    second.user.email = first.user.email.clone();
    let accounts = &world.store.accounts;
    assert!(accounts.register(second.clone()).await.is_err());
    let account = second.account.id;
    assert_eq!(accounts.find_account(account).await.unwrap(), None);
    assert_eq!(accounts.find_user(second.user.id).await.unwrap(), None);
    assert!(!accounts.session_is_open(second.session.id).await.unwrap());
    assert_eq!(world.sources(account).await, []);
    assert_eq!(world.transfers(account).await, []);
    world.expect_proof().await;
}

/// A name that is given takes the old one's place; one may be taken away.
pub async fn people_change_their_names(world: &World) {
    let customer = world.sign_up().await;
    let accounts = &world.store.accounts;
    let name = Some("Ada King".to_owned());
    let company = Some("Analytical Engines".to_owned());
    let user = customer.user.id;
    let naming = Naming {
        full_name: Some(name.clone()),
        company: Some(company.clone()),
    };
    let changed = accounts.update_user(user, naming);
    let changed = changed.await.unwrap().unwrap();
    assert_eq!((&changed.full_name, &changed.company), (&name, &company));
    assert_eq!(changed.email, customer.user.email);
    let found = accounts.find_user(user).await.unwrap();
    assert_eq!(found, Some(changed));
    let naming = Naming {
        full_name: None,
        company: Some(None),
    };
    let changed = accounts.update_user(user, naming).await;
    let changed = changed.unwrap().unwrap();
    assert_eq!((&changed.full_name, &changed.company), (&name, &None));
    let found = accounts.find_user(user).await.unwrap();
    assert_eq!(found, Some(changed));
}

/// "Not found" is an answer, not a fault.
pub async fn who_is_not_there_is_not_found(world: &World) {
    world.sign_up().await;
    let accounts = &world.store.accounts;
    let nobody = Email::new("nobody@example.org").unwrap();
    assert!(
        accounts
            .find_user_by_email(&nobody)
            .await
            .unwrap()
            .is_none()
    );
    let user = UserId::from_uuid(world.uuid());
    assert_eq!(accounts.find_user(user).await.unwrap(), None);
    let changed = accounts.update_user(user, Naming::default()).await;
    assert_eq!(changed.unwrap(), None);
    let account = AccountId::from_uuid(world.uuid());
    assert_eq!(accounts.find_account(account).await.unwrap(), None);
    let session = SessionId::from_uuid(world.uuid());
    assert!(!accounts.session_is_open(session).await.unwrap());
    accounts.end_session(session, world.now()).await.unwrap();
}
