//! What only the operator may do.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod credits;
pub(crate) mod models;
pub(crate) mod provider_keys;
pub(crate) mod rules;
