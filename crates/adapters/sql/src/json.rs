//! The JSON inside text columns. It is written without spaces and without what is
//! absent; reading refuses what it does not know, since an unknown restriction that
//! is passed over would be no restriction.

mod call;
mod catalog;
mod key;
mod ledger;

pub use call::{AttemptJson, CallDetail, ConsumptionJson, LineJson};
pub use catalog::{RateCardJson, TierJson};
pub use key::{CapJson, LimitsJson, RestrictionsJson, read_scopes, write_scopes};
pub use ledger::{CapUseJson, PartJson};

use core::fmt::{self, Display};
use core::marker::PhantomData;
use core::str::FromStr;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that is written as its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);

        impl<T: FromStr<Err: Display>> Visitor<'_> for Reader<T> {
            type Value = Text<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<T>, E> {
                text.parse().map(Text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Reader(PhantomData))
    }
}

/// A value as the text of a column.
#[expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "the types of this module have string keys only, and a String takes all that is written to it"
)]
pub fn write<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("column types are always JSON")
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes fields by reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use vuzo_domain::id::AccountId;
    use vuzo_domain::key::{DomainName, Restrictions};
    use vuzo_domain::money::Currency;
    use vuzo_domain::pattern::ModelPattern;
    use vuzo_domain::pricing::{Dimension, Rate, RateCard, ServiceTier, Tier, TierCard};
    use vuzo_domain::time::Timestamp;
    use vuzo_domain::wallet::{CapScope, CapUse, CapWindow};

    use super::*;

    #[test]
    fn rate_cards_round_trip_with_their_tiers() {
        let rate = |units| Rate::from_units(units).unwrap();
        let tier = Tier::new(200_000, true).with(Dimension::Output, Some(rate(9)));
        let card = RateCard::new(Currency::USD, rate(2_500_000_000), Rate::MAX)
            .with(Dimension::CacheWriteLong, Some(rate(0)))
            .with_tiers(vec![tier])
            .unwrap();
        let text = write(&RateCardJson::from(&card));
        assert_eq!(
            text,
            r#"{"currency":"USD","rates":{"cache_write_1h":0,"input":2500000000,"output":1000000000000000},"tiers":[{"above_input_tokens":200000,"inclusive":true,"rates":{"output":9}}]}"#
        );
        let read: RateCardJson<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(read.to_card(), Some(card));
    }

    #[test]
    fn rate_cards_round_trip_with_their_service_tiers() {
        let rate = |units| Rate::from_units(units).unwrap();
        let plain = |units| RateCard::new(Currency::USD, rate(units), rate(2 * units));
        let tier = TierCard {
            tier: ServiceTier::Flex,
            card: plain(1),
        };
        let card = plain(2).with_service_tiers(vec![tier]).unwrap();
        let text = write(&RateCardJson::from(&card));
        let tiers = r#","service_tiers":{"flex":{"rates":{"input":1,"output":2}}}"#;
        let base = r#"{"currency":"USD","rates":{"input":2,"output":4}"#;
        assert_eq!(text, format!("{base}{tiers}}}"));
        let read = |text: &str| {
            serde_json::from_str::<RateCardJson<'_>>(text)
                .ok()?
                .to_card()
        };
        assert_eq!(read(&text), Some(card));
        // A row from before there were service tiers.
        assert_eq!(read(&format!("{base}}}")), Some(plain(2)));
        // A tier of a later version, and one that leaves a price out, are no prices.
        assert_eq!(read(&text.replace("flex", "gold")), None);
        assert_eq!(read(&text.replace(r#""output":2"#, r#""image":2"#)), None);
    }

    #[test]
    fn restrictions_round_trip_and_unknown_ones_are_refused() {
        let restrictions = Restrictions {
            allowed_models: vec![ModelPattern::new("openai/*").unwrap()],
            ip_allowlist: vec!["10.0.0.0/8".parse().unwrap()],
            domain_allowlist: vec![DomainName::new("*.example.org").unwrap()],
            expires_at: Some(Timestamp::from_secs(9)),
        };
        let text = write(&RestrictionsJson::from(&restrictions));
        let read: RestrictionsJson = serde_json::from_str(&text).unwrap();
        assert_eq!(read.into_restrictions(), Some(restrictions));
        let newer = r#"{"allowed_moons":["io"]}"#;
        assert!(serde_json::from_str::<RestrictionsJson>(newer).is_err());
    }

    #[test]
    fn counters_of_holds_say_whose_they_are() {
        let counted = CapUse {
            scope: CapScope::Account(AccountId::from_uuid(uuid::Uuid::from_u128(5))),
            window: CapWindow::Monthly,
            started_at: Timestamp::from_secs(7),
        };
        let text = write(&CapUseJson::from(&counted));
        let read: CapUseJson<'_> = serde_json::from_str(&text).unwrap();
        assert_eq!(read.to_cap_use(), Some(counted));
    }

    #[test]
    fn exact_costs_are_text_to_the_last_digit() {
        let text = write(&Text(i128::MAX));
        assert_eq!(text, format!("\"{}\"", i128::MAX));
        assert_eq!(serde_json::from_str(&text).ok(), Some(Text(i128::MAX)));
    }
}
