use diesel::{Insertable, Queryable, Selectable};
use uuid::Uuid;
use vuzo_domain::id::AccountId;
use vuzo_domain::key::KeyHash;
use vuzo_domain::port::Change;

use crate::fault::{Place, RowFault};
use crate::schema::changes;

/// A row of `changes`, to be written.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
pub struct NewChangeRow {
    pub kind: &'static str,
    pub subject: Option<Vec<u8>>,
}

impl From<Change> for NewChangeRow {
    fn from(change: Change) -> Self {
        let (kind, subject) = match change {
            Change::Key(KeyHash(hash)) => ("key", Some(hash.to_vec())),
            Change::Account(account) => ("account", Some(account.uuid().as_bytes().to_vec())),
            Change::Catalog => ("catalog", None),
        };
        Self { kind, subject }
    }
}

/// A row of `changes`, as it was read.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = changes)]
pub struct ChangeRow {
    pub seq: i64,
    pub kind: String,
    pub subject: Option<Vec<u8>>,
}

impl TryFrom<&ChangeRow> for Change {
    type Error = RowFault;

    fn try_from(row: &ChangeRow) -> Result<Self, RowFault> {
        let place = Place::new("changes", &row.seq);
        let subject = row.subject.as_deref().unwrap_or_default();
        match row.kind.as_str() {
            "key" => Ok(Self::Key(KeyHash(place.hash("subject", subject)?))),
            "account" => place
                .valid("subject", Uuid::from_slice(subject))
                .map(|raw| Self::Account(AccountId::from_uuid(raw))),
            "catalog" => Ok(Self::Catalog),
            _ => place.known("kind", None),
        }
    }
}
