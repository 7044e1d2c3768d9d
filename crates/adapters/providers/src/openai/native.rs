//! Responses in the provider's own wire: bytes pass through, facts are read off.

mod passage;

use bytes::Bytes;
use reqwest::Response;
use tokio::time::Instant;
use vuzo_domain::chat::{ProviderFault, Reply, UpstreamCall, WholeReply};
use vuzo_wire::talk::responses::native::{Change, ResponseFacts, relay_response, rewrite};

use super::{OpenAiShaped, refused_request};
use crate::upstream::{self, body, fault};
use crate::usage::{PromptFacts, UsageTally};
use passage::NativeRelay;

impl OpenAiShaped {
    /// Serves a call that came in by `/v1/responses`.
    pub(super) async fn respond(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        let change = Change {
            model: &call.upstream_model,
            output_limit: call.output_limit,
            service_tier: self.dialect.habits().tier_word(call.service_tier),
            reasons: call.can("reasoning"),
        };
        let body = rewrite(&call.envelope.body, &change).map_err(refused_request)?;
        let patience = self.client.patience();
        let by = Instant::now() + patience.first_byte;
        let target = self.responses.clone();
        let response = self.ask(target, call, Bytes::from(body), by).await?;
        if !call.envelope.stream {
            return self.respond_whole(call, response, by).await;
        }
        let relay = NativeRelay::new(call, self.tally(call));
        let cutter = relay.clone();
        upstream::open_stream(response, relay, by, patience, fault::of_body)
            .await
            .map(|stream| Reply::Stream(stream.with_cutter(cutter)))
    }

    async fn respond_whole(
        &self,
        call: &UpstreamCall,
        response: Response,
        by: Instant,
    ) -> Result<Reply, ProviderFault> {
        let body = body::read(response, by, self.client.patience()).await?;
        whole(call, &body, self.tally(call)).map(Reply::Whole)
    }

    fn tally(&self, call: &UpstreamCall) -> UsageTally {
        let convention = self.dialect.habits().convention;
        UsageTally::new(convention, PromptFacts::of(&call.envelope))
    }
}

/// Judges a body that came with a status of success.
fn whole(
    call: &UpstreamCall,
    body: &Bytes,
    mut tally: UsageTally,
) -> Result<WholeReply, ProviderFault> {
    let facts = ResponseFacts::of(body);
    if !facts.whole {
        return Err(fault::garbled("its answer is not JSON", Some(body)));
    }
    count(&facts, &mut tally);
    let charge = |mut trouble: ProviderFault, tally: &UsageTally| {
        trouble.report = Some(Box::new(tally.report()));
        trouble
    };
    if let Some(error) = facts.error() {
        return Err(charge(fault::of_error(&error, body), &tally));
    }
    let is_over = matches!(facts.status, None | Some("completed" | "incomplete"));
    if !facts.has_output || !is_over {
        let stated = fault::of_body(body).filter(|_| !facts.has_output);
        let trouble =
            stated.unwrap_or_else(|| fault::garbled("its answer is not a response", Some(body)));
        return Err(charge(trouble, &tally));
    }
    tally.output(facts.output_bytes);
    let mut out = Vec::with_capacity(body.len().saturating_add(128));
    let id = call.generation.to_string();
    relay_response(body, &id, call.envelope.metadata.as_deref(), &mut out);
    Ok(WholeReply {
        body: Bytes::from(out),
        report: tally.report(),
    })
}

/// Takes note of what a response says of its cost.
fn count(facts: &ResponseFacts<'_>, tally: &mut UsageTally) {
    if let Some(model) = facts.model {
        tally.model(model);
    }
    if let Some(word) = facts.service_tier() {
        tally.tier(word);
    }
    if let Some(usage) = facts.usage() {
        tally.usage(usage);
    }
}
