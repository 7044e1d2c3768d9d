//! Completions in the provider's own wire: several prompts, tokens, and what else no chat
//! can say.

use bytes::Bytes;
use tokio::time::Instant;
use vuzo_domain::chat::{ProviderFault, Reply, UpstreamCall};
use vuzo_wire::chat::RequestFault;
use vuzo_wire::talk::completions::{Change, rewrite};

use super::{OpenAiShaped, refused_request};

impl OpenAiShaped {
    /// Serves a call that came in by `/v1/completions`. Its answers are read like those of
    /// a chat: they differ in the name of the text alone.
    pub(super) async fn complete(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        if call.service_tier.is_some() {
            // The wire has no word for it, so that nobody would know what was given.
            return Err(refused_request(RequestFault {
                message: "This model has one class of service on /v1/completions: leave \
                          'service_tier' out."
                    .to_owned(),
                param: Some("service_tier".to_owned()),
                code: Some("unsupported_parameter"),
            }));
        }
        let change = Change {
            model: &call.upstream_model,
            output_limit: call.output_limit,
            withheld: self.dialect.habits().withheld_fields,
        };
        let body = rewrite(&call.envelope.body, &change).map_err(refused_request)?;
        let by = Instant::now() + self.client.patience().first_byte;
        let target = self.completions.clone();
        let response = self.ask(target, call, Bytes::from(body), by).await?;
        if call.envelope.stream {
            self.open_stream(call, response, by).await
        } else {
            self.open_whole(call, response, by).await
        }
    }
}
