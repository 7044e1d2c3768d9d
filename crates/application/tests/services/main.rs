//! People, keys, billing, usage, the operator and the first catalogue, over the memory
//! store.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests end a test by panicking"
)]

mod accounts;
mod bench;
mod billing;
mod catalogue;
mod credit;
mod import;
mod key_bounds;
mod keys;
mod log_in;
mod provider_keys;
mod rules;
mod seed;
mod sign_up;
mod usage;
