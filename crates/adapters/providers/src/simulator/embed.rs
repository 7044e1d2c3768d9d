//! Embeddings without a model: the same text has the same vector of length one everywhere.

use vuzo_domain::chat::{FaultKind, ProviderFault, UpstreamCall, UsageReport, WholeReply};
use vuzo_domain::usage::Consumption;
use vuzo_wire::embeddings::{EmbeddingsRequest, Input, VectorsOut};

use super::no_such_model;
use super::options::{Failure, Options, StatedUsage};
use super::tokens::{length, tokens};
use crate::openai::refused_request;

const USUAL_DIMENSIONS: u32 = 64;
const MOST_DIMENSIONS: u32 = 1_536;

/// Answers a request for embeddings.
pub(super) async fn reply(call: &UpstreamCall) -> Result<WholeReply, ProviderFault> {
    let envelope = &call.envelope;
    let request = EmbeddingsRequest::parse(&envelope.body).map_err(refused_request)?;
    if call.upstream_model != "embed" {
        return Err(no_such_model(&call.upstream_model));
    }
    let options = Options::read(request.raw("sim"))?;
    if !options.delay.is_zero() {
        tokio::time::sleep(options.delay).await;
    }
    if let Some(fault) = options
        .fail
        .and_then(|failure| failure.at_once().or_else(|| Failure::later(failure)))
    {
        return Err(fault);
    }
    let dimensions = request.dimensions.unwrap_or(USUAL_DIMENSIONS);
    if dimensions > MOST_DIMENSIONS {
        return Err(too_long());
    }
    let vectors: Vec<Vec<f32>> = seeds(&request.input)
        .map(|seed| vector(seed, dimensions))
        .collect();
    let prompt_tokens = count(&request.input);
    let answer = VectorsOut {
        model: call.model.as_str(),
        vectors: &vectors,
        encoding: request.encoding,
        prompt_tokens,
    };
    let consumption = Consumption {
        input: prompt_tokens,
        ..Consumption::default()
    };
    Ok(WholeReply {
        body: answer.to_json().into(),
        report: UsageReport {
            consumption: (!matches!(options.usage, StatedUsage::Missing)).then_some(consumption),
            served_model: Some(call.model.as_str().to_owned()),
            ..UsageReport::default()
        },
    })
}

fn too_long() -> ProviderFault {
    let kind = FaultKind::BadRequest {
        status: 400,
        param: Some("dimensions".to_owned()),
        code: Some("invalid_value".to_owned()),
    };
    let message = format!("The simulator's vectors have at most {MOST_DIMENSIONS} dimensions.");
    ProviderFault::new(kind, message)
}

fn count(input: &Input<'_>) -> u64 {
    match input {
        Input::Texts(texts) => texts
            .iter()
            .map(|text| tokens(length(text)))
            .fold(0, u64::saturating_add),
        Input::Tokens(_) => input.tokens().unwrap_or_default(),
    }
}

/// A number for each input, the same for the same input.
fn seeds<'i>(input: &'i Input<'_>) -> Box<dyn Iterator<Item = u64> + Send + 'i> {
    match input {
        Input::Texts(texts) => Box::new(texts.iter().map(|text| digest(text.bytes()))),
        Input::Tokens(inputs) => Box::new(inputs.iter().map(|input| {
            let bytes = input.iter().flat_map(|token| token.to_le_bytes());
            digest(bytes)
        })),
    }
}

/// FNV-1a.
fn digest(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

fn vector(seed: u64, dimensions: u32) -> Vec<f32> {
    let mut state = seed;
    let numbers: Vec<f32> = (0..dimensions)
        .map(|_| {
            // SplitMix64; sixteen bits of it are a number that a float holds exactly.
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let [low, high, ..] = (mixed ^ (mixed >> 31)).to_le_bytes();
            f32::from(i16::from_le_bytes([low | 1, high])) / 32_768.0
        })
        .collect();
    let norm = numbers
        .iter()
        .map(|number| number * number)
        .sum::<f32>()
        .sqrt();
    numbers.into_iter().map(|number| number / norm).collect()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::Arc;

    use vuzo_domain::catalog::ModelId;
    use vuzo_domain::chat::{Endpoint, Envelope};
    use vuzo_domain::id::GenerationId;

    use super::*;

    #[test]
    fn vectors_have_length_one_and_depend_on_the_text_alone() {
        for dimensions in [1, 2, 64, 1_536] {
            let a = vector(digest("Hello".bytes()), dimensions);
            assert_eq!(a.len(), usize::try_from(dimensions).unwrap());
            let square: f32 = a.iter().map(|number| number * number).sum();
            assert!((square - 1.0).abs() < 1e-4, "{square}");
            assert_eq!(a, vector(digest("Hello".bytes()), dimensions));
            if dimensions > 1 {
                assert_ne!(a, vector(digest("hello".bytes()), dimensions));
            }
        }
    }

    #[test]
    fn tokens_are_counted_exactly_and_texts_by_their_bytes() {
        let texts = Input::Texts(vec![Cow::Borrowed("abcde"), Cow::Borrowed("a")]);
        assert_eq!(count(&texts), 3);
        assert_eq!(count(&Input::Tokens(vec![vec![1, 2, 3], vec![4]])), 4);
    }

    fn call(body: &str) -> UpstreamCall {
        UpstreamCall {
            generation: GenerationId::from_uuid(uuid::Uuid::from_u128(1)),
            model: ModelId::new("sim/embed").unwrap(),
            upstream_model: "embed".to_owned(),
            capabilities: Vec::new().into(),
            model_most: 0,
            secret: None,
            output_limit: None,
            service_tier: None,
            envelope: Arc::new(Envelope {
                endpoint: Endpoint::Embeddings,
                model: "sim/embed".to_owned(),
                fallbacks: Vec::new(),
                stream: false,
                wants_usage: false,
                output_limit: Some(0),
                answers: 1,
                prompt_bytes: 0,
                images: 0,
                audio_bytes: 0,
                long_cache: false,
                betas: Vec::new(),
                service_tier: vuzo_domain::pricing::TierWish::Standard,
                metadata: None,
                body: body.to_owned().into(),
            }),
        }
    }

    #[tokio::test]
    async fn options_are_obeyed() {
        let body = r#"{"model":"m","input":["Hello","Hello"],"dimensions":3}"#;
        let told = reply(&call(body)).await.expect("an answer");
        let json: serde_json::Value = serde_json::from_slice(&told.body).expect("JSON");
        assert_eq!(json["data"][0]["embedding"], json["data"][1]["embedding"]);
        assert_eq!(json["data"][1]["index"], 1);
        assert_eq!(
            json["data"][0]["embedding"].as_array().map(Vec::len),
            Some(3)
        );
        assert_eq!(told.report.consumption.map(|told| told.input), Some(4));
        let silent = r#"{"model":"m","input":"x","sim":{"usage":"missing"}}"#;
        let told = reply(&call(silent)).await.expect("an answer");
        assert_eq!(told.report.consumption, None);
        for body in [
            r#"{"model":"m","input":"x","sim":{"fail":"server_error"}}"#,
            r#"{"model":"m","input":"x","sim":{"fail":"mid_stream"}}"#,
            r#"{"model":"m","input":"x","dimensions":1537}"#,
            r#"{"model":"m"}"#,
        ] {
            assert!(reply(&call(body)).await.is_err(), "{body}");
        }
        let mut other = call(body);
        other.upstream_model = "echo".to_owned();
        assert!(reply(&other).await.is_err());
    }
}
