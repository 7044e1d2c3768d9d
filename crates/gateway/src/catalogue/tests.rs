use std::collections::BTreeSet;

use vuzo_domain::catalog::{ModelId, ModelStatus};
use vuzo_domain::money::Units;
use vuzo_domain::pricing::Quote;
use vuzo_domain::usage::Consumption;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn catalogue() -> CatalogSnapshot {
    starter(at("2026-11-21T06:00:00Z")).unwrap()
}

fn quote(catalogue: &CatalogSnapshot, id: &str) -> Quote {
    let entry = catalogue
        .models
        .iter()
        .find(|entry| entry.model.id.as_str() == id)
        .unwrap_or_else(|| panic!("{id} is in the catalogue"));
    let now = at("2026-11-21T06:00:00Z");
    Quote::new(&entry.model, &entry.versions, &catalogue.rules, now).unwrap()
}

#[test]
fn every_row_is_loaded_and_has_a_price() {
    let catalogue = catalogue();
    assert_eq!(catalogue.models.len(), 51);
    for entry in &catalogue.models {
        let quote = quote(&catalogue, entry.model.id.as_str());
        let receipt = quote
            .meter(&Consumption {
                input: 1_000_000,
                ..Consumption::default()
            })
            .unwrap();
        assert!(receipt.total.is_positive(), "{}", entry.model.id);
        assert!(quote.rule().is_some());
    }
}

/// The worked checks of the price list, in micro-dollars.
#[test]
fn the_worked_checks_come_out() {
    let catalogue = catalogue();
    let check = |id: &str, consumed: Consumption, tenths_of_micros: i64| {
        let receipt = quote(&catalogue, id).meter(&consumed).unwrap();
        assert_eq!(receipt.total, Units(tenths_of_micros * 100), "{id}");
    };
    let nothing = Consumption::default();
    let mini = Consumption {
        input: 600,
        cache_read: 400,
        output: 500,
        ..nothing
    };
    check("gpt-4o-mini", mini, 4_200);
    let sonnet = Consumption {
        input: 100,
        cache_write: 2_000,
        cache_read: 10_000,
        output: 300,
        ..nothing
    };
    check("claude-sonnet-4.5", sonnet, 153_000);
    let gemini = |input| Consumption {
        input,
        output: 900,
        reasoning: 100,
        ..nothing
    };
    check("gemini-2.5-pro", gemini(200_001), 5_150_025);
    check("gemini-2.5-pro", gemini(200_000), 2_600_000);
    let grok = |input| Consumption { input, ..nothing };
    check("grok-4.5", grok(200_000), 8_000_000);
    check("grok-4.5", grok(199_999), 3_999_980);
}

/// 149.75 micro-dollars, as a provider billed them.
#[test]
fn a_recorded_bill_comes_out_to_the_last_digit() {
    let consumed = Consumption {
        input: 1,
        cache_read: 306,
        output: 26,
        reasoning: 227,
        ..Consumption::default()
    };
    let receipt = quote(&catalogue(), "grok-3-mini").meter(&consumed).unwrap();
    assert_eq!(receipt.total, Units(149_750));
}

#[test]
fn models_retire_on_their_day() {
    let status = |day: &str, id: &str| {
        let catalogue = starter(at(day)).unwrap();
        let entry = catalogue
            .models
            .iter()
            .find(|entry| entry.model.id.as_str() == id)
            .unwrap();
        entry.model.status
    };
    assert_eq!(
        status("2026-11-29", "claude-sonnet-4.5"),
        ModelStatus::Deprecated
    );
    assert_eq!(
        status("2026-11-30", "claude-sonnet-4.5"),
        ModelStatus::Retired
    );
    assert_eq!(status("2026-11-21", "grok-2"), ModelStatus::Retired);
    assert_eq!(status("2026-11-21", "gemini-3.1-pro"), ModelStatus::Preview);
}

#[test]
fn names_are_unique_and_lead_to_one_model() {
    let catalogue = catalogue();
    let mut names = BTreeSet::new();
    for entry in &catalogue.models {
        for name in entry.model.aliases.iter().chain([&entry.model.id]) {
            assert!(names.insert(name.clone()), "{name} is there twice");
        }
    }
    assert!(names.contains(&ModelId::new("claude-sonnet-4-5-20250929").unwrap()));
}

#[test]
fn a_rule_of_the_operator_comes_before_the_starter_s() {
    let mut catalogue = catalogue();
    let mut own = catalogue.rules[0].clone();
    own.id = "rul_00000000000000000000000000000002".parse().unwrap();
    own.priority = 0;
    catalogue.rules.push(own.clone());
    assert_eq!(quote(&catalogue, "gpt-4o").rule(), Some(own.id));
}

#[test]
fn models_that_lack_words_are_told_and_no_others() {
    let starter = catalogue();
    let stored = |id: &str, change: fn(&mut ModelEntry)| {
        let mut models = starter.models.iter();
        let mut entry = models
            .find(|entry| entry.model.id.as_str() == id)
            .unwrap()
            .clone();
        change(&mut entry);
        entry
    };
    let without_words = |entry: &mut ModelEntry| entry.model.capabilities = Vec::new().into();
    let lacking = outdated(
        vec![
            stored("gpt-4o", |_| {}),
            stored("gpt-4.1", |entry| {
                entry.model.capabilities = vec!["chat".to_owned(), "house".to_owned()].into();
            }),
            // Somebody else's model under a known id, and one that nobody has priced.
            stored("gpt-5", |entry| {
                entry.model.capabilities = Vec::new().into();
                entry.model.upstream_id = "their-own".to_owned();
            }),
            stored("gpt-5-mini", |entry| {
                entry.model.capabilities = Vec::new().into();
                entry.versions.clear();
            }),
            stored("o3", without_words),
            // Known to the store alone.
            stored("gpt-5.4", |entry| {
                entry.model.id = ModelId::new("house/fast").unwrap();
                entry.model.capabilities = Vec::new().into();
            }),
        ],
        &starter,
    );
    let ids: Vec<_> = lacking
        .iter()
        .map(|model| model.entry.model.id.as_str())
        .collect();
    assert_eq!(ids, ["gpt-4.1", "o3"]);
    let words = &lacking[0].words;
    assert!(words.contains(&"tools".to_owned()), "{words:?}");
    assert!(!words.contains(&"chat".to_owned()), "{words:?}");
    assert_eq!(outdated(starter.models.clone(), &starter).len(), 0);
}
