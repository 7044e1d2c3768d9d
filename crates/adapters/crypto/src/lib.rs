#![doc = include_str!("../README.md")]

mod hasher;
mod ids;
mod provider;
mod sealer;
mod signer;

pub use hasher::Argon2Hasher;
pub use ids::{NoRandomness, SystemIds};
pub use sealer::{FernetSealer, InvalidSealingKey};
pub use signer::{Hs256Signer, ShortSecret};
