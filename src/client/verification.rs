//! Verifying a token with the keys of its pool: from a file, the cache or where the pool publishes them.

use std::time::Instant;

use crate::cache::jwks_cache::KeySets;
use crate::error::{AdviceKind, Error, Kind, Result};
use crate::http::client::Clock;
use crate::oauth::jwks_uri;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
use crate::settings::types::{Endpoint, PoolId};
use crate::token::jwks::KeySet;
use crate::token::verify::{self, Claims, Expectations, Rejection};

/// How long cached keys are trusted to be all that the pool has, in milliseconds: as long as API Gateway does.
const FRESH: u64 = 2 * 60 * 60 * 1000;

/// How long after a fetch an unknown `kid` does not cause another, in milliseconds.
const REST: u64 = 60 * 1000;

/// Where keys come from.
#[derive(Debug)]
pub enum KeySource<'a> {
    /// They are here.
    Given(KeySet),
    /// They are published at an address.
    Published {
        /// The address.
        url: &'a Endpoint,
        /// Those that were fetched before.
        kept: &'a KeySets,
        /// Whether only those count.
        offline: bool,
        /// When to stop waiting for another process.
        deadline: Instant,
    },
}

/// Where the keys of an issuer are published: at the profile's `endpoint_url` where there is one, else below the issuer.
/// Without an issuer it is the profile's pool's.
///
/// # Errors
/// [`Kind::Config`] when neither an issuer nor a pool is known; [`Kind::Usage`] for an issuer that is no URL to ask.
pub fn published_at(profile: &Profile, issuer: Option<&str>) -> Result<Endpoint> {
    let pool = match issuer {
        Some(issuer) => issuer.rsplit('/').next().and_then(|last| last.parse::<PoolId>().ok()),
        None => Some(profile.user_pool_id()?.clone()),
    };
    match (profile.endpoint(Service::CognitoIdp), issuer, pool) {
        (Some(endpoint), _, Some(pool)) => Ok(endpoint.join(&format!("/{pool}{}", jwks_uri::PATH))),
        (_, Some(issuer), _) => Ok(issuer.parse::<Endpoint>()?.join(jwks_uri::PATH)),
        (None, None, Some(pool)) => {
            let [original, _] = crate::settings::profile::issuers(&pool);
            Ok(original.parse::<Endpoint>()?.join(jwks_uri::PATH))
        }
        (_, None, None) => Err(Error::config("neither an issuer nor a user pool is known")),
    }
}

/// The verdict on a token. The outer result says whether it could be found out: keys that can't be had are no verdict, and
/// the token counts as not verified.
///
/// # Errors
/// What [`keys`] gives.
pub fn verify(
    token: &str,
    expected: &Expectations,
    source: KeySource<'_>,
    clock: Clock,
    fetch: impl FnOnce() -> Result<KeySet>,
) -> Result<Result<Claims, Rejection>> {
    // A token that no key could save costs no request.
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
/// What `fetch` gives; [`Kind::Network`] when nothing may be fetched and nothing is cached; [`Kind::Store`] when another
/// process holds the lock until the deadline.
pub fn keys(id: &str, source: KeySource<'_>, clock: Clock, fetch: impl FnOnce() -> Result<KeySet>) -> Result<KeySet> {
    let (url, kept, offline, deadline) = match source {
        KeySource::Given(keys) => return Ok(keys),
        KeySource::Published { url, kept, offline, deadline } => (url, kept, offline, deadline),
    };
    let known = |age_limit: u64| {
        let now = clock();
        kept.read(url.as_str(), now)
            .filter(|fetched| now.saturating_sub(fetched.at) < age_limit)
            .map(|fetched| fetched.keys)
    };
    if offline {
        return known(u64::MAX).ok_or_else(|| {
            Error::new(Kind::Network, format!("the keys of {url} are not cached")).hint(AdviceKind::FetchKeysOnce)
        });
    }
    let has_key = |keys: &KeySet| keys.ids().any(|known| known == id);
    if let Some(keys) = known(FRESH).filter(has_key) {
        return Ok(keys);
    }
    let started = clock();
    let mut lock = kept.lock(url.as_str(), deadline)?;
    if let Some(keys) = known(FRESH).filter(has_key).or_else(|| known(REST)) {
        return Ok(keys);
    }
    if let Some(error) = lock.as_mut().and_then(|lock| lock.failure_since(started, clock())) {
        return Err(error);
    }
    match fetch() {
        Ok(keys) => {
            if let Some(lock) = &mut lock {
                lock.keep(&keys, clock());
            }
            Ok(keys)
        }
        Err(error) => {
            let error = match known(u64::MAX) {
                Some(_) => error.hint(AdviceKind::UseCachedKeys),
                None => error,
            };
            // Who gave up for want of time says nothing of what others with more would be told.
            if let Some(lock) = lock.as_mut().filter(|_| error.kind() == Kind::Network && Instant::now() < deadline) {
                lock.record_failure(&error, clock());
            }
            Err(error)
        }
    }
}
