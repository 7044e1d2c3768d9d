use super::catalogue::Jump;
use vuzo_domain::catalog::ModelId;
use vuzo_domain::port::{NoSealingKey, Unavailable};

/// Why the operator's wish is not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is nothing of that id.
    #[error("there is no such {what}")]
    NotFound {
        /// What was looked for: `account`, `model`, `pricing rule`, `provider key`.
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
    /// A value of one of many models that cannot be taken.
    #[error("models[{index}].{field} {why}")]
    InvalidModel {
        /// Which model, counted from 0.
        index: usize,
        /// Which value of it.
        field: &'static str,
        /// What is asked of it.
        why: &'static str,
    },
    /// Prices that changed by more than half, which the import does not allow.
    #[error("{} prices change by more than half: look at them, and allow jumps if they are right", .0.len())]
    PriceJumps(Vec<Jump>),
    /// A name by which another model is found.
    #[error("{name} is a name of another model")]
    NameTaken {
        /// The name.
        name: ModelId,
    },
    /// The idempotency key was used for another credit.
    #[error("this idempotency key was used with another request")]
    KeyMismatch,
    /// Nothing can be stored sealed.
    #[error("provider keys cannot be stored: PROVIDER_ENCRYPTION_KEY is not set")]
    NoSealingKey(#[from] NoSealingKey),
    /// The store is.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl OperatorError {
    pub(super) const fn invalid(field: &'static str, why: &'static str) -> Self {
        Self::Invalid { field, why }
    }

    /// The same complaint about one of many models.
    pub(super) fn of_model(self, index: usize) -> Self {
        match self {
            Self::Invalid { field, why } => Self::InvalidModel { index, field, why },
            other => other,
        }
    }
}
