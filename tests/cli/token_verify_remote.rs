//! `cogtok token verify --remote`: whether a token that verifies still counts.

use crate::harness::pool::{JWKS, now};
use crate::harness::sign::{self, access_claims, id_claims, machine_claims};
use crate::harness::{Answer, Home, Request, Server, workshop};
use serde_json::{Value, json};

const PASSWORD: &str = "Canary-Password-7!";

/// The `sub` of the tokens.
const SUBJECT: &str = "5f0c1c2e-3b4d-4e5f-8a9b-0c1d2e3f4a5b";

#[test]
fn a_revoked_token_verifies_and_is_refused_by_cognito() {
    let (home, workshop) = (Home::new(), workshop());
    home.workshop_profile(workshop);
    let email = workshop.user(PASSWORD);
    let signed_in = workshop.sign_in(&email, PASSWORD).unwrap();
    let token = signed_in["AuthenticationResult"]["AccessToken"].as_str().unwrap().to_string();
    home.verify(&token, &["--remote"]).run().ok().quiet().stdout_has("GetUser accepts it");
    assert_eq!(home.verify(&token, &["--remote", "--json"]).run().ok().json()["remote"], "GetUser");
    workshop.admin("AdminUserGlobalSignOut", json!({ "Username": email }));
    home.verify(&token, &[]).run().ok();
    let output = home.verify(&token, &["--remote"]).run();
    output.code(8).stderr_has("NOT verified").stderr_has("revoked").stderr_has("--force-refresh");
    let output = home.verify(&token, &["--remote", "--json"]).run();
    output.code(8).check(output.json()["verified"] == false, "the JSON says so");
}

#[test]
fn a_machines_token_cannot_be_asked_about() {
    let (home, workshop) = (Home::new(), workshop());
    home.workshop_profile(workshop);
    let output = home.verify(&workshop.m2m_token(), &["--remote"]).run();
    output.ok().stderr_has("can't check a machine's token").stdout_has("verified");
    assert_eq!(home.verify(&workshop.m2m_token(), &["--remote", "--json"]).run().ok().json()["remote"], Value::Null);
}

/// A pool whose other answers are `answer`'s.
fn pool(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> (Home, Server) {
    let server = Server::start(move |request| match request.path.as_str() {
        JWKS => Answer::json(200, &sign::jwks()),
        _ => answer(request),
    });
    let home = Home::new();
    home.pool_profile(&server.url());
    (home, server)
}

fn with_scope(scope: &str) -> Value {
    let mut claims = access_claims(now());
    claims["scope"] = json!(scope);
    claims
}

#[test]
fn a_token_with_openid_is_asked_about_at_user_info() {
    let subject = access_claims(0)["sub"].clone();
    let (home, server) = pool(move |request| {
        assert_eq!(request.path, "/oauth2/userInfo");
        Answer::json(200, &json!({"sub": subject, "email_verified": "true"}))
    });
    let token = sign::sign(&with_scope("openid api/read"));
    let nowhere = home.verify(&token, &["--remote"]).run();
    nowhere.code(1).stderr_has("NOT verified").stderr_has("profile set ws domain");
    let output = home.verify(&token, &["--remote"]).env("COGTOK_DOMAIN", server.url()).run();
    output.ok().quiet().stdout_has("userInfo accepts it");
    let asked = server.requests().into_iter().find(|request| request.path == "/oauth2/userInfo").unwrap();
    assert_eq!(
        (asked.method.as_str(), asked.header("authorization")),
        ("GET", Some(format!("Bearer {token}").as_str()))
    );
    // Nothing of the token is in what is logged.
    home.verify(&token, &["--remote", "-vv"])
        .env("COGTOK_DOMAIN", server.url())
        .run()
        .ok()
        .stderr_has("/oauth2/userInfo");
}

#[test]
fn whatever_user_info_answers_is_no_yes_but_the_right_one() {
    let rows = [
        (Answer::json(401, &json!({"error": "invalid_token"})), 8, "invalid_token"),
        (Answer::new(401, "text/html", "<h1>no</h1>"), 6, "HTTP 401"),
        (Answer::json(200, &json!({"sub": "somebody else"})), 8, "a different user"),
        (Answer::json(200, &json!({})), 6, "no userInfo"),
        (Answer::new(200, "text/html", "<h1>yes</h1>"), 6, "no userInfo"),
        (Answer::redirect(302, "https://elsewhere.example/"), 6, "redirect refused"),
        (Answer::new(500, "text/plain", ""), 6, "HTTP 500"),
        (Answer::json(401, &json!({"error": "\u{1b}[31m"})), 6, "\\u{1b}"),
    ];
    std::thread::scope(|threads| {
        for (answer, code, says) in rows {
            threads.spawn(move || {
                let (home, server) = pool(move |_| answer.clone());
                let run =
                    home.verify(&sign::sign(&with_scope("openid")), &["--remote"]).env("COGTOK_DOMAIN", server.url());
                run.run().code(code).stdout_is("").stderr_has("NOT verified").stderr_has(says);
            });
        }
    });
}

/// GetUser's answer with this attribute.
fn user(name: &str, attribute: &str, value: &str) -> Answer {
    Answer::json(200, &json!({"Username": name, "UserAttributes": [{"Name": attribute, "Value": value}]}))
}

#[test]
fn get_user_accepts_the_tokens_own_user_also_where_the_sub_is_not_readable() {
    for (attribute, value) in [("sub", SUBJECT), ("email", "alice@example.com")] {
        let (home, _server) = pool(move |_| user("alice", attribute, value));
        let token = sign::sign(&access_claims(now()));
        home.verify(&token, &["--remote"]).run().ok().quiet().stdout_has("GetUser accepts it");
    }
}

#[test]
fn whatever_get_user_answers_is_no_yes_but_the_right_one() {
    let rows = [
        (Answer::aws_error("NotAuthorizedException", "Access Token has been revoked"), 8, "revoked"),
        (Answer::aws_error("NotAuthorizedException", "Access Token has expired"), 8, "expired"),
        (Answer::aws_error("UserNotFoundException", "User does not exist."), 8, "does not exist"),
        (Answer::aws_error("PasswordResetRequiredException", "reset"), 8, "reset"),
        (Answer::aws_error("TooManyRequestsException", "slow down"), 6, "slow down"),
        (Answer::aws_error("ResourceNotFoundException", "no pool"), 3, "no pool"),
        (Answer::new(200, "text/html", "<h1>yes</h1>").unlike_aws(), 6, "GetUser"),
        (Answer::close(), 6, "GetUser"),
        (user("mallory", "sub", "zzz"), 8, "GetUser names a different user than the token"),
        (user("mallory", "sub", SUBJECT), 8, "a different user"),
        (user("alice", "sub", "zzz"), 8, "a different user"),
        (user("mallory", "email", "alice@example.com"), 8, "a different user"),
    ];
    std::thread::scope(|threads| {
        for (answer, code, says) in rows {
            threads.spawn(move || {
                let (home, _server) = pool(move |_| answer.clone());
                let token = sign::sign(&access_claims(now()));
                home.verify(&token, &["--remote"])
                    .run()
                    .code(code)
                    .stdout_is("")
                    .stderr_has("NOT verified")
                    .stderr_has(says);
            });
        }
    });
}

#[test]
fn what_cannot_be_asked_is_not_verified() {
    let (home, server) = pool(|_| Answer::close());
    for claims in [with_scope("api/read"), id_claims(now())] {
        let output = home.verify(&sign::sign(&claims), &["--remote"]).run();
        output.code(1).stdout_is("").stderr_has("NOT verified").stderr_has("can't be asked").stderr_has("--remote");
    }
    home.verify(&sign::sign(&machine_claims(now())), &["--remote"]).run().ok().stderr_has("can't be revoked");
    // A token that does not verify is shown to nobody.
    let mut other = with_scope("openid");
    other["iss"] = json!("https://evil.example");
    insta::assert_snapshot!(home.verify(&sign::sign(&other), &["--remote"])
        .env("COGTOK_DOMAIN", server.url()).run().message(), @"
    exit 8
    error: NOT verified: `iss` is https://evil.example, expected: one of https://cognito-idp.us-east-1.amazonaws.com/[pool], https://issuer-cognito-idp.us-east-1.amazonaws.com/[pool] (profile `ws`)
    hint: the token is of another pool: check `user_pool_id` of the profile, or name the issuer with `--issuer URL`
    ");
    assert_eq!(server.hits(), 1);
}
