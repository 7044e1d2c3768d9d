use bytes::Bytes;
use reqwest::header::HeaderValue;
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::{FaultKind, ProviderFault, UpstreamCall};
use vuzo_domain::secret::Secret;

use super::InvalidSettings;

/// The operator's key as the value of a header: the one that was chosen for a call, or
/// else the one of the configuration, if there is any.
#[derive(Debug)]
pub(crate) struct OwnKey {
    prefix: &'static str,
    configured: Option<HeaderValue>,
}

impl OwnKey {
    /// Checks the configured key. What stands before it in the header is the provider's
    /// habit: `"Bearer "`, or nothing.
    pub(crate) fn new(
        provider: &ProviderId,
        prefix: &'static str,
        configured: Option<&Secret>,
    ) -> Result<Self, InvalidSettings> {
        let invalid = || InvalidSettings::Header {
            provider: provider.clone(),
            what: "key",
        };
        let configured = configured
            .map(|key| header(prefix, key).ok_or_else(invalid))
            .transpose()?;
        Ok(Self { prefix, configured })
    }

    /// The value for a call.
    pub(crate) fn of(&self, call: &UpstreamCall) -> Result<HeaderValue, ProviderFault> {
        match (&call.secret, &self.configured) {
            (Some(chosen), _) => header(self.prefix, chosen)
                .ok_or_else(|| refusal("the chosen key holds characters that no header may hold")),
            (None, Some(configured)) => Ok(configured.clone()),
            (None, None) => Err(refusal("there is no key for this provider")),
        }
    }
}

impl OwnKey {
    /// What a provider says when it refuses, without the key that the call was made with:
    /// some repeat it, and what they say is logged, stored and shown to the operator.
    pub(crate) fn hide(&self, call: &UpstreamCall, said: Bytes) -> Bytes {
        let Ok(value) = self.of(call) else {
            return said;
        };
        let shown = value.as_bytes();
        let key = shown.strip_prefix(self.prefix.as_bytes()).unwrap_or(shown);
        if key.is_empty() || said.windows(key.len()).all(|piece| piece != key) {
            return said;
        }
        let (text, key) = (String::from_utf8_lossy(&said), String::from_utf8_lossy(key));
        Bytes::from(text.replace(&*key, "[key]"))
    }
}

fn header(prefix: &str, key: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", key.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn refusal(detail: &str) -> ProviderFault {
    let message = "The provider could not serve the call.";
    ProviderFault::new(FaultKind::OurAccount, message).with_detail(detail)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;
    use vuzo_domain::catalog::ModelId;
    use vuzo_domain::chat::{Endpoint, Envelope};
    use vuzo_domain::id::GenerationId;

    use super::*;

    fn call(secret: Option<&str>) -> UpstreamCall {
        let envelope = Envelope {
            endpoint: Endpoint::ChatCompletions,
            model: "m".to_owned(),
            fallbacks: Vec::new(),
            stream: false,
            wants_usage: false,
            output_limit: None,
            answers: 1,
            prompt_bytes: 0,
            images: 0,
            audio_bytes: 0,
            long_cache: false,
            betas: Vec::new(),
            service_tier: vuzo_domain::pricing::TierWish::Standard,
            metadata: None,
            body: Bytes::new(),
        };
        UpstreamCall {
            generation: GenerationId::from_uuid(Uuid::nil()),
            model: ModelId::new("m").unwrap(),
            upstream_model: "m".to_owned(),
            capabilities: Vec::new().into(),
            model_most: 1,
            secret: secret.map(Secret::new),
            output_limit: None,
            service_tier: None,
            envelope: Arc::new(envelope),
        }
    }

    #[test]
    fn a_provider_that_repeats_the_key_is_not_quoted_with_it() {
        let provider = ProviderId::new("played").unwrap();
        let configured = Secret::new("sk-configured");
        for prefix in ["Bearer ", ""] {
            let key = OwnKey::new(&provider, prefix, Some(&configured)).unwrap();
            for (chosen, said, expected) in [
                (
                    None,
                    "no: sk-configured, sk-configured!",
                    "no: [key], [key]!",
                ),
                (Some("sk-chosen"), "no: sk-chosen", "no: [key]"),
                (Some("sk-chosen"), "no: sk-cho***en", "no: sk-cho***en"),
                (None, "", ""),
            ] {
                let hidden = key.hide(&call(chosen), Bytes::from_static(said.as_bytes()));
                assert_eq!(hidden, expected, "{prefix:?}");
            }
        }
    }

    #[test]
    fn the_chosen_key_goes_before_the_configured_one() {
        let provider = ProviderId::new("played").unwrap();
        let configured = Secret::new("sk-configured");
        for (own, chosen, expected) in [
            (Some(&configured), None, Some("Bearer sk-configured")),
            (
                Some(&configured),
                Some("sk-chosen"),
                Some("Bearer sk-chosen"),
            ),
            (None, Some("sk-chosen"), Some("Bearer sk-chosen")),
            (None, None, None),
            (Some(&configured), Some("sk\n"), None),
        ] {
            let key = OwnKey::new(&provider, "Bearer ", own).unwrap();
            match (key.of(&call(chosen)), expected) {
                (Ok(value), Some(expected)) => {
                    assert_eq!(value.to_str().unwrap(), expected);
                    assert!(value.is_sensitive());
                    assert!(!format!("{value:?} {key:?}").contains("sk-"));
                }
                (Err(fault), None) => {
                    assert_eq!(fault.kind, FaultKind::OurAccount);
                    assert!(!format!("{fault:?}").contains("sk-"));
                }
                (other, _) => panic!("{chosen:?}: {other:?}"),
            }
        }
        let unsendable = Secret::new("sk\n");
        let refused = OwnKey::new(&provider, "", Some(&unsendable)).unwrap_err();
        assert!(matches!(
            refused,
            InvalidSettings::Header { what: "key", .. }
        ));
    }
}
