//! What [`vuzo_domain::port::AnswerCache`] promises.

use core::time::Duration;
use std::sync::Arc;

use bytes::Bytes;
use tokio::time::{Instant, sleep};
use vuzo_domain::catalog::{ModelId, ProviderId};
use vuzo_domain::chat::{KeptAnswer, KeptBody};
use vuzo_domain::id::GenerationId;
use vuzo_domain::money::{Currency, Units};
use vuzo_domain::port::AnswerCache;
use vuzo_domain::usage::Consumption;

use crate::{Ticker, sample};

/// Every law of `AnswerCache`. The argument is the path of an
/// `async fn() -> Arc<dyn AnswerCache>` that makes an empty cache which goes by real
/// time.
#[macro_export]
macro_rules! answer_cache_laws {
    ($setup:path) => {
        $crate::__instantiate!(answer_cache, $setup, $crate::answer_cache::Shelf, [
            an_answer_is_found_as_it_was_given
            only_its_own_key_finds_an_answer
            the_last_answer_under_a_key_counts
            an_answer_is_gone_when_its_time_is_over
            an_answer_that_is_too_large_is_not_kept
        ]);
    };
}

/// So long laws keep what is to be found again.
const LONG: Duration = Duration::from_secs(600);

/// A cache under test.
pub struct Shelf {
    cache: Arc<dyn AnswerCache>,
    ticker: Ticker,
}

impl Shelf {
    /// A shelf with this cache.
    pub fn new(cache: Arc<dyn AnswerCache>) -> Self {
        Self {
            cache,
            ticker: Ticker::default(),
        }
    }

    fn key(&self) -> [u8; 32] {
        sample::digest(self.ticker.uuid())
    }

    fn answer(&self, body: KeptBody) -> KeptAnswer {
        KeptAnswer {
            made_by: GenerationId::from_uuid(self.ticker.uuid()),
            model: ModelId::new("gpt-4o").unwrap(),
            provider: ProviderId::new("openai").unwrap(),
            upstream_model: "gpt-4o-2024-08-06".to_owned(),
            served_model: None,
            cost: Units(17),
            currency: Currency::USD,
            consumption: Consumption::default(),
            body,
        }
    }

    fn text(&self, text: &str) -> KeptAnswer {
        self.answer(KeptBody::Whole(Bytes::from(text.to_owned())))
    }
}

/// Every field of every kind of answer comes back.
pub async fn an_answer_is_found_as_it_was_given(shelf: &Shelf) {
    let stream = |usage_frame: Option<&'static [u8]>| KeptBody::Stream {
        frames: Bytes::from_static(b"data: {\"text\":\"\xc3\xa4\\n\"}\n\n"),
        output_bytes: u64::MAX,
        last: Bytes::from_static(b"\0\xff\n"),
        usage_frame: usage_frame.map(Bytes::from_static),
    };
    let mut adorned = shelf.text("adorned");
    adorned.served_model = Some("ein Modell – \"1\"".to_owned());
    adorned.cost = Units(i64::MAX);
    adorned.currency = "NGN".parse().unwrap();
    adorned.consumption = Consumption {
        input: 1,
        cache_read: 2,
        cache_write: 3,
        cache_write_long: 4,
        audio_input: 5,
        output: 6,
        reasoning: u64::MAX,
        images: 8,
    };
    let largest = Bytes::from(vec![b'a'; KeptAnswer::MOST_BYTES]);
    for answer in [
        shelf.text(""),
        shelf.text("hello"),
        adorned,
        shelf.answer(KeptBody::Whole(largest)),
        shelf.answer(stream(None)),
        shelf.answer(stream(Some(b""))),
        shelf.answer(stream(Some(b"data: {}\n\n"))),
    ] {
        let key = shelf.key();
        shelf.cache.keep(&key, answer.clone(), LONG).await;
        for _ in 0..2 {
            assert_eq!(shelf.cache.find(&key).await, Some(answer.clone()));
        }
    }
}

/// Nobody finds what was kept under another key.
pub async fn only_its_own_key_finds_an_answer(shelf: &Shelf) {
    let (mine, missing) = (shelf.key(), shelf.key());
    assert_eq!(shelf.cache.find(&mine).await, None);
    let answer = shelf.text("mine");
    shelf.cache.keep(&mine, answer.clone(), LONG).await;
    assert_eq!(shelf.cache.find(&missing).await, None);
    for index in 0..32 {
        let mut near = mine;
        near[index] ^= 1;
        assert_eq!(shelf.cache.find(&near).await, None, "{index}");
    }
    assert_eq!(shelf.cache.find(&mine).await, Some(answer));
}

/// A newer answer takes the place of an older one, its time included.
pub async fn the_last_answer_under_a_key_counts(shelf: &Shelf) {
    let key = shelf.key();
    let first = shelf.text("first");
    let brief = Duration::from_millis(50);
    shelf.cache.keep(&key, first, brief).await;
    let second = shelf.text("second");
    shelf.cache.keep(&key, second.clone(), LONG).await;
    sleep(brief * 2).await;
    assert_eq!(shelf.cache.find(&key).await, Some(second));
}

/// An answer lasts as long as was said, and no longer.
pub async fn an_answer_is_gone_when_its_time_is_over(shelf: &Shelf) {
    let (brief, lasting) = (shelf.key(), shelf.key());
    let lifetime = Duration::from_millis(300);
    let answer = shelf.text("brief");
    shelf.cache.keep(&lasting, answer.clone(), LONG).await;
    let begun = Instant::now();
    shelf.cache.keep(&brief, answer.clone(), lifetime).await;
    let kept = Instant::now();
    let found = shelf.cache.find(&brief).await;
    // A machine that is too busy to look in time shows nothing of this half.
    if begun.elapsed() < lifetime {
        assert_eq!(found, Some(answer.clone()));
    }
    while kept.elapsed() <= lifetime {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(shelf.cache.find(&brief).await, None);
    assert_eq!(shelf.cache.find(&lasting).await, Some(answer));
}

/// What is too large changes nothing.
pub async fn an_answer_that_is_too_large_is_not_kept(shelf: &Shelf) {
    let key = shelf.key();
    let too_large = Bytes::from(vec![b'a'; KeptAnswer::MOST_BYTES + 1]);
    let whole = shelf.answer(KeptBody::Whole(too_large.clone()));
    let stream = shelf.answer(KeptBody::Stream {
        frames: too_large.slice(..KeptAnswer::MOST_BYTES - 1),
        output_bytes: 1,
        last: Bytes::from_static(b"a"),
        usage_frame: Some(Bytes::from_static(b"a")),
    });
    for answer in [whole, stream] {
        shelf.cache.keep(&key, answer, LONG).await;
        assert_eq!(shelf.cache.find(&key).await, None);
    }
}
