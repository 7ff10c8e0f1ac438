//! Cached key sets (JWKS): one private file per address. They are public, but whoever could change one would decide which
//! tokens pass.

use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::cache::token_cache::held;
use crate::error::{Advice, Error, Result};
use crate::store::file;
use crate::store::file::{Lock, LockError, LockNote};
use crate::token::jwks::KeySet;

const VERSION: u32 = 1;
const LIMIT: u64 = 1024 * 1024;

/// Key sets kept in the cache directory; without one nothing is kept.
#[derive(Debug, Clone)]
pub struct KeySets {
    dir: Option<PathBuf>,
}

/// A key set and its age.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The keys.
    pub keys: KeySet,
    /// When they were fetched, in milliseconds since the Unix epoch.
    pub at: u64,
}

#[derive(Serialize, Deserialize)]
struct KeySetRecord {
    version: u32,
    url: String,
    fetched_at: u64,
    key_set: Value,
}

impl KeySets {
    /// The key sets under the cache directory `dir`, which need not exist.
    pub fn new(dir: Option<PathBuf>) -> Self {
        KeySets { dir: dir.map(|dir| dir.join("jwks")) }
    }

    /// The key set kept for `url` at `now`. A file that is corrupt, of another version or address, from the future or open
    /// to other users is none.
    pub fn read(&self, url: &str, now: u64) -> Option<Fetched> {
        let path = self.path(url, "json")?;
        let bytes = match file::read_private(&path, LIMIT) {
            Ok(bytes) => bytes?,
            Err(error) => {
                log::warn!(target: "cogtok", "the cached keys in {} are ignored: {error}", path.display());
                return None;
            }
        };
        let stored: KeySetRecord = serde_json::from_slice(&bytes).ok()?;
        let is_right = stored.version == VERSION && stored.url == url && stored.fetched_at <= now.saturating_add(1000);
        let keys = KeySet::parse(stored.key_set.to_string().as_bytes()).ok()?;
        is_right.then_some(Fetched { keys, at: stored.fetched_at })
    }

    /// Waits until `deadline` for the right to fetch the key set of `url`. None where no lock can be had on this machine: the
    /// caller may go on without keeping anything, after the warning that was logged.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when another process held the lock until the deadline.
    pub fn lock(&self, url: &str, deadline: Instant) -> Result<Option<KeySetLock>> {
        let Some((path, data)) = self.path(url, "lock").zip(self.path(url, "json")) else { return Ok(None) };
        let lock = self.dir.as_deref().map_or(Ok(()), file::create_private_dir).map_err(LockError::Unavailable);
        match lock.and_then(|()| Lock::exclusive(&path, deadline)) {
            Ok(lock) => Ok(Some(KeySetLock { lock, path: data, url: url.to_owned() })),
            Err(LockError::Unavailable(error)) => {
                log::warn!(target: "cogtok", "keys can't be cached in {}: {error}", path.display());
                Ok(None)
            }
            Err(LockError::Timeout { pid }) => Err(held(pid)),
        }
    }

    fn path(&self, url: &str, extension: &str) -> Option<PathBuf> {
        let digest = Sha256::digest(url);
        let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Some(self.dir.as_ref()?.join(format!("{hex}.{extension}")))
    }
}

/// The right to fetch and keep the key set of one address.
#[derive(Debug)]
pub struct KeySetLock {
    lock: Lock,
    path: PathBuf,
    url: String,
}

impl KeySetLock {
    /// Keeps a key set that was fetched at `now`. That it could not be kept is a warning: it was fetched all the same.
    pub fn keep(&mut self, keys: &KeySet, now: u64) {
        self.lock.leave(&LockNote { pid: std::process::id(), ..LockNote::default() });
        let stored = KeySetRecord { version: VERSION, url: self.url.clone(), fetched_at: now, key_set: keys.to_json() };
        let written = serde_json::to_vec(&stored)
            .map_err(std::io::Error::from)
            .and_then(|bytes| file::replace(&self.path, &bytes));
        if let Err(error) = written {
            log::warn!(target: "cogtok", "the keys could not be cached in {}: {error}", self.path.display());
        }
    }

    /// Leaves word of a fetch that failed at `now`, so that those who waited for it need not try one after the other.
    pub fn record_failure(&mut self, error: &Error, now: u64) {
        let failure = Failure { at: now, message: error.message().to_owned(), hints: error.advice().to_vec() };
        let failure = serde_json::to_value(failure).ok();
        self.lock.leave(&LockNote { pid: std::process::id(), failure, ..LockNote::default() });
    }

    /// The failure of a fetch that ended after `since`, while the caller waited.
    pub fn failure_since(&mut self, since: u64, now: u64) -> Option<Error> {
        let failure: Failure = serde_json::from_value(self.lock.note().failure?).ok()?;
        let error = Error::network(failure.message);
        ((since..=now).contains(&failure.at)).then(|| failure.hints.into_iter().fold(error, Error::hint))
    }
}

#[derive(Serialize, Deserialize)]
struct Failure {
    at: u64,
    message: String,
    hints: Vec<Advice>,
}
