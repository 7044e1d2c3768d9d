use uuid::Uuid;

/// Fresh ids and randomness.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait IdGen: Send + Sync + 'static {
    /// A UUID of version 7, so that rows are inserted in the order of their ids.
    fn uuid(&self) -> Uuid;

    /// Fills the buffer from a cryptographically secure source.
    fn fill_random(&self, buffer: &mut [u8]);
}
