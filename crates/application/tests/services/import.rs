use vuzo_application::operator::{
    ChangedModel, ImportOrder, ImportReport, ImportWishes, ImportedModel, OperatorError, Stated,
};
use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::money::Currency;
use vuzo_domain::port::{Actor, CatalogSnapshot, Change, ModelEntry};
use vuzo_domain::pricing::{Dimension, PriceVersion, Rate, RateCard, Tier};
use vuzo_domain::time::Timestamp;

use crate::bench::Bench;

/// What is wrong, and what makes it so.
type Row = (&'static str, fn(&mut ImportedModel));

fn id(text: &str) -> ModelId {
    ModelId::new(text).unwrap()
}

fn rate(text: &str) -> Rate {
    Rate::parse(text, Currency::USD).unwrap()
}

fn card(input: &str) -> RateCard {
    RateCard::new(Currency::USD, rate(input), rate("10"))
        .with(Dimension::CacheRead, Some(rate("0.5")))
}

fn imported(name: &str, input: &str) -> ImportedModel {
    ImportedModel {
        model: Model {
            id: id(name),
            provider: ProviderId::new("openai").unwrap(),
            upstream_id: format!("{name}-2026"),
            status: ModelStatus::Active,
            context_length: 8_000,
            max_output_tokens: 800,
            capabilities: vec!["chat".to_owned()].into(),
            aliases: vec![],
            priority: 0,
            weight: Model::USUAL_WEIGHT,
            created_at: Timestamp::default(),
        },
        version: PriceVersion {
            number: 0,
            effective_from: Timestamp::default(),
            cost: card(input),
            retail: None,
        },
        stated: Stated::default(),
    }
}

fn order(models: Vec<ImportedModel>) -> ImportOrder {
    ImportOrder {
        models,
        wishes: ImportWishes::default(),
    }
}

async fn import(bench: &Bench, order: ImportOrder) -> Result<ImportReport, OperatorError> {
    let operator = &bench.app.operator;
    operator.import_models(Actor::CommandLine, order).await
}

async fn catalogue(bench: &Bench) -> CatalogSnapshot {
    bench.ports.catalog.load_catalog().await.unwrap()
}

/// Three models, of which the second has wishes of its own.
async fn with_three() -> Bench {
    let bench = Bench::new().await;
    let mut second = imported("b", "2");
    second.model.aliases = vec![id("bee")];
    (second.model.priority, second.model.weight) = (7, 3);
    second.version.retail = Some(card("5"));
    let report = import(
        &bench,
        order(vec![imported("a", "1"), second, imported("c", "3")]),
    );
    let expected = ImportReport {
        applied: true,
        added: ["a", "b", "c"].map(id).to_vec(),
        ..ImportReport::default()
    };
    assert_eq!(report.await.unwrap(), expected);
    bench.told.take();
    bench
}

fn entry<'known>(catalogue: &'known CatalogSnapshot, name: &str) -> &'known ModelEntry {
    let mut models = catalogue.models.iter();
    models.find(|entry| entry.model.id == id(name)).unwrap()
}

#[tokio::test]
async fn what_is_the_same_is_left_alone() {
    let bench = with_three().await;
    let before = catalogue(&bench).await;
    assert_eq!(entry(&before, "a").model.created_at, bench.now());
    let mut changed = imported("c", "2");
    changed.model.status = ModelStatus::Deprecated;
    // Other words for the same prices, and nothing said of what was wished for.
    let same = [imported("a", "1.0"), imported("b", "2.00")];
    let models = same.into_iter().chain([changed]).collect();
    let report = import(&bench, order(models)).await.unwrap();
    let expected = ImportReport {
        applied: true,
        unchanged: vec![id("a"), id("b")],
        changed: vec![ChangedModel {
            id: id("c"),
            fields: vec!["status", "cost"],
        }],
        ..ImportReport::default()
    };
    assert_eq!(report, expected);
    assert_eq!(bench.told.take(), [Change::Catalog]);
    let after = catalogue(&bench).await;
    for name in ["a", "b"] {
        assert_eq!(entry(&after, name), entry(&before, name));
    }
    assert_eq!(entry(&after, "b").model.aliases, [id("bee")]);
    let versions = &entry(&after, "c").versions;
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0], entry(&before, "c").versions[0]);
    assert_eq!(
        bench.app.models.book().find("c").unwrap().model.status,
        ModelStatus::Deprecated
    );
    let audit = bench.audit().await;
    let imports = audit.iter().filter(|entry| entry.action == "model.import");
    assert_eq!(imports.count(), 4, "what was left alone leaves no entry");
}

#[tokio::test]
async fn what_is_said_counts() {
    let bench = with_three().await;
    let mut said = imported("b", "2");
    said.stated = Stated {
        aliases: true,
        priority: true,
        weight: true,
        retail: true,
    };
    let report = import(&bench, order(vec![said])).await.unwrap();
    let fields = vec!["aliases", "priority", "weight", "pricing"];
    assert_eq!(
        report.changed,
        [ChangedModel {
            id: id("b"),
            fields
        }]
    );
    assert_eq!(report.missing, [id("a"), id("c")]);
    let model = entry(&catalogue(&bench).await, "b").model.clone();
    assert_eq!(
        (model.aliases.len(), model.priority, model.weight),
        (0, 0, 100)
    );
}

#[tokio::test]
async fn a_price_that_jumps_needs_a_word() {
    let bench = with_three().await;
    let before = catalogue(&bench).await;
    let mut tiered = imported("c", "3");
    let tier = Tier::new(200, false).with(Dimension::Output, Some(rate("16")));
    tiered.version.cost = card("3").with_tiers(vec![tier]).unwrap();
    // Half more or less is not more than half.
    let models = vec![
        imported("a", "1.5"),
        imported("b", "4.01"),
        tiered,
        imported("new", "9"),
    ];
    let told = |report: &ImportReport| -> Vec<String> {
        let jumps = report.jumps.iter();
        jumps
            .map(|jump| format!("{} {} {}", jump.id, jump.price, jump.above_input_tokens))
            .collect()
    };
    let dry = ImportOrder {
        models: models.clone(),
        wishes: ImportWishes {
            dry_run: true,
            ..ImportWishes::default()
        },
    };
    let report = import(&bench, dry).await.unwrap();
    assert!(!report.applied);
    let expected = ["b cost.input 0", "c cost.output 200"];
    assert_eq!(told(&report), expected);
    assert_eq!(report.jumps[0].before, rate("2"));
    assert_eq!(report.jumps[0].after, rate("4.01"));
    let refused = import(&bench, order(models.clone())).await;
    assert!(matches!(refused, Err(OperatorError::PriceJumps(jumps)) if jumps == report.jumps));
    assert_eq!(
        catalogue(&bench).await,
        before,
        "nothing at all was written"
    );
    assert_eq!(bench.told.take(), []);

    let allowed = ImportOrder {
        models,
        wishes: ImportWishes {
            allow_jumps: true,
            ..ImportWishes::default()
        },
    };
    let report = import(&bench, allowed).await.unwrap();
    assert!(report.applied);
    assert_eq!(told(&report), expected);
    let after = catalogue(&bench).await;
    assert_eq!(entry(&after, "b").versions.len(), 2);
    assert_eq!(entry(&after, "new").versions.len(), 1);
}

#[tokio::test]
async fn what_is_missing_stays_unless_it_is_retired() {
    let bench = with_three().await;
    let report = import(&bench, order(vec![imported("a", "1")]))
        .await
        .unwrap();
    assert_eq!(report.missing, [id("b"), id("c")]);
    assert_eq!(report.retired, []);
    assert_eq!(bench.told.take(), [], "there was nothing to write");
    for round in 0..2 {
        let retiring = ImportOrder {
            models: vec![imported("a", "1")],
            wishes: ImportWishes {
                retire_missing: true,
                ..ImportWishes::default()
            },
        };
        let report = import(&bench, retiring).await.unwrap();
        assert_eq!(report.missing, [id("b"), id("c")]);
        assert_eq!(report.retired.len(), if round == 0 { 2 } else { 0 });
    }
    let after = catalogue(&bench).await;
    for name in ["b", "c"] {
        let entry = entry(&after, name);
        assert_eq!(entry.model.status, ModelStatus::Retired);
        assert_eq!(entry.versions.len(), 1, "prices stay");
    }
    assert!(bench.app.models.book().find("b").is_none());
}

#[tokio::test]
async fn one_bad_model_spoils_all() {
    let bench = with_three().await;
    let before = catalogue(&bench).await;
    let rows: [Row; 4] = [
        ("upstream_id", |bad| bad.model.upstream_id.clear()),
        ("context_length", |bad| bad.model.context_length = 0),
        ("max_output_tokens", |bad| bad.model.max_output_tokens = 0),
        ("id", |bad| bad.model.id = id("new")),
    ];
    for (expected, spoil) in rows {
        let mut bad = imported("bad", "1");
        spoil(&mut bad);
        let refused = import(&bench, order(vec![imported("new", "1"), bad])).await;
        assert!(
            matches!(refused, Err(OperatorError::InvalidModel { index: 1, field, .. }) if field == expected),
            "{expected}"
        );
    }
    let mut rival = imported("rival", "1");
    rival.model.aliases = vec![id("openai/new")];
    let refused = import(&bench, order(vec![imported("new", "1"), rival])).await;
    assert!(
        matches!(refused, Err(OperatorError::NameTaken { .. })),
        "{refused:?}"
    );
    assert_eq!(catalogue(&bench).await, before);
    let mut embeds = imported("embeds", "1");
    embeds.model.capabilities = vec!["embeddings".to_owned()].into();
    embeds.model.max_output_tokens = 0;
    assert!(import(&bench, order(vec![embeds])).await.unwrap().applied);
}

#[tokio::test]
async fn names_may_move_within_an_import() {
    let bench = with_three().await;
    let (mut loses, mut gains) = (imported("b", "2"), imported("c", "3"));
    loses.stated.aliases = true;
    gains.stated.aliases = true;
    gains.model.aliases = vec![id("bee")];
    let report = import(&bench, order(vec![gains, loses])).await.unwrap();
    assert!(report.applied);
    assert_eq!(
        bench.app.models.book().find("bee").unwrap().model.id,
        id("c")
    );
}

#[tokio::test]
async fn prices_that_look_wrong_are_told_of() {
    let bench = Bench::new().await;
    let with = |dimension, text: &str| {
        let mut odd = imported("odd", "2");
        odd.version.cost = odd.version.cost.with(dimension, Some(rate(text)));
        odd
    };
    for (odd, expected) in [
        (with(Dimension::CacheRead, "2"), None),
        (
            with(Dimension::CacheRead, "2.1"),
            Some("cost.cache_read is more than input"),
        ),
        (with(Dimension::CacheWrite, "4"), None),
        (
            with(Dimension::CacheWrite, "4.1"),
            Some("cost.cache_write is not between 1 and 2 times input"),
        ),
        (
            with(Dimension::CacheWrite, "1.9"),
            Some("cost.cache_write is not between 1 and 2 times input"),
        ),
        (
            with(Dimension::CacheWriteLong, "1.9"),
            Some("cost.cache_write_1h is less than cache_write"),
        ),
    ] {
        let dry = ImportOrder {
            models: vec![odd],
            wishes: ImportWishes {
                dry_run: true,
                ..ImportWishes::default()
            },
        };
        let report = import(&bench, dry).await.unwrap();
        let told: Vec<&str> = report
            .suspicions
            .iter()
            .map(|odd| odd.message.as_str())
            .collect();
        assert_eq!(told, expected.as_slice());
    }
}
