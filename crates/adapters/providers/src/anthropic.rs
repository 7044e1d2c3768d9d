//! Anthropic's Messages: passed through to customers who speak the same wire, and
//! translated for all others.

mod betas;
mod fault;
mod native;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::time::Instant;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, ProviderFault, Reply, UpstreamCall};
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_domain::pricing::ServiceTier;
use vuzo_domain::secret::Secret;
use vuzo_wire::talk::messages::{self, MessageReader, Native, Options};
use vuzo_wire::talk::{Head, Reader, Talk};

use crate::dialects;
use crate::translate::{self, Translation};
use crate::upstream::{
    self, HttpClient, InvalidSettings, OwnKey, Target, body, exchange, retry_after,
};
use native::Passage;

const KEY_HEADER: &str = "x-api-key";
const VERSION_HEADER: &str = "anthropic-version";
const BETA_HEADER: &str = "anthropic-beta";
/// The dialect that still takes sampling fields; which models take them is the
/// catalogue's to say.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// How Anthropic is reached.
#[derive(Clone, Debug)]
pub struct AnthropicSettings {
    /// Its name in the catalogue.
    pub id: ProviderId,
    /// Where its API begins, without the version; see [`AnthropicSettings::BASE_URL`].
    pub base_url: String,
    /// The operator's key; without it, every call must come with one.
    pub key: Option<Secret>,
}

impl AnthropicSettings {
    /// Where Anthropic's own API begins.
    pub const BASE_URL: &'static str = "https://api.anthropic.com";
}

/// Anthropic's Messages API.
pub struct Anthropic {
    id: ProviderId,
    target: Target,
    key: OwnKey,
    client: HttpClient,
    clock: Arc<dyn Clock>,
}

impl core::fmt::Debug for Anthropic {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Anthropic({} at {})", self.id, self.target.url)
    }
}

impl Anthropic {
    /// Checks the settings; nothing is connected yet. The clock dates the answers.
    pub fn new(
        settings: AnthropicSettings,
        client: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidSettings> {
        let AnthropicSettings { id, base_url, key } = settings;
        let url = exchange::endpoint(&id, &base_url, "/v1/messages")?;
        let key = OwnKey::new(&id, "", key.as_ref())?;
        let mut headers = HeaderMap::new();
        headers.insert(VERSION_HEADER, VERSION);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        // Frames are read as they come; a compressed stream would hide them.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(Self {
            id,
            target: Target { url, headers },
            key,
            client,
            clock,
        })
    }

    /// Sends a request; an answer without a status of success is a fault.
    async fn ask(
        &self,
        call: &UpstreamCall,
        body: Bytes,
        by: Instant,
    ) -> Result<Response, ProviderFault> {
        let mut target = self.target.clone();
        if let Some(betas) = betas::header(&call.envelope.betas)? {
            target.headers.insert(BETA_HEADER, betas);
        }
        target.headers.insert(KEY_HEADER, self.key.of(call)?);
        let response = self.client.post(target, body, by).await?;
        let status = response.status();
        if let Some(upstream) = response.headers().get("request-id") {
            tracing::debug!(generation = %call.generation, ?upstream, "provider named the call");
        }
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = retry_after::of(response.headers());
        // A body that breaks off leaves the status to go by.
        let body = body::read(response, by, self.client.patience())
            .await
            .unwrap_or_default();
        let body = self.key.hide(call, body);
        let fault = fault::of_status(status.as_u16(), &body, retry_after);
        tracing::info!(provider = %self.id, %status, kind = ?fault.kind, "provider refused");
        Err(fault)
    }

    fn head(&self, call: &UpstreamCall) -> Head {
        Head {
            id: call.generation.to_string(),
            model: call.model.as_str().to_owned(),
            created: u64::try_from(self.clock.now().as_secs()).unwrap_or(0),
        }
    }

    /// A customer who speaks the provider's own wire.
    async fn pass(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        let envelope = &call.envelope;
        let native = Native {
            model: &call.upstream_model,
            output_limit: call.output_limit,
            without_sampling: call.can("no_sampling_params"),
            service_tier: tier_word(call),
        };
        let sent = messages::rewrite(&envelope.body, &native).map_err(dialects::refused)?;
        let patience = self.client.patience();
        let by = Instant::now() + patience.first_byte;
        let response = self.ask(call, sent.into(), by).await?;
        if envelope.stream {
            let relay = Passage::new(self.head(call), envelope);
            let stream =
                upstream::open_stream(response, relay.clone(), by, patience, fault::of_body)
                    .await?;
            Ok(Reply::Stream(stream.with_cutter(relay)))
        } else {
            let body = body::read(response, by, patience).await?;
            native::whole(&call.generation.to_string(), envelope, &body).map(Reply::Whole)
        }
    }

    /// A customer who speaks any other wire.
    async fn translate(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        let envelope = &call.envelope;
        let request = dialects::read(envelope.endpoint, &envelope.body)?;
        let (sent, reader) = question(call, &request.talk)?;
        let writer = dialects::writer(
            envelope.endpoint,
            self.head(call),
            &envelope.body,
            envelope.wants_usage,
            call.service_tier,
        )?;
        let patience = self.client.patience();
        let by = Instant::now() + patience.first_byte;
        let response = self.ask(call, sent.into(), by).await?;
        if envelope.stream {
            let relay = Translation::new(envelope, reader, writer, fault::of_read);
            let stream =
                upstream::open_stream(response, relay.clone(), by, patience, fault::of_body)
                    .await?;
            Ok(Reply::Stream(stream.with_cutter(relay)))
        } else {
            let body = body::read(response, by, patience).await?;
            translate::whole(envelope, &body, reader, writer, fault::of_read).map(Reply::Whole)
        }
    }
}

/// A conversation in the provider's wire, and who reads the answer to it.
fn question(call: &UpstreamCall, talk: &Talk) -> Result<(Vec<u8>, Box<dyn Reader>), ProviderFault> {
    let can = |word: &str| call.can(word);
    let options = Options {
        model: &call.upstream_model,
        output_limit: call.output_limit,
        most_output: call.model_most,
        service_tier: tier_word(call),
        can: &can,
    };
    let refused = dialects::refused_in(call.envelope.endpoint);
    let sent = messages::write(talk, &options).map_err(refused)?;
    let reader = MessageReader::new()
        .with_answer_tool(messages::answer_tool(talk, &options))
        .with_long_cache(call.envelope.long_cache);
    Ok((sent, Box::new(reader)))
}

/// The wire knows no way to insist on the priority tier: it is given where the account has
/// capacity for it, and only if it is not ruled out. That it is ruled out has to be said.
fn tier_word(call: &UpstreamCall) -> &'static str {
    match call.service_tier {
        Some(ServiceTier::Priority) => "auto",
        _ => "standard_only",
    }
}

#[async_trait]
impl ChatProvider for Anthropic {
    fn id(&self) -> ProviderId {
        self.id.clone()
    }

    async fn open(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        match call.envelope.endpoint {
            Endpoint::Messages => self.pass(call).await,
            Endpoint::ChatCompletions
            | Endpoint::Completions
            | Endpoint::Responses
            | Endpoint::Embeddings => self.translate(call).await,
        }
    }
}
