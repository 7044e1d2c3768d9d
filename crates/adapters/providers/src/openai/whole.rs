use bytes::Bytes;
use vuzo_domain::chat::{ProviderFault, WholeReply};
use vuzo_wire::chat::completion::read_completion;

use super::dialect::Habits;
use super::frame;
use crate::upstream::fault;
use crate::usage::UsageTally;

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
    if let Some(word) = &summary.service_tier {
        tally.tier(word);
    }
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
