//! What is obtained with a user's tokens, AWS credentials and exchanged tokens: it belongs to the user of the session, and ends
//! with it.

use crate::harness::challenges::{CLIENT, PASSWORD};
use crate::harness::login::{answer, claims, sign_in};
use crate::harness::{Answer, Home, Keyring, Output, Request, Server, jwt, unique};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

const POOL: &str = "us-east-1:11111111-2222-3333-4444-555555555555";
const ALICE: &str = "aaaaaaaa-0000-4000-8000-00000000000a";
const BOB: &str = "bbbbbbbb-0000-4000-8000-00000000000b";

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Tokens of the user with this `sub`.
fn tokens(sub: &str) -> (Value, Value) {
    let (mut access, mut id) = claims();
    (access["sub"], access["username"]) = (json!(sub), json!(sub));
    (id["sub"], id["cognito:username"], id["email"]) = (json!(sub), json!(sub), json!(format!("{sub}@example.com")));
    (access, id)
}

fn subject(token: &Value) -> String {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    claims["sub"].as_str().unwrap().to_owned()
}

/// An identity pool in which each user has an identity, and the credentials name the user.
fn identity_pool(request: &Request, lifetime: u64) -> Answer {
    let body = request.json();
    let user = subject(body["Logins"].as_object().unwrap().values().next().unwrap());
    let identity = format!("us-east-1:{user}");
    if request.operation() == Some("GetId") {
        return Answer::json(200, &json!({"IdentityId": identity}));
    }
    if body["IdentityId"] != json!(identity) {
        let why = "Logins don't match. Please include at least one valid login for this identity or identity pool.";
        return Answer::aws_error("NotAuthorizedException", why);
    }
    let end = seconds() as f64 + lifetime as f64;
    let credentials = json!({"AccessKeyId": format!("ASIA{}", &user[..8]), "SecretKey": "aws-secret-canary",
        "SessionToken": "aws-session-canary", "Expiration": end});
    Answer::json(200, &json!({"IdentityId": identity, "Credentials": credentials}))
}

fn derived(request: &Request) -> Answer {
    let body = request.json();
    let claims = json!({"sub": subject(&body["SubjectToken"]), "token_use": "access", "client_id": body["ClientId"],
        "exp": seconds() + 3600, "jti": unique("jti")});
    let body = json!({"IssuedToken": jwt(&claims), "IssuedTokenType": "ACCESS_TOKEN", "TokenType": "Bearer",
        "ExpiresIn": 3600, "Scopes": []});
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

/// A Cognito whose pages and API sign in whoever `who` says.
fn cognito(who: &Arc<Mutex<&'static str>>, lifetime: u64) -> Server {
    let who = who.clone();
    Server::start(move |request| {
        let who = *who.lock().unwrap();
        let (access, id) = tokens(who);
        match (request.operation(), request.path.as_str()) {
            (Some("GetId" | "GetCredentialsForIdentity"), _) => identity_pool(request, lifetime),
            (Some("GetDerivedToken"), _) => derived(request),
            (Some("InitiateAuth"), _) => {
                let result = json!({"AccessToken": jwt(&access), "IdToken": jwt(&id), "RefreshToken": "refresh-canary",
                    "ExpiresIn": 3600, "TokenType": "Bearer"});
                Answer::json(200, &json!({"ChallengeParameters": {}, "AuthenticationResult": result}))
            }
            (Some("AdminGetUser"), _) => Answer::json(
                200,
                &json!({"Username": who, "UserStatus": "CONFIRMED", "Enabled": true,
                    "UserAttributes": [{"Name": "sub", "Value": who}]}),
            ),
            (Some(_), _) => Answer::json(200, &json!({})),
            (None, "/oauth2/token") => answer(&access, &id),
            (None, _) => Answer::new(200, "text/plain", ""),
        }
    })
}

fn home_at(server: &Server) -> Home {
    let home = Home::new();
    home.login_profile(&server.url());
    home.cogtok(["profile", "set", "ws", "identity_pool.id", POOL]).run().ok();
    home
}

fn log_in(home: &Home, keyring: &Keyring) {
    sign_in(home.cogtok(["login"]).keyring(keyring), &home.fake_browser()).0.ok();
}

fn access_key(output: &Output) -> String {
    output.ok().json()["AccessKeyId"].as_str().unwrap().to_owned()
}

/// The kinds of what is cached, sorted.
fn kinds(home: &Home) -> Vec<String> {
    let list = home.cogtok(["cache", "list", "--json"]).run().ok().json();
    let kinds = list.as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap().to_owned());
    let mut kinds: Vec<String> = kinds.collect();
    kinds.sort();
    kinds
}

#[test]
fn aws_credentials_are_those_of_whoever_signed_in_last() {
    // With ten minutes left others are asked for, and for the identity that is known.
    for (lifetime, is_revoked) in [(3600, false), (3600, true), (600, false)] {
        let who = Arc::new(Mutex::new(ALICE));
        let (server, keyring) = (cognito(&who, lifetime), Keyring::start());
        let home = home_at(&server);
        let credentials = || home.cogtok(["aws-credentials"]).keyring(&keyring).run();
        log_in(&home, &keyring);
        assert_eq!(access_key(&credentials()), "ASIAaaaaaaaa");
        if is_revoked {
            home.cogtok(["token", "revoke"]).keyring(&keyring).run().ok();
        }
        *who.lock().unwrap() = BOB;
        log_in(&home, &keyring);
        assert_eq!(kinds(&home), ["user"], "what was alice's is gone");
        assert_eq!(access_key(&credentials()), "ASIAbbbbbbbb", "{lifetime} {is_revoked}");
        let before = server.hits();
        assert_eq!(access_key(&credentials()), "ASIAbbbbbbbb");
        assert_eq!(server.hits() == before, lifetime == 3600, "bob's are cached");
    }
}

#[test]
fn a_user_made_again_under_the_same_name_is_another() {
    let who = Arc::new(Mutex::new(ALICE));
    for lifetime in [3600, 600] {
        let (server, keyring) = (cognito(&who, lifetime), Keyring::start());
        let home = home_at(&server);
        for (key, value) in [("user.username", "alice@example.com"), ("user.auth_flow", "password")] {
            home.cogtok(["profile", "set", "ws", key, value]).run().ok();
        }
        let credentials = || home.cogtok(["aws-credentials"]).keyring(&keyring).run();
        for (sub, key) in [(ALICE, "ASIAaaaaaaaa"), (BOB, "ASIAbbbbbbbb")] {
            *who.lock().unwrap() = sub;
            let again = home.cogtok(["token", "user", "--force-refresh", "--password-stdin"]).stdin(PASSWORD);
            again.keyring(&keyring).run().ok();
            assert_eq!(access_key(&credentials()), key, "{lifetime}");
        }
    }
}

#[test]
fn what_was_obtained_with_a_session_ends_with_it() {
    for words in [
        &["token", "revoke"][..],
        &["logout"],
        &["logout", "--local"],
        &["user", "sign-out", ALICE],
        &["user", "delete", ALICE, "--yes"],
    ] {
        let who = Arc::new(Mutex::new(ALICE));
        let (server, keyring) = (cognito(&who, 3600), Keyring::start());
        let home = home_at(&server);
        log_in(&home, &keyring);
        home.cogtok(["aws-credentials"]).keyring(&keyring).run().ok();
        let exchange = home.cogtok(["token", "exchange", "--as", "user", "--audience", "billing"]).keyring(&keyring);
        let exchanged = exchange.run().ok().line().to_owned();
        let of_bob = jwt(&json!({"sub": BOB, "token_use": "access", "client_id": CLIENT, "exp": seconds() + 3600}));
        let of_stdin = home.cogtok(["token", "exchange", "--subject-token", "-", "--audience", "billing"]);
        of_stdin.stdin(&of_bob).keyring(&keyring).run().ok();
        assert_eq!(kinds(&home), ["aws", "exchange", "exchange", "user"]);

        let ended = home.cogtok(words).aws().keyring(&keyring).run();
        ended.ok();
        assert_eq!(kinds(&home), ["exchange"], "{words:?}");
        let left: Vec<u8> = home.cache_files().into_values().flatten().collect();
        let payload = exchanged.split('.').nth(1).unwrap();
        assert!(!String::from_utf8_lossy(&left).contains(payload), "{words:?}");
        if words[0] != "user" {
            ended.stderr_has("AWS accepts the credentials that cogtok fetched until ");
        }
    }
}

#[test]
fn what_was_revoked_is_said_to_be_so_whatever_another_process_holds() {
    let who = Arc::new(Mutex::new(ALICE));
    let (server, keyring) = (cognito(&who, 3600), Keyring::start());
    let home = home_at(&server);
    log_in(&home, &keyring);
    home.cogtok(["aws-credentials"]).keyring(&keyring).run().ok();
    let is_lock = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("aws-") && name.ends_with(".lock")
    };
    let lock = std::fs::File::open(home.cache_files().into_keys().find(is_lock).unwrap()).unwrap();
    lock.lock().unwrap();
    let revoke = |words: &[&str]| home.cogtok(["token", "revoke"]).args(words).keyring(&keyring).run();
    let output = revoke(&["--timeout", "2s"]);
    output
        .code(7)
        .stderr_has("revoked the refresh token")
        .stderr_has("hint: run `cogtok logout -p ws` to delete the rest");
    drop(lock);
    revoke(&[]).ok().stderr_has("there is no refresh token to revoke");
    assert!(kinds(&home).is_empty());
}
