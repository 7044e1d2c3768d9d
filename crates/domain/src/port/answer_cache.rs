use core::time::Duration;

use async_trait::async_trait;

use crate::chat::KeptAnswer;

/// Keeps answers for identical requests to come.
///
/// Best effort by contract: trouble is "not found" and "not kept". Whoever asks is
/// better served by a new answer than by an error, so nothing here fails, and nothing
/// takes longer than a provider could make up for.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait AnswerCache: Send + Sync + 'static {
    /// The answer that is kept under that key, exactly as it was given. MUST NOT find
    /// one whose time is over, nor one that was kept under another key.
    async fn find(&self, key: &[u8; 32]) -> Option<KeptAnswer>;

    /// Keeps an answer for that long, in place of any that was kept under the key. The
    /// space is bounded: MUST NOT keep one of more than [`KeptAnswer::MOST_BYTES`], and
    /// may drop others, those that nobody asked for the longest first.
    async fn keep(&self, key: &[u8; 32], answer: KeptAnswer, lifetime: Duration);
}
