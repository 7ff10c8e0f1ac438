//! An issuer or discovery URL: the pool is in it, and the pool's discovery document has the domain. No credentials.

use crate::services::import::name_from;
use cogtok::error::Result;
use cogtok::http::client::HttpClient;
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::oauth::client_bundle::key_mapping;
use cogtok::oauth::discovery;
use cogtok::settings::aws_services::Service;
use cogtok::settings::issuer;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::{Profile, aws_origin};
use cogtok::settings::types::{Endpoint, PoolId};

/// The values in the issuer's URL and its discovery document.
///
/// # Errors
/// As [`issuer::parse`] and [`discovery::token_endpoint`].
pub async fn read(wire: &HttpClient, profile: &Profile, text: &str) -> Result<ProfileCandidate> {
    let issuer = issuer::parse(text)?;
    let mut found = ProfileCandidate::named(name_from(issuer.pool.as_str()));
    found.offer(Key::UserPoolId, vec![issuer.pool.to_string()], "the URL");
    if let Some(endpoint) = &issuer.endpoint {
        found.offer(Key::EndpointUrl, vec![endpoint.to_string()], "the URL");
    }
    let base = issuer.endpoint.as_ref().or(profile.endpoint(Service::CognitoIdp));
    discover(wire, base, &issuer.pool, &mut found).await?;
    Ok(found)
}

/// Adds the domain that the pool's discovery document names. `base` is where the Cognito API is instead of at AWS.
///
/// # Errors
/// As [`discovery::token_endpoint`].
pub(crate) async fn discover(
    wire: &HttpClient,
    base: Option<&Endpoint>,
    pool: &PoolId,
    found: &mut ProfileCandidate,
) -> Result<()> {
    let aws = || aws_origin("cognito-idp", &pool.region()).parse();
    let base = base.cloned().map_or_else(aws, Ok)?;
    let Some(endpoint) = discovery::token_endpoint(wire, &base, pool).await? else { return Ok(()) };
    let origin = "the discovery document";
    match endpoint.as_str().strip_suffix("/oauth2/token") {
        Some(domain) => key_mapping::domain(domain, origin, found),
        None if found.candidates(Key::TokenUrl).is_empty() => {
            found.offer(Key::TokenUrl, vec![endpoint.to_string()], origin);
        }
        None => {}
    }
    Ok(())
}
