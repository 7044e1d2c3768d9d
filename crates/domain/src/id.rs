//! Typed ids: a time-ordered UUID inside, a prefixed word outside (`key_…`).

use core::fmt;
use core::str::FromStr;

use uuid::Uuid;

/// The text is not an id of the kind that was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id; expected {prefix} followed by 32 hexadecimal digits")]
pub struct InvalidId {
    prefix: &'static str,
}

macro_rules! id_kinds {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Gives a raw id its kind.
            pub const fn from_uuid(raw: Uuid) -> Self {
                Self(raw)
            }

            /// The raw id.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}{}", Self::PREFIX, self.0.as_simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, formatter)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = || InvalidId { prefix: Self::PREFIX };
                let digits = text.strip_prefix(Self::PREFIX).ok_or_else(invalid)?;
                if digits.len() != 32 || digits.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(invalid());
                }
                Uuid::try_parse(digits).map(Self).map_err(|_syntax| invalid())
            }
        }
    )*};
}

// Append only: a prefix that was once given out keeps its meaning.
id_kinds! {
    /// A person.
    UserId = "usr_";
    /// A customer: the tenant that owns keys, wallets and usage.
    AccountId = "acc_";
    /// An API key.
    KeyId = "key_";
    /// One metered call, and its receipt.
    GenerationId = "gen_";
    /// Money held for one call. It shares its UUID with the generation.
    HoldId = "hold_";
    /// One transfer of the ledger.
    TransferId = "txn_";
    /// One account of the ledger.
    LedgerAccountId = "led_";
    /// A pricing rule.
    RuleId = "rul_";
    /// A session: one family of refresh tokens.
    SessionId = "ses_";
    /// A key of the operator at a provider.
    ProviderKeyId = "pvk_";
    /// One row of the audit log.
    AuditId = "aud_";
    /// One request, as it is named in logs and headers.
    RequestId = "req_";
}

impl GenerationId {
    /// The hold of this call.
    pub const fn hold(self) -> HoldId {
        HoldId::from_uuid(self.uuid())
    }
}

impl HoldId {
    /// The call that this hold is for.
    pub const fn generation(self) -> GenerationId {
        GenerationId::from_uuid(self.uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_refuse_other_kinds() {
        let id = KeyId::from_uuid(Uuid::from_u128(0x0123_4567_89ab_cdef));
        assert_eq!(id.to_string(), "key_00000000000000000123456789abcdef");
        assert_eq!(id.to_string().parse::<KeyId>(), Ok(id));
        assert!(id.to_string().parse::<UserId>().is_err());
        for bad in [
            "key_",
            "key_0",
            "KEY_00000000000000000123456789abcdef",
            "key_00000000000000000123456789ABCDEF",
            "key_00000000-0000-0000-0123-456789abcdef",
        ] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
    }
}
