use core::time::Duration;

use vuzo_domain::chat::{
    AttemptStatus, CallStatus, FaultKind, KeptBody, ProviderFault, WholeReply,
};
use vuzo_domain::port::Settled;

use super::admit::Place;
use super::call::{Answered, Facts, Failure, Reply};
use super::engine::Engine;
use super::error::CallError;
use super::hold::Held;
use super::open::NotOpened;
use super::outcome::{Ending, fault_text, nothing_consumed};

impl Engine {
    /// Settles an answer that came in one piece, and sends it.
    pub(super) async fn answer_whole(
        &self,
        place: Place,
        mut held: Held,
        whole: WholeReply,
        upstream: Duration,
        reply: Reply,
    ) {
        let billed = self.bill(&held, whole.report, true);
        let bill = billed.bill.clone();
        let call = &held.quoted.call;
        let body = call.wire.whole(&whole.body, &bill);
        let ending = Ending {
            status: if reply.is_closed() {
                CallStatus::ClientDisconnected
            } else {
                CallStatus::Ok
            },
            attempt: AttemptStatus::Ok,
            fault: None,
            upstream,
            first_token: None,
            answer: call.claim.is_some().then(|| body.clone()),
        };
        let tokens = billed.total_tokens();
        let facts = facts(&held, upstream);
        let keeping = match ending.status {
            CallStatus::Ok => held.keeping(&billed, || KeptBody::Whole(whole.body)),
            _ => None,
        };
        let command = self.settlement(&mut held, billed, ending);
        let delivering = async |settled: Option<Settled>| {
            let mut facts = facts;
            if let Some(settled) = settled {
                facts.available = settled.available;
            }
            let answered = Answered::Whole {
                facts,
                cost: bill.amount,
                body,
            };
            // The customer may be gone; the call is settled all the same.
            let _gone = reply.send(Ok(answered));
        };
        if self.settle(place, tokens, command, delivering).await {
            self.keep(keeping).await;
        }
    }

    /// Settles a call that got no answer, and says why. The customer is not charged,
    /// unless they left while the provider was already charging for it.
    pub(super) async fn answer_nothing(
        &self,
        place: Place,
        mut held: Held,
        why: NotOpened,
        upstream: Duration,
        reply: Reply,
    ) {
        let (error, ending, report) = match why {
            NotOpened::Abandoned => (
                if self.hurry.is_cancelled() {
                    CallError::Draining
                } else {
                    CallError::Abandoned
                },
                Ending {
                    status: CallStatus::ClientDisconnected,
                    attempt: AttemptStatus::Aborted,
                    fault: None,
                    upstream,
                    first_token: None,
                    answer: None,
                },
                nothing_consumed(),
            ),
            NotOpened::Fault(mut fault) => {
                let report = fault.report.take();
                let mut ending = failed(&fault, upstream);
                let report = report.map_or_else(nothing_consumed, |report| *report);
                let told = held.trail.tell(&held.quoted.route.chosen.entry, fault);
                ending.status = failed_status(&told);
                (CallError::Provider(told), ending, report)
            }
        };
        let billed = self.bill(&held, report, false);
        let tokens = billed.total_tokens();
        let failure = Failure {
            error,
            generation: held.quoted.call.id,
            limits: held.quoted.limits,
        };
        let command = self.settlement(&mut held, billed, ending);
        self.settle(place, tokens, command, async |_settled| {
            let _gone = reply.send(Err(failure));
        })
        .await;
    }
}

/// How a call ended whose provider did not do its part.
pub(super) fn failed(fault: &ProviderFault, upstream: Duration) -> Ending {
    Ending {
        status: failed_status(fault),
        attempt: AttemptStatus::Failed,
        fault: Some(fault_text(fault)),
        upstream,
        first_token: None,
        answer: None,
    }
}

const fn failed_status(fault: &ProviderFault) -> CallStatus {
    if matches!(fault.kind, FaultKind::BadRequest { .. }) {
        CallStatus::Error
    } else {
        CallStatus::ProviderFailed
    }
}

/// What is told beside an answer that begins now.
pub(super) fn facts(held: &Held, upstream: Duration) -> Facts {
    let quoted = &held.quoted;
    let upstream = upstream.saturating_add(held.trail.spent());
    Facts {
        generation: quoted.call.id,
        model: quoted.chosen().model().id.as_str().to_owned(),
        limits: quoted.limits,
        clamped: held.clamped,
        cache: quoted.caching.as_ref().map(|caching| caching.mark),
        available: held.available,
        currency: quoted.chosen().quote.currency(),
        overhead: quoted.call.begun.elapsed().saturating_sub(upstream),
    }
}
