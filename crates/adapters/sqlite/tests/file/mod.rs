//! What is particular to SQLite: the file, the guards inside it, and the one writer.

mod catalog;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::sql_types::{BigInt, Text};
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection};
use tokio::runtime::Handle;
use vuzo_contracts::{Customer, Store, World, at_once};
use vuzo_domain::money::Units;
use vuzo_domain::port::{LedgerAudit, Wallets};
use vuzo_domain::time::Timestamp;
use vuzo_sqlite::SqliteStore;

use crate::common::{Directory, open};

fn world(file: &Path) -> World {
    World::new(Store::of(&open(file)))
}

/// A second connection to the same file, past the adapter.
fn by_hand(file: &Path) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
    conn
}

fn count(conn: &mut SqliteConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let found: Count = diesel::sql_query(query).get_result(conn).unwrap();
    found.count
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_is_fine() {
    let directory = Directory::new();
    let file = directory.file();
    let pending = SqliteStore::pending(&file).unwrap();
    assert_eq!(pending.len(), 7, "{pending:?}");
    let mut applied: Vec<usize> = std::thread::scope(|scope| {
        let migrate = || SqliteStore::migrate(&file).unwrap();
        let racers: Vec<_> = (0..4).map(|_| scope.spawn(migrate)).collect();
        racers
            .into_iter()
            .map(|racer| racer.join().unwrap())
            .collect()
    });
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, 7]);
    assert_eq!(SqliteStore::pending(&file).unwrap(), Vec::<String>::new());
    assert_eq!(SqliteStore::migrate(&file).unwrap(), 0);
    open(&file).ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn append_only_tables_raise() {
    let directory = Directory::new();
    let file = directory.file();
    let world = world(&file);
    let customer = world.customer_with(1_000).await;
    world.call(&customer, 10).await;
    world.set_credit_line(&customer, 1).await;
    let mut conn = by_hand(&file);
    for table in ["transfers", "usage", "audit_log"] {
        assert!(count(&mut conn, &format!("SELECT COUNT(*) AS count FROM {table}")) > 0);
        for change in [
            format!("UPDATE {table} SET created_at = 0"),
            format!("DELETE FROM {table}"),
        ] {
            let refused = conn.batch_execute(&change).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{change}: {refused}");
        }
    }
    world.expect_figures(&customer, 990, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_refuses_an_overdraft_made_by_hand() {
    let directory = Directory::new();
    let file = directory.file();
    let world = world(&file);
    let customer = world.customer_with(1_000).await;
    world.place(&world.hold(&customer, 400)).await;
    let mut conn = by_hand(&file);
    for change in [
        "UPDATE ledger_accounts SET held = 1001",
        "UPDATE ledger_accounts SET held = -1",
        "UPDATE ledger_accounts SET posted = 399",
        "UPDATE ledger_accounts SET credit_line = 5",
        "UPDATE ledger_accounts SET floor = 1",
        "UPDATE holds SET state = 'captured'",
    ] {
        let refused = conn.batch_execute(change).unwrap_err().to_string();
        assert!(refused.contains("CHECK"), "{change}: {refused}");
    }
    world.expect_figures(&customer, 1_000, 400).await;
}

/// After a refund below zero the floor follows the balance up again.
#[tokio::test(flavor = "multi_thread")]
async fn the_floor_follows_a_refund_and_comes_back() {
    let directory = Directory::new();
    let file = directory.file();
    let world = world(&file);
    let customer = world.customer_with(100).await;
    world.call(&customer, 80).await;
    let mut conn = by_hand(&file);
    let mut floor = || count(&mut conn, "SELECT floor AS count FROM ledger_accounts");
    assert_eq!(floor(), 0);
    for (amount, expected) in [(-100, -80), (30, -50), (100, 0)] {
        let command = world.topup(&customer, amount);
        world.store.wallets.credit(command).await.unwrap();
        assert_eq!(floor(), expected, "after {amount}");
    }
    world.expect_figures(&customer, 50, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_finds_what_was_made_by_hand() {
    let directory = Directory::new();
    let file = directory.file();
    let world = world(&file);
    let customer = world.customer_with(1_000).await;
    world.call(&customer, 10).await;
    world.place(&world.hold(&customer, 50)).await;
    world.expect_figures(&customer, 990, 50).await;
    let mut conn = by_hand(&file);
    conn.batch_execute(
        "PRAGMA ignore_check_constraints = ON; \
         DROP TRIGGER transfers_no_delete; DROP TRIGGER usage_no_delete;",
    )
    .unwrap();
    for (change, back, rule) in [
        (
            "UPDATE ledger_accounts SET posted = posted + 1",
            "UPDATE ledger_accounts SET posted = posted - 1",
            "balance",
        ),
        (
            "UPDATE ledger_accounts SET held = held + 1",
            "UPDATE ledger_accounts SET held = held - 1",
            "held",
        ),
        (
            "UPDATE ledger_accounts SET floor = 100000",
            "UPDATE ledger_accounts SET floor = 0",
            "floor",
        ),
        (
            "UPDATE holds SET captured = captured + 1 WHERE state = 'captured'",
            "UPDATE holds SET captured = captured - 1 WHERE state = 'captured'",
            "hold",
        ),
        (
            "CREATE TABLE kept AS SELECT * FROM transfers WHERE kind = 'usage'; \
             DELETE FROM transfers WHERE kind = 'usage'",
            "INSERT INTO transfers SELECT * FROM kept",
            "usage",
        ),
        ("DELETE FROM usage", "SELECT 1", "orphan"),
    ] {
        conn.batch_execute(change).unwrap();
        let report = world.store.ledger_audit.audit_ledger(world.now()).await;
        let findings = report.unwrap().findings;
        assert!(
            findings.iter().any(|finding| finding.rule == rule),
            "{change}: {findings:?}"
        );
        conn.batch_execute(back).unwrap();
    }
}

/// Another process may write to the file between any two commands: fifty holds at
/// once through two stores, for what is there for twenty.
#[tokio::test(flavor = "multi_thread")]
async fn two_writers_on_one_file_never_overdraw() {
    let directory = Directory::new();
    let file = directory.file();
    let world = world(&file);
    let second = open(&file);
    let customer = world.customer_with(20 * 7 + 6).await;
    let holds = (0..50).map(|number| {
        let wallets = if number % 2 == 0 {
            Arc::clone(&world.store.wallets)
        } else {
            Arc::clone(&second) as Arc<dyn Wallets>
        };
        let command = world.hold(&customer, 7);
        async move { wallets.place_hold(command).await.is_ok() }
    });
    let placed = at_once(holds.collect::<Vec<_>>()).await;
    assert_eq!(placed.into_iter().filter(|placed| *placed).count(), 20);
    world.expect_figures(&customer, 146, 140).await;
}

/// A command that breaks is alone in that: here one whose charge and record differ.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_command_does_not_take_its_batch_along() {
    let directory = Directory::new();
    let world = world(&directory.file());
    let customer = world.customer_with(10_000).await;
    let mut commands = Vec::new();
    for number in 0..40 {
        let hold = world.place(&world.hold(&customer, 10)).await;
        let mut command = world.settlement(&hold, 10);
        if number % 8 == 3 {
            command.charge.amount = Units(9);
        }
        commands.push(command);
    }
    let settlements = commands.into_iter().map(|command| {
        let wallets = Arc::clone(&world.store.wallets);
        async move { wallets.settle(command).await.is_ok() }
    });
    let settled = at_once(settlements.collect::<Vec<_>>()).await;
    assert_eq!(settled.into_iter().filter(|settled| *settled).count(), 35);
    world.expect_figures(&customer, 10_000 - 350, 50).await;
}

const CHILD_FILE: &str = "VUZO_SQLITE_TEST_FILE";

/// Not a test of its own: what `a_killed_writer_leaves_whole_batches` kills.
#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::disallowed_methods,
    reason = "the test tells its child where the file is, and libtest takes no arguments"
)]
async fn child_that_writes_until_it_is_killed() {
    let Ok(file) = std::env::var(CHILD_FILE) else {
        return;
    };
    let world = Arc::new(world(Path::new(&file)));
    let customer: Customer = world.customer_with(1_000_000_000).await;
    println!("writing");
    let callers = (0..32).map(|_| {
        let world = Arc::clone(&world);
        let customer = customer.clone();
        async move {
            loop {
                world.call(&customer, 3).await;
            }
        }
    });
    let _never: Vec<()> = at_once(callers.collect::<Vec<_>>()).await;
}

fn start_child(file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "file::child_that_writes_until_it_is_killed",
            "--nocapture",
        ])
        .env(CHILD_FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Killed in the middle of its work, the writer leaves books that prove themselves,
/// and holds for the reaper.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_leaves_whole_batches() {
    for calls in [1, 40, 400] {
        let directory = Directory::new();
        let file = directory.file();
        let mut child = start_child(&file);
        let output = BufReader::new(child.stdout.take().unwrap());
        let begun = output
            .lines()
            .map(Result::unwrap)
            .any(|line| line.contains("writing"));
        assert!(begun, "the child has begun");
        let mut conn = by_hand(&file);
        while count(&mut conn, "SELECT COUNT(*) AS count FROM usage") < calls {
            tokio::task::yield_now().await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        drop(conn);

        let store = SqliteStore::open(&file, Handle::current()).unwrap();
        let later = Timestamp::from_secs(4_000_000_000);
        let report = store.audit_ledger(later).await.unwrap();
        assert_eq!(report.findings, vec![]);
        assert!(report.calls >= u64::try_from(calls).unwrap());
        let expired = store.expire_holds(later, 1_000).await.unwrap();
        assert_eq!(u64::try_from(expired.len()).unwrap(), report.open_holds);
        let report = store.audit_ledger(later).await.unwrap();
        assert_eq!((report.open_holds, report.findings), (0, vec![]));
    }
}

/// What waits is answered before the store goes, and nothing after.
#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_store_has_finished_what_it_accepted() {
    let directory = Directory::new();
    let file = directory.file();
    let world = world(&file);
    let customer = world.customer_with(1_000).await;
    let hold = world.place(&world.hold(&customer, 10)).await;
    let command = world.settlement(&hold, 4);
    let store = SqliteStore::open(&file, Handle::current()).unwrap();
    {
        let mut settling = store.settle(command);
        let first_poll = std::future::poll_fn(|context| {
            std::task::Poll::Ready(settling.as_mut().poll(context).is_ready())
        });
        let _answered = first_poll.await;
        // The caller is gone before the answer.
    }
    drop(store);
    world.expect_figures(&customer, 996, 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_contradicts_the_model_is_named() {
    let directory = Directory::new();
    let file = directory.file();
    let world = world(&file);
    let customer = world.customer_with(1_000).await;
    by_hand(&file)
        .batch_execute("UPDATE accounts SET limits = '{\"requests_per_eon\": 3}'")
        .unwrap();
    let refused = world.store.accounts.find_account(customer.account).await;
    let refused = refused.unwrap_err();
    let reason = std::error::Error::source(&refused).unwrap().to_string();
    for part in [
        "accounts",
        "limits",
        &customer.account.to_string(),
        "requests_per_eon",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
}

/// The hot statements find their rows by key, without reading through a table.
#[tokio::test(flavor = "multi_thread")]
async fn no_query_of_the_hot_path_scans() {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    let directory = Directory::new();
    let file = directory.file();
    drop(open(&file));
    let mut conn = by_hand(&file);
    for query in [
        "SELECT * FROM ledger_accounts WHERE account_id = x'01' AND currency = 'USD'",
        "SELECT * FROM holds WHERE id = x'01'",
        "SELECT charged FROM usage WHERE id = x'01'",
        "SELECT * FROM holds WHERE state = 'open' AND expires_at <= 5 ORDER BY expires_at",
        "SELECT * FROM ledger_accounts WHERE lapses_at <= 5 ORDER BY lapses_at",
        "SELECT * FROM transfers WHERE account_id = x'01' AND id < x'02' ORDER BY id DESC",
        "SELECT * FROM usage WHERE account_id = x'01' AND created_at >= 5 AND created_at < 9 \
         ORDER BY created_at DESC, id DESC",
        "SELECT * FROM api_keys WHERE hash = x'01'",
        "DELETE FROM idempotency_claims WHERE call_id = x'01'",
    ] {
        let plan: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}"))
            .load(&mut conn)
            .unwrap();
        for step in plan {
            assert!(
                step.detail.starts_with("SEARCH"),
                "{query}: {}",
                step.detail
            );
        }
    }
}

/// The queue is answered while another process keeps the file to itself for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_another_process_is_waited_for() {
    let directory = Directory::new();
    let file = directory.file();
    let world = world(&file);
    let customer = world.customer_with(1_000).await;
    let mut conn = by_hand(&file);
    conn.batch_execute("BEGIN IMMEDIATE; UPDATE accounts SET plan = 'pro'")
        .unwrap();
    let wallets = Arc::clone(&world.store.wallets);
    let command = world.hold(&customer, 10);
    let placing =
        tokio::task::JoinSet::from_iter([async move { wallets.place_hold(command).await }]);
    // Reading goes on meanwhile, and sees the state before.
    let account = world.store.accounts.find_account(customer.account).await;
    assert_eq!(account.unwrap().unwrap().plan, "free");
    conn.batch_execute("COMMIT").unwrap();
    let placed = tokio::time::timeout(Duration::from_secs(20), placing.join_all()).await;
    assert!(placed.unwrap().pop().unwrap().is_ok());
    world.expect_figures(&customer, 1_000, 10).await;
}
