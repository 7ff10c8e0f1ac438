//! Cached key sets (JWKS): one private file for each URL. They are public, but changing one would decide which tokens are valid.

use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::store::elsewhere;
use crate::store::state_file::{FileContent, StateFile, StateLock, digest_name};
use crate::token::jwks::KeySet;

/// Key sets in the cache directory; without one, nothing is cached.
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

/// A key set as its file has it.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeySetRecord {
    url: String,
    fetched_at: u64,
    key_set: Value,
}

impl FileContent for KeySetRecord {
    const LIMIT: u64 = 1024 * 1024;
    const VERSION: Option<u64> = Some(1);
}

impl KeySetRecord {
    /// The record of what was fetched from `url`.
    pub fn new(url: &str, fetched: &Fetched) -> Self {
        KeySetRecord { url: url.to_owned(), fetched_at: fetched.at, key_set: fetched.keys.to_json() }
    }
}

impl KeySets {
    /// The key sets under the cache directory `dir`, which need not exist.
    pub fn new(dir: Option<PathBuf>) -> Self {
        KeySets { dir: dir.map(|dir| dir.join("jwks")) }
    }

    /// The cached key set for `url` at `now`. A file that is corrupt, of another version or URL, from the future or accessible to other
    /// users is ignored.
    pub fn read(&self, url: &str, now: u64) -> Option<Fetched> {
        let stored = self.file(url)?.read_or_warn("the cached keys", "are")?;
        let is_right = stored.url == url && stored.fetched_at <= now.saturating_add(1000);
        let keys = KeySet::parse(stored.key_set.to_string().as_bytes()).ok()?;
        is_right.then_some(Fetched { keys, at: stored.fetched_at })
    }

    /// Waits until `deadline` for the lock to fetch the key set of `url`. `None` if this machine has no locks: the caller may continue
    /// without a cache, after the logged warning.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when another process held the lock until the deadline.
    pub fn lock(&self, url: &str, deadline: Instant) -> Result<Option<StateLock<KeySetRecord>>> {
        let Some(file) = self.file(url) else { return Ok(None) };
        file.lock_or(deadline, |dir, error| {
            let way = elsewhere(error, "XDG_CACHE_HOME");
            log::warn!(target: "cogtok", "keys can't be cached in {}: {error}{way}", dir.display());
        })
    }

    fn file(&self, url: &str) -> Option<StateFile<KeySetRecord>> {
        Some(StateFile::new(self.dir.as_ref()?, &digest_name(url)))
    }
}
