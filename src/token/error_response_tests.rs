use crate::error::Advice;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;

const NOW: u64 = 1_700_000_000_000;
const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01";

fn token(changes: Value) -> String {
    let mut claims = json!({"sub": "u", "username": "alice", "token_use": "access", "client_id": "web", "iss": ISSUER,
        "scope": "api/read", "iat": 1_699_999_000, "exp": 1_700_003_120});
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

fn json_answer(status: u16, body: &'static str) -> ErrorResponse<'static> {
    ErrorResponse { status, challenge: None, error_type: None, media_type: "application/json", body: body.as_bytes() }
}

fn explain(api: Api, answer: &ErrorResponse<'_>, token: &str) -> String {
    let (check, options, issuers) = ("--arn ARN".to_owned(), " --as m2m".to_owned(), vec![ISSUER.to_owned()]);
    answer
        .explain(&RequestContext { api, check, options, issuers }, token, NOW)
        .iter()
        .map(Advice::told)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_servers_words_are_found_where_servers_put_them() {
    for (body, words) in [
        (r#"{"message": "no"}"#, Some("no")),
        (r#"{"Message": "no"}"#, Some("no")),
        (r#"{"error": "invalid", "error_description": "no"}"#, Some("no")),
        (r#"{"error": "no"}"#, Some("no")),
        (r#"{"error": {"message": "no", "code": 5}}"#, Some("no")),
        (r#"{"detail": "no\u001b[2J"}"#, Some("no\\u{1b}[2J")),
        (r#"{"message": 5}"#, None),
        (r#"["no"]"#, None),
        ("not JSON", None),
        (r#"{"message": "  "}"#, None),
    ] {
        assert_eq!(json_answer(400, body).words().as_deref(), words, "{body}");
    }
    let text = ErrorResponse { media_type: "text/plain", ..json_answer(500, "\n a line\nanother") };
    assert_eq!(text.words().as_deref(), Some("a line"));
    assert_eq!(ErrorResponse { media_type: "text/html", ..text }.words(), None);
    for (challenge, words) in [
        (
            r#"Bearer realm="api", error="invalid_token", error_description="The \"access\" token expired""#,
            Some("The \"access\" token expired"),
        ),
        (r#"Bearer error="invalid_token""#, Some("invalid_token")),
        (r#"Bearer last_error="x""#, None),
        (r#"Bearer error="unended"#, Some("unended")),
        ("Bearer", None),
    ] {
        let answer = ErrorResponse { challenge: Some(challenge), media_type: "text/html", ..json_answer(401, "") };
        assert_eq!(answer.words().as_deref(), words, "{challenge}");
    }
}

#[test]
fn a_token_that_is_at_fault_by_itself_is_named_first() {
    for (changes, first) in [
        (json!({"exp": 1_699_999_700}), "likely because of exp: `exp` is 1699999700 (5 min ago)"),
        (json!({"iat": 1_800_000_000}), "likely because of iat: `iat` is 1800000000 (in "),
        (json!({"token_use": "id", "aud": "web"}), "likely because of token_use: `token_use` is id"),
        (
            json!({"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other"}),
            "likely because of iss: `iss` is https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other, the profile's pool",
        ),
    ] {
        for answer in [json_answer(401, "{}"), json_answer(403, r#"{"message": "Forbidden"}"#)] {
            let told = explain(Api::Http, &answer, &token(changes.clone()));
            assert!(told.lines().next().unwrap().contains(first), "{told}");
        }
    }
    let bare = ErrorResponse { media_type: "text/plain", ..json_answer(500, "Internal Server Error") };
    let told = explain(Api::Http, &bare, &token(json!({"token_use": "id"})));
    assert!(bare.is_bare() && told.contains("SendAccessToken"), "{told}");
    let id = json!({"token_use": "id", "aud": "web", "client_id": "x", "cognito:username": "alice", "username": "x"});
    let told = explain(Api::Http, &json_answer(401, "{}"), &token(id));
    assert!(told.contains("a user's ID token, client web, user alice"), "{told}");
    assert!(!ErrorResponse { media_type: "text/html", ..bare }.is_bare());
    assert!(explain(Api::Http, &json_answer(401, ""), "opaque").contains("not a JSON Web Token"));
}

#[test]
fn what_runtimes_answer_is_explained() {
    let access = token(json!({}));
    for (status, body, says) in [
        (
            403,
            r#"{"message": "OAuth authorization failed: Claim 'client_id' value mismatch with configuration"}"#,
            "client web to allowedClients",
        ),
        (403, r#"{"message": "OAuth authorization failed: Claim 'aud' value mismatch"}"#, "leave allowedAudience out"),
        (
            403,
            r#"{"message": "Authorization method mismatch. The agent is configured for a different authorization method"}"#,
            "customJWTAuthorizer",
        ),
        (
            400,
            r#"{"jsonrpc":"2.0","error":{"code":-32001,"message":"Missing Authentication Token"},"id":"null"}"#,
            "ARN",
        ),
        (424, r#"{"message": "Received error (500) from runtime"}"#, "agent's own code"),
        (
            500,
            r#"{"__type": "RuntimeClientError", "message": "An error occurred when starting the runtime"}"#,
            "agent's own code",
        ),
        (429, "{}", "later"),
        (503, "{}", "the token was accepted"),
    ] {
        let told = explain(Api::Runtime, &json_answer(status, body), &access);
        assert!(told.contains(says), "{body}: {told}");
    }
    let named = ErrorResponse { error_type: Some("RuntimeClientError:http://internal"), ..json_answer(400, "{}") };
    assert!(explain(Api::Runtime, &named, &access).contains("agent's own code"));
    // The reason: an ID token has no client_id.
    let told = explain(
        Api::Runtime,
        &json_answer(403, r#"{"message": "Claim 'client_id' value mismatch"}"#),
        &token(json!({"token_use": "id"})),
    );
    assert!(told.contains("SendAccessToken") && !told.contains("allowedClients, or"), "{told}");
    assert!(!explain(Api::Http, &json_answer(424, "{}"), &access).contains("agent"));
}

#[test]
fn a_scope_that_is_missing_is_asked_for_by_name() {
    let challenge = r#"Bearer error="insufficient_scope", scope="api/write""#;
    let answer = ErrorResponse { challenge: Some(challenge), ..json_answer(403, "") };
    let machine = token(json!({"sub": "m2m", "client_id": "m2m", "username": null}));
    assert!(explain(Api::Http, &answer, &machine).contains("api/read api/write"));
    assert!(explain(Api::Http, &answer, &token(json!({}))).contains("SignInForWantedScopes"));
    let told = explain(Api::Http, &answer, &machine);
    assert!(told.contains("client m2m, ") && told.contains("pool us-east-1_Example01, exp in 52 min"), "{told}");
}
