use diesel_async::SimpleAsyncConnection;
use vuzo_domain::money::Units;

use super::{count, world};
use crate::common::Database;

const APPEND_ONLY: [&str; 4] = ["transfers", "usage", "audit_log", "price_versions"];

/// Not even the owner of the tables changes what is written.
#[tokio::test(flavor = "multi_thread")]
async fn append_only_tables_raise() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    world.call(&customer, 10).await;
    world.set_credit_line(&customer, 1).await;
    let mut conn = database.by_hand().await;
    conn.batch_execute(
        "INSERT INTO models VALUES ('m', 'p', 'u', 'active', 1, 1, '[]', '[]', 0); \
         INSERT INTO price_versions VALUES ('m', 1, 0, '{}', NULL)",
    )
    .await
    .unwrap();
    for table in APPEND_ONLY {
        let column = if table == "price_versions" {
            "effective_at"
        } else {
            "created_at"
        };
        assert!(count(&mut conn, &format!("SELECT COUNT(*) AS count FROM {table}")).await > 0);
        for change in [
            format!("UPDATE {table} SET {column} = 0"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
        ] {
            let refused = conn.batch_execute(&change).await.unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{change}: {refused}");
        }
    }
    world.expect_figures(&customer, 990, 0).await;
}

/// The application has not even the right to try.
#[tokio::test(flavor = "multi_thread")]
async fn the_application_may_not_change_what_is_written() {
    let database = Database::new().await;
    let mut conn = database.by_hand().await;
    conn.batch_execute("SET ROLE vuzo_app; SET app.account = '*'")
        .await
        .unwrap();
    for table in APPEND_ONLY {
        let change = format!("DELETE FROM {table}");
        let refused = conn.batch_execute(&change).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied"), "{change}: {refused}");
    }
    for change in [
        "DELETE FROM ledger_accounts",
        "DELETE FROM holds",
        "ALTER TABLE holds DISABLE ROW LEVEL SECURITY",
        "DROP TRIGGER transfers_append_only ON transfers",
    ] {
        let refused = conn.batch_execute(change).await.unwrap_err().to_string();
        let is_denied = refused.contains("permission denied") || refused.contains("must be owner");
        assert!(is_denied, "{change}: {refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_refuses_an_overdraft_made_by_hand() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    world.place(&world.hold(&customer, 400)).await;
    let mut conn = database.by_hand().await;
    for change in [
        "UPDATE ledger_accounts SET held = 1001",
        "UPDATE ledger_accounts SET held = -1",
        "UPDATE ledger_accounts SET posted = 399",
        "UPDATE ledger_accounts SET credit_line = 5",
        "UPDATE ledger_accounts SET floor = 1",
        "UPDATE holds SET state = 'captured'",
    ] {
        let refused = conn.batch_execute(change).await.unwrap_err().to_string();
        assert!(refused.contains("check constraint"), "{change}: {refused}");
    }
    world.expect_figures(&customer, 1_000, 400).await;
}

/// After a refund below zero the floor follows the balance up again.
#[tokio::test(flavor = "multi_thread")]
async fn the_floor_follows_a_refund_and_comes_back() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(100).await;
    world.call(&customer, 80).await;
    let mut conn = database.by_hand().await;
    let floor = "SELECT floor AS count FROM ledger_accounts";
    assert_eq!(count(&mut conn, floor).await, 0);
    for (amount, expected) in [(-100, -80), (30, -50), (100, 0)] {
        let command = world.topup(&customer, amount);
        world.store.wallets.credit(command).await.unwrap();
        assert_eq!(count(&mut conn, floor).await, expected, "after {amount}");
    }
    world.expect_figures(&customer, 50, 0).await;
}

/// The commit has left before it is known whether every row was written as it was
/// decided: where one was not, nothing of the batch is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_goes_astray_takes_its_commit_with_it() {
    const HOLDS: &str = "SELECT count(*) AS count FROM holds";
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    let mut conn = database.by_hand().await;
    conn.batch_execute(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS \
             'BEGIN RETURN NULL; END'; \
         CREATE TRIGGER swallow BEFORE UPDATE ON ledger_accounts \
             FOR EACH ROW EXECUTE FUNCTION swallow()",
    )
    .await
    .unwrap();
    let command = world.hold(&customer, 400);
    let refused = world.store.wallets.place_hold(command.clone()).await;
    let reason = format!("{:?}", refused.unwrap_err());
    assert!(reason.contains("Unavailable"), "{reason}");
    assert_eq!(count(&mut conn, HOLDS).await, 0);
    conn.batch_execute("DROP TRIGGER swallow ON ledger_accounts")
        .await
        .unwrap();
    world.place(&command).await;
    assert_eq!(count(&mut conn, HOLDS).await, 1);
    world.expect_figures(&customer, 1_000, 400).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_contradicts_the_model_is_named() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    let other = world.customer_with(1_000).await;
    let hold = world.place(&world.hold(&customer, 10)).await;
    let mut conn = database.by_hand().await;
    conn.batch_execute("UPDATE holds SET parts = '[{\"moon\": 1}]'")
        .await
        .unwrap();
    let refused = world.store.wallets.settle(world.settlement(&hold, 1)).await;
    let reason = format!("{:?}", refused.unwrap_err());
    for part in ["holds", "parts", &hold.id.to_string(), "moon"] {
        assert!(reason.contains(part), "{reason}");
    }
    // Whoever is not concerned goes on.
    world.call(&other, 1).await;
    let source = world.source(other.account, other.paid).await;
    assert_eq!(source.posted, Units(999));
}

/// The plans of the writer are made when the tables are empty, and must be good when
/// they are full: every row is found by key.
#[tokio::test(flavor = "multi_thread")]
async fn the_writer_never_reads_through_a_table() {
    const TABLES: &str = "('ledger_accounts', 'holds', 'transfers', 'usage')";
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000_000).await;
    world.call(&customer, 1).await;
    let mut conn = database.by_hand().await;
    conn.batch_execute(
        "INSERT INTO ledger_accounts SELECT gen_random_uuid(), gen_random_uuid(), 'USD', 'paid', \
             NULL, NULL, NULL, 0, 0, 0, 0 FROM generate_series(1, 2000); \
         INSERT INTO holds SELECT gen_random_uuid(), gen_random_uuid(), NULL, 'USD', '[]', '[]', \
             'open', NULL, NULL, 0, 0 FROM generate_series(1, 2000)",
    )
    .await
    .unwrap();
    let whole = format!(
        "SELECT coalesce(sum(seq_scan), 0)::bigint AS count FROM pg_stat_user_tables \
         WHERE relname IN {TABLES}"
    );
    let scans = format!(
        "SELECT coalesce(sum(idx_scan), 0)::bigint AS count FROM pg_stat_user_indexes \
         WHERE relname IN {TABLES}"
    );
    let rows = format!(
        "SELECT coalesce(sum(idx_tup_read), 0)::bigint AS count FROM pg_stat_user_indexes \
         WHERE relname IN {TABLES}"
    );
    let before = (
        count(&mut conn, &whole).await,
        count(&mut conn, &scans).await,
        count(&mut conn, &rows).await,
    );
    // The server counts with some delay.
    while count(&mut conn, &scans).await < before.1 + 200 {
        world.call(&customer, 1).await;
    }
    let scanned = count(&mut conn, &scans).await - before.1;
    let read = count(&mut conn, &rows).await - before.2;
    assert_eq!(count(&mut conn, &whole).await, before.0);
    assert!(read < 20 * scanned, "{read} rows in {scanned} look-ups");
}
