//! What [`vuzo_domain::port::LedgerAudit`] promises of sound books. That it finds
//! what is wrong, each adapter shows by itself: no port can break the books.

use vuzo_domain::port::LedgerReport;
use vuzo_domain::wallet::GrantKind;

use crate::World;

/// Every law of `LedgerAudit`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! ledger_audit_laws {
    ($setup:path) => {
        $crate::__instantiate!(ledger_audit, $setup, $crate::World, [
            empty_books_are_sound
            a_report_counts_what_it_has_seen
        ]);
    };
}

async fn report(world: &World) -> LedgerReport {
    let audited = world.store.ledger_audit.audit_ledger(world.now()).await;
    audited.unwrap()
}

/// Where nothing was booked there is nothing to find.
pub async fn empty_books_are_sound(world: &World) {
    let report = report(world).await;
    assert_eq!(report.findings, []);
    let counts = (report.transfers, report.open_holds, report.calls);
    assert_eq!(counts, (0, 0, 0));
}

/// Sources, transfers, holds and calls are counted, so that an audit that looked at
/// nothing cannot pass for a proof.
pub async fn a_report_counts_what_it_has_seen(world: &World) {
    let customer = world.customer_with(1_000).await;
    let (_, grant) = world.grant(&customer, 100, GrantKind::Promo, None);
    world.store.wallets.credit(grant).await.unwrap();
    world.call(&customer, 130).await;
    world.call(&customer, 0).await;
    world.place(&world.hold(&customer, 10)).await;
    let report = report(world).await;
    assert_eq!(report.findings, []);
    assert!(report.accounts >= 2, "{report:?}");
    assert_eq!(
        report.transfers, 4,
        "two credits, a charge over two sources"
    );
    assert_eq!((report.open_holds, report.overdue_holds), (1, 0));
    assert_eq!(report.calls, 2);
}
