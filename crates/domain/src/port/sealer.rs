use crate::provider_key::Sealed;
use crate::secret::Secret;
use crate::time::Timestamp;

/// There is no key to seal with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no key to seal secrets with")]
pub struct NoSealingKey;

/// Closes secrets so that they can be stored, and opens them again.
///
/// There may be several keys, so that one can take another's place: the first seals,
/// and all of them open.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Sealer: Send + Sync + 'static {
    /// Seals a secret under the first key. MUST give another text every time, and MUST
    /// make every change of the text detectable.
    fn seal(&self, secret: &Secret, at: Timestamp) -> Result<Sealed, NoSealingKey>;

    /// Opens what was sealed under any of the keys; `None` if none of them fits or the
    /// text was changed.
    fn open(&self, sealed: &Sealed) -> Option<Secret>;

    /// Whether it was sealed under the first key.
    fn is_current(&self, sealed: &Sealed) -> bool;
}
