/// Why a decimal string is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountSyntax {
    /// Not digits with at most one dot and a leading minus.
    #[error("must be a decimal number such as \"12.50\"")]
    NotDecimal,
    /// More decimals than are kept.
    #[error("has more than {0} decimals")]
    TooPrecise(u32),
    /// Outside the range that can be kept.
    #[error("is too large")]
    TooLarge,
}

/// Reads a decimal string as an integer scaled by `10^scale`, exactly.
pub fn parse_scaled(text: &str, scale: u32) -> Result<i128, AmountSyntax> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(AmountSyntax::NotDecimal);
    }
    let kept = usize::try_from(scale).map_err(|_never| AmountSyntax::TooLarge)?;
    let significant = fraction.trim_end_matches('0');
    if significant.len() > kept {
        return Err(AmountSyntax::TooPrecise(scale));
    }
    let padding = core::iter::repeat_n(b'0', kept.saturating_sub(significant.len()));
    let value = whole
        .bytes()
        .chain(significant.bytes())
        .chain(padding)
        .try_fold(0_i128, |value, digit| {
            value
                .checked_mul(10)?
                .checked_add(i128::from(digit.saturating_sub(b'0')))
        })
        .ok_or(AmountSyntax::TooLarge)?;
    if negative {
        value.checked_neg().ok_or(AmountSyntax::TooLarge)
    } else {
        Ok(value)
    }
}

/// Writes a scaled integer as a decimal string, without trailing zeros beyond
/// `min_decimals`.
pub fn format_scaled(value: i128, scale: u32, min_decimals: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let width = usize::try_from(scale).unwrap_or(0);
    let digits = format!(
        "{:0>pad$}",
        value.unsigned_abs(),
        pad = width.saturating_add(1)
    );
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(width));
    let trimmed = fraction.trim_end_matches('0').len();
    let keep = trimmed.max(usize::try_from(min_decimals.min(scale)).unwrap_or(0));
    if keep == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{}", &fraction[..keep])
    }
}
