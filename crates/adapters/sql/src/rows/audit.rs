use diesel::{Identifiable, Insertable, Queryable, Selectable};
use vuzo_domain::id::{AuditId, KeyId, UserId};
use vuzo_domain::port::{Actor, AuditEntry};
use vuzo_domain::time::Timestamp;

use crate::fault::{Place, RowFault};
use crate::schema::audit_log;
use crate::types::RawId;

/// A row of `audit_log`.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, Identifiable)]
#[diesel(table_name = audit_log, treat_none_as_default_value = false)]
pub struct AuditRow {
    pub id: RawId,
    pub actor: String,
    pub actor_id: Option<RawId>,
    pub action: String,
    pub target: String,
    pub detail: String,
    pub created_at: i64,
}

impl From<&AuditEntry> for AuditRow {
    fn from(entry: &AuditEntry) -> Self {
        let (actor, actor_id) = match entry.actor {
            Actor::System => ("system", None),
            Actor::AdminKey => ("admin_key", None),
            Actor::User(user) => ("user", Some(RawId(user.uuid()))),
            Actor::Key(key) => ("key", Some(RawId(key.uuid()))),
            Actor::CommandLine => ("command_line", None),
        };
        Self {
            id: RawId(entry.id.uuid()),
            actor: actor.to_owned(),
            actor_id,
            action: entry.action.clone(),
            target: entry.target.clone(),
            detail: entry.detail.clone(),
            created_at: entry.at.as_micros(),
        }
    }
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = RowFault;

    fn try_from(row: AuditRow) -> Result<Self, RowFault> {
        let id = AuditId::from_uuid(row.id.0);
        let actor = match (row.actor.as_str(), row.actor_id) {
            ("system", None) => Some(Actor::System),
            ("admin_key", None) => Some(Actor::AdminKey),
            ("user", Some(RawId(raw))) => Some(Actor::User(UserId::from_uuid(raw))),
            ("key", Some(RawId(raw))) => Some(Actor::Key(KeyId::from_uuid(raw))),
            ("command_line", None) => Some(Actor::CommandLine),
            _ => None,
        };
        let place = Place::new("audit_log", &id);
        Ok(Self {
            id,
            actor: place.known("actor", actor)?,
            action: row.action,
            target: row.target,
            detail: row.detail,
            at: Timestamp::from_micros(row.created_at),
        })
    }
}
