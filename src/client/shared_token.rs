//! Tokens that are the same for all callers: from the cache while they are valid, else obtained once for all who wait.

use std::time::{Duration, Instant};

use super::blocking::blocking;
use super::token_storage::TokenStorage;
use super::{AccessToken, CachedToken, Client, TokenCache, now};
use crate::cache::single_flight::{self, Acquired, CachePolicy, TokenResponse};
use crate::cache::token_cache::{Cache, CacheKey};
use crate::error::{Error, Result};
use crate::http::client::HttpClient;

impl Client {
    /// The access token under `key`. `obtain` is polled in one task at a time, and only where no token of the cache will do.
    pub(super) async fn take(
        &self,
        http: &HttpClient,
        key: CacheKey,
        policy: CachePolicy,
        obtain: impl Future<Output = Result<TokenResponse>>,
    ) -> Result<AccessToken> {
        match &self.0.cache {
            TokenStorage::Files(cache) => self.take_from_files(cache.clone(), key, policy, obtain).await,
            TokenStorage::Own(cache) => self.take_from_own(http, cache.as_ref(), &key, policy, obtain).await,
        }
    }

    async fn take_from_files(
        &self,
        cache: Cache,
        key: CacheKey,
        policy: CachePolicy,
        obtain: impl Future<Output = Result<TokenResponse>>,
    ) -> Result<AccessToken> {
        let (of_cache, of_key) = (cache.clone(), key.clone());
        if let Some(served) = blocking(move || Ok(single_flight::cached(&of_cache, &of_key, &policy, now()))).await? {
            return Ok(served.into());
        }
        // One task of this process waits for the file's lock; the others wait for that task without a thread.
        let _turn = self.0.locks.lock(key.stem().to_owned(), policy.deadline).await?;
        let begun = blocking(move || single_flight::begin(&cache, &key, &policy, now)).await?;
        match begun {
            Acquired::Served(served) => Ok(served.into()),
            Acquired::Turn(turn) => {
                let result = obtain.await;
                blocking(move || turn.finish(result)).await.map(AccessToken::from)
            }
        }
    }

    async fn take_from_own(
        &self,
        http: &HttpClient,
        cache: &dyn TokenCache,
        key: &CacheKey,
        policy: CachePolicy,
        obtain: impl Future<Output = Result<TokenResponse>>,
    ) -> Result<AccessToken> {
        let kept = async |at_least: Duration| {
            let kept = cache.get(key.stem()).await?.map(CachedToken::into_token);
            let kept = kept.filter(|token| token.is_fresh(http.now(), at_least));
            Ok::<_, Error>(kept.map(AccessToken::of_cache))
        };
        if let Some(token) = kept(policy.min_validity).await? {
            return Ok(token);
        }
        let started = Instant::now();
        let turn = self.0.locks.lock(key.stem().to_owned(), policy.deadline).await?;
        // A token that another task obtained while this one waited is accepted whatever its life, as if this task had obtained it.
        let at_least = match turn.last_success() {
            Some(at) if at >= started => Duration::ZERO,
            _ => policy.min_validity,
        };
        if let Some(token) = kept(at_least).await? {
            return Ok(token);
        }
        let token = AccessToken::from(obtain.await?);
        if let Some(cached) = CachedToken::of(&token.token) {
            cache.put(key.stem(), cached).await?;
            turn.succeeded();
        }
        Ok(token)
    }
}
