//! Who is asked first, and who may be asked at all.

use std::collections::HashMap;
use std::sync::Arc;

use vuzo_application::access::{Caller, Identity};
use vuzo_application::chat::{Answered, CallError};
use vuzo_domain::catalog::{ModelId, ModelStatus};
use vuzo_domain::chat::{Envelope, FaultKind};
use vuzo_domain::key::{Environment, KeyRefusal};
use vuzo_domain::limit::Limits;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::ModelEntry;
use vuzo_memory::{Script, ScriptedProvider};

use crate::bench::{Bench, Setting, envelope, expect_whole, model, version, whole};
use crate::standing_in::{fault, provider, stand_in};

const RICH: i64 = 100_000_000_000;

fn asking(name: &str, fallbacks: &[&str]) -> Envelope {
    Envelope {
        model: name.to_owned(),
        fallbacks: fallbacks.iter().map(|&name| name.to_owned()).collect(),
        ..envelope(false, Some(100))
    }
}

async fn bench(models: Vec<ModelEntry>, providers: Vec<Arc<ScriptedProvider>>) -> Bench {
    let setting = Setting {
        models,
        providers,
        ..Setting::default()
    };
    Bench::in_setting(RICH, [], |wallets| wallets, setting).await
}

fn answers(count: usize) -> Vec<Script> {
    (0..count).map(|_| whole("x", 1, 1)).collect()
}

fn model_of(answered: Result<Answered, vuzo_application::chat::Failure>) -> String {
    match answered.unwrap() {
        Answered::Whole { facts, .. } => facts.model,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_highest_priority_comes_first_and_equals_share_by_weight() {
    let names = ["bcme", "ccme", "dcme"];
    let providers: Vec<_> = names
        .iter()
        .map(|name| provider(name, answers(400)))
        .collect();
    let mut models: Vec<_> = names.iter().map(|name| stand_in(name, 1, 5)).collect();
    models[0].model.weight = 300;
    models[1].model.weight = 100;
    models[2].model.weight = 0;
    let bench = bench(models, providers.clone()).await;
    let mut counts: HashMap<String, u32> = HashMap::new();
    for _ in 0..400 {
        *counts
            .entry(model_of(bench.call(asking("one", &[])).await))
            .or_default() += 1;
    }
    assert!(counts["bcme/one"].abs_diff(300) < 40, "{counts:?}");
    assert!(counts["ccme/one"].abs_diff(100) < 40, "{counts:?}");
    assert_eq!(counts.len(), 2, "nothing falls on no weight: {counts:?}");
    assert!(
        bench.provider.calls().is_empty(),
        "acme has a lower priority"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_of_the_same_id_goes_the_same_way() {
    let mut ways = Vec::new();
    for _ in 0..2 {
        let bench = bench(
            vec![stand_in("bcme", 1, 0)],
            vec![provider("bcme", answers(30))],
        )
        .await;
        for script in answers(30) {
            bench.provider.then(script);
        }
        let mut way = Vec::new();
        for _ in 0..30 {
            way.push(model_of(bench.call(asking("one", &[])).await));
        }
        ways.push(way);
    }
    assert_eq!(ways[0], ways[1]);
    assert!(ways[0].iter().any(|name| name == "one"));
    assert!(ways[0].iter().any(|name| name == "bcme/one"));
}

#[tokio::test(start_paused = true)]
async fn a_name_with_its_provider_goes_there_and_nowhere_else() {
    // By id, by alias, and by the name that the provider has for it.
    for name in ["bcme/one", "bcme/other", "bcme/x/one"] {
        let mut pinned = stand_in("bcme", 1, 9);
        pinned.model.aliases.push(ModelId::new("other").unwrap());
        pinned.model.upstream_id = "x/one".to_owned();
        let bcme = provider("bcme", vec![Script::Fault(fault(FaultKind::TimedOut))]);
        let bench = bench(vec![pinned], vec![Arc::clone(&bcme)]).await;
        let failure = bench.call(asking(name, &[])).await.unwrap_err();
        assert!(
            matches!(failure.error, CallError::Provider(_)),
            "{failure:?}"
        );
        assert_eq!(bcme.calls().len(), 1);
        assert!(bench.provider.calls().is_empty(), "{name}");
    }
    let bench = bench(
        vec![stand_in("bcme", 1, 9)],
        vec![provider("bcme", answers(9))],
    )
    .await;
    for script in answers(9) {
        bench.provider.then(script);
    }
    assert_eq!(model_of(bench.call(asking("acme/one", &[])).await), "one");
    assert_eq!(
        model_of(bench.call(asking("acme/one-upstream", &[])).await),
        "one"
    );
    assert_eq!(model_of(bench.call(asking("one", &[])).await), "bcme/one");
    for unknown in ["ccme/one", "one-upstream", "acme/bcme/one", "bcme/"] {
        let failure = bench.call(asking(unknown, &[])).await.unwrap_err();
        assert!(
            matches!(failure.error, CallError::UnknownModel(_)),
            "{unknown}"
        );
    }
}

/// Two models may be one and the same at their provider, at two prices.
#[tokio::test(start_paused = true)]
async fn what_a_provider_calls_a_model_finds_no_other_one_by_its_id() {
    let mut plain = model("bcme", "bcme/plain");
    plain.model.upstream_id = "plain".to_owned();
    let mut dearer = model("bcme", "house/dearer");
    dearer.model.upstream_id = "plain".to_owned();
    dearer.model.priority = 9;
    let models = vec![plain.clone(), dearer.clone()];
    let bench = bench(models, vec![provider("bcme", answers(2))]).await;
    assert_eq!(
        model_of(bench.call(asking("bcme/plain", &[])).await),
        "bcme/plain"
    );
    assert_eq!(
        model_of(bench.call(asking("house/dearer", &[])).await),
        "house/dearer"
    );
    // Nor does it take the place of one that is not sold any more.
    plain.model.status = ModelStatus::Retired;
    let bench = self::bench(vec![plain, dearer], vec![provider("bcme", answers(1))]).await;
    let failure = bench.call(asking("bcme/plain", &[])).await.unwrap_err();
    assert!(
        matches!(failure.error, CallError::UnknownModel(_)),
        "{failure:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_id_is_found_whatever_provider_it_sounds_like() {
    let mut sounds_so = model("bcme", "acme/extra");
    let mut also = model("acme", "else");
    also.model.upstream_id = "extra".to_owned();
    also.model.priority = 9;
    let models = vec![sounds_so.clone(), also.clone()];
    let bench = bench(models, vec![provider("bcme", answers(1))]).await;
    let answered = bench.call(asking("acme/extra", &[])).await;
    assert_eq!(model_of(answered), "acme/extra");
    // As an alias it gives way to the provider that it names.
    sounds_so.model.id = ModelId::new("something").unwrap();
    sounds_so.model.aliases = vec![ModelId::new("acme/extra").unwrap()];
    let bench = self::bench(vec![sounds_so, also], vec![provider("bcme", vec![])]).await;
    bench.provider.then(whole("x", 1, 1));
    assert_eq!(
        model_of(bench.call(asking("acme/extra", &[])).await),
        "else"
    );
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_not_served_here_is_passed_over() {
    let mut retired = stand_in("ccme", 1, 8);
    retired.model.status = ModelStatus::Retired;
    let mut unpriced = stand_in("bcme", 1, 7);
    unpriced.versions.clear();
    let mut embeds = stand_in("bcme", 1, 6);
    embeds.model.id = ModelId::new("embeds").unwrap();
    embeds.model.capabilities = ["embeddings".to_owned()].into();
    // Of ddme there is no adapter.
    let models = vec![stand_in("ddme", 1, 9), retired, unpriced, embeds];
    let others = vec![provider("bcme", answers(9)), provider("ccme", answers(9))];
    let bench = bench(models, others).await;
    bench.provider.then(whole("x", 1, 1));
    assert_eq!(model_of(bench.call(asking("one", &[])).await), "one");
    let refused = |name| bench.call(asking(name, &[]));
    let failure = refused("ddme/one").await.unwrap_err();
    assert!(
        matches!(failure.error, CallError::NotServed(_)),
        "{failure:?}"
    );
    let failure = refused("bcme/one").await.unwrap_err();
    assert!(
        matches!(failure.error, CallError::NotPriced(_)),
        "{failure:?}"
    );
    let failure = refused("embeds").await.unwrap_err();
    assert!(
        matches!(failure.error, CallError::WrongRoute { .. }),
        "{failure:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn fallbacks_come_in_their_order_after_everybody_of_the_first_name() {
    let mut third = model("bcme", "third");
    third.versions = vec![version(2)];
    let models = vec![model("bcme", "second"), third, stand_in("ccme", 1, -1)];
    let bcme = provider("bcme", vec![]);
    let ccme = provider("ccme", vec![]);
    let bench = bench(models, vec![Arc::clone(&bcme), Arc::clone(&ccme)]).await;
    let failure = bench
        .call(asking("one", &["third", "one", "second"]))
        .await
        .unwrap_err();
    let record = bench.record(failure.generation).await;
    let asked: Vec<_> = record
        .attempts
        .iter()
        .map(|one| one.model.as_str())
        .collect();
    assert_eq!(
        asked,
        [
            "one-upstream",
            "ccme/one-upstream",
            "third-upstream",
            "second-upstream"
        ],
        "each once, in order"
    );
    bcme.then(whole("from the third", 10, 0));
    let (id, cost, _) = expect_whole(bench.call(asking("one", &["third"])).await);
    let record = bench.record(id).await;
    assert_eq!(cost, 10 * 2_000, "at the price of who answered");
    assert_eq!(record.model, "one");
    assert_eq!(record.priced_as.unwrap().as_str(), "third");
    let told = bcme.calls().pop().unwrap();
    let named = (told.envelope.model.as_str(), told.model.as_str());
    assert_eq!(named, ("one", "third"), "who answers is told apart");
}

/// Which models a key may call, what it asks for with which fallbacks, and which
/// providers are asked in the end.
type Row = (
    &'static [&'static str],
    &'static str,
    &'static [&'static str],
    Option<&'static [&'static str]>,
);

async fn allowed(bench: &Bench, patterns: &[&str]) -> Caller {
    let caller = bench.caller(Environment::Live, Limits::default()).await;
    let Identity::Key(key) = &caller.identity else {
        panic!("a caller with a key");
    };
    let mut key = key.as_ref().clone();
    let patterns = patterns.iter().map(|text| ModelPattern::new(text).unwrap());
    key.restrictions.allowed_models = patterns.collect();
    Caller {
        identity: Identity::Key(Arc::new(key)),
        ..caller
    }
}

#[tokio::test(start_paused = true)]
async fn the_models_of_a_key_hold_for_fallbacks_and_stand_ins() {
    let models = vec![model("bcme", "second"), stand_in("ccme", 1, 3)];
    let bench = bench(
        models,
        vec![provider("bcme", vec![]), provider("ccme", vec![])],
    )
    .await;
    let rows: [Row; 9] = [
        (&["one"], "one", &[], Some(&["ccme", "acme"])),
        (&["acme/*"], "one", &[], Some(&["acme", "acme"])),
        (&["ccme/*"], "one", &[], Some(&["ccme", "ccme"])),
        (&["second"], "one", &[], None),
        (&["one"], "one", &["second"], None),
        (&["one"], "second", &["one"], None),
        (
            &["one", "second"],
            "one",
            &["second"],
            Some(&["ccme", "acme", "bcme"]),
        ),
        (&["ccme/one"], "one", &["acme/one"], None),
        (&["one"], "ccme/one", &[], None),
    ];
    for (patterns, name, fallbacks, expected) in rows {
        let caller = allowed(&bench, patterns).await;
        let failure = bench
            .call_as(caller, asking(name, fallbacks), None)
            .await
            .unwrap_err();
        let Some(expected) = expected else {
            let is_refused = matches!(&failure.error, CallError::Refused(KeyRefusal::Model(_)));
            assert!(is_refused, "{patterns:?} {name} {fallbacks:?}: {failure:?}");
            continue;
        };
        assert!(
            matches!(failure.error, CallError::Provider(_)),
            "{failure:?}"
        );
        let record = bench.record(failure.generation).await;
        let asked = record.attempts.iter().map(|one| one.provider.as_str());
        assert_eq!(asked.collect::<Vec<_>>(), expected, "{patterns:?} {name}");
        // What failed five times is left alone: forget it for the next row.
        tokio::time::advance(core::time::Duration::from_secs(3_600)).await;
    }
    assert_eq!(bench.figures().await, (RICH, 0));
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_nobody_knows_refuses_the_call() {
    let bench = bench(vec![], vec![]).await;
    let failure = bench
        .call(asking("one", &["unheard-of"]))
        .await
        .unwrap_err();
    let CallError::UnknownModel(name) = failure.error else {
        panic!("{failure:?}");
    };
    assert_eq!(name, "unheard-of");
    assert!(bench.provider.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn test_keys_are_answered_by_the_simulator_alone() {
    let bench = bench(vec![stand_in("bcme", 1, 3)], vec![provider("bcme", vec![])]).await;
    let caller = bench.caller(Environment::Test, Limits::default()).await;
    let answered = bench
        .call_as(caller, asking("one", &["thinker"]), None)
        .await;
    let (id, cost, _) = expect_whole(answered);
    assert_eq!(cost, 0);
    let record = bench.record(id).await;
    assert_eq!(record.attempts.len(), 1);
    assert_eq!(record.provider.as_str(), "sim");
}
