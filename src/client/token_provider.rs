//! A token that keeps itself fresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::clock::now;
use super::{AccessToken, Client};
use crate::cache::single_flight::CacheUse;
use crate::error::{Kind, Result};

/// How long before it must be new a token is renewed ahead of time.
const AHEAD: Duration = Duration::from_secs(60);

/// A machine-to-machine token that is renewed before it ends. Clone it into every task: one request serves them all.
#[derive(Clone, Debug)]
pub struct TokenProvider {
    client: Client,
    /// Whether a new token is too short-lived to be renewed ahead of time: each call would make a request.
    is_short_lived: Arc<AtomicBool>,
}

impl Client {
    /// A token that keeps itself fresh.
    pub fn m2m_token_provider(&self) -> TokenProvider {
        TokenProvider::new(self.clone())
    }
}

impl TokenProvider {
    pub(super) fn new(client: Client) -> Self {
        TokenProvider { client, is_short_lived: Arc::default() }
    }

    /// A token that is valid for at least the client's `min_validity`. It is renewed a minute before that; while Cognito can't be reached,
    /// the current one is served as long as it is good enough.
    ///
    /// # Errors
    /// As [`Client::m2m_token`].
    pub async fn token(&self) -> Result<AccessToken> {
        let needed = self.client.0.profile.min_validity;
        let ahead = if self.is_short_lived.load(Ordering::Relaxed) { Duration::ZERO } else { AHEAD };
        let result = self.client.m2m(CacheUse::Full, needed.saturating_add(ahead)).await;
        if let Ok(token) = &result {
            let is_short_lived = !token.token.is_fresh(now(), needed.saturating_add(AHEAD));
            self.is_short_lived.store(is_short_lived, Ordering::Relaxed);
        }
        match result {
            Err(error) if error.kind() == Kind::Network => {
                // The renewal's error says more than that of a second try.
                self.client.m2m(CacheUse::Full, needed).await.map_err(|_| error)
            }
            result => result,
        }
    }

    /// The headers that carry the token, for any HTTP client that takes a [`http::HeaderMap`].
    ///
    /// # Errors
    /// As [`TokenProvider::token`].
    pub async fn headers(&self) -> Result<http::HeaderMap> {
        self.token().await?.headers()
    }
}
