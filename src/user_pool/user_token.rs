//! What a user's tokens depend on, and what their secrets are bound to.

use crate::cache::token_cache::CacheKey;
use crate::error::Result;
use crate::secrets::store::SecretId;
use crate::settings::profile::Profile;
use crate::settings::types::{AuthFlow, FirstFactor, SecretKind, Username};

/// What the user's tokens depend on. The flow is no part of it, and access and ID token are kept together. Where the
/// profile names no user, it is whoever signed in with the browser.
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

/// What a secret of the users' client is bound to: the client's own secret, or one of `username`.
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

/// Whether the profile's flow begins with the user's password, so that it is better at hand before anything is sent.
pub fn begins_with_password(profile: &Profile) -> bool {
    let prefers_password =
        matches!(profile.user.preferred_challenge, Some(FirstFactor::Password | FirstFactor::PasswordSrp));
    match profile.user.auth_flow {
        AuthFlow::Srp | AuthFlow::Password | AuthFlow::Admin => true,
        AuthFlow::UserAuth | AuthFlow::Custom => prefers_password,
    }
}
