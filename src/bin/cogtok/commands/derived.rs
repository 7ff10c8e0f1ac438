//! What was obtained with a user's tokens and is cached beside them. It is deleted with the session.

use cogtok::cache::token_cache::{CacheKey, Credentials};
use cogtok::error::Result;
use cogtok::token::identity::Identity;
use cogtok::user_pool::get_derived_token::is_of_user;

use crate::app::App;
use crate::env;
use crate::io::moment::moment;
use crate::io::terminal;

/// AWS credentials and exchanged tokens of any user.
pub struct Derived<'a> {
    app: &'a App,
    credentials: Vec<Credentials>,
    exchanged: Vec<CacheKey>,
}

/// The result of deleting one user's.
#[must_use]
pub struct Deleted {
    /// Whether there was anything.
    pub was_there: bool,
    /// The ends of the AWS credentials among them, in seconds since the Unix epoch.
    aws_until: Vec<u64>,
    /// The first error. It kept nothing else from being deleted.
    pub done: Result<()>,
}

impl<'a> Derived<'a> {
    /// Those in the cache.
    ///
    /// # Errors
    /// [`Kind::Store`](cogtok::error::Kind::Store) when the cache can't be read.
    pub fn in_cache(app: &'a App) -> Result<Self> {
        let listing = app.cache().list(env::now())?;
        let exchanged = listing.entries.into_iter().map(|entry| entry.key);
        let exchanged = exchanged.filter(|key| key.part("kind") == Some("exchange")).collect();
        Ok(Derived { app, credentials: listing.credentials, exchanged })
    }

    /// Deletes those of the user with the tokens under `key`, for any identity pool, and all that was exchanged for tokens of `subjects`.
    /// The caller must not hold the locks of `key`: a process that gets AWS credentials holds theirs and waits for those.
    pub fn delete(&self, key: &CacheKey, subjects: &[String]) -> Deleted {
        let mut deleted = Deleted { was_there: false, aws_until: Vec::new(), done: Ok(()) };
        let of_user = key.clone().with_kind("aws", &[]);
        for kept in &self.credentials {
            if kept.key.is_like(&of_user, &["identity_pool", "identity_endpoint"]) {
                deleted.aws_until.push(kept.expires_at);
                self.delete_one(&kept.key, &mut deleted);
            }
        }
        for exchanged in &self.exchanged {
            if subjects.iter().any(|subject| is_of_user(exchanged, subject)) {
                self.delete_one(exchanged, &mut deleted);
            }
        }
        deleted
    }

    /// Deletes what was obtained with the tokens of `before`, whose session is replaced by one of the user `identity`. What stays is a
    /// warning: nobody else is served it.
    pub fn delete_of_users_before(app: &'a App, key: &CacheKey, mut before: Vec<String>, identity: &Identity) {
        before.retain(|subject| identity.sub.as_ref() != Some(subject));
        if before.is_empty() {
            return;
        }
        if let Err(error) = Derived::in_cache(app).and_then(|derived| derived.delete(key, &before).done) {
            log::warn!(target: "cogtok", "what was obtained for the user before is still cached: {error}");
        }
    }

    fn delete_one(&self, key: &CacheKey, deleted: &mut Deleted) {
        deleted.was_there = true;
        let cache = self.app.cache();
        let lock = cache.lock(key, self.app.deadline());
        let done = lock.and_then(|_lock| cache.forget(key));
        if deleted.done.is_ok() {
            deleted.done = done;
        }
    }
}

impl Deleted {
    /// Prints until when AWS accepts the credentials: nothing revokes them.
    pub fn tell_aws(&self) {
        for end in self.aws_until.iter().filter(|end| **end > env::now() / 1000) {
            terminal::note(&format!("AWS accepts the credentials that cogtok fetched until {}", moment(*end)));
        }
    }
}
