use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::id::ProviderKeyId;
use vuzo_domain::provider_key::{ProviderKey, ProviderKeyStatus, Sealed};
use vuzo_domain::time::Timestamp;

use crate::fault::{Place, RowFault};
use crate::schema::provider_keys;
use crate::types::RawId;

/// A row of `provider_keys`.
#[derive(Clone, Queryable, Selectable, Insertable, Identifiable, AsChangeset)]
#[diesel(table_name = provider_keys, treat_none_as_default_value = false)]
#[diesel(treat_none_as_null = true)]
pub struct ProviderKeyRow {
    pub id: RawId,
    pub provider: String,
    pub name: String,
    pub sealed: String,
    pub hint: String,
    pub weight: i64,
    pub priority: i32,
    pub status: String,
    pub created_at: i64,
    pub last_error: Option<String>,
}

impl From<&ProviderKey> for ProviderKeyRow {
    fn from(key: &ProviderKey) -> Self {
        Self {
            id: RawId(key.id.uuid()),
            provider: key.provider.as_str().to_owned(),
            name: key.name.clone(),
            sealed: key.sealed.as_text().to_owned(),
            hint: key.hint.clone(),
            weight: i64::from(key.weight),
            priority: key.priority,
            status: key.status.name().to_owned(),
            created_at: key.created_at.as_micros(),
            last_error: key.last_error.clone(),
        }
    }
}

impl TryFrom<ProviderKeyRow> for ProviderKey {
    type Error = RowFault;

    fn try_from(row: ProviderKeyRow) -> Result<Self, RowFault> {
        let id = ProviderKeyId::from_uuid(row.id.0);
        let place = Place::new("provider_keys", &id);
        Ok(Self {
            id,
            provider: place.valid("provider", ProviderId::new(&row.provider))?,
            weight: place.valid("weight", u32::try_from(row.weight))?,
            status: place.known("status", ProviderKeyStatus::from_name(&row.status))?,
            name: row.name,
            sealed: Sealed::from_text(row.sealed),
            hint: row.hint,
            priority: row.priority,
            created_at: Timestamp::from_micros(row.created_at),
            last_error: row.last_error,
        })
    }
}
