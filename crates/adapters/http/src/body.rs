//! Reading request bodies: never more than a limit, never longer than a while.

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header;
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use crate::error::{Fault, rules};
use crate::settings::BodyRules;

/// Bodies up to this size are read without asking for room; larger ones take it from
/// what all of them have together.
const SMALL: usize = 256 * 1024;

/// Room is given in pieces of this size, so that their number fits the semaphore.
const PIECE: usize = 1024;

/// The memory that large bodies share.
#[derive(Clone)]
pub(crate) struct Room(Arc<Semaphore>);

impl Room {
    pub(crate) fn of(rules: &BodyRules) -> Self {
        // What no body could ever get would be waited for in vain.
        let pieces = rules.most_together.max(rules.largest_chat).div_ceil(PIECE);
        Self(Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS))))
    }

    async fn take(&self, bytes: usize, until: Instant) -> Result<OwnedSemaphorePermit, Fault> {
        let pieces = u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX);
        let wanted = Arc::clone(&self.0).acquire_many_owned(pieces);
        let given = timeout_at(until, wanted).await;
        given.ok().and_then(Result::ok).ok_or_else(|| {
            let message = "Too many large requests are running; try again in a moment.";
            Fault::new(rules::OVERLOADED, message).retry_after(Duration::from_secs(1))
        })
    }
}

/// A large body; the room that it takes is given back when nobody holds it any more.
struct Housed {
    body: BytesMut,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Housed {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// Reads a JSON body whole.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: impl Stream<Item = Result<Bytes, PayloadError>>,
    limit: usize,
    rules: &BodyRules,
    room: &Room,
) -> Result<Bytes, Fault> {
    check_encoding(request)?;
    check_media_type(request)?;
    let announced = announced_length(request)?;
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut payload = pin!(payload);
    let mut pace = Pace::new(rules);
    let mut timer = pin!(None);
    let Some(first) = next(payload.as_mut(), timer.as_mut(), &pace).await? else {
        return Ok(Bytes::new());
    };
    if announced == Some(first.len()) {
        // The whole body came at once, as most do: nothing is copied.
        return Ok(first);
    }
    let mut permit = None;
    let mut body = BytesMut::with_capacity(announced.unwrap_or_default().clamp(first.len(), SMALL));
    let mut piece = Some(first);
    while let Some(bytes) = piece {
        let length = body.len() + bytes.len();
        if length > limit {
            return Err(too_large(limit));
        }
        if length > SMALL && permit.is_none() {
            let needed = announced.unwrap_or(limit);
            permit = Some(room.take(needed, pace.deadline()).await?);
            body.reserve(announced.unwrap_or(length) - body.len());
        }
        body.extend_from_slice(&bytes);
        pace.received = length;
        piece = next(payload.as_mut(), timer.as_mut(), &pace).await?;
    }
    Ok(match permit {
        Some(permit) => Bytes::from_owner(Housed {
            body,
            _room: permit,
        }),
        None => body.freeze(),
    })
}

/// Until when the next bytes must be there.
struct Pace {
    began: Instant,
    received: usize,
    grace: Duration,
    slowest: u64,
    longest: Duration,
}

impl Pace {
    fn new(rules: &BodyRules) -> Self {
        Self {
            began: Instant::now(),
            received: 0,
            grace: rules.grace,
            slowest: rules.slowest.max(1),
            longest: rules.longest,
        }
    }

    fn deadline(&self) -> Instant {
        let received = u64::try_from(self.received).unwrap_or(u64::MAX);
        let earned = self.grace + Duration::from_secs(received / self.slowest);
        self.began + earned.min(self.longest)
    }
}

/// The next piece. The timer is set only once there is something to wait for, and is
/// moved rather than made anew.
async fn next(
    mut payload: Pin<&mut impl Stream<Item = Result<Bytes, PayloadError>>>,
    mut timer: Pin<&mut Option<Sleep>>,
    pace: &Pace,
) -> Result<Option<Bytes>, Fault> {
    let mut is_set = false;
    poll_fn(|context| {
        if let Poll::Ready(piece) = payload.as_mut().poll_next(context) {
            return Poll::Ready(piece.transpose().map_err(|error| broken(&error)));
        }
        if !is_set {
            is_set = true;
            let deadline = pace.deadline();
            match timer.as_mut().as_pin_mut() {
                Some(set) => set.reset(deadline),
                None => timer.set(Some(sleep_until(deadline))),
            }
        }
        let Some(set) = timer.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        set.poll(context).map(|()| Err(too_slow()))
    })
    .await
}

/// What is compressed could become any size, and no client of this wire compresses.
fn check_encoding(request: &HttpRequest) -> Result<(), Fault> {
    let Some(encoding) = request.headers().get(header::CONTENT_ENCODING) else {
        return Ok(());
    };
    if encoding
        .as_bytes()
        .trim_ascii()
        .eq_ignore_ascii_case(b"identity")
    {
        return Ok(());
    }
    let message = "Compressed request bodies are not accepted: send the JSON as it is, without Content-Encoding.";
    Err(Fault::new(rules::UNSUPPORTED_ENCODING, message))
}

/// `application/json` and its relatives; nothing at all is taken for JSON.
fn check_media_type(request: &HttpRequest) -> Result<(), Fault> {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value.as_bytes().split(|byte| *byte == b';').next();
    let essence = essence.unwrap_or_default().trim_ascii();
    let is_json = [&b"application/json"[..], b"text/json"]
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
        || essence
            .len()
            .checked_sub(5)
            .and_then(|at| essence.get(at..))
            .is_some_and(|suffix| suffix.eq_ignore_ascii_case(b"+json"));
    if is_json || essence.is_empty() {
        return Ok(());
    }
    let message = "The request body must be JSON: send it with the header \"Content-Type: application/json\".";
    Err(Fault::new(rules::UNSUPPORTED_MEDIA_TYPE, message))
}

fn announced_length(request: &HttpRequest) -> Result<Option<usize>, Fault> {
    let Some(value) = request.headers().get(header::CONTENT_LENGTH) else {
        return Ok(None);
    };
    let digits = value.to_str().unwrap_or_default();
    match digits.parse() {
        Ok(length) => Ok(Some(length)),
        Err(_no_number) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(Some(usize::MAX)),
        Err(_no_number) => Err(Fault::new(
            rules::MALFORMED,
            "The Content-Length header is not a number.",
        )),
    }
}

fn too_large(limit: usize) -> Fault {
    let message =
        format!("The request body is larger than the {limit} bytes that this route takes.");
    Fault::new(rules::BODY_TOO_LARGE, message)
}

fn too_slow() -> Fault {
    let message = "The request body did not arrive in time.";
    Fault::new(rules::REQUEST_TIMEOUT, message)
}

fn broken(error: &PayloadError) -> Fault {
    if matches!(error, PayloadError::Overflow) {
        return Fault::new(rules::BODY_TOO_LARGE, "The request body is too large.");
    }
    let message = "The request body ended before all of it had arrived.";
    Fault::new(rules::INCOMPLETE_BODY, message)
}
