//! Answers that are given again.

mod charge;

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use vuzo_application::access::{Caller, Identity};
use vuzo_application::chat::{Answered, CacheMark, CacheWish, CallError, Failure};
use vuzo_domain::catalog::ModelId;
use vuzo_domain::chat::{
    CallStatus, Envelope, FaultKind, ProviderFault, ReplyChunk, ReplyStream, UsageReport,
};
use vuzo_domain::id::GenerationId;
use vuzo_domain::key::{Environment, KeyRefusal};
use vuzo_domain::limit::Limits;
use vuzo_domain::money::Units;
use vuzo_domain::pattern::ModelPattern;
use vuzo_domain::port::ModelWrite;
use vuzo_domain::pricing::LineKind;
use vuzo_domain::usage::Consumption;
use vuzo_memory::Script;

use crate::bench::{
    Bench, INPUT, OUTPUT, Setting, consumed, end, envelope, expect_stream, expect_whole, piece,
    read, whole,
};

const RICH: i64 = 1_000_000_000;
const HOUR: Duration = Duration::from_secs(3_600);

const WISH: CacheWish = CacheWish {
    lifetime: HOUR,
    reads: true,
    keeps: true,
};

fn asking() -> Envelope {
    envelope(false, Some(100))
}

async fn plain(bench: &Bench) -> Caller {
    bench.caller(Environment::Live, Limits::default()).await
}

async fn ask(bench: &Bench, envelope: Envelope) -> Result<Answered, Failure> {
    let caller = plain(bench).await;
    bench.call_again_as(caller, envelope, WISH, None).await
}

/// Where an answer comes from, as its header tells.
fn mark(answered: &Result<Answered, Failure>) -> Option<CacheMark> {
    match answered {
        Ok(Answered::Whole { facts, .. } | Answered::Stream { facts, .. }) => facts.cache,
        other => panic!("{other:?}"),
    }
}

/// Reads an answer to its end, and waits until its call is over.
async fn finish(bench: &Bench, answered: Result<Answered, Failure>) -> Option<CacheMark> {
    let mark = mark(&answered);
    if let Ok(Answered::Stream { frames, .. }) = answered {
        read(frames).await;
    }
    bench.settled().await;
    mark
}

#[tokio::test(start_paused = true)]
async fn an_identical_request_gets_the_same_answer_for_nothing() {
    let bench = Bench::with(RICH, [whole("hello", 30, 70)]).await;
    let first = ask(&bench, asking()).await;
    assert_eq!(mark(&first), Some(CacheMark::Miss));
    let (made_by, cost, _) = expect_whole(first);
    let left = bench.settled().await;
    assert_eq!(left, RICH - cost);
    let second = ask(&bench, asking()).await;
    assert_eq!(mark(&second), Some(CacheMark::Hit));
    let (id, cost, body) = expect_whole(second);
    assert_eq!((cost, body), (0, format!("hello[{id} 0]")));
    assert_ne!(id, made_by);
    assert_eq!(bench.settled().await, left);
    assert_eq!(bench.provider.calls().len(), 1);
    let original = bench.record(made_by).await;
    assert_eq!(original.cached_from, None);
    let record = bench.record(id).await;
    assert_eq!(record.cached_from, Some(made_by));
    assert_eq!(record.status, CallStatus::Ok);
    assert_eq!(record.consumption, Consumption::default());
    assert_eq!(record.attempts, []);
    assert_eq!(record.receipt.lines, []);
    assert_eq!((record.provider_cost, record.held), (Units(0), Units(0)));
    assert_eq!(record.provider, original.provider);
    assert_eq!(record.served_model, original.served_model);
    assert!(!record.estimated);
    let tally = bench.app.calls.tally();
    assert_eq!((tally.cache_hits, tally.cache_misses), (1, 1));
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_looked_up_or_kept_without_a_wish() {
    let scripts = ["one", "two", "three"].map(|body| whole(body, 1, 1));
    let bench = Bench::with(RICH, scripts).await;
    for (wishes, expected, body) in [
        (false, None, "one"),
        (true, Some(CacheMark::Miss), "two"),
        (false, None, "three"),
        (true, Some(CacheMark::Hit), "two"),
    ] {
        let answered = if wishes {
            ask(&bench, asking()).await
        } else {
            bench.call(asking()).await
        };
        assert_eq!(mark(&answered), expected);
        assert!(expect_whole(answered).2.starts_with(body), "{body}");
        bench.settled().await;
    }
}

/// The ids of calls are counted up, so that a script can name the call it is for.
fn next_to(call: GenerationId) -> GenerationId {
    let step = (1 << 80) | 1;
    GenerationId::from_uuid(uuid::Uuid::from_u128(call.uuid().as_u128() + step))
}

fn frames(text: String) -> Bytes {
    Bytes::from(text)
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_given_again_to_the_byte_but_for_its_id() {
    let bench = Bench::with(RICH, [whole("x", 1, 1)]).await;
    let (before, _, _) = expect_whole(bench.call(asking()).await);
    let id = next_to(before);
    let bare = id.uuid().as_simple().to_string();
    bench.provider.then(Script::Pieces(vec![
        Ok(ReplyChunk::Content {
            frames: frames(format!("[{id} one ä]")),
            output_bytes: 5,
        }),
        Ok(ReplyChunk::Content {
            frames: frames(format!("[msg_{bare} two]")),
            output_bytes: 4,
        }),
        Ok(ReplyChunk::End {
            frames: frames(format!("[resp_{bare}]")),
            usage_frame: Some(frames(format!("[usage of {id}]"))),
            report: consumed(10, 20),
        }),
    ]));
    let cost = 10 * INPUT + 20 * OUTPUT;
    let (made_by, stream) = expect_stream(ask(&bench, envelope(true, Some(100))).await);
    assert_eq!(made_by, id);
    let first = read(stream).await;
    let left = bench.settled().await;
    let second = ask(&bench, envelope(true, Some(100))).await;
    assert_eq!(mark(&second), Some(CacheMark::Hit));
    let (again, stream) = expect_stream(second);
    let text = read(stream).await;
    assert_ne!(again, id);
    let bare = |id: GenerationId| id.uuid().as_simple().to_string();
    assert_eq!(first.matches(&bare(id)).count(), 4);
    // What the call cost is the only other thing that differs.
    let expected = first
        .replace(&bare(id), &bare(again))
        .replace(&format!("[{cost}]"), "[0]");
    assert_eq!(text, expected);
    assert_eq!(bench.settled().await, left);
    let record = bench.record(again).await;
    assert_eq!(record.cached_from, Some(id));
    assert!(record.stream && record.time_to_first_token.is_some());
    assert_eq!(bench.provider.calls().len(), 2);
    bench.books_are_clean().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_to_its_own_account_and_request_alone() {
    let scripts = ["first", "other body", "streamed", "limited", "another's"];
    let bench = Bench::with(RICH, scripts.map(|body| whole(body, 1, 1))).await;
    finish(&bench, ask(&bench, asking()).await).await;
    let mut other_body = asking();
    other_body.body = Bytes::from_static(b"{ }");
    assert_eq!(
        finish(&bench, ask(&bench, other_body).await).await,
        Some(CacheMark::Miss)
    );
    let mut elsewhere = asking();
    elsewhere.endpoint = vuzo_domain::chat::Endpoint::Responses;
    assert_eq!(
        finish(&bench, ask(&bench, elsewhere).await).await,
        Some(CacheMark::Miss)
    );
    // Another key of the account finds it; one with another output limit does not.
    let limits = Limits {
        max_tokens_per_request: Some(200),
        ..Limits::default()
    };
    let limited = bench.caller(Environment::Live, limits).await;
    let answered = bench.call_again_as(limited, asking(), WISH, None).await;
    assert_eq!(finish(&bench, answered).await, Some(CacheMark::Miss));
    let somebody = bench.world.customer_with(RICH).await;
    let accounts = &bench.world.store.accounts;
    let account = accounts.find_account(somebody.account).await.unwrap();
    let other = Caller {
        account: Arc::new(account.unwrap()),
        identity: Identity::Key(Arc::new(bench.world.key(&somebody).await)),
    };
    let answered = bench.call_again_as(other, asking(), WISH, None).await;
    assert_eq!(mark(&answered), Some(CacheMark::Miss));
    assert!(expect_whole(answered).2.starts_with("another's"));
    let own = ask(&bench, asking()).await;
    assert!(expect_whole(own).2.starts_with("first"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_given_as_long_as_was_wished_from_when_it_was_made() {
    let bench = Bench::with(RICH, [whole("old", 1, 1), whole("new", 1, 1)]).await;
    for (pass, expected) in [
        (0, CacheMark::Miss),
        (3_599, CacheMark::Hit),
        // That it was given again has not made it last longer.
        (1, CacheMark::Miss),
        (3_599, CacheMark::Hit),
    ] {
        bench.clock.advance(Duration::from_secs(pass));
        assert_eq!(
            finish(&bench, ask(&bench, asking()).await).await,
            Some(expected)
        );
    }
    assert_eq!(bench.provider.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_wants_no_old_answer_gets_a_new_one() {
    let names = ["1", "2", "3", "4"];
    let bench = Bench::with(RICH, names.map(|name| whole(name, 1, 1))).await;
    let no_cache = CacheWish {
        reads: false,
        ..WISH
    };
    let no_store = CacheWish {
        keeps: false,
        ..no_cache
    };
    for (wish, expected, body) in [
        (no_store, CacheMark::Bypass, "1"),
        (WISH, CacheMark::Miss, "2"),
        (no_store, CacheMark::Bypass, "3"),
        (WISH, CacheMark::Hit, "2"),
        (no_cache, CacheMark::Bypass, "4"),
        (WISH, CacheMark::Hit, "4"),
    ] {
        let caller = plain(&bench).await;
        let answered = bench.call_again_as(caller, asking(), wish, None).await;
        assert_eq!(mark(&answered), Some(expected), "{body}");
        assert!(expect_whole(answered).2.starts_with(body), "{body}");
        bench.settled().await;
    }
}

#[tokio::test(start_paused = true)]
async fn only_answers_that_ended_well_are_kept() {
    let broken = || ProviderFault::new(FaultKind::Garbled, "broken");
    let silent = || UsageReport {
        output_bytes: 40,
        ..UsageReport::default()
    };
    let large: &'static str = Box::leak("a".repeat((1 << 20) + 1).into_boxed_str());
    let exact: &'static str = Box::leak("a".repeat(1 << 20).into_boxed_str());
    let stream = |pieces| (true, Script::Pieces(pieces));
    for (what, (streams, script), expected) in [
        ("good", (false, whole("x", 1, 1)), CacheMark::Hit),
        ("large", (false, whole(exact, 1, 1)), CacheMark::Hit),
        ("too large", (false, whole(large, 1, 1)), CacheMark::Miss),
        (
            "without usage",
            stream(vec![piece("x"), end(silent())]),
            CacheMark::Miss,
        ),
        (
            "broken off",
            stream(vec![piece("x"), Err(broken())]),
            CacheMark::Miss,
        ),
        ("not ended", stream(vec![piece("x")]), CacheMark::Miss),
        (
            "a good stream",
            stream(vec![piece("x"), end(consumed(1, 1))]),
            CacheMark::Hit,
        ),
        (
            "a stream that is too large",
            stream(vec![piece(exact), end(consumed(1, 1))]),
            CacheMark::Miss,
        ),
    ] {
        let bench = Bench::with(RICH, [script]).await;
        bench.provider.then(if streams {
            Script::Pieces(vec![piece("y"), end(consumed(1, 1))])
        } else {
            whole("y", 1, 1)
        });
        let request = || ask(&bench, envelope(streams, Some(100)));
        assert_eq!(
            finish(&bench, request().await).await,
            Some(CacheMark::Miss),
            "{what}"
        );
        assert_eq!(
            finish(&bench, request().await).await,
            Some(expected),
            "{what}"
        );
        bench.books_are_clean().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_not_kept() {
    let fault = ProviderFault::new(FaultKind::Garbled, "broken");
    let bench = Bench::with(RICH, [Script::Fault(fault), whole("well", 1, 1)]).await;
    let failure = ask(&bench, asking()).await.unwrap_err();
    assert!(matches!(failure.error, CallError::Provider(_)));
    let answered = ask(&bench, asking()).await;
    assert_eq!(mark(&answered), Some(CacheMark::Miss));
    assert!(expect_whole(answered).2.starts_with("well"));
}

#[tokio::test(start_paused = true)]
async fn what_was_clamped_or_left_is_not_kept() {
    let worst_of_40 = 100 * INPUT + 40 * OUTPUT;
    let bench = Bench::with(worst_of_40, [whole("short", 1, 1), whole("long", 1, 1)]).await;
    for expected in [CacheMark::Miss, CacheMark::Miss] {
        let answered = ask(&bench, asking()).await;
        let Ok(Answered::Whole { facts, .. }) = &answered else {
            panic!("{answered:?}");
        };
        assert!(facts.clamped.is_some());
        assert_eq!(finish(&bench, answered).await, Some(expected));
    }
    let slow = futures_util::StreamExt::chain(
        futures_util::stream::iter([piece("x")]),
        futures_util::stream::once(async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            end(consumed(1, 1))
        }),
    );
    let slow = Script::Stream(ReplyStream::new(slow));
    let fast = Script::Pieces(vec![piece("x"), end(consumed(1, 1))]);
    let bench = Bench::with(RICH, [slow, fast]).await;
    let (id, mut frames) = expect_stream(ask(&bench, envelope(true, Some(100))).await);
    frames.recv().await.unwrap();
    drop(frames);
    bench.settled().await;
    assert_eq!(
        bench.record(id).await.status,
        CallStatus::ClientDisconnected
    );
    let answered = ask(&bench, envelope(true, Some(100))).await;
    assert_eq!(finish(&bench, answered).await, Some(CacheMark::Miss));
}

#[tokio::test(start_paused = true)]
async fn test_keys_have_no_part_in_it() {
    let bench = Bench::with(RICH, [whole("live", 1, 1)]).await;
    finish(&bench, ask(&bench, asking()).await).await;
    let tester = bench.caller(Environment::Test, Limits::default()).await;
    let answered = bench.call_again_as(tester, asking(), WISH, None).await;
    assert_eq!(mark(&answered), Some(CacheMark::Bypass));
    assert!(expect_whole(answered).2.starts_with("from the simulator"));
    bench.settled().await;
    let live = ask(&bench, asking()).await;
    assert!(expect_whole(live).2.starts_with("live"));
}

#[tokio::test(start_paused = true)]
async fn who_may_not_call_gets_no_kept_answer_either() {
    let bench = Bench::with(RICH, [whole("x", 1, 1)]).await;
    finish(&bench, ask(&bench, asking()).await).await;
    let mut key = bench.world.key(&bench.customer).await;
    key.restrictions.allowed_models = vec![ModelPattern::new("thinker").unwrap()];
    let barred = Caller {
        identity: Identity::Key(Arc::new(key)),
        ..plain(&bench).await
    };
    let refused = bench.call_again_as(barred, asking(), WISH, None).await;
    assert!(matches!(
        refused.unwrap_err().error,
        CallError::Refused(KeyRefusal::Model(_))
    ));
    // An answer that is given again counts as a request, and takes no tokens.
    let limits = Limits {
        requests_per_minute: Some(2),
        tokens_per_minute: Some(1_000),
        ..Limits::default()
    };
    let limited = bench.caller(Environment::Live, limits).await;
    for _ in 0..2 {
        let caller = limited.clone();
        let answered = bench.call_again_as(caller, asking(), WISH, None).await;
        let Ok(Answered::Whole { facts, .. }) = &answered else {
            panic!("{answered:?}");
        };
        let left = facts.limits.tokens.unwrap();
        assert!(left.remaining < left.limit);
        assert_eq!(finish(&bench, answered).await, Some(CacheMark::Hit));
    }
    let third = bench.call_again_as(limited, asking(), WISH, None).await;
    assert!(matches!(third.unwrap_err().error, CallError::Limited(_)));
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_catalogue_is_a_change_of_the_answer() {
    let bench = Bench::with(RICH, [whole("old", 1, 1), whole("new", 1, 1)]).await;
    finish(&bench, ask(&bench, asking()).await).await;
    let catalog = &bench.world.store.catalog;
    let mut snapshot = catalog.load_catalog().await.unwrap();
    let one = ModelId::new("one").unwrap();
    let entry = snapshot
        .models
        .iter_mut()
        .find(|entry| entry.model.id == one);
    let model = &mut entry.unwrap().model;
    model.upstream_id = "one-newer".to_owned();
    let write = ModelWrite {
        model: model.clone(),
        version: None,
        audit: bench.world.audit_entry("model.change", &one),
    };
    catalog.save_model(write).await.unwrap();
    bench.app.models.reload().await.unwrap();
    let answered = ask(&bench, asking()).await;
    assert_eq!(mark(&answered), Some(CacheMark::Miss));
    assert!(expect_whole(answered).2.starts_with("new"));
}

#[tokio::test(start_paused = true)]
async fn an_idempotency_key_counts_beside_it() {
    let bench = Bench::with(RICH, [whole("x", 1, 1), whole("y", 1, 1)]).await;
    finish(&bench, ask(&bench, asking()).await).await;
    let caller = plain(&bench).await;
    let request = || bench.call_again_as(caller.clone(), asking(), WISH, Some("once"));
    let first = request().await;
    assert_eq!(mark(&first), Some(CacheMark::Hit));
    let (id, _, body) = expect_whole(first);
    let Ok(Answered::Replay {
        generation,
        body: replayed,
        ..
    }) = request().await
    else {
        panic!("not a replay");
    };
    assert_eq!((generation, replayed), (id, Bytes::from(body)));
    let (_, _, again) = expect_whole(ask(&bench, asking()).await);
    assert!(
        again.starts_with('x'),
        "a new call, which is given it again"
    );
    assert_eq!(bench.provider.calls().len(), 1);
}
