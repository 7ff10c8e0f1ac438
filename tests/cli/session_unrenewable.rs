//! Servers that can't renew a session as Cognito does, in whatever words they say so: another way is tried, then a sign-in.

use crate::harness::challenges::{CLIENT, PASSWORD};
use crate::harness::login::{alice, sign_in};
use crate::harness::{Answer, Home, Keyring, Request, Run, Server, jwt};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const RENEW: &str = "GetTokensFromRefreshToken";
const REFRESH: &str = "refresh-canary-of-an-emulator";

/// A server that signs in, answers GetTokensFromRefreshToken with `lacks`, and REFRESH_TOKEN_AUTH with tokens or, where it is
/// given, with `also`.
fn emulator(lacks: Answer, also: Option<Answer>) -> Server {
    Server::start(move |request: &Request| {
        let body = request.json();
        match (request.operation(), body["AuthFlow"].as_str()) {
            (Some(RENEW), _) => lacks.clone(),
            (_, Some("USER_PASSWORD_AUTH")) => tokens(true),
            (_, Some("REFRESH_TOKEN_AUTH")) if body["AuthParameters"]["REFRESH_TOKEN"] == REFRESH => {
                also.clone().unwrap_or_else(|| tokens(false))
            }
            _ => Answer::aws_error("NotAuthorizedException", "Invalid Refresh Token"),
        }
    })
}

fn tokens(with_refresh: bool) -> Answer {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let token = jwt(&json!({"token_use": "access", "client_id": CLIENT, "username": "sub", "exp": now + 30,
        "jti": crate::harness::unique("jti")}));
    let mut result = json!({"AccessToken": token, "IdToken": token, "ExpiresIn": 30, "TokenType": "Bearer"});
    if with_refresh {
        result["RefreshToken"] = json!(REFRESH);
    }
    Answer::json(200, &json!({"AuthenticationResult": result}))
}

/// What servers that lack an operation were seen to answer, and some that nobody has seen yet.
fn words() -> Vec<Answer> {
    let code =
        |status, code: &str| Answer::json(status, &json!({"__type": code, "message": "no such thing"})).unlike_aws();
    let page = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n";
    vec![
        code(400, "UnknownOperationException"),
        code(400, "UnsupportedOperationException"),
        code(500, "CognitoLocal#Unsupported"),
        code(501, "NotImplementedYet"),
        code(404, "InvalidAction"),
        Answer::new(500, "text/html; charset=utf-8", page),
        Answer::new(404, "text/plain", "not found"),
        Answer::new(405, "text/html", ""),
        Answer::json(200, &json!({})),
        Answer::json(200, &json!({"AuthenticationResult": {}})),
        Answer::new(200, "text/html", "<!doctype html>\n<title>Welcome</title>\n").unlike_aws(),
        code(502, "UnknownAction"),
        code(503, "NotImplemented"),
        code(403, "ForbiddenException"),
        Answer::new(403, "text/html", "<html>Forbidden</html>"),
    ]
}

fn signed_in(server: &Server) -> (Home, Keyring) {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&server.url());
    home.canary(REFRESH);
    token_user(&home, &keyring).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    (home, keyring)
}

fn token_user<'h>(home: &'h Home, keyring: &Keyring) -> Run<'h> {
    home.cogtok(["token", "user"]).keyring(keyring)
}

/// The operations, with their flow.
fn log(server: &Server) -> Vec<String> {
    let name = |request: &Request| match request.json()["AuthFlow"].as_str() {
        Some(flow) => flow.to_owned(),
        None => request.operation().unwrap_or("?").to_owned(),
    };
    server.requests().iter().map(name).collect()
}

#[test]
fn whatever_words_a_server_has_for_what_it_lacks_the_older_way_renews() {
    for lacks in words() {
        let server = emulator(lacks, None);
        let (home, keyring) = signed_in(&server);
        token_user(&home, &keyring).run().ok();
        assert_eq!(log(&server), ["USER_PASSWORD_AUTH", RENEW, "REFRESH_TOKEN_AUTH"]);
    }
}

#[test]
fn where_neither_way_renews_a_password_signs_in_and_without_one_it_is_said_what_helps() {
    for lacks in words() {
        let server = emulator(lacks.clone(), Some(lacks));
        let (home, keyring) = signed_in(&server);
        let output = token_user(&home, &keyring).run();
        // A firewall's 403 is a refusal, wherever it comes.
        output.code(if output.stderr.contains("HTTP 403") || output.stderr.contains("Forbidden") { 4 } else { 1 });
        output.stderr_has("does not renew sessions").stderr_has("--password-stdin").stderr_has("--no-refresh");
        output.stderr_has("COGTOK_PASSWORD").stderr_lacks("has expired");
        token_user(&home, &keyring).arg("--password-stdin").stdin(PASSWORD).run().ok();
        token_user(&home, &keyring).env("COGTOK_PASSWORD", PASSWORD).run().ok();
        let both = [RENEW, "REFRESH_TOKEN_AUTH"];
        let expected =
            [&["USER_PASSWORD_AUTH"][..], &both, &both, &["USER_PASSWORD_AUTH"], &both, &["USER_PASSWORD_AUTH"]];
        assert_eq!(log(&server), expected.concat());
        // A person is asked.
        let mut terminal = token_user(&home, &keyring).pty();
        terminal.expect("Password for alice@example.com: ").expect_no_echo().send_line(PASSWORD);
        assert_eq!(terminal.wait().code, Some(0));
    }
}

#[test]
fn a_refusal_a_busy_server_and_a_gateway_are_not_taken_for_a_lack() {
    let page = |status| Answer::new(status, "text/html", "<html><body>Service Unavailable</body></html>");
    for (answer, code, requests) in [
        (Answer::aws_error("NotAuthorizedException", "Refresh Token has been revoked"), 5, 2),
        (Answer::aws_error("RefreshTokenReuseException", "reuse"), 5, 2),
        // The model of the operation lacks it.
        (
            Answer::aws_error("LimitExceededException", "Attempt limit exceeded, please try after some time.")
                .unlike_aws(),
            6,
            2,
        ),
        (Answer::json(503, &json!({"__type": "ServiceUnavailableException"})).unlike_aws(), 6, 2),
        (page(502), 6, 2),
        (page(503), 6, 2),
        (page(504), 6, 2),
        (Answer::close(), 6, 2),
    ] {
        let server = emulator(answer, None);
        let (home, keyring) = signed_in(&server);
        token_user(&home, &keyring).arg("--force-refresh").run().code(code);
        assert_eq!(log(&server).len(), requests);
        assert!(!log(&server).contains(&"REFRESH_TOKEN_AUTH".to_owned()));
    }
}

#[test]
fn a_refusal_that_is_not_about_the_refresh_token_leaves_it_where_it_is() {
    for (words, code, hint) in [
        ("Refresh Token auth flow not enabled for this client", 3, "ALLOW_REFRESH_TOKEN_AUTH"),
        ("Action is not supported", 4, "--password-stdin"),
        ("User is disabled.", 4, "cogtok user enable"),
        ("Something that nobody has seen yet", 4, "--password-stdin"),
    ] {
        let refusal = Answer::aws_error("NotAuthorizedException", words);
        let is_refusing = Arc::new(Mutex::new(true));
        let ours = Arc::clone(&is_refusing);
        let server = Server::start(move |request: &Request| {
            let body: Value = request.json();
            match (request.operation(), body["AuthFlow"].as_str()) {
                (_, Some("USER_PASSWORD_AUTH")) => tokens(true),
                _ if *ours.lock().unwrap() => refusal.clone(),
                (Some(RENEW), _) if body["RefreshToken"] == REFRESH => tokens(false),
                _ => Answer::aws_error("NotAuthorizedException", "Invalid Refresh Token"),
            }
        });
        let (home, keyring) = signed_in(&server);
        let output = token_user(&home, &keyring).run();
        output.code(code).stderr_has(words).stderr_has(hint).stderr_has("the session can't be renewed");
        output.stderr_lacks("has expired");
        home.cogtok(["status"]).run().ok().stdout_has("refresh-token");
        *is_refusing.lock().unwrap() = false;
        token_user(&home, &keyring).run().ok();
        assert!(!log(&server)[1..].contains(&"USER_PASSWORD_AUTH".to_owned()), "{words}");
    }
}

#[test]
fn a_refusal_in_words_that_cognito_lacks_does_not_keep_from_the_older_way() {
    let refusal = Answer::aws_error("NotAuthorizedException", "Action GetTokensFromRefreshToken is not supported");
    let server = emulator(refusal, None);
    let (home, keyring) = signed_in(&server);
    token_user(&home, &keyring).run().ok();
    assert_eq!(log(&server), ["USER_PASSWORD_AUTH", RENEW, "REFRESH_TOKEN_AUTH"]);
}

#[test]
fn a_server_that_rotated_once_knows_the_operation() {
    let bad: Arc<Mutex<bool>> = Arc::default();
    let ours = Arc::clone(&bad);
    let server = Server::start(move |request: &Request| {
        let body: Value = request.json();
        match (request.operation(), body["AuthFlow"].as_str()) {
            (Some(RENEW), _) if *ours.lock().unwrap() => Answer::new(500, "text/html", "<html>oops</html>"),
            _ => tokens(true),
        }
    });
    let (home, keyring) = signed_in(&server);
    token_user(&home, &keyring).run().ok();
    *bad.lock().unwrap() = true;
    token_user(&home, &keyring).arg("--force-refresh").run().code(6);
    assert_eq!(log(&server), ["USER_PASSWORD_AUTH", RENEW, RENEW]);
}

/// What a token endpoint that does not renew may answer, and how often it is asked.
fn endpoints() -> Vec<(Answer, usize)> {
    let page = |status| Answer::new(status, "text/html", "<!doctype html>\n<title>No</title>\n");
    vec![
        (page(404), 1),
        (page(405), 1),
        (page(501), 1),
        (page(200), 1),
        (Answer::json(400, &json!({"message": "no"})), 1),
        (Answer::json(200, &json!({})), 1),
        // This one may pass.
        (page(500), 4),
    ]
}

/// A home where alice signed in with the browser, at a server that renews with `lacks` and takes her password.
fn signed_in_with_browser(lacks: Answer, user: Option<&str>) -> (Server, Home, Keyring) {
    let server = Server::start(move |request: &Request| match request.form("grant_type").as_deref() {
        Some("authorization_code") => alice(),
        Some(_) => lacks.clone(),
        None => tokens(true),
    });
    let (home, keyring) = (Home::new(), Keyring::start());
    home.login_profile(&server.url());
    home.canary(REFRESH);
    if let Some(user) = user {
        home.cogtok(["profile", "set", "ws", "user.username", user]).run().ok();
    }
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    (server, home, keyring)
}

#[test]
fn an_endpoint_that_does_not_renew_sends_to_the_browser_and_the_session_stays() {
    for (lacks, requests) in endpoints() {
        let (server, home, keyring) = signed_in_with_browser(lacks, None);
        let output = token_user(&home, &keyring).arg("--force-refresh").run();
        output.code(6).stderr_has("the session from the browser can't be renewed").stderr_lacks("token URL");
        output.stderr_has("hint: or sign in again: `cogtok login -p ws`\n");
        assert_eq!(server.hits(), 1 + requests);
        // A password needs a user name, and without one the browser is still the way.
        std::fs::remove_dir_all(home.cache_dir()).unwrap();
        let output = token_user(&home, &keyring).arg("--password-stdin").stdin(PASSWORD).run();
        output.code(6).stderr_has("the session can't be renewed").stderr_has("cogtok login -p ws");
        home.cogtok(["status"]).run().ok().stdout_has("browser");
    }
}

#[test]
fn a_password_signs_in_where_the_endpoint_does_not_renew() {
    for (lacks, _) in endpoints() {
        let (server, home, keyring) = signed_in_with_browser(lacks, Some("alice@example.com"));
        let args = ["--auth-flow", "password", "--password-stdin", "--min-validity", "2h"];
        token_user(&home, &keyring).args(args).stdin(PASSWORD).run().ok();
        assert_eq!(server.requests().pop().unwrap().json()["AuthFlow"], "USER_PASSWORD_AUTH");
    }
}

#[test]
fn an_endpoint_under_load_is_waited_for_and_names_no_other_way() {
    let busy = Answer::new(503, "text/html", "<html>busy</html>");
    let (_server, home, keyring) = signed_in_with_browser(busy, None);
    let output = token_user(&home, &keyring).arg("--force-refresh").run();
    output.code(6).stderr_has("HTTP 503").stderr_has("wait a little").stderr_lacks("sign in again");
}

#[test]
fn a_limit_of_the_users_own_is_not_tried_again() {
    // The model of InitiateAuth lacks it.
    let limited = Answer::aws_error("LimitExceededException", "Attempt limit exceeded, please try after some time.");
    let server = Server::always(limited.unlike_aws());
    let home = Home::new();
    home.scripted_user(&server.url());
    for flow in ["password", "srp"] {
        let before = server.hits();
        let run = home.cogtok(["token", "user", "--auth-flow", flow]).env("COGTOK_PASSWORD", PASSWORD);
        run.run().code(6).stderr_has("Attempt limit exceeded").stderr_has("wait a few minutes");
        assert_eq!(server.hits() - before, 1, "{flow}");
    }
}
