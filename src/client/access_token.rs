//! An access token, as a caller of the library has it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::cache::single_flight::TokenResponse;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::settings::types::Scopes;
use crate::token::{Token, jwt};

/// An access token, with what is known of it.
#[derive(Debug, Clone)]
pub struct AccessToken {
    pub(super) token: Token,
    pub(super) scopes: Option<Scopes>,
}

impl AccessToken {
    /// The token itself, for an `Authorization: Bearer` header (RFC 6750 section 2.1).
    pub fn value(&self) -> &Secret {
        &self.token.value
    }

    /// Its expiry; `None` if neither Cognito nor the token says.
    pub fn expires_at(&self) -> Option<SystemTime> {
        UNIX_EPOCH.checked_add(Duration::from_secs(self.token.expires_at?))
    }

    /// The granted scopes, if the token or the answer says.
    pub fn scopes(&self) -> Option<Vec<&str>> {
        self.scopes.as_ref().map(|scopes| scopes.iter().collect())
    }

    /// The header that carries it, with a value that is marked as sensitive.
    ///
    /// # Errors
    /// None in practice: a token with invalid characters for a header is refused on receipt.
    pub fn headers(&self) -> Result<http::HeaderMap> {
        let mut value = http::HeaderValue::try_from(format!("Bearer {}", self.token.value.expose()))
            .map_err(|_| Error::network("the token can't be sent in an HTTP header"))?;
        value.set_sensitive(true);
        Ok(http::HeaderMap::from_iter([(http::header::AUTHORIZATION, value)]))
    }
}

impl AccessToken {
    /// A token of a cache of the caller's own, which keeps only its end. Its scopes the token itself says.
    pub(super) fn of_cache(token: Token) -> Self {
        let scopes = jwt::read_unverified(token.value.expose()).and_then(|claims| claims.scope);
        AccessToken { token, scopes }
    }
}

impl From<TokenResponse> for AccessToken {
    fn from(served: TokenResponse) -> Self {
        AccessToken { token: served.tokens.access, scopes: served.tokens.scope }
    }
}
