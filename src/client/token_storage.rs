//! The storage of a client's tokens, and of the secrets it was given.

use std::sync::Arc;

use super::token_cache::TokenCache;
use crate::cache::token_cache::Cache;
use crate::secret::Secret;

/// The storage of tokens between two calls.
#[derive(Debug)]
pub(super) enum TokenStorage {
    /// The folder of the `cogtok` program, shared with it and with other processes.
    Files(Cache),
    /// The caller's own cache.
    Own(Arc<dyn TokenCache>),
}

/// Secrets that the client was given, which come before those of its source.
#[derive(Debug, Default)]
pub(super) struct GivenSecrets {
    pub(super) m2m_client: Option<Secret>,
    pub(super) user_client: Option<Secret>,
    pub(super) password: Option<Secret>,
}
