use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc::Receiver;

/// How much leaves in one piece at most; more is not gained by waiting.
const LARGEST_PIECE: usize = 16 * 1024;

/// A streamed body: frames leave as they come, and those that are there together
/// leave together. Dropping it tells the other end that the customer has left.
pub(super) struct Frames {
    source: Receiver<Bytes>,
}

impl Frames {
    pub(super) const fn new(source: Receiver<Bytes>) -> Self {
        Self { source }
    }
}

impl MessageBody for Frames {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        loop {
            let Some(first) = core::task::ready!(self.source.poll_recv(context)) else {
                return Poll::Ready(None);
            };
            // An empty piece would be read as the end of a chunked body.
            if first.is_empty() {
                continue;
            }
            let Ok(second) = self.source.try_recv() else {
                return Poll::Ready(Some(Ok(first)));
            };
            let mut piece = BytesMut::with_capacity((first.len() + second.len()) * 2);
            piece.extend_from_slice(&first);
            piece.extend_from_slice(&second);
            while piece.len() < LARGEST_PIECE
                && let Ok(more) = self.source.try_recv()
            {
                piece.extend_from_slice(&more);
            }
            return Poll::Ready(Some(Ok(piece.freeze())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use futures_util::future::poll_fn;
    use tokio::sync::mpsc;

    #[tokio::test]
    async fn frames_that_are_there_together_leave_together() {
        let (sender, receiver) = mpsc::channel(8);
        let mut frames = Frames::new(receiver);
        for frame in [&b""[..], b"a", b"b", b"c"] {
            sender.send(Bytes::from_static(frame)).await.unwrap();
        }
        let piece = poll_fn(|context| Pin::new(&mut frames).poll_next(context)).await;
        assert_eq!(piece.unwrap().unwrap(), "abc");
        sender.send(Bytes::from_static(b"d")).await.unwrap();
        let piece = poll_fn(|context| Pin::new(&mut frames).poll_next(context)).await;
        assert_eq!(piece.unwrap().unwrap(), "d");
        drop(sender);
        assert_eq!(to_bytes(frames).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_dropped_body_is_noticed() {
        let (sender, receiver) = mpsc::channel(1);
        drop(Frames::new(receiver));
        assert!(sender.send(Bytes::from_static(b"x")).await.is_err());
    }
}
