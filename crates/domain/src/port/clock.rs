use crate::time::Timestamp;

/// The time. Tests advance it by hand.
#[cfg_attr(feature = "mock", mockall::automock)]
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC. MUST NOT step back by more than the operator's clock does.
    fn now(&self) -> Timestamp;
}
