//! Every dialect over a provider that speaks OpenAI's chat wire and nothing else.

mod passage;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, Envelope, ProviderFault, Reply, UpstreamCall};
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_wire::talk::chat::{self, Style};
use vuzo_wire::talk::{Head, Request};

use crate::dialects;
use crate::openai::Dialect;
use passage::Passage;

/// What a provider of this kind speaks itself.
const SPOKEN: &[Endpoint] = &[Endpoint::ChatCompletions, Endpoint::Embeddings];

/// A provider that is asked in its own wire, whatever dialect the customer speaks.
pub struct Bridged {
    inner: Arc<dyn ChatProvider>,
    clock: Arc<dyn Clock>,
    dialect: Dialect,
    spoken: &'static [Endpoint],
}

impl core::fmt::Debug for Bridged {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Bridged({})", self.inner.id())
    }
}

impl Bridged {
    /// Puts the other dialects before a provider with the habits of `dialect`; the clock
    /// dates its answers.
    pub fn new(inner: Arc<dyn ChatProvider>, clock: Arc<dyn Clock>, dialect: Dialect) -> Self {
        Self {
            inner,
            clock,
            dialect,
            spoken: SPOKEN,
        }
    }

    /// The same for a provider that speaks more than chat: those endpoints go through
    /// untouched.
    #[must_use]
    pub const fn speaking(mut self, spoken: &'static [Endpoint]) -> Self {
        self.spoken = spoken;
        self
    }

    /// Whether the provider is asked in the customer's own dialect. Of models for chats
    /// and models for completions each has an endpoint that the other does not.
    fn speaks(&self, call: &UpstreamCall) -> bool {
        let endpoint = call.envelope.endpoint;
        let has_model = endpoint != Endpoint::Completions || call.can("completions");
        has_model && self.spoken.contains(&endpoint)
    }

    /// The call in the provider's wire.
    fn chat_call(
        &self,
        call: &UpstreamCall,
        request: &Request,
    ) -> Result<UpstreamCall, ProviderFault> {
        let habits = self.dialect.habits();
        let style = Style {
            limit_field: habits.limit_field,
            extended: self.dialect == Dialect::OpenRouter,
            thinks: call.can("reasoning"),
            samples: !call.can("no_sampling_params"),
        };
        let envelope = &call.envelope;
        let mut body =
            chat::write(&request.talk, &envelope.model, style).map_err(dialects::refused)?;
        if self.inner.id() == ProviderId::simulator() {
            carry_options(&envelope.body, &mut body);
        }
        let envelope = Envelope {
            endpoint: Endpoint::ChatCompletions,
            wants_usage: true,
            body: Bytes::from(body),
            ..Envelope::clone(envelope)
        };
        Ok(UpstreamCall {
            envelope: Arc::new(envelope),
            ..call.clone()
        })
    }
}

#[async_trait]
impl ChatProvider for Bridged {
    fn id(&self) -> ProviderId {
        self.inner.id()
    }

    async fn open(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        let envelope = &call.envelope;
        if self.speaks(call) {
            return self.inner.open(call).await;
        }
        let request = dialects::read(envelope.endpoint, &envelope.body)?;
        let head = Head {
            id: call.generation.to_string(),
            model: call.model.as_str().to_owned(),
            created: u64::try_from(self.clock.now().as_secs()).unwrap_or(0),
        };
        let writer = dialects::writer(
            envelope.endpoint,
            head,
            &envelope.body,
            envelope.wants_usage,
            call.service_tier,
        )?;
        let in_own_words = |fault| dialects::in_words_of(envelope.endpoint, fault);
        let chat_call = self.chat_call(call, &request).map_err(in_own_words)?;
        let passage = Passage::new(envelope.answers, writer);
        match self.inner.open(&chat_call).await.map_err(in_own_words)? {
            Reply::Whole(whole) => passage.whole(whole).map(Reply::Whole),
            Reply::Stream(stream) => Ok(Reply::Stream(passage.stream(stream))),
        }
    }
}

/// The simulator is steered by a field of its own, in whatever dialect.
fn carry_options(from: &[u8], to: &mut Vec<u8>) {
    #[derive(Deserialize)]
    struct Options<'a> {
        #[serde(borrow)]
        sim: Option<&'a RawValue>,
    }
    let options = serde_json::from_slice::<Options<'_>>(from);
    if let Ok(Options { sim: Some(options) }) = options
        && to.last() == Some(&b'}')
    {
        to.pop();
        to.extend_from_slice(b",\"sim\":");
        to.extend_from_slice(options.get().as_bytes());
        to.push(b'}');
    }
}

#[cfg(test)]
mod tests;
