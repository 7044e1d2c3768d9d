use super::Rate;
use crate::money::{BasisPoints, Currency, Overflow, Units, format_scaled};

/// An amount that nothing has been rounded off yet: units times 10¹⁰, since a rate
/// is per 10⁶ tokens and a markup is per 10⁴.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(i128);

impl Exact {
    const PER_UNIT: i128 = 10_000_000_000;
    const EXTRA_DIGITS: u32 = 10;

    /// A whole number of units.
    pub fn from_units(units: Units) -> Self {
        // An i64 times 10^10 is far inside an i128.
        Self(i128::from(units.0).saturating_mul(Self::PER_UNIT))
    }

    /// The amount as the integer that it is kept as, for a store.
    pub const fn to_raw(self) -> i128 {
        self.0
    }

    /// An amount that a store kept, from [`Exact::to_raw`].
    pub const fn from_raw(raw: i128) -> Self {
        Self(raw)
    }

    /// `quantity × rate ÷ per × (1 + markup)`.
    pub fn of(quantity: u64, rate: Rate, per: u64, markup: BasisPoints) -> Result<Self, Overflow> {
        let scale = Self::PER_UNIT
            .checked_div(
                i128::from(per)
                    .checked_mul(i128::from(BasisPoints::ONE))
                    .ok_or(Overflow)?,
            )
            .ok_or(Overflow)?;
        i128::from(quantity)
            .checked_mul(i128::from(rate.units()))
            .and_then(|value| value.checked_mul(markup.factor()))
            .and_then(|value| value.checked_mul(scale))
            .map(Self)
            .ok_or(Overflow)
    }

    /// `self + other`, or [`Overflow`].
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// `self − other`, or [`Overflow`].
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// The next whole number of units.
    pub fn round_up(self) -> Result<Units, Overflow> {
        let whole = self.0.checked_div_euclid(Self::PER_UNIT).ok_or(Overflow)?;
        let part = self.0.checked_rem_euclid(Self::PER_UNIT).ok_or(Overflow)?;
        Units::narrow(whole.checked_add(i128::from(part > 0)).ok_or(Overflow)?)
    }

    /// As a decimal string with every digit.
    pub fn format(self, currency: Currency) -> String {
        let scale = currency.scale().saturating_add(Self::EXTRA_DIGITS);
        format_scaled(self.0, scale, currency.minor_digits())
    }
}

/// What a line of a receipt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A priced dimension.
    Usage(super::Dimension),
    /// The rule's fixed fee.
    FixedFee,
    /// What lifts the call to the rule's minimum.
    Minimum,
    /// What completes the last unit: the one rounding of the call.
    Rounding,
    /// The share of a call's cost that is charged where its answer is given again: so
    /// many hundredths of it.
    CacheHit,
}

impl LineKind {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage(dimension) => dimension.name(),
            Self::FixedFee => "fixed_fee",
            Self::Minimum => "minimum",
            Self::Rounding => "rounding",
            Self::CacheHit => "cache_hit",
        }
    }
}

/// One line: `cost = quantity × unit_price ÷ per × (1 + markup)`, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// What for.
    pub kind: LineKind,
    /// How many.
    pub quantity: u64,
    /// The price of `per` of them before the markup.
    pub unit_price: Rate,
    /// How many the unit price buys.
    pub per: u64,
    /// The markup on this line.
    pub markup: BasisPoints,
    /// What it comes to.
    pub cost: Exact,
}

/// What a call costs, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The currency of every line.
    pub currency: Currency,
    /// The lines; their sum is `total` to the last digit.
    pub lines: Vec<Line>,
    /// The charge: rounded up once.
    pub total: Units,
}

impl Receipt {
    /// A receipt over nothing.
    pub const fn free(currency: Currency) -> Self {
        Self {
            currency,
            lines: Vec::new(),
            total: Units::ZERO,
        }
    }

    /// A receipt over an answer that is given again: so many hundredths of what the
    /// call cost that it was made for, and nothing for none.
    pub fn of_cache_hit(currency: Currency, cost: Units, percent: u8) -> Result<Self, Overflow> {
        const HUNDREDTHS: u64 = 100;
        let quantity = u64::from(percent);
        let unit_price = u64::try_from(cost.0).ok().and_then(Rate::from_units);
        let unit_price = unit_price.ok_or(Overflow)?;
        if quantity == 0 || unit_price == Rate::default() {
            return Ok(Self::free(currency));
        }
        let markup = BasisPoints::default();
        let line = Line {
            kind: LineKind::CacheHit,
            quantity,
            unit_price,
            per: HUNDREDTHS,
            markup,
            cost: Exact::of(quantity, unit_price, HUNDREDTHS, markup)?,
        };
        Self::close(currency, vec![line])
    }

    pub(super) fn close(currency: Currency, mut lines: Vec<Line>) -> Result<Self, Overflow> {
        let sum = lines
            .iter()
            .try_fold(Exact::default(), |sum, line| sum.plus(line.cost))?;
        let total = sum.round_up()?;
        let missing = Exact::from_units(total).minus(sum)?;
        if missing != Exact::default() {
            lines.push(Line::plain(LineKind::Rounding, missing));
        }
        Ok(Self {
            currency,
            lines,
            total,
        })
    }
}

impl Line {
    pub(super) fn plain(kind: LineKind, cost: Exact) -> Self {
        let none = BasisPoints::default();
        Self {
            kind,
            quantity: 1,
            unit_price: Rate::default(),
            per: 1,
            markup: none,
            cost,
        }
    }
}
