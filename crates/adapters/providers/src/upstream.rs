//! What every provider over HTTP needs: connections, time-outs, bodies, streams, faults.

pub(crate) mod body;
mod client;
pub(crate) mod exchange;
pub(crate) mod fault;
mod own_key;
mod pieces;
pub(crate) mod retry_after;

pub use client::{HttpClient, Patience, install_crypto};
pub(crate) use exchange::{Target, open_stream};
pub(crate) use own_key::OwnKey;
pub(crate) use pieces::{Ending, Relay};

use vuzo_domain::catalog::ProviderId;

/// The settings of a provider cannot be used.
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
