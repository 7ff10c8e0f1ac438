//! Cached access and ID tokens: one private file per key, and one request for any number of callers.
//!
//! A key names everything a token depends on. Refresh tokens and client secrets are never here.

mod inspect;
mod list;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::cache::counter;
use crate::error::{Advice, Error, Kind, Result};
use crate::secret::Secret;
use crate::settings::types::Scopes;
use crate::store::file;
use crate::store::file::{Lock, LockError, LockNote};
use crate::token::session::RefreshState;
use crate::token::{Lifetime, MAX_LIFE_SECONDS, Token, TokenSet};

pub use crate::store::cache_key::CacheKey;
pub use crate::store::file::held;
pub use list::{Credentials, Entry, Listing};

const VERSION: u32 = 1;
const LIMIT: u64 = 256 * 1024;

/// The cache directory; without one nothing is kept.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: Option<PathBuf>,
}

impl Cache {
    /// The cache in `dir`, which need not exist.
    pub fn new(dir: Option<PathBuf>) -> Self {
        Cache { dir }
    }

    /// The tokens kept under `key` at `now`. A file that is corrupt, from another version, for another key or from the
    /// future is a miss.
    pub fn read(&self, key: &CacheKey, now: u64) -> Option<TokenSet> {
        let path = self.path(key, "json")?;
        match file::read_private(&path, LIMIT) {
            Ok(bytes) => {
                let stored: CacheRecord = match serde_json::from_slice(&bytes?) {
                    Ok(stored) => stored,
                    Err(_) => {
                        log::warn!(target: "cogtok", "a cached token could not be read and is asked for again");
                        return None;
                    }
                };
                stored.into_tokens(key, now)
            }
            Err(error) => {
                log::warn!(target: "cogtok", "the cached token in {} is ignored: {error}", path.display());
                None
            }
        }
    }

    /// The file kept under `key` as it is, for what is cached and is no token.
    pub fn read_bytes(&self, key: &CacheKey) -> Option<Zeroizing<Vec<u8>>> {
        let path = self.path(key, "json")?;
        file::read_private(&path, LIMIT).unwrap_or_else(|error| {
            log::warn!(target: "cogtok", "the cached file {} is ignored: {error}", path.display());
            None
        })
    }

    /// Waits for this key's lock until `deadline`. None where no lock can be had on this machine: the caller may go on
    /// without keeping anything, after the warning that was logged.
    ///
    /// # Errors
    /// [`Kind::Store`] when another process held the lock until the deadline.
    pub fn lock(&self, key: &CacheKey, deadline: Instant) -> Result<Option<KeyLock>> {
        let Some((path, data)) = self.path(key, "lock").zip(self.path(key, "json")) else {
            log::warn!(target: "cogtok", "there is no home directory to keep tokens in: this one is not cached");
            return Ok(None);
        };
        let lock = file::create_private_dir(parent(&path)).map_err(LockError::Unavailable);
        match lock.and_then(|()| Lock::exclusive(&path, deadline)) {
            Ok(mut lock) => {
                let is_refreshing = lock.note().is_refreshing;
                Ok(Some(KeyLock { lock, path: data, key: key.clone(), is_refreshing }))
            }
            Err(LockError::Unavailable(error)) => {
                let way = match error.kind() {
                    std::io::ErrorKind::PermissionDenied => "; XDG_CACHE_HOME names another place",
                    _ => "",
                };
                log::warn!(target: "cogtok", "tokens can't be cached in {}: {error}{way}", parent(&path).display());
                Ok(None)
            }
            Err(LockError::Timeout { pid }) => Err(held(pid)),
        }
    }

    /// Counts a token that was served from here: a request that was not made.
    pub fn count_saved(&self, key: &CacheKey) {
        // On a read-only disk there is nothing to count with, and the token is served all the same.
        let _ = self.path(key, "saved").map(|path| counter::increment(&path));
    }

    /// How many requests the tokens kept under `key` have saved, those before the present ones included.
    pub fn saved(&self, key: &CacheKey) -> u64 {
        self.path(key, "saved").map_or(0, |path| counter::read(&path))
    }

    /// Forgets the tokens kept under `key`, and what they saved.
    ///
    /// # Errors
    /// [`Kind::Store`] when a file can't be removed.
    pub fn forget(&self, key: &CacheKey) -> Result<()> {
        for path in ["json", "saved"].into_iter().filter_map(|extension| self.path(key, extension)) {
            let unremovable = |error| Error::store(format!("{} can't be removed: {error}", path.display()));
            file::remove(&path).map_err(unremovable)?;
        }
        Ok(())
    }

    fn path(&self, key: &CacheKey, extension: &str) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!("{}.{extension}", key.stem())))
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// The right to fetch and keep the tokens of one key.
#[derive(Debug)]
pub struct KeyLock {
    lock: Lock,
    path: PathBuf,
    key: CacheKey,
    is_refreshing: bool,
}

impl KeyLock {
    /// Notes that the refresh token of this key is about to be sent, or that what came of it is known. Says what was
    /// noted before: a process that was killed in between leaves the note behind.
    pub fn mark_refresh_in_flight(&mut self, is_refreshing: bool) -> bool {
        let before = std::mem::replace(&mut self.is_refreshing, is_refreshing);
        self.leave(None);
        before
    }

    fn leave(&mut self, failure: Option<serde_json::Value>) {
        self.lock.leave(&LockNote { pid: std::process::id(), failure, is_refreshing: self.is_refreshing });
    }

    /// Keeps `tokens`. Tokens without a known end are not kept. That they could not be kept is a warning: they were
    /// obtained all the same.
    pub fn keep(&mut self, tokens: &TokenSet) {
        self.leave(None);
        let Some(stored) = CacheRecord::of(&self.key, tokens) else { return };
        match serde_json::to_vec(&stored) {
            Ok(bytes) => self.keep_bytes(bytes),
            Err(error) => log::warn!(target: "cogtok", "the token could not be cached: {error}"),
        }
    }

    /// Keeps `bytes` under this key; that they could not be kept is a warning.
    pub fn keep_bytes(&mut self, bytes: Vec<u8>) {
        self.leave(None);
        if let Err(error) = file::replace(&self.path, &Zeroizing::new(bytes)) {
            log::warn!(target: "cogtok", "the token could not be cached in {}: {error}", parent(&self.path).display());
        }
    }

    /// Leaves word of a failed request at `now`, so that those who waited for it need not try one after the other.
    pub fn record_failure(&mut self, error: &Error, now: u64) {
        let failure = Failure {
            at: now,
            kind: error.kind(),
            message: error.message().to_owned(),
            hints: error.advice().to_vec(),
            code: error.code().map(str::to_owned),
        };
        self.leave(serde_json::to_value(failure).ok());
    }

    /// The failure of a request that ended after `since`, while the caller waited.
    pub fn failure_since(&mut self, since: u64, now: u64) -> Option<Error> {
        let failure: Failure = serde_json::from_value(self.lock.note().failure?).ok()?;
        if failure.at < since || failure.at > now {
            return None;
        }
        let error = Error::new(failure.kind, failure.message);
        let error = failure.hints.into_iter().fold(error, Error::hint);
        Some(match failure.code {
            Some(code) => error.with_code(&code),
            None => error,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Failure {
    at: u64,
    kind: Kind,
    message: String,
    hints: Vec<Advice>,
    code: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct CacheRecord {
    version: u32,
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

impl CacheRecord {
    fn of(key: &CacheKey, tokens: &TokenSet) -> Option<Self> {
        let id = tokens.id.as_ref().filter(|id| id.expires_at.is_some());
        Some(CacheRecord {
            version: VERSION,
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

    fn into_tokens(mut self, key: &CacheKey, now: u64) -> Option<TokenSet> {
        // A second of patience for clocks that are being adjusted; beyond that, a token from the future is no token.
        let is_ours = self.version == VERSION && self.key == *key && self.obtained_at <= now.saturating_add(1000);
        if !is_ours {
            return None;
        }
        // What a file says is checked like what a server says: the file may have been edited.
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

    #[test]
    fn a_failure_is_told_to_those_who_waited_and_to_nobody_later() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(dir.path().to_path_buf()));
        let key = CacheKey::of(&[("kind", "m2m")]);
        cache.lock(&key, Instant::now()).unwrap().unwrap().record_failure(&Error::network("no").hint("try"), 1000);
        let mut lock = cache.lock(&key, Instant::now()).unwrap().unwrap();
        let error = lock.failure_since(900, 1100).unwrap();
        assert_eq!((error.kind(), error.message(), error.advice()), (Kind::Network, "no", &["try".into()][..]));
        assert!(lock.failure_since(1001, 1100).is_none());
        assert!(lock.failure_since(900, 950).is_none());
    }
}
