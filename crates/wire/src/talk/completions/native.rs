//! The same body for a provider that speaks this wire.

use super::read::admit;
use crate::chat::RequestFault;
use crate::json::{Edit, edit_object, push_member, push_string};

/// Fields that are for the gateway alone.
const OURS: &[&str] = &["models", "fallbacks", "metadata"];

/// What is changed for the provider.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// Its name of the model.
    pub model: &'a str,
    /// The limit of each answer, where it differs from what the customer sent.
    pub output_limit: Option<u64>,
    /// What it does not get to see.
    pub withheld: &'a [&'a str],
}

/// Writes the body as a provider of this wire gets it. Streams end with their usage,
/// whatever the customer asked.
///
/// # Errors
/// As for [`admit`].
pub fn rewrite(body: &[u8], change: &Change<'_>) -> Result<Vec<u8>, RequestFault> {
    let streams = admit(body)?.request.talk.stream;
    let mut out = Vec::with_capacity(body.len() + change.model.len() + 64);
    let limit = change.output_limit.map(|limit| limit.to_string());
    let decide = |name: &str, _: &[u8], out: &mut Vec<u8>| match name {
        "model" => {
            push_string(change.model, out);
            Edit::Written
        }
        "max_tokens" if limit.is_some() => Edit::Drop,
        "stream_options" => Edit::Drop,
        _ if OURS.contains(&name) || change.withheld.contains(&name) => Edit::Drop,
        _ => Edit::Keep,
    };
    edit_object(body, &mut out, decide, |mut comma, out| {
        if let Some(limit) = &limit {
            push_member(comma, "max_tokens", limit.as_bytes(), out);
            comma = true;
        }
        if streams {
            push_member(comma, "stream_options", b"{\"include_usage\":true}", out);
        }
    })?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(body: &str, limit: Option<u64>) -> String {
        let change = Change {
            model: "davinci",
            output_limit: limit,
            withheld: &["sim", "service_tier"],
        };
        let out = rewrite(body.as_bytes(), &change).expect(body);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn only_what_has_to_be_is_changed() {
        for (body, limit, expected) in [
            (
                r#"{"model":"m", "prompt":["a",  "b"],"echo":true,"logprobs":5,"later":1.0,"sim":{},"metadata":{"a":"b"},"models":["o"]}"#,
                None,
                r#"{"model":"davinci", "prompt":["a",  "b"],"echo":true,"logprobs":5,"later":1.0}"#,
            ),
            (
                r#"{"prompt":[[1,2],[3]],"model":"m","max_tokens":9,"stream":true,"stream_options":{"include_usage":false}}"#,
                Some(7),
                r#"{"prompt":[[1,2],[3]],"model":"davinci","stream":true,"max_tokens":7,"stream_options":{"include_usage":true}}"#,
            ),
            (
                r#"{"model":"m","prompt":"x","max_tokens":9,"stream":false,"stream_options":null,"logit_bias":{"1":-1}}"#,
                None,
                r#"{"model":"davinci","prompt":"x","max_tokens":9,"stream":false,"logit_bias":{"1":-1}}"#,
            ),
        ] {
            assert_eq!(rewritten(body, limit), expected);
        }
    }
}
