use bytes::{Bytes, BytesMut};
use reqwest::Response;
use tokio::time::{Instant, timeout_at};
use vuzo_domain::chat::{ProviderFault, WholeReply};
use vuzo_wire::chat::completion::read_completion;

use super::client::Patience;
use super::dialect::Habits;
use super::{fault, frame};
use crate::usage::UsageTally;

/// No answer of a chat model is longer.
const LONGEST_BODY: usize = 32 << 20;

/// Reads a body to its end, within bounds of size and of silence.
pub(super) async fn read(
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

/// Judges a body that came with a status of success.
pub(super) fn reply(
    body: Bytes,
    habits: &Habits,
    mut tally: UsageTally,
) -> Result<WholeReply, ProviderFault> {
    let body = if habits.blurs_finish_reason {
        frame::with_finish_reason(&body).map_or(body, Bytes::from)
    } else {
        body
    };
    let summary = match read_completion(&body) {
        Ok(summary) => summary,
        Err(reason) => return Err(fault::garbled(&reason.to_string(), Some(&body))),
    };
    if let Some(usage) = summary.usage {
        tally.usage(usage);
    }
    if let Some(model) = &summary.model {
        tally.model(model);
    }
    tally.output(summary.output_bytes);
    let report = tally.report();
    match summary.error {
        Some(error) => {
            let mut fault = fault::of_error(&error, &body);
            fault.report = Some(Box::new(report));
            Err(fault)
        }
        None => Ok(WholeReply { body, report }),
    }
}
