use async_trait::async_trait;
use diesel::prelude::*;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::port::{
    AuditEntry, Change, NewProviderKey, ProviderKeyChange, ProviderKeys, Unavailable,
};
use vuzo_domain::provider_key::ProviderKey;
use vuzo_sql::RawId;
use vuzo_sql::rows::ProviderKeyRow;
use vuzo_sql::schema::provider_keys;

use crate::fault::Fault;
use crate::{SqliteStore, audit, changes};

#[async_trait]
impl ProviderKeys for SqliteStore {
    async fn list_provider_keys(&self) -> Result<Vec<ProviderKey>, Unavailable> {
        self.read("list_provider_keys", |conn| {
            let rows: Vec<ProviderKeyRow> = provider_keys::table
                .order(provider_keys::id)
                .select(ProviderKeyRow::as_select())
                .load(conn)?;
            let keys = rows.into_iter().map(ProviderKey::try_from);
            Ok(keys.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn add_provider_key(&self, new: NewProviderKey) -> Result<ProviderKey, Unavailable> {
        self.write("add_provider_key", move |batch| Ok(add(batch.conn, &new)?))
            .await
    }

    async fn change_provider_key(
        &self,
        change: ProviderKeyChange,
    ) -> Result<Option<ProviderKey>, Unavailable> {
        self.write("change_provider_key", move |batch| {
            Ok(apply(batch.conn, &change)?)
        })
        .await
    }

    async fn remove_provider_key(
        &self,
        id: ProviderKeyId,
        audit: AuditEntry,
    ) -> Result<bool, Unavailable> {
        self.write("remove_provider_key", move |batch| {
            let place = provider_keys::table.find(RawId(id.uuid()));
            if diesel::delete(place).execute(batch.conn)? == 0 {
                return Ok(false);
            }
            audit::note(batch.conn, &audit)?;
            changes::announce(batch.conn, Change::Catalog)?;
            Ok(true)
        })
        .await
    }

    async fn note_provider_key(
        &self,
        id: ProviderKeyId,
        last_error: Option<String>,
    ) -> Result<(), Unavailable> {
        self.write("note_provider_key", move |batch| {
            diesel::update(provider_keys::table.find(RawId(id.uuid())))
                .set(provider_keys::last_error.eq(&last_error))
                .execute(batch.conn)?;
            Ok(())
        })
        .await
    }
}

fn find(conn: &mut SqliteConnection, id: ProviderKeyId) -> Result<Option<ProviderKey>, Fault> {
    let row: Option<ProviderKeyRow> = provider_keys::table
        .find(RawId(id.uuid()))
        .select(ProviderKeyRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.map(ProviderKey::try_from).transpose()?)
}

fn add(conn: &mut SqliteConnection, new: &NewProviderKey) -> Result<ProviderKey, Fault> {
    if let Some(known) = find(conn, new.key.id)? {
        return Ok(known);
    }
    diesel::insert_into(provider_keys::table)
        .values(ProviderKeyRow::from(&new.key))
        .execute(conn)?;
    audit::note(conn, &new.audit)?;
    changes::announce(conn, Change::Catalog)?;
    Ok(new.key.clone())
}

fn apply(
    conn: &mut SqliteConnection,
    change: &ProviderKeyChange,
) -> Result<Option<ProviderKey>, Fault> {
    let Some(mut key) = find(conn, change.id)? else {
        return Ok(None);
    };
    change.apply(&mut key);
    diesel::update(provider_keys::table.find(RawId(key.id.uuid())))
        .set(ProviderKeyRow::from(&key))
        .execute(conn)?;
    audit::note(conn, &change.audit)?;
    changes::announce(conn, Change::Catalog)?;
    Ok(Some(key))
}
