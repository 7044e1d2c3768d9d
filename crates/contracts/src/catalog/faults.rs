//! What holds of a store that was made to fail; by itself no store refuses a model.

use vuzo_domain::port::{ModelWrite, PageRequest};

use super::{load, model, save, version, write};
use crate::World;

/// For a store that refuses the prices of the model `b` until `mend` has run. A save of
/// many with `b` in the middle leaves nothing behind, neither of those before it nor of
/// those after, and is done when it is sent again afterwards.
pub async fn a_failed_save_of_many_leaves_nothing(world: &World, mend: impl AsyncFnOnce()) {
    let catalog = &world.store.catalog;
    let known = model(world, "a");
    save(world, write(world, &known, Some(version(world, "1")))).await;
    let order: Vec<ModelWrite> = ["a", "b", "c"]
        .iter()
        .map(|id| write(world, &model(world, id), Some(version(world, "2"))))
        .collect();
    let audited = async || {
        let page = PageRequest::first(PageRequest::MOST);
        let listed = world.store.audit.list_audit(page).await.unwrap().rows;
        let is_ours = |id| order.iter().any(|write| write.audit.id == id);
        listed.iter().filter(|entry| is_ours(entry.id)).count()
    };
    let before = load(world).await;
    let cursor = world.store.changes.change_cursor().await.unwrap();
    for _ in 0..2 {
        assert!(catalog.save_models(order.clone()).await.is_err());
        assert_eq!(load(world).await, before);
        assert_eq!(audited().await, 0);
        let news = world.store.changes.changes_since(cursor).await.unwrap();
        assert_eq!(news.changes, []);
    }
    mend().await;
    catalog.save_models(order.clone()).await.unwrap();
    let models = load(world).await.models;
    let versions: Vec<usize> = models.iter().map(|entry| entry.versions.len()).collect();
    assert_eq!(versions, [2, 1, 1]);
    assert_eq!(audited().await, 3);
}
