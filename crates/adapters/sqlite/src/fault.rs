use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use vuzo_domain::money::Overflow;
use vuzo_domain::port::Unavailable;
use vuzo_domain::wallet::LedgerFault;
use vuzo_sql::RowFault;

/// What can go wrong inside the store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the database refused a statement")]
    Query(#[from] QueryError),
    #[error("the database file could not be opened")]
    Connect(#[from] diesel::ConnectionError),
    #[error(transparent)]
    Row(#[from] RowFault),
    #[error(transparent)]
    Ledger(#[from] LedgerFault),
    #[error(transparent)]
    Overflow(#[from] Overflow),
    #[error("{0}")]
    Refused(&'static str),
    #[error("the writer's queue is full")]
    QueueFull,
    #[error("the writer has stopped")]
    WriterGone,
    #[error("a read was broken off")]
    ReadAborted,
    #[error("the migrations could not be applied: {0}")]
    Migration(String),
}

impl Fault {
    /// Whether it is one command's own: another one may still succeed.
    pub(crate) fn is_of_one_command(&self) -> bool {
        match self {
            Self::Query(QueryError::DatabaseError(kind, _)) => matches!(
                kind,
                DatabaseErrorKind::UniqueViolation
                    | DatabaseErrorKind::ForeignKeyViolation
                    | DatabaseErrorKind::NotNullViolation
                    | DatabaseErrorKind::CheckViolation
            ),
            Self::Query(
                QueryError::DeserializationError(_) | QueryError::SerializationError(_),
            )
            | Self::Row(_)
            | Self::Ledger(_)
            | Self::Overflow(_)
            | Self::Refused(_) => true,
            _ => false,
        }
    }

    pub(crate) fn into_unavailable(self, operation: &'static str) -> Unavailable {
        Unavailable::new(operation, self)
    }
}

/// The same trouble for every command of a batch.
pub(crate) fn shared(operation: &'static str, fault: &Arc<Fault>) -> Unavailable {
    Unavailable::new(operation, Arc::clone(fault))
}

/// How a command ends when it does not succeed.
#[derive(Debug)]
pub(crate) enum Failure<E> {
    /// Refused by a rule. Nothing was written.
    Refused(E),
    /// The store broke. What was written is rolled back.
    Broken(Fault),
}

impl<E, F: Into<Fault>> From<F> for Failure<E> {
    fn from(fault: F) -> Self {
        Self::Broken(fault.into())
    }
}
