//! The operator's keys at providers, as they are stored: sealed.

use core::fmt;

use crate::catalog::ProviderId;
use crate::id::ProviderKeyId;
use crate::secret::Secret;
use crate::time::Timestamp;

/// A secret that only the holder of the sealing key can read. It does not show where
/// it is formatted all the same: whoever has the sealing key reads old logs, too.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

impl Sealed {
    /// Takes the text of a sealed secret, as it was stored.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to store.
    pub fn as_text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[sealed]")
    }
}

/// Whether a stored key takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKeyStatus {
    /// Calls are made with it.
    Active,
    /// It is kept, and no call is made with it.
    Disabled,
}

impl ProviderKeyStatus {
    /// Every status with its name on the wire.
    pub const NAMES: [(Self, &'static str); 2] =
        [(Self::Active, "active"), (Self::Disabled, "disabled")];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(status, _)| *status)
    }
}

/// A key of the operator at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderKey {
    /// Its id.
    pub id: ProviderKeyId,
    /// At which provider.
    pub provider: ProviderId,
    /// What the operator calls it.
    pub name: String,
    /// The secret.
    pub sealed: Sealed,
    /// What may be shown of the secret, so that the operator knows it again.
    pub hint: String,
    /// Its share of the calls among the keys of the same priority. With 0 it only
    /// stands in for the others.
    pub weight: u32,
    /// Keys of a lower priority wait until those of a higher one cannot be used.
    pub priority: i32,
    /// Whether it takes part.
    pub status: ProviderKeyStatus,
    /// When it was stored.
    pub created_at: Timestamp,
    /// What the provider said when it last refused the key, until it is used again.
    pub last_error: Option<String>,
}

impl ProviderKey {
    /// The weight of a key of which nothing else is said, as with models.
    pub const USUAL_WEIGHT: u32 = 100;

    /// No key weighs more.
    pub const MOST_WEIGHT: u32 = 10_000;
}

/// A secret of fewer characters is not hinted at: four of them would be too many.
const SHORTEST_WITH_HINT: usize = 16;
const HINT: usize = 4;

/// What may be shown of a secret: an ellipsis and its last four characters.
pub fn hint(secret: &Secret) -> String {
    let letters: Vec<char> = secret.expose().chars().collect();
    let shown = letters.len().checked_sub(HINT);
    let tail = shown
        .filter(|_| letters.len() >= SHORTEST_WITH_HINT)
        .and_then(|from| letters.get(from..))
        .unwrap_or_default();
    core::iter::once(&'…').chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_shows_four_characters_of_a_long_secret() {
        for (secret, expected) in [
            ("sk-proj-0123456789abcdef", "…cdef"),
            ("0123456789abcdef", "…cdef"),
            ("0123456789abcde", "…"),
            ("", "…"),
        ] {
            assert_eq!(hint(&Secret::new(secret)), expected, "{secret}");
        }
    }

    #[test]
    fn nothing_secret_is_formatted() {
        assert_eq!(format!("{:?}", Sealed::from_text("gAAAA")), "[sealed]");
    }
}
