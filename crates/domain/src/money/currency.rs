use core::fmt;
use core::str::FromStr;

use super::{Units, format_scaled};

/// A currency that Vuzo keeps accounts in, by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
}

/// The code is not one that Vuzo keeps accounts in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a supported currency; use an ISO 4217 code such as USD")]
pub struct UnknownCurrency(pub String);

/// Codes with the decimals that people write and the decimals that we keep.
///
/// Dollar-like currencies keep nine, so that a price per million tokens with three
/// decimals is exact per token; currencies whose unit is worth far less keep six.
const TABLE: &[([u8; 3], u32, u32)] = &[
    (*b"USD", 2, 9),
    (*b"EUR", 2, 9),
    (*b"GBP", 2, 9),
    (*b"CHF", 2, 9),
    (*b"CAD", 2, 9),
    (*b"AUD", 2, 9),
    (*b"NZD", 2, 9),
    (*b"SGD", 2, 9),
    (*b"HKD", 2, 9),
    (*b"SEK", 2, 9),
    (*b"NOK", 2, 9),
    (*b"DKK", 2, 9),
    (*b"PLN", 2, 9),
    (*b"BRL", 2, 9),
    (*b"MXN", 2, 9),
    (*b"AED", 2, 9),
    (*b"ZAR", 2, 9),
    (*b"INR", 2, 9),
    (*b"CNY", 2, 9),
    (*b"TRY", 2, 9),
    (*b"GHS", 2, 9),
    (*b"KWD", 3, 9),
    (*b"KES", 2, 6),
    (*b"NGN", 2, 6),
    (*b"UGX", 0, 6),
    (*b"TZS", 2, 6),
    (*b"RWF", 0, 6),
    (*b"XOF", 0, 6),
    (*b"XAF", 0, 6),
    (*b"JPY", 0, 6),
    (*b"KRW", 0, 6),
    (*b"IDR", 2, 6),
    (*b"VND", 0, 6),
];

impl Currency {
    /// The US dollar, in which usage is priced.
    pub const USD: Self = Self { code: *b"USD" };

    fn row(self) -> (u32, u32) {
        TABLE
            .iter()
            .find(|(code, ..)| *code == self.code)
            .map_or((2, 9), |(_, written, kept)| (*written, *kept))
    }

    /// How many decimals an amount of this currency keeps.
    pub fn scale(self) -> u32 {
        if self == Self::USD { 9 } else { self.row().1 }
    }

    /// How many decimals people and payment processors write.
    pub fn minor_digits(self) -> u32 {
        self.row().0
    }

    /// The ISO code.
    pub fn code(&self) -> &str {
        // The table holds ASCII only, and nothing else can build a value.
        core::str::from_utf8(&self.code).unwrap_or("USD")
    }

    /// An amount as an exact decimal string with at least the customary decimals.
    pub fn format(self, units: Units) -> String {
        format_scaled(i128::from(units.0), self.scale(), self.minor_digits())
    }

    /// Every supported currency.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(code, ..)| Self { code: *code })
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.to_ascii_uppercase();
        TABLE
            .iter()
            .find(|(code, ..)| code.as_slice() == upper.as_bytes())
            .map(|(code, ..)| Self { code: *code })
            .ok_or_else(|| UnknownCurrency(text.chars().take(16).collect()))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}
