//! What [`vuzo_domain::port::Changes`] promises. That each command announces its
//! change is a law of the command's own port.

use std::collections::HashSet;
use std::sync::Arc;

use vuzo_domain::port::Change;

use crate::{World, at_once};

/// Every law of `Changes`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! change_laws {
    ($setup:path) => {
        $crate::__instantiate!(changes, $setup, $crate::World, [
            the_list_begins_empty
            a_cursor_goes_on_where_it_was
            no_change_is_passed_over
        ]);
    };
}

/// Where nothing changed there is nothing to tell.
pub async fn the_list_begins_empty(world: &World) {
    let changes = &world.store.changes;
    let cursor = changes.change_cursor().await.unwrap();
    let news = changes.changes_since(cursor).await.unwrap();
    assert_eq!(news.changes, []);
    assert_eq!(news.cursor, cursor);
}

/// Each reader has a cursor of their own, and going on from it misses nothing.
pub async fn a_cursor_goes_on_where_it_was(world: &World) {
    let customer = world.sign_up().await;
    let changes = &world.store.changes;
    let start = changes.change_cursor().await.unwrap();
    let first = world.key(&customer).await;
    let middle = changes.changes_since(start).await.unwrap();
    assert!(middle.changes.contains(&Change::Key(first.hash)));
    let end = changes.change_cursor().await.unwrap();
    assert!(middle.cursor <= end);
    let second = world.key(&customer).await;
    let last = changes.changes_since(middle.cursor).await.unwrap();
    assert!(last.changes.contains(&Change::Key(second.hash)));
    assert!(last.cursor >= middle.cursor);
    // Another reader, from the start, sees both.
    let all = changes.changes_since(start).await.unwrap();
    for key in [first, second] {
        assert!(all.changes.contains(&Change::Key(key.hash)));
    }
}

/// While forty keys are made at once, a reader that goes on and on hears of each.
pub async fn no_change_is_passed_over(world: &World) {
    let customer = world.sign_up().await;
    let start = world.store.changes.change_cursor().await.unwrap();
    let keys: Vec<_> = (0..40).map(|_| world.new_key(&customer)).collect();
    let wanted: HashSet<_> = keys.iter().map(|new| Change::Key(new.key.hash)).collect();
    let writers = keys.into_iter().map(|new| {
        let keys = Arc::clone(&world.store.keys);
        async move { keys.add_key(new).await.unwrap() }
    });
    let changes = Arc::clone(&world.store.changes);
    let reader = tokio::task::JoinSet::from_iter([async move {
        let mut cursor = start;
        let mut heard = HashSet::new();
        while !wanted.is_subset(&heard) {
            let news = changes.changes_since(cursor).await.unwrap();
            heard.extend(news.changes);
            cursor = news.cursor;
            tokio::task::yield_now().await;
        }
    }]);
    at_once(writers).await;
    let patience = core::time::Duration::from_secs(30);
    let heard = tokio::time::timeout(patience, reader.join_all()).await;
    assert!(heard.is_ok(), "a change was passed over");
}
