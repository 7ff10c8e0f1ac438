//! Cached access and ID tokens: one private file per key, and one request for any number of callers.
//!
//! A key names everything a token depends on. Refresh tokens and client secrets are never here.

mod inspect;
mod list;

use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::cache::counter;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::settings::types::Scopes;
use crate::store::file;
use crate::store::state_file::{FileContent, ReadError, StateFile, StateLock};
use crate::store::{another_place, elsewhere};
use crate::token::session::RefreshState;
use crate::token::{Lifetime, MAX_LIFE_SECONDS, Token, TokenSet};

pub use crate::store::cache_key::CacheKey;
pub use list::{Credentials, Entry, Listing};

/// The cache directory; without one nothing is cached.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: Option<PathBuf>,
}

impl Cache {
    /// The cache in `dir`, which need not exist.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Cache { dir }
    }

    /// The cached tokens for `key` at `now`. A file that is corrupt, from another version, for another key or from the future is a miss.
    pub fn read(&self, key: &CacheKey, now: u64) -> Option<TokenSet> {
        self.read_with_session(key, now).filter(TokenSet::has_tokens)
    }

    /// As [`Cache::read`], and also what remains of deleted tokens: the session that renews them.
    pub fn read_with_session(&self, key: &CacheKey, now: u64) -> Option<TokenSet> {
        let file = self.file::<CacheRecord>(key)?;
        match file.read() {
            Ok(stored) => stored?.into_tokens(key, now),
            Err(ReadError::Malformed) => {
                log::warn!(target: "cogtok", "a cached token could not be read, so cogtok fetches it again");
                None
            }
            Err(ReadError::Io(error)) => {
                log::warn!(target: "cogtok", "the cached token in {} is ignored: {error}", file.path().display());
                None
            }
            Err(ReadError::Version(_)) => None,
        }
    }

    /// Waits for this key's lock until `deadline`. `None` if this machine has no locks: the caller may continue without a cache, after the
    /// logged warning.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when another process held the lock until the deadline.
    pub fn lock(&self, key: &CacheKey, deadline: Instant) -> Result<Option<KeyLock>> {
        let lock = self.lock_file(key, deadline)?;
        Ok(lock.map(|lock| KeyLock { lock, key: key.clone() }))
    }

    /// As [`Cache::lock`], for a file of any content.
    ///
    /// # Errors
    /// As [`Cache::lock`].
    pub fn lock_file<T: FileContent>(&self, key: &CacheKey, deadline: Instant) -> Result<Option<StateLock<T>>> {
        let Some(file) = self.file(key) else {
            log::warn!(target: "cogtok", "there is no home directory to cache tokens in: this one is not cached");
            return Ok(None);
        };
        file.lock_or(deadline, |dir, error| {
            let variable = "XDG_CACHE_HOME";
            let is_lock = file::is_without_locks(error);
            let way = if is_lock { another_place(variable) } else { elsewhere(error, variable) };
            log::warn!(target: "cogtok", "tokens can't be cached in {}: {error}{way}", dir.display());
        })
    }

    /// The file for `key`; `None` without a cache directory.
    pub fn file<T: FileContent>(&self, key: &CacheKey) -> Option<StateFile<T>> {
        Some(StateFile::new(self.dir.as_ref()?, key.stem()))
    }

    /// Counts a token that was served from the cache: a saved request.
    pub fn count_saved(&self, key: &CacheKey) {
        // A read-only disk can't count, and the token is served anyway.
        let _ = self.counter(key).map(|path| counter::increment(&path));
    }

    /// How many requests the tokens cached under `key` have saved, including earlier tokens.
    pub fn saved(&self, key: &CacheKey) -> u64 {
        self.counter(key).map_or(0, |path| counter::read(&path))
    }

    /// Deletes the tokens cached under `key`, and their count.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when a file can't be removed.
    pub fn forget(&self, key: &CacheKey) -> Result<()> {
        let tokens = self.file::<CacheRecord>(key).map(|file| file.path().to_path_buf());
        for path in tokens.into_iter().chain(self.counter(key)) {
            let unremovable = |error| Error::store(format!("{} can't be removed: {error}", path.display()));
            file::remove(&path).map_err(unremovable)?;
        }
        Ok(())
    }

    fn counter(&self, key: &CacheKey) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!("{}.saved", key.stem())))
    }
}

/// The right to fetch and keep the tokens of one key.
pub struct KeyLock {
    lock: StateLock<CacheRecord>,
    key: CacheKey,
}

impl KeyLock {
    /// As [`StateLock::mark_refresh_in_flight`].
    pub fn mark_refresh_in_flight(&mut self, is_refreshing: bool) -> bool {
        self.lock.mark_refresh_in_flight(is_refreshing)
    }

    /// Caches `tokens`, unless their expiry is unknown. A failure is a warning: the tokens were obtained anyway.
    pub fn keep(&mut self, tokens: &TokenSet) {
        if let Err(error) = self.write(tokens) {
            let dir = self.lock.file().dir().display();
            log::warn!(target: "cogtok", "the token could not be cached in {dir}: {error}");
        }
    }

    fn write(&mut self, tokens: &TokenSet) -> std::io::Result<()> {
        self.lock.note_failure(None);
        CacheRecord::of(&self.key, tokens).map_or(Ok(()), |stored| self.lock.replace(&stored))
    }
}

/// Tokens as their file has them.
#[derive(Serialize, Deserialize)]
pub struct CacheRecord {
    key: CacheKey,
    access_token: String,
    access_expires_at: u64,
    id_token: Option<String>,
    id_expires_at: Option<u64>,
    scope: Option<String>,
    #[serde(default)]
    asked: String,
    obtained_at: u64,
    #[serde(default)]
    renewal: RefreshState,
}

impl FileContent for CacheRecord {
    const LIMIT: u64 = 256 * 1024;
    const VERSION: Option<u64> = Some(1);
}

impl CacheRecord {
    /// The record of `tokens`; `None` if their expiry is unknown.
    pub(crate) fn of(key: &CacheKey, tokens: &TokenSet) -> Option<Self> {
        let id = tokens.id.as_ref().filter(|id| id.expires_at.is_some());
        Some(CacheRecord {
            key: key.clone(),
            access_token: tokens.access.value.expose().to_owned(),
            access_expires_at: tokens.access.expires_at?,
            id_token: id.map(|id| id.value.expose().to_owned()),
            id_expires_at: id.and_then(|id| id.expires_at),
            scope: tokens.scope.as_ref().map(ToString::to_string),
            asked: tokens.asked.to_string(),
            obtained_at: tokens.obtained_at,
            renewal: tokens.renewal.clone(),
        })
    }

    /// The tokens, where they are those of `key` and can be used at `now`.
    pub(crate) fn into_tokens(mut self, key: &CacheKey, now: u64) -> Option<TokenSet> {
        // A second of tolerance for clocks that are being adjusted; a token from further in the future is invalid.
        if self.key != *key || self.obtained_at > now.saturating_add(1000) {
            return None;
        }
        // A file's values are checked like a server's: the file may have been edited.
        let latest = (self.obtained_at / 1000).saturating_add(MAX_LIFE_SECONDS);
        let token = |value: &mut String, end: u64| {
            let end = end.min(latest);
            let token = Token::received(Secret::new(std::mem::take(value)), Lifetime::Missing, now).ok()?;
            Some(Token { value: token.value, expires_at: Some(token.expires_at.map_or(end, |exp| exp.min(end))) })
        };
        let access = token(&mut self.access_token, self.access_expires_at)?;
        let id = match (self.id_token.as_mut(), self.id_expires_at) {
            (Some(value), Some(end)) => Some(token(value, end)?),
            _ => None,
        };
        let scope = self.scope.as_deref().and_then(|scope| Scopes::parse([scope]).ok());
        let asked = Scopes::parse([self.asked.as_str()]).ok()?;
        let renewal = std::mem::take(&mut self.renewal);
        Some(TokenSet { access, id, scope, asked, obtained_at: self.obtained_at, renewal })
    }
}

impl Drop for CacheRecord {
    fn drop(&mut self) {
        self.access_token.zeroize();
        self.id_token.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_from_the_future_is_a_miss() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(dir.path().join("cache")));
        let key = CacheKey::of(&[("kind", "m2m")]);
        let access = Token { value: Secret::new("opaque".into()), expires_at: Some(5000) };
        let asked = Scopes::default();
        let tokens =
            TokenSet { access, id: None, scope: None, asked, obtained_at: 100_000, renewal: RefreshState::None };
        cache.lock(&key, Instant::now()).unwrap().unwrap().keep(&tokens);
        assert!(cache.read(&key, 100_000).is_some());
        assert!(cache.read(&key, 98_000).is_none());
        assert!(cache.read(&CacheKey::of(&[("kind", "user")]), 100_000).is_none());
    }
}
