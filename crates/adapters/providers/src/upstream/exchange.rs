//! One request, and the beginning of its answer.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Response, Url};
use tokio::time::{Instant, timeout_at};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{ProviderFault, ReplyStream};

use super::pieces::Pieces;
use super::{HttpClient, InvalidSettings, Patience, Relay, body, fault};

/// Where requests go.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

/// Checks a base URL, and joins a path to it.
pub(crate) fn endpoint(
    provider: &ProviderId,
    base_url: &str,
    path: &str,
) -> Result<Url, InvalidSettings> {
    let url = format!("{}{path}", base_url.trim().trim_end_matches('/'));
    Url::parse(&url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| InvalidSettings::BaseUrl {
            provider: provider.clone(),
        })
}

impl HttpClient {
    /// Posts a body and waits for the head of the answer. A kept connection that the
    /// provider closed just then is the one trouble after which it is sent again:
    /// nothing was answered on it.
    pub(crate) async fn post(
        &self,
        target: Target,
        body: Bytes,
        by: Instant,
    ) -> Result<Response, ProviderFault> {
        let mut may_repeat = true;
        loop {
            let request = self
                .inner()
                .post(target.url.clone())
                .headers(target.headers.clone())
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
}

/// Takes an answer for the stream that was asked for. Anything else with a status of
/// success is read to its end, and `judge` says what is wrong with it.
pub(crate) async fn open_stream<R: Relay + 'static>(
    response: Response,
    relay: R,
    by: Instant,
    patience: Patience,
    judge: fn(&[u8]) -> Option<ProviderFault>,
) -> Result<ReplyStream, ProviderFault> {
    if is_event_stream(&response) {
        return Pieces::new(response, relay, by, patience).begin().await;
    }
    let body = body::read(response, by, patience).await?;
    Err(judge(&body)
        .unwrap_or_else(|| fault::garbled("it answered a stream with something else", Some(&body))))
}

fn is_event_stream(response: &Response) -> bool {
    let stated = response.headers().get(CONTENT_TYPE);
    // Without the header the benefit of the doubt: what is no stream then fails as one.
    stated.is_none_or(|value| {
        let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
        !value.contains("json") && !value.contains("html")
    })
}
