//! Where a client keeps tokens, and the secrets that it was given.

use std::sync::Arc;

use super::token_cache::TokenCache;
use crate::cache::token_cache::Cache;
use crate::secret::Secret;

/// Where tokens are kept between two calls.
#[derive(Debug)]
pub(super) enum TokenStorage {
    /// In the folder that the `cogtok` program uses, shared with it and with other processes.
    Files(Cache),
    /// In a cache of the caller's own.
    Own(Arc<dyn TokenCache>),
}

/// Secrets that the client was given, which come before those of its source.
#[derive(Debug, Default)]
pub(super) struct GivenSecrets {
    pub(super) m2m_client: Option<Secret>,
    pub(super) user_client: Option<Secret>,
    pub(super) password: Option<Secret>,
}
