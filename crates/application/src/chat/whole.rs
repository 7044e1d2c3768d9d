use core::time::Duration;

use vuzo_domain::chat::{AttemptStatus, CallStatus, FaultKind, ProviderFault, WholeReply};

use super::admit::Place;
use super::call::{Answered, Facts, Failure, Reply};
use super::engine::Engine;
use super::error::CallError;
use super::hold::Held;
use super::open::NotOpened;
use super::outcome::{Ending, nothing_consumed};

impl Engine {
    /// Settles an answer that came in one piece, and sends it.
    pub(super) async fn answer_whole(
        &self,
        place: Place,
        held: Held,
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
        let command = self.settlement(&held, billed, ending);
        self.settle(place, tokens, command, async |settled| {
            let mut facts = facts(&held, upstream);
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
        })
        .await;
    }

    /// Settles a call that got no answer, and says why. The customer is not charged,
    /// unless they left while the provider was already charging for it.
    pub(super) async fn answer_nothing(
        &self,
        place: Place,
        held: Held,
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
                let ending = failed(&fault, upstream);
                let report = report.map_or_else(nothing_consumed, |report| *report);
                (CallError::Provider(fault), ending, report)
            }
        };
        let billed = self.bill(&held, report, false);
        let tokens = billed.total_tokens();
        let command = self.settlement(&held, billed, ending);
        let failure = Failure {
            error,
            generation: held.quoted.call.id,
            limits: held.quoted.limits,
        };
        self.settle(place, tokens, command, async |_settled| {
            let _gone = reply.send(Err(failure));
        })
        .await;
    }
}

/// How a call ended whose provider did not do its part.
pub(super) fn failed(fault: &ProviderFault, upstream: Duration) -> Ending {
    let fault_text = match &fault.detail {
        Some(detail) => format!("{}: {detail}", fault.message),
        None => fault.message.clone(),
    };
    Ending {
        status: if matches!(fault.kind, FaultKind::BadRequest { .. }) {
            CallStatus::Error
        } else {
            CallStatus::ProviderFailed
        },
        attempt: AttemptStatus::Failed,
        fault: Some(fault_text),
        upstream,
        first_token: None,
        answer: None,
    }
}

/// What is told beside an answer that begins now.
pub(super) fn facts(held: &Held, upstream: Duration) -> Facts {
    let quoted = &held.quoted;
    Facts {
        generation: quoted.call.id,
        model: quoted.model.clone(),
        limits: quoted.limits,
        clamped: held.clamped,
        available: held.available,
        currency: quoted.quote.currency(),
        overhead: quoted.call.begun.elapsed().saturating_sub(upstream),
    }
}
