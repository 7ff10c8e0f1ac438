//! For which claim a service refused a token: the one that it names itself, else what the token's claims make likeliest.
//!
//! The service alone knows its rules, so what is not named by it is called likely and nothing more.

use serde_json::{Map, Value};

use super::consumer::{ACCESS_TOKEN, Consumer, NEW_TOKEN};
use super::jwt::{TokenKind, payload_unverified};
use super::refused::Failed;
use super::verify::{one_of, shown};
use super::when::relative;
use crate::error::{Error, Kind, printable};

/// A refusal: 401 or 403.
#[derive(Debug, Clone, Copy)]
pub struct Refused<'a> {
    /// The HTTP status.
    pub status: u16,
    /// `WWW-Authenticate` (RFC 6750 section 3), where it is there.
    pub challenge: Option<&'a str>,
    /// The body.
    pub body: &'a str,
}

/// A claim, or another property, for which a token can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Format,
    Signature,
    Expired,
    Issuer,
    Use,
    Client,
    Audience,
    Scope,
}

/// The words by which services name a reason.
const WORDS: [(&str, Reason); 19] = [
    ("insufficient_scope", Reason::Scope),
    ("scope", Reason::Scope),
    ("scopes", Reason::Scope),
    ("allowedscopes", Reason::Scope),
    ("client_id", Reason::Client),
    ("clientid", Reason::Client),
    ("client", Reason::Client),
    ("allowedclients", Reason::Client),
    ("aud", Reason::Audience),
    ("audience", Reason::Audience),
    ("allowedaudience", Reason::Audience),
    ("iss", Reason::Issuer),
    ("issuer", Reason::Issuer),
    ("exp", Reason::Expired),
    ("expired", Reason::Expired),
    ("token_use", Reason::Use),
    ("signature", Reason::Signature),
    ("kid", Reason::Signature),
    ("malformed", Reason::Format),
];

/// The error for the refusal of `token` by a service of this kind, at `now` (milliseconds since the Unix epoch). `issuers` are
/// those of the profile's pool, where it has one.
pub fn explain(consumer: Consumer, refused: Refused<'_>, token: &str, issuers: &[String], now: u64) -> Error {
    let claims = payload_unverified(token);
    let said = said(refused);
    let named = named(&said);
    let guessed = || claims.as_ref().map_or(Reason::Format, |claims| likeliest(claims, issuers, now));
    let reason = named.unwrap_or_else(guessed);
    let (rule, detail, fix) = told(consumer, reason, claims.as_ref().unwrap_or(&Map::new()), issuers, now);
    let likely = if named.is_some() { "" } else { "likely because of " };
    let message = format!("the server refused the token ({}): {likely}{rule}: {detail}", refused.status);
    let error = Error::new(Kind::Refused, message).hint(fix);
    let error = match said.trim() {
        "" => error,
        said => error.hint(format!("it says: {}", printable(said, 300))),
    };
    error.hint(format!(
        "compare all claims with its configuration: `cogtok token check --for {} --authorizer FILE{{p}}`",
        consumer.as_str()
    ))
}

/// What the service says in words: the error of the challenge with its description, then the body.
fn said(refused: Refused<'_>) -> String {
    let Refused { status, challenge, body } = refused;
    let failed = Failed { status, challenge, error_type: None, media_type: "", body: body.as_bytes() };
    let mut parts = Vec::new();
    for part in [failed.parameter("error"), failed.parameter("error_description"), failed.body_words()] {
        parts.extend(part.filter(|part| !parts.contains(part)));
    }
    parts.join(": ")
}

/// The first reason that is named.
fn named(said: &str) -> Option<Reason> {
    let said = said.to_ascii_lowercase();
    let mut words = said.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.find_map(|word| WORDS.iter().find(|(known, _)| *known == word).map(|(_, reason)| *reason))
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn likeliest(claims: &Map<String, Value>, issuers: &[String], now: u64) -> Reason {
    let is_over = claims.get("exp").and_then(Value::as_u64).is_some_and(|end| now / 1000 >= end);
    let is_of_pool = issuers.is_empty() || issuers.iter().any(|issuer| Some(issuer.as_str()) == text(claims, "iss"));
    match (is_over, is_of_pool, TokenKind::of(claims)) {
        (true, _, _) => Reason::Expired,
        (_, false, _) => Reason::Issuer,
        (_, _, TokenKind::Id) => Reason::Use,
        _ => Reason::Client,
    }
}

/// The rule as the service calls it, what the token has, and what mends it.
fn told(
    consumer: Consumer,
    reason: Reason,
    claims: &Map<String, Value>,
    issuers: &[String],
    now: u64,
) -> (&'static str, String, String) {
    let has_lists = matches!(consumer, Consumer::AgentcoreRuntime | Consumer::AgentcoreGateway);
    let name = |of_lists, claim| if has_lists { of_lists } else { claim };
    let found = |claim: &str| format!("`{claim}` is {}", shown(claims.get(claim)));
    let is_id = TokenKind::of(claims) == TokenKind::Id;
    match reason {
        Reason::Format => ("format", "it is no JSON Web Token".to_owned(), NEW_TOKEN.to_owned()),
        Reason::Signature => {
            let detail = format!("{}, and its keys must be those of the configured pool", found("iss"));
            ("signature", detail, "choose the profile of the configured pool, or configure the token's".to_owned())
        }
        Reason::Expired => {
            let end = claims.get("exp").and_then(Value::as_i64);
            ("exp", end.map_or_else(|| found("exp"), |end| relative(end, now)), NEW_TOKEN.to_owned())
        }
        Reason::Issuer => {
            let wanted =
                if issuers.is_empty() { String::new() } else { format!(", the profile's pool: {}", one_of(issuers)) };
            let fix = "the issuer in its discoveryUrl must be the token's: choose the profile of that pool, or configure the token's";
            ("iss", format!("{}{wanted}", found("iss")), fix.to_owned())
        }
        Reason::Use => {
            ("token_use", found("token_use"), format!("{ACCESS_TOKEN}; an ID token has no client_id and no scope"))
        }
        Reason::Client if is_id => (
            name("allowedClients", "client_id"),
            found("client_id"),
            format!("{ACCESS_TOKEN}; an ID token has no client_id"),
        ),
        Reason::Client => {
            let rule = name("allowedClients", "client_id");
            let detail = format!("{}, `scope` is {}", found("client_id"), shown(claims.get("scope")));
            (rule, detail, format!("add the token's client to {rule}, or get the token with a client that is there"))
        }
        Reason::Audience => {
            let fix = match claims.get("aud") {
                None => {
                    "name the app client in allowedClients instead, and leave allowedAudience out: Cognito's access tokens have no aud"
                }
                Some(_) => {
                    "add the token's audience to its configuration, or get the token with a client that is there"
                }
            };
            (name("allowedAudience", "aud"), found("aud"), fix.to_owned())
        }
        Reason::Scope => {
            let fix = match TokenKind::of(claims) {
                TokenKind::Id => format!("{ACCESS_TOKEN}; an ID token has no scope"),
                TokenKind::UserAccess => "a sign-in with user name and password gives aws.cognito.signin.user.admin alone: scopes of your own come with `cogtok login`, or from a pre token generation trigger".to_owned(),
                _ => "ask for it: `--scope SCOPE`, which the app client must be allowed".to_owned(),
            };
            (name("allowedScopes", "scope"), found("scope"), fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    const NOW: u64 = 1_000_000_000;

    fn token(claims: &Value) -> String {
        format!("e30.{}.AA", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn why(claims: &Value, status: u16, challenge: Option<&str>, body: &str) -> Error {
        let issuers = ["https://pool".to_owned()];
        explain(Consumer::AgentcoreGateway, Refused { status, challenge, body }, &token(claims), &issuers, NOW)
    }

    fn machine() -> Value {
        json!({"token_use": "access", "sub": "m2m", "client_id": "m2m", "scope": "api/read", "iss": "https://pool", "exp": 1_003_600})
    }

    #[test]
    fn what_the_service_names_is_the_reason() {
        for (challenge, body, wanted) in [
            (
                None,
                r#"{"message":"OAuth authorization failed: Claim 'client_id' value mismatch with configuration"}"#,
                "allowedClients: `client_id` is m2m",
            ),
            (Some(r#"Bearer error="insufficient_scope", scope="api/write""#), "", "allowedScopes: `scope` is api/read"),
            (Some(r#"Bearer error="invalid_token", error_description="the token has expired""#), "", "exp: "),
            (
                None,
                r#"{"jsonrpc":"2.0","error":{"code":-32001,"message":"Claim 'aud' is missing"},"id":null}"#,
                "allowedAudience: `aud` is missing",
            ),
            (None, "Issuer mismatch", "iss: `iss` is https://pool"),
            (None, "bad signature", "signature: "),
        ] {
            let error = why(&machine(), 403, challenge, body);
            assert_eq!(error.kind(), Kind::Refused);
            let start = format!("the server refused the token (403): {wanted}");
            assert!(error.message().starts_with(&start), "{error}");
        }
    }

    #[test]
    fn what_it_does_not_name_is_guessed_from_the_claims_and_called_likely() {
        let changed = |name: &str, value: Value| {
            let mut claims = machine();
            claims[name] = value;
            claims
        };
        for (claims, wanted) in [
            (machine(), "likely because of allowedClients: `client_id` is m2m, `scope` is api/read"),
            (changed("exp", json!(999_000)), "likely because of exp: "),
            (
                changed("iss", json!("https://other")),
                "likely because of iss: `iss` is https://other, the profile's pool: https://pool",
            ),
            (changed("token_use", json!("id")), "likely because of token_use: `token_use` is id"),
        ] {
            // The scope and the addresses in a challenge are what every token is told, not why this one was refused.
            let challenge = r#"Bearer resource_metadata="https://x/client_id/scope", scope="a b""#;
            let error = why(&claims, 401, Some(challenge), "<html>exp</html>");
            assert!(error.message().contains(wanted), "{error}");
        }
        let refused = Refused { status: 401, challenge: None, body: "no\u{1b}[2J" };
        let error = explain(Consumer::AgentcoreGateway, refused, "opaque", &[], NOW);
        assert!(error.message().ends_with("likely because of format: it is no JSON Web Token"), "{error}");
        assert_eq!(error.hints()[1], "it says: no\\u{1b}[2J");
    }
}
