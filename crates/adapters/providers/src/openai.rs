//! Providers that speak `OpenAI`'s chat wire: bytes pass through, facts are read off.

mod client;
mod dialect;
mod fault;
mod frame;
mod relay;
mod request;
mod retry_after;
mod stream;
mod whole;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue,
};
use reqwest::{Response, StatusCode, Url};
use tokio::time::{Instant, timeout_at};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{ProviderFault, Reply, UpstreamCall};
use vuzo_domain::port::ChatProvider;
use vuzo_domain::secret::Secret;

pub use client::{HttpClient, Patience, install_crypto};
pub use dialect::Dialect;
use relay::Relay;
pub(crate) use request::parse as parse_request;
use stream::Pieces;

use crate::usage::{PromptFacts, UsageTally};

/// How one provider is reached.
#[derive(Clone, Debug)]
pub struct OpenAiSettings {
    /// Its name in the catalogue.
    pub id: ProviderId,
    /// Where its API begins, version part included: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The operator's key.
    pub key: Secret,
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

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidSettings {
    /// The base URL is not one.
    #[error("the base URL of {provider} must begin with http:// or https://")]
    BaseUrl {
        /// Whose.
        provider: ProviderId,
    },
    /// A value cannot be sent as a header.
    #[error("the {what} of {provider} holds characters that no header may hold")]
    Header {
        /// Whose.
        provider: ProviderId,
        /// Which value.
        what: &'static str,
    },
    /// The TLS set-up or the resolver failed.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
}

/// A provider with `OpenAI`'s chat wire.
#[derive(Debug)]
pub struct OpenAiShaped {
    id: ProviderId,
    url: Url,
    headers: HeaderMap,
    dialect: Dialect,
    client: HttpClient,
}

impl OpenAiShaped {
    /// Checks the settings; nothing is connected yet.
    pub fn new(settings: OpenAiSettings, client: HttpClient) -> Result<Self, InvalidSettings> {
        let headers = headers(&settings)?;
        let OpenAiSettings {
            id,
            base_url,
            dialect,
            ..
        } = settings;
        let url = format!("{}/chat/completions", base_url.trim().trim_end_matches('/'));
        let url = Url::parse(&url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| InvalidSettings::BaseUrl {
                provider: id.clone(),
            })?;
        Ok(Self {
            id,
            url,
            headers,
            dialect,
            client,
        })
    }

    /// Sends the request. A kept connection that the provider closed just then is the
    /// one trouble after which it is sent again: nothing was answered on it.
    async fn send(&self, body: Bytes, by: Instant) -> Result<Response, ProviderFault> {
        let mut may_repeat = true;
        loop {
            let request = self
                .client
                .inner()
                .post(self.url.clone())
                .headers(self.headers.clone())
                .body(body.clone());
            match timeout_at(by, request.send()).await {
                Ok(Ok(response)) => return Ok(response),
                Ok(Err(error)) if may_repeat && fault::closed_too_early(&error) => {
                    may_repeat = false;
                }
                Ok(Err(error)) => return Err(fault::of_transport(error)),
                Err(_elapsed) => return Err(fault::silent()),
            }
        }
    }

    async fn open_stream(
        &self,
        call: &UpstreamCall,
        response: Response,
        by: Instant,
    ) -> Result<Reply, ProviderFault> {
        if !is_event_stream(&response) {
            return Err(self.not_a_stream(response, by).await);
        }
        let relay = Relay::new(call, self.dialect.habits());
        let pieces = Pieces::new(response, relay, by, self.client.patience());
        pieces.begin().await.map(Reply::Stream)
    }

    /// A stream was asked for, and something else came with a status of success.
    async fn not_a_stream(&self, response: Response, by: Instant) -> ProviderFault {
        let body = match whole::read(response, by, self.client.patience()).await {
            Ok(body) => body,
            Err(trouble) => return trouble,
        };
        fault::of_body(&body).unwrap_or_else(|| {
            fault::garbled("it answered a stream with something else", Some(&body))
        })
    }

    async fn open_whole(
        &self,
        call: &UpstreamCall,
        response: Response,
        by: Instant,
    ) -> Result<Reply, ProviderFault> {
        let body = whole::read(response, by, self.client.patience()).await?;
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
        let body = request::build(call, self.dialect.habits())?;
        let by = Instant::now() + self.client.patience().first_byte;
        let response = self.send(body, by).await?;
        let status = response.status();
        if let Some(upstream) = response.headers().get("x-generation-id") {
            tracing::debug!(generation = %call.generation, ?upstream, "provider named the call");
        }
        if !status.is_success() {
            let fault = self.refusal(status, response, by).await;
            tracing::info!(provider = %self.id, %status, kind = ?fault.kind, "provider refused");
            return Err(fault);
        }
        if call.envelope.stream {
            self.open_stream(call, response, by).await
        } else {
            self.open_whole(call, response, by).await
        }
    }
}

impl OpenAiShaped {
    async fn refusal(&self, status: StatusCode, response: Response, by: Instant) -> ProviderFault {
        let retry_after = retry_after::of(response.headers());
        // A body that breaks off leaves the status to go by.
        let body = whole::read(response, by, self.client.patience())
            .await
            .unwrap_or_default();
        fault::of_status(status.as_u16(), &body, retry_after)
    }
}

fn is_event_stream(response: &Response) -> bool {
    let stated = response.headers().get(CONTENT_TYPE);
    // Without the header the benefit of the doubt: what is no stream then fails as one.
    stated.is_none_or(|value| {
        let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
        !value.contains("json") && !value.contains("html")
    })
}

fn headers(settings: &OpenAiSettings) -> Result<HeaderMap, InvalidSettings> {
    let value = |what: &'static str, text: &str| {
        HeaderValue::from_str(text).map_err(|_invalid| InvalidSettings::Header {
            provider: settings.id.clone(),
            what,
        })
    };
    let mut headers = HeaderMap::new();
    let mut bearer = value("key", &format!("Bearer {}", settings.key.expose()))?;
    bearer.set_sensitive(true);
    headers.insert(AUTHORIZATION, bearer);
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
