//! Google's Gemini: requests of any dialect are written for it, and its answers are written
//! in the customer's dialect.

mod embeddings;
mod fault;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Response, Url};
use tokio::time::Instant;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, ProviderFault, Reply, UpstreamCall};
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_domain::secret::Secret;
use vuzo_wire::talk::gemini::{GeminiReader, is_uploaded, write};
use vuzo_wire::talk::{Head, Reader, Writer};

use crate::dialects;
use crate::images::Images;
use crate::translate::{self, Translation};
use crate::upstream::{
    self, HttpClient, InvalidSettings, OwnKey, Target, body, exchange, retry_after,
};

/// The key goes into a header: addresses end up in logs.
const KEY_HEADER: &str = "x-goog-api-key";

/// How Google is reached.
#[derive(Clone, Debug)]
pub struct GeminiSettings {
    /// Its name in the catalogue.
    pub id: ProviderId,
    /// Where its API begins, version part included; see [`GeminiSettings::BASE_URL`].
    pub base_url: String,
    /// The operator's key; without it, every call must come with one.
    pub key: Option<Secret>,
}

impl GeminiSettings {
    /// Where Google's own API begins.
    pub const BASE_URL: &'static str = "https://generativelanguage.googleapis.com/v1beta";
}

/// Google's Gemini API.
pub struct Gemini {
    id: ProviderId,
    models: Url,
    headers: HeaderMap,
    key: OwnKey,
    client: HttpClient,
    clock: Arc<dyn Clock>,
    images: Option<Images>,
}

impl core::fmt::Debug for Gemini {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "Gemini({} at {})", self.id, self.models)
    }
}

/// What is asked of a model.
#[derive(Clone, Copy, Debug)]
enum Method {
    Generate,
    Stream,
    Embed,
}

impl Gemini {
    /// Checks the settings; nothing is connected yet. The clock dates the answers.
    pub fn new(
        settings: GeminiSettings,
        client: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, InvalidSettings> {
        let GeminiSettings { id, base_url, key } = settings;
        let models = exchange::endpoint(&id, &base_url, "/models")?;
        let key = OwnKey::new(&id, "", key.as_ref())?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/json, text/event-stream"),
        );
        // Frames are read as they come; a compressed stream would hide them.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        Ok(Self {
            id,
            models,
            headers,
            key,
            client,
            clock,
            images: None,
        })
    }

    /// The same with somebody who fetches images at addresses, which Google does not; else
    /// they are refused.
    #[must_use]
    pub fn fetching(mut self, images: Images) -> Self {
        self.images = Some(images);
        self
    }

    fn target(&self, call: &UpstreamCall, method: Method) -> Result<Target, ProviderFault> {
        let (verb, query) = match method {
            Method::Generate => ("generateContent", None),
            Method::Stream => ("streamGenerateContent", Some("alt=sse")),
            Method::Embed => ("batchEmbedContents", None),
        };
        let mut url = self.models.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.push(&format!("{}:{verb}", bare(&call.upstream_model)));
        }
        url.set_query(query);
        let mut headers = self.headers.clone();
        headers.insert(KEY_HEADER, self.key.of(call)?);
        Ok(Target { url, headers })
    }

    /// Sends a request; an answer without a status of success is a fault.
    async fn ask(
        &self,
        call: &UpstreamCall,
        method: Method,
        body: Bytes,
        by: Instant,
    ) -> Result<Response, ProviderFault> {
        let target = self.target(call, method)?;
        let response = self.client.post(target, body, by).await?;
        let status = response.status();
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
}

#[async_trait]
impl ChatProvider for Gemini {
    fn id(&self) -> ProviderId {
        self.id.clone()
    }

    async fn open(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        let envelope = &call.envelope;
        if envelope.endpoint == Endpoint::Embeddings {
            return self.embed(call).await.map(Reply::Whole);
        }
        let mut request = dialects::read(envelope.endpoint, &envelope.body)?;
        let refused = dialects::refused_in(envelope.endpoint);
        if let Some(images) = self.images.as_ref().filter(|_| envelope.images > 0) {
            let inlined = images.inline(&mut request.talk, is_uploaded).await;
            inlined.map_err(&refused)?;
        }
        let sent = write(&request.talk, &words::options(call)).map_err(refused)?;
        let writer = self.writer(call)?;
        let reader = GeminiReader::new(&call.generation.to_string(), envelope.answers);
        let reader: Box<dyn Reader> = Box::new(reader);
        let by = Instant::now() + self.client.patience().first_byte;
        let patience = self.client.patience();
        if envelope.stream {
            let response = self.ask(call, Method::Stream, sent.into(), by).await?;
            let relay = Translation::new(envelope, reader, writer, fault::of_read);
            let stream =
                upstream::open_stream(response, relay.clone(), by, patience, fault::of_body)
                    .await?;
            Ok(Reply::Stream(stream.with_cutter(relay)))
        } else {
            let response = self.ask(call, Method::Generate, sent.into(), by).await?;
            let body = body::read(response, by, patience).await?;
            translate::whole(envelope, &body, reader, writer, fault::of_read).map(Reply::Whole)
        }
    }
}

impl Gemini {
    fn writer(&self, call: &UpstreamCall) -> Result<Box<dyn Writer>, ProviderFault> {
        let envelope = &call.envelope;
        let head = Head {
            id: call.generation.to_string(),
            model: call.model.as_str().to_owned(),
            created: u64::try_from(self.clock.now().as_secs()).unwrap_or(0),
        };
        dialects::writer(
            envelope.endpoint,
            head,
            &envelope.body,
            envelope.wants_usage,
            call.service_tier,
        )
    }
}

/// A model's name without the folder that the provider's own lists put before it.
fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}
