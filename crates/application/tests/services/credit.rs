use core::time::Duration;
use std::sync::Arc;

use vuzo_application::operator::{CreditOrder, OperatorError};
use vuzo_application::people::LoggedIn;
use vuzo_application::{Policy, TrialPolicy};
use vuzo_contracts::at_once;
use vuzo_domain::id::AccountId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::Actor;
use vuzo_domain::wallet::{SourceKind, Transfer, TransferKind};

use crate::bench::{Bench, DAY, at, page, policy, usd};

/// What is wrong, and what makes it so.
type Row = (&'static str, fn(&mut CreditOrder));

const HOUR: Duration = Duration::from_secs(3_600);

fn order(person: &LoggedIn, amount: &str, key: Option<&str>) -> CreditOrder {
    CreditOrder {
        account: person.account.id,
        amount: usd(amount),
        currency: Currency::USD,
        reason: "Goodwill".to_owned(),
        idempotency_key: key.map(str::to_owned),
    }
}

async fn credit(bench: &Bench, order: CreditOrder) -> Result<Transfer, OperatorError> {
    bench.app.operator.credit(Actor::AdminKey, order).await
}

async fn transfers(bench: &Bench, person: &LoggedIn) -> Vec<Transfer> {
    let listed = bench.app.billing.transactions(person.account.id, page());
    listed.await.unwrap().rows
}

#[tokio::test]
async fn credit_is_given_and_taken_as_paid_money() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let given = credit(&bench, order(&person, "10", None)).await.unwrap();
    assert_eq!(given.kind, TransferKind::Adjustment);
    assert_eq!(given.signed_amount(), usd("10"));
    assert_eq!(given.description.as_deref(), Some("Goodwill"));
    assert_eq!(given.balance_after, Some(usd("10")));
    let taken = credit(&bench, order(&person, "-12.5", None)).await.unwrap();
    assert_eq!(taken.signed_amount(), usd("-12.5"));
    assert_eq!(taken.balance_after, Some(usd("-2.5")));
    let wallets = bench.ports.wallets.list_wallets(person.account.id).await;
    let sources = &wallets.unwrap()[0].sources;
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].kind, SourceKind::Paid);

    let audit = bench.audit().await;
    assert_eq!(audit.len(), 2);
    assert_eq!(audit[1].action, "credit.grant");
    assert_eq!(audit[1].actor, Actor::AdminKey);
    assert_eq!(audit[1].target, person.account.id.to_string());
    let detail = format!(
        r#"{{"transfer":"{}","kind":"adjustment","amount":"10.00","currency":"USD","reason":"Goodwill"}}"#,
        given.id
    );
    assert_eq!(audit[1].detail, detail);
    let report = bench.app.operator.check_ledger().await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn an_order_that_makes_no_sense_is_refused() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let bad: [Row; 8] = [
        ("amount", |order| order.amount = Units::ZERO),
        ("amount", |order| order.amount = Units::MAX),
        ("amount", |order| order.amount = Units(i64::MIN)),
        ("reason", |order| order.reason = " ".to_owned()),
        ("reason", |order| order.reason = "x".repeat(501)),
        ("reason", |order| order.reason = "a\0b".to_owned()),
        ("idempotency_key", |order| {
            order.idempotency_key = Some(String::new());
        }),
        ("idempotency_key", |order| {
            order.idempotency_key = Some("ü".to_owned());
        }),
    ];
    for (expected, change) in bad {
        let mut wanted = order(&person, "1", None);
        change(&mut wanted);
        let error = credit(&bench, wanted).await.unwrap_err();
        let is_named = matches!(error, OperatorError::Invalid { field, .. } if field == expected);
        assert!(is_named, "{expected}: {error}");
    }
    let stranger = CreditOrder {
        account: AccountId::from_uuid(bench.ports.ids.uuid()),
        ..order(&person, "1", None)
    };
    let error = credit(&bench, stranger).await.unwrap_err();
    assert!(matches!(error, OperatorError::NotFound { what: "account" }));
    assert_eq!(transfers(&bench, &person).await, []);
    assert_eq!(bench.audit().await, []);
}

#[tokio::test]
async fn the_same_order_under_a_key_is_carried_out_once() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    bench.clock.set(at("2026-05-01T09:59:59Z"));
    let first = credit(&bench, order(&person, "10", Some("k1"))).await;
    let first = first.unwrap();
    // Over the turn of an hour, and for the rest of the day.
    for pass in [Duration::ZERO, Duration::from_secs(1), HOUR, 22 * HOUR] {
        bench.clock.advance(pass);
        let again = credit(&bench, order(&person, "10", Some("k1"))).await;
        assert_eq!(again.unwrap(), first);
    }
    let other = credit(&bench, order(&person, "10", Some("k2"))).await;
    assert_ne!(other.unwrap().id, first.id);
    let plain = credit(&bench, order(&person, "10", None)).await;
    assert_ne!(plain.unwrap().id, first.id);
    assert_eq!(transfers(&bench, &person).await.len(), 3);
    assert_eq!(bench.audit().await.len(), 3);
    bench.clock.advance(2 * DAY);
    let forgotten = credit(&bench, order(&person, "10", Some("k1"))).await;
    assert_ne!(forgotten.unwrap().id, first.id);
}

#[tokio::test]
async fn an_earlier_hour_is_found_behind_other_transfers() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    bench.clock.set(at("2026-05-01T00:30:00Z"));
    let first = credit(&bench, order(&person, "10", Some("k1"))).await;
    let first = first.unwrap();
    for hour in 0..20 {
        bench.clock.advance(HOUR);
        let key = format!("other-{hour}");
        credit(&bench, order(&person, "1", None)).await.unwrap();
        let keyed = credit(&bench, order(&person, "1", Some(&key))).await;
        assert!(keyed.is_ok());
        let again = credit(&bench, order(&person, "10", Some("k1"))).await;
        assert_eq!(again.unwrap(), first);
    }
    assert_eq!(transfers(&bench, &person).await.len(), 41);
}

#[tokio::test]
async fn another_order_under_the_same_key_is_refused() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let first = order(&person, "10", Some("k1"));
    credit(&bench, first.clone()).await.unwrap();
    let changes: [fn(&mut CreditOrder); 4] = [
        |order| order.amount = usd("11"),
        |order| order.amount = usd("-10"),
        |order| order.currency = "EUR".parse().unwrap(),
        |order| order.reason = "Another reason".to_owned(),
    ];
    for pass in [Duration::ZERO, HOUR] {
        bench.clock.advance(pass);
        for change in changes {
            let mut other = first.clone();
            change(&mut other);
            let error = credit(&bench, other).await.unwrap_err();
            assert!(matches!(error, OperatorError::KeyMismatch));
        }
    }
    assert_eq!(transfers(&bench, &person).await.len(), 1);
}

#[tokio::test]
async fn one_key_counts_for_one_account() {
    let bench = Bench::new().await;
    let ada = bench.sign_up("ada@example.org").await;
    let eve = bench.sign_up("eve@example.org").await;
    let first = credit(&bench, order(&ada, "1", Some("k1"))).await.unwrap();
    let second = credit(&bench, order(&eve, "2", Some("k1"))).await.unwrap();
    assert_ne!(first.id, second.id);
    assert_eq!(second.account, Some(eve.account.id));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_under_one_key_are_one() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let tasks = (0..50).map(|_| {
        let app = Arc::clone(&bench.app);
        let order = order(&person, "10", Some("k1"));
        async move {
            app.operator
                .credit(Actor::AdminKey, order)
                .await
                .unwrap()
                .id
        }
    });
    let mut ids = at_once(tasks).await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(transfers(&bench, &person).await.len(), 1);
}

#[tokio::test]
async fn credits_under_a_key_are_listed_in_their_time() {
    let trial = Policy {
        trial: Some(TrialPolicy {
            credit: usd("5"),
            days: None,
        }),
        ..policy()
    };
    let bench = Bench::with(trial, |_| {}).await;
    bench.clock.set(at("2026-03-10T12:34:56Z"));
    let person = bench.sign_up("ada@example.org").await;
    let mut expected = vec![transfers(&bench, &person).await[0].id];
    let mut step = async |key: Option<&str>, pass: Duration| {
        bench.clock.advance(pass);
        let made = credit(&bench, order(&person, "1", key)).await.unwrap();
        expected.insert(0, made.id);
    };
    // Right after the account was opened, and then with an hour in between.
    step(Some("a"), Duration::from_millis(1)).await;
    step(None, Duration::from_millis(1)).await;
    step(Some("b"), HOUR).await;
    step(None, Duration::from_millis(1)).await;
    step(Some("c"), 30 * DAY).await;
    step(None, Duration::from_millis(1)).await;
    let listed = transfers(&bench, &person).await;
    let ids: Vec<_> = listed.iter().map(|row| row.id).collect();
    assert_eq!(ids, expected);
}
