//! Staying signed in: the refresh token in the secret store, and new tokens for it without a sign-in.

use crate::error::{AdviceKind, Error, Result};
use crate::http::client::HttpClient;
use crate::oauth::authorization_code;
use crate::oauth::authorization_code::HostedClient;
use crate::secret::Secret;
use crate::secrets::store::SecretId;
#[cfg(any(feature = "keyring", feature = "file-store"))]
use crate::secrets::store::SecretStore;
use crate::settings::issuer;
use crate::settings::profile::Profile;
use crate::settings::types::{Endpoint, SecretKind, Username};
use crate::token::jwt;
use crate::token::ownership::Owner;
#[cfg(any(feature = "keyring", feature = "file-store"))]
use crate::token::session::RefreshState;
use crate::token::session::{Session, SessionOrigin};
use crate::user_pool::cognito_idp::{AuthenticationResult, Idp};
use crate::user_pool::device::Device;
use crate::user_pool::refresh::RefreshError;
use crate::user_pool::user_token;

/// The binding of a session's refresh token: the client, the user, and the only origin that may get it.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) when the profile names no client.
pub fn refresh_token_binding(profile: &Profile, session: &Session) -> Result<SecretId> {
    Ok(SecretId {
        kind: SecretKind::RefreshToken,
        client_id: profile.user_client_id()?.clone(),
        origin: session.origin.clone(),
        username: profile.user.username.clone(),
    })
}

/// The sessions that the profile's user may have, if none is recorded.
pub fn possible(profile: &Profile) -> Vec<Session> {
    let of = |via| {
        let origin = origin(profile, via).ok()?;
        Some(Session { via, origin, ..Session::default() })
    };
    let mut sessions: Vec<Session> = [SessionOrigin::Api, SessionOrigin::Endpoint].into_iter().filter_map(of).collect();
    // With a shared endpoint they share the entry, and the API revokes it for either.
    sessions.dedup_by(|one, other| one.origin == other.origin);
    sessions
}

/// The binding of the client's secret when it is sent with the session's refresh token.
///
/// # Errors
/// As [`refresh_token_binding`].
pub fn client_secret_binding(profile: &Profile, session: &Session) -> Result<SecretId> {
    Ok(SecretId { kind: SecretKind::UserClient, username: None, ..refresh_token_binding(profile, session)? })
}

/// The binding of a user's device.
///
/// # Errors
/// As [`user_token::secret_binding`].
pub fn device_binding(profile: &Profile) -> Result<SecretId> {
    user_token::secret_binding(profile, SecretKind::Device, profile.user.username.as_ref())
}

/// A new session after a sign-in. `has_device` says whether the store has the remembered device.
///
/// # Errors
/// [`Kind::Config`](crate::error::Kind::Config) if the profile lacks the endpoint.
pub fn begun(
    profile: &Profile,
    via: SessionOrigin,
    signed_in: &AuthenticationResult,
    has_device: bool,
) -> Result<Session> {
    let claims = jwt::payload_unverified(signed_in.tokens.access.value.expose());
    let claim = |name: &str| claims.as_ref()?.get(name)?.as_str().map(str::to_owned);
    Ok(Session {
        via,
        origin: origin(profile, via)?,
        username: claim("username"),
        subject: claim("sub"),
        issuer: claim("iss"),
        since: signed_in.tokens.obtained_at / 1000,
        rotates: None,
        has_device,
        device_key: signed_in.new_device.as_ref().map(|new| new.key.clone()),
    })
}

/// Keeps the refresh token that a sign-in brought: from here on the session renews its tokens. The refresh token is in the
/// store when this returns.
///
/// # Errors
/// [`Kind::Store`](crate::error::Kind::Store) if the secret store can't be used: then nothing is stored.
#[cfg(any(feature = "keyring", feature = "file-store"))]
pub fn keep(
    store: &SecretStore,
    profile: &Profile,
    via: SessionOrigin,
    signed_in: &AuthenticationResult,
    has_device: bool,
) -> Result<RefreshState> {
    let Some(refresh_token) = &signed_in.refresh_token else { return Ok(RefreshState::None) };
    let session = begun(profile, via, signed_in, has_device)?;
    store.set(&refresh_token_binding(profile, &session)?, refresh_token)?;
    Ok(RefreshState::Kept(session))
}

/// The session after a renewal, whose refresh token stays in use where it brought no other.
pub fn renewed(session: &Session, signed_in: &AuthenticationResult) -> Session {
    Session { rotates: Some(signed_in.refresh_token.is_some()), ..session.clone() }
}

/// Forgets the refresh token of a session that has ended. The device outlives it.
///
/// # Errors
/// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
#[cfg(any(feature = "keyring", feature = "file-store"))]
pub fn forget_refresh_token(store: &SecretStore, profile: &Profile, session: &Session) -> Result<()> {
    store.delete(&refresh_token_binding(profile, session)?).map(drop)
}

/// Renews the session's tokens with one request. The caller has the exclusive right to the refresh token, see
/// [`RefreshGuard::is_exclusive`](crate::cache::single_flight::RefreshGuard::is_exclusive), and stores a new one before anything else.
///
/// # Errors
/// [`RefreshError`].
pub async fn renew(
    wire: &HttpClient,
    profile: &Profile,
    client_secret: Option<Secret>,
    session: &Session,
    refresh_token: &Secret,
    device: Option<Device>,
) -> Result<AuthenticationResult, RefreshError> {
    let signed_in = match session.via {
        SessionOrigin::Api => {
            let idp = Idp::new(wire, profile, client_secret).await.map_err(RefreshError::Failed)?;
            let typed = profile.user.username.as_ref().map(Username::as_str);
            let username = session.username.as_deref().or(typed);
            let device_key = device.as_ref().map(|device| device.key.as_str()).or(session.device_key.as_deref());
            idp.renew(refresh_token, username, device_key, session.rotates).await?
        }
        SessionOrigin::Endpoint => {
            let domain = domain(session).map_err(RefreshError::Failed)?;
            let client_id = profile.user_client_id().map_err(RefreshError::Failed)?;
            let client = HostedClient { domain: &domain, client_id, client_secret: client_secret.as_ref() };
            authorization_code::refresh(wire, &client, refresh_token, session.rotates == Some(false)).await?
        }
    };
    // The refresh token was used, so nothing else is tried with it or instead of it.
    let owner = owner(profile, session).map_err(RefreshError::Unknown)?;
    owner.check(&signed_in.tokens).map_err(RefreshError::Unknown)?;
    Ok(signed_in)
}

/// Whose tokens a renewal may bring (OpenID Connect Core section 12.2): those of the one who signed in, with all claims where a browser
/// sign-in found them complete.
fn owner<'a>(profile: &'a Profile, session: &'a Session) -> Result<Owner<'a>> {
    let owner = user_token::owner(profile)?;
    let owner = match session.via {
        SessionOrigin::Api => owner,
        SessionOrigin::Endpoint => Owner {
            issuers: profile.user_pool_id.as_ref().map(issuer::of_pool).unwrap_or_default(),
            is_complete: true,
            advice: AdviceKind::CheckDomainPoolAndClient.into(),
            ..owner
        },
    };
    let of_session = || session.issuer.iter().cloned().collect();
    Ok(Owner {
        issuers: if owner.issuers.is_empty() { of_session() } else { owner.issuers },
        subject: session.subject.as_deref(),
        username: session.username.as_deref(),
        ..owner
    })
}

/// Revokes the session's refresh token, and with it the tokens that were issued for it as far as Cognito's own APIs go: one
/// request, where the session came from.
///
/// # Errors
/// As [`Idp::revoke`] and [`authorization_code::revoke`].
pub async fn revoke(
    wire: &HttpClient,
    profile: &Profile,
    client_secret: Option<Secret>,
    session: &Session,
    refresh_token: &Secret,
) -> Result<()> {
    // A local Cognito may share the endpoint and lack /oauth2/revoke.
    let via = if profile.cognito_idp_origin()? == session.origin { SessionOrigin::Api } else { session.via };
    match via {
        SessionOrigin::Api => Idp::new(wire, profile, client_secret).await?.revoke(refresh_token).await,
        SessionOrigin::Endpoint => {
            let domain = domain(session)?;
            let client_id = profile.user_client_id()?;
            let client = HostedClient { domain: &domain, client_id, client_secret: client_secret.as_ref() };
            authorization_code::revoke(wire, &client, refresh_token).await
        }
    }
}

fn origin(profile: &Profile, via: SessionOrigin) -> Result<String, Error> {
    match via {
        SessionOrigin::Api => profile.cognito_idp_origin(),
        SessionOrigin::Endpoint => Ok(profile.domain()?.origin()),
    }
}

/// The domain of a browser session: the one where it began, even if the profile has changed.
fn domain(session: &Session) -> Result<Endpoint> {
    session.origin.parse()
}
