//! What the client does with a cache of the caller's own: it may fail or hang, and no token is lost with it.

use std::time::{Duration, Instant};

use super::blocking::within;
use super::{CachedToken, TokenCache};
use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::token::Token;

/// The name of the cache in errors.
const CACHE: &str = "the token cache";

/// The time that the cache has after the network, at least.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the cache has to have answered at the end of a call, which may have taken all of its time for the network.
pub(super) fn late(http: &HttpClient) -> Instant {
    http.deadline().max(Instant::now() + PATIENCE)
}

/// The token under `key`, if it is valid for long enough.
pub(super) async fn get(
    cache: &dyn TokenCache,
    key: &str,
    http: &HttpClient,
    deadline: Instant,
    at_least: Duration,
) -> Result<Option<Token>> {
    let found = within(deadline, CACHE, cache.get(key)).await?.map(CachedToken::into_token);
    Ok(found.filter(|token| token.is_fresh(http.now(), at_least)))
}

/// Keeps a token under `key`, until `end` (seconds since the Unix epoch) where that is earlier. A token that can't be kept is served all the
/// same: it may have cost money.
pub(super) async fn put(cache: &dyn TokenCache, key: &str, token: &Token, end: Option<u64>, http: &HttpClient) {
    let expires_at = token.expires_at.map(|own| end.map_or(own, |end| end.min(own)));
    let Some(cached) = CachedToken::of(&Token { value: token.value.clone(), expires_at }) else { return };
    if let Err(error) = within(late(http), CACHE, cache.put(key, cached)).await {
        log::warn!(target: "cogtok", "the token could not be cached: {error}");
    }
}

/// What is still valid where the network did not give another.
pub(super) async fn instead<T>(error: Error, kept: impl Future<Output = Result<Option<T>>>) -> Result<T> {
    if error.kind() != Kind::Network {
        return Err(error);
    }
    match kept.await {
        Ok(Some(kept)) => {
            log::warn!(target: "cogtok", "the token could not be renewed, so the cached one is used: {error}");
            Ok(kept)
        }
        _ => Err(error),
    }
}
