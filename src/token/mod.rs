//! Tokens. No I/O here: `now` is an argument, in milliseconds since the Unix epoch.

pub mod authorizer;
mod crypto;
pub mod error_response;
pub mod identity;
pub mod jwks;
pub mod jwt;
#[cfg(feature = "sign-in")]
pub(crate) mod ownership;
pub mod rejection_reason;
pub mod relative_time;
pub mod resource_server;
pub mod session;
pub mod verify;
// Shared with the end-to-end tests; each uses a part.
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../tests/cli/harness/sign.rs"]
mod sign;

use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::settings::types::{Scopes, TokenUse};
use session::RefreshState;

/// The most bytes a token may have: more does not fit an HTTP header or an environment variable.
pub const MAX_TOKEN_BYTES: usize = 32 * 1024;

/// The longest life, in seconds, that is believed of a token: Cognito's own maximum.
pub const MAX_LIFE_SECONDS: u64 = 24 * 60 * 60;

/// The `expires_in` of a token answer (RFC 6749 section 5.1), which a server may leave out or get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// Absent or meaningless, as no time at all is: the token's own `exp` is used.
    Missing,
    /// Seconds from now.
    Seconds(u64),
}

impl Lifetime {
    /// The lifetime in a JSON value.
    pub fn of(value: Option<&serde_json::Value>) -> Self {
        let number = match value {
            // Some servers send it as a string.
            Some(serde_json::Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_f64(),
            None => None,
        };
        match number.filter(|number| number.is_finite()) {
            None => Lifetime::Missing,
            Some(number) => match jwt::whole(number) {
                0 => Lifetime::Missing,
                seconds => Lifetime::Seconds(seconds.min(MAX_LIFE_SECONDS)),
            },
        }
    }
}

/// A token and its expiry.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token, an RFC 6750 `b64token`.
    pub value: Secret,
    /// Its expiry, in seconds since the Unix epoch; `None` if neither the answer nor the token says.
    pub expires_at: Option<u64>,
}

impl Token {
    /// A token from an answer that arrived at `now`.
    ///
    /// # Errors
    /// [`Kind::Network`] when it is not a `b64token` (RFC 6750 section 2.1), is longer than [`MAX_TOKEN_BYTES`], or is a JSON
    /// Web Token with claims of a type that they can't have.
    pub fn received(value: Secret, lifetime: Lifetime, now: u64) -> Result<Self> {
        let text = value.expose();
        if text.len() > MAX_TOKEN_BYTES {
            return Err(Error::new(Kind::Network, format!("the token is longer than {MAX_TOKEN_BYTES} bytes")));
        }
        if !is_b64token(text) {
            return Err(Error::new(Kind::Network, "the token has characters outside RFC 6750 (b64token) or is empty"));
        }
        let claims = jwt::payload_unverified(text);
        if let Some((claim, expected)) = claims.as_ref().and_then(jwt::mistyped) {
            return Err(Error::new(Kind::Network, format!("the token's `{claim}` is not {expected}")));
        }
        let exp = claims.as_ref().and_then(jwt::exp);
        let expires_at = match lifetime {
            Lifetime::Missing => exp.map(|exp| exp.min(now / 1000 + MAX_LIFE_SECONDS)),
            Lifetime::Seconds(seconds) => {
                let end = now / 1000 + seconds.min(MAX_LIFE_SECONDS);
                Some(exp.map_or(end, |exp| exp.min(end)))
            }
        };
        Ok(Token { value, expires_at })
    }

    /// Whether it is known to be valid for `at_least` from `now` on.
    pub fn is_fresh(&self, now: u64, at_least: Duration) -> bool {
        let needed = now.saturating_add(u64::try_from(at_least.as_millis()).unwrap_or(u64::MAX));
        self.expires_at.is_some_and(|end| end.saturating_mul(1000) > needed)
    }

    /// Seconds of life left at `now`; 0 when it has expired.
    pub fn seconds_left(&self, now: u64) -> Option<u64> {
        self.expires_at.map(|end| (end.saturating_mul(1000).saturating_sub(now)) / 1000)
    }
}

/// The value in the place of an access token that was deleted while the session that renews it stays.
const DELETED: &str = "forgotten";

/// The tokens of one answer.
#[derive(Debug, Clone)]
pub struct TokenSet {
    /// The access token.
    pub access: Token,
    /// The ID token, for users.
    pub id: Option<Token>,
    /// The granted scopes, if the token or the answer says.
    pub scope: Option<Scopes>,
    /// The scopes that were asked for; empty where all that the client may have were, and for users.
    pub asked: Scopes,
    /// When the answer arrived, in milliseconds since the Unix epoch.
    pub obtained_at: u64,
    /// How they can be renewed without signing in.
    pub renewal: RefreshState,
}

impl TokenSet {
    /// What remains of these tokens when they are deleted: how they can be renewed.
    #[must_use]
    pub(crate) fn deleted(self) -> Self {
        let access = Token { value: Secret::new(DELETED.to_owned()), expires_at: Some(0) };
        TokenSet { access, id: None, ..self }
    }

    /// Whether there are tokens, and not only what remains of deleted ones.
    pub fn has_tokens(&self) -> bool {
        self.access.expires_at != Some(0) || self.access.value.expose() != DELETED
    }

    /// Whether any of the tokens is valid at `now`.
    pub fn is_any_valid(&self, now: u64) -> bool {
        let is_valid = |token: &Token| token.seconds_left(now).is_some_and(|left| left > 0);
        is_valid(&self.access) || self.id.as_ref().is_some_and(is_valid)
    }

    /// The token for this use.
    pub fn of(&self, token: TokenUse) -> Option<&Token> {
        match token {
            TokenUse::Access => Some(&self.access),
            TokenUse::Id => self.id.as_ref(),
        }
    }

    /// The requested scopes that were not granted, compared as sets. If nothing says what was granted, an opaque token has all of them (RFC
    /// 6749 section 5.1), and a JSON Web Token none: a resource server reads the token itself.
    pub fn scopes_refused(&self) -> Vec<&str> {
        match &self.scope {
            Some(granted) => self.asked.missing_from(granted),
            None if jwt::payload_unverified(self.access.value.expose()).is_some() => self.asked.iter().collect(),
            None => Vec::new(),
        }
    }
}

/// Whether `text` is a `b64token`: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=".
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn received(text: &str, lifetime: Lifetime) -> Result<Token> {
        Token::received(Secret::new(text.to_owned()), lifetime, NOW)
    }

    fn jwt(payload: &str) -> String {
        use base64::Engine;
        let part = |text: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#), part(payload))
    }

    #[test]
    fn what_a_shell_could_obey_is_no_token() {
        for bad in [
            "", "a;b", "a`b`", "$(id)", "a'b", "a\"b", "a\\b", "a b", "*", "a\nb", "a\rb", "\u{1b}", "a\0", "é", "=a",
            "=",
        ] {
            assert_eq!(received(bad, Lifetime::Seconds(60)).unwrap_err().kind(), Kind::Network, "{bad:?}");
        }
        assert!(received(&"a".repeat(MAX_TOKEN_BYTES + 1), Lifetime::Missing).is_err());
        assert!(received("aZ9-._~+/==", Lifetime::Missing).is_ok());
    }

    #[test]
    fn a_token_lives_no_longer_than_its_own_exp() {
        let token = jwt(&format!(r#"{{"exp":{}}}"#, NOW / 1000 + 300));
        assert_eq!(received(&token, Lifetime::Seconds(3600)).unwrap().expires_at, Some(NOW / 1000 + 300));
        assert_eq!(received(&token, Lifetime::Seconds(100)).unwrap().expires_at, Some(NOW / 1000 + 100));
        assert_eq!(received(&token, Lifetime::Missing).unwrap().expires_at, Some(NOW / 1000 + 300));
        assert_eq!(received("opaque", Lifetime::Missing).unwrap().expires_at, None);
    }

    #[test]
    fn expires_in_of_any_shape_is_survived() {
        let of = |json: &str| Lifetime::of(Some(&serde_json::from_str(json).unwrap()));
        assert_eq!(Lifetime::of(None), Lifetime::Missing);
        assert_eq!(of("null"), Lifetime::Missing);
        // A token that is issued is valid for some time.
        for nothing in ["-1", "0", "0.5", "-1e300", "\"0\"", "\"-3600\""] {
            assert_eq!(of(nothing), Lifetime::Missing, "{nothing}");
        }
        for meaningless in ["\"x\"", "\"\"", "\"inf\"", "\"NaN\"", "true", "[3600]", "{}"] {
            assert_eq!(of(meaningless), Lifetime::Missing, "{meaningless}");
        }
        for hour in ["3600", "3600.0", "3600.9", "3.6e3", "\"3600\"", "\" 3600 \"", "\"3600.0\""] {
            assert_eq!(of(hour), Lifetime::Seconds(3600), "{hour}");
        }
        assert_eq!(of("18446744073709551616"), Lifetime::Seconds(MAX_LIFE_SECONDS));
        assert_eq!(of("1"), Lifetime::Seconds(1));
        assert_eq!(of("9223372036854775808"), Lifetime::Seconds(MAX_LIFE_SECONDS));
    }

    #[test]
    fn freshness_is_decided_to_the_second() {
        let token = received("opaque", Lifetime::Seconds(60)).unwrap();
        assert!(token.is_fresh(NOW, Duration::from_secs(59)));
        assert!(!token.is_fresh(NOW, Duration::from_secs(60)));
        assert!(!token.is_fresh(u64::MAX, Duration::ZERO));
        assert!(!token.is_fresh(NOW, Duration::MAX));
        assert_eq!(token.seconds_left(NOW + 500), Some(59));
        assert_eq!(token.seconds_left(u64::MAX), Some(0));
    }
}
