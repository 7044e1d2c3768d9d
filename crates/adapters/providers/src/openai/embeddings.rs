//! Embeddings: asked for and answered in the customer's own wire.

use bytes::Bytes;
use tokio::time::Instant;
use vuzo_domain::chat::{ProviderFault, UpstreamCall, WholeReply};
use vuzo_wire::chat::Usage;
use vuzo_wire::embeddings::{EmbeddingsRequest, read_answer};

use super::{OpenAiShaped, refused_request};
use crate::upstream::{body, fault};
use crate::usage::{PromptFacts, UsageTally};

impl OpenAiShaped {
    /// Serves one request for embeddings.
    pub(super) async fn embed(&self, call: &UpstreamCall) -> Result<WholeReply, ProviderFault> {
        let request = EmbeddingsRequest::parse(&call.envelope.body).map_err(refused_request)?;
        let counted = request.input.tokens();
        let habits = self.dialect.habits();
        let sent = request.rewritten(&call.upstream_model, habits.withheld_fields);
        let by = Instant::now() + self.client.patience().first_byte;
        let response = self
            .ask(self.embeddings.clone(), call, sent.into(), by)
            .await?;
        let body = body::read(response, by, self.client.patience()).await?;
        let tally = UsageTally::new(habits.convention, PromptFacts::of(&call.envelope));
        judge(body, counted, tally)
    }
}

/// Judges a body that came with a status of success.
fn judge(
    body: Bytes,
    counted: Option<u64>,
    mut tally: UsageTally,
) -> Result<WholeReply, ProviderFault> {
    let summary = match read_answer(&body) {
        Ok(summary) => summary,
        Err(reason) => return Err(fault::garbled(&reason.to_string(), Some(&body))),
    };
    if let Some(model) = &summary.model {
        tally.model(model);
    }
    match summary.usage {
        Some(usage) => tally.usage(usage),
        // Where the customer sent tokens, nobody has to guess how many there are.
        None if summary.error.is_none() => {
            if let Some(tokens) = counted {
                tally.usage(Usage {
                    prompt_tokens: Some(tokens),
                    completion_tokens: Some(0),
                    ..Usage::default()
                });
            }
        }
        None => {}
    }
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
