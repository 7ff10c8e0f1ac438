//! A cache of the caller's own.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::BoxFuture;
use crate::error::Result;
use crate::secret::Secret;
use crate::token::Token;

/// A token as a cache keeps it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CachedToken {
    /// The token.
    pub value: Secret,
    /// When it ends; a cache may drop it then.
    pub expires_at: SystemTime,
}

impl CachedToken {
    /// A token from a cache.
    pub fn new(value: Secret, expires_at: SystemTime) -> Self {
        CachedToken { value, expires_at }
    }

    pub(super) fn of(token: &Token) -> Option<Self> {
        let expires_at = UNIX_EPOCH.checked_add(Duration::from_secs(token.expires_at?))?;
        Some(CachedToken { value: token.value.clone(), expires_at })
    }

    pub(super) fn into_token(self) -> Token {
        let end = self.expires_at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        Token { value: self.value, expires_at: Some(end) }
    }
}

/// A place for tokens between two calls: Redis, a map in memory. Keys are digests of all that a token depends on (client,
/// endpoint, scopes, user). Whoever can write to it decides which token is sent.
pub trait TokenCache: Debug + Send + Sync + 'static {
    /// The token under `key`, be it fresh or not.
    ///
    /// # Errors
    /// An error if the cache can't be read.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<CachedToken>>>;

    /// Keeps a token under `key`, in the place of what was there.
    ///
    /// # Errors
    /// An error if the cache can't be written.
    fn put<'a>(&'a self, key: &'a str, token: CachedToken) -> BoxFuture<'a, Result<()>>;
}

/// A cache in the memory of this process.
#[derive(Debug, Default)]
pub(super) struct MemoryCache(std::sync::Mutex<std::collections::HashMap<String, CachedToken>>);

impl TokenCache for MemoryCache {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<CachedToken>>> {
        let found = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(key).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn put<'a>(&'a self, key: &'a str, token: CachedToken) -> BoxFuture<'a, Result<()>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key.to_owned(), token);
        Box::pin(async { Ok(()) })
    }
}
