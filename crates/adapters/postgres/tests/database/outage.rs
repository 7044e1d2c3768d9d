use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use vuzo_contracts::{Store, World};
use vuzo_domain::money::Units;
use vuzo_domain::port::{ExtendHold, PlaceHoldError, Wallets};
use vuzo_postgres::{PgStore, Settings};

use super::{count, world};
use crate::common::Database;

const CALLERS: i64 = 32;

const BREAKS: i64 = 15;

/// Every connection is cut again and again in the middle of the work. Whether a
/// commit had happened before nobody knows: all is sent again, and done once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_off_is_done_once() {
    let database = Database::new().await;
    let world = Arc::new(world(&database));
    let customer = world.customer_with(1_000_000_000).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicI64::new(0));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let world = Arc::clone(&world);
        let customer = customer.clone();
        let is_over = Arc::clone(&is_over);
        let calls = Arc::clone(&calls);
        callers.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                world.call(&customer, 3).await;
                calls.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut conn = database.by_hand().await;
    let mut cut = 0;
    for _ in 0..BREAKS {
        let before = calls.load(Ordering::Relaxed);
        while calls.load(Ordering::Relaxed) < before + CALLERS {
            tokio::task::yield_now().await;
        }
        cut += count(
            &mut conn,
            "SELECT count(pg_terminate_backend(pid)) AS count FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'vuzo'",
        )
        .await;
    }
    assert!(cut >= BREAKS, "{cut} connections were cut");
    is_over.store(true, Ordering::Relaxed);
    callers.join_all().await;
    let calls = calls.load(Ordering::Relaxed);
    world
        .expect_figures(&customer, 1_000_000_000 - 3 * calls, 0)
        .await;
    let written = count(&mut conn, "SELECT count(*) AS count FROM usage").await;
    assert_eq!(written, calls);
}

/// The commit has happened and its acknowledgement is lost: what is sent again changes
/// nothing, and is answered as it would have been.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_acknowledgement_changes_nothing() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    let (store, wire) = database.open_over_wire();

    wire.swallow_next_commit();
    let placed = store.place_hold(world.hold(&customer, 100)).await.unwrap();
    assert_eq!((wire.cuts(), placed.available), (1, Units(900)));
    world.expect_figures(&customer, 1_000, 100).await;

    wire.swallow_next_commit();
    let more = ExtendHold {
        hold: placed.hold.id,
        total: Units(150),
        expires_at: placed.hold.expires_at,
        at: world.now(),
    };
    let extended = store.extend_hold(more, vec![]).await.unwrap();
    assert_eq!((wire.cuts(), extended.available), (2, Units(850)));
    world.expect_figures(&customer, 1_000, 150).await;

    wire.swallow_next_commit();
    let command = world.settlement(&extended.hold, 70);
    let settled = store.settle(command).await.unwrap();
    assert_eq!((wire.cuts(), settled.charged), (3, Units(70)));
    assert_eq!(settled.available, Units(930));
    world.expect_figures(&customer, 930, 0).await;

    wire.swallow_next_commit();
    let forgotten = store.place_hold(world.hold(&customer, 30)).await.unwrap();
    wire.swallow_next_commit();
    let later = forgotten.hold.expires_at;
    let ended = store.expire_holds(later, 10).await.unwrap();
    let ended: Vec<_> = ended.iter().map(|hold| hold.id).collect();
    assert_eq!((wire.cuts(), ended), (5, vec![forgotten.hold.id]));
    world.expect_figures(&customer, 930, 0).await;

    wire.swallow_next_commit();
    let topup = world.topup(&customer, 5);
    let credited = store.credit(topup.clone()).await.unwrap();
    assert_eq!((wire.cuts(), credited.id), (6, topup.transfer));
    world.expect_figures(&customer, 935, 0).await;
}

/// A statement that the server gives up, as in a deadlock, is tried again.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_gives_up_is_tried_again() {
    let database = Database::new().await;
    let world = world(&database);
    let customer = world.customer_with(1_000).await;
    let mut conn = database.by_hand().await;
    conn.batch_execute(
        "CREATE SEQUENCE tries; GRANT USAGE ON tries TO vuzo_app; \
         CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$ \
         BEGIN \
             IF nextval('tries') < 3 THEN \
                 RAISE EXCEPTION 'a deadlock, says the test' USING ERRCODE = '40P01'; \
             END IF; \
             RETURN NEW; \
         END $$; \
         CREATE TRIGGER give_up BEFORE INSERT ON holds \
             FOR EACH ROW EXECUTE FUNCTION give_up()",
    )
    .await
    .unwrap();
    world.place(&world.hold(&customer, 10)).await;
    world.expect_figures(&customer, 1_000, 10).await;
}

/// Where nobody listens, a command ends within a bounded time, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_unavailable() {
    // Bound and never accepting would hang; bound and closed refuses.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let settings = Settings::new(format!("postgres://postgres@127.0.0.1:{port}/none"));
    let store = Arc::new(PgStore::open_as_is(&settings, Handle::current()).unwrap());
    let world = World::new(Store::of(&store));
    assert!(store.ping().await.is_err());
    let elsewhere = Database::new().await;
    let customer = super::world(&elsewhere).customer_with(10).await;
    let begun = Instant::now();
    let refused = store_hold(&world, &customer).await;
    assert!(
        matches!(refused, PlaceHoldError::Unavailable(_)),
        "{refused:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(15));
}

async fn store_hold(world: &World, customer: &vuzo_contracts::Customer) -> PlaceHoldError {
    let command = world.hold(customer, 1);
    world.store.wallets.place_hold(command).await.unwrap_err()
}
