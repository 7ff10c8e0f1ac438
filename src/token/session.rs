//! A session: what outlives the tokens of a sign-in and renews them. Nothing here is secret; the refresh token itself is in
//! the secret store.

use serde::{Deserialize, Serialize};

/// How tokens can be renewed without signing in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshState {
    /// Not at all: there is no refresh token, or it was not wanted.
    #[default]
    None,
    /// The refresh token could not be stored, and the user was told.
    NotKept,
    /// With this session's refresh token, which the secret store has.
    Kept(Session),
}

impl RefreshState {
    /// The session, if it was stored.
    pub fn session(&self) -> Option<&Session> {
        match self {
            RefreshState::Kept(session) => Some(session),
            RefreshState::None | RefreshState::NotKept => None,
        }
    }
}

/// The origin of a session, where it is renewed and revoked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionOrigin {
    /// The Cognito API: InitiateAuth, GetTokensFromRefreshToken, RevokeToken.
    #[default]
    Api,
    /// The pool's domain: POST /oauth2/token and /oauth2/revoke.
    Endpoint,
}

/// A session with a stored refresh token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Where it is renewed.
    pub via: SessionOrigin,
    /// The origin that its refresh token may be sent to.
    pub origin: String,
    /// The user as the pool knows it.
    #[serde(default)]
    pub username: Option<String>,
    /// `sub` of the user, which every renewal has to repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// `iss` of the tokens, which every renewal has to repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// When the user signed in, in seconds since the Unix epoch.
    #[serde(default)]
    pub since: u64,
    /// Whether Cognito gives a new refresh token with each renewal; unknown before the first one.
    #[serde(default)]
    pub rotates: Option<bool>,
    /// Whether the store has the device that the pool tracks, so that its key must be sent.
    #[serde(default)]
    pub has_device: bool,
    /// The key of a device that the pool tracks and that could not be confirmed or stored: only the key is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_key: Option<String>,
}
