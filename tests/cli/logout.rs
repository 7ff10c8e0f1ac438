//! Signing out: what Cognito is told, what is forgotten here, and what becomes of it when Cognito can't be told.

use crate::harness::challenges::{CLIENT, CLIENT_SECRET};
use crate::harness::login::{REFRESH, alice, answer, claims, refreshed, sign_in};
use crate::harness::{Answer, Home, Keyring, Server, jwt, workshop};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use std::path::PathBuf;

const PASSWORD: &str = "Correct-Horse-7-Battery";
const TOTP: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

/// The answer of /oauth2/revoke: 200 with an empty body, whatever became of the token.
fn revoked() -> Answer {
    Answer::new(200, "text/plain", "")
}

/// The kinds that the keyring has.
pub fn kinds(keyring: &Keyring) -> Vec<String> {
    let accounts = keyring.entries().into_iter().filter_map(|entry| entry.get("username").cloned());
    let mut kinds: Vec<String> = accounts.map(|account| account.split('|').next().unwrap().to_string()).collect();
    kinds.sort();
    kinds
}

fn markers(home: &Home) -> Vec<PathBuf> {
    home.cache_files().into_keys().filter(|path| path.extension().is_some_and(|e| e == "json")).collect()
}

/// A home where alice has signed in by browser; the API is elsewhere.
fn by_browser(server: &Server, keyring: &Keyring, api: &str) -> Home {
    let home = Home::new();
    home.login_profile_with(&server.url(), api);
    sign_in(home.cogtok(["login"]).keyring(keyring), &home.fake_browser()).0.ok();
    assert_eq!((kinds(keyring), markers(&home).len()), (vec!["refresh-token".to_string()], 1));
    home
}

/// A home where a user has signed in at the API.
pub fn by_api(server: &Server, keyring: &Keyring) -> Home {
    let home = Home::new();
    home.scripted_user(&server.url());
    home.canary(REFRESH);
    home.cogtok(["token", "user"]).keyring(keyring).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    assert_eq!(kinds(keyring), ["refresh-token"]);
    home
}

/// What a sign-in at the API ends with.
fn api_tokens(scope: &str, seconds: i64) -> Answer {
    let (mut access, id) = claims();
    access["scope"] = json!(scope);
    access["exp"] = json!(access["iat"].as_i64().unwrap() + seconds);
    let result = json!({"AccessToken": jwt(&access), "IdToken": jwt(&id), "RefreshToken": REFRESH, "ExpiresIn": seconds,
        "TokenType": "Bearer"});
    Answer::json(200, &json!({"ChallengeParameters": {}, "AuthenticationResult": result}))
}

pub fn from_api() -> Answer {
    api_tokens("aws.cognito.signin.user.admin", 3600)
}

#[test]
fn a_session_of_the_browser_is_revoked_at_the_domain_and_forgotten() {
    let (server, api) = (Server::script([alice(), revoked()]), Server::canary());
    let keyring = Keyring::start();
    let home = by_browser(&server, &keyring, &api.url());
    let output = home.cogtok(["logout", "-vv"]).keyring(&keyring).run();
    output.ok().stdout_is("").stderr_has("alice@example.com is signed out of profile `ws`");
    output.stderr_has("still accept the last access token until 2");
    let request = &server.requests()[1];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/oauth2/revoke"));
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!((request.form("token").as_deref(), request.form("client_id").as_deref()), (Some(REFRESH), Some(CLIENT)));
    assert_eq!((request.header("authorization"), request.form("client_secret")), (None, None));
    assert_eq!((kinds(&keyring).len(), markers(&home).len()), (0, 0));
    // Once more is no error, and nobody is asked anything.
    home.cogtok(["logout"]).keyring(&keyring).run().ok().stderr_has("no one is signed in to profile `ws`");
    assert_eq!(server.hits(), 2);
    api.assert_untouched();
    insta::assert_snapshot!(home.cogtok(["token", "user"]).keyring(&keyring).run().message(), @"
    exit 3
    error: `user.username` is not set (profile `ws`)
    hint: run `cogtok profile set ws user.username VALUE`, or add `--username VALUE`
    hint: or sign in with the browser: `cogtok login -p ws`
    ");
}

#[test]
fn a_client_with_a_secret_shows_it_when_it_revokes() {
    let server = Server::script([alice(), revoked()]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), "http://127.0.0.1:9");
    home.canary(CLIENT_SECRET);
    home.cogtok(["secret", "set", "user-client"]).keyring(&keyring).stdin(CLIENT_SECRET).run().ok();
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    home.cogtok(["logout"]).keyring(&keyring).run().ok();
    let pair = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{CLIENT_SECRET}")));
    assert_eq!(server.requests()[1].header("authorization"), Some(pair.as_str()));
    assert_eq!(kinds(&keyring), ["user-client", "user-client"], "the client's secret is not the user's");
    // At the API it goes into the body.
    let server = Server::script([from_api(), Answer::json(200, &json!({}))]);
    let keyring = Keyring::start();
    let home = by_api(&server, &keyring);
    home.cogtok(["logout"]).keyring(&keyring).env("COGTOK_USER_CLIENT_SECRET", CLIENT_SECRET).run().ok();
    let request = &server.requests()[1];
    assert_eq!(request.operation(), Some("RevokeToken"));
    assert_eq!(request.json(), json!({"Token": REFRESH, "ClientId": CLIENT, "ClientSecret": CLIENT_SECRET}));
    assert_eq!(request.header("authorization"), None, "the call is unsigned");
}

#[test]
fn what_is_the_users_is_forgotten_and_the_app_s_key_is_not() {
    let server = Server::script([from_api(), Answer::json(200, &json!({}))]);
    let keyring = Keyring::start();
    let home = by_api(&server, &keyring);
    home.canary(TOTP);
    for (kind, value) in [("password", PASSWORD), ("totp", TOTP)] {
        home.cogtok(["secret", "set", kind]).keyring(&keyring).stdin(value).run().ok();
    }
    // Another user's password is not this one's.
    let other = ["secret", "set", "password", "--username", "bob@example.com"];
    home.cogtok(other).keyring(&keyring).stdin("bobs-own-password").canary("bobs-own-password").run().ok();
    assert_eq!(kinds(&keyring), ["password", "password", "refresh-token", "totp"]);
    let output = home.cogtok(["logout"]).keyring(&keyring).run();
    output.ok().stderr_has("the key of the authenticator app is still stored");
    output.stderr_has("cogtok secret delete totp -p ws --username alice@example.com");
    assert_eq!(kinds(&keyring), ["password", "totp"]);
    assert!(keyring.entries().iter().any(|entry| entry["username"].ends_with("|bob@example.com")));
    assert!(markers(&home).is_empty());
    assert_eq!(server.requests()[1].operation(), Some("RevokeToken"));
}

#[test]
fn what_can_not_be_revoked_is_not_forgotten_unless_it_is_asked_for() {
    let refused = |code: &str| Answer::json(400, &json!({"error": code}));
    let busy = || vec![Answer::new(503, "text/plain", "busy"); 4];
    for (answers, code, says) in [
        (busy(), 6, "503"),
        (vec![Answer::redirect(302, "https://evil.example")], 6, "redirect refused"),
        (vec![Answer::new(405, "text/html", "<h1>no</h1>")], 6, "does not revoke tokens"),
        (vec![refused("invalid_request")], 3, "EnableTokenRevocation"),
        (vec![Answer::json(401, &json!({"error": "invalid_client"}))], 4, "to another app client"),
    ] {
        let server = Server::script([alice()].into_iter().chain(answers).chain([revoked()]));
        let keyring = Keyring::start();
        let home = by_browser(&server, &keyring, "http://127.0.0.1:9");
        let output = home.cogtok(["logout"]).keyring(&keyring).run();
        output.code(code).stderr_has(says).stderr_has("nothing was removed").stderr_has("cogtok logout -p ws --local");
        assert_eq!((kinds(&keyring).len(), markers(&home).len()), (1, 1), "{says}");
        home.cogtok(["token", "user"]).run().ok().quiet();
        // Later it can be.
        home.cogtok(["logout"]).keyring(&keyring).run().ok();
        assert_eq!((kinds(&keyring).len(), markers(&home).len()), (0, 0), "{says}");
    }
    // Offline, with nobody there at all.
    let server = Server::script([alice()]);
    let keyring = Keyring::start();
    let home = by_browser(&server, &keyring, "http://127.0.0.1:9");
    drop(server);
    insta::assert_snapshot!(home.cogtok(["logout"]).keyring(&keyring).run().message(), @"
    exit 6
    error: no connection to 127.0.0.1:[port]: Connection refused (os error 111) (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    hint: nothing was removed; `cogtok logout -p ws --local` removes it without revoking
    ");
    let output = home.cogtok(["logout", "--local"]).keyring(&keyring).run();
    output
        .ok()
        .stderr_has("alice@example.com is signed out of profile `ws` on this machine only")
        .stderr_has("the session lasts");
    assert_eq!((kinds(&keyring).len(), markers(&home).len()), (0, 0));
    home.cogtok(["logout", "--local"]).keyring(&keyring).run().ok();
    // Without the keyring the refresh token is out of reach: nothing is said to be done that was not.
    let server = Server::script([alice()]);
    let keyring = Keyring::start();
    let home = by_browser(&server, &keyring, "http://127.0.0.1:9");
    insta::assert_snapshot!(home.cogtok(["logout"]).run().message(), @"
    exit 7
    error: no keyring service is reachable: there is no D-Bus session (profile `ws`)
    hint: log in to a desktop session
    hint: without a keyring: sign in again each time
    hint: or keep secrets in an encrypted file: cogtok secret init --help
    ");
    home.cogtok(["logout", "--local"]).run().code(7);
    assert_eq!((kinds(&keyring).len(), markers(&home).len(), server.hits()), (1, 1, 1));
}

#[test]
fn a_session_whose_marker_is_gone_is_found_in_the_store() {
    for via in ["browser", "api"] {
        let revocation = if via == "api" { Answer::json(200, &json!({})) } else { revoked() };
        let server = Server::script([if via == "api" { from_api() } else { alice() }, revocation]);
        let keyring = Keyring::start();
        let home =
            if via == "api" { by_api(&server, &keyring) } else { by_browser(&server, &keyring, "http://127.0.0.1:9") };
        std::fs::remove_dir_all(home.cache_dir()).unwrap();
        home.cogtok(["logout"]).keyring(&keyring).run().ok().stderr_has("is signed out");
        assert_eq!((kinds(&keyring).len(), server.hits()), (0, 2), "{via}");
    }
}

#[test]
fn signing_out_everywhere_takes_the_access_token_first() {
    let done = || Answer::json(200, &json!({}));
    let server = Server::script([from_api(), done()]);
    let keyring = Keyring::start();
    let home = by_api(&server, &keyring);
    let token = home.cogtok(["token", "user"]).run().ok().line().to_string();
    home.cogtok(["logout", "--global"]).keyring(&keyring).run().ok().stderr_has("all sessions of the user have ended");
    let request = &server.requests()[1];
    assert_eq!((request.operation(), request.json()), (Some("GlobalSignOut"), json!({"AccessToken": token})));
    assert_eq!((server.hits(), kinds(&keyring).len(), markers(&home).len()), (2, 0, 0));
    // Nobody is there any more to do it with.
    home.cogtok(["logout", "--global"]).keyring(&keyring).run().code(5).stderr_has("no one is signed in here");
    // A token that has ended is renewed once.
    let (fresh, renewed) = refreshed(3600, None);
    let (mut access, id) = claims();
    access["exp"] = json!(access["iat"].as_u64().unwrap() + 5);
    let (server, api) = (Server::script([answer(&access, &id), renewed]), Server::script([done()]));
    let keyring = Keyring::start();
    let home = by_browser(&server, &keyring, &api.url());
    home.cogtok(["logout", "--global"]).keyring(&keyring).run().ok();
    assert_eq!(api.requests()[0].json(), json!({"AccessToken": fresh}));
    assert_eq!((server.hits(), api.hits(), kinds(&keyring).len()), (2, 1, 0));
    // A token that may not is told apart, and a refusal forgets nothing.
    let server = Server::script([api_tokens("api/read", 3600)]);
    let keyring = Keyring::start();
    let home = by_api(&server, &keyring);
    let output = home.cogtok(["logout", "--global"]).keyring(&keyring).run();
    output.code(3).stderr_has("lacks the scope aws.cognito.signin.user.admin");
    assert_eq!((server.hits(), kinds(&keyring).len(), markers(&home).len()), (1, 1, 1));
    let no = Answer::aws_error("NotAuthorizedException", "Access Token has been revoked");
    let server = Server::script([from_api(), no]);
    let keyring = Keyring::start();
    let home = by_api(&server, &keyring);
    let output = home.cogtok(["logout", "--global"]).keyring(&keyring).run();
    output.code(4).stderr_has("Access Token has been revoked").stderr_has("nothing was removed");
    assert_eq!(kinds(&keyring).len(), 1);
    home.cogtok(["logout", "--global", "--local"]).run().code(2);
}

#[test]
fn a_real_session_is_dead_afterwards() {
    let workshop = workshop();
    let email = workshop.user(PASSWORD);
    for global in [false, true] {
        let keyring = Keyring::start();
        let home = Home::new();
        home.workshop_profile(workshop);
        home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
        let token = |args: &[&str]| home.cogtok(["token", "user"]).args(args).keyring(&keyring);
        token(&[]).env("COGTOK_PASSWORD", PASSWORD).run().ok();
        token(&["--force-refresh", "--json"]).run().ok().stdout_has("\"source\":\"refresh\"");
        let entry =
            keyring.entries().into_iter().find(|entry| entry["username"].starts_with("refresh-token|")).unwrap();
        let secret = keyring.secret_tool(&["lookup", "service", "cogtok", "username", &entry["username"]], b"");
        let secret = String::from_utf8(secret.stdout).unwrap();
        let renew = || {
            let body = json!({"ClientId": workshop.web.id, "RefreshToken": secret});
            workshop.ministack.call("AWSCognitoIdentityProviderService.GetTokensFromRefreshToken", &body).status
        };
        assert_eq!(renew(), 200);
        if global {
            // The local Cognito dates a sign-out to the second, and takes what was issued in the same one.
            let second = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
            let now = second();
            crate::harness::poll("the next second", std::time::Duration::from_secs(3), || {
                (second() > now).then_some(())
            });
        }
        let words = if global { &["logout", "--global"][..] } else { &["logout"] };
        home.cogtok(words).keyring(&keyring).run().ok();
        assert_eq!(renew(), 400);
        assert_eq!(kinds(&keyring), [""; 0]);
    }
}

#[test]
fn the_browser_is_sent_to_the_page_that_ends_its_session() {
    let server = Server::script([alice(), revoked()]);
    let keyring = Keyring::start();
    let home = by_browser(&server, &keyring, "http://127.0.0.1:9");
    let browser = home.fake_browser();
    let words = ["logout", "--browser", "--logout-uri", "https://ws.example/bye?a=b&c"];
    home.cogtok(words).keyring(&keyring).browser(&browser).run().ok().stderr_has("opening the hosted pages");
    let uri = "https%3A%2F%2Fws.example%2Fbye%3Fa%3Db%26c";
    assert_eq!(browser.url().as_str(), format!("{}/logout?client_id={CLIENT}&logout_uri={uri}", server.url()));
    // Nobody signed in: the browser may be all the same.
    let browser = home.fake_browser();
    home.cogtok(words).keyring(&keyring).browser(&browser).run().ok();
    assert!(browser.url().as_str().contains("/logout?"));
    insta::assert_snapshot!(home.cogtok(["logout", "--browser"]).run().message(), @"
    exit 2
    error: `logout` needs --logout-uri <URI>
    hint: usage: cogtok logout --browser --logout-uri <URI>
    hint: see `cogtok logout --help`
    ");
    home.cogtok(["logout", "--browser", "--logout-uri", "not a url"]).run().code(2);
}
