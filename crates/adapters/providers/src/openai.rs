//! Providers that speak `OpenAI`'s chat wire: bytes pass through, facts are read off.

mod completions;
mod dialect;
mod embeddings;
mod frame;
mod native;
mod relay;
mod request;
mod whole;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Response;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use tokio::time::Instant;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{Endpoint, ProviderFault, Reply, UpstreamCall};
use vuzo_domain::port::ChatProvider;
use vuzo_domain::secret::Secret;

pub use dialect::Dialect;
use relay::Relay;
pub(crate) use request::{parse as parse_request, refused as refused_request};

use crate::upstream::{
    self, HttpClient, InvalidSettings, OwnKey, Target, body, exchange, fault, retry_after,
};
use crate::usage::{PromptFacts, UsageTally};

/// How one provider is reached.
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// Its name in the catalogue.
    pub id: ProviderId,
    /// Where its API begins, version part included: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The operator's key, where the configuration has one. Without it every call
    /// brings a stored one.
    pub key: Option<Secret>,
    /// Whose habits it has.
    pub dialect: Dialect,
    /// The site to name to `OpenRouter`; the other dialects leave it out.
    pub attribution: Attribution,
}

/// The site that calls are attributed to.
#[derive(Clone, Debug, Default)]
pub struct Attribution {
    /// Its address.
    pub url: Option<String>,
    /// Its name.
    pub title: Option<String>,
}

/// A provider with `OpenAI`'s chat wire.
#[derive(Debug)]
pub struct OpenAiShaped {
    id: ProviderId,
    target: Target,
    completions: Target,
    embeddings: Target,
    responses: Target,
    key: OwnKey,
    dialect: Dialect,
    client: HttpClient,
}

impl OpenAiShaped {
    /// Checks the settings; nothing is connected yet.
    pub fn new(settings: OpenAiSettings, client: HttpClient) -> Result<Self, InvalidSettings> {
        let headers = headers(&settings)?;
        let key = OwnKey::new(&settings.id, "Bearer ", settings.key.as_ref())?;
        let OpenAiSettings {
            id,
            base_url,
            dialect,
            ..
        } = settings;
        let url = exchange::endpoint(&id, &base_url, "/chat/completions")?;
        let completions = Target {
            url: exchange::endpoint(&id, &base_url, "/completions")?,
            headers: headers.clone(),
        };
        let embeddings = Target {
            url: exchange::endpoint(&id, &base_url, "/embeddings")?,
            headers: headers.clone(),
        };
        let responses = Target {
            url: exchange::endpoint(&id, &base_url, "/responses")?,
            headers: headers.clone(),
        };
        Ok(Self {
            id,
            target: Target { url, headers },
            completions,
            embeddings,
            responses,
            key,
            dialect,
            client,
        })
    }

    async fn open_stream(
        &self,
        call: &UpstreamCall,
        response: Response,
        by: Instant,
    ) -> Result<Reply, ProviderFault> {
        let relay = Relay::new(call, self.dialect.habits());
        let patience = self.client.patience();
        upstream::open_stream(response, relay, by, patience, fault::of_body)
            .await
            .map(Reply::Stream)
    }

    async fn open_whole(
        &self,
        call: &UpstreamCall,
        response: Response,
        by: Instant,
    ) -> Result<Reply, ProviderFault> {
        let body = body::read(response, by, self.client.patience()).await?;
        let habits = self.dialect.habits();
        let tally = UsageTally::new(habits.convention, PromptFacts::of(&call.envelope));
        whole::reply(body, habits, tally).map(Reply::Whole)
    }
}

#[async_trait]
impl ChatProvider for OpenAiShaped {
    fn id(&self) -> ProviderId {
        self.id.clone()
    }

    async fn open(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault> {
        match call.envelope.endpoint {
            Endpoint::Embeddings => return self.embed(call).await.map(Reply::Whole),
            Endpoint::Responses => return self.respond(call).await,
            Endpoint::Completions => return self.complete(call).await,
            Endpoint::ChatCompletions | Endpoint::Messages => {}
        }
        let body = request::build(call, self.dialect.habits())?;
        let by = Instant::now() + self.client.patience().first_byte;
        let response = self.ask(self.target.clone(), call, body, by).await?;
        if call.envelope.stream {
            self.open_stream(call, response, by).await
        } else {
            self.open_whole(call, response, by).await
        }
    }
}

impl OpenAiShaped {
    /// Sends a request; an answer without a status of success is a fault.
    async fn ask(
        &self,
        mut target: Target,
        call: &UpstreamCall,
        body: Bytes,
        by: Instant,
    ) -> Result<Response, ProviderFault> {
        target.headers.insert(AUTHORIZATION, self.key.of(call)?);
        let response = self.client.post(target, body, by).await?;
        let status = response.status();
        if let Some(upstream) = response.headers().get("x-generation-id") {
            tracing::debug!(generation = %call.generation, ?upstream, "provider named the call");
        }
        if !status.is_success() {
            let fault = self.refusal(call, response, by).await;
            tracing::info!(provider = %self.id, %status, kind = ?fault.kind, "provider refused");
            return Err(fault);
        }
        Ok(response)
    }

    async fn refusal(&self, call: &UpstreamCall, response: Response, by: Instant) -> ProviderFault {
        let status = response.status();
        let retry_after = retry_after::of(response.headers());
        // A body that breaks off leaves the status to go by.
        let body = body::read(response, by, self.client.patience())
            .await
            .unwrap_or_default();
        let body = self.key.hide(call, body);
        fault::of_status(status.as_u16(), &body, retry_after)
    }
}

fn headers(settings: &OpenAiSettings) -> Result<HeaderMap, InvalidSettings> {
    let value = |what: &'static str, text: &str| {
        HeaderValue::from_str(text).map_err(|_invalid| InvalidSettings::Header {
            provider: settings.id.clone(),
            what,
        })
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        ACCEPT,
        HeaderValue::from_static("application/json, text/event-stream"),
    );
    // Frames are read as they come; a compressed stream would hide them.
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if settings.dialect.habits().takes_attribution {
        if let Some(url) = &settings.attribution.url {
            headers.insert("http-referer", value("site address", url)?);
        }
        if let Some(title) = &settings.attribution.title {
            headers.insert("x-openrouter-title", value("site name", title)?);
        }
    }
    Ok(headers)
}
