//! The owner of tokens, from their own claims, unverified: the tokens come straight from the endpoint that issued them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::jwt::TokenKind;
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
        let text = |claims: &Option<Map<String, Value>>, name: &str| {
            claims.as_ref().and_then(|claims| claims.get(name)?.as_str().map(str::to_owned))
        };
        let claim = |name: &str| text(&id, name).or_else(|| text(&access, name));
        // A server that stands in for Cognito may give one token as both.
        let of_access = access.as_ref().map_or(TokenKind::Unknown, TokenKind::of).username_claim();
        let identity = Identity {
            username: text(&id, TokenKind::Id.username_claim()).or_else(|| text(&access, of_access)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use crate::settings::types::Scopes;
    use crate::token::Token;
    use crate::token::session::RefreshState;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    #[test]
    fn the_name_is_that_of_the_claim_that_each_kind_of_token_has_for_it() {
        let token = |claims: &Value| {
            let value = Secret::new(format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string())));
            Token { value, expires_at: None }
        };
        let access = json!({"token_use": "access", "sub": "s", "username": "alice", "cognito:username": "other"});
        let id = json!({"token_use": "id", "sub": "s", "cognito:username": "alice", "username": "other"});
        let without = json!({"token_use": "id", "sub": "s", "username": "other"});
        for (access, id) in [(&access, None), (&access, Some(&id)), (&access, Some(&without)), (&id, None)] {
            let (scope, asked, renewal) = (None, Scopes::default(), RefreshState::None);
            let (access, id) = (token(access), id.map(token));
            let identity = Identity::of(&TokenSet { access, id, scope, asked, obtained_at: 0, renewal }).unwrap();
            assert_eq!(identity.username.as_deref(), Some("alice"));
        }
    }
}
