//! A catalogue that is only half written.

use diesel_async::SimpleAsyncConnection;
use vuzo_contracts::catalog::faults::a_failed_save_of_many_leaves_nothing;

use super::world;
use crate::common::Database;

/// A statement that fails, and a session that dies in the middle of the transaction.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_save_of_many_models_leaves_nothing() {
    for way in [
        "RAISE EXCEPTION 'not this one'",
        "PERFORM pg_terminate_backend(pg_backend_pid())",
    ] {
        let database = Database::new().await;
        let world = world(&database);
        let mut conn = database.by_hand().await;
        conn.batch_execute(&format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN {way}; RETURN NEW; END $$; \
             CREATE TRIGGER refuse AFTER INSERT ON price_versions FOR EACH ROW \
             WHEN (NEW.model_id = 'b') EXECUTE FUNCTION refuse()"
        ))
        .await
        .unwrap();
        let mend = async || {
            let drop = "DROP TRIGGER refuse ON price_versions";
            conn.batch_execute(drop).await.unwrap();
        };
        a_failed_save_of_many_leaves_nothing(&world, mend).await;
    }
}
