//! The providers that there is a key for, and the simulator, which needs none.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use vuzo_domain::catalog::ProviderId;
use vuzo_domain::port::{ChatProvider, Clock};
use vuzo_providers::{
    Attribution, Dialect, HttpClient, OpenAiSettings, OpenAiShaped, Patience, Simulator,
};

use crate::config::Config;

pub(super) fn all(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<Arc<dyn ChatProvider>>> {
    let mut providers: Vec<Arc<dyn ChatProvider>> =
        vec![Arc::new(Simulator::new(Arc::clone(clock)))];
    let client = HttpClient::new(Patience::default())?;
    for provider in &config.providers {
        let Some(key) = &provider.key else { continue };
        let settings = OpenAiSettings {
            id: ProviderId::new(provider.name)?,
            base_url: provider.base_url.clone(),
            key: key.clone(),
            dialect: dialect(provider.name),
            attribution: Attribution {
                url: config.site_url.clone(),
                title: config.site_name.clone(),
            },
        };
        let adapter = OpenAiShaped::new(settings, client.clone())
            .with_context(|| format!("the provider {}", provider.name))?;
        providers.push(Arc::new(adapter));
    }
    Ok(providers)
}

fn dialect(name: &str) -> Dialect {
    match name {
        "xai" => Dialect::XAi,
        "openrouter" => Dialect::OpenRouter,
        _ => Dialect::OpenAi,
    }
}
