//! What the commands of one transaction share: everything they ask for is locked and
//! read at once, decided on in memory, and written at once, however many there are.
//! Nothing outlives the transaction, since other instances write to the same rows.

mod books;
mod calls;
mod claims;
mod counters;
mod holds;
mod load;
mod save;
mod wants;

pub(crate) use books::{Books, count_wallets};
pub(crate) use calls::Calls;
pub(crate) use claims::Claims;
pub(crate) use counters::{Counters, read_counters};
pub(crate) use holds::Holds;
pub(crate) use load::load;
pub(crate) use save::Changes;
pub(crate) use wants::Wants;

use core::error::Error;

use diesel::result::Error as QueryError;
use vuzo_domain::port::Unavailable;

use crate::database::Fault;

/// The rows of one transaction. `'job` is how long its commands live: what they bring
/// along is written without being copied.
#[derive(Default)]
pub(crate) struct Batch<'job> {
    pub(crate) books: Books,
    pub(crate) counters: Counters,
    pub(crate) holds: Holds,
    pub(crate) claims: Claims<'job>,
    pub(crate) calls: Calls<'job>,
    /// Whether the same commands were committed before, by an attempt whose outcome
    /// nobody knows.
    pub(crate) is_resent: bool,
}

/// Why a transaction did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// The command at this place cannot be done.
    #[error("a command cannot be done")]
    At(usize, #[source] Box<dyn Error + Send + Sync>),
    /// Another instance wrote the same rows where there is nothing to lock.
    #[error("another instance was quicker")]
    Raced,
    /// The database refused a statement.
    #[error("the database refused a statement")]
    Query(#[from] QueryError),
    /// A row contradicts the model.
    #[error("the rows of a batch cannot be read")]
    Rows(#[source] Box<dyn Error + Send + Sync>),
}

impl From<Fault<Unavailable>> for Broken {
    fn from(fault: Fault<Unavailable>) -> Self {
        match fault {
            Fault::Query(fault) => Self::Query(fault),
            Fault::Broken(fault) => Self::Rows(fault),
            Fault::Refused(refusal) => Self::Rows(Box::new(refusal)),
        }
    }
}
