use core::pin::Pin;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Envelope, Reply as ProviderReply};
use vuzo_domain::id::GenerationId;
use vuzo_domain::port::{
    Admitted, Answer, AnswerCache, ChatProvider, Claim, ClaimKey, Clock, Hasher, IdGen, Limiter,
    PlaceHoldError, Wallets,
};

use super::admit::{Place, left_after};
use super::call::{Answered, Call, CallRequest, Estimate, Failure, Reply};
use super::error::CallError;
use super::hints::Hints;
use super::hold::Stop;
use super::open::Opened;
use super::route::{Health, TargetView};
use super::tally::{Gauge, Tally, TallyView};
use super::trail::Note;
use crate::access::Caller;
use crate::models::Models;
use crate::ports::{Policy, Ports};
use crate::provider_keys::ProviderKeyring;

/// How long an idempotency key counts.
const CLAIM_LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// What every step of a call works with.
pub(crate) struct Engine {
    pub(super) wallets: Arc<dyn Wallets>,
    pub(super) limiter: Arc<dyn Limiter>,
    pub(super) answers: Arc<dyn AnswerCache>,
    pub(super) hasher: Arc<dyn Hasher>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) models: Arc<Models>,
    pub(super) providers: HashMap<ProviderId, Arc<dyn ChatProvider>>,
    pub(super) hints: Hints,
    pub(super) keyring: Arc<ProviderKeyring>,
    pub(super) health: Health,
    pub(super) hold_lifetime: Duration,
    pub(super) cache_hit_percent: u8,
    /// Ends everything that still runs when the time to drain is over.
    pub(super) hurry: CancellationToken,
    pub(crate) tally: Tally,
}

/// Serves calls.
pub struct Calls {
    pub(crate) engine: Arc<Engine>,
    ids: Arc<dyn IdGen>,
    handle: Handle,
    tasks: TaskTracker,
}

impl Calls {
    pub(crate) fn new(
        ports: &Ports,
        policy: &Policy,
        models: Arc<Models>,
        keyring: Arc<ProviderKeyring>,
        handle: Handle,
    ) -> Self {
        let providers = ports
            .providers
            .iter()
            .map(|provider| (provider.id(), Arc::clone(provider)));
        Self {
            engine: Arc::new(Engine {
                wallets: Arc::clone(&ports.wallets),
                limiter: Arc::clone(&ports.limiter),
                answers: Arc::clone(&ports.answers),
                hasher: Arc::clone(&ports.hasher),
                clock: Arc::clone(&ports.clock),
                models,
                providers: providers.collect(),
                hints: Hints::new(),
                keyring,
                health: Health::default(),
                hold_lifetime: policy.hold_lifetime,
                cache_hit_percent: policy.cache_hit_percent,
                hurry: CancellationToken::new(),
                tally: Tally::default(),
            }),
            ids: Arc::clone(&ports.ids),
            handle,
            tasks: TaskTracker::new(),
        }
    }

    /// Serves a call. Whoever drops this future is a customer who left: the call goes
    /// on by itself until it is settled.
    pub async fn call(&self, request: CallRequest) -> Result<Answered, Failure> {
        let id = GenerationId::from_uuid(self.ids.uuid());
        let refuse = |error| Failure {
            error,
            generation: id,
            limits: Admitted::default(),
        };
        if self.tasks.is_closed() {
            return Err(refuse(CallError::Draining));
        }
        let call = self.begin(id, request).map_err(refuse)?;
        let (reply, answer) = oneshot::channel();
        let engine = Arc::clone(&self.engine);
        // Boxed, since a task moves its future several times, and this one is large.
        let work = Box::pin(async move { engine.serve(call, reply).await });
        self.tasks.spawn_on(work, &self.handle);
        match answer.await {
            Ok(answered) => answered,
            Err(_task_died) => Err(refuse(CallError::Busy)),
        }
    }

    fn begin(&self, id: GenerationId, request: CallRequest) -> Result<Box<Call>, CallError> {
        let created_at = self.engine.clock.now();
        let envelope = request.envelope;
        let claim = match request.idempotency_key {
            None => None,
            Some(token) if is_idempotency_key(&token) => Some(Claim {
                key: ClaimKey {
                    account: request.caller.account.id,
                    key: request.caller.key().map(|key| key.id),
                    route: envelope.endpoint.name(),
                    token,
                },
                body: self.engine.hasher.digest(&envelope.body),
                expires_at: created_at.after(CLAIM_LIFETIME),
            }),
            Some(_) => return Err(CallError::BadIdempotencyKey),
        };
        Ok(Box::new(Call {
            id,
            caller: request.caller,
            envelope: Arc::new(envelope),
            wire: request.wire,
            claim,
            cache: request.cache,
            created_at,
            begun: Instant::now(),
        }))
    }

    /// What a call would cost. Nothing is held, and no provider is asked.
    pub async fn estimate(
        &self,
        caller: &Caller,
        envelope: &Envelope,
    ) -> Result<Estimate, CallError> {
        super::estimate::estimate(&self.engine, caller, envelope).await
    }

    /// What the operator wants to watch.
    pub fn tally(&self) -> TallyView {
        self.engine.tally.view()
    }

    /// How the providers do that ever failed here.
    pub fn providers(&self) -> Vec<TargetView> {
        self.engine.health.view()
    }

    pub(crate) fn count_expired(&self, holds: usize) {
        let holds = u64::try_from(holds).unwrap_or(u64::MAX);
        self.engine
            .tally
            .expired_holds
            .fetch_add(holds, Ordering::Relaxed);
    }

    /// Whether no more calls are taken.
    pub fn is_draining(&self) -> bool {
        self.tasks.is_closed()
    }

    /// Takes no more calls.
    pub(crate) fn close(&self) {
        self.tasks.close();
    }

    /// Waits for the calls that run; ends what still runs after `within`, and answers
    /// how many that were.
    pub(crate) async fn drain(&self, within: Duration) -> usize {
        /// So long a call may take to settle once it has been ended.
        const LAST_CALL: Duration = Duration::from_secs(2);
        self.tasks.close();
        if tokio::time::timeout(within, self.tasks.wait())
            .await
            .is_ok()
        {
            return 0;
        }
        let left = self.tasks.len();
        self.engine.hurry.cancel();
        if tokio::time::timeout(LAST_CALL, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::error!(calls = self.tasks.len(), "calls were left unsettled");
        }
        left
    }
}

/// A call whose answer begins, or that has none.
struct Begun {
    place: Place,
    opened: Opened,
    reply: Reply,
}

/// What is left of a call whose answer begins.
type Answering<'call> = Pin<Box<dyn Future<Output = ()> + Send + 'call>>;

impl Engine {
    /// A call from its admission to its settlement.
    async fn serve(&self, call: Box<Call>, reply: Reply) {
        let _running = Gauge::raise(&self.tally.running);
        // Boxed apart, so that an answer that takes its time does not keep the memory
        // that its beginning took.
        let Some(begun) = Box::pin(self.begin(call, reply)).await else {
            return;
        };
        let (notes, answering) = self.answer(begun);
        answering.await;
        for (key, last_error) in notes {
            self.keyring.note(key, last_error).await;
        }
    }

    /// The rest of a call whose answer begins, and what is to be noted once it is over.
    /// Each kind of answer is a future of its own, so that none of them makes room for
    /// the others, nor the call for what it was made of.
    fn answer(&self, begun: Begun) -> (Vec<Note>, Answering<'_>) {
        let Begun {
            place,
            opened,
            reply,
        } = begun;
        let Opened {
            mut held,
            reply: answer,
            upstream,
        } = opened;
        let notes = held.trail.take_notes();
        let answering: Answering<'_> = match answer {
            Ok(ProviderReply::Whole(whole)) => {
                Box::pin(self.answer_whole(place, held, whole, upstream, reply))
            }
            Ok(ProviderReply::Stream(stream)) => {
                Box::pin(self.answer_stream(place, held, stream, upstream, reply))
            }
            Err(why) => Box::pin(self.answer_nothing(place, held, why, upstream, reply)),
        };
        (notes, answering)
    }

    /// A call up to the beginning of its answer. `None` if it was refused, or answered
    /// out of what was kept: the customer has been told.
    async fn begin(&self, call: Box<Call>, mut reply: Reply) -> Option<Begun> {
        let id = call.id;
        let refuse = |reply: Reply, error, limits| {
            let _gone = reply.send(Err(Failure {
                error,
                generation: id,
                limits,
            }));
            None
        };
        match self.replay(&call).await {
            Ok(None) => {}
            Ok(Some(answer)) => return send_replay(reply, answer),
            Err(error) => return refuse(reply, error, Admitted::default()),
        }
        let (place, admitted) = match self.admit(call).await {
            Ok(admitted) => admitted,
            Err(error) => {
                let limits = left_after(&error);
                return refuse(reply, error, limits);
            }
        };
        let limits = admitted.limits;
        let mut quoted = match self.quote(admitted) {
            Ok(quoted) => quoted,
            Err(error) => {
                self.leave(place, 0).await;
                return refuse(reply, error, limits);
            }
        };
        // Boxed, since few calls come this way and all of them make room for it.
        let kept = match quoted.call.cache {
            Some(wish) => Box::pin(self.look_up(&mut quoted, wish)).await,
            None => None,
        };
        let opened = match kept {
            Some(kept) => Box::pin(self.hold_and_give(quoted, kept)).await,
            None => self.hold_and_open(quoted, &mut reply).await,
        };
        match opened {
            Ok(opened) => Some(Begun {
                place,
                opened,
                reply,
            }),
            Err(stop) => {
                self.leave(place, 0).await;
                match stop {
                    Stop::Refused(error) => refuse(reply, error, limits),
                    Stop::Replay(answer) => send_replay(reply, *answer),
                }
            }
        }
    }

    /// The answer that was given before under the call's idempotency key.
    async fn replay(&self, call: &Call) -> Result<Option<Answer>, CallError> {
        let Some(claim) = &call.claim else {
            return Ok(None);
        };
        match self.wallets.find_answer(claim, call.created_at).await {
            Ok(answer) => Ok(answer),
            Err(PlaceHoldError::ClaimRunning) => Err(CallError::KeyRunning),
            Err(PlaceHoldError::ClaimMismatch) => Err(CallError::KeyMismatch),
            Err(PlaceHoldError::ClaimAnswered(answer)) => Ok(Some(*answer)),
            Err(PlaceHoldError::Unavailable(fault)) => Err(CallError::Unavailable(fault)),
            Err(PlaceHoldError::Insufficient { .. } | PlaceHoldError::CapReached { .. }) => {
                Ok(None)
            }
        }
    }
}

fn send_replay(reply: Reply, answer: Answer) -> Option<Begun> {
    let _gone = reply.send(Ok(Answered::Replay {
        generation: answer.call,
        content_type: answer.content_type,
        body: answer.body,
    }));
    None
}

fn is_idempotency_key(token: &str) -> bool {
    (1..=255).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}
