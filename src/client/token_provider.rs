//! A token that keeps itself fresh.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::{AccessToken, Client};
use crate::cache::single_flight::CacheUse;
use crate::error::{Kind, Result};
use crate::token::jwt;

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
        match result {
            Ok(token) => {
                let is_short_lived = life(&token).is_some_and(|life| life <= needed.saturating_add(AHEAD));
                self.is_short_lived.store(is_short_lived, Ordering::Relaxed);
                Ok(token)
            }
            // The renewal's error says more than that of a second try.
            Err(error) if error.kind() == Kind::Network => self.client.kept_m2m(needed).await.ok_or(error),
            Err(error) => Err(error),
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

/// How long a token lives, from its own claims.
fn life(token: &AccessToken) -> Option<Duration> {
    let claims = jwt::payload_unverified(token.value().expose())?;
    let seconds = |name| claims.get(name).and_then(Value::as_u64);
    Some(Duration::from_secs(seconds("exp")?.saturating_sub(seconds("iat")?)))
}
