//! Messages to a provider that speaks the same wire: bytes pass through.

mod relay;
mod thoughts;

use std::cell::Cell;

use crate::chat::RequestFault;
use crate::json::{Edit, edit_object, push_member, push_string};

pub use relay::{NativeRelay, Passed};

/// The gateway's own extras, and what would let a customer steer the operator's bill.
const WITHHELD: &[&str] = &[
    "models",
    "fallbacks",
    "sim",
    "service_tier",
    "speed",
    "container",
    "mcp_servers",
    "inference_geo",
];
const SAMPLING: &[&str] = &["temperature", "top_p", "top_k"];

/// What changes in a customer's own body.
#[derive(Debug, Clone, Copy)]
pub struct Native<'a> {
    /// What the provider calls the model.
    pub model: &'a str,
    /// The output limit to write, where it differs from the customer's.
    pub output_limit: Option<u64>,
    /// Whether the model refuses to be told how to draw tokens.
    pub without_sampling: bool,
    /// The class of service to ask for, whatever the customer asked for.
    pub service_tier: &'a str,
}

/// Rewrites a customer's body for the provider. What does not change keeps its bytes.
///
/// # Errors
/// The body is not the JSON object that the front door has checked.
pub fn rewrite(body: &[u8], native: &Native<'_>) -> Result<Vec<u8>, RequestFault> {
    let mut out = Vec::with_capacity(body.len() + 64);
    let mended = thoughts::mend(body)?;
    let limited = Cell::new(false);
    let limit = native.output_limit.map(|limit| limit.to_string());
    let decide = |name: &str, _: &[u8], out: &mut Vec<u8>| match name {
        "model" => {
            push_string(native.model, out);
            Edit::Written
        }
        "max_tokens" => {
            limited.set(true);
            let Some(limit) = &limit else {
                return Edit::Keep;
            };
            out.extend_from_slice(limit.as_bytes());
            Edit::Written
        }
        "messages" => match &mended {
            Some(mended) => {
                out.extend_from_slice(&mended.messages);
                Edit::Written
            }
            None => Edit::Keep,
        },
        // Who is told to think wants to see the thought behind a call that is answered.
        "thinking" if mended.as_ref().is_some_and(|mended| mended.is_lost) => Edit::Drop,
        _ if WITHHELD.contains(&name) => Edit::Drop,
        _ if native.without_sampling && SAMPLING.contains(&name) => Edit::Drop,
        _ => Edit::Keep,
    };
    let append = |mut comma, out: &mut Vec<u8>| {
        if let (Some(limit), false) = (&limit, limited.get()) {
            push_member(comma, "max_tokens", limit.as_bytes(), out);
            comma = true;
        }
        let mut tier = Vec::with_capacity(native.service_tier.len() + 2);
        push_string(native.service_tier, &mut tier);
        push_member(comma, "service_tier", &tier, out);
    };
    edit_object(body, &mut out, decide, append)?;
    Ok(out)
}

#[cfg(test)]
mod tests;
