//! Tokens on behalf of somebody else (RFC 8693).

use super::m2m::no_m2m_secret;
use super::{AccessToken, Client};
use crate::cache::single_flight::{CachePolicy, CacheUse, TokenOrigin, TokenResponse};
use crate::error::Result;
use crate::http::client::HttpClient;
use crate::oauth::client_credentials;
use crate::settings::types::{TokenOwner, TokenUse};
use crate::user_pool::get_derived_token::{self, RequestingClient, TokenExchange};

impl Client {
    /// Exchanges a token for one on behalf of its subject (OAuth 2.0 Token Exchange, RFC 8693; GetDerivedToken): from the cache
    /// while it is valid, else with one request for any number of callers who have the same tokens. The machine-to-machine client
    /// asks where the profile has one, else the users' client.
    ///
    /// ```no_run
    /// # async fn example(client: cogtok::Client, bearer: cogtok::Secret) -> Result<(), cogtok::Error> {
    /// use cogtok::TokenExchange;
    /// // What an agent sends to a service for the user who called it.
    /// let own = client.m2m_token().await?;
    /// let exchange = TokenExchange::of(bearer).actor(own.value().clone()).resource("https://api.example.com");
    /// let headers = client.exchange_token(exchange).await?.headers()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// What was issued is called the access token, as in RFC 8693, also where an ID token was asked for. Whether Cognito issued it for
    /// the subject, the actor and the resource that were asked for says only the token itself.
    ///
    /// # Errors
    /// [`Kind::Refused`](crate::error::Kind::Refused) where Cognito says no, [`Kind::Network`](crate::error::Kind::Network) where it
    /// can't be asked, [`Kind::Usage`](crate::error::Kind::Usage) for what can't be asked,
    /// [`Kind::Config`](crate::error::Kind::Config) where the client is not described,
    /// [`Kind::Store`](crate::error::Kind::Store) where the client secret can't be read.
    pub async fn exchange_token(&self, exchange: TokenExchange) -> Result<AccessToken> {
        let profile = &self.0.profile;
        let owner = get_derived_token::requester(profile, None);
        let key = exchange.cache_key(profile, owner)?;
        let http = self.call()?;
        let policy = CachePolicy {
            token: TokenUse::Access,
            is_for_all: false,
            min_validity: profile.min_validity,
            cache: CacheUse::Full,
            deadline: http.deadline(),
            has_own_secret: true,
        };
        let (asking, of_call) = (self.clone(), http.clone());
        let obtain = async move {
            let client = asking.requesting_client(&of_call, owner).await?;
            let tokens = get_derived_token::exchange(&of_call, &asking.0.profile, &client, &exchange).await?;
            Ok(TokenResponse { tokens, source: TokenOrigin::Network })
        };
        self.take(http, key, policy, obtain).await
    }

    async fn requesting_client(&self, http: &HttpClient, owner: TokenOwner) -> Result<RequestingClient> {
        let profile = &self.0.profile;
        if owner == TokenOwner::M2m && profile.m2m.secret_arn.is_some() {
            let client = client_credentials::client_with_arn(http, profile).await?;
            return Ok(RequestingClient { client_id: client.client_id, client_secret: Some(client.client_secret) });
        }
        let binding = get_derived_token::secret_binding(profile, owner)?;
        let client_secret = self.supplied(http.deadline(), &binding).await?;
        if owner == TokenOwner::M2m && client_secret.is_none() {
            return Err(no_m2m_secret());
        }
        Ok(RequestingClient { client_id: binding.client_id, client_secret })
    }
}
