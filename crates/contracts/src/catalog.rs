//! What [`vuzo_domain::port::Catalog`] promises.

pub mod faults;

use std::sync::Arc;

use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::id::RuleId;
use vuzo_domain::money::{BasisPoints, Currency, Units};
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::{CatalogSnapshot, Change, ModelEntry, ModelWrite, RuleWrite};
use vuzo_domain::pricing::{
    Dimension, Markup, PriceVersion, PricingRule, Rate, RateCard, ServiceTier, Tier, TierCard,
};

use crate::{World, at_once};

/// Every law of `Catalog`. See [`crate::storage_laws`] for the argument.
#[macro_export]
macro_rules! catalog_laws {
    ($setup:path) => {
        $crate::__instantiate!(catalog, $setup, $crate::World, [
            an_empty_catalogue_is_empty
            a_model_is_kept_whole
            versions_are_numbered_by_the_store
            the_same_version_again_adds_nothing
            concurrent_versions_have_different_numbers
            a_model_without_prices_is_kept
            a_rule_is_made_changed_and_taken_away
            the_catalogue_is_listed_by_id
            seeding_adds_what_is_missing
            many_models_are_saved_together
            every_change_of_the_catalogue_is_announced_and_audited
        ]);
    };
}

fn rate(text: &str) -> Rate {
    Rate::parse(text, Currency::USD).unwrap()
}

fn card(input: &str) -> RateCard {
    let tier = Tier::new(200_000, true)
        .with(Dimension::Input, Some(rate("6")))
        .with(Dimension::Output, Some(rate("22.5")));
    RateCard::new(Currency::USD, rate(input), rate("15"))
        .with(Dimension::CacheRead, Some(rate("0.3")))
        .with(Dimension::CacheWriteLong, Some(rate("6")))
        .with(Dimension::Image, Some(rate("0.0048")))
        .with(Dimension::Request, Some(rate("0")))
        .with_tiers(vec![tier, Tier::new(1_000_000, false)])
        .unwrap()
}

/// The same prices with two service tiers, both with long-context tiers of their own.
fn tiered_card(input: &str) -> RateCard {
    let tiers = [(ServiceTier::Priority, "9"), (ServiceTier::Flex, "1.5")];
    let tiers = tiers.map(|(tier, input)| TierCard {
        tier,
        card: card(input),
    });
    card(input).with_service_tiers(tiers.to_vec()).unwrap()
}

fn version(world: &World, input: &str) -> PriceVersion {
    PriceVersion {
        number: 77,
        effective_from: world.now(),
        cost: card(input),
        retail: None,
    }
}

fn model(world: &World, id: &str) -> Model {
    Model {
        id: ModelId::new(id).unwrap(),
        provider: ProviderId::new("anthropic").unwrap(),
        upstream_id: format!("{id}-20260101"),
        status: ModelStatus::Preview,
        context_length: 200_000,
        max_output_tokens: 64_000,
        capabilities: vec!["chat".to_owned(), "tools".to_owned()].into(),
        aliases: vec![ModelId::new(&format!("{id}:latest")).unwrap()],
        priority: -2,
        weight: 30,
        created_at: world.now(),
    }
}

fn write(world: &World, model: &Model, version: Option<PriceVersion>) -> ModelWrite {
    ModelWrite {
        model: model.clone(),
        version,
        audit: world.audit_entry("model.save", &model.id),
    }
}

fn rule(world: &World, pattern: &str) -> PricingRule {
    PricingRule {
        id: RuleId::from_uuid(world.uuid()),
        pattern: ModelPattern::new(pattern).unwrap(),
        markup: Markup {
            percentage: BasisPoints(2_050),
            fixed_fee: Units(1_000),
            minimum: Units(10_000),
        },
        priority: -3,
        is_active: true,
    }
}

fn rule_write(world: &World, id: RuleId, rule: Option<&PricingRule>) -> RuleWrite {
    RuleWrite {
        id,
        rule: rule.cloned(),
        audit: world.audit_entry("rule.save", &id),
    }
}

async fn save(world: &World, write: ModelWrite) -> ModelEntry {
    world.store.catalog.save_model(write).await.unwrap()
}

async fn load(world: &World) -> CatalogSnapshot {
    world.store.catalog.load_catalog().await.unwrap()
}

/// A fresh store has no models and no rules.
pub async fn an_empty_catalogue_is_empty(world: &World) {
    assert_eq!(load(world).await, CatalogSnapshot::default());
}

/// Model, prices, tiers and all come back as they were given.
pub async fn a_model_is_kept_whole(world: &World) {
    let model = model(world, "claude");
    let with_retail = PriceVersion {
        cost: tiered_card("3"),
        retail: Some(tiered_card("3.5")),
        ..version(world, "3")
    };
    let saved = save(world, write(world, &model, Some(with_retail.clone()))).await;
    let expected = ModelEntry {
        model: model.clone(),
        versions: vec![PriceVersion {
            number: 1,
            ..with_retail
        }],
    };
    assert_eq!(saved, expected);
    assert_eq!(load(world).await.models, std::slice::from_ref(&expected));

    let changed = Model {
        status: ModelStatus::Retired,
        aliases: vec![],
        priority: i32::MAX,
        weight: 0,
        capabilities: vec![].into(),
        max_output_tokens: 8_192,
        ..model
    };
    let saved = save(world, write(world, &changed, None)).await;
    assert_eq!(saved.model, changed);
    assert_eq!(saved.versions, expected.versions, "prices stay");
    assert_eq!(load(world).await.models, [saved]);
}

/// From one on, whatever the caller says; older versions are never changed.
pub async fn versions_are_numbered_by_the_store(world: &World) {
    let (one, other) = (model(world, "one"), model(world, "other"));
    let mut expected = Vec::new();
    for (number, input) in [(1, "3"), (2, "2.5"), (3, "3")] {
        let version = version(world, input);
        let saved = save(world, write(world, &one, Some(version.clone()))).await;
        expected.push(PriceVersion { number, ..version });
        assert_eq!(saved.versions, expected);
    }
    let first = save(world, write(world, &other, Some(version(world, "1")))).await;
    assert_eq!(first.versions[0].number, 1, "each model counts by itself");
}

/// A command that is sent twice adds one version.
pub async fn the_same_version_again_adds_nothing(world: &World) {
    let model = model(world, "one");
    let version = version(world, "3");
    for number in [77, 1, 5] {
        let again = PriceVersion {
            number,
            ..version.clone()
        };
        let saved = save(world, write(world, &model, Some(again))).await;
        assert_eq!(saved.versions.len(), 1);
        assert_eq!(saved.versions[0].number, 1);
    }
}

/// Ten price changes at once are ten versions.
pub async fn concurrent_versions_have_different_numbers(world: &World) {
    let model = model(world, "one");
    save(world, write(world, &model, None)).await;
    let commands: Vec<_> = (1..=10)
        .map(|price| write(world, &model, Some(version(world, &price.to_string()))))
        .collect();
    let tasks = commands.into_iter().map(|command| {
        let catalog = Arc::clone(&world.store.catalog);
        async move { catalog.save_model(command).await.map(|_| ()) }
    });
    for saved in at_once(tasks).await {
        saved.unwrap();
    }
    let numbers: Vec<u32> = load(world).await.models[0]
        .versions
        .iter()
        .map(|version| version.number)
        .collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
}

/// Such a model cannot be sold yet, but it is there.
pub async fn a_model_without_prices_is_kept(world: &World) {
    let model = model(world, "one");
    let saved = save(world, write(world, &model, None)).await;
    assert_eq!(saved.versions, []);
    assert_eq!(load(world).await.models, [saved]);
}

/// And taking away what is not there says so.
pub async fn a_rule_is_made_changed_and_taken_away(world: &World) {
    let catalog = &world.store.catalog;
    let rule = rule(world, "openai/*");
    let made = rule_write(world, rule.id, Some(&rule));
    assert!(catalog.save_rule(made).await.unwrap());
    assert_eq!(load(world).await.rules, std::slice::from_ref(&rule));
    let changed = PricingRule {
        markup: Markup::default(),
        priority: 10,
        is_active: false,
        ..rule.clone()
    };
    for _ in 0..2 {
        let write = rule_write(world, rule.id, Some(&changed));
        assert!(catalog.save_rule(write).await.unwrap());
        assert_eq!(load(world).await.rules, std::slice::from_ref(&changed));
    }
    for was_there in [true, false] {
        let gone = rule_write(world, rule.id, None);
        assert_eq!(catalog.save_rule(gone).await.unwrap(), was_there);
        assert_eq!(load(world).await.rules, []);
    }
}

/// Models by id; versions oldest first.
pub async fn the_catalogue_is_listed_by_id(world: &World) {
    for id in ["m/b", "m/a", "z", "A"] {
        let model = model(world, id);
        for input in ["1", "2"] {
            save(world, write(world, &model, Some(version(world, input)))).await;
        }
    }
    let models = load(world).await.models;
    let ids: Vec<_> = models.iter().map(|entry| entry.model.id.as_str()).collect();
    assert_eq!(ids, ["A", "m/a", "m/b", "z"]);
    for entry in models {
        let numbers: Vec<_> = entry
            .versions
            .iter()
            .map(|version| version.number)
            .collect();
        assert_eq!(numbers, [1, 2]);
    }
}

/// What the operator has changed stays changed; rules come only where there are none.
pub async fn seeding_adds_what_is_missing(world: &World) {
    let mine = model(world, "mine");
    let kept = save(world, write(world, &mine, Some(version(world, "9")))).await;
    let numbered = |number, input| PriceVersion {
        number,
        ..version(world, input)
    };
    let seeded = ModelEntry {
        model: model(world, "seeded"),
        versions: vec![numbered(1, "1"), numbered(2, "2")],
    };
    let rival = ModelEntry {
        model: model(world, "mine"),
        versions: vec![numbered(1, "1")],
    };
    let seed = CatalogSnapshot {
        models: vec![rival, seeded.clone()],
        rules: vec![rule(world, "*")],
    };
    let catalog = &world.store.catalog;
    let added = catalog.seed_catalog(seed.clone()).await.unwrap();
    assert_eq!(added, std::slice::from_ref(&seeded.model.id));
    let loaded = load(world).await;
    assert_eq!(loaded.models, [kept, seeded]);
    assert_eq!(loaded.rules, seed.rules);
    assert_eq!(catalog.seed_catalog(seed.clone()).await.unwrap(), []);
    let more = CatalogSnapshot {
        models: vec![],
        rules: vec![rule(world, "another/*")],
    };
    catalog.seed_catalog(more).await.unwrap();
    assert_eq!(load(world).await.rules, seed.rules);
}

/// New ones and known ones, each with its own entry in the audit log; and of two who
/// save the same many at once neither fails.
pub async fn many_models_are_saved_together(world: &World) {
    let catalog = &world.store.catalog;
    assert_eq!(catalog.save_models(vec![]).await.unwrap(), []);
    let ids = ["c", "a", "b"];
    let known = save(
        world,
        write(world, &model(world, "a"), Some(version(world, "1"))),
    )
    .await;
    let order = |input: &str| -> Vec<ModelWrite> {
        let price = |id: &&str| write(world, &model(world, id), Some(version(world, input)));
        ids.iter().map(price).collect()
    };
    let first = order("2");
    let audits: Vec<_> = first.iter().map(|write| write.audit.clone()).collect();
    let cursor = world.store.changes.change_cursor().await.unwrap();
    let mut saved = catalog.save_models(first).await.unwrap();
    saved.sort_by(|one, other| one.model.id.cmp(&other.model.id));
    assert_eq!(load(world).await.models, saved);
    assert_eq!(saved[0].versions[..1], known.versions);
    let versions: Vec<usize> = saved.iter().map(|entry| entry.versions.len()).collect();
    assert_eq!(versions, [2, 1, 1]);
    for audit in &audits {
        world.expect_audited(audit).await;
    }
    let news = world.store.changes.changes_since(cursor).await.unwrap();
    assert!(news.changes.contains(&Change::Catalog));

    let mut backwards = order("4");
    backwards.reverse();
    let tasks = [order("3"), backwards].into_iter().map(|order| {
        let catalog = Arc::clone(catalog);
        async move { catalog.save_models(order).await.map(|_| ()) }
    });
    for saved in at_once(tasks).await {
        saved.unwrap();
    }
    let newest = load(world).await.models;
    let counts: Vec<usize> = newest.iter().map(|entry| entry.versions.len()).collect();
    assert_eq!(counts, [4, 3, 3]);
}

/// Whoever holds a copy of the catalogue learns of each change.
pub async fn every_change_of_the_catalogue_is_announced_and_audited(world: &World) {
    let catalog = &world.store.catalog;
    let changes = &world.store.changes;
    let mut cursor = changes.change_cursor().await.unwrap();
    let model = model(world, "one");
    let rule = rule(world, "*");
    let model_write = write(world, &model, Some(version(world, "1")));
    let rule_writes = [Some(&rule), None].map(|rule_now| rule_write(world, rule.id, rule_now));
    let mut entries = vec![model_write.audit.clone()];
    entries.extend(rule_writes.iter().map(|write| write.audit.clone()));
    let mut rule_writes = rule_writes.into_iter();
    for step in 0..3 {
        if step == 0 {
            save(world, model_write.clone()).await;
            save(world, model_write.clone()).await;
        } else {
            catalog
                .save_rule(rule_writes.next().unwrap())
                .await
                .unwrap();
        }
        let news = changes.changes_since(cursor).await.unwrap();
        assert!(news.changes.contains(&Change::Catalog), "step {step}");
        cursor = news.cursor;
    }
    for entry in entries {
        world.expect_audited(&entry).await;
    }
}
