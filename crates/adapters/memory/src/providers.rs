use core::pin::Pin;
use core::task::{Context, Poll};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_core::Stream;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{
    FaultKind, ProviderFault, Reply, ReplyChunk, ReplyStream, UpstreamCall, WholeReply,
};
use vuzo_domain::port::ChatProvider;

/// What a scripted provider does with one call.
pub enum Script {
    /// It fails before the answer begins.
    Fault(ProviderFault),
    /// It answers in one piece.
    Whole(WholeReply),
    /// It answers in these pieces, one after the other. The stream ends after the
    /// last of them, whether that was the end of the answer or not.
    Pieces(Vec<Result<ReplyChunk, ProviderFault>>),
    /// It answers with whatever this stream brings, when it brings it.
    Stream(ReplyStream),
    /// It never answers.
    Silence,
}

/// A provider that does what it is told, call by call, and remembers what it was
/// asked. For tests.
pub struct ScriptedProvider {
    id: ProviderId,
    scripts: Mutex<VecDeque<Script>>,
    calls: Mutex<Vec<UpstreamCall>>,
    dropped: Arc<AtomicUsize>,
}

impl ScriptedProvider {
    /// A provider of that name, with a script for each call to come. Without one left
    /// a call fails as [`FaultKind::Failing`].
    pub fn new(id: ProviderId, scripts: impl IntoIterator<Item = Script>) -> Self {
        Self {
            id,
            scripts: Mutex::new(scripts.into_iter().collect()),
            calls: Mutex::new(Vec::new()),
            dropped: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// Adds a script for one more call.
    pub fn then(&self, script: Script) {
        locked(&self.scripts).push_back(script);
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<UpstreamCall> {
        locked(&self.calls).clone()
    }

    /// How many answers were given up before they had ended.
    pub fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }

    fn watched(&self, stream: ReplyStream) -> Watched {
        Watched {
            stream,
            is_over: false,
            dropped: Arc::clone(&self.dropped),
        }
    }
}

#[async_trait]
impl ChatProvider for ScriptedProvider {
    fn id(&self) -> ProviderId {
        self.id.clone()
    }

    async fn open(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        locked(&self.calls).push(call.clone());
        let script = locked(&self.scripts).pop_front();
        match script {
            Some(Script::Fault(fault)) => Err(fault),
            Some(Script::Whole(whole)) => Ok(Reply::Whole(whole)),
            Some(Script::Pieces(pieces)) => {
                let pieces = ReplyStream::new(Pieces(pieces.into()));
                Ok(Reply::Stream(ReplyStream::new(self.watched(pieces))))
            }
            Some(Script::Stream(stream)) => {
                Ok(Reply::Stream(ReplyStream::new(self.watched(stream))))
            }
            Some(Script::Silence) => {
                // Whoever gives the wait up drops this, and is counted.
                let _waiting = self.watched(ReplyStream::new(Pieces(VecDeque::new())));
                core::future::pending().await
            }
            None => Err(ProviderFault::new(
                FaultKind::Failing,
                "the provider has no script for this call",
            )),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Pieces(VecDeque<Result<ReplyChunk, ProviderFault>>);

impl Stream for Pieces {
    type Item = Result<ReplyChunk, ProviderFault>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop_front())
    }
}

/// A stream that tells when it is dropped before its end.
struct Watched {
    stream: ReplyStream,
    is_over: bool,
    dropped: Arc<AtomicUsize>,
}

impl Stream for Watched {
    type Item = Result<ReplyChunk, ProviderFault>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = Pin::new(&mut self.stream).poll_next(context);
        let is_end = matches!(
            polled,
            Poll::Ready(None | Some(Ok(ReplyChunk::End { .. }) | Err(_)))
        );
        self.is_over |= is_end;
        polled
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.is_over {
            self.dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}
