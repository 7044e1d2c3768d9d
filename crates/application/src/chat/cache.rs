use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use vuzo_domain::chat::{
    KeptAnswer, KeptBody, ProviderFault, Reply as ProviderReply, ReplyChunk, ReplyStream,
    UsageReport, WholeReply,
};
use vuzo_domain::id::GenerationId;
use vuzo_domain::pricing::Receipt;

use super::engine::Engine;
use super::error::CallError;
use super::hold::{Held, Stop};
use super::open::Opened;
use super::outcome::Billed;
use super::quote::{Quoted, most_allowed};
use super::tally::Tally;
use super::trail::Trail;

/// What a customer wants of answers that were given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheWish {
    /// How long the answer is kept for requests to come.
    pub lifetime: Duration,
    /// Whether an answer may be one that was given before.
    pub reads: bool,
    /// Whether the answer may be kept.
    pub keeps: bool,
}

/// Whether an answer was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheMark {
    /// It was.
    Hit,
    /// There was none.
    Miss,
    /// Nobody looked.
    Bypass,
}

impl CacheMark {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Bypass => "bypass",
        }
    }
}

/// What there is to know of answers that were given before.
pub(super) struct Caching {
    pub(super) mark: CacheMark,
    key: [u8; 32],
    lifetime: Duration,
    keeps: bool,
    hit: Option<Hit>,
}

/// An answer that is given again.
pub(super) struct Hit {
    /// The call that it was made for.
    pub(super) from: GenerationId,
    /// What it costs now.
    pub(super) receipt: Receipt,
}

/// An answer that is to be kept once its call is settled.
pub(super) struct Keeping {
    key: [u8; 32],
    answer: KeptAnswer,
    lifetime: Duration,
}

impl Engine {
    /// Looks for an answer that was given before. The turn goes to whoever made it:
    /// nothing is found where they may not answer this call now, be it that the key may
    /// not call them or that the catalogue has changed.
    pub(super) async fn look_up(&self, quoted: &mut Quoted, wish: CacheWish) -> Option<KeptAnswer> {
        let is_live = !quoted.is_test;
        let mut caching = Caching {
            mark: CacheMark::Bypass,
            key: [0; 32],
            lifetime: wish.lifetime,
            keeps: wish.keeps && is_live,
            hit: None,
        };
        if is_live && (wish.reads || wish.keeps) {
            caching.key = self.cache_key(quoted);
        }
        let mut kept = None;
        if is_live && wish.reads {
            kept = self.answers.find(&caching.key).await;
            caching.hit = kept.as_ref().and_then(|kept| self.hit(quoted, kept));
            caching.mark = if caching.hit.is_some() {
                Tally::add(&self.tally.cache_hits);
                CacheMark::Hit
            } else {
                Tally::add(&self.tally.cache_misses);
                CacheMark::Miss
            };
        }
        let kept = kept.filter(|_| caching.hit.is_some());
        quoted.caching = Some(Box::new(caching));
        kept
    }

    /// What makes two requests the same: all that the answer depends on, and the
    /// account, so that nobody gets an answer of somebody else. Which key of the
    /// account it is makes no difference, but for the output limit that it sets.
    fn cache_key(&self, quoted: &Quoted) -> [u8; 32] {
        let call = &quoted.call;
        let body = match &call.claim {
            Some(claim) => claim.body,
            None => self.hasher.digest(&call.envelope.body),
        };
        let limit = most_allowed(&call.caller).unwrap_or(u64::MAX);
        let mut whole = Vec::with_capacity(96);
        whole.extend_from_slice(call.caller.account.id.uuid().as_bytes());
        whole.extend_from_slice(&limit.to_be_bytes());
        whole.extend_from_slice(&body);
        whole.extend_from_slice(call.envelope.endpoint.name().as_bytes());
        self.hasher.digest(&whole)
    }

    fn hit(&self, quoted: &mut Quoted, kept: &KeptAnswer) -> Option<Hit> {
        if !quoted.turn_to_maker(kept) {
            return None;
        }
        let percent = self.cache_hit_percent;
        let receipt = Receipt::of_cache_hit(kept.currency, kept.cost, percent);
        Some(Hit {
            from: kept.made_by,
            receipt: receipt.ok()?,
        })
    }

    /// Sets aside what the answer costs, and gives it in place of a provider.
    pub(super) async fn hold_and_give(
        &self,
        quoted: Box<Quoted>,
        kept: KeptAnswer,
    ) -> Result<Opened, Stop> {
        let command = self.hold_command(&quoted)?;
        let placed = match self.place(command).await {
            Ok(placed) => placed,
            Err(refusal) => return Err(self.explain(&quoted, refusal)),
        };
        let held = Held {
            total: placed.0.total().map_err(CallError::from)?,
            hold: placed.0,
            available: placed.1,
            // There is nothing to extend the hold for.
            covered: quoted.chosen().plan.most,
            written: None,
            clamped: None,
            renew_at: self.next_renewal(),
            trail: Trail::default(),
            quoted,
        };
        Ok(Opened {
            reply: Ok(given(kept, held.quoted.call.id)),
            held,
            upstream: Duration::ZERO,
        })
    }

    /// Keeps an answer whose call is settled.
    pub(super) async fn keep(&self, keeping: Option<Box<Keeping>>) {
        if let Some(keeping) = keeping {
            let Keeping {
                key,
                answer,
                lifetime,
            } = *keeping;
            self.answers.keep(&key, answer, lifetime).await;
        }
    }
}

impl Quoted {
    /// The answer that is given again, if one is.
    pub(super) fn hit(&self) -> Option<&Hit> {
        self.caching.as_ref()?.hit.as_ref()
    }

    /// Whether the answer is to be kept, if it ends well. What was given again is not:
    /// its time would never be over.
    pub(super) fn keeps(&self) -> bool {
        let caching = self.caching.as_ref();
        caching.is_some_and(|caching| caching.keeps && caching.hit.is_none())
    }

    /// Gives the turn to whoever made an answer. `false` if they may not answer this
    /// call; nothing is changed then.
    fn turn_to_maker(&mut self, kept: &KeptAnswer) -> bool {
        let route = &mut self.route;
        let candidates = core::iter::once(&route.chosen).chain(&route.others);
        let found = candidates.enumerate().find(|(_, candidate)| {
            candidate.model().id == kept.model
                && candidate.provider_id == kept.provider
                && candidate.upstream_model == kept.upstream_model
                && candidate.quote.currency() == kept.currency
        });
        let Some((place, _)) = found else {
            return false;
        };
        // The first place is that of the one whose turn it is.
        if let Some(maker) = place.checked_sub(1).and_then(|at| route.others.remove(at)) {
            route.chosen = maker;
        }
        true
    }
}

impl Held {
    /// The answer, if it is to be kept: one that came to its end by itself, and whose
    /// consumption the provider told. The rest of the ending is the caller's to judge.
    pub(super) fn keeping(
        &self,
        billed: &Billed,
        body: impl FnOnce() -> KeptBody,
    ) -> Option<Box<Keeping>> {
        let quoted = &self.quoted;
        let is_estimate = billed.bill.completion_tokens.is_none();
        if !quoted.keeps() || is_estimate || self.clamped.is_some() {
            return None;
        }
        let caching = quoted.caching.as_ref()?;
        let chosen = quoted.chosen();
        let answer = KeptAnswer {
            made_by: quoted.call.id,
            model: chosen.model().id.clone(),
            provider: chosen.provider_id.clone(),
            upstream_model: chosen.upstream_model.clone(),
            served_model: billed.served_model.clone(),
            cost: billed.bill.amount,
            currency: billed.bill.currency,
            consumption: billed.bill.consumption,
            body: body(),
        };
        (answer.size() <= KeptAnswer::MOST_BYTES).then(|| {
            Box::new(Keeping {
                key: caching.key,
                answer,
                lifetime: caching.lifetime,
            })
        })
    }
}

/// A kept answer as a provider would give it to this call.
fn given(kept: KeptAnswer, call: GenerationId) -> ProviderReply {
    let mut report = UsageReport {
        consumption: Some(kept.consumption),
        served_model: kept.served_model.clone(),
        ..UsageReport::default()
    };
    match kept.for_call(call) {
        KeptBody::Whole(body) => ProviderReply::Whole(WholeReply { body, report }),
        KeptBody::Stream {
            frames,
            output_bytes,
            last,
            usage_frame,
        } => {
            report.output_bytes = output_bytes;
            ProviderReply::Stream(ReplyStream::new(Again {
                content: (!frames.is_empty()).then_some((frames, output_bytes)),
                end: Some(ReplyChunk::End {
                    frames: last,
                    usage_frame,
                    report,
                }),
            }))
        }
    }
}

/// A stream that is given again: all its content at once, then its end.
struct Again {
    content: Option<(Bytes, u64)>,
    end: Option<ReplyChunk>,
}

impl Stream for Again {
    type Item = Result<ReplyChunk, ProviderFault>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let content = self.content.take();
        let content = content.map(|(frames, output_bytes)| ReplyChunk::Content {
            frames,
            output_bytes,
        });
        Poll::Ready(content.or_else(|| self.end.take()).map(Ok))
    }
}
