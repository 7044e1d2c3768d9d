use async_trait::async_trait;
use diesel::dsl::auto_type;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::FutureExt as _;
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::{ApiKey, KeyHash, KeyHolder, KeyStatus};
use vuzo_domain::port::{
    AuditEntry, Change, KeyChange, Keys, NewKey, Page, PageRequest, RotateKey, Unavailable,
};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::CapScope;
use vuzo_sql::rows::{AccountRow, ApiKeyRow};
use vuzo_sql::schema::{accounts, api_keys};
use vuzo_sql::{RawId, Uid};

use crate::database::{Fault, Scope};
use crate::{PgStore, audit, changes, page, spend};

/// Notes the latest use of many keys at once. The rows are locked in the order of
/// their ids, so that instances with the same keys in another order do not block each
/// other for ever.
const TOUCH: &str = "WITH news AS ( \
         SELECT id, max(at) AS at FROM unnest($1, $2) AS news (id, at) GROUP BY id \
     ), older AS ( \
         SELECT api_keys.id, news.at FROM api_keys JOIN news ON news.id = api_keys.id \
         WHERE api_keys.last_used_at IS NULL OR api_keys.last_used_at < news.at \
         ORDER BY api_keys.id FOR NO KEY UPDATE OF api_keys \
     ) \
     UPDATE api_keys SET last_used_at = older.at FROM older WHERE api_keys.id = older.id";

struct Revocation {
    account: AccountId,
    key: KeyId,
    at: Timestamp,
    audit: AuditEntry,
}

#[async_trait]
impl Keys for PgStore {
    async fn add_key(&self, new: NewKey) -> Result<(), Unavailable> {
        let scope = Scope::Account(new.key.account);
        self.database()
            .transact("add_key", scope, new, |conn, new| add(conn, new).boxed())
            .await
    }

    async fn find_key_by_hash(&self, hash: KeyHash) -> Result<Option<KeyHolder>, Unavailable> {
        self.database()
            .read("find_key_by_hash", Scope::Everything, hash, |conn, hash| {
                find_by_hash(conn, hash).boxed()
            })
            .await
    }

    async fn find_key(
        &self,
        account: AccountId,
        key: KeyId,
    ) -> Result<Option<ApiKey>, Unavailable> {
        let scope = Scope::Account(account);
        self.database()
            .read("find_key", scope, (account, key), |conn, input| {
                find(conn, input.0, input.1).boxed()
            })
            .await
    }

    async fn list_keys(
        &self,
        account: AccountId,
        page: PageRequest,
    ) -> Result<Page<ApiKey>, Unavailable> {
        let scope = Scope::Account(account);
        self.database()
            .read("list_keys", scope, (account, page), |conn, input| {
                list(conn, input.0, &input.1).boxed()
            })
            .await
    }

    async fn update_key(&self, change: KeyChange) -> Result<Option<ApiKey>, Unavailable> {
        let scope = Scope::Account(change.account);
        self.database()
            .transact("update_key", scope, change, |conn, change| {
                update(conn, change).boxed()
            })
            .await
    }

    async fn revoke_key(
        &self,
        account: AccountId,
        key: KeyId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<bool, Unavailable> {
        let revocation = Revocation {
            account,
            key,
            at,
            audit,
        };
        let scope = Scope::Account(account);
        self.database()
            .transact("revoke_key", scope, revocation, |conn, revocation| {
                revoke(conn, revocation).boxed()
            })
            .await
    }

    async fn rotate_key(&self, rotation: RotateKey) -> Result<bool, Unavailable> {
        let scope = Scope::Account(rotation.new.account);
        self.database()
            .transact("rotate_key", scope, rotation, |conn, rotation| {
                rotate(conn, rotation).boxed()
            })
            .await
    }

    async fn touch_keys(&self, used: Vec<(KeyId, Timestamp)>) -> Result<(), Unavailable> {
        self.database()
            .transact("touch_keys", Scope::Everything, used, |conn, used| {
                touch(conn, used).boxed()
            })
            .await
    }
}

#[auto_type]
fn place(account: RawId, key: RawId) -> _ {
    api_keys::table
        .filter(api_keys::id.eq(key))
        .filter(api_keys::account_id.eq(account))
}

async fn find(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    key: KeyId,
) -> Result<Option<ApiKey>, Fault<Unavailable>> {
    let row = place(RawId(account.uuid()), RawId(key.uuid()))
        .select(ApiKeyRow::as_select())
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(ApiKey::try_from).transpose()?)
}

/// A key that nobody else changes until the transaction ends.
async fn lock(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    key: KeyId,
) -> Result<Option<ApiKey>, Fault<Unavailable>> {
    let row = place(RawId(account.uuid()), RawId(key.uuid()))
        .select(ApiKeyRow::as_select())
        .for_no_key_update()
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(ApiKey::try_from).transpose()?)
}

/// The hottest of all reads: one statement, whose plan the connection keeps.
async fn find_by_hash(
    conn: &mut AsyncPgConnection,
    hash: &KeyHash,
) -> Result<Option<KeyHolder>, Fault<Unavailable>> {
    let found: Option<(ApiKeyRow, AccountRow)> = api_keys::table
        .inner_join(accounts::table.on(accounts::id.eq(api_keys::account_id)))
        .filter(api_keys::hash.eq(hash.0.as_slice()))
        .select((ApiKeyRow::as_select(), AccountRow::as_select()))
        .get_result(conn)
        .await
        .optional()?;
    let Some((key, account)) = found else {
        return Ok(None);
    };
    Ok(Some(KeyHolder {
        key: key.try_into()?,
        account: account.try_into()?,
    }))
}

async fn list(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    page: &PageRequest,
) -> Result<Page<ApiKey>, Fault<Unavailable>> {
    let mut query = api_keys::table
        .filter(api_keys::account_id.eq(RawId(account.uuid())))
        .order(api_keys::id.desc())
        .limit(page::limit(page))
        .offset(page::offset(page))
        .select(ApiKeyRow::as_select())
        .into_boxed();
    if let Some(before) = page.before {
        query = query.filter(api_keys::id.lt(RawId(before)));
    }
    let rows: Vec<ApiKeyRow> = query.load(conn).await?;
    page::cut(rows, page, ApiKey::try_from)
}

async fn add(conn: &mut AsyncPgConnection, new: &NewKey) -> Result<(), Fault<Unavailable>> {
    if insert(conn, &new.key).await? {
        audit::as_operator(conn).await?;
        audit::note(conn, &new.audit).await?;
    }
    Ok(())
}

/// Keeps a key that is not there yet. `false` if it is.
async fn insert(conn: &mut AsyncPgConnection, key: &ApiKey) -> QueryResult<bool> {
    let written = diesel::insert_into(api_keys::table)
        .values(ApiKeyRow::from(key))
        .on_conflict(api_keys::id)
        .do_nothing()
        .execute(conn)
        .await?;
    if written > 0 {
        changes::announce(conn, Change::Key(key.hash)).await?;
    }
    Ok(written > 0)
}

/// Writes a key that is there, and tells those who may hold a copy.
async fn save(conn: &mut AsyncPgConnection, key: &ApiKey) -> QueryResult<()> {
    let row = ApiKeyRow::from(key);
    diesel::update(place(row.account_id, row.id))
        .set(&row)
        .execute(conn)
        .await?;
    changes::announce(conn, Change::Key(key.hash)).await
}

async fn update(
    conn: &mut AsyncPgConnection,
    change: &KeyChange,
) -> Result<Option<ApiKey>, Fault<Unavailable>> {
    let Some(old) = lock(conn, change.account, change.key).await? else {
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
    save(conn, &key).await?;
    audit::as_operator(conn).await?;
    spend::begin(
        conn,
        key.account,
        CapScope::Key(key.id),
        old.spend_cap.as_slice(),
        key.spend_cap.as_slice(),
        change.audit.at,
    )
    .await?;
    audit::note(conn, &change.audit).await?;
    Ok(Some(key))
}

async fn revoke(
    conn: &mut AsyncPgConnection,
    revocation: &Revocation,
) -> Result<bool, Fault<Unavailable>> {
    let Some(mut key) = lock(conn, revocation.account, revocation.key).await? else {
        return Ok(false);
    };
    if matches!(key.status, KeyStatus::Revoked(_)) {
        return Ok(true);
    }
    key.status = KeyStatus::Revoked(revocation.at);
    save(conn, &key).await?;
    audit::as_operator(conn).await?;
    audit::note(conn, &revocation.audit).await?;
    Ok(true)
}

/// The old key is locked before anything is decided, so that of several that want
/// its place one gets it.
async fn rotate(
    conn: &mut AsyncPgConnection,
    rotation: &RotateKey,
) -> Result<bool, Fault<Unavailable>> {
    let account = rotation.new.account;
    let old = lock(conn, account, rotation.old).await?;
    if find(conn, account, rotation.new.id).await?.is_some() {
        return Ok(true);
    }
    let Some(mut old) = old.filter(|old| old.status == KeyStatus::Active) else {
        return Ok(false);
    };
    old.status = KeyStatus::Retiring(rotation.old_works_until);
    save(conn, &old).await?;
    insert(conn, &rotation.new).await?;
    audit::as_operator(conn).await?;
    audit::note(conn, &rotation.audit).await?;
    Ok(true)
}

async fn touch(
    conn: &mut AsyncPgConnection,
    used: &[(KeyId, Timestamp)],
) -> Result<(), Fault<Unavailable>> {
    if used.is_empty() {
        return Ok(());
    }
    let keys: Vec<RawId> = used.iter().map(|(key, _)| RawId(key.uuid())).collect();
    let times: Vec<i64> = used.iter().map(|(_, at)| at.as_micros()).collect();
    diesel::sql_query(TOUCH)
        .bind::<Array<Uid>, _>(keys)
        .bind::<Array<BigInt>, _>(times)
        .execute(conn)
        .await?;
    Ok(())
}
