use core::time::Duration;
use std::sync::{Arc, Mutex};

use vuzo_application::people::{PeopleError, SignUp, random_password};
use vuzo_application::{Policy, TrialPolicy};
use vuzo_domain::account::{AccountStatus, Password, Role, WeakPassword};
use vuzo_domain::key::Origin;
use vuzo_domain::limit::Limits;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{
    Actor, Hasher, MockAccounts, MockHasher, Registration, Unavailable, WalletView,
};
use vuzo_domain::wallet::{GrantKind, SourceKind, TransferKind};

use crate::bench::{Bench, DAY, PASSWORD, PlainHasher, at, page, policy, sign_up, usd};

fn trial(credit: &str, days: Option<u32>) -> Policy {
    Policy {
        trial: Some(TrialPolicy {
            credit: usd(credit),
            days,
        }),
        default_limits: Limits {
            requests_per_minute: Some(7),
            ..Limits::default()
        },
        ..policy()
    }
}

async fn wallets(bench: &Bench, account: vuzo_domain::id::AccountId) -> Vec<WalletView> {
    bench.ports.wallets.list_wallets(account).await.unwrap()
}

#[tokio::test]
async fn signing_up_makes_all_that_one_needs() {
    let bench = Bench::with(trial("5", Some(14)), |_| {}).await;
    let made = bench.app.people.register(SignUp {
        full_name: Some(" Ada Lovelace ".to_owned()),
        company: Some("Analytical Engines".to_owned()),
        ..sign_up(" Ada@Example.ORG ")
    });
    let person = made.await.unwrap();
    assert_eq!(person.user.email.as_str(), "ada@example.org");
    assert_eq!(person.user.full_name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(person.user.company.as_deref(), Some("Analytical Engines"));
    assert_eq!(person.user.role, Role::Member);
    assert_eq!(person.user.account, person.account.id);
    assert_eq!(person.account.name, "Analytical Engines");
    assert_eq!(person.account.plan, "free");
    assert_eq!(person.account.status, AccountStatus::Active);
    assert_eq!(person.account.limits.requests_per_minute, Some(7));
    let found = bench.ports.accounts.find_account(person.account.id).await;
    assert_eq!(found.unwrap().as_ref(), Some(&person.account));

    let wallets = wallets(&bench, person.account.id).await;
    assert_eq!(wallets.len(), 1);
    assert_eq!(wallets[0].currency, Currency::USD);
    let until = Some(at("2026-03-24T12:00:00Z"));
    let sources: Vec<_> = wallets[0]
        .sources
        .iter()
        .map(|source| (source.kind, source.posted))
        .collect();
    assert!(sources.contains(&(SourceKind::Grant(GrantKind::Trial, until), usd("5"))));
    assert!(sources.contains(&(SourceKind::Paid, Units::ZERO)));

    let transfers = bench.app.billing.transactions(person.account.id, page());
    let transfers = transfers.await.unwrap().rows;
    assert_eq!(transfers.len(), 1);
    assert_eq!(transfers[0].kind, TransferKind::TrialGrant);
    let audit = bench.audit().await;
    assert_eq!((audit.len(), audit[0].actor), (1, Actor::System));
    assert_eq!(audit[0].action, "credit.grant");
    assert_eq!(
        audit[0].detail,
        r#"{"kind":"trial_grant","amount":"5.00","currency":"USD"}"#
    );
    let session = bench.app.access.session(&person.access_token).await;
    assert_eq!(session.unwrap().account.id, person.account.id);
}

#[tokio::test]
async fn a_trial_without_days_has_no_end_and_none_gives_nothing() {
    for (policy, expected) in [
        (trial("1", None), 1),
        (trial("0", Some(3)), 0),
        (trial("-1", None), 0),
        (policy(), 0),
    ] {
        let bench = Bench::with(policy, |_| {}).await;
        let person = bench.sign_up("ada@example.org").await;
        let wallets = wallets(&bench, person.account.id).await;
        let endless = SourceKind::Grant(GrantKind::Trial, None);
        let sources = wallets.iter().flat_map(|wallet| &wallet.sources);
        let grants = sources.filter(|source| source.kind == endless).count();
        assert_eq!(grants, expected);
        assert_eq!(bench.audit().await.len(), expected);
    }
}

#[tokio::test]
async fn an_account_is_named_after_company_or_person_or_address() {
    let bench = Bench::new().await;
    for (number, full_name, company, expected) in [
        (1, Some("Ada"), Some("Engines"), "Engines"),
        (2, Some("Ada"), Some("  "), "Ada"),
        (3, Some("Ada"), None, "Ada"),
        (4, Some(""), None, "ada4"),
    ] {
        let made = bench.app.people.register(SignUp {
            full_name: full_name.map(str::to_owned),
            company: company.map(str::to_owned),
            ..sign_up(&format!("ada{number}@example.org"))
        });
        assert_eq!(made.await.unwrap().account.name, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_before_it_costs_anything() {
    let mut hasher = MockHasher::new();
    hasher.expect_hash_password().never();
    let bench = Bench::with(policy(), |ports| ports.hasher = Arc::new(hasher)).await;
    let register = async |change: fn(&mut SignUp)| {
        let mut wanted = sign_up("ada@example.org");
        change(&mut wanted);
        bench.app.people.register(wanted).await.unwrap_err()
    };
    let error = register(|wanted| wanted.email = "ada".to_owned()).await;
    assert!(matches!(error, PeopleError::InvalidEmail(_)));
    let error = register(|wanted| wanted.password = "short".to_owned()).await;
    let PeopleError::WeakPassword(weakness) = error else {
        panic!("{error}");
    };
    assert_eq!(weakness, WeakPassword::TooShort);
    let error = register(|wanted| wanted.full_name = Some("ż".repeat(201))).await;
    assert!(matches!(error, PeopleError::TooLong { field: "full_name" }));
    assert_eq!(error.to_string(), "full_name has at most 200 characters");
    let error = register(|wanted| wanted.company = Some("a\0b".to_owned())).await;
    assert!(matches!(
        error,
        PeopleError::Unprintable { field: "company" }
    ));
}

#[tokio::test]
async fn a_known_address_is_taken_however_it_is_written() {
    let bench = Bench::new().await;
    bench.sign_up("ada@example.org").await;
    let again = bench.app.people.register(sign_up("ADA@example.org ")).await;
    assert!(matches!(again.unwrap_err(), PeopleError::EmailTaken));
}

#[tokio::test]
async fn only_the_digest_of_a_refresh_token_is_stored() {
    let stored: Arc<Mutex<Option<Registration>>> = Arc::default();
    let mut accounts = MockAccounts::new();
    let seen = Arc::clone(&stored);
    accounts
        .expect_register()
        .once()
        .returning(move |registration| {
            *seen.lock().unwrap() = Some(registration);
            Ok(())
        });
    let bench = Bench::with(policy(), |ports| ports.accounts = Arc::new(accounts)).await;
    let person = bench.sign_up("ada@example.org").await;
    let registration = stored.lock().unwrap().take().unwrap();
    let digest = PlainHasher::default().digest(person.refresh_token.as_bytes());
    assert_eq!(registration.session.refresh_hash, digest);
    assert_eq!(registration.session.id, person.session);
    assert_eq!(registration.session.expires_at, bench.now().after(7 * DAY));
    let prefix = format!("vz-rt_{}_", person.session.uuid().as_simple());
    let secret = person.refresh_token.strip_prefix(&prefix).unwrap();
    assert_eq!(secret.len(), 64);
    assert!(!format!("{registration:?}").contains(secret));
    assert!(!registration.password.0.contains(PASSWORD));
}

#[tokio::test]
async fn a_store_that_is_gone_is_not_the_newcomers_fault() {
    let mut hasher = MockHasher::new();
    hasher
        .expect_hash_password()
        .once()
        .returning(|_| Err(Unavailable::new("hashing a password", "full")));
    let bench = Bench::with(policy(), |ports| ports.hasher = Arc::new(hasher)).await;
    let error = bench.app.people.register(sign_up("a@b.c")).await;
    assert!(matches!(error.unwrap_err(), PeopleError::Unavailable(_)));
}

#[tokio::test]
async fn the_operators_tools_enroll_administrators() {
    let bench = Bench::new().await;
    let wanted = SignUp {
        password: random_password(bench.ports.ids.as_ref()),
        ..sign_up("admin@localhost.localdomain")
    };
    let people = &bench.app.people;
    let admin = people.enroll(wanted, Role::Admin).await.unwrap();
    let actor = bench.app.access.admin(&admin.access_token).await;
    assert_eq!(actor.unwrap(), Actor::User(admin.user.id));
    let member = bench.sign_up("ada@example.org").await;
    assert!(bench.app.access.admin(&member.access_token).await.is_err());
    assert!(member.caller().user() == Some(member.user.id));
}

#[tokio::test]
async fn random_passwords_are_strong_and_differ() {
    let bench = Bench::new().await;
    let ids = bench.ports.ids.as_ref();
    let (one, other) = (random_password(ids), random_password(ids));
    assert_ne!(one, other);
    assert!(Password::new(&one).is_ok());
}

#[tokio::test]
async fn secrets_do_not_show() {
    let bench = Bench::new().await;
    let wanted = sign_up("ada@example.org");
    assert!(!format!("{wanted:?}").contains(PASSWORD));
    let person = bench.sign_up("ada@example.org").await;
    let shown = format!("{person:?}");
    assert!(!shown.contains(&person.refresh_token));
    assert!(!shown.contains(&person.access_token));
    assert_eq!(person.expires_in, Duration::from_secs(1_800));
    let origin = Origin::default();
    let scope = vuzo_domain::key::Scope::Read;
    let caller = bench
        .app
        .access
        .caller(&person.access_token, &origin, scope);
    assert!(caller.await.is_ok());
}
