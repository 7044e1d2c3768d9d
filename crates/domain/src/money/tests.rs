use super::*;

fn usd(text: &str) -> Units {
    Money::parse(text, Currency::USD).unwrap().units
}

#[test]
fn decimal_strings_are_read_and_written_exactly() {
    for (text, units, back) in [
        ("0", 0, "0.00"),
        ("1", 1_000_000_000, "1.00"),
        ("12.5", 12_500_000_000, "12.50"),
        ("-0.000000001", -1, "-0.000000001"),
        ("9223372036.854775807", i64::MAX, "9223372036.854775807"),
    ] {
        assert_eq!(usd(text), Units(units), "{text}");
        assert_eq!(Currency::USD.format(Units(units)), back);
    }
}

#[test]
fn what_is_not_an_amount_is_refused() {
    for (text, fault) in [
        ("", AmountSyntax::NotDecimal),
        ("1e3", AmountSyntax::NotDecimal),
        ("1.", AmountSyntax::NotDecimal),
        (".5", AmountSyntax::NotDecimal),
        ("+1", AmountSyntax::NotDecimal),
        ("1,000", AmountSyntax::NotDecimal),
        ("0.0000000001", AmountSyntax::TooPrecise(9)),
        ("9223372036.854775808", AmountSyntax::TooLarge),
        (
            "99999999999999999999999999999999999999999",
            AmountSyntax::TooLarge,
        ),
    ] {
        assert_eq!(Money::parse(text, Currency::USD), Err(fault), "{text}");
    }
}

#[test]
fn currencies_without_minor_units_print_none() {
    let yen: Currency = "jpy".parse().unwrap();
    assert_eq!(yen.format(Units(1_500_000_000)), "1500");
    assert_eq!(yen.minor_digits(), 0);
    assert!("XXX".parse::<Currency>().is_err());
}

#[test]
fn conversion_rounds_the_way_it_is_told() {
    let yen: Currency = "JPY".parse().unwrap();
    let rate = FxRate::parse(Currency::USD, yen, "155.25").unwrap();
    assert_eq!(rate.convert_up(usd("1")).unwrap(), Units(155_250_000));
    // One nano-dollar is 0.15525 of the smallest yen unit that is kept.
    assert_eq!(rate.convert_up(Units(1)).unwrap(), Units(1));
    assert_eq!(rate.convert_down(Units(1)).unwrap(), Units(0));
    assert_eq!(rate.convert_down(Units(-1)).unwrap(), Units(-1));
}

#[test]
fn a_marked_up_rate_is_exact() {
    let euro: Currency = "EUR".parse().unwrap();
    let rate = FxRate::parse(Currency::USD, euro, "0.9").unwrap();
    let marked = rate
        .marked_up(BasisPoints::parse_percent("2.5").unwrap())
        .unwrap();
    assert_eq!(marked.convert_up(usd("100")).unwrap(), usd("92.25"));
}

#[test]
fn percentages_have_bounds() {
    assert_eq!(BasisPoints::parse_percent("37.5"), Some(BasisPoints(3750)));
    assert_eq!(BasisPoints::parse_percent("-1"), None);
    assert_eq!(BasisPoints::parse_percent("0.001"), None);
    assert_eq!(BasisPoints::parse_percent("100001"), None);
}
