//! For which claim a service refused a token: the one that it names itself, else what the token's claims make likeliest.
//!
//! The service alone knows its rules, so what is not named by it is called likely and nothing more.

use serde_json::{Map, Value};

use super::consumer::NO_AUDIENCE;
use super::jwt::TokenKind;
use super::refused::{Api, Asked, Failed};
use super::verify::{check_times, one_of, shown};
use super::when::relative;
use crate::error::printable;

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
    pub fix: String,
}

/// A claim, or another property, for which a token can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Format,
    Signature,
    Times,
    Issuer,
    Use,
    Client,
    Audience,
    Scope,
}

/// The words by which services name a reason, with what is no letter, digit or `_` as one space.
const WORDS: [(&str, Reason); 27] = [
    (" insufficient_scope ", Reason::Scope),
    (" scope ", Reason::Scope),
    (" scopes ", Reason::Scope),
    (" allowedscopes ", Reason::Scope),
    (" client_id ", Reason::Client),
    (" client id ", Reason::Client),
    (" clientid ", Reason::Client),
    (" allowedclients ", Reason::Client),
    (" aud ", Reason::Audience),
    (" audience ", Reason::Audience),
    (" allowedaudience ", Reason::Audience),
    (" iss ", Reason::Issuer),
    (" issuer ", Reason::Issuer),
    (" exp ", Reason::Times),
    (" expired ", Reason::Times),
    (" nbf ", Reason::Times),
    (" iat ", Reason::Times),
    (" not yet valid ", Reason::Times),
    (" jwt not active ", Reason::Times),
    (" token_use ", Reason::Use),
    (" token use ", Reason::Use),
    (" signature ", Reason::Signature),
    (" kid ", Reason::Signature),
    (" malformed ", Reason::Format),
    (" not enough segments ", Reason::Format),
    (" number of segments ", Reason::Format),
    (" no json web token ", Reason::Format),
];

/// Seconds before its end in which a token counts as over for some services.
const LAST_SECONDS: u64 = 120;

/// For which claim the token with these `claims` (none where it has none) was refused, at `now` in milliseconds since the Unix
/// epoch; none where neither the service nor the token says so, and the service is not known.
///
/// The service's words choose among what can be so of this token, and never say of it what is not.
pub(super) fn why(failed: &Failed<'_>, asked: &Asked, claims: Option<&Map<String, Value>>, now: u64) -> Option<Why> {
    let Some(claims) = claims else {
        let (rule, detail, fix) = told(failed, asked, Reason::Format, &Map::new(), now);
        return Some(Why { is_named: false, what: format!("{rule}: {detail}"), fix });
    };
    let named = named(&failed.said());
    let chosen = named.iter().copied().find(|reason| can_be(*reason, failed, claims, now));
    let seen = likeliest(claims, asked, now).filter(|_| is_at_fault(claims, asked, now));
    match (chosen, seen) {
        // That the signature is wrong says less than what is wrong with the token.
        (Some(Reason::Signature), Some(seen)) | (None, Some(seen)) => {
            return Some(because(failed, asked, seen, claims, now, false));
        }
        (Some(chosen), _) => return Some(because(failed, asked, chosen, claims, now, true)),
        (None, None) => {}
    }
    if named.contains(&Reason::Times) {
        let end = claims.get("exp").and_then(Value::as_i64).map(|end| relative(end, now)).unwrap_or_default();
        let what = format!("exp: it takes the token for over, whose `exp` is {end} by this machine's clock");
        let fix =
            "compare its clock with this machine's; a service may also take tokens for less time than their `exp` says";
        return Some(Why { is_named: true, what, fix: fix.to_owned() });
    }
    likeliest(claims, asked, now).map(|reason| because(failed, asked, reason, claims, now, false))
}

fn because(
    failed: &Failed<'_>,
    asked: &Asked,
    reason: Reason,
    claims: &Map<String, Value>,
    now: u64,
    is_named: bool,
) -> Why {
    let (rule, detail, fix) = told(failed, asked, reason, claims, now);
    Why { is_named, what: format!("{rule}: {detail}"), fix }
}

/// The reasons that are named, the first that is named first; those that say least come last.
fn named(said: &str) -> Vec<Reason> {
    let said = said.to_ascii_lowercase();
    let words: Vec<&str> =
        said.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let said = format!(" {} ", words.join(" "));
    let mut found: Vec<(usize, Reason)> =
        WORDS.iter().filter_map(|(word, reason)| Some((said.find(word)?, *reason))).collect();
    found.sort_by_key(|(at, reason)| (matches!(reason, Reason::Signature | Reason::Format), *at));
    let mut reasons = Vec::new();
    for (_, reason) in found {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    // "Signature has expired" is no word on the signature.
    if reasons.contains(&Reason::Times) {
        reasons.retain(|reason| !matches!(reason, Reason::Signature | Reason::Format));
    }
    reasons
}

/// Whether this token can have been refused for it.
fn can_be(reason: Reason, failed: &Failed<'_>, claims: &Map<String, Value>, now: u64) -> bool {
    match reason {
        // It is a JSON Web Token.
        Reason::Format => false,
        Reason::Times => {
            check_times(claims, now.saturating_add(LAST_SECONDS * 1000), 0).is_err()
                || check_times(claims, now, 0).is_err()
        }
        Reason::Scope => {
            let has =
                |wanted: &str| text(claims, "scope").is_some_and(|scope| scope.split(' ').any(|has| has == wanted));
            // A service that takes any of several names them all.
            !failed.parameter("scope").is_some_and(|wanted| wanted.split_whitespace().any(has))
        }
        Reason::Use => claims.contains_key("token_use"),
        Reason::Signature | Reason::Issuer | Reason::Client | Reason::Audience => true,
    }
}

/// Whether the token has a fault that can be seen from here.
fn is_at_fault(claims: &Map<String, Value>, asked: &Asked, now: u64) -> bool {
    check_times(claims, now, 0).is_err() || !is_of_pool(claims, asked) || TokenKind::of(claims) == TokenKind::Id
}

fn is_of_pool(claims: &Map<String, Value>, asked: &Asked) -> bool {
    asked.issuers.is_empty() || asked.issuers.iter().any(|issuer| Some(issuer.as_str()) == text(claims, "iss"))
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn likeliest(claims: &Map<String, Value>, asked: &Asked, now: u64) -> Option<Reason> {
    match (check_times(claims, now, 0), is_of_pool(claims, asked), TokenKind::of(claims)) {
        (Err(_), _, _) => Some(Reason::Times),
        (_, false, _) => Some(Reason::Issuer),
        (_, _, TokenKind::Id) => Some(Reason::Use),
        // Of any API nothing is known; AgentCore has a list of clients.
        _ => (asked.api != Api::Http).then_some(Reason::Client),
    }
}

/// The rule as the service calls it, what the token has, and what mends it.
fn told(
    failed: &Failed<'_>,
    asked: &Asked,
    reason: Reason,
    claims: &Map<String, Value>,
    now: u64,
) -> (&'static str, String, String) {
    let has_lists = asked.api != Api::Http;
    let name = |of_lists, claim| if has_lists { of_lists } else { claim };
    let found = |claim: &str| format!("`{claim}` is {}", shown(claims.get(claim)));
    let is_id = TokenKind::of(claims) == TokenKind::Id;
    match reason {
        Reason::Format => ("format", "it is no JSON Web Token".to_owned(), NEW_TOKEN.to_owned()),
        Reason::Signature => {
            let detail = format!("{}, and its keys must be those of the configured pool", found("iss"));
            ("signature", detail, "choose the profile of the configured pool, or configure the token's".to_owned())
        }
        Reason::Times => match check_times(claims, now, 0) {
            Err(why) => (why.claim, format!("`{}` is {}", why.claim, why.found), NEW_TOKEN.to_owned()),
            Ok(()) => {
                let end = claims.get("exp").and_then(Value::as_i64).map(|end| relative(end, now)).unwrap_or_default();
                ("exp", format!("`exp` is {end}"), NEW_TOKEN.to_owned())
            }
        },
        Reason::Issuer => {
            let wanted = match asked.issuers.is_empty() {
                true => String::new(),
                false => format!(", the profile's pool: {}", one_of(&asked.issuers)),
            };
            let fix = "the issuer that it is configured for must be the token's: choose the profile of that pool, or configure the token's";
            ("iss", format!("{}{wanted}", found("iss")), fix.to_owned())
        }
        Reason::Use => {
            let fix = match TokenKind::of(claims) {
                TokenKind::UserAccess => "if it takes ID tokens, send that one: `--token id`".to_owned(),
                TokenKind::Machine => "if it takes ID tokens, a user has to sign in: a machine has none".to_owned(),
                _ => format!("{ACCESS_TOKEN}; an ID token has no client_id and no scope"),
            };
            ("token_use", found("token_use"), fix)
        }
        Reason::Client if is_id => (
            name("allowedClients", "client_id"),
            found("client_id"),
            format!("{ACCESS_TOKEN}; an ID token has no client_id"),
        ),
        Reason::Client => {
            let client = shown(claims.get("client_id"));
            let add = match has_lists {
                true => format!("add the token's client {client} to allowedClients"),
                false => format!("let it take the token's client {client}"),
            };
            let detail = format!("{}, `scope` is {}", found("client_id"), shown(claims.get("scope")));
            let fix = format!("{add}, or get the token with a client that is there");
            (name("allowedClients", "client_id"), detail, fix)
        }
        Reason::Audience => {
            let fix = match claims.get("aud") {
                None if has_lists => NO_AUDIENCE,
                None => "let it look at `client_id` instead: Cognito's access tokens have no aud",
                Some(_) => {
                    "add the token's audience to its configuration, or get the token with a client that is there"
                }
            };
            (name("allowedAudience", "aud"), found("aud"), fix.to_owned())
        }
        Reason::Scope => {
            let wanted = failed.parameter("scope").map(|scope| printable(&scope, 120));
            let wanted = wanted.as_deref().unwrap_or("SCOPE");
            let fix = match TokenKind::of(claims) {
                TokenKind::Id => format!("{ACCESS_TOKEN}; an ID token has no scope"),
                TokenKind::UserAccess => format!(
                    "it wants {wanted}: a sign-in with user name and password gives aws.cognito.signin.user.admin alone, scopes of your own come with `cogtok login`, or from a pre token generation trigger"
                ),
                _ => format!("ask for it: `--scope '{wanted}'`, which the app client must be allowed"),
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
            (
                Some(r#"Bearer error="invalid_token", error_description="the token has expired""#),
                "",
                "exp: it takes the token for over, whose `exp` is in 60 min by this machine's clock",
            ),
            (None, r#"{"detail":"Signature has expired"}"#, "exp: it takes the token for over"),
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
    fn words_choose_among_what_can_be_so_of_this_token() {
        let changed = |changes: Value| {
            let mut claims = machine();
            for (name, value) in changes.as_object().unwrap() {
                claims[name] = value.clone();
            }
            claims
        };
        let over = changed(json!({"exp": 999_700}));
        let id = changed(json!({"token_use": "id", "aud": "web", "client_id": null, "scope": null}));
        let other = changed(json!({"iss": "https://other"}));
        let user = changed(json!({"username": "alice", "sub": "u"}));
        for (claims, said, wanted) in [
            // PyJWT, python-jose, jsonwebtoken, golang-jwt and aws-jwt-verify.
            (&over, "Signature has expired", "(401): exp: `exp` is 999700 (5 min ago)"),
            (&over, "jwt expired", "(401): exp: `exp` is 999700"),
            (&over, "token has invalid claims: token is expired", "(401): exp: `exp` is 999700"),
            (&over, "Token expired at 2001-09-09T01:41:40.000Z", "(401): exp: `exp` is 999700"),
            (&over, "Signature verification failed", "(401): likely because of exp: `exp` is 999700"),
            (&other, "Signature verification failed", "(401): likely because of iss: `iss` is https://other"),
            (&other, "jwt issuer invalid. expected: https://pool", "(401): iss: `iss` is https://other"),
            (&id, "Token use not allowed: id. Expected: access", "(401): token_use: `token_use` is id"),
            (&id, "Invalid token", "(401): likely because of token_use"),
            (&id, "jwt malformed", "(401): likely because of token_use"),
            (&user, "Token use not allowed: access. Expected: id", "(401): token_use: `token_use` is access"),
            (&machine(), "Client ID not allowed: m2m. Expected: web", "(401): allowedClients: `client_id` is m2m"),
            (&machine(), "The token is not yet valid (nbf)", "(401): exp: it takes the token for over"),
            (&machine(), "jwt malformed", "(401): likely because of allowedClients"),
        ] {
            let error = why(claims, 401, None, said);
            assert!(error.message().contains(wanted), "{said}: {error}");
        }
        // What it has can't be what it lacks.
        let challenge = r#"Bearer error="insufficient_scope", scope="api/read""#;
        let error = why(&machine(), 403, Some(challenge), "");
        assert!(!error.message().contains("allowedScopes"), "{error}");
        // The advice fits the token as well.
        let error = why(&user, 401, None, "Token use not allowed: access. Expected: id");
        assert!(error.hints()[0].contains("--token id"), "{:?}", error.hints());
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
            error.hints()[1..],
            [
                "it says: no\\u{1b}[2J",
                "compare all claims with its configuration: `cogtok token check --arn ARN --as m2m{p}`"
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
            (
                r#"{"message":"Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter."}"#,
                "IAM authorizer",
            ),
            (
                r#"{"message":"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'x'."}"#,
                "IAM authorizer",
            ),
        ] {
            let error = why(&machine(), 403, None, body);
            assert_eq!((error.kind(), error.message()), (Kind::Refused, "the server refused the request (403)"));
            assert!(error.hints()[0].contains(wanted) && error.hints()[1].starts_with("it says: "), "{error}");
        }
    }
}
