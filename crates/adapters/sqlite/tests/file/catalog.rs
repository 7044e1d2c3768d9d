//! A catalogue that is only half written.

use diesel::connection::SimpleConnection;
use vuzo_contracts::catalog::faults::a_failed_save_of_many_leaves_nothing;

use super::{by_hand, world};
use crate::common::Directory;

/// A statement that fails alone, one that keeps what it did, and one that takes the whole
/// transaction with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_save_of_many_models_leaves_nothing() {
    for way in ["ABORT", "FAIL", "ROLLBACK"] {
        let directory = Directory::new();
        let file = directory.file();
        let world = world(&file);
        let mut conn = by_hand(&file);
        conn.batch_execute(&format!(
            "CREATE TRIGGER refuse AFTER INSERT ON price_versions WHEN NEW.model_id = 'b' \
             BEGIN SELECT RAISE({way}, 'not this one'); END"
        ))
        .unwrap();
        let mend = async || conn.batch_execute("DROP TRIGGER refuse").unwrap();
        a_failed_save_of_many_leaves_nothing(&world, mend).await;
    }
}
