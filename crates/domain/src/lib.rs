#![doc = include_str!("../README.md")]
#![deny(
    missing_docs,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::arithmetic_side_effects
)]
#![cfg_attr(
    test,
    expect(
        clippy::arithmetic_side_effects,
        reason = "tests compute their expectations plainly"
    )
)]

pub mod account;
pub mod catalog;
pub mod chat;
pub mod id;
pub mod key;
pub mod limit;
pub mod money;
pub mod pattern;
pub mod port;
pub mod pricing;
pub mod provider_key;
pub mod secret;
pub mod time;
pub mod usage;
pub mod wallet;
