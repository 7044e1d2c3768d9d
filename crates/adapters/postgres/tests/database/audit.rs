use diesel_async::SimpleAsyncConnection;

use super::world;
use crate::common::Database;

/// What guards the tables, taken away.
const DISARM: &str = "DO $$ DECLARE guard record; BEGIN \
     FOR guard IN SELECT conrelid::regclass AS place, conname FROM pg_constraint \
         WHERE contype = 'c' AND connamespace = 'public'::regnamespace LOOP \
         EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', guard.place, guard.conname); \
     END LOOP; END $$; \
     ALTER TABLE transfers DISABLE TRIGGER ALL; ALTER TABLE usage DISABLE TRIGGER ALL";

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_finds_what_was_made_by_hand() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    world.call(&customer, 10).await;
    let hold = world.place(&world.hold(&customer, 5)).await;
    let command = world.settlement(&hold, 8);
    world.store.wallets.settle(command).await.unwrap();
    world.place(&world.hold(&customer, 50)).await;
    world.expect_figures(&customer, 985, 50).await;
    let mut conn = database.by_hand().await;
    conn.batch_execute(DISARM).await.unwrap();
    let paid = customer.paid.to_string();
    for (change, back, rule, subject) in [
        (
            "UPDATE ledger_accounts SET posted = posted + 1",
            "UPDATE ledger_accounts SET posted = posted - 1",
            "balance",
            &*paid,
        ),
        (
            "UPDATE transfers SET debit_id = '00000000-0000-0000-0000-000000000001' \
             WHERE kind = 'usage'",
            "UPDATE transfers SET debit_id = (SELECT id FROM ledger_accounts) \
             WHERE kind = 'usage'",
            "balance",
            "txn_",
        ),
        (
            "UPDATE ledger_accounts SET held = held + 1",
            "UPDATE ledger_accounts SET held = held - 1",
            "held",
            &*paid,
        ),
        (
            "UPDATE ledger_accounts SET floor = 100000",
            "UPDATE ledger_accounts SET floor = 0",
            "floor",
            &*paid,
        ),
        (
            "UPDATE holds SET captured = captured + 1 WHERE state = 'captured'",
            "UPDATE holds SET captured = captured - 1 WHERE state = 'captured'",
            "hold",
            "hold_",
        ),
        (
            "CREATE TABLE kept AS SELECT * FROM transfers WHERE kind = 'usage'; \
             DELETE FROM transfers WHERE kind = 'usage'",
            "INSERT INTO transfers SELECT * FROM kept",
            "usage",
            "gen_",
        ),
        ("DELETE FROM usage", "SELECT 1", "orphan", "txn_"),
    ] {
        conn.batch_execute(change).await.unwrap();
        let report = world.store.ledger_audit.audit_ledger(world.now()).await;
        let findings = report.unwrap().findings;
        let is_found = findings
            .iter()
            .any(|finding| finding.rule == rule && finding.subject.starts_with(subject));
        assert!(is_found, "{change}: {findings:?}");
        conn.batch_execute(back).await.unwrap();
    }
}
