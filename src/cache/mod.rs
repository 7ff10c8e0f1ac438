//! Cached tokens and keys, and one request for any number of callers.

pub(crate) mod counter;
pub mod jwks_cache;
pub mod rejected_tokens;
pub mod single_flight;
pub mod token_cache;
