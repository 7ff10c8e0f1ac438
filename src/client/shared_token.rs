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

    /// The cached token under `key`, if it is valid for long enough.
    pub(super) async fn kept(
        &self,
        http: &HttpClient,
        key: CacheKey,
        min_validity: Duration,
    ) -> Result<Option<AccessToken>> {
        match &self.0.cache {
            TokenStorage::Files(cache) => {
                let cache = cache.clone();
                let tokens = blocking(move || Ok(cache.read(&key, now()))).await?;
                let tokens = tokens.filter(|tokens| tokens.access.is_fresh(now(), min_validity));
                Ok(tokens.map(|tokens| AccessToken { token: tokens.access, scopes: tokens.scope }))
            }
            TokenStorage::Own(cache) => {
                let kept = own_cache::get(cache.as_ref(), key.stem(), http, http.deadline(), min_validity).await?;
                Ok(kept.map(AccessToken::of_cache))
            }
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
        let failure = match turn.outcome::<AccessToken>() {
            Some(Ok(token)) => return Ok(token),
            Some(Err(error)) => Some(error),
            None => None,
        };
        let begun = blocking(move || single_flight::begin(&cache, &key, &policy, since, now)).await?;
        let guard = match (begun, failure) {
            (Acquired::Served(served), _) => return Ok(served.into()),
            (Acquired::Turn(guard), Some(error)) => return guard.fail(error).map(AccessToken::from),
            (Acquired::Turn(guard), None) => guard,
        };
        detached(async move {
            let result = obtain.await;
            let token = blocking(move || guard.finish(result)).await.map(AccessToken::from);
            turn.end(&token);
            token
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
        let kept = async |deadline: Instant, at_least: Duration| {
            own_cache::get(cache.as_ref(), key.stem(), &http, deadline, at_least).await
        };
        if let Some(token) = kept(policy.deadline, policy.min_validity).await? {
            return Ok(AccessToken::of_cache(token));
        }
        let turn = self.0.locks.lock(key.stem().to_owned(), started, policy.deadline).await?;
        match turn.outcome::<AccessToken>() {
            Some(Ok(token)) => return Ok(token),
            Some(Err(error)) => {
                let kept = kept(own_cache::late(&http), Duration::ZERO);
                return own_cache::instead(error, kept).await.map(AccessToken::of_cache);
            }
            None => {}
        }
        if let Some(token) = kept(policy.deadline, policy.min_validity).await? {
            return Ok(AccessToken::of_cache(token));
        }
        detached(async move {
            let token = match obtain.await {
                Ok(served) => {
                    own_cache::put(cache.as_ref(), key.stem(), &served.tokens.access, None, &http).await;
                    Ok(AccessToken::from(served))
                }
                Err(error) => {
                    let late = own_cache::late(&http);
                    let kept = own_cache::get(cache.as_ref(), key.stem(), &http, late, Duration::ZERO);
                    own_cache::instead(error, kept).await.map(AccessToken::of_cache)
                }
            };
            turn.end(&token);
            token
        })
        .await
    }
}
