use core::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use vuzo_domain::chat::{
    AttemptStatus, CallStatus, FaultKind, KeptAnswer, KeptBody, ProviderFault, ReplyChunk,
    ReplyStream, UsageReport,
};

use super::CutReason;
use super::admit::Place;
use super::cache::Keeping;
use super::call::{Answered, Reply};
use super::engine::Engine;
use super::error::CallError;
use super::hold::Held;
use super::open::NotOpened;
use super::outcome::{Billed, Ending};
use super::tally::Tally;
use super::whole::{facts, failed};

/// So many pieces wait for a slow customer; then the provider is not read any further.
const PIECES_WAITING: usize = 32;

/// So long a piece waits for a slow customer, who then counts as gone.
const SLOWEST_CUSTOMER: Duration = Duration::from_secs(60);

/// So long the rest of an answer is awaited whose customer is gone, to learn its usage.
const LONGEST_DRAIN: Duration = Duration::from_secs(60);

/// After so long without a piece a sign of life is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// No stream runs longer: its place among the concurrent calls lapses then.
const LONGEST_STREAM: Duration = Duration::from_secs(3_600);

/// The hold is extended when so many output tokens of it are left.
const MARGIN: u64 = 512;

/// So much of a stream is kept for replay.
const MOST_KEPT: usize = 4 * 1024 * 1024;

/// An answer that comes in pieces, between provider and customer.
struct Relay<'engine> {
    engine: &'engine Engine,
    held: Held,
    customer: Option<mpsc::Sender<Bytes>>,
    /// What the customer got so far, where it is to be kept: for replay, or for
    /// identical requests.
    kept: Option<BytesMut>,
    output_bytes: u64,
    first_token: Option<Duration>,
    last_piece: Instant,
    /// When the rest is no longer awaited, once the customer is gone.
    drain_until: Option<Instant>,
}

/// How the pieces came to an end.
enum End {
    /// The provider is done.
    Done {
        frames: Bytes,
        usage_frame: Option<Bytes>,
        report: UsageReport,
    },
    /// The answer may not go on. What there is of it is charged.
    Cut(CutReason),
    /// The provider broke off.
    Broken(ProviderFault),
    /// This instance has to end.
    ShutDown,
    /// The customer left before anything was produced.
    Abandoned,
    /// The customer left, and the rest did not come in time.
    DrainedOut,
}

impl Engine {
    /// Passes a stream on, settles it, and only then ends it.
    pub(super) async fn answer_stream(
        &self,
        place: Place,
        held: Held,
        mut stream: ReplyStream,
        upstream: Duration,
        reply: Reply,
    ) {
        let (customer, frames) = mpsc::channel(PIECES_WAITING);
        let answered = Answered::Stream {
            facts: facts(&held, upstream),
            frames,
        };
        if let Err(_answer) = reply.send(Ok(answered)) {
            let (reply, _nobody) = tokio::sync::oneshot::channel();
            let why = NotOpened::Abandoned;
            return Box::pin(self.answer_nothing(place, held, why, upstream, reply)).await;
        }
        let streaming = Instant::now();
        let mut relay = Relay {
            engine: self,
            kept: (held.quoted.call.claim.is_some() || held.quoted.keeps()).then(BytesMut::new),
            held,
            customer: Some(customer),
            output_bytes: 0,
            first_token: None,
            last_piece: streaming,
            drain_until: None,
        };
        let end = relay.pump(&mut stream).await;
        let upstream = upstream.saturating_add(streaming.elapsed());
        // What is not read to its end is ended at the provider.
        let closing = stream.cut();
        // Boxed, so that a stream does not keep room for its end all the time.
        Box::pin(relay.close(place, end, closing, upstream)).await;
    }
}

impl Relay<'_> {
    async fn pump(&mut self, stream: &mut ReplyStream) -> End {
        let too_long = Instant::now() + LONGEST_STREAM;
        loop {
            // Looked at before every piece: a provider that is always ahead of a slow
            // customer must not keep the hold from being renewed.
            let wake = self.wake_at().min(too_long);
            if self.engine.hurry.is_cancelled() {
                return End::ShutDown;
            }
            if Instant::now() >= wake {
                if Instant::now() >= too_long {
                    return End::Cut(CutReason::Time);
                }
                if let Some(end) = self.awake().await {
                    return end;
                }
            }
            tokio::select! {
                biased;
                chunk = stream.next() => match chunk {
                    Some(Ok(ReplyChunk::Content { frames, output_bytes })) => {
                        if let Some(end) = self.content(frames, output_bytes).await {
                            return end;
                        }
                    }
                    Some(Ok(ReplyChunk::End { frames, usage_frame, report })) => {
                        return End::Done { frames, usage_frame, report };
                    }
                    Some(Err(fault)) => return End::Broken(fault),
                    None => {
                        let what = "the provider broke off";
                        return End::Broken(ProviderFault::new(FaultKind::Garbled, what));
                    }
                },
                () = customer_gone(self.customer.as_ref()) => {
                    if let Some(end) = self.lose_customer() {
                        return end;
                    }
                }
                () = self.engine.hurry.cancelled() => return End::ShutDown,
                () = sleep_until(wake) => {}
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let sign_of_life = self.last_piece + HEARTBEAT;
        let drained = self.drain_until.unwrap_or(sign_of_life);
        self.held.renew_at.min(sign_of_life).min(drained)
    }

    /// Does what is due: renews the hold, gives a sign of life, ends the drain.
    async fn awake(&mut self) -> Option<End> {
        let now = Instant::now();
        if self.drain_until.is_some_and(|until| now >= until) {
            return Some(End::DrainedOut);
        }
        if now >= self.held.renew_at {
            self.engine.renew(&mut self.held).await;
        }
        if now >= self.last_piece + HEARTBEAT {
            self.last_piece = now;
            let heartbeat = self.held.quoted.call.wire.heartbeat();
            if self.customer.is_some() {
                return self.send(heartbeat).await;
            }
        }
        None
    }

    /// Counts a piece, sees to its money, and passes it on.
    async fn content(&mut self, frames: Bytes, output_bytes: u64) -> Option<End> {
        self.output_bytes = self.output_bytes.saturating_add(output_bytes);
        self.last_piece = Instant::now();
        if self.first_token.is_none() && output_bytes > 0 {
            self.first_token = Some(self.held.quoted.call.begun.elapsed());
        }
        let end = self.stretch().await;
        // Where the answer is to be cut, this piece still leaves: whoever closes the
        // answer goes by everything that was written.
        self.keep(&frames);
        let gone = self.send(frames).await;
        end.or(gone)
    }

    /// Extends the hold where the answer is about to outgrow it. Half a byte-count is
    /// more tokens than any text has in practice.
    async fn stretch(&mut self) -> Option<End> {
        let plan = self.held.quoted.chosen().plan;
        let stretches = self.held.covered < plan.most && self.held.clamped.is_none();
        if !stretches || self.held.quoted.is_test {
            return None;
        }
        let answers = u64::from(self.held.quoted.chosen().demand.answers.max(1));
        let each = self.output_bytes.div_ceil(answers.saturating_mul(2));
        if each.saturating_add(MARGIN) <= self.held.covered {
            return None;
        }
        let next = self.held.covered.saturating_mul(2).min(plan.most);
        match self.engine.stretch(&mut self.held, next).await {
            Ok(()) => None,
            // What is held still covers this piece; it ends when that is used up.
            Err(_) if each <= self.held.covered => None,
            Err(error) => {
                tracing::debug!(call = %self.held.quoted.call.id, %error, "a stream is cut");
                Some(End::Cut(CutReason::Funds))
            }
        }
    }

    async fn send(&mut self, piece: Bytes) -> Option<End> {
        let customer = self.customer.as_ref()?;
        if piece.is_empty() {
            return None;
        }
        match timeout(SLOWEST_CUSTOMER, customer.send(piece)).await {
            Ok(Ok(())) => None,
            _ => self.lose_customer(),
        }
    }

    fn lose_customer(&mut self) -> Option<End> {
        self.customer = None;
        if self.output_bytes == 0 {
            return Some(End::Abandoned);
        }
        self.drain_until = Some(Instant::now() + LONGEST_DRAIN);
        None
    }

    fn keep(&mut self, piece: &Bytes) {
        if let Some(kept) = &mut self.kept
            && kept.len() <= MOST_KEPT
        {
            kept.extend_from_slice(piece);
        }
    }

    /// Settles the call and sends what is left to send.
    async fn close(
        &mut self,
        place: Place,
        end: End,
        closing: Option<ReplyChunk>,
        upstream: Duration,
    ) {
        let engine = self.engine;
        let wire = std::sync::Arc::clone(&self.held.quoted.call.wire);
        let charged = matches!(end, End::Done { .. } | End::Cut(_) | End::DrainedOut);
        let report = self.report(&end);
        let billed = engine.bill(&self.held, report, charged);
        let tokens = billed.total_tokens();
        if let End::Broken(fault) = &end {
            engine.note_fault(&mut self.held, fault);
        }
        let mut ending = self.ending(&end, upstream);
        let keeping = self.keeping(&end, ending.status, &billed);
        let last = match end {
            End::Done {
                frames,
                usage_frame,
                ..
            } => {
                let usage = match usage_frame {
                    Some(frame) => Some(wire.usage_frame(&frame, &billed.bill)),
                    None if self.held.quoted.call.envelope.wants_usage => {
                        wire.owed_usage(&billed.bill)
                    }
                    None => None,
                };
                joined(&[Some(frames), usage, Some(wire.done())])
            }
            End::Cut(reason) => {
                Tally::add(&engine.tally.cut);
                let last = match closing {
                    Some(ReplyChunk::End {
                        frames,
                        usage_frame,
                        ..
                    }) => {
                        let usage = usage_frame.map(|frame| wire.usage_frame(&frame, &billed.bill));
                        joined(&[Some(frames), usage])
                    }
                    _ => wire.cut(&billed.bill, reason),
                };
                joined(&[Some(last), Some(wire.done())])
            }
            End::Broken(fault) => wire.fault(&CallError::Provider(fault)),
            End::ShutDown => wire.fault(&CallError::Draining),
            End::Abandoned | End::DrainedOut => Bytes::new(),
        };
        if charged {
            ending.answer = self.kept.take().map(|mut kept| {
                if kept.len() > MOST_KEPT {
                    kept.extend_from_slice(&wire.fault(&CallError::TooLongToReplay));
                } else {
                    kept.extend_from_slice(&last);
                }
                kept.freeze()
            });
        }
        let customer = self.customer.take();
        let command = engine.settlement(&mut self.held, billed, ending);
        let delivering = async |_settled| {
            if let Some(customer) = customer {
                let _slow_or_gone = timeout(SLOWEST_CUSTOMER, customer.send(last)).await;
            }
        };
        if engine.settle(place, tokens, command, delivering).await {
            engine.keep(keeping).await;
        }
    }

    /// The answer, if it is to be kept for identical requests.
    fn keeping(&self, end: &End, status: CallStatus, billed: &Billed) -> Option<Box<Keeping>> {
        let End::Done {
            frames: last,
            usage_frame,
            ..
        } = end
        else {
            return None;
        };
        let content = self.kept.as_ref()?;
        if status != CallStatus::Ok || content.len() > KeptAnswer::MOST_BYTES {
            return None;
        }
        self.held.keeping(billed, || KeptBody::Stream {
            frames: Bytes::copy_from_slice(content),
            output_bytes: self.output_bytes,
            last: last.clone(),
            usage_frame: usage_frame.clone(),
        })
    }

    /// What was consumed, as far as anybody knows.
    fn report(&self, end: &End) -> UsageReport {
        let told = match end {
            End::Done { report, .. } => Some(report.clone()),
            End::Broken(fault) => fault.report.as_deref().cloned(),
            End::Cut(_) | End::DrainedOut | End::Abandoned | End::ShutDown => None,
        };
        let mut report = told.unwrap_or_default();
        report.output_bytes = report.output_bytes.max(self.output_bytes);
        report
    }

    fn ending(&self, end: &End, upstream: Duration) -> Ending {
        let mut ending = Ending {
            status: CallStatus::Ok,
            attempt: AttemptStatus::Ok,
            fault: None,
            upstream,
            first_token: self.first_token,
            answer: None,
        };
        match end {
            End::Done { .. } if self.customer.is_none() => {
                ending.status = CallStatus::ClientDisconnected;
            }
            End::Done { .. } => {}
            End::Cut(reason) => {
                ending.attempt = AttemptStatus::Aborted;
                ending.fault = Some(reason.to_string());
            }
            End::Broken(fault) => {
                ending = failed(fault, upstream);
                ending.first_token = self.first_token;
            }
            End::ShutDown => {
                ending.status = CallStatus::Error;
                ending.attempt = AttemptStatus::Aborted;
                ending.fault = Some("the instance was shut down".to_owned());
            }
            End::Abandoned | End::DrainedOut => {
                ending.status = CallStatus::ClientDisconnected;
                ending.attempt = AttemptStatus::Aborted;
            }
        }
        ending
    }
}

async fn customer_gone(customer: Option<&mpsc::Sender<Bytes>>) {
    match customer {
        Some(customer) => customer.closed().await,
        None => core::future::pending().await,
    }
}

fn joined(pieces: &[Option<Bytes>]) -> Bytes {
    let mut whole = BytesMut::new();
    for piece in pieces.iter().flatten() {
        whole.extend_from_slice(piece);
    }
    whole.freeze()
}
