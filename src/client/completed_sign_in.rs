//! A completed sign-in, whose tokens Cognito sends once.

use std::sync::Arc;
use std::time::Instant;

use super::blocking::blocking;
use super::detached::detached;
use super::token_storage::TokenStorage;
use super::user_host::ClientHost;
use super::user_token::put;
use super::{Client, UserTokens};
use crate::cache::token_cache::CacheKey;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::settings::profile::Profile;
use crate::token::TokenSet;
use crate::user_pool::cognito_idp::AuthenticationResult;
use crate::user_pool::sign_in::SignIn;
use crate::user_pool::user_session;
use crate::user_pool::user_token::cache_key;

impl Client {
    /// Keeps the tokens and the session of a completed sign-in, even if the caller gives up: Cognito sends them once. Where they can't be kept
    /// the caller gets them with the refresh token.
    pub(super) async fn keep_signed_in(&self, sign_in: SignIn, signed_in: AuthenticationResult) -> Result<UserTokens> {
        let (client, http) = (self.clone(), self.call()?);
        let profile = self.profile_of(sign_in.username().clone());
        let key = cache_key(&profile)?;
        detached(async move {
            match client.keep_session(http, profile, &key, &sign_in, &signed_in).await {
                Ok(tokens) => Ok(UserTokens::from(tokens)),
                Err(error) => {
                    log::warn!(target: "cogtok", "the session of {} is not kept: {error}", sign_in.username());
                    Ok(UserTokens::of_sign_in(signed_in))
                }
            }
        })
        .await
    }

    async fn keep_session(
        &self,
        http: HttpClient,
        profile: Arc<Profile>,
        key: &CacheKey,
        sign_in: &SignIn,
        signed_in: &AuthenticationResult,
    ) -> Result<TokenSet> {
        let deadline = http.deadline();
        let turn = self.0.locks.lock(key.stem().to_owned(), Instant::now(), deadline).await?;
        let lock = match &self.0.cache {
            TokenStorage::Files(cache) => {
                let (cache, key) = (cache.clone(), key.clone());
                blocking(move || cache.lock(&key, deadline)).await?
            }
            TokenStorage::Own(_) => None,
        };
        let mut host = ClientHost::new(self, profile, key.clone(), http.clone());
        let mut tokens = signed_in.tokens.clone();
        tokens.renewal = user_session::keep(&mut host, sign_in, signed_in).await?;
        if let TokenStorage::Own(cache) = &self.0.cache {
            put(cache.as_ref(), key, &tokens, &http).await;
        }
        let tokens = blocking(move || {
            if let Some(mut lock) = lock {
                lock.mark_refresh_in_flight(false);
                lock.keep(&tokens);
            }
            Ok(tokens)
        })
        .await;
        self.0.sessions.memory().waiting.remove(key.stem());
        turn.end(&tokens.as_ref().map(|tokens| UserTokens::from(tokens.clone())).map_err(Error::copied));
        tokens
    }
}
