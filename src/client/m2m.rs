//! Machine-to-machine tokens: from the cache while they are valid, else with one request for any number of callers.

use std::time::{Duration, Instant};

use super::blocking::within;
use super::{AccessToken, BoxFuture, Client};
use crate::cache::single_flight::{CachePolicy, CacheUse, TokenOrigin, TokenResponse};
use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::oauth::client_credentials;
use crate::secret::Secret;
use crate::settings::secret_id::SecretId;
use crate::settings::types::{SecretKind, TokenUse};

impl Client {
    /// The machine-to-machine token (client_credentials, RFC 6749 section 4.4): from the cache while it is valid, else with
    /// one request for any number of callers. Where Cognito refuses the stored client secret, the one that takes over from it is
    /// tried: while a secret is rotated there are two.
    ///
    /// # Errors
    /// [`Kind::Refused`] where Cognito says no, [`Kind::Network`] where it can't be asked or the profile's
    /// `m2m.max_requests_per_hour` forbids it, [`Kind::Config`] where the client is not described, [`Kind::Store`] where the client
    /// secret can't be read.
    pub async fn m2m_token(&self) -> Result<AccessToken> {
        self.m2m(CacheUse::Full, self.0.profile.min_validity).await
    }

    pub(super) async fn m2m(&self, cache_use: CacheUse, min_validity: Duration) -> Result<AccessToken> {
        let key = client_credentials::cache_key(&self.0.profile)?;
        let http = self.call()?;
        let policy = CachePolicy {
            token: TokenUse::Access,
            is_for_all: false,
            min_validity,
            cache: cache_use,
            deadline: http.deadline(),
            // Processes that share a cache may each have their own source of secrets.
            has_own_secret: true,
        };
        let (client, of_call) = (self.clone(), http.clone());
        let obtain = async move { client.obtain(&of_call).await };
        self.take(http, key, policy, obtain).await
    }

    /// The cached token, if it is valid for long enough. No request is made.
    pub(super) async fn kept_m2m(&self, min_validity: Duration) -> Option<AccessToken> {
        let key = client_credentials::cache_key(&self.0.profile).ok()?;
        self.kept(&self.call().ok()?, key, min_validity).await.ok()?
    }

    async fn obtain(&self, http: &HttpClient) -> Result<TokenResponse> {
        let profile = &self.0.profile;
        let client = self.m2m_client(http).await?;
        let others = self.other_m2m_secrets(http.deadline());
        let tokens = client_credentials::obtain_with_any_secret(http, profile, &client, others).await?;
        Ok(TokenResponse { tokens, source: TokenOrigin::Network })
    }

    /// The machine-to-machine client with its secret.
    async fn m2m_client(&self, http: &HttpClient) -> Result<client_credentials::Client> {
        let profile = &self.0.profile;
        match &profile.m2m.secret_arn {
            #[cfg(not(feature = "aws"))]
            Some(_) => {
                let _ = http;
                Err(Error::new(
                    Kind::Config,
                    "a client secret in Secrets Manager needs the feature `aws` of the library",
                ))
            }
            #[cfg(feature = "aws")]
            Some(_) => client_credentials::client_with_arn(http, profile).await,
            None => {
                let binding = client_credentials::secret_binding(profile)?;
                let secret = self.supplied(http.deadline(), &binding).await?.ok_or_else(no_m2m_secret)?;
                client_credentials::client(profile, secret)
            }
        }
    }

    /// What the source has where the secret that it gave was refused: what is stored by now, and what takes over. None for a secret
    /// that the client was given.
    async fn other_m2m_secrets(&self, deadline: Instant) -> Result<Vec<Secret>> {
        if self.0.given.m2m_client.is_some() {
            return Ok(Vec::new());
        }
        let current = client_credentials::secret_binding(&self.0.profile)?;
        let next = SecretId { kind: SecretKind::M2mClientNext, ..current.clone() };
        let found = [self.supplied(deadline, &current).await?, self.supplied(deadline, &next).await?];
        Ok(found.into_iter().flatten().collect())
    }

    /// What the source of secrets gives, until the end of the call.
    pub(super) async fn of_source<T>(&self, deadline: Instant, asked: BoxFuture<'_, Result<T>>) -> Result<T> {
        within(deadline, "the source of secrets", asked).await
    }

    /// The secret of this kind, client, origin and user: the one that the client was given, else the source's.
    pub(super) async fn supplied(&self, deadline: Instant, binding: &SecretId) -> Result<Option<Secret>> {
        let given = match binding.kind {
            SecretKind::M2mClient => &self.0.given.m2m_client,
            SecretKind::UserClient => &self.0.given.user_client,
            // The given password belongs to the client's own user.
            SecretKind::Password if binding.username == self.0.profile.user.username => &self.0.given.password,
            _ => &None,
        };
        match given {
            Some(secret) => Ok(Some(secret.clone())),
            None => self.of_source(deadline, self.0.secrets.secret(binding.clone().into())).await,
        }
    }
}

pub(super) fn no_m2m_secret() -> Error {
    Error::new(Kind::Config, "no client secret is known for the machine-to-machine client")
}
