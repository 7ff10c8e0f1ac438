//! GetClientToken: a machine's token from the Cognito API, for pools without a domain. The app client needs
//! ALLOW_CLIENT_TOKEN_AUTH as its only flow.

use aws_sdk_cognitoidentityprovider::Client as Sdk;

use crate::aws::service_error::from_sdk;
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::settings::aws_services::Service;
use crate::settings::profile::Profile;
use crate::settings::types::{ClientId, Scopes};
use crate::token::session::RefreshState;
use crate::token::{Lifetime, Token, TokenSet, jwt};

/// A GetClientToken request.
#[derive(Debug)]
pub struct GetClientToken<'a> {
    /// The app asked.
    pub client_id: &'a ClientId,
    /// Its secret.
    pub client_secret: &'a Secret,
    /// The scopes to request; empty for all that the client may have.
    pub scopes: &'a Scopes,
}

/// Asks the API of the profile's Region for a token: one request, unsigned, repeated for throttling, 5xx and connections
/// that break, never for a refusal.
///
/// # Errors
/// See the table in [`crate::aws::service_error`] for GetClientToken; [`Kind::Network`](crate::error::Kind::Network) if the API can't be
/// reached or its answer has no bearer token.
pub async fn get(wire: &HttpClient, profile: &Profile, asked: &GetClientToken<'_>) -> Result<TokenSet> {
    let region = crate::aws::region(profile).await?;
    let mut config = crate::aws::unsigned_config(wire, &region)
        // The service takes no AWS credentials here, although its model says so.
        .allow_no_auth();
    if let Some(endpoint) = profile.endpoint(Service::CognitoIdp) {
        config = config.endpoint_url(endpoint.as_str());
    }
    wire.redactor().hide(asked.client_id.as_str(), asked.client_secret);
    let mut request = Sdk::from_conf(config.build())
        .get_client_token()
        .client_id(asked.client_id.as_str())
        .secret(asked.client_secret.expose());
    for scope in asked.scopes.iter() {
        request = request.scopes(scope);
    }
    let answer = request.send().await.map_err(|error| from_sdk("GetClientToken", error, wire.redactor()))?;
    let result = answer.client_authentication_result();
    let result = result.ok_or_else(|| Error::network("GetClientToken: the answer has no result"))?;
    if !result.token_type().unwrap_or("Bearer").eq_ignore_ascii_case("bearer") {
        return Err(Error::network("GetClientToken gave a token of another type than Bearer"));
    }
    let value = Secret::new(result.access_token().unwrap_or_default().to_owned());
    let lifetime = match u64::try_from(result.expires_in()) {
        // The SDK returns 0 for an absent value.
        Ok(0) => Lifetime::Missing,
        Ok(seconds) => Lifetime::Seconds(seconds),
        Err(_) => Lifetime::Missing,
    };
    let now = wire.now();
    let access = Token::received(value, lifetime, now).map_err(|error| error.context("GetClientToken"))?;
    let scope = jwt::read_unverified(access.value.expose()).and_then(|claims| claims.scope);
    let asked = asked.scopes.clone();
    Ok(TokenSet { access, id: None, scope, asked, obtained_at: now, renewal: RefreshState::None })
}
