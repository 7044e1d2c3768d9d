use super::*;
use crate::id::{AccountId, HoldId, LedgerAccountId};
use crate::money::{Currency, Units};
use crate::time::Timestamp;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_secs(1_000);

fn led(n: u128) -> LedgerAccountId {
    LedgerAccountId::from_uuid(Uuid::from_u128(n))
}

fn grant(n: u128, kind: GrantKind, until: Option<i64>, posted: i64) -> Source {
    let kind = SourceKind::Grant(kind, until.map(Timestamp::from_secs));
    Source {
        posted: Units(posted),
        ..Source::empty(led(n), kind)
    }
}

fn paid(n: u128, posted: i64, credit_line: i64) -> Source {
    Source {
        posted: Units(posted),
        credit_line: Units(credit_line),
        ..Source::empty(led(n), SourceKind::Paid)
    }
}

fn book(sources: Vec<Source>) -> Book {
    Book::new(
        AccountId::from_uuid(Uuid::from_u128(7)),
        Currency::USD,
        sources,
    )
}

fn hold_of(book: &Book, placement: Placement) -> Hold {
    Hold {
        id: HoldId::from_uuid(Uuid::from_u128(99)),
        account: book.account,
        key: None,
        currency: book.currency,
        parts: placement.parts,
        caps: vec![],
        state: HoldState::Open,
        placed_at: NOW,
        expires_at: NOW,
    }
}

fn charge(amount: i64) -> Charge {
    Charge {
        amount: Units(amount),
        provider_debts: vec![],
        description: "m".to_owned(),
        at: NOW,
    }
}

#[test]
fn expiring_grants_go_first_and_paid_money_last() {
    let mut book = book(vec![
        paid(1, 100, 0),
        grant(2, GrantKind::Plan, Some(1_500), 20),
        grant(3, GrantKind::Promo, None, 5),
        grant(4, GrantKind::Trial, Some(3_000), 10),
        grant(5, GrantKind::Promo, Some(2_000), 10),
        grant(6, GrantKind::Promo, Some(999), 1_000),
    ]);
    assert_eq!(book.available(NOW), Units(145));
    let placement = book.place(Units(50), Units(50), NOW).unwrap();
    let order: Vec<_> = placement
        .parts
        .iter()
        .map(|part| (part.source, part.amount.0))
        .collect();
    assert_eq!(
        order,
        [
            (led(5), 10),
            (led(4), 10),
            (led(2), 20),
            (led(3), 5),
            (led(1), 5)
        ]
    );
    let hold = hold_of(&book, placement);
    let posting = settle_hold(&mut book, hold, &charge(15)).unwrap();
    assert_eq!(posting.charged, Units(15));
    let drawn: Vec<_> = posting
        .transfers
        .iter()
        .map(|t| (t.debit, t.amount.0, t.balance_after.unwrap().0))
        .collect();
    assert_eq!(drawn, [(led(5), 10, 1135), (led(4), 5, 1130)]);
    assert_eq!(book.held(), Units::ZERO);
}

#[test]
fn a_hold_takes_what_is_there_but_not_less_than_the_least() {
    let mut poor = book(vec![paid(1, 40, 0)]);
    assert_eq!(
        poor.place(Units(100), Units(41), NOW),
        Err(Insufficient {
            available: Units(40)
        })
    );
    assert_eq!(poor.held(), Units::ZERO);
    assert_eq!(
        poor.place(Units(100), Units(40), NOW).unwrap().granted,
        Units(40)
    );
    assert_eq!(
        poor.place(Units(1), Units(0), NOW),
        Err(Insufficient {
            available: Units(0)
        })
    );
    assert_eq!(
        poor.place(Units(0), Units(0), NOW).unwrap().granted,
        Units(0)
    );
}

#[test]
fn the_credit_line_is_the_floor() {
    let mut book = book(vec![paid(1, 10, 30)]);
    let placement = book.place(Units(40), Units(40), NOW).unwrap();
    let hold = hold_of(&book, placement);
    assert!(book.place(Units(1), Units(1), NOW).is_err());
    settle_hold(&mut book, hold, &charge(40)).unwrap();
    assert_eq!(book.posted(), Units(-30));
    assert_eq!(book.available(NOW), Units(0));
}

#[test]
fn what_exceeds_the_hold_is_shortfall() {
    let mut book = book(vec![paid(1, 100, 0)]);
    let placement = book.place(Units(10), Units(10), NOW).unwrap();
    let hold = hold_of(&book, placement);
    let posting = settle_hold(&mut book, hold, &charge(25)).unwrap();
    assert_eq!((posting.charged, posting.shortfall), (Units(10), Units(15)));
    assert_eq!(
        posting.hold.state,
        HoldState::Ended {
            end: HoldEnd::Captured(Units(10)),
            at: NOW
        }
    );
    assert_eq!(posting.transfers.len(), 2);
    assert_eq!(book.posted(), Units(90));
}

#[test]
fn a_late_settlement_takes_what_is_left_and_never_more() {
    let mut book = book(vec![paid(1, 30, 0)]);
    let placement = book.place(Units(20), Units(20), NOW).unwrap();
    let hold = hold_of(&book, placement);
    book.release(&hold).unwrap();
    let expired = hold.ended(HoldEnd::Expired, NOW).unwrap();
    let posting = settle_hold(&mut book, expired, &charge(50)).unwrap();
    assert_eq!((posting.charged, posting.shortfall), (Units(30), Units(20)));
    assert_eq!(book.posted(), Units(0));
    assert_eq!(book.held(), Units(0));
}

#[test]
fn a_hold_ends_once() {
    let mut book = book(vec![paid(1, 30, 0)]);
    let placement = book.place(Units(20), Units(20), NOW).unwrap();
    let ended = hold_of(&book, placement)
        .ended(HoldEnd::Expired, NOW)
        .unwrap();
    assert_eq!(
        ended.clone().ended(HoldEnd::Expired, NOW),
        Err(LedgerFault::HoldEndedTwice(ended.id))
    );
    assert!(ended.extended(&[], NOW).is_err());
}

#[test]
fn an_expired_grant_keeps_what_open_holds_need() {
    let mut book = book(vec![grant(1, GrantKind::Trial, Some(1_001), 50)]);
    book.place(Units(20), Units(20), NOW).unwrap();
    let later = Timestamp::from_secs(1_001);
    assert_eq!(book.available(later), Units(0));
    assert_eq!(book.sources()[0].lapsed(later), Units(30));
    assert_eq!(book.sources()[0].lapsed(NOW), Units(0));
}

#[test]
fn transfer_ids_follow_from_the_call() {
    let call = HoldId::from_uuid(Uuid::from_u128(5)).generation();
    let ids: std::collections::HashSet<_> = (0..200)
        .map(|n| crate::id::TransferId::of_call(call, n))
        .collect();
    assert_eq!(ids.len(), 200);
    assert!(SystemAccount::Revenue.id(Currency::USD).is_system());
    assert!(!led(1).is_system());
}

#[test]
fn caps_count_what_is_spent_and_what_is_held() {
    let cap = Cap {
        window: CapWindow::Daily,
        limit: Units(100),
    };
    let counter = SpendCounter {
        spent: Units(50),
        held: Units(30),
    };
    assert_eq!(counter.remaining(cap), Units(20));
    assert_eq!(
        SpendCounter {
            spent: Units(150),
            held: Units(0)
        }
        .remaining(cap),
        Units::ZERO
    );
}
