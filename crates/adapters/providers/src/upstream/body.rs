use bytes::{Bytes, BytesMut};
use reqwest::Response;
use tokio::time::{Instant, timeout_at};
use vuzo_domain::chat::ProviderFault;

use super::client::Patience;
use super::fault;

/// No answer of a model is longer.
const LONGEST_BODY: usize = 32 << 20;

/// Reads a body to its end, within bounds of size and of silence.
pub(crate) async fn read(
    mut response: Response,
    by: Instant,
    patience: Patience,
) -> Result<Bytes, ProviderFault> {
    let mut first: Option<Bytes> = None;
    let mut more = BytesMut::new();
    loop {
        let by = if first.is_some() {
            Instant::now() + patience.between_reads
        } else {
            by
        };
        let piece = match timeout_at(by, response.chunk()).await {
            Ok(Ok(Some(piece))) => piece,
            Ok(Ok(None)) => break,
            Ok(Err(error)) => return Err(fault::broke_off(error)),
            Err(_elapsed) => return Err(fault::silent()),
        };
        let known = first
            .as_ref()
            .map_or(0, Bytes::len)
            .saturating_add(more.len());
        if known.saturating_add(piece.len()) > LONGEST_BODY {
            return Err(fault::garbled("its answer is longer than 32 MiB", None));
        }
        match &first {
            None => first = Some(piece),
            Some(_) => more.extend_from_slice(&piece),
        }
    }
    let first = first.unwrap_or_default();
    if more.is_empty() {
        return Ok(first);
    }
    Ok([first.as_ref(), more.as_ref()].concat().into())
}
