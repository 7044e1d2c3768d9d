//! Amounts of money as integers: units of a currency at that currency's scale.
//!
//! Nothing here rounds silently. Whoever divides names the direction, and every
//! operation that could overflow returns an error instead of wrapping.

mod currency;
mod fx;
mod parse;

pub use currency::{Currency, UnknownCurrency};
pub use fx::{BasisPoints, FxRate};
pub use parse::{AmountSyntax, format_scaled, parse_scaled};

use core::fmt;

/// An amount in the smallest units that we keep of some currency.
///
/// A US dollar has 10⁹ of them, so an `i64` carries about ±9.2 billion dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Units(pub i64);

/// The result does not fit the integers that money is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount is outside the range that can be kept")]
pub struct Overflow;

impl Units {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most that can be kept.
    pub const MAX: Self = Self(i64::MAX);

    /// `self + other`, or [`Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// `self − other`, or [`Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// The same amount with the opposite sign, or [`Overflow`].
    pub fn negated(self) -> Result<Self, Overflow> {
        self.0.checked_neg().map(Self).ok_or(Overflow)
    }

    /// `self − other`, pinned to the representable range.
    #[must_use]
    pub fn saturating_minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `self + other`, pinned to the representable range.
    #[must_use]
    pub fn saturating_plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Adds up a sequence, or [`Overflow`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Whether this is more than nothing.
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Brings a wider intermediate result back, or [`Overflow`].
    pub fn narrow(wide: i128) -> Result<Self, Overflow> {
        i64::try_from(wide)
            .map(Self)
            .map_err(|_out_of_range| Overflow)
    }
}

/// An amount together with its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// How much.
    pub units: Units,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// An amount of a currency.
    pub const fn new(units: Units, currency: Currency) -> Self {
        Self { units, currency }
    }

    /// Reads a decimal string such as `12.50` exactly; more decimals than the
    /// currency keeps are refused rather than rounded.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountSyntax> {
        parse_scaled(text, currency.scale())
            .and_then(|wide| Units::narrow(wide).map_err(|Overflow| AmountSyntax::TooLarge))
            .map(|units| Self { units, currency })
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.currency.format(self.units))
    }
}

#[cfg(test)]
mod tests;
