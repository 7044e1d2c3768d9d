use vuzo_domain::money::{Currency, Money, Units};
use vuzo_domain::wallet::{Cap, CapWindow};

use crate::error::{Fault, rules};
use crate::fields::Fields;

/// An amount in a currency, both of which must be there.
pub(crate) fn required_money(
    fields: &mut Fields<'_>,
    amount: &str,
) -> Result<(Units, Currency), Fault> {
    let text = fields.decimal(amount)?;
    let text = text.ok_or_else(|| fields.missing(amount))?;
    let currency = currency(fields)?;
    Ok((parse(&fields.path(amount), &text, currency)?, currency))
}

/// The currency beside an amount.
pub(crate) fn currency(fields: &mut Fields<'_>) -> Result<Currency, Fault> {
    let code = fields.required_text("currency")?;
    code.parse().map_err(|_unknown| {
        Fault::invalid(
            &fields.path("currency"),
            "a supported ISO 4217 code such as USD",
        )
    })
}

/// An amount in US dollars.
pub(crate) fn dollars(fields: &mut Fields<'_>, name: &str) -> Result<Option<Units>, Fault> {
    let Some(text) = fields.decimal(name)? else {
        return Ok(None);
    };
    parse(&fields.path(name), &text, Currency::USD).map(Some)
}

/// Reads an amount exactly.
pub(crate) fn parse(path: &str, text: &str, currency: Currency) -> Result<Units, Fault> {
    Money::parse(text, currency)
        .map(|money| money.units)
        .map_err(|syntax| {
            let message = format!("Invalid value for '{path}': it {syntax}.");
            Fault::new(rules::INVALID_VALUE, message).param(path)
        })
}

/// A spending cap: `{amount, currency, window}`. Caps are kept in US dollars.
pub(crate) fn cap(mut fields: Fields<'_>) -> Result<Cap, Fault> {
    let (limit, currency) = required_money(&mut fields, "amount")?;
    if currency != Currency::USD {
        let path = fields.path("currency");
        return Err(Fault::invalid(&path, "USD: caps count in US dollars"));
    }
    check_not_negative(&fields.path("amount"), limit)?;
    let window = fields.word(
        "window",
        "daily, weekly, monthly or total",
        CapWindow::from_name,
    )?;
    let window = window.ok_or_else(|| fields.missing("window"))?;
    fields.finish()?;
    Ok(Cap { window, limit })
}

/// `{daily?, weekly?, monthly?, total?}` in US dollars.
pub(crate) fn caps(mut fields: Fields<'_>) -> Result<Vec<Cap>, Fault> {
    let mut caps = Vec::new();
    for window in CapWindow::ALL {
        if let Some(limit) = dollars(&mut fields, window.name())? {
            check_not_negative(&fields.path(window.name()), limit)?;
            caps.push(Cap { window, limit });
        }
    }
    fields.finish()?;
    Ok(caps)
}

/// Refuses what is below zero.
pub(crate) fn check_not_negative(path: &str, amount: Units) -> Result<(), Fault> {
    if amount < Units::ZERO {
        return Err(Fault::invalid(path, "an amount that is not negative"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<(Units, Currency), Fault> {
        let mut fields = Fields::parse(json.as_bytes())?;
        required_money(&mut fields, "amount")
    }

    #[test]
    fn amounts_are_read_to_the_last_digit() {
        for (json, units) in [
            (r#"{"amount":"12.50","currency":"USD"}"#, 12_500_000_000),
            (r#"{"amount":12.50,"currency":"usd"}"#, 12_500_000_000),
            (r#"{"amount":0.000000001,"currency":"USD"}"#, 1),
            (r#"{"amount":-3,"currency":"USD"}"#, -3_000_000_000),
            (r#"{"amount":"700","currency":"JPY"}"#, 700_000_000),
        ] {
            assert_eq!(read(json).unwrap().0, Units(units), "{json}");
        }
    }

    #[test]
    fn what_is_no_exact_amount_is_refused() {
        for json in [
            r#"{"amount":1e3,"currency":"USD"}"#,
            r#"{"amount":"1,000","currency":"USD"}"#,
            r#"{"amount":"","currency":"USD"}"#,
            r#"{"amount":"0.0000000001","currency":"USD"}"#,
            r#"{"amount":"9300000000","currency":"USD"}"#,
            r#"{"amount":"99999999999999999999999999999999999999999999","currency":"USD"}"#,
            r#"{"amount":"NaN","currency":"USD"}"#,
            r#"{"amount":"+1","currency":"USD"}"#,
            r#"{"amount":true,"currency":"USD"}"#,
            r#"{"amount":"1"}"#,
            r#"{"amount":"1","currency":"DOGE"}"#,
            r#"{"currency":"USD"}"#,
        ] {
            assert_eq!(read(json).expect_err(json).status().as_u16(), 400, "{json}");
        }
    }
}
