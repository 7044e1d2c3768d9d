use super::{Currency, Overflow, Units, parse_scaled};

/// Hundredths of a percent: 1 % is 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasisPoints(pub u32);

impl BasisPoints {
    /// One, as basis points.
    pub const ONE: u32 = 10_000;
    /// The largest markup that is accepted: 100,000 %.
    pub const MAX: Self = Self(10_000_000);

    /// Reads a percentage such as `37.5`; at most two decimals, not negative,
    /// at most 100,000 %.
    pub fn parse_percent(text: &str) -> Option<Self> {
        let wide = parse_scaled(text, 2).ok()?;
        let points = Self(u32::try_from(wide).ok()?);
        (points <= Self::MAX).then_some(points)
    }

    /// `10_000 + self`, the factor that a markup multiplies by, over 10,000.
    pub fn factor(self) -> i128 {
        i128::from(self.0).saturating_add(i128::from(Self::ONE))
    }
}

/// An exchange rate as a ratio of integers: one major unit of `from` is
/// `numerator / denominator` major units of `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FxRate {
    /// The currency given.
    pub from: Currency,
    /// The currency received.
    pub to: Currency,
    numerator: u64,
    denominator: u64,
}

impl FxRate {
    /// A rate from a ratio of positive integers.
    pub fn new(from: Currency, to: Currency, numerator: u64, denominator: u64) -> Option<Self> {
        (numerator > 0 && denominator > 0).then_some(Self {
            from,
            to,
            numerator,
            denominator,
        })
    }

    /// A rate from a decimal string with at most nine decimals.
    pub fn parse(from: Currency, to: Currency, text: &str) -> Option<Self> {
        let numerator = u64::try_from(parse_scaled(text, 9).ok()?).ok()?;
        Self::new(from, to, numerator, 1_000_000_000)
    }

    /// The same rate with a markup on it: the effective rate that a customer pays.
    pub fn marked_up(self, markup: BasisPoints) -> Result<Self, Overflow> {
        let numerator = u128::from(self.numerator)
            .checked_mul(u128::from(BasisPoints::ONE).saturating_add(u128::from(markup.0)))
            .ok_or(Overflow)?;
        let denominator = u128::from(self.denominator)
            .checked_mul(u128::from(BasisPoints::ONE))
            .ok_or(Overflow)?;
        let common = gcd(numerator, denominator);
        let reduce = |value: u128| {
            value
                .checked_div(common)
                .and_then(|reduced| u64::try_from(reduced).ok())
                .ok_or(Overflow)
        };
        Ok(Self {
            numerator: reduce(numerator)?,
            denominator: reduce(denominator)?,
            ..self
        })
    }

    /// The ratio as `(numerator, denominator)`.
    pub fn ratio(self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }

    /// Converts, rounding any fraction of a unit up: what a customer is charged.
    pub fn convert_up(self, amount: Units) -> Result<Units, Overflow> {
        let (quotient, remainder) = self.divide(amount)?;
        let up = i128::from(remainder > 0);
        Units::narrow(quotient.checked_add(up).ok_or(Overflow)?)
    }

    /// Converts, dropping any fraction of a unit: what a customer is given.
    pub fn convert_down(self, amount: Units) -> Result<Units, Overflow> {
        Units::narrow(self.divide(amount)?.0)
    }

    fn divide(self, amount: Units) -> Result<(i128, i128), Overflow> {
        let power = |digits: u32| 10_i128.checked_pow(digits).ok_or(Overflow);
        let dividend = i128::from(amount.0)
            .checked_mul(i128::from(self.numerator))
            .and_then(|value| value.checked_mul(power(self.to.scale()).ok()?))
            .ok_or(Overflow)?;
        let divisor = i128::from(self.denominator)
            .checked_mul(power(self.from.scale())?)
            .ok_or(Overflow)?;
        let quotient = dividend.checked_div_euclid(divisor).ok_or(Overflow)?;
        let remainder = dividend.checked_rem_euclid(divisor).ok_or(Overflow)?;
        Ok((quotient, remainder))
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a.max(1)
}
