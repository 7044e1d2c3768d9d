use vuzo_application::operator::OperatorError;
use vuzo_domain::catalog::{Model, ModelId, ModelStatus, ProviderId};
use vuzo_domain::money::Currency;
use vuzo_domain::port::{Actor, CatalogSnapshot, Change};
use vuzo_domain::pricing::{Dimension, PriceVersion, Rate, RateCard, Tier};
use vuzo_domain::time::Timestamp;

use crate::bench::{Bench, DAY};

/// What is wrong, and what makes it so.
type Row = (&'static str, fn(&mut Model));

fn id(text: &str) -> ModelId {
    ModelId::new(text).unwrap()
}

fn model(name: &str) -> Model {
    Model {
        id: id(name),
        provider: ProviderId::new("openai").unwrap(),
        upstream_id: format!("{name}-2026"),
        status: ModelStatus::Active,
        context_length: 1,
        max_output_tokens: 1,
        capabilities: vec!["chat".to_owned()].into(),
        aliases: vec![],
        priority: 0,
        weight: Model::USUAL_WEIGHT,
        created_at: Timestamp::default(),
    }
}

fn version(input: &str) -> PriceVersion {
    let rate = |text| Rate::parse(text, Currency::USD).unwrap();
    let tier = Tier::new(200, true).with(Dimension::Input, Some(rate("9")));
    let card = RateCard::new(Currency::USD, rate(input), rate("10"));
    PriceVersion {
        number: 0,
        effective_from: Timestamp::default(),
        cost: card.with_tiers(vec![tier]).unwrap(),
        retail: Some(RateCard::new(Currency::USD, rate("3"), rate("11"))),
    }
}

#[tokio::test]
async fn a_model_is_sold_as_soon_as_it_is_saved() {
    let bench = Bench::new().await;
    let operator = &bench.app.operator;
    assert!(bench.app.models.find("gpt-9").is_none());
    let wanted = Model {
        aliases: vec![id("gpt-9-latest")],
        ..model("gpt-9")
    };
    let saved = operator.save_model(Actor::AdminKey, wanted.clone(), Some(version("2.5")));
    let saved = saved.await.unwrap();
    assert_eq!(saved.model.created_at, bench.now());
    assert_eq!(saved.versions.len(), 1);
    assert_eq!(bench.told.take(), [Change::Catalog]);
    assert!(bench.app.models.find("gpt-9-latest").is_some());
    let entry = &bench.audit().await[0];
    assert_eq!(
        (entry.action.as_str(), entry.target.as_str()),
        ("model.save", "gpt-9")
    );
    assert_eq!(
        entry.detail,
        r#"{"provider":"openai","upstream_id":"gpt-9-2026","status":"active","context_length":1,"max_output_tokens":1,"capabilities":["chat"],"aliases":["gpt-9-latest"],"priority":0,"weight":100,"effective_from":"1970-01-01T00:00:00Z","cost":{"input":"2.5","output":"10","tiers":[{"above_input_tokens":200,"inclusive":true,"input":"9"}],"currency":"USD"},"pricing":{"input":"3","output":"11","tiers":[],"currency":"USD"}}"#
    );

    let made_at = bench.now();
    bench.clock.advance(DAY);
    let retired = Model {
        status: ModelStatus::Retired,
        ..wanted
    };
    let saved = operator.save_model(Actor::AdminKey, retired, Some(version("2.5")));
    let saved = saved.await.unwrap();
    assert_eq!(saved.model.created_at, made_at);
    assert_eq!(
        saved.versions.len(),
        1,
        "the same prices are not added again"
    );
    assert!(bench.app.models.find("gpt-9").is_none());
    assert_eq!(operator.models().await.unwrap(), vec![saved.clone()]);
    assert_eq!(operator.model(&id("gpt-9")).await.unwrap(), Some(saved));
    assert_eq!(operator.model(&id("gpt-8")).await.unwrap(), None);
}

#[tokio::test]
async fn a_model_that_makes_no_sense_is_refused() {
    let bench = Bench::new().await;
    let bad: [Row; 13] = [
        ("upstream_id", |model| model.upstream_id = String::new()),
        ("upstream_id", |model| model.upstream_id = "a b".to_owned()),
        ("upstream_id", |model| model.upstream_id = "x".repeat(257)),
        ("context_length", |model| model.context_length = 0),
        ("context_length", |model| model.context_length = u64::MAX),
        ("max_output_tokens", |model| model.max_output_tokens = 0),
        ("max_output_tokens", |model| {
            model.max_output_tokens = u64::MAX;
        }),
        ("capabilities", |model| {
            model.capabilities = vec![String::new()].into();
        }),
        ("capabilities", |model| {
            model.capabilities = vec!["Chat\"".to_owned()].into();
        }),
        ("capabilities", |model| {
            model.capabilities = vec!["x".repeat(33)].into();
        }),
        ("capabilities", |model| {
            model.capabilities = vec!["chat".to_owned(); 65].into();
        }),
        ("aliases", |model| model.aliases = vec![id("alias"); 65]),
        ("weight", |model| model.weight = 10_001),
    ];
    for (expected, change) in bad {
        let mut wanted = model("gpt-9");
        change(&mut wanted);
        let saved = bench.app.operator.save_model(Actor::AdminKey, wanted, None);
        let error = saved.await.unwrap_err();
        let is_named = matches!(error, OperatorError::Invalid { field, .. } if field == expected);
        assert!(is_named, "{expected}: {error}");
    }
    let catalog = bench.ports.catalog.load_catalog().await.unwrap();
    assert_eq!(catalog, CatalogSnapshot::default());
    assert_eq!((bench.audit().await, bench.told.take()), (vec![], vec![]));
}

#[tokio::test]
async fn a_name_may_be_shared_but_not_that_of_one_provider() {
    let bench = Bench::new().await;
    let operator = &bench.app.operator;
    let of_router = Model {
        provider: ProviderId::new("openrouter").unwrap(),
        aliases: vec![id("latest"), id("openai/gpt-7")],
        ..model("openai/gpt-9")
    };
    let saved = operator.save_model(Actor::AdminKey, of_router.clone(), None);
    saved.await.unwrap();
    let alias = |name: &str| Model {
        aliases: vec![id("free"), id(name)],
        ..model("gpt-8")
    };
    for (wanted, taken) in [
        // Both would answer to `openai/gpt-9`, and to `openai/gpt-7`.
        (model("gpt-9"), "openai/gpt-9"),
        (model("gpt-7"), "openai/gpt-7"),
        (alias("openrouter/openai/gpt-9"), "openrouter/openai/gpt-9"),
        (model("openrouter/openai/gpt-9"), "openrouter/openai/gpt-9"),
    ] {
        let error = operator.save_model(Actor::AdminKey, wanted, None).await;
        let error = error.unwrap_err();
        let is_named =
            matches!(&error, OperatorError::NameTaken { name } if name.as_str() == taken);
        assert!(is_named, "{taken}: {error}");
    }
    // What anybody may answer to, and its own names, are no obstacle.
    for wanted in [
        of_router,
        alias("latest"),
        alias("openai/gpt-9"),
        model("latest"),
    ] {
        let saved = operator.save_model(Actor::AdminKey, wanted, None).await;
        saved.unwrap();
    }
}
