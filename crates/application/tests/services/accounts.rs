use vuzo_application::operator::{AccountPatch, OperatorError};
use vuzo_domain::account::AccountStatus;
use vuzo_domain::id::AccountId;
use vuzo_domain::key::{Origin, Scope};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::{Actor, Change};
use vuzo_domain::wallet::{Cap, CapWindow};

use crate::bench::{Bench, draft, page, usd};

/// What is wrong, and what makes it so.
type Row = (&'static str, fn(&mut AccountPatch));

fn cap(window: CapWindow, units: i64) -> Cap {
    Cap {
        window,
        limit: Units(units),
    }
}

#[tokio::test]
async fn an_account_is_changed_with_an_audit_entry_and_everybody_is_told() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let key = bench.key(&person, draft()).await;
    let origin = Origin::default();
    let access = &bench.app.access;
    let opens = async || {
        let caller = access.caller(key.text.expose(), &origin, Scope::Read);
        caller.await.is_ok()
    };
    assert!(opens().await);
    bench.told.take();
    let patch = AccountPatch {
        status: Some(AccountStatus::Suspended),
        plan: Some("pro".to_owned()),
        limits: Some(Limits {
            requests_per_day: Some(9),
            ..Limits::default()
        }),
        caps: Some(vec![cap(CapWindow::Daily, 5), cap(CapWindow::Total, 6)]),
        credit_line: Some((Currency::USD, usd("2.5"))),
    };
    let operator = &bench.app.operator;
    let changed = operator.change_account(Actor::AdminKey, person.account.id, patch);
    let changed = changed.await.unwrap();
    assert_eq!(changed.status, AccountStatus::Suspended);
    assert_eq!(changed.plan, "pro");
    assert_eq!(changed.limits.requests_per_day, Some(9));
    assert_eq!(changed.caps.len(), 2);
    assert!(!opens().await, "its keys are shut at once");
    assert_eq!(bench.told.take(), [Change::Account(person.account.id)]);
    let entry = &bench.audit().await[0];
    assert_eq!(entry.actor, Actor::AdminKey);
    assert_eq!(entry.action, "account.update");
    assert_eq!(entry.target, person.account.id.to_string());
    assert_eq!(
        entry.detail,
        r#"{"status":"suspended","plan":"pro","limits":{"requests_per_day":9},"caps":[{"window":"daily","amount":"0.000000005","currency":"USD"},{"window":"total","amount":"0.000000006","currency":"USD"}],"credit_line":{"amount":"2.50","currency":"USD"}}"#
    );
    let (account, wallets) = operator.account(changed.id).await.unwrap().unwrap();
    assert_eq!(account, changed);
    assert_eq!(wallets[0].sources[0].credit_line, usd("2.5"));
}

#[tokio::test]
async fn a_change_that_makes_no_sense_is_refused() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let twice = vec![cap(CapWindow::Daily, 5), cap(CapWindow::Daily, 6)];
    let bad: [Row; 4] = [
        ("plan", |patch| patch.plan = Some(String::new())),
        ("plan", |patch| patch.plan = Some("a b".to_owned())),
        ("caps", |patch| {
            patch.caps = Some(vec![cap(CapWindow::Daily, -1)]);
        }),
        ("credit_line", |patch| {
            patch.credit_line = Some((Currency::USD, Units(-1)));
        }),
    ];
    let refused = async |patch: AccountPatch| {
        let operator = &bench.app.operator;
        let changed = operator.change_account(Actor::AdminKey, person.account.id, patch);
        let OperatorError::Invalid { field, .. } = changed.await.unwrap_err() else {
            panic!("it was not said what is wrong");
        };
        field
    };
    for (expected, change) in bad {
        let mut patch = AccountPatch::default();
        change(&mut patch);
        assert_eq!(refused(patch).await, expected);
    }
    let patch = AccountPatch {
        caps: Some(twice),
        ..AccountPatch::default()
    };
    assert_eq!(refused(patch).await, "caps");
    assert_eq!(bench.audit().await, []);
}

#[tokio::test]
async fn a_change_of_nothing_leaves_no_trace() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let operator = &bench.app.operator;
    let nothing = AccountPatch::default;
    let same = operator.change_account(Actor::AdminKey, person.account.id, nothing());
    assert_eq!(same.await.unwrap(), person.account);
    assert_eq!((bench.audit().await, bench.told.take()), (vec![], vec![]));
    let nobody = AccountId::from_uuid(bench.ports.ids.uuid());
    let active = AccountPatch {
        status: Some(AccountStatus::Active),
        ..nothing()
    };
    for patch in [nothing(), active] {
        let changed = operator
            .change_account(Actor::AdminKey, nobody, patch)
            .await;
        let error = changed.unwrap_err();
        assert!(matches!(error, OperatorError::NotFound { what: "account" }));
    }
    assert!(operator.account(nobody).await.unwrap().is_none());
    assert_eq!(bench.audit().await, []);
}

#[tokio::test]
async fn accounts_are_listed_and_found() {
    let bench = Bench::new().await;
    let ada = bench.sign_up("ada@example.org").await.account.id;
    let eve = bench.sign_up("eve@example.com").await.account.id;
    let find = async |query: Option<&str>| {
        let operator = &bench.app.operator;
        let listed = operator.accounts(query.map(str::to_owned), page()).await;
        let rows = listed.unwrap().rows;
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(find(None).await, [eve, ada]);
    assert_eq!(find(Some("  ")).await, [eve, ada]);
    assert_eq!(find(Some(" EXAMPLE.org ")).await, [ada]);
    assert_eq!(find(Some("nobody")).await, []);
}

#[tokio::test]
async fn the_books_can_be_proven() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let customer = bench.customer(&person).await;
    let command = bench.world.topup(&customer, 500);
    bench.ports.wallets.credit(command).await.unwrap();
    bench.world.call(&customer, 20).await;
    let report = bench.app.operator.check_ledger().await.unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.calls, 1);
}
