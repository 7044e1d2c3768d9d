//! What tests are made of, itself under test.

use core::future::poll_fn;
use core::task::Poll;
use core::time::Duration;
use std::sync::{Arc, Mutex};

use crate::{LocalFeed, ManualClock, Script, ScriptedProvider, SequentialIds};
use bytes::Bytes;
use futures_util::StreamExt as _;
use uuid::Uuid;
use vuzo_domain::catalog::{ModelId, ProviderId};
use vuzo_domain::chat::{
    Endpoint, Envelope, FaultKind, Reply, ReplyChunk, ReplyStream, UpstreamCall, UsageReport,
    WholeReply,
};
use vuzo_domain::id::{AccountId, GenerationId};
use vuzo_domain::port::{Change, ChangeFeed, ChangeSink, ChatProvider, Clock, IdGen};
use vuzo_domain::time::Timestamp;

#[test]
fn the_clock_moves_when_it_is_told() {
    let clock = ManualClock::at(Timestamp::from_secs(10));
    assert_eq!(clock.now(), Timestamp::from_secs(10));
    assert_eq!(
        clock.advance(Duration::from_millis(1_500)),
        Timestamp::from_micros(11_500_000)
    );
    assert_eq!(clock.now(), Timestamp::from_micros(11_500_000));
    clock.set(Timestamp::from_secs(3));
    assert_eq!(clock.now(), Timestamp::from_secs(3));
}

#[test]
fn ids_rise_and_bytes_differ() {
    let ids = SequentialIds::new();
    let made: Vec<Uuid> = (0..1_000).map(|_| ids.uuid()).collect();
    assert!(made.is_sorted() && made.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(made[0].get_version_num(), 7);
    let (mut one, mut other) = ([0; 33], [0; 33]);
    ids.fill_random(&mut one);
    ids.fill_random(&mut other);
    assert_ne!(one, other);
    assert!(one.iter().any(|byte| *byte != 0));
}

#[derive(Default)]
struct Heard(Mutex<Vec<Change>>);

impl ChangeSink for Heard {
    fn forget(&self, change: Change) {
        self.0.lock().unwrap().push(change);
    }
}

#[tokio::test]
async fn news_reach_everybody_here() {
    let (one, other) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
    let sinks: Vec<Arc<dyn ChangeSink>> =
        vec![Arc::<Heard>::clone(&one), Arc::<Heard>::clone(&other)];
    let change = Change::Account(AccountId::from_uuid(Uuid::from_u128(1)));
    LocalFeed::to(sinks).announce(change).await.unwrap();
    LocalFeed::default().announce(change).await.unwrap();
    for heard in [one, other] {
        assert_eq!(*heard.0.lock().unwrap(), [change]);
    }
}

fn call() -> UpstreamCall {
    UpstreamCall {
        capabilities: Vec::new().into(),
        model_most: 4_096,
        secret: None,
        generation: GenerationId::from_uuid(Uuid::from_u128(1)),
        model: ModelId::new("m").unwrap(),
        upstream_model: "m".to_owned(),
        output_limit: None,
        service_tier: None,
        envelope: Arc::new(Envelope {
            endpoint: Endpoint::ChatCompletions,
            model: "m".to_owned(),
            fallbacks: Vec::new(),
            stream: true,
            wants_usage: false,
            output_limit: None,
            answers: 1,
            prompt_bytes: 3,
            images: 0,
            audio_bytes: 0,
            long_cache: false,
            betas: Vec::new(),
            service_tier: vuzo_domain::pricing::TierWish::Standard,
            metadata: None,
            body: Bytes::from_static(b"{}"),
        }),
    }
}

fn content() -> ReplyChunk {
    ReplyChunk::Content {
        frames: Bytes::from_static(b"data: {}\n\n"),
        output_bytes: 2,
    }
}

fn end() -> ReplyChunk {
    ReplyChunk::End {
        frames: Bytes::new(),
        usage_frame: None,
        report: UsageReport::default(),
    }
}

#[tokio::test]
async fn a_provider_follows_its_script() {
    let whole = WholeReply {
        body: Bytes::from_static(b"{}"),
        report: UsageReport::default(),
    };
    let provider = ScriptedProvider::new(
        ProviderId::simulator(),
        [
            Script::Whole(whole.clone()),
            Script::Pieces(vec![Ok(content()), Ok(end())]),
        ],
    );
    assert_eq!(provider.id(), ProviderId::simulator());
    let Ok(Reply::Whole(answer)) = provider.open(&call()).await else {
        unreachable!("the script says a whole answer")
    };
    assert_eq!(answer, whole);
    let Ok(Reply::Stream(stream)) = provider.open(&call()).await else {
        unreachable!("the script says a stream")
    };
    let pieces: Vec<_> = stream.map(Result::unwrap).collect().await;
    assert_eq!(pieces, [content(), end()]);
    let fault = provider.open(&call()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Failing);
    assert_eq!(provider.calls().len(), 3);
    assert_eq!(provider.dropped(), 0, "every answer was heard to its end");
}

#[tokio::test]
async fn answers_that_are_given_up_are_counted() {
    let provider = ScriptedProvider::new(
        ProviderId::simulator(),
        [
            Script::Pieces(vec![Ok(content()), Ok(end())]),
            Script::Stream(ReplyStream::new(futures_util::stream::pending())),
        ],
    );
    provider.then(Script::Silence);
    let Ok(Reply::Stream(mut stream)) = provider.open(&call()).await else {
        unreachable!("the script says a stream")
    };
    assert!(stream.next().await.is_some());
    drop(stream);
    assert_eq!(provider.dropped(), 1);
    drop(provider.open(&call()).await);
    assert_eq!(provider.dropped(), 2);
    let request = call();
    let mut silence = provider.open(&request);
    let polled = poll_fn(|context| Poll::Ready(silence.as_mut().poll(context).is_pending()));
    assert!(polled.await, "it never answers");
    drop(silence);
    assert_eq!(provider.dropped(), 3);
}
