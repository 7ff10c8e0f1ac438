//! Tokens that are the same for all callers: from the cache while they are valid, else obtained once for all who wait.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::blocking::blocking;
use super::detached::detached;
use super::own_cache;
use super::token_storage::TokenStorage;
use super::{AccessToken, Client, TokenCache, now};
use crate::cache::single_flight::{self, Acquired, CachePolicy, TokenResponse};
use crate::cache::token_cache::{Cache, CacheKey};
use crate::error::Result;
use crate::http::client::HttpClient;

impl Client {
    /// The access token under `key`. `obtain` is polled in one task at a time, and only where no token of the cache will do. What it has begun
    /// it ends where its caller gives up.
    pub(super) async fn take(
        &self,
        http: HttpClient,
        key: CacheKey,
        policy: CachePolicy,
        obtain: impl Future<Output = Result<TokenResponse>> + Send + 'static,
    ) -> Result<AccessToken> {
        match &self.0.cache {
            TokenStorage::Files(cache) => self.take_from_files(cache.clone(), key, policy, obtain).await,
            TokenStorage::Own(cache) => self.take_from_own(http, cache.clone(), key, policy, obtain).await,
        }
    }

    async fn take_from_files(
        &self,
        cache: Cache,
        key: CacheKey,
        policy: CachePolicy,
        obtain: impl Future<Output = Result<TokenResponse>> + Send + 'static,
    ) -> Result<AccessToken> {
        let (since, started) = (now(), Instant::now());
        let (of_cache, of_key) = (cache.clone(), key.clone());
        if let Some(served) = blocking(move || Ok(single_flight::cached(&of_cache, &of_key, &policy, since))).await? {
            return Ok(served.into());
        }
        // One task of this process waits for the file's lock; the others wait for that task without a thread.
        let turn = self.0.locks.lock(key.stem().to_owned(), started, policy.deadline).await?;
        let begun = blocking(move || single_flight::begin(&cache, &key, &policy, since, now)).await?;
        let guard = match begun {
            Acquired::Served(served) => return Ok(served.into()),
            Acquired::Turn(guard) => guard,
        };
        if let Some(Err(error)) = turn.outcome() {
            return guard.fail(error).map(AccessToken::from);
        }
        detached(async move {
            let result = obtain.await;
            let result = blocking(move || guard.finish(result)).await;
            turn.end(&result);
            result.map(AccessToken::from)
        })
        .await
    }

    async fn take_from_own(
        &self,
        http: HttpClient,
        cache: Arc<dyn TokenCache>,
        key: CacheKey,
        policy: CachePolicy,
        obtain: impl Future<Output = Result<TokenResponse>> + Send + 'static,
    ) -> Result<AccessToken> {
        let started = Instant::now();
        let kept = async |at_least: Duration| own_cache::get(cache.as_ref(), key.stem(), &http, at_least).await;
        if let Some(token) = kept(policy.min_validity).await? {
            return Ok(AccessToken::of_cache(token));
        }
        let turn = self.0.locks.lock(key.stem().to_owned(), started, policy.deadline).await?;
        let outcome = turn.outcome();
        let at_least = if own_cache::takes_any(outcome.as_ref()) { Duration::ZERO } else { policy.min_validity };
        if let Some(token) = kept(at_least).await? {
            return Ok(AccessToken::of_cache(token));
        }
        if let Some(Err(error)) = outcome {
            return Err(error);
        }
        detached(async move {
            let result = match obtain.await {
                Ok(served) => {
                    own_cache::put(cache.as_ref(), key.stem(), &served.tokens.access, None, &http).await;
                    Ok(AccessToken::from(served))
                }
                Err(error) => {
                    let kept = own_cache::get(cache.as_ref(), key.stem(), &http, Duration::ZERO);
                    own_cache::instead(error, kept).await.map(AccessToken::of_cache)
                }
            };
            turn.end(&result);
            result
        })
        .await
    }
}
