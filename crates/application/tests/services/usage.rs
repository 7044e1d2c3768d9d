use vuzo_application::access::Reader;
use vuzo_application::usage::DailyError;
use vuzo_domain::money::Units;
use vuzo_domain::port::UsageFilter;
use vuzo_domain::time::Day;

use crate::bench::{Bench, page};

#[tokio::test]
async fn a_call_is_found_by_its_owner_and_the_operator_only() {
    let bench = Bench::new().await;
    let owner = bench.sign_up("ada@example.org").await;
    let thief = bench.sign_up("eve@example.org").await;
    let customer = bench.customer(&owner).await;
    let world = &bench.world;
    let command = world.topup(&customer, 500);
    bench.ports.wallets.credit(command).await.unwrap();
    let call = world.call(&customer, 20).await;
    let reader = |person: &vuzo_application::people::LoggedIn| Reader {
        own: Some(person.account.id),
        is_admin: false,
    };
    let usage = &bench.app.usage;
    let found = usage.find(&reader(&owner), call).await.unwrap();
    assert_eq!(
        found.map(|call| call.record.account),
        Some(owner.account.id)
    );
    assert_eq!(usage.find(&reader(&thief), call).await.unwrap(), None);
    let found = usage.find(&Reader::OPERATOR, call).await.unwrap();
    assert_eq!(found.map(|call| call.record.id), Some(call));

    let filter = UsageFilter::default;
    let listed = usage
        .list(owner.account.id, filter(), page())
        .await
        .unwrap();
    assert_eq!(listed.rows.len(), 1);
    let summary = usage.summary(owner.account.id, filter()).await.unwrap();
    assert_eq!((summary.requests, summary.cost), (1, Units(20)));
    let summary = usage.summary(thief.account.id, filter()).await.unwrap();
    assert_eq!(summary.requests, 0);
}

#[tokio::test]
async fn days_have_bounds() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let usage = &bench.app.usage;
    let first = bench.now().day();
    let later = |days: i64| Day::from_days(first.as_days() + days);
    let account = person.account.id;
    let year = usage.days(account, first, later(365)).await.unwrap();
    assert_eq!(year.len(), 366);
    assert_eq!(usage.days(account, first, first).await.unwrap().len(), 1);
    let more = usage.days(account, first, later(366)).await;
    assert!(matches!(more.unwrap_err(), DailyError::TooManyDays(366)));
    let back = usage.days(account, first, later(-1)).await;
    assert!(matches!(back.unwrap_err(), DailyError::Backwards));
    let (all, none) = (Day::from_days(i64::MAX), Day::from_days(i64::MIN));
    let wild = usage.days(account, none, all).await;
    assert!(matches!(wild.unwrap_err(), DailyError::TooManyDays(366)));

    let since = |day: Day, to: Option<Day>| UsageFilter {
        from: Some(day.start()),
        to: to.map(Day::start),
        ..UsageFilter::default()
    };
    let decade = usage.daily(account, since(later(-3_660), None), first);
    assert!(decade.await.unwrap().is_empty());
    for filter in [
        since(later(-3_661), None),
        since(first, Some(later(3_661))),
        UsageFilter::default(),
    ] {
        let more = usage.daily(account, filter, first).await;
        assert!(matches!(more.unwrap_err(), DailyError::TooManyDays(3_660)));
    }
}

#[tokio::test]
async fn days_are_whole_and_empty_days_are_there() {
    let bench = Bench::new().await;
    let person = bench.sign_up("ada@example.org").await;
    let customer = bench.customer(&person).await;
    let world = &bench.world;
    let command = world.topup(&customer, 500);
    bench.ports.wallets.credit(command).await.unwrap();
    let today = bench.now().day();
    for (model, cost) in [("small", 20), ("large", 30)] {
        let hold = world.place(&world.hold(&customer, cost)).await;
        let mut settle = world.settlement(&hold, cost);
        settle.record.model = model.to_owned();
        settle.record.created_at = today.start();
        bench.ports.wallets.settle(settle).await.unwrap();
    }
    let usage = &bench.app.usage;
    let before = Day::from_days(today.as_days() - 1);
    let days = usage.days(person.account.id, before, today.next()).await;
    let days: Vec<_> = days
        .unwrap()
        .iter()
        .map(|day| (day.day, day.requests, day.total_tokens, day.cost.0))
        .collect();
    assert_eq!(
        days,
        [
            (before, 0, 0, 0),
            (today, 2, 30, 50),
            (today.next(), 0, 0, 0)
        ]
    );
}
