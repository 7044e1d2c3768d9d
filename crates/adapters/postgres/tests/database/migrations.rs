use std::sync::Arc;

use diesel_async::SimpleAsyncConnection;
use tokio::runtime::Handle;
use vuzo_contracts::{Store, World, at_once};
use vuzo_postgres::{PgStore, Settings};

use super::count;
use crate::common::{Database, connect};

/// Instances that start at the same time: one makes the tables, the others wait and
/// find them made.
#[tokio::test(flavor = "multi_thread")]
async fn migrating_at_once_is_fine() {
    let database = Database::bare().await;
    let url = database.url();
    let runtime = Handle::current();
    let pending = PgStore::pending(&url, &runtime).await.unwrap();
    assert_eq!(pending.len(), 7, "{pending:?}");
    let migrate = |_| {
        let url = url.clone();
        async move {
            let applied = PgStore::migrate(&url, &Handle::current()).await.unwrap();
            applied.len()
        }
    };
    let mut applied = at_once((0..4).map(migrate)).await;
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, 7]);
    let pending = PgStore::pending(&url, &runtime).await.unwrap();
    assert_eq!(pending, Vec::<String>::new());
    database.open().ping().await.unwrap();
}

/// Whoever serves owns nothing and makes nothing: belonging to the application's role
/// is enough, to look as well as to work.
#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_owns_nothing_sees_whether_it_may_serve() {
    let mut database = Database::bare().await;
    let (name, url) = database.user().await;
    let runtime = Handle::current();
    let pending = PgStore::pending(&url, &runtime).await.unwrap();
    assert_eq!(pending.len(), 7, "{pending:?}");
    let mut owner = database.by_hand().await;
    let tables = "SELECT count(*) AS count FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(count(&mut owner, tables).await, 0, "looking makes nothing");

    PgStore::migrate(&database.url(), &runtime).await.unwrap();
    owner
        .batch_execute(&format!("GRANT vuzo_app TO {name}"))
        .await
        .unwrap();
    let mut conn = connect(&url).await;
    let refused = conn.batch_execute("CREATE TABLE mine (id INT)").await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("permission denied"), "{refused}");
    let pending = PgStore::pending(&url, &runtime).await.unwrap();
    assert_eq!(pending, Vec::<String>::new());
    let store = PgStore::open_as_is(&Settings::new(url), runtime).unwrap();
    store.ping().await.unwrap();
    let world = World::new(Store::of(&Arc::new(store)));
    let customer = world.customer_with(100).await;
    world.call(&customer, 30).await;
    world.expect_figures(&customer, 70, 0).await;
}

/// Whoever migrates owns the database and belongs to the application's role. It need
/// not be allowed to make roles, nor to hand that one out.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_without_admin_option_migrates() {
    // Roles belong to the cluster: the template's migration has made this one.
    drop(Database::new().await);
    let mut database = Database::bare().await;
    let (name, url) = database.user().await;
    let mut conn = database.by_hand().await;
    let give = format!("ALTER SCHEMA public OWNER TO {name}; GRANT vuzo_app TO {name}");
    conn.batch_execute(&give).await.unwrap();
    let runtime = Handle::current();
    let applied = PgStore::migrate(&url, &runtime).await.unwrap();
    assert_eq!(applied.len(), 7, "{applied:?}");
    let store = PgStore::open_as_is(&Settings::new(url), runtime).unwrap();
    store.ping().await.unwrap();
}
