/// What an answer took, as disjoint counts: every token is in exactly one of them, whatever
/// the provider's own totals include.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens at the plain rate.
    pub input: u64,
    /// Prompt tokens from a cache.
    pub cache_read: u64,
    /// Prompt tokens written to a short-lived cache.
    pub cache_write: u64,
    /// Prompt tokens written to a long-lived cache.
    pub cache_write_long: u64,
    /// Prompt tokens of sound.
    pub audio_input: u64,
    /// Visible completion tokens.
    pub output: u64,
    /// Completion tokens of thought.
    pub reasoning: u64,
}

impl Usage {
    /// All prompt tokens.
    pub fn prompt(&self) -> u64 {
        [
            self.input,
            self.cache_read,
            self.cache_write,
            self.cache_write_long,
            self.audio_input,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// All completion tokens.
    pub fn completion(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }

    /// All tokens.
    pub fn total(&self) -> u64 {
        self.prompt().saturating_add(self.completion())
    }
}
