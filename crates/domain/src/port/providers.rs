use async_trait::async_trait;

use crate::catalog::ProviderId;
use crate::chat::{ProviderFault, Reply, UpstreamCall};

/// An AI provider.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait ChatProvider: Send + Sync + 'static {
    /// Its name.
    fn id(&self) -> ProviderId;

    /// Sends a call and waits for the beginning of the answer.
    ///
    /// MUST ask the provider for usage even where the customer did not, MUST write
    /// the call's model and output limit into the request, MUST put the call's id
    /// into streamed frames, and MUST report consumption with every token counted
    /// once. Dropping the future or the stream MUST abort the call upstream.
    async fn open(&self, call: &UpstreamCall) -> Result<Reply, ProviderFault>;
}
