use core::pin::{Pin, pin};
use core::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep_until};
use vuzo_domain::chat::{ProviderFault, Reply as ProviderReply};

use super::call::Reply;
use super::engine::Engine;
use super::hold::{Held, Stop};
use super::quote::Quoted;
use super::tally::Tally;

/// A call whose provider was asked, with money set aside.
pub(super) struct Opened {
    pub(super) held: Held,
    pub(super) reply: Result<ProviderReply, NotOpened>,
    /// How long the provider took so far.
    pub(super) upstream: Duration,
}

/// Why there is no answer.
pub(super) enum NotOpened {
    /// The provider did not do its part.
    Fault(ProviderFault),
    /// The customer left before the answer began.
    Abandoned,
}

type Opening<'call> =
    Pin<&'call mut (dyn Future<Output = Result<ProviderReply, ProviderFault>> + Send)>;

impl Engine {
    /// Sets money aside and asks the provider: one after the other, or at once where
    /// the balance carries the call beyond doubt. No byte leaves before both are done.
    pub(super) async fn hold_and_open(
        &self,
        quoted: Quoted,
        reply: &mut Reply,
    ) -> Result<Opened, Stop> {
        let command = self.hold_command(&quoted)?;
        if !self.may_overlap(&command) {
            return match self.place(command).await {
                Ok(placed) => Ok(self.open(self.held(quoted, placed)?, reply).await),
                Err(refusal) => Err(self.explain(&quoted, refusal)),
            };
        }
        Tally::add(&self.tally.overlapped);
        let upstream = quoted.upstream(quoted.plan.written);
        let provider = std::sync::Arc::clone(&quoted.provider);
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
        if held.clamped.is_some() {
            drop(opening);
            return Ok(self.open(held, reply).await);
        }
        let (reply, upstream) = if let Some((opened, took)) = opened {
            (opened.map_err(NotOpened::Fault), took)
        } else {
            let opened = self.wait(&mut held, reply, opening.as_mut()).await;
            (opened, begun.elapsed())
        };
        Ok(Opened {
            held,
            reply,
            upstream,
        })
    }

    async fn open(&self, mut held: Held, reply: &mut Reply) -> Opened {
        let upstream = held.quoted.upstream(held.written);
        let provider = std::sync::Arc::clone(&held.quoted.provider);
        let begun = Instant::now();
        let mut opening = provider.open(&upstream);
        let reply = self.wait(&mut held, reply, opening.as_mut()).await;
        Opened {
            held,
            reply,
            upstream: begun.elapsed(),
        }
    }

    /// Waits for the provider, keeps the hold alive, and notices a customer who leaves.
    async fn wait(
        &self,
        held: &mut Held,
        reply: &mut Reply,
        mut opening: Opening<'_>,
    ) -> Result<ProviderReply, NotOpened> {
        loop {
            tokio::select! {
                biased;
                opened = opening.as_mut() => return opened.map_err(NotOpened::Fault),
                () = reply.closed() => return Err(NotOpened::Abandoned),
                () = sleep_until(held.renew_at) => self.renew(held).await,
                () = self.hurry.cancelled() => return Err(NotOpened::Abandoned),
            }
        }
    }
}
