use vuzo_application::operator::{AccountPatch, CreditOrder};
use vuzo_domain::id::AccountId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::Actor;
use vuzo_domain::wallet::{GrantKind, TransferKind};

use crate::bench::{Bench, DAY, page, usd};

#[tokio::test]
async fn a_fresh_account_has_an_empty_wallet() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let balance = bench.app.billing.balance(person.account.id).await;
    let balance = balance.unwrap().unwrap();
    assert_eq!(balance.account, person.account);
    assert_eq!(balance.total_usd, Units::ZERO);
    assert_eq!(balance.wallets.len(), 1);
    assert_eq!(balance.wallets[0].currency, Currency::USD);
    assert_eq!(balance.wallets[0].available, Units::ZERO);
}

#[tokio::test]
async fn a_balance_says_what_is_posted_held_and_left() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let customer = bench.customer(&person).await;
    let world = &bench.world;
    for amount in [usd("10"), usd("-1")] {
        let command = world.topup(&customer, amount.0);
        bench.ports.wallets.credit(command).await.unwrap();
    }
    let until = Some(bench.now().after(DAY));
    let (_, grant) = world.grant(&customer, usd("4").0, GrantKind::Promo, until);
    bench.ports.wallets.credit(grant).await.unwrap();
    world.place(&world.hold(&customer, usd("5").0)).await;
    let patch = AccountPatch {
        credit_line: Some((Currency::USD, usd("3"))),
        ..AccountPatch::default()
    };
    let operator = &bench.app.operator;
    let changed = operator.change_account(Actor::AdminKey, person.account.id, patch);
    changed.await.unwrap();

    let billing = &bench.app.billing;
    let balance = billing.balance(person.account.id).await.unwrap().unwrap();
    let wallet = balance.wallets[0];
    assert_eq!(wallet.posted, usd("13"));
    assert_eq!(wallet.held, usd("5"));
    assert_eq!(wallet.credit_line, usd("3"));
    assert_eq!(wallet.available, usd("11"));
    assert_eq!(balance.total_usd, usd("11"));

    // The hold took all of the grant first; its time is over now.
    bench.clock.advance(2 * DAY);
    let balance = billing.balance(person.account.id).await.unwrap().unwrap();
    assert_eq!(balance.wallets[0].available, usd("11"));
    assert_eq!(balance.wallets[0].posted, usd("13"));
}

#[tokio::test]
async fn an_expired_grant_is_not_available() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let customer = bench.customer(&person).await;
    let until = Some(bench.now().after(DAY));
    let (_, grant) = bench.world.grant(&customer, 400, GrantKind::Promo, until);
    bench.ports.wallets.credit(grant).await.unwrap();
    let billing = &bench.app.billing;
    for (expected, pass) in [(400, DAY), (0, DAY)] {
        let balance = billing.balance(person.account.id).await.unwrap().unwrap();
        assert_eq!(balance.wallets[0].available, Units(expected));
        assert_eq!(balance.total_usd, Units(expected));
        bench.clock.advance(pass);
    }
}

#[tokio::test]
async fn other_currencies_are_wallets_of_their_own() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let euro: Currency = "EUR".parse().unwrap();
    let order = CreditOrder {
        account: person.account.id,
        amount: Units(7),
        currency: euro,
        reason: "Welcome".to_owned(),
        idempotency_key: None,
    };
    let credited = bench.app.operator.credit(Actor::AdminKey, order).await;
    credited.unwrap();
    let balance = bench.app.billing.balance(person.account.id).await;
    let balance = balance.unwrap().unwrap();
    let wallets: Vec<_> = balance
        .wallets
        .iter()
        .map(|wallet| (wallet.currency, wallet.available))
        .collect();
    assert_eq!(wallets, [(euro, Units(7)), (Currency::USD, Units::ZERO)]);
    assert_eq!(balance.total_usd, Units::ZERO);
}

#[tokio::test]
async fn transactions_are_the_accounts_own_and_newest_first() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let other = bench.sign_up("eve@example.org").await;
    let customer = bench.customer(&person).await;
    let world = &bench.world;
    let command = world.topup(&customer, 500);
    bench.ports.wallets.credit(command).await.unwrap();
    world.call(&customer, 20).await;
    let billing = &bench.app.billing;
    let listed = billing
        .transactions(person.account.id, page())
        .await
        .unwrap();
    let rows: Vec<_> = listed
        .rows
        .iter()
        .map(|row| (row.kind, row.signed_amount(), row.balance_after))
        .collect();
    assert_eq!(
        rows,
        [
            (TransferKind::Usage, Units(-20), Some(Units(480))),
            (TransferKind::Topup, Units(500), Some(Units(500))),
        ]
    );
    let theirs = billing
        .transactions(other.account.id, page())
        .await
        .unwrap();
    assert_eq!(theirs.rows, []);
    let nobody = AccountId::from_uuid(bench.ports.ids.uuid());
    assert_eq!(billing.balance(nobody).await.unwrap(), None);
}
