use vuzo_domain::money::Units;

/// Decimals that a US dollar keeps.
const SCALE: i32 = 9;
const MOST_DIGITS: usize = 30;

/// Decimal US dollars, perhaps with an exponent, rounded up to the next unit.
pub(super) fn from_decimal(text: &str) -> Option<Units> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let written = digits.trim_start_matches('0');
    if written.len() > MOST_DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let value = if written.is_empty() {
        0
    } else {
        written.parse::<i128>().ok()?
    };
    let decimals = i32::try_from(fraction.len()).ok()?;
    let shift = SCALE.checked_sub(decimals)?.checked_add(exponent)?;
    let power = 10_i128.checked_pow(shift.unsigned_abs());
    let units = match power {
        Some(power) if shift >= 0 => value.checked_mul(power)?,
        Some(power) => ceiling(value, power)?,
        None if value == 0 => 0,
        // Too small to be seen, and still more than nothing.
        None if shift < 0 => 1,
        None => return None,
    };
    Units::narrow(units).ok()
}

/// A tick is 10⁻¹⁰ US dollars.
pub(super) fn from_ticks(ticks: u64) -> Option<Units> {
    Units::narrow(i128::from(ticks.div_ceil(10))).ok()
}

fn ceiling(value: i128, divisor: i128) -> Option<i128> {
    let whole = value.checked_div(divisor)?;
    let part = value.checked_rem(divisor)?;
    whole.checked_add(i128::from(part > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_round_up_to_a_unit() {
        for (text, units) in [
            ("0.00014", Some(140_000)),
            ("1.4e-05", Some(14_000)),
            ("1E2", Some(100_000_000_000)),
            ("0.0000000001", Some(1)),
            ("1e-90", Some(1)),
            ("0e-90", Some(0)),
            ("0", Some(0)),
            ("3500", Some(3_500_000_000_000)),
            ("-1", None),
            ("1e40", None),
            ("99999999999999999999", None),
            ("abc", None),
        ] {
            assert_eq!(from_decimal(text), units.map(Units), "{text}");
        }
    }

    #[test]
    fn ticks_round_up_to_a_unit() {
        assert_eq!(from_ticks(1_497_500), Some(Units(149_750)));
        assert_eq!(from_ticks(11), Some(Units(2)));
        assert_eq!(from_ticks(u64::MAX), Some(Units(1_844_674_407_370_955_162)));
    }
}
