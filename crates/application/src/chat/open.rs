use core::pin::{Pin, pin};
use core::time::Duration;
use std::sync::Arc;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep_until};
use vuzo_domain::chat::{ProviderFault, Reply as ProviderReply, UpstreamCall};

use super::call::Reply;
use super::engine::Engine;
use super::hold::{Held, Stop};
use super::quote::Quoted;
use super::route::{ChosenKey, LONG_SILENCE};
use super::tally::Tally;

/// A call whose provider was asked, with money set aside.
pub(super) struct Opened {
    pub(super) held: Held,
    pub(super) reply: Result<ProviderReply, NotOpened>,
    /// How long the provider that was asked last took so far.
    pub(super) upstream: Duration,
}

/// Why there is no answer.
pub(super) enum NotOpened {
    /// The provider did not do its part.
    Fault(ProviderFault),
    /// The customer left before the answer began.
    Abandoned,
}

/// What came of an attempt, and how long it took.
type Outcome = (Result<ProviderReply, NotOpened>, Duration);

type Opening<'call> =
    Pin<&'call mut (dyn Future<Output = Result<ProviderReply, ProviderFault>> + Send)>;

impl Engine {
    /// Sets money aside and asks the provider: one after the other, or at once where
    /// the balance carries the call beyond doubt. No byte leaves before both are done.
    pub(super) async fn hold_and_open(
        &self,
        mut quoted: Box<Quoted>,
        reply: &mut Reply,
    ) -> Result<Opened, Stop> {
        self.set_out(&mut quoted);
        let command = self.hold_command(&quoted)?;
        if !self.may_overlap(&command) {
            return match self.place(command).await {
                Ok(placed) => {
                    let mut held = self.held(quoted, placed)?;
                    let (reply, upstream) = self.open(&mut held, None, reply).await;
                    Ok(Opened {
                        held,
                        reply,
                        upstream,
                    })
                }
                Err(refusal) => Err(self.explain(&quoted, refusal)),
            };
        }
        Tally::add(&self.tally.overlapped);
        Tally::add(&self.tally.attempts);
        let upstream = quoted.upstream(quoted.chosen().plan.written);
        let provider = Arc::clone(&quoted.chosen().provider);
        let begun = Instant::now();
        let mut opening = provider.open(&upstream);
        let (placed, opened) = match select(opening.as_mut(), pin!(self.place(command))).await {
            Either::Left((opened, placing)) => {
                let took = begun.elapsed();
                (placing.await, Some((opened, took)))
            }
            Either::Right((placed, _)) => (placed, None),
        };
        // Whoever returns early here drops the request, which ends it at the provider.
        let placed = match placed {
            Ok(placed) => placed,
            Err(refusal) => return Err(self.explain(&quoted, refusal)),
        };
        let mut held = self.held(quoted, placed)?;
        let first = if held.clamped.is_some() {
            None
        } else if let Some((opened, took)) = opened {
            Some((opened.map_err(NotOpened::Fault), took))
        } else {
            let opened = self.wait(&mut held, reply, opening.as_mut()).await;
            Some((opened, begun.elapsed()))
        };
        drop(opening);
        let (reply, upstream) = self.open(&mut held, first, reply).await;
        Ok(Opened {
            held,
            reply,
            upstream,
        })
    }

    /// Goes on from one attempt to the next until one is answered, nobody is left, or
    /// the customer leaves: all of it under the same hold. The first attempt may have
    /// been made already.
    async fn open(&self, held: &mut Held, first: Option<Outcome>, reply: &mut Reply) -> Outcome {
        let mut made = first;
        loop {
            let (outcome, took) = match made.take() {
                Some(outcome) => outcome,
                None => self.attempt(held, reply).await,
            };
            match outcome {
                Ok(answer) => {
                    self.note_answer(held);
                    return (Ok(answer), took);
                }
                Err(NotOpened::Fault(fault)) => {
                    self.note_fault(held, &fault);
                    // Boxed, so that calls that need only one attempt do not carry it.
                    if !Box::pin(self.go_on(held, &fault, took, reply)).await {
                        return (Err(NotOpened::Fault(fault)), took);
                    }
                }
                Err(NotOpened::Abandoned) => return (Err(NotOpened::Abandoned), took),
            }
        }
    }

    /// Asks whoever's turn it is.
    async fn attempt(&self, held: &mut Held, reply: &mut Reply) -> Outcome {
        Tally::add(&self.tally.attempts);
        let upstream = held.quoted.upstream(held.written);
        let provider = Arc::clone(&held.quoted.chosen().provider);
        let begun = Instant::now();
        let mut opening = provider.open(&upstream);
        let outcome = self.wait(held, reply, opening.as_mut()).await;
        (outcome, begun.elapsed())
    }

    /// Waits for the provider, keeps the hold alive, notices a customer who leaves, and
    /// tells of a provider that is silent for long: who comes after need not wait so.
    async fn wait(
        &self,
        held: &mut Held,
        reply: &mut Reply,
        mut opening: Opening<'_>,
    ) -> Result<ProviderReply, NotOpened> {
        let silent_at = Instant::now() + LONG_SILENCE;
        let mut is_silent = false;
        loop {
            // One timer for both: nearly every call is answered before either is due.
            let due = if is_silent {
                held.renew_at
            } else {
                held.renew_at.min(silent_at)
            };
            tokio::select! {
                biased;
                opened = opening.as_mut() => return opened.map_err(NotOpened::Fault),
                () = reply.closed() => return Err(NotOpened::Abandoned),
                () = sleep_until(due) => {
                    if !is_silent && Instant::now() >= silent_at {
                        is_silent = true;
                        self.note_silence(held);
                    }
                    if Instant::now() >= held.renew_at {
                        self.renew(held).await;
                    }
                }
                () = self.hurry.cancelled() => return Err(NotOpened::Abandoned),
            }
        }
    }

    /// Waits before the next attempt. `false` if nobody waits for it any more.
    pub(super) async fn pause(&self, held: &mut Held, reply: &mut Reply, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        loop {
            tokio::select! {
                biased;
                () = reply.closed() => return false,
                () = self.hurry.cancelled() => return false,
                () = sleep_until(until) => return true,
                () = sleep_until(held.renew_at) => self.renew(held).await,
            }
        }
    }
}

impl Quoted {
    /// The call as it goes to whoever's turn it is.
    fn upstream(&self, written: Option<u64>) -> UpstreamCall {
        let chosen = self.chosen();
        UpstreamCall {
            generation: self.call.id,
            model: chosen.model().id.clone(),
            upstream_model: chosen.upstream_model.clone(),
            capabilities: Arc::clone(&chosen.model().capabilities),
            model_most: chosen.model().max_output_tokens,
            secret: self.key.as_ref().and_then(ChosenKey::secret),
            output_limit: written,
            service_tier: chosen.demand.tier,
            envelope: Arc::clone(&self.call.envelope),
        }
    }
}
