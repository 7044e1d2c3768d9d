use tokio::runtime::Handle;
use vuzo_contracts::at_once;
use vuzo_postgres::PgStore;

use crate::common::Database;

/// Instances that start at the same time: one makes the tables, the others wait and
/// find them made.
#[tokio::test(flavor = "multi_thread")]
async fn migrating_at_once_is_fine() {
    let database = Database::bare().await;
    let url = database.url();
    let runtime = Handle::current();
    let pending = PgStore::pending(&url, &runtime).await.unwrap();
    assert_eq!(pending.len(), 5, "{pending:?}");
    let migrate = |_| {
        let url = url.clone();
        async move {
            let applied = PgStore::migrate(&url, &Handle::current()).await.unwrap();
            applied.len()
        }
    };
    let mut applied = at_once((0..4).map(migrate)).await;
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, 5]);
    let pending = PgStore::pending(&url, &runtime).await.unwrap();
    assert_eq!(pending, Vec::<String>::new());
    database.open().ping().await.unwrap();
}
