//! Keys of a user's tokens, and bindings of the user's secrets.

use crate::cache::token_cache::CacheKey;
use crate::error::{AdviceKind, Result};
use crate::secrets::store::SecretId;
use crate::settings::aws_services::Service;
use crate::settings::issuer;
use crate::settings::profile::Profile;
use crate::settings::types::{AuthFlow, FirstFactor, SecretKind, Username};
use crate::token::ownership::Owner;

/// The cache key of the user's tokens. It does not include the flow, and access and ID token share an entry. Without a user in the profile,
/// it is the one who signed in with the browser.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) when the profile names no client or Region.
pub fn cache_key(profile: &Profile) -> Result<CacheKey> {
    Ok(CacheKey::of(&[
        ("kind", "user"),
        ("endpoint", &profile.cognito_idp_origin()?),
        ("client_id", profile.user_client_id()?.as_str()),
        ("username", profile.user.username.as_ref().map_or("", Username::as_str)),
    ]))
}

/// The binding of a secret of the users' client: the client's own secret, or one of `username`.
///
/// # Errors
/// As [`cache_key`].
pub fn secret_binding(profile: &Profile, kind: SecretKind, username: Option<&Username>) -> Result<SecretId> {
    Ok(SecretId {
        kind,
        client_id: profile.user_client_id()?.clone(),
        origin: profile.cognito_idp_origin()?,
        username: username.cloned(),
    })
}

/// Whose tokens a sign-in at the Cognito API may bring. A server that stands in for Cognito has an issuer of its own.
pub(crate) fn owner(profile: &Profile) -> Result<Owner<'_>> {
    let pool = profile.user_pool_id.as_ref().filter(|_| profile.endpoint(Service::CognitoIdp).is_none());
    let advice = match pool {
        Some(_) => AdviceKind::CheckPoolClientAndUser.into(),
        None => "check `endpoint_url` and AWS_ENDPOINT_URL: this may not be Cognito".into(),
    };
    Ok(Owner {
        issuers: pool.map(issuer::of_pool).unwrap_or_default(),
        client_id: profile.user_client_id()?.as_str(),
        subject: None,
        username: None,
        is_complete: false,
        advice,
    })
}

/// Whether the profile's flow starts with the user's password, so that it should be known before the first request.
pub fn begins_with_password(profile: &Profile) -> bool {
    let prefers_password =
        matches!(profile.user.preferred_challenge, Some(FirstFactor::Password | FirstFactor::PasswordSrp));
    match profile.user.auth_flow {
        AuthFlow::Srp | AuthFlow::Password | AuthFlow::Admin => true,
        AuthFlow::UserAuth | AuthFlow::Custom => prefers_password,
    }
}
