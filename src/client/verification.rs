//! Verifying a token with the keys of its pool: from a file, the cache or where the pool publishes them.

use std::time::{Duration, Instant};

use super::verifier::will_do;
use crate::cache::jwks_cache::{Fetched, KeySetRecord, KeySets};
use crate::cache::single_flight::{Flight, get_or_fetch};
use crate::error::{AdviceKind, Error, Kind, Result};
use crate::http::client::Clock;
pub use crate::oauth::jwks_uri::published_at;
use crate::settings::types::Endpoint;
use crate::store::state_file::StateLock;
use crate::token::jwks::KeySet;
use crate::token::verify::{self, Claims, Expectations, Rejection};

/// The source of the keys.
#[derive(Debug)]
pub enum KeySource<'a> {
    /// The keys themselves.
    Given(KeySet),
    /// A key set at a URL.
    Published {
        /// The address.
        url: &'a Endpoint,
        /// The cached key sets.
        kept: &'a KeySets,
        /// Whether only those count.
        offline: bool,
        /// When to stop waiting for another process.
        deadline: Instant,
    },
}

/// Verifies a token. The outer result is an error if the keys can't be obtained: then there is no verdict, and the token counts as not
/// verified.
///
/// # Errors
/// The error of [`keys`].
pub fn verify(
    token: &str,
    expected: &Expectations,
    source: KeySource<'_>,
    clock: Clock,
    fetch: impl FnOnce() -> Result<KeySet>,
) -> Result<Result<Claims, Rejection>> {
    // A token that is invalid whatever the key causes no request.
    let id = match verify::key_id(token) {
        Ok(id) => id,
        Err(rejection) => return Ok(Err(rejection)),
    };
    let keys = keys(&id, source, clock, fetch)?;
    Ok(verify::verify(token, &keys, expected, clock()))
}

/// The key set to look for the key `id` in. One that was fetched less than two hours ago and has it needs no request; for
/// a key that it lacks it is fetched again, at most once a minute. `fetch` runs in one process at a time; those who waited
/// take what it brought, or share its failure.
///
/// # Errors
/// The error of `fetch`; [`Kind::Network`] if fetching is not allowed and nothing is cached; [`Kind::Store`] when another process holds the
/// lock until the deadline.
pub fn keys(id: &str, source: KeySource<'_>, clock: Clock, fetch: impl FnOnce() -> Result<KeySet>) -> Result<KeySet> {
    let (url, kept, offline, deadline) = match source {
        KeySource::Given(keys) => return Ok(keys),
        KeySource::Published { url, kept, offline, deadline } => (url, kept, offline, deadline),
    };
    if offline {
        let known = kept.read(url.as_str(), clock()).map(|fetched| fetched.keys);
        return known.ok_or_else(|| {
            Error::new(Kind::Network, format!("the keys of {url} are not cached")).hint(AdviceKind::FetchKeysOnce)
        });
    }
    let flight = KeyFlight { kept, url: url.as_str(), id };
    let fetched = get_or_fetch(flight, deadline, clock, |turn| match fetch() {
        Ok(keys) => Ok(Fetched { keys, at: clock() }),
        Err(error) if turn.cached().is_some() => Err(error.hint(AdviceKind::UseCachedKeys)),
        Err(error) => Err(error),
    });
    fetched.map(|fetched| fetched.keys)
}

/// The key set of one address, fetched once for all callers.
struct KeyFlight<'a> {
    kept: &'a KeySets,
    url: &'a str,
    id: &'a str,
}

impl Flight for KeyFlight<'_> {
    type Value = Fetched;
    type Record = KeySetRecord;
    const NAME: &'static str = "the key set";

    fn read(&self, now: u64) -> Option<Fetched> {
        self.kept.read(self.url, now)
    }

    fn record(&self, fetched: &Fetched, _: u64) -> Option<KeySetRecord> {
        Some(KeySetRecord::new(self.url, fetched))
    }

    fn lock(&self, deadline: Instant) -> Result<Option<StateLock<KeySetRecord>>> {
        self.kept.lock(self.url, deadline)
    }

    fn is_enough(&self, fetched: &Fetched, _: Option<u64>, now: u64) -> bool {
        will_do(&fetched.keys, Duration::from_millis(now.saturating_sub(fetched.at)), self.id)
    }

    // A replaced key may have been compromised, so old keys are not used.
    fn is_valid(&self, _: &Fetched, _: u64) -> bool {
        false
    }
}
