//! What several commands take: which token, whose, where it goes.

pub(crate) mod jwks_args;
pub mod token_args;
pub mod token_input;
pub mod token_options;
pub(crate) mod token_output;
