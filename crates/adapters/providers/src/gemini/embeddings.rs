//! Embeddings, in OpenAI's shape.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use vuzo_domain::chat::{FaultKind, ProviderFault, UpstreamCall, UsageReport, WholeReply};
use vuzo_domain::usage::Consumption;
use vuzo_wire::embeddings::{EmbeddingsRequest, Input, VectorsOut};

use super::{Gemini, Method};
use crate::dialects::refused;
use crate::upstream::{body, fault};

/// The provider takes no more texts at once.
const MOST_AT_ONCE: usize = 100;

#[derive(Serialize)]
struct Batch<'a> {
    requests: Vec<Embed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Embed<'a> {
    model: &'a str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u32>,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: [Text<'a>; 1],
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Embedded {
    embeddings: Vec<Vector>,
    usage_metadata: Option<Metadata>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Vector {
    values: Vec<f32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    prompt_token_count: Option<u64>,
}

impl Gemini {
    /// Serves one request for embeddings. The vendor does not promise to count tokens; where
    /// it does not, the application estimates, and the answer says the same.
    pub(super) async fn embed(&self, call: &UpstreamCall) -> Result<WholeReply, ProviderFault> {
        let request = EmbeddingsRequest::parse(&call.envelope.body).map_err(refused)?;
        let Input::Texts(texts) = &request.input else {
            let kind = FaultKind::BadRequest {
                status: 400,
                param: Some("input".to_owned()),
                code: Some("unsupported_value".to_owned()),
            };
            let message = "This model does not take tokens: send texts as 'input'.";
            return Err(ProviderFault::new(kind, message));
        };
        let model = format!("models/{}", super::bare(&call.upstream_model));
        let mut vectors = Vec::with_capacity(texts.len());
        let mut counted = Some(0_u64);
        for texts in texts.chunks(MOST_AT_ONCE) {
            let requests = texts.iter().map(|text| Embed {
                model: &model,
                content: Content {
                    parts: [Text { text }],
                },
                output_dimensionality: request.dimensions,
            });
            let batch = Batch {
                requests: requests.collect(),
            };
            let embedded = self.batch(call, &batch).await?;
            let stated = embedded
                .usage_metadata
                .and_then(|usage| usage.prompt_token_count);
            counted = counted
                .zip(stated)
                .map(|(sum, more)| sum.saturating_add(more));
            vectors.extend(embedded.embeddings.into_iter().map(|vector| vector.values));
        }
        if request.dimensions.is_some() {
            for vector in &mut vectors {
                normalize(vector);
            }
        }
        let estimate = call.envelope.typical_prompt_tokens();
        let answer = VectorsOut {
            model: call.model.as_str(),
            vectors: &vectors,
            encoding: request.encoding,
            prompt_tokens: counted.unwrap_or(estimate),
        };
        Ok(WholeReply {
            body: answer.to_json().into(),
            report: UsageReport {
                consumption: counted.map(|input| Consumption {
                    input,
                    ..Consumption::default()
                }),
                ..UsageReport::default()
            },
        })
    }

    async fn batch(
        &self,
        call: &UpstreamCall,
        batch: &Batch<'_>,
    ) -> Result<Embedded, ProviderFault> {
        let sent = serde_json::to_vec(batch).map_err(|error| {
            fault::garbled("the request cannot be written", None).with_detail(error.to_string())
        })?;
        let by = Instant::now() + self.client.patience().first_byte;
        let response = self.ask(call, Method::Embed, Bytes::from(sent), by).await?;
        let body = body::read(response, by, self.client.patience()).await?;
        let embedded: Embedded = match serde_json::from_slice(&body) {
            Ok(embedded) => embedded,
            Err(error) => return Err(unread(&body, &error.to_string())),
        };
        let is_whole = embedded.embeddings.len() == batch.requests.len()
            && embedded
                .embeddings
                .iter()
                .all(|vector| !vector.values.is_empty());
        if is_whole {
            Ok(embedded)
        } else {
            Err(unread(&body, "it does not have a vector for every text"))
        }
    }
}

fn unread(body: &[u8], reason: &str) -> ProviderFault {
    super::fault::of_body(body).unwrap_or_else(|| fault::garbled(reason, Some(body)))
}

/// A shortened vector is not of length one here, as it is at OpenAI and as those expect who
/// compare by the dot product alone.
fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 && length.is_finite() {
        for value in vector {
            *value /= length;
        }
    }
}
