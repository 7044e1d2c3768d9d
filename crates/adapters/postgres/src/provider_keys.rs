use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::port::{
    AuditEntry, Change, NewProviderKey, ProviderKeyChange, ProviderKeys, Unavailable,
};
use vuzo_domain::provider_key::ProviderKey;
use vuzo_sql::RawId;
use vuzo_sql::rows::ProviderKeyRow;
use vuzo_sql::schema::provider_keys;

use crate::database::{Fault, Scope};
use crate::{PgStore, audit, changes};

/// Keys at providers are no tenant's.
#[async_trait]
impl ProviderKeys for PgStore {
    async fn list_provider_keys(&self) -> Result<Vec<ProviderKey>, Unavailable> {
        self.database()
            .read("list_provider_keys", Scope::Everything, (), |conn, ()| {
                list(conn).boxed()
            })
            .await
    }

    async fn add_provider_key(&self, new: NewProviderKey) -> Result<ProviderKey, Unavailable> {
        self.database()
            .transact("add_provider_key", Scope::Everything, new, |conn, new| {
                add(conn, new).boxed()
            })
            .await
    }

    async fn change_provider_key(
        &self,
        change: ProviderKeyChange,
    ) -> Result<Option<ProviderKey>, Unavailable> {
        let operation = "change_provider_key";
        self.database()
            .transact(operation, Scope::Everything, change, |conn, change| {
                apply(conn, change).boxed()
            })
            .await
    }

    async fn remove_provider_key(
        &self,
        id: ProviderKeyId,
        audit: AuditEntry,
    ) -> Result<bool, Unavailable> {
        let (operation, removal) = ("remove_provider_key", (id, audit));
        self.database()
            .transact(operation, Scope::Everything, removal, |conn, removal| {
                remove(conn, removal.0, &removal.1).boxed()
            })
            .await
    }

    async fn note_provider_key(
        &self,
        id: ProviderKeyId,
        last_error: Option<String>,
    ) -> Result<(), Unavailable> {
        let (operation, note) = ("note_provider_key", (id, last_error));
        self.database()
            .transact(operation, Scope::Everything, note, |conn, note| {
                async move {
                    diesel::update(provider_keys::table.find(RawId(note.0.uuid())))
                        .set(provider_keys::last_error.eq(&note.1))
                        .execute(conn)
                        .await?;
                    Ok(())
                }
                .boxed()
            })
            .await
    }
}

async fn list(conn: &mut AsyncPgConnection) -> Result<Vec<ProviderKey>, Fault<Unavailable>> {
    let rows: Vec<ProviderKeyRow> = provider_keys::table
        .order(provider_keys::id)
        .select(ProviderKeyRow::as_select())
        .load(conn)
        .await?;
    let keys = rows.into_iter().map(ProviderKey::try_from);
    Ok(keys.collect::<Result<_, _>>()?)
}

/// The key, which nobody else changes until the transaction ends.
async fn lock(
    conn: &mut AsyncPgConnection,
    id: ProviderKeyId,
) -> Result<Option<ProviderKey>, Fault<Unavailable>> {
    let row: Option<ProviderKeyRow> = provider_keys::table
        .find(RawId(id.uuid()))
        .select(ProviderKeyRow::as_select())
        .for_no_key_update()
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(ProviderKey::try_from).transpose()?)
}

/// Two who add the same key at once wait for each other at its id.
async fn add(
    conn: &mut AsyncPgConnection,
    new: &NewProviderKey,
) -> Result<ProviderKey, Fault<Unavailable>> {
    let written = diesel::insert_into(provider_keys::table)
        .values(ProviderKeyRow::from(&new.key))
        .on_conflict(provider_keys::id)
        .do_nothing()
        .execute(conn)
        .await?;
    if written == 0
        && let Some(known) = lock(conn, new.key.id).await?
    {
        return Ok(known);
    }
    audit::note(conn, &new.audit).await?;
    changes::announce(conn, Change::Catalog).await?;
    Ok(new.key.clone())
}

async fn apply(
    conn: &mut AsyncPgConnection,
    change: &ProviderKeyChange,
) -> Result<Option<ProviderKey>, Fault<Unavailable>> {
    let Some(mut key) = lock(conn, change.id).await? else {
        return Ok(None);
    };
    change.apply(&mut key);
    diesel::update(provider_keys::table.find(RawId(key.id.uuid())))
        .set(ProviderKeyRow::from(&key))
        .execute(conn)
        .await?;
    audit::note(conn, &change.audit).await?;
    changes::announce(conn, Change::Catalog).await?;
    Ok(Some(key))
}

async fn remove(
    conn: &mut AsyncPgConnection,
    id: ProviderKeyId,
    audit: &AuditEntry,
) -> Result<bool, Fault<Unavailable>> {
    let place = provider_keys::table.find(RawId(id.uuid()));
    if diesel::delete(place).execute(conn).await? == 0 {
        return Ok(false);
    }
    audit::note(conn, audit).await?;
    changes::announce(conn, Change::Catalog).await?;
    Ok(true)
}
