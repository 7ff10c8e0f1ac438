use super::*;
use crate::error::{Advice, AdviceKind, Error, Kind};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

const NOW: u64 = 1_000_000_000;

fn token(claims: &Value) -> String {
    format!("e30.{}.AA", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn asked() -> RequestContext {
    let (check, options) = ("--arn ARN".to_owned(), " --as m2m".to_owned());
    RequestContext { api: Api::Gateway, check, options, issuers: vec!["https://pool".to_owned()] }
}

fn failed<'a>(status: u16, challenge: Option<&'a str>, body: &'a str) -> ErrorResponse<'a> {
    ErrorResponse { status, challenge, error_type: None, media_type: "", body: body.as_bytes() }
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
            "exp: the server says that the token has expired; its `exp` is in 60 min by this machine's clock",
        ),
        (None, r#"{"detail":"Signature has expired"}"#, "exp: the server says that the token has expired"),
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
        // The messages of PyJWT, python-jose, jsonwebtoken, golang-jwt and aws-jwt-verify.
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
        (&machine(), "The token is not yet valid (nbf)", "(401): nbf: the server says that the token is not yet valid"),
        (&machine(), "jwt malformed", "(401): likely because of allowedClients"),
    ] {
        let error = why(claims, 401, None, said);
        assert!(error.message().contains(wanted), "{said}: {error}");
    }
    // A scope that the token has can't be the missing one.
    let challenge = r#"Bearer error="insufficient_scope", scope="api/read""#;
    let error = why(&machine(), 403, Some(challenge), "");
    assert!(!error.message().contains("allowedScopes"), "{error}");
    // The advice fits the token, too.
    let error = why(&user, 401, None, "Token use not allowed: access. Expected: id");
    assert!(error.advises(AdviceKind::SendIdToken), "{:?}", error.advice());
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
        // The scope and URLs in a challenge are constant and don't explain this refusal.
        let challenge = r#"Bearer resource_metadata="https://x/client_id/scope", scope="a b""#;
        let error = why(&claims, 401, Some(challenge), "<html>exp</html>");
        assert!(error.message().contains(wanted), "{error}");
    }
    // A mention of the user is not a claim's name.
    let error = why(&machine(), 403, None, "this client may not come in");
    assert!(error.message().contains("likely because of "), "{error}");
    let answer = failed(401, None, "no\u{1b}[2J");
    let error = answer.refusal(&asked(), "opaque", NOW);
    assert!(error.message().ends_with("likely because of format: it is not a JSON Web Token"), "{error}");
    assert_eq!(
        error.advice()[1..].iter().map(Advice::told).collect::<Vec<_>>(),
        ["it says: no\\u{1b}[2J", "CompareWithAuthorizer options= --as m2m check=--arn ARN"]
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
            "CheckPath",
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
        assert!(
            error.advice()[0].told().contains(wanted) && error.advice()[1].told().starts_with("it says: "),
            "{error}"
        );
    }
}
