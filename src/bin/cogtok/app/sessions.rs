//! Records of who signed in. They are kept in the state folder, since the cache may be deleted at any time.

use cogtok::cache::token_cache::CacheKey;
use cogtok::error::Result;
use cogtok::store::sessions::{Record, SessionLock, Sessions};
use cogtok::token::identity::Identity;

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

    /// Whose the tokens under `key` are (`sub`): the user of those that are still valid, else of the session that renews them. `None`
    /// where nothing says so.
    pub fn subject(&self, key: &CacheKey) -> Option<String> {
        let tokens = self.cache().read(key, env::now());
        let of_tokens = tokens.as_ref().and_then(Identity::of).and_then(|identity| identity.sub);
        if tokens.is_some_and(|tokens| tokens.is_any_valid(env::now())) {
            return of_tokens;
        }
        let record = self.remembered(key).ok().flatten().unwrap_or_default();
        let of_session = record.current_session().and_then(|session| session.subject.clone());
        record.identity.and_then(|identity| identity.sub).or(of_session).or(of_tokens)
    }

    /// Everybody (`sub`) whose tokens or session are or were under `key`, as far as is known here.
    pub fn subjects(&self, key: &CacheKey) -> Vec<String> {
        let of_tokens = self.cache().read(key, env::now()).as_ref().and_then(Identity::of);
        let record = self.remembered(key).ok().flatten().unwrap_or_default();
        let identities = [of_tokens, record.identity].into_iter().flatten().filter_map(|identity| identity.sub);
        identities.chain(record.session.and_then(|session| session.subject)).collect()
    }
}

/// Remembers `record`. Where that can't be done the cached tokens carry the session, so it is a warning.
pub fn remember(lock: Option<&mut SessionLock>, record: &Record) {
    if let Some(Err(error)) = lock.map(|lock| lock.keep(record)) {
        log::warn!(target: "cogtok", "{error}");
    }
}
