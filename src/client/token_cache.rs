//! A cache of the caller's own.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::BoxFuture;
use super::clock::now;
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
pub(super) struct MemoryCache(Mutex<Tokens>);

#[derive(Debug, Default)]
struct Tokens {
    of: HashMap<String, CachedToken>,
    /// How many there may be before the expired ones are dropped.
    most: usize,
}

/// How many tokens there are at least before expired ones are looked for.
const MANY: usize = 1000;

impl Tokens {
    /// Keeps a token. A service that exchanges tokens has one for each that it was given, and few of them are still valid.
    fn put(&mut self, key: &str, token: CachedToken, now: Duration) {
        if self.of.len() >= self.most.max(MANY) {
            self.of.retain(|_, token| token.expires_at > UNIX_EPOCH + now);
            self.most = self.of.len().saturating_mul(2);
        }
        self.of.insert(key.to_owned(), token);
    }
}

impl TokenCache for MemoryCache {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<CachedToken>>> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).of.get(key).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn put<'a>(&'a self, key: &'a str, token: CachedToken) -> BoxFuture<'a, Result<()>> {
        let now = Duration::from_millis(now());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key, token, now);
        Box::pin(async { Ok(()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_tokens_are_not_kept_for_ever() {
        let mut tokens = Tokens::default();
        let ends = |seconds| CachedToken::new(Secret::new("t".to_owned()), UNIX_EPOCH + Duration::from_secs(seconds));
        for second in 0..10_000 {
            tokens.put(&format!("k{second}"), ends(second + 60), Duration::from_secs(second));
        }
        assert!(tokens.of.len() <= MANY + 1, "{}", tokens.of.len());
        assert!(
            (9_940..10_000).all(|second| tokens.of.contains_key(&format!("k{second}"))),
            "the valid ones are there"
        );
    }
}
