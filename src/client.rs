//! The front door: a client for one user pool, from a profile or from values.
//!
//! ```no_run
//! # async fn example() -> cogtok::error::Result<()> {
//! let client = cogtok::Client::from_profile("ws")?;
//! let token = client.m2m_token().await?;
//! let headers = token.headers()?; // Authorization: Bearer
//! # assert!(headers.contains_key("authorization"));
//! # Ok(())
//! # }
//! ```

mod access_token;
mod blocking;
mod builder;
mod in_process;
mod secret_source;
mod sign_in;
mod token_cache;
mod token_provider;
mod user_host;
mod user_sessions;
mod user_token;
pub mod verification;
mod verifier;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::cache::single_flight::{self, Acquired, CachePolicy, CacheUse, TokenOrigin, TokenResponse};
use crate::cache::token_cache::{Cache, CacheKey};
use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::oauth::client_credentials;
use crate::secret::Secret;
use crate::settings::profile::Profile;
use crate::settings::types::{ClientId, TokenUse};

pub use access_token::AccessToken;
pub use builder::ClientBuilder;
pub use secret_source::{BoxFuture, SecretRequest, SecretSource, StoredSecrets};
pub use sign_in::{PendingSignIn, SignInBuilder, SignInStep};
pub use token_cache::{CachedToken, TokenCache};
pub use token_provider::TokenProvider;
pub use user_token::UserTokens;
pub use verifier::Verifier;

use blocking::blocking;
use in_process::KeyedLocks;
use user_sessions::UserSessions;

/// A client for the tokens of one profile. Cloning it is cheap and shares its connections and its cache.
///
/// Its methods may be called from any number of tasks at once: one request is made for all that want the same token.
/// Dropping one of their futures loses nothing.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    profile: Arc<Profile>,
    http: HttpClient,
    cache: TokenStorage,
    given: GivenSecrets,
    sessions: UserSessions,
    secrets: Arc<dyn SecretSource>,
    timeout: Duration,
    locks: KeyedLocks,
    keys: verifier::KeyStorage,
}

/// Secrets that the client was given, which come before those of its source.
#[derive(Debug, Default)]
struct GivenSecrets {
    m2m_client: Option<Secret>,
    user_client: Option<Secret>,
    password: Option<Secret>,
}

/// Where tokens are kept between two calls.
#[derive(Debug)]
enum TokenStorage {
    /// In the folder that the `cogtok` program uses, shared with it and with other processes.
    Files(Cache),
    /// In a cache of the caller's own.
    Own(Arc<dyn TokenCache>),
}

impl Client {
    /// The machine-to-machine token (client_credentials, RFC 6749 section 4.4): from the cache while it is valid, else with
    /// one request for any number of callers.
    ///
    /// # Errors
    /// [`Kind::Refused`] where Cognito says no, [`Kind::Network`] where it can't be asked, [`Kind::Config`] where the client
    /// is not described, [`Kind::Store`] where the client secret can't be read.
    pub async fn m2m_token(&self) -> Result<AccessToken> {
        self.m2m(CacheUse::Full, self.0.profile.min_validity).await
    }

    /// The tokens of the client's user: from the cache while they are valid, else renewed with the refresh token
    /// (GetTokensFromRefreshToken), else by signing in with the password that the client knows. One task does it for all, and
    /// what it has begun it ends where its caller gives up.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`] where only a person can go on: [`PendingSignIn::in_error`] has the challenge, and what is responded to
    /// it is kept for the next call. [`Kind::Refused`] where Cognito says no, [`Kind::Network`] where it can't be asked,
    /// [`Kind::Config`] where no user or app client is named, [`Kind::Store`] where what is kept can't be read.
    pub async fn user_token(&self) -> Result<UserTokens> {
        let tokens: BoxFuture<'_, Result<UserTokens>> = Box::pin(self.user());
        tokens.await
    }

    /// Signs a user in, step by step: [`SignInBuilder::start`] gives the tokens, or the challenge as data.
    ///
    /// ```no_run
    /// # async fn example(client: cogtok::Client, password: cogtok::Secret, code: cogtok::Secret) -> Result<(), cogtok::Error> {
    /// use cogtok::{Challenge, ChallengeResponse, SignInStep};
    /// let mut step = client.sign_in("alice").password(password).start().await?;
    /// if let SignInStep::Challenge(pending) = &step && let Challenge::Code { .. } = pending.challenge() {
    ///     step = pending.respond(ChallengeResponse::Code(code)).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn sign_in(&self, username: &str) -> SignInBuilder {
        SignInBuilder::new(self.clone(), username)
    }

    /// The sign-in that [`PendingSignIn::to_secret`] was made of, in another process perhaps: a client of the same app client and
    /// the same Cognito goes on.
    ///
    /// # Errors
    /// [`Kind::Usage`] for anything else, or a sign-in to another app client: its session is not sent. [`Kind::Store`] where the app
    /// client's secret can't be read.
    pub async fn resume_sign_in(&self, pending: &Secret) -> Result<PendingSignIn> {
        PendingSignIn::resumed(self.clone(), pending).await
    }

    /// Verifies tokens of this profile's pool. Which of the two kinds of token is taken has to be said: an ID token is not an
    /// access token.
    ///
    /// # Errors
    /// [`Kind::Config`] when the profile names no user pool or no app client.
    pub fn verifier(&self, token_use: TokenUse) -> Result<Verifier> {
        Verifier::new(self.clone(), token_use)
    }

    async fn m2m(&self, cache_use: CacheUse, min_validity: Duration) -> Result<AccessToken> {
        let key = client_credentials::cache_key(&self.0.profile)?;
        let http = self.call()?;
        let policy = CachePolicy {
            token: TokenUse::Access,
            min_validity,
            cache: cache_use,
            deadline: http.deadline(),
            // Several processes share a cache, and each may have its own source of secrets.
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
        // One task of this process waits for the file's lock; the others wait for it without a thread.
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
        // What another task obtained while this one waited is served whatever its life, as if this one had obtained it.
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

    /// The HTTP client for one call: a deadline and a redactor of its own, over the connections of all.
    fn call(&self) -> Result<HttpClient> {
        let deadline = Instant::now()
            .checked_add(self.0.timeout)
            .ok_or_else(|| Error::usage("the timeout is too long for this machine's clock"))?;
        Ok(self.0.http.for_call(deadline))
    }

    fn clients(&self) -> Vec<ClientId> {
        let profile = &self.0.profile;
        profile.user.client_id.iter().chain(&profile.m2m.client_id).cloned().collect()
    }
}

/// Milliseconds since the Unix epoch.
#[allow(clippy::disallowed_methods, reason = "the front door is where the library meets the clock")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
