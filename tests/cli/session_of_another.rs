//! Tokens of somebody else: a renewal and a sign-in with a password print and store none, whatever the server says.

use crate::harness::challenges::{CLIENT, PASSWORD};
use crate::harness::login::{REFRESH, alice, answer, claims, sign_in};
use crate::harness::tls::{Authority, Certificate};
use crate::harness::{Answer, Home, Keyring, Server, jwt};
use crate::hostile_proxy::tunnel;
use serde_json::{Value, json};

const RENEW: [&str; 3] = ["token", "user", "--force-refresh"];

/// Alice's claims, and in both tokens this one besides.
fn with(name: &str, value: &str) -> (Value, Value) {
    let (mut access, mut id) = claims();
    (access[name], id[name]) = (json!(value), json!(value));
    (access, id)
}

/// An answer of the Cognito API with tokens of these claims.
fn result(access: &Value, id: &Value) -> Answer {
    let result = json!({"AccessToken": jwt(access), "IdToken": jwt(id), "RefreshToken": REFRESH, "ExpiresIn": 3600,
        "TokenType": "Bearer"});
    Answer::json(200, &json!({"AuthenticationResult": result, "ChallengeParameters": {}}))
}

/// A renewal's answer.
fn renewed(access: &Value, id: &Value) -> Answer {
    result(access, id).map_json(|body| drop(body.as_object_mut().unwrap().remove("ChallengeParameters")))
}

#[test]
fn a_browser_session_is_renewed_with_the_tokens_of_its_user_only() {
    for (name, value, says) in [
        ("sub", "somebody-else", "`sub` is somebody-else"),
        ("client_id", "another", "`client_id` is another"),
        ("aud", "another", "`aud` is another"),
        ("iss", "https://evil.example", "`iss` is https://evil.example"),
        ("token_use", "id", "`token_use` of the access token is id"),
    ] {
        let (access, id) = with(name, value);
        let (server, keyring, home) = (Server::script([alice(), answer(&access, &id)]), Keyring::start(), Home::new());
        home.login_profile(&server.url());
        sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
        let before = home.cogtok(["token", "user"]).keyring(&keyring).run().ok().stdout.clone();
        let output = home.cogtok(RENEW).keyring(&keyring).run();
        output.code(4).stdout_is("").stderr_has(says).stderr_has("belong to another sign-in");
        output.stderr_has("hint: check that domain, pool and app client belong together");
        // The tokens before are served on.
        home.cogtok(["token", "user"]).keyring(&keyring).run().ok().stdout_is(&before);
    }
}

#[test]
fn a_password_session_is_renewed_with_the_tokens_of_its_user_only() {
    for (name, value, says) in [
        ("sub", "somebody-else", "`sub` is somebody-else"),
        ("client_id", "another", "`client_id` is another"),
        ("aud", "another", "`aud` is another"),
        ("iss", "https://evil.example", "`iss` is https://evil.example"),
    ] {
        let (access, id) = claims();
        let (other, other_id) = with(name, value);
        let answers = [result(&access, &id), renewed(&other, &other_id), renewed(&access, &id)];
        let (server, keyring, home) = (Server::script(answers), Keyring::start(), Home::new());
        home.scripted_user(&server.url());
        home.canary(REFRESH);
        home.cogtok(["token", "user", "--password-stdin"]).stdin(PASSWORD).keyring(&keyring).run().ok();
        let output = home.cogtok(RENEW).keyring(&keyring).env("COGTOK_PASSWORD", PASSWORD).run();
        output.code(4).stdout_is("").stderr_has(says).stderr_has("this may not be Cognito");
        assert_eq!(server.hits(), 2, "the password is not sent after it");
        home.cogtok(RENEW).keyring(&keyring).run().ok();
    }
}

#[test]
fn a_password_sign_in_takes_no_tokens_of_another_client_and_no_two_users() {
    let (access, id) = claims();
    let sub = |claims: &Value| {
        let mut claims = claims.clone();
        claims["sub"] = json!("somebody-else");
        claims
    };
    let (other_client, _) = with("client_id", "another");
    let (_, other_aud) = with("aud", "another");
    for (access, id, says) in [
        (other_client, id.clone(), "`client_id` is another"),
        (access.clone(), other_aud, "`aud` is another"),
        (access.clone(), sub(&id), "of the ID token it is somebody-else"),
    ] {
        let (server, home) = (Server::script([result(&access, &id)]), Home::new());
        home.scripted_user(&server.url());
        home.canary(REFRESH);
        let output = home.cogtok(["token", "user", "--password-stdin"]).stdin(PASSWORD).run();
        output.code(4).stdout_is("").stderr_has(says).stderr_has("nothing was stored");
    }
    // An app client of another pool, at Cognito itself.
    let authority = Authority::new();
    let (mut access, mut id) = claims();
    for claims in [&mut access, &mut id] {
        claims["iss"] = json!("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another00");
    }
    let answer = result(&access, &id);
    let server = authority.serve(Certificate::Cognito, move |_| answer.clone());
    let (proxy, _) = tunnel(server.port());
    let home = Home::new();
    home.scripted_user("http://127.0.0.1:9");
    home.canary(REFRESH);
    home.cogtok(["profile", "unset", "ws", "endpoint_url"]).run().ok();
    let pem = home.plant("ca.pem", authority.pem());
    let run = home.cogtok(["token", "user", "--password-stdin"]).arg("--ca-bundle").arg(pem).stdin(PASSWORD);
    let output = run.env("HTTPS_PROXY", format!("http://127.0.0.1:{}", proxy.port())).run();
    output.code(4).stderr_has("us-east-1_Another00").stderr_has("check that pool, app client and user belong together");
    output.stderr_lacks("endpoint_url");
    // A local Cognito has an issuer of its own.
    let (mut access, mut id) = claims();
    for claims in [&mut access, &mut id] {
        claims["iss"] = json!("http://localhost:9229/us-east-1_Scripted0");
    }
    let (server, home) = (Server::script([result(&access, &id)]), Home::new());
    home.scripted_user(&server.url());
    home.canary(REFRESH);
    assert_eq!(access["client_id"], CLIENT);
    home.cogtok(["token", "user", "--password-stdin", "--no-refresh"]).stdin(PASSWORD).run().ok();
}
