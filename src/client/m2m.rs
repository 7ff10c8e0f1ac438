//! Machine-to-machine tokens: from the cache while they are valid, else with one request for any number of callers.

use std::time::{Duration, Instant};

use super::blocking::blocking;
use super::token_storage::TokenStorage;
use super::{AccessToken, CachedToken, Client, TokenCache, now};
use crate::cache::single_flight::{self, Acquired, CachePolicy, CacheUse, TokenOrigin, TokenResponse};
use crate::cache::token_cache::{Cache, CacheKey};
use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::oauth::client_credentials;
use crate::secret::Secret;
use crate::settings::secret_id::SecretId;
use crate::settings::types::{SecretKind, TokenUse};

impl Client {
    /// The machine-to-machine token (client_credentials, RFC 6749 section 4.4): from the cache while it is valid, else with
    /// one request for any number of callers.
    ///
    /// # Errors
    /// [`Kind::Refused`] if Cognito refuses, [`Kind::Network`] if it can't be reached, [`Kind::Config`] if the client is not configured,
    /// [`Kind::Store`] if the client secret can't be read.
    pub async fn m2m_token(&self) -> Result<AccessToken> {
        self.m2m(CacheUse::Full, self.0.profile.min_validity).await
    }

    pub(super) async fn m2m(&self, cache_use: CacheUse, min_validity: Duration) -> Result<AccessToken> {
        let key = client_credentials::cache_key(&self.0.profile)?;
        let http = self.call()?;
        let policy = CachePolicy {
            token: TokenUse::Access,
            min_validity,
            cache: cache_use,
            deadline: http.deadline(),
            // Processes that share a cache may each have their own source of secrets.
            has_own_secret: true,
        };
        match &self.0.cache {
            TokenStorage::Files(cache) => self.take_from_files(&http, cache.clone(), key, policy).await,
            TokenStorage::Own(cache) => self.take_from_own(&http, cache.as_ref(), &key, policy).await,
        }
    }

    async fn take_from_files(
        &self,
        http: &HttpClient,
        cache: Cache,
        key: CacheKey,
        policy: CachePolicy,
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
                let result = self.obtain(http).await;
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
        let token = AccessToken::from(self.obtain(http).await?);
        if let Some(cached) = CachedToken::of(&token.token) {
            cache.put(key.stem(), cached).await?;
            turn.succeeded();
        }
        Ok(token)
    }

    async fn obtain(&self, http: &HttpClient) -> Result<TokenResponse> {
        let profile = &self.0.profile;
        let client = match &profile.m2m.secret_arn {
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                return Err(Error::new(
                    Kind::Config,
                    "a client secret in Secrets Manager needs the feature `aws` of the library",
                ));
            }
            #[cfg(feature = "aws")]
            Some(_) => client_credentials::client_with_arn(http, profile).await?,
            None => {
                let binding = client_credentials::secret_binding(profile)?;
                let secret = self.supplied(&binding).await?.ok_or_else(|| {
                    Error::new(Kind::Config, "no client secret is known for the machine-to-machine client")
                })?;
                client_credentials::client(profile, secret)?
            }
        };
        let tokens = client_credentials::obtain(http, profile, &client).await?;
        Ok(TokenResponse { tokens, source: TokenOrigin::Network })
    }

    /// The secret of this kind, client, origin and user: the one that the client was given, else the source's.
    pub(super) async fn supplied(&self, binding: &SecretId) -> Result<Option<Secret>> {
        let given = match binding.kind {
            SecretKind::M2mClient => &self.0.given.m2m_client,
            SecretKind::UserClient => &self.0.given.user_client,
            // The given password belongs to the client's own user.
            SecretKind::Password if binding.username == self.0.profile.user.username => &self.0.given.password,
            _ => &None,
        };
        match given {
            Some(secret) => Ok(Some(secret.clone())),
            None => self.0.secrets.secret(binding.clone().into()).await,
        }
    }
}
