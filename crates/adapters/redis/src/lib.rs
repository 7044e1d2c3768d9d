#![doc = include_str!("../README.md")]

mod answers;
mod connection;
mod failover;
mod feed;
mod limiter;

pub use answers::RedisAnswers;
pub use connection::Redis;
pub use failover::Failover;
pub use feed::{RedisFeed, Subscription};
pub use limiter::RedisLimiter;
