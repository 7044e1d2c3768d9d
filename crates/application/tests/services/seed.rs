use std::sync::{Arc, Mutex};

use vuzo_application::Application;
use vuzo_application::seed::seed_catalog;
use vuzo_domain::catalog::{ModelId, ModelStatus};
use vuzo_domain::money::BasisPoints;
use vuzo_domain::port::{CatalogSnapshot, MockCatalog};
use vuzo_domain::pricing::Dimension;

use crate::bench::{Bench, policy};

#[tokio::test]
async fn a_fresh_store_is_given_the_simulator_and_a_rule() {
    let bench = Bench::new().await;
    let added = seed_catalog(&bench.ports, CatalogSnapshot::default()).await;
    let names: Vec<_> = added.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["sim/echo", "sim/embed", "sim/lorem"]);
    let handle = tokio::runtime::Handle::current();
    let app = Application::start(bench.ports.clone(), policy(), handle).await;
    let app = app.unwrap();
    for name in ["sim/echo", "sim/lorem"] {
        let offer = app.models.find(name).expect("it is priced and on sale");
        let model = offer.model;
        assert_eq!(model.qualified_name(), name);
        assert_eq!(format!("sim/{}", model.upstream_id), name);
        assert_eq!(
            (model.context_length, model.max_output_tokens),
            (128_000, 16_384)
        );
        for capability in ["chat", "tools", "streaming"] {
            assert!(model.can(capability), "{capability}");
        }
    }
    let embed = app
        .models
        .find("sim/embed")
        .expect("it is priced and on sale");
    assert_eq!(embed.model.max_output_tokens, 0);
    assert_eq!(*embed.model.capabilities, ["embeddings".to_owned()]);
    let entry = app.operator.model(&ModelId::new("sim/echo").unwrap()).await;
    let versions = entry.unwrap().unwrap().versions;
    let cost = &versions[0].cost;
    let price = |dimension| cost.stated(dimension).unwrap().format(cost.currency());
    assert_eq!(price(Dimension::Input), "0.1");
    assert_eq!(price(Dimension::Output), "0.4");
    let rules = app.operator.rules().await.unwrap();
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].pattern.as_str(), "*");
    assert_eq!(rules[0].markup.percentage, BasisPoints(0));
}

#[tokio::test]
async fn what_is_there_stays_as_it_is() {
    let bench = Bench::new().await;
    let seed = async |starter: CatalogSnapshot| seed_catalog(&bench.ports, starter).await.unwrap();
    seed(CatalogSnapshot::default()).await;
    let operator = &bench.app.operator;
    let rules = operator.rules().await.unwrap();
    let actor = vuzo_domain::port::Actor::AdminKey;
    let mut retired = operator.models().await.unwrap()[0].model.clone();
    retired.status = ModelStatus::Retired;
    operator.save_model(actor, retired, None).await.unwrap();
    let before = bench.ports.catalog.load_catalog().await.unwrap();
    assert_eq!(seed(CatalogSnapshot::default()).await, []);
    let after = bench.ports.catalog.load_catalog().await.unwrap();
    assert_eq!(after, before);
    operator.delete_rule(actor, rules[0].id).await.unwrap();
    assert_eq!(seed(CatalogSnapshot::default()).await, []);
    assert_eq!(
        operator.rules().await.unwrap(),
        rules,
        "without any, it is given again"
    );
}

#[tokio::test]
async fn no_model_is_given_twice() {
    let mut starter = CatalogSnapshot::default();
    for _ in 0..2 {
        let given: Arc<Mutex<CatalogSnapshot>> = Arc::default();
        let seen = Arc::clone(&given);
        let mut catalog = MockCatalog::new();
        catalog.expect_seed_catalog().once().returning(move |seed| {
            *seen.lock().unwrap() = seed;
            Ok(vec![])
        });
        let mut ports = Bench::new().await.ports;
        ports.catalog = Arc::new(catalog);
        seed_catalog(&ports, starter).await.unwrap();
        starter = core::mem::take(&mut *given.lock().unwrap());
        assert_eq!((starter.models.len(), starter.rules.len()), (3, 1));
    }
}

#[tokio::test]
async fn the_starters_own_models_and_rules_come_first() {
    let bench = Bench::new().await;
    let other = Bench::new().await;
    seed_catalog(&other.ports, CatalogSnapshot::default())
        .await
        .unwrap();
    let mut starter = other.ports.catalog.load_catalog().await.unwrap();
    starter.models.truncate(1);
    starter.models[0].model.context_length = 5;
    starter.rules[0].markup.percentage = BasisPoints(1_000);
    let added = seed_catalog(&bench.ports, starter.clone()).await.unwrap();
    assert_eq!(added.len(), 3);
    let catalog = bench.ports.catalog.load_catalog().await.unwrap();
    assert_eq!(catalog.models[0], starter.models[0]);
    assert_eq!(catalog.rules, starter.rules);
}
