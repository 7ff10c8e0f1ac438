//! A token that keeps itself fresh.

use std::time::Duration;

use super::{AccessToken, Client};
use crate::cache::single_flight::CacheUse;
use crate::error::{Kind, Result};

/// How long before it must be new a token is renewed ahead of time.
const AHEAD: Duration = Duration::from_secs(60);

/// A machine-to-machine token that is renewed before it ends. Clone it into every task: one request serves them all.
#[derive(Clone, Debug)]
pub struct TokenProvider {
    client: Client,
}

impl Client {
    /// A token that keeps itself fresh.
    pub fn m2m_token_provider(&self) -> TokenProvider {
        TokenProvider::new(self.clone())
    }
}

impl TokenProvider {
    pub(super) fn new(client: Client) -> Self {
        TokenProvider { client }
    }

    /// A token that is valid for at least the client's `min_validity`. It is renewed a minute before that; while Cognito can't be reached,
    /// the current one is served as long as it is good enough.
    ///
    /// # Errors
    /// As [`Client::m2m_token`].
    pub async fn token(&self) -> Result<AccessToken> {
        let needed = self.client.0.profile.min_validity;
        match self.client.m2m(CacheUse::Full, needed.saturating_add(AHEAD)).await {
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
