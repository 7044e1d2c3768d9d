//! Every provider that this program knows, and the simulator. Whether there is a key for
//! one, from the configuration or stored, is found out when it is called.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::chat::Endpoint;
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_providers::{
    Anthropic, AnthropicSettings, Attribution, Bridged, Dialect, Gemini, GeminiSettings,
    HttpClient, Images, OpenAiSettings, OpenAiShaped, Simulator,
};

use crate::config::{Config, ProviderConfig};

/// What `OpenAI` speaks itself.
const OPENAI_SPEAKS: &[Endpoint] = &[
    Endpoint::ChatCompletions,
    Endpoint::Completions,
    Endpoint::Embeddings,
    Endpoint::Responses,
];

pub(super) fn all(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<Arc<dyn ChatProvider>>> {
    let simulator = Arc::new(Simulator::new(Arc::clone(clock)));
    let mut providers: Vec<Arc<dyn ChatProvider>> = vec![Arc::new(Bridged::new(
        simulator,
        Arc::clone(clock),
        Dialect::OpenAi,
    ))];
    let client = HttpClient::new(config.patience)?;
    for provider in &config.providers {
        let adapter = one(config, provider, &client, clock)
            .with_context(|| format!("the provider {}", provider.name))?;
        providers.push(adapter);
    }
    Ok(providers)
}

/// The adapter that speaks a provider's wire.
fn one(
    config: &Config,
    provider: &ProviderConfig,
    client: &HttpClient,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn ChatProvider>> {
    let id = ProviderId::new(provider.name)?;
    let (base_url, key) = (provider.base_url.clone(), provider.key.clone());
    let (client, clock) = (client.clone(), Arc::clone(clock));
    Ok(match provider.name {
        "anthropic" => {
            let settings = AnthropicSettings { id, base_url, key };
            Arc::new(Anthropic::new(settings, client, clock)?)
        }
        "google" => {
            let settings = GeminiSettings { id, base_url, key };
            let gemini = Gemini::new(settings, client, clock)?;
            let reach = &config.image_reach;
            Arc::new(if reach.is_empty() {
                gemini
            } else {
                gemini.fetching(Images::new(reach.clone())?)
            })
        }
        name => {
            let dialect = dialect(name);
            let settings = OpenAiSettings {
                id,
                base_url,
                key,
                dialect,
                attribution: Attribution {
                    url: config.site_url.clone(),
                    title: config.site_name.clone(),
                },
            };
            let adapter = Arc::new(OpenAiShaped::new(settings, client)?);
            let bridged = Bridged::new(adapter, clock, dialect);
            Arc::new(match dialect {
                Dialect::OpenAi => bridged.speaking(OPENAI_SPEAKS),
                Dialect::XAi | Dialect::OpenRouter => bridged,
            })
        }
    })
}

fn dialect(name: &str) -> Dialect {
    match name {
        "xai" => Dialect::XAi,
        "openrouter" => Dialect::OpenRouter,
        _ => Dialect::OpenAi,
    }
}
