use vuzo_domain::catalog::ModelId;
use vuzo_domain::port::Unavailable;

/// Why the operator's wish is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is nothing of that id.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for: `account`, `model`, `pricing rule`.
        what: &'static str,
    },
    /// A value that cannot be taken.
    #[error("{field} {why}")]
    Invalid {
        /// Which value, by its name on the wire.
        field: &'static str,
        /// What is asked of it.
        why: &'static str,
    },
    /// A name by which another model is found.
    #[error("{name} is a name of another model")]
    NameTaken {
        /// The name.
        name: ModelId,
    },
    /// The idempotency key was used for another credit.
    #[error("this idempotency key was used with another request")]
    KeyMismatch,
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl OperatorError {
    pub(super) const fn invalid(field: &'static str, why: &'static str) -> Self {
        Self::Invalid { field, why }
    }
}
