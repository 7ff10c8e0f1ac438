//! A user's tokens: from the cache, for the refresh token, or by signing in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::blocking::blocking;
use super::detached::detached;
use super::own_cache;
use super::sign_in::WaitingSignIn;
use super::token_storage::TokenStorage;
use super::user_host::ClientHost;
use super::{AccessToken, BoxFuture, Client, PendingSignIn, SignInBuilder, TokenCache, now};
use crate::cache::single_flight::{self, Acquired, CachePolicy, CacheUse, TokenResponse};
use crate::cache::token_cache::{Cache, CacheKey};
use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::settings::profile::Profile;
use crate::settings::types::{SecretKind, TokenUse};
use crate::token::{Token, TokenSet};
use crate::user_pool::cognito_idp::AuthenticationResult;
use crate::user_pool::device::Device;
use crate::user_pool::user_session::{self, NoTokens, NotObtained, SessionOptions};
use crate::user_pool::user_token::{begins_with_password, cache_key, secret_binding};

/// The tokens of a user who is signed in.
#[derive(Debug, Clone)]
pub struct UserTokens {
    access: AccessToken,
    id: Option<Token>,
    refresh: Option<Secret>,
}

impl UserTokens {
    /// The access token.
    pub fn access_token(&self) -> &AccessToken {
        &self.access
    }

    /// The ID token, if Cognito sent one: the user's identity, for this app client only.
    pub fn id_token(&self) -> Option<&Secret> {
        self.id.as_ref().map(|id| &id.value)
    }

    /// The refresh token of a sign-in whose session the client does not keep; `None` if it does.
    pub fn refresh_token(&self) -> Option<&Secret> {
        self.refresh.as_ref()
    }

    pub(super) fn of_sign_in(signed_in: AuthenticationResult) -> Self {
        UserTokens { refresh: signed_in.refresh_token, ..UserTokens::from(signed_in.tokens) }
    }
}

impl From<TokenSet> for UserTokens {
    fn from(tokens: TokenSet) -> Self {
        UserTokens { access: AccessToken { token: tokens.access, scopes: tokens.scope }, id: tokens.id, refresh: None }
    }
}

/// The parts of one call for a user's tokens.
struct Call {
    client: Client,
    key: CacheKey,
    http: HttpClient,
    policy: CachePolicy,
    started: Instant,
}

impl Client {
    /// The tokens of the client's user: from the cache while they are valid, else renewed with the refresh token
    /// (GetTokensFromRefreshToken), else by signing in with the password that the client knows. One task does it for all, and
    /// what it has begun it ends where its caller gives up.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`] if only a person can continue: [`PendingSignIn::in_error`] returns the challenge, and after the response the
    /// next call succeeds. [`Kind::Refused`] if Cognito refuses, [`Kind::Network`] if it can't be reached, [`Kind::Config`] if no user or
    /// app client is named, [`Kind::Store`] if stored data can't be read.
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

    /// Restores a sign-in from [`PendingSignIn::to_secret`], perhaps of another process, for the same app client and the same Cognito.
    ///
    /// # Errors
    /// [`Kind::Usage`] for anything else, or for a sign-in to another app client, whose session is not sent. [`Kind::Store`] if the app
    /// client's secret can't be read.
    pub async fn resume_sign_in(&self, pending: &Secret) -> Result<PendingSignIn> {
        PendingSignIn::resumed(self.clone(), pending).await
    }

    pub(super) async fn user(&self) -> Result<UserTokens> {
        let (profile, http) = (&self.0.profile, self.call()?);
        let policy = CachePolicy {
            token: profile.user.token,
            is_for_all: true,
            min_validity: profile.min_validity,
            cache: CacheUse::Full,
            deadline: http.deadline(),
            // Processes that share a cache may each have their own source of secrets.
            has_own_secret: true,
        };
        let call = Call { client: self.clone(), key: cache_key(profile)?, http, policy, started: Instant::now() };
        match &self.0.cache {
            TokenStorage::Files(cache) => call.with_files(cache.clone()).await,
            TokenStorage::Own(cache) => call.with_own(cache.clone()).await,
        }
    }

    pub(super) async fn user_client_secret(&self, http: &HttpClient, profile: &Profile) -> Result<Option<Secret>> {
        self.supplied(http.deadline(), &secret_binding(profile, SecretKind::UserClient, None)?).await
    }

    /// The remembered device, for a sign-in whose session is kept.
    pub(super) async fn remembered_device(
        &self,
        http: &HttpClient,
        profile: &Arc<Profile>,
        is_kept: bool,
    ) -> Option<Device> {
        let key = cache_key(profile).ok().filter(|_| is_kept)?;
        let mut host = ClientHost::new(self, profile.clone(), key, http.clone());
        user_session::remembered_device(&mut host).await
    }
}

impl Call {
    async fn with_files(self, cache: Cache) -> Result<UserTokens> {
        let since = now();
        let (of_cache, key, policy) = (cache.clone(), self.key.clone(), self.policy);
        if let Some(served) = blocking(move || Ok(single_flight::cached(&of_cache, &key, &policy, since))).await? {
            return Ok(served.tokens.into());
        }
        let turn = self.client.0.locks.lock(self.key.stem().to_owned(), self.started, policy.deadline).await?;
        let failure = match turn.outcome::<UserTokens>() {
            Some(Ok(tokens)) => return Ok(tokens),
            Some(Err(error)) => Some(error),
            None => None,
        };
        let key = self.key.clone();
        let begun = blocking(move || single_flight::begin(&cache, &key, &policy, since, now)).await?;
        let guard = match (begun, failure) {
            (Acquired::Served(served), _) => return Ok(served.tokens.into()),
            (Acquired::Turn(guard), Some(error)) => return guard.fail(error).map(|served| served.tokens.into()),
            (Acquired::Turn(guard), None) => guard,
        };
        detached(async move {
            let mut host = self.host();
            host.turn = Some(guard);
            let result = self.obtain(&mut host).await;
            let guard = host.turn.take();
            let served = blocking(move || match guard {
                Some(guard) => guard.finish(result),
                None => result,
            });
            let tokens = served.await.map(|served| UserTokens::from(served.tokens));
            turn.end(&tokens);
            tokens
        })
        .await
    }

    async fn with_own(self, cache: Arc<dyn TokenCache>) -> Result<UserTokens> {
        let (deadline, min_validity) = (self.policy.deadline, self.policy.min_validity);
        if let Some(tokens) = self.kept(cache.as_ref(), deadline, min_validity).await? {
            return Ok(tokens);
        }
        let turn = self.client.0.locks.lock(self.key.stem().to_owned(), self.started, deadline).await?;
        match turn.outcome::<UserTokens>() {
            Some(Ok(tokens)) => return Ok(tokens),
            Some(Err(error)) => return self.instead(cache.as_ref(), error).await,
            None => {}
        }
        if let Some(tokens) = self.kept(cache.as_ref(), deadline, min_validity).await? {
            return Ok(tokens);
        }
        detached(async move {
            let result = match self.obtain(&mut self.host()).await {
                Ok(TokenResponse { tokens, .. }) => {
                    put(cache.as_ref(), &self.key, &tokens, &self.http).await;
                    Ok(UserTokens::from(tokens))
                }
                Err(error) => self.instead(cache.as_ref(), error).await,
            };
            turn.end(&result);
            result
        })
        .await
    }

    async fn instead(&self, cache: &dyn TokenCache, error: Error) -> Result<UserTokens> {
        own_cache::instead(error, self.kept(cache, own_cache::late(&self.http), Duration::ZERO)).await
    }

    fn host(&self) -> ClientHost {
        ClientHost::new(&self.client, self.client.0.profile.clone(), self.key.clone(), self.http.clone())
    }

    /// Tokens from Cognito. A sign-in that waits for a person is shared by those who waited for it.
    async fn obtain(&self, host: &mut ClientHost) -> Result<TokenResponse> {
        let stem = self.key.stem();
        let waiting = self.client.0.sessions.memory().waiting.get(stem).cloned();
        if let Some((_, pending)) = waiting.filter(|(since, _)| *since >= self.started) {
            return Err(pending.pending(self.client.clone()).into_error());
        }
        let options = || SessionOptions { may_renew: true, is_kept: true, password: None };
        // Boxed as one type, or the callers' futures would exceed the compiler's limit.
        let obtained: BoxFuture<'_, Result<TokenResponse, NotObtained>> =
            Box::pin(user_session::obtain(&mut *host, options()));
        let inner = &self.client.0;
        let given = inner.given.password.clone().filter(|_| begins_with_password(&inner.profile));
        let obtained = match (obtained.await, given) {
            // After a session from the browser only the caller's own word begins one with a password.
            (Err(NotObtained::Ended(NoTokens::Absent | NoTokens::Over(_))), password @ Some(_)) => {
                let again: BoxFuture<'_, Result<TokenResponse, NotObtained>> =
                    Box::pin(user_session::obtain(host, SessionOptions { password, ..options() }));
                again.await
            }
            (obtained, _) => obtained,
        };
        let error = match obtained {
            Ok(served) => return Ok(served),
            Err(why) => into_error(why),
        };
        if let Some(pending) = PendingSignIn::in_error(&error) {
            let waiting = (Instant::now(), WaitingSignIn::of(pending));
            self.client.0.sessions.memory().waiting.insert(stem.to_owned(), waiting);
        }
        Err(error)
    }

    /// The tokens that a cache of the caller's own has, where they are valid for long enough.
    async fn kept(&self, cache: &dyn TokenCache, deadline: Instant, at_least: Duration) -> Result<Option<UserTokens>> {
        let get = async |key: &str| own_cache::get(cache, key, &self.http, deadline, at_least).await;
        let Some(access) = get(self.key.stem()).await? else { return Ok(None) };
        let id = get(&id_stem(&self.key)).await?;
        if id.is_none() && self.policy.token == TokenUse::Id {
            return Ok(None);
        }
        Ok(Some(UserTokens { access: AccessToken::of_cache(access), id, refresh: None }))
    }
}

/// Keeps both tokens until the first of them ends: they are served together.
pub(super) async fn put(cache: &dyn TokenCache, key: &CacheKey, tokens: &TokenSet, http: &HttpClient) {
    let end =
        [Some(&tokens.access), tokens.id.as_ref()].into_iter().flatten().filter_map(|token| token.expires_at).min();
    own_cache::put(cache, key.stem(), &tokens.access, end, http).await;
    if let Some(id) = &tokens.id {
        own_cache::put(cache, &id_stem(key), id, end, http).await;
    }
}

fn id_stem(key: &CacheKey) -> String {
    format!("{}-id", key.stem())
}

/// The error of a client, which can't ask anybody.
fn into_error(why: NotObtained) -> Error {
    let over = |why: &str| Error::new(Kind::NeedsHuman, format!("the session from the browser has expired: {why}"));
    match why {
        NotObtained::Failed(error) => error,
        NotObtained::Ended(NoTokens::Absent) => over("no refresh token is stored"),
        NotObtained::Ended(NoTokens::Over(error)) => over(error.message()),
        NotObtained::Ended(NoTokens::Unreadable(error)) => user_session::unreadable(error),
        NotObtained::Ended(NoTokens::Refused(error) | NoTokens::Failed(error)) => error,
        NotObtained::SignIn { error, session: Some(NoTokens::Over(over)) } if error.kind() == Kind::NeedsHuman => {
            error.context(&format!("the session has expired ({})", over.message()))
        }
        NotObtained::SignIn { error, session: Some(NoTokens::Unreadable(why)) }
            if error.kind() == Kind::NeedsHuman && PendingSignIn::in_error(&error).is_none() =>
        {
            user_session::unreadable(why)
        }
        NotObtained::SignIn { error, session: Some(NoTokens::Refused(why)) } if error.kind() == Kind::NeedsHuman => {
            let error = error.context(&format!("the session can't be renewed ({})", why.message()));
            why.advice().iter().cloned().fold(error, Error::hint)
        }
        NotObtained::SignIn { error, .. } => error,
    }
}
