//! Parses a JSON Web Token without verifying it: to limit the time in the cache, to compare scopes, and to show its content. Whether it is
//! genuine only [`verify`](super::verify) can tell.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result, printable};
use crate::settings::types::Scopes;

/// The claims in a token, NOT VERIFIED.
#[derive(Debug, Clone, Default)]
pub struct UnverifiedClaims {
    /// `exp`, in seconds since the Unix epoch.
    pub exp: Option<u64>,
    /// `scope` (RFC 9068 section 2.2.3).
    pub scope: Option<Scopes>,
    /// `username`: the user as the pool knows it, in access tokens of users.
    pub username: Option<String>,
}

/// The claims of a compact JWS (RFC 7515 section 3.1), or nothing where `token` is not one.
pub fn read_unverified(token: &str) -> Option<UnverifiedClaims> {
    let claims = payload_unverified(token)?;
    Some(UnverifiedClaims {
        exp: exp(&claims),
        scope: claims.get("scope").and_then(Value::as_str).and_then(|scope| Scopes::parse([scope]).ok()),
        username: claims.get("username").and_then(Value::as_str).map(str::to_owned),
    })
}

/// `exp` (RFC 7519 section 4.1.4), in seconds since the Unix epoch.
pub(crate) fn exp(claims: &Map<String, Value>) -> Option<u64> {
    claims.get("exp").and_then(Value::as_f64).map(whole)
}

/// The first claim of an impossible type (RFC 7519 section 4.1, RFC 9068 section 2.2.3), and the right type: such a token has no clear
/// meaning.
pub(crate) fn mistyped(claims: &Map<String, Value>) -> Option<(&'static str, &'static str)> {
    let text = ["sub", "jti", "scope"].map(|name| (name, "text", Value::is_string as fn(&Value) -> bool));
    let all = text.into_iter().chain([("exp", "a number", Value::is_number as fn(&Value) -> bool)]);
    let mut wrong = all.filter(|(name, _, is_right)| claims.get(*name).is_some_and(|value| !is_right(value)));
    wrong.next().map(|(name, expected, _)| (name, expected))
}

/// A number of seconds without its fraction; a negative one is 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast to an integer stays within its range"
)]
pub(crate) fn whole(number: f64) -> u64 {
    number as u64
}

/// The whole payload of a compact JWS, NOT VERIFIED, or nothing where `token` is not one.
pub fn payload_unverified(token: &str) -> Option<Map<String, Value>> {
    object(parts(token)?[1])
}

/// Header and claims of a token, NOT VERIFIED: its maker chose them.
#[derive(Debug, Clone)]
pub struct Unverified {
    /// The JOSE header (RFC 7515 section 4).
    pub header: Map<String, Value>,
    /// The claims (RFC 7519 section 4).
    pub claims: Map<String, Value>,
}

impl Unverified {
    /// Reads a compact JWS without checking its signature.
    ///
    /// # Errors
    /// [`Kind::InvalidToken`] when `token` is not three base64url parts with JSON objects in the first two.
    pub fn read(token: &str) -> Result<Self> {
        let no_jwt = |why: &str| Error::new(Kind::InvalidToken, format!("this is not a JSON Web Token: {why}"));
        let parts = parts(token).ok_or_else(|| match token.split('.').count() {
            5 => no_jwt("it has five parts, so it is encrypted")
                .hint("Cognito's refresh tokens are encrypted: only Cognito can read them"),
            _ => no_jwt("it does not have three parts with dots between"),
        })?;
        let read = |part: &str, name: &str| {
            object(part).ok_or_else(|| no_jwt(&format!("its {name} is not a JSON object in base64url")))
        };
        Ok(Unverified { header: read(parts[0], "header")?, claims: read(parts[1], "payload")? })
    }

    /// Who acts for the subject, as [`actors`] has it.
    pub fn actors(&self) -> Vec<&Value> {
        actors(&self.claims)
    }

    /// The kind of token, by its own claims.
    pub fn kind(&self) -> TokenKind {
        TokenKind::of(&self.claims)
    }
}

/// Who acts for the subject (`act`, RFC 8693 section 4.1): the present actor first, then those who acted before it.
pub fn actors(claims: &Map<String, Value>) -> Vec<&Value> {
    std::iter::successors(claims.get("act"), |actor| actor.get("act")).collect()
}

/// An actor in words, fit for a terminal: what names it, without who acted before it.
pub fn described_actor(actor: &Value) -> String {
    let named = ["sub", "client_id", "iss"].into_iter().filter_map(|name| {
        let value = actor.get(name)?.as_str()?;
        Some(format!("{name} {}", printable(value, 120)))
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { format!("unnamed: {}", printable(&actor.to_string(), 120)) } else { named.join(", ") }
}

/// The kinds of token that Cognito issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A user's access token.
    UserAccess,
    /// A user's ID token.
    Id,
    /// An access token of the client_credentials grant or GetClientToken.
    Machine,
    /// Not issued by Cognito.
    Unknown,
}

impl TokenKind {
    pub(crate) fn of(claims: &Map<String, Value>) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        match text("token_use") {
            Some("id") => TokenKind::Id,
            // A machine's token has no user; Cognito uses the client's id instead.
            Some("access") if text("username").is_none() && text("sub") == text("client_id") => TokenKind::Machine,
            Some("access") => TokenKind::UserAccess,
            _ => TokenKind::Unknown,
        }
    }

    /// The claim with the user's name in the pool. A trigger may add a claim with the name that the other kind has for it.
    pub(crate) const fn username_claim(self) -> &'static str {
        match self {
            TokenKind::Id => "cognito:username",
            TokenKind::UserAccess | TokenKind::Machine | TokenKind::Unknown => "username",
        }
    }

    /// The claim with the app client, as [`TokenKind::username_claim`].
    pub(crate) const fn client_claim(self) -> &'static str {
        match self {
            TokenKind::Id => "aud",
            TokenKind::UserAccess | TokenKind::Machine | TokenKind::Unknown => "client_id",
        }
    }

    /// The name in JSON output.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenKind::UserAccess => "user-access",
            TokenKind::Id => "id",
            TokenKind::Machine => "m2m-access",
            TokenKind::Unknown => "unknown",
        }
    }

    /// The name for a person.
    pub const fn described(self) -> &'static str {
        match self {
            TokenKind::UserAccess => "a user's access token",
            TokenKind::Id => "a user's ID token",
            TokenKind::Machine => "a machine-to-machine access token",
            TokenKind::Unknown => "not of a kind that Cognito issues",
        }
    }
}

/// The three parts of a compact JWS.
pub(crate) fn parts(token: &str) -> Option<[&str; 3]> {
    let mut parts = token.split('.');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

/// A part that is a JSON object in base64url without padding.
pub(crate) fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// Whether a part is a JSON object in base64url with parameters of these types, each at most once.
pub(crate) fn has_header_of<T: serde::de::DeserializeOwned>(part: &str) -> bool {
    URL_SAFE_NO_PAD.decode(part).is_ok_and(|json| serde_json::from_slice::<T>(&json).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_jwt_has_no_claims() {
        for token in ["", "opaque", "a.b", "a.b.c", "a.b.c.d.e", "e30.bm90anNvbg.c2ln", "e30.W10.c2ln"] {
            assert!(read_unverified(token).is_none(), "{token}");
            assert_eq!(Unverified::read(token).unwrap_err().kind(), Kind::InvalidToken, "{token}");
        }
        assert!(read_unverified("e30.e30.c2ln").is_some_and(|claims| claims.exp.is_none() && claims.scope.is_none()));
    }

    #[test]
    fn the_kind_is_read_from_the_claims() {
        for (claims, kind) in [
            (r#"{"token_use":"id","sub":"u"}"#, TokenKind::Id),
            (r#"{"token_use":"access","sub":"u","client_id":"c","username":"u"}"#, TokenKind::UserAccess),
            (r#"{"token_use":"access","sub":"c","client_id":"c"}"#, TokenKind::Machine),
            (r#"{"token_use":"access","sub":"c","client_id":"c","username":"c"}"#, TokenKind::UserAccess),
            (r#"{"token_use":["id"]}"#, TokenKind::Unknown),
            ("{}", TokenKind::Unknown),
        ] {
            assert_eq!(TokenKind::of(&serde_json::from_str(claims).unwrap()), kind, "{claims}");
        }
    }

    #[test]
    fn claims_of_a_token_are_read_as_they_are() {
        let of = |payload: &str| read_unverified(&format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))).unwrap();
        let claims = of(r#"{"exp":1700000000.9,"scope":"b a","username":"ann"}"#);
        assert_eq!((claims.exp, claims.username.as_deref()), (Some(1_700_000_000), Some("ann")));
        assert_eq!(claims.scope.unwrap().to_string(), "a b");
        let claims = of(r#"{"exp":"soon","scope":7,"username":["ann"]}"#);
        assert!(claims.exp.is_none() && claims.scope.is_none() && claims.username.is_none());
        assert_eq!(of(r#"{"exp":-7}"#).exp, Some(0));
        assert!(has_header_of::<u8>("Nw") && !has_header_of::<u8>("Nw==") && !has_header_of::<u8>("e30"));
    }

    #[test]
    fn the_first_claim_of_an_impossible_type_is_named() {
        for (claims, name) in [
            (r#"{"sub":"a","jti":"b","scope":"c","exp":1.5}"#, None),
            ("{}", None),
            (r#"{"sub":1,"exp":"x"}"#, Some(("sub", "text"))),
            (r#"{"jti":null}"#, Some(("jti", "text"))),
            (r#"{"scope":["a"]}"#, Some(("scope", "text"))),
            (r#"{"exp":"7"}"#, Some(("exp", "a number"))),
        ] {
            assert_eq!(mistyped(&serde_json::from_str(claims).unwrap()), name, "{claims}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        let token = |payload: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        let refused = |token: &str| {
            let error = Unverified::read(token).unwrap_err();
            (error.message().to_owned(), error.advice().len())
        };
        let (encrypted, hints) = refused("a.b.c.d.e");
        assert!(encrypted.ends_with("it has five parts, so it is encrypted") && hints == 1, "{encrypted}");
        assert!(refused("a.b.c.d").0.ends_with("it does not have three parts with dots between"));
        assert!(refused("a.b.c").0.ends_with("its header is not a JSON object in base64url"));
        assert!(refused("e30.b.c").0.ends_with("its payload is not a JSON object in base64url"));
        let read = Unverified::read(&token(r#"{"token_use":"id","act":{"sub":"a"}}"#)).unwrap();
        assert_eq!((read.kind(), read.header.len()), (TokenKind::Id, 0));
        assert_eq!(read.actors(), [&serde_json::json!({"sub": "a"})]);
        assert_eq!(payload_unverified(&token(r#"{"a":1}"#)).unwrap()["a"], 1);
    }

    #[test]
    fn who_acts_is_told_from_the_present_one_on() {
        let claims = serde_json::from_str(
            r#"{"act":{"sub":"a\u001b","client_id":"c","x":1,"act":{"iss":"i","act":{"sub":7}}}}"#,
        );
        let claims: Map<String, Value> = claims.unwrap();
        let described: Vec<String> = actors(&claims).into_iter().map(described_actor).collect();
        assert_eq!(described, ["sub a\\u{1b}, client_id c", "iss i", "unnamed: {\"sub\":7}"]);
        assert!(actors(&Map::new()).is_empty());
    }

    #[test]
    fn each_kind_has_its_names() {
        for (kind, name, words) in [
            (TokenKind::UserAccess, "user-access", "a user's access token"),
            (TokenKind::Id, "id", "a user's ID token"),
            (TokenKind::Machine, "m2m-access", "a machine-to-machine access token"),
            (TokenKind::Unknown, "unknown", "not of a kind that Cognito issues"),
        ] {
            assert_eq!((kind.as_str(), kind.described()), (name, words));
        }
    }
}
