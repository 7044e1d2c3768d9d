use std::borrow::Cow;

use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use vuzo_domain::id::{AccountId, KeyId};
use vuzo_domain::key::{ApiKey, Environment, KeyHash, KeyStatus};
use vuzo_domain::time::Timestamp;
use vuzo_domain::wallet::Cap;

use crate::fault::{Place, RowFault};
use crate::json::{self, CapJson, LimitsJson, RestrictionsJson};
use crate::schema::api_keys;
use crate::types::RawId;

/// A row of `api_keys`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Identifiable, AsChangeset)]
#[diesel(
    table_name = api_keys,
    treat_none_as_default_value = false,
    treat_none_as_null = true
)]
pub struct ApiKeyRow {
    pub id: RawId,
    pub account_id: RawId,
    pub name: String,
    pub hash: Vec<u8>,
    pub prefix: String,
    pub environment: String,
    pub scopes: String,
    pub restrictions: String,
    pub spend_cap: Option<String>,
    pub limits: String,
    pub status: String,
    pub status_at: Option<i64>,
    pub replaces: Option<RawId>,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

impl From<&ApiKey> for ApiKeyRow {
    fn from(key: &ApiKey) -> Self {
        let (status, status_at) = match key.status {
            KeyStatus::Active => ("active", None),
            KeyStatus::Retiring(until) => ("retiring", Some(until.as_micros())),
            KeyStatus::Revoked(since) => ("revoked", Some(since.as_micros())),
        };
        Self {
            id: RawId(key.id.uuid()),
            account_id: RawId(key.account.uuid()),
            name: key.name.clone(),
            hash: key.hash.0.to_vec(),
            prefix: key.prefix.clone(),
            environment: key.environment.name().to_owned(),
            scopes: json::write_scopes(&key.scopes),
            restrictions: json::write(&RestrictionsJson::from(&key.restrictions)),
            spend_cap: key.spend_cap.map(|cap| json::write(&CapJson::from(&cap))),
            limits: json::write(&LimitsJson::from(&key.limits)),
            status: status.to_owned(),
            status_at,
            replaces: key.replaces.map(|replaced| RawId(replaced.uuid())),
            created_at: key.created_at.as_micros(),
            last_used_at: key.last_used_at.map(Timestamp::as_micros),
        }
    }
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = RowFault;

    fn try_from(row: ApiKeyRow) -> Result<Self, RowFault> {
        let id = KeyId::from_uuid(row.id.0);
        let place = Place::new("api_keys", &id);
        let scopes: Vec<Cow<'_, str>> = place.json("scopes", &row.scopes)?;
        let restrictions: RestrictionsJson = place.json("restrictions", &row.restrictions)?;
        Ok(Self {
            id,
            account: AccountId::from_uuid(row.account_id.0),
            hash: KeyHash(place.hash("hash", &row.hash)?),
            environment: place.known("environment", Environment::from_name(&row.environment))?,
            scopes: place.known("scopes", json::read_scopes(&scopes))?,
            restrictions: place.known("restrictions", restrictions.into_restrictions())?,
            spend_cap: read_cap(&place, row.spend_cap.as_deref())?,
            limits: place.json::<LimitsJson>("limits", &row.limits)?.into(),
            status: read_status(&place, &row.status, row.status_at)?,
            replaces: row.replaces.map(|RawId(raw)| KeyId::from_uuid(raw)),
            created_at: Timestamp::from_micros(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp::from_micros),
            name: row.name,
            prefix: row.prefix,
        })
    }
}

fn read_cap(place: &Place<'_>, text: Option<&str>) -> Result<Option<Cap>, RowFault> {
    let Some(text) = text else { return Ok(None) };
    let cap: CapJson<'_> = place.json("spend_cap", text)?;
    place.known("spend_cap", cap.to_cap()).map(Some)
}

fn read_status(place: &Place<'_>, name: &str, at: Option<i64>) -> Result<KeyStatus, RowFault> {
    let status = match (name, at.map(Timestamp::from_micros)) {
        ("active", None) => Some(KeyStatus::Active),
        ("retiring", Some(until)) => Some(KeyStatus::Retiring(until)),
        ("revoked", Some(since)) => Some(KeyStatus::Revoked(since)),
        _ => None,
    };
    place.known("status", status)
}
