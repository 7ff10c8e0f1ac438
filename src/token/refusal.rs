//! For which claim a service refused a token: the one that it names itself, else what the token's claims make likeliest.
//!
//! The service alone knows its rules, so what is not named by it is called likely and nothing more.

use serde_json::{Map, Value};

use super::consumer::NO_AUDIENCE;
use super::jwt::TokenKind;
use super::refused::{Api, Asked, Failed};
use super::verify::{check_times, one_of, shown};
use super::when::relative;
use crate::error::Hint;

/// Every command that sends a token has these options.
const NEW_TOKEN: &str = "add `--force-refresh` for a new one";
const ACCESS_TOKEN: &str = "send the access token, `--token access`";

/// Why a token was refused.
#[derive(Debug)]
pub(super) struct Why {
    /// Whether the service names the reason itself; else it is what is likeliest.
    pub is_named: bool,
    /// The rule as the service calls it, and what the token has.
    pub what: String,
    /// What mends it.
    pub fix: Hint,
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
const WORDS: [(&str, Reason); 18] = [
    ("insufficient_scope", Reason::Scope),
    ("scope", Reason::Scope),
    ("scopes", Reason::Scope),
    ("allowedscopes", Reason::Scope),
    ("client_id", Reason::Client),
    ("clientid", Reason::Client),
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

/// For which claim the token with these `claims` (none where it has none) was refused, at `now` in milliseconds since the Unix
/// epoch; none where neither the service nor the token says so, and the service is not known.
pub(super) fn why(failed: &Failed<'_>, asked: &Asked, claims: Option<&Map<String, Value>>, now: u64) -> Option<Why> {
    let named = named(&failed.said());
    let guessed = || match claims {
        None => Some(Reason::Format),
        Some(claims) => likeliest(claims, asked, now),
    };
    let reason = named.or_else(guessed)?;
    let (rule, detail, fix) = told(failed, asked, reason, claims.unwrap_or(&Map::new()), now);
    Some(Why { is_named: named.is_some(), what: format!("{rule}: {detail}"), fix })
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

fn likeliest(claims: &Map<String, Value>, asked: &Asked, now: u64) -> Option<Reason> {
    let Asked { api, issuers, .. } = asked;
    let is_of_pool = issuers.is_empty() || issuers.iter().any(|issuer| Some(issuer.as_str()) == text(claims, "iss"));
    match (check_times(claims, now, 0), is_of_pool, TokenKind::of(claims)) {
        (Err(_), _, _) => Some(Reason::Expired),
        (_, false, _) => Some(Reason::Issuer),
        (_, _, TokenKind::Id) => Some(Reason::Use),
        // Of any API nothing is known; AgentCore has a list of clients.
        _ => (*api != Api::Http).then_some(Reason::Client),
    }
}

/// The rule as the service calls it, what the token has, and what mends it.
fn told(
    failed: &Failed<'_>,
    asked: &Asked,
    reason: Reason,
    claims: &Map<String, Value>,
    now: u64,
) -> (&'static str, String, Hint) {
    let has_lists = asked.api != Api::Http;
    let name = |of_lists, claim| if has_lists { of_lists } else { claim };
    let found = |claim: &str| format!("`{claim}` is {}", shown(claims.get(claim)));
    let is_id = TokenKind::of(claims) == TokenKind::Id;
    match reason {
        Reason::Format => ("format", "it is no JSON Web Token".to_owned(), NEW_TOKEN.into()),
        Reason::Signature => {
            let detail = format!("{}, and its keys must be those of the configured pool", found("iss"));
            ("signature", detail, "choose the profile of the configured pool, or configure the token's".into())
        }
        Reason::Expired => match check_times(claims, now, 0) {
            Err(why) => (why.claim, format!("`{}` is {}", why.claim, why.found), NEW_TOKEN.into()),
            Ok(()) => {
                let end = claims.get("exp").and_then(Value::as_i64).map(|end| relative(end, now)).unwrap_or_default();
                ("exp", format!("`exp` is {end}"), NEW_TOKEN.into())
            }
        },
        Reason::Issuer => {
            let wanted = match asked.issuers.is_empty() {
                true => String::new(),
                false => format!(", the profile's pool: {}", one_of(&asked.issuers)),
            };
            let fix = "the issuer that it is configured for must be the token's: choose the profile of that pool, or configure the token's";
            ("iss", format!("{}{wanted}", found("iss")), fix.into())
        }
        Reason::Use => (
            "token_use",
            found("token_use"),
            Hint::new(ACCESS_TOKEN).then("; an ID token has no client_id and no scope"),
        ),
        Reason::Client if is_id => (
            name("allowedClients", "client_id"),
            found("client_id"),
            Hint::new(ACCESS_TOKEN).then("; an ID token has no client_id"),
        ),
        Reason::Client => {
            let client = shown(claims.get("client_id"));
            let add = match has_lists {
                true => format!("add the token's client {client} to allowedClients"),
                false => format!("let it take the token's client {client}"),
            };
            let detail = format!("{}, `scope` is {}", found("client_id"), shown(claims.get("scope")));
            let fix = format!("{add}, or get the token with a client that is there");
            (name("allowedClients", "client_id"), detail, fix.into())
        }
        Reason::Audience => {
            let fix = match claims.get("aud") {
                None if has_lists => NO_AUDIENCE,
                None => "let it look at `client_id` instead: Cognito's access tokens have no aud",
                Some(_) => {
                    "add the token's audience to its configuration, or get the token with a client that is there"
                }
            };
            (name("allowedAudience", "aud"), found("aud"), fix.into())
        }
        Reason::Scope => {
            let wanted = failed.parameter("scope").unwrap_or_else(|| "SCOPE".to_owned());
            let fix = match TokenKind::of(claims) {
                TokenKind::Id => Hint::new(ACCESS_TOKEN).then("; an ID token has no scope"),
                TokenKind::UserAccess => Hint::new(
                    "it wants {wanted}: a sign-in with user name and password gives aws.cognito.signin.user.admin alone, scopes of your own come with `cogtok login{p}`, or from a pre token generation trigger",
                )
                .text("wanted", wanted),
                _ => Hint::new("ask for it: `--scope {wanted}`, which the app client must be allowed")
                    .quoted("wanted", wanted),
            };
            (name("allowedScopes", "scope"), found("scope"), fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    const NOW: u64 = 1_000_000_000;

    fn token(claims: &Value) -> String {
        format!("e30.{}.AA", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn asked() -> Asked {
        let (check, options) = ("--arn ARN".to_owned(), " --as m2m".to_owned());
        Asked { api: Api::Gateway, check, options, issuers: vec!["https://pool".to_owned()] }
    }

    fn failed<'a>(status: u16, challenge: Option<&'a str>, body: &'a str) -> Failed<'a> {
        Failed { status, challenge, error_type: None, media_type: "", body: body.as_bytes() }
    }

    fn why(claims: &Value, status: u16, challenge: Option<&str>, body: &str) -> Error {
        failed(status, challenge, body).refusal(&asked(), &token(claims), NOW)
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
        // Whom it is spoken of is not which claim it is.
        let error = why(&machine(), 403, None, "this client may not come in");
        assert!(error.message().contains("likely because of "), "{error}");
        let answer = failed(401, None, "no\u{1b}[2J");
        let error = answer.refusal(&asked(), "opaque", NOW);
        assert!(error.message().ends_with("likely because of format: it is no JSON Web Token"), "{error}");
        assert_eq!(
            error.hints()[1..].iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "it says: no\\u{1b}[2J",
                "compare all claims with its configuration: `cogtok token check --arn ARN --as m2m`"
            ]
        );
    }

    #[test]
    fn what_is_not_about_the_token_is_not_laid_on_it() {
        for (body, wanted) in [
            (
                r#"{"message":"Authorization method mismatch. The agent is configured for a different authorization method"}"#,
                "customJWTAuthorizer",
            ),
            (
                r#"{"jsonrpc":"2.0","error":{"code":-32001,"message":"Missing Authentication Token"},"id":"null"}"#,
                "check the path",
            ),
        ] {
            let error = why(&machine(), 403, None, body);
            assert_eq!((error.kind(), error.message()), (Kind::Refused, "the server refused the request (403)"));
            assert!(
                error.hints()[0].to_string().contains(wanted) && error.hints()[1].to_string().starts_with("it says: "),
                "{error}"
            );
        }
    }
}
