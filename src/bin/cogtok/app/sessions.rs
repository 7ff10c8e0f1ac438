//! Records of who signed in. They are kept in the state folder, since the cache may be deleted at any time.

use cogtok::cache::token_cache::CacheKey;
use cogtok::error::Result;
use cogtok::store::sessions::{Record, SessionLock, Sessions};

use super::App;
use crate::env;

impl App {
    pub fn sessions(&self) -> Sessions {
        Sessions::new(self.dirs().state.as_deref())
    }

    /// The lock on the session of the user of `key`; `None` if the state folder can't be used.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) where another process has it until the deadline.
    pub fn session_lock(&self, key: &CacheKey) -> Result<Option<SessionLock>> {
        self.sessions().lock(key, self.deadline())
    }

    /// The record of the user of `key`; `None` if there is none. It does not open the secret store.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) where it can't be read: the store itself may be asked then.
    pub fn remembered(&self, key: &CacheKey) -> Result<Option<Record>> {
        let record = self.sessions().read(key);
        if let Ok(Some(record)) = record {
            return Ok(Some(record));
        }
        let of_cache = self.cache().read_with_session(key, env::now());
        let of_cache = of_cache.and_then(|tokens| Record::of_tokens(&tokens));
        of_cache.map_or(record, |record| Ok(Some(record)))
    }
}

/// Remembers `record`. Where that can't be done the cached tokens carry the session, so it is a warning.
pub fn remember(lock: Option<&mut SessionLock>, record: &Record) {
    if let Some(Err(error)) = lock.map(|lock| lock.keep(record)) {
        log::warn!(target: "cogtok", "{error}");
    }
}
