//! The owner of tokens, from their own claims, unverified: the tokens come straight from the endpoint that issued them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{TokenSet, jwt};
use crate::settings::types::Username;

/// The names of a user, NOT VERIFIED: of the ID token where there is one, else of the access token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `cognito:username`, in an access token `username`: the user's own name in the pool.
    pub username: Option<String>,
    /// `email`.
    pub email: Option<String>,
    /// `preferred_username`.
    pub preferred_username: Option<String>,
    /// `sub`: the same for ever.
    pub sub: Option<String>,
}

impl Identity {
    /// The owner of these tokens; `None` if they don't say.
    pub fn of(tokens: &TokenSet) -> Option<Self> {
        let access = jwt::payload_unverified(tokens.access.value.expose());
        let id = tokens.id.as_ref().and_then(|id| jwt::payload_unverified(id.value.expose()));
        let claim = |name: &str| {
            let of = |claims: &Option<Map<String, Value>>| claims.as_ref()?.get(name)?.as_str().map(str::to_owned);
            of(&id).or_else(|| of(&access))
        };
        let identity = Identity {
            username: claim("cognito:username").or_else(|| claim("username")),
            email: claim("email"),
            preferred_username: claim("preferred_username"),
            sub: claim("sub"),
        };
        (identity != Identity::default()).then_some(identity)
    }

    /// Whether this is the user's name, exactly: pools may be case-sensitive.
    pub fn is(&self, name: &Username) -> bool {
        self.names().any(|own| own == name.as_str())
    }

    /// The name that a person knows the user by.
    pub fn shown(&self) -> &str {
        self.email.as_deref().or(self.preferred_username.as_deref()).or_else(|| self.names().next()).unwrap_or_default()
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        [&self.username, &self.email, &self.preferred_username, &self.sub].into_iter().flatten().map(String::as_str)
    }
}
