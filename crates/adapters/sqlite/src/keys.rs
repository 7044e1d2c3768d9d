use async_trait::async_trait;
use diesel::prelude::*;
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::{ApiKey, KeyHash, KeyHolder, KeyStatus};
use vuzo_domain::port::{
    AuditEntry, Change, KeyChange, Keys, NewKey, Page, PageRequest, RotateKey, Unavailable,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::CapScope;
use vuzo_sql::RawId;
use vuzo_sql::rows::{AccountRow, ApiKeyRow};
use vuzo_sql::schema::{accounts, api_keys};

use crate::batch::Batch;
use crate::fault::Fault;
use crate::{SqliteStore, audit, changes, page, spend};

#[async_trait]
impl Keys for SqliteStore {
    async fn add_key(&self, new: NewKey) -> Result<(), Unavailable> {
        self.write("add_key", move |batch| {
            if insert(batch.conn, &new.key)? {
                audit::note(batch.conn, &new.audit)?;
            }
            Ok(())
        })
        .await
    }

    async fn find_key_by_hash(&self, hash: KeyHash) -> Result<Option<KeyHolder>, Unavailable> {
        self.read("find_key_by_hash", move |conn| {
            let found: Option<(ApiKeyRow, AccountRow)> = api_keys::table
                .inner_join(accounts::table.on(accounts::id.eq(api_keys::account_id)))
                .filter(api_keys::hash.eq(hash.0.to_vec()))
                .select((ApiKeyRow::as_select(), AccountRow::as_select()))
                .get_result(conn)
                .optional()?;
            let Some((key, account)) = found else {
                return Ok(None);
            };
            Ok(Some(KeyHolder {
                key: key.try_into()?,
                account: account.try_into()?,
            }))
        })
        .await
    }

    async fn find_key(
        &self,
        account: AccountId,
        key: KeyId,
    ) -> Result<Option<ApiKey>, Unavailable> {
        self.read("find_key", move |conn| find(conn, account, key))
            .await
    }

    async fn list_keys(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Unavailable> {
        self.read("list_keys", move |conn| {
            let mut query = api_keys::table
                .filter(api_keys::account_id.eq(RawId(account.uuid())))
                .order(api_keys::id.desc())
                .limit(page::limit(&page))
                .offset(page::offset(&page))
                .select(ApiKeyRow::as_select())
                .into_boxed();
            if let Some(before) = page.before {
                query = query.filter(api_keys::id.lt(RawId(before)));
            }
            let rows: Vec<ApiKeyRow> = query.load(conn)?;
            page::cut(rows, &page, ApiKey::try_from)
        })
        .await
    }

    async fn update_key(&self, change: KeyChange) -> Result<Option<ApiKey>, Unavailable> {
        self.write("update_key", move |batch| Ok(update(batch, &change)?))
            .await
    }

    async fn revoke_key(
        &self,
        account: AccountId,
        key: KeyId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool, Unavailable> {
        self.write("revoke_key", move |batch| {
            let Some(mut key) = find(batch.conn, account, key)? else {
                return Ok(false);
            };
            if matches!(key.status, KeyStatus::Revoked(_)) {
                return Ok(true);
            }
            key.status = KeyStatus::Revoked(at);
            save(batch.conn, &key)?;
            audit::note(batch.conn, &audit)?;
            Ok(true)
        })
        .await
    }

    async fn rotate_key(&self, rotation: RotateKey) -> Result<bool, Unavailable> {
        self.write("rotate_key", move |batch| {
            Ok(rotate(batch.conn, &rotation)?)
        })
        .await
    }

    async fn touch_keys(&self, used: Vec<(KeyId, Timestamp)>) -> Result<(), Unavailable> {
        self.write("touch_keys", move |batch| {
            for (key, at) in &used {
                let at = at.as_micros();
                let older = api_keys::last_used_at
                    .is_null()
                    .or(api_keys::last_used_at.lt(at));
                let place = api_keys::table
                    .filter(api_keys::id.eq(RawId(key.uuid())))
                    .filter(older);
                diesel::update(place)
                    .set(api_keys::last_used_at.eq(at))
                    .execute(batch.conn)?;
            }
            Ok(())
        })
        .await
    }
}

fn find(
    conn: &mut SqliteConnection,
    account: AccountId,
    key: KeyId,
) -> Result<Option<ApiKey>, Fault> {
    let row = api_keys::table
        .filter(api_keys::id.eq(RawId(key.uuid())))
        .filter(api_keys::account_id.eq(RawId(account.uuid())))
        .select(ApiKeyRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.map(ApiKey::try_from).transpose()?)
}

/// Keeps a key that is not there yet. `false` if it is.
fn insert(conn: &mut SqliteConnection, key: &ApiKey) -> Result<bool, Fault> {
    let written = diesel::insert_into(api_keys::table)
        .values(ApiKeyRow::from(key))
        .on_conflict(api_keys::id)
        .do_nothing()
        .execute(conn)?;
    if written > 0 {
        changes::announce(conn, Change::Key(key.hash))?;
    }
    Ok(written > 0)
}

/// Writes a key that is there, and tells those who may hold a copy.
fn save(conn: &mut SqliteConnection, key: &ApiKey) -> Result<(), Fault> {
    let row = ApiKeyRow::from(key);
    let place = api_keys::table.filter(api_keys::id.eq(row.id));
    diesel::update(place).set(&row).execute(conn)?;
    changes::announce(conn, Change::Key(key.hash))
}

fn update(batch: &mut Batch<'_>, change: &KeyChange) -> Result<Option<ApiKey>, Fault> {
    let Some(old) = find(batch.conn, change.account, change.key)? else {
        return Ok(None);
    };
    let key = ApiKey {
        name: change.name.clone().unwrap_or_else(|| old.name.clone()),
        scopes: change.scopes.clone().unwrap_or_else(|| old.scopes.clone()),
        restrictions: change
            .restrictions
            .clone()
            .unwrap_or_else(|| old.restrictions.clone()),
        spend_cap: change.spend_cap.unwrap_or(old.spend_cap),
        limits: change.limits.unwrap_or(old.limits),
        ..old.clone()
    };
    spend::begin(
        batch,
        key.account,
        CapScope::Key(key.id),
        old.spend_cap.as_slice(),
        key.spend_cap.as_slice(),
        change.audit.at,
    )?;
    save(batch.conn, &key)?;
    audit::note(batch.conn, &change.audit)?;
    Ok(Some(key))
}

fn rotate(conn: &mut SqliteConnection, rotation: &RotateKey) -> Result<bool, Fault> {
    let account = rotation.new.account;
    if find(conn, account, rotation.new.id)?.is_some() {
        return Ok(true);
    }
    let Some(mut old) = find(conn, account, rotation.old)? else {
        return Ok(false);
    };
    if old.status != KeyStatus::Active {
        return Ok(false);
    }
    old.status = KeyStatus::Retiring(rotation.old_works_until);
    save(conn, &old)?;
    insert(conn, &rotation.new)?;
    audit::note(conn, &rotation.audit)?;
    Ok(true)
}
