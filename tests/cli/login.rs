//! `cogtok login` and what it leaves: a person at a real browser, the tokens that `token user` serves from then on, and the
//! session that renews them at the domain.

use crate::harness::challenges::{CLIENT, CLIENT_SECRET, PASSWORD};
use crate::harness::login::{REFRESH, alice, answer, chromium, claims, parameter, refreshed, sign_in};
use crate::harness::ports::free_port;
use crate::harness::sessions::Sessions;
use crate::harness::verify::verify;
use crate::harness::{Answer, Home, Keyring, Server, workshop};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

/// `token user` must ask the endpoint: no cached token will do.
const RENEW: [&str; 4] = ["token", "user", "--force-refresh", "--json"];

/// A home where alice has signed in by browser, with the keyring.
fn signed_in(server: &Server, keyring: &Keyring, endpoint: &str) -> Home {
    let home = Home::new();
    home.login_profile_with(&server.url(), endpoint);
    let (output, _) = sign_in(home.cogtok(["login"]).keyring(keyring), &home.fake_browser());
    output.ok().stdout_is("").stderr_has("alice@example.com is signed in").stderr_has("renews");
    home
}

/// What the keyring has of kind `refresh-token`.
fn refresh_tokens(keyring: &Keyring) -> Vec<String> {
    let accounts = keyring.entries().into_iter().filter_map(|entry| entry.get("username").cloned());
    accounts.filter(|account| account.starts_with("refresh-token|")).collect()
}

/// The value of the one refresh token in the keyring.
fn kept(keyring: &Keyring) -> String {
    let account = refresh_tokens(keyring).pop().expect("a refresh token");
    let found = keyring.secret_tool(&["lookup", "service", "cogtok", "username", &account], b"");
    String::from_utf8(found.stdout).unwrap()
}

#[test]
fn a_person_signs_in_with_a_real_browser_and_tokens_are_served_from_then_on() {
    let workshop = workshop();
    let email = workshop.user(PASSWORD);
    for (has_secret, names_user) in [(false, false), (false, true), (true, false)] {
        let keyring = Keyring::start();
        let home = Home::new();
        let uri = format!("http://127.0.0.1:{}/callback", free_port());
        let client = workshop.login_client(&[&uri], has_secret);
        home.profile_of_browser(workshop, &client, &uri, names_user.then_some(email.as_str()));
        if let Some(secret) = &client.secret {
            home.canary(secret);
            home.cogtok(["secret", "set", "user-client"]).keyring(&keyring).stdin(secret).run().ok();
        }
        let browser = home.fake_browser();
        let running = home.cogtok(["login", "-vv"]).keyring(&keyring).browser(&browser).spawn();
        let url = browser.url();
        assert_eq!(parameter(&url, "login_hint").as_deref(), names_user.then_some(email.as_str()));
        let page = chromium(&url, &email, PASSWORD);
        let output = running.wait();
        output.ok().stdout_is("").stderr_has(&format!("{email} is signed in to profile `ws` until 2"));
        assert_eq!(page["title"], "cogtok: Signed in");
        assert!(page["text"].as_str().unwrap().contains(&email), "{page}");
        let landed = url::Url::parse(page["url"].as_str().unwrap()).unwrap();
        // The address that is shown has the state, and nothing else.
        let log: Vec<&str> = output.stderr.lines().filter(|line| *line != url.as_str()).collect();
        for name in ["code", "state"] {
            let value = parameter(&landed, name).unwrap();
            assert!(log.iter().all(|line| !line.contains(&value)), "{name}: {log:?}");
        }
        // The tokens are real, and from the cache: neither network nor keyring is needed.
        let nobody = |args: &[&str]| {
            home.cogtok(["token", "user"]).args(args).args(["--endpoint-url", &workshop.endpoint]).run()
        };
        let access = verify(nobody(&[]).ok().quiet().line(), workshop);
        assert_eq!((&access["token_use"], &access["client_id"]), (&json!("access"), &json!(client.id)));
        let scopes: Vec<&str> = access["scope"].as_str().unwrap().split(' ').collect();
        assert!(scopes.contains(&"openid") && scopes.contains(&"api.dev/read"), "{scopes:?}");
        let id = verify(nobody(&["--token", "id"]).ok().line(), workshop);
        assert_eq!((&id["aud"], &id["email"]), (&json!(client.id), &json!(email)));
        assert_eq!(id["nonce"].as_str(), parameter(&url, "nonce").as_deref());
        // Renewed without a browser, with the same scopes.
        let renewed = home.cogtok(RENEW).keyring(&keyring).run().ok().json();
        assert_eq!(renewed["source"], "refresh");
        let claims = verify(renewed["access_token"].as_str().unwrap(), workshop);
        assert_eq!((&claims["scope"], &claims["sub"]), (&access["scope"], &access["sub"]));
        assert_ne!(claims["jti"], access["jti"]);
        home.cogtok(["logout"]).keyring(&keyring).run().ok().stderr_has(&format!("{email} is signed out"));
        assert_eq!(refresh_tokens(&keyring), [""; 0]);
    }
}

#[test]
fn the_session_is_renewed_at_the_domain_and_a_rotated_refresh_token_replaces_the_old_one() {
    let (first, one) = refreshed(3600, Some("the-second-refresh-token"));
    let (second, two) = refreshed(3600, None);
    let (third, three) = refreshed(3600, None);
    let server = Server::script([alice(), one, two, three]);
    let (keyring, api) = (Keyring::start(), Server::canary());
    let home = signed_in(&server, &keyring, &api.url());
    home.canary("the-second-refresh-token");
    assert_eq!(refresh_tokens(&keyring), [format!("refresh-token|{CLIENT}|{}|", server.url())]);
    for (token, sent) in [(first, REFRESH), (second, "the-second-refresh-token"), (third, "the-second-refresh-token")] {
        let served = home.cogtok(RENEW).keyring(&keyring).run().ok().json();
        assert_eq!((&served["access_token"], &served["source"]), (&json!(token), &json!("refresh")));
        let request = server.requests().pop().unwrap();
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/oauth2/token"));
        let field = |name: &str| request.form(name);
        assert_eq!(field("grant_type").as_deref(), Some("refresh_token"));
        assert_eq!((field("refresh_token").as_deref(), field("client_id").as_deref()), (Some(sent), Some(CLIENT)));
        assert_eq!((field("scope"), request.header("authorization")), (None, None));
    }
    assert_eq!(kept(&keyring), "the-second-refresh-token");
    api.assert_untouched();
}

#[test]
fn a_client_with_a_secret_shows_it_when_it_renews() {
    let (_, renewed) = refreshed(3600, None);
    let server = Server::script([alice(), renewed, alice()]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), "http://127.0.0.1:9");
    home.canary(CLIENT_SECRET);
    home.cogtok(["secret", "set", "user-client"]).keyring(&keyring).stdin(CLIENT_SECRET).run().ok();
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    home.cogtok(RENEW).keyring(&keyring).run().ok();
    let pair = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{CLIENT_SECRET}")));
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some(pair.as_str()));
        assert!(!request.text().contains(CLIENT_SECRET));
    }
}

#[test]
fn a_session_that_is_over_wants_the_browser_again_and_no_password() {
    let server = Server::script([alice(), Answer::json(400, &json!({"error": "invalid_grant"})), alice()]);
    let keyring = Keyring::start();
    let home = signed_in(&server, &keyring, &server.url());
    let refused = home.cogtok(RENEW).keyring(&keyring).run();
    refused
        .code(5)
        .stderr_has("the session from the browser has expired")
        .stderr_has("invalid_grant")
        .stderr_has("cogtok login -p ws");
    assert_eq!(refresh_tokens(&keyring), [""; 0]);
    // What is over is not asked for again, with or without a terminal.
    home.cogtok(RENEW).keyring(&keyring).run().code(5).stderr_has("cogtok login -p ws");
    let session = home.cogtok(["token", "user", "--force-refresh"]).keyring(&keyring).pty().wait();
    assert_eq!(session.code, Some(5), "{session:?}");
    assert!(!session.text.contains("password"), "{session:?}");
    assert_eq!(server.hits(), 2);
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    home.cogtok(["token", "user"]).run().ok().quiet();
}

#[test]
fn a_renewal_whose_answer_is_lost_is_not_repeated_and_a_busy_endpoint_is() {
    let busy = || Answer::new(503, "text/html", "busy");
    let (token, renewed) = refreshed(3600, None);
    let server = Server::script([alice(), busy(), busy(), renewed]);
    let keyring = Keyring::start();
    let home = signed_in(&server, &keyring, &server.url());
    assert_eq!(home.cogtok(RENEW).keyring(&keyring).run().ok().json()["access_token"], json!(token));
    assert_eq!(server.hits(), 4);
    let server = Server::script([alice(), Answer::close()]);
    let keyring = Keyring::start();
    let home = signed_in(&server, &keyring, &server.url());
    home.cogtok(RENEW).keyring(&keyring).run().code(6);
    assert_eq!((server.hits(), kept(&keyring).as_str()), (2, REFRESH));
    // The token that is valid still does meanwhile.
    home.cogtok(["token", "user"]).run().ok();
}

#[test]
fn the_refresh_token_goes_to_the_domain_it_came_from_whatever_the_profile_says() {
    let (_, renewed) = refreshed(3600, None);
    let server = Server::script([alice(), renewed]);
    let keyring = Keyring::start();
    let home = signed_in(&server, &keyring, "http://127.0.0.1:9");
    let evil = Server::canary();
    home.cogtok(["profile", "set", "ws", "domain", &evil.url()]).run().ok();
    home.cogtok(RENEW).keyring(&keyring).run().ok();
    assert_eq!(server.hits(), 2);
    evil.assert_untouched();
    // An edited marker finds nothing to send: the secret store knows what was stored for where.
    let marker = home.cache_files().into_keys().find(|path| path.extension().is_some_and(|e| e == "json")).unwrap();
    let text = std::fs::read_to_string(&marker).unwrap().replace(&server.url(), &evil.url());
    std::fs::write(&marker, text).unwrap();
    let refused = home.cogtok(RENEW).keyring(&keyring).run();
    refused.check(refused.code != Some(0), "nothing is renewed");
    evil.assert_untouched();
}

#[test]
fn without_a_secret_store_the_token_is_kept_and_no_session() {
    let server = Server::script([alice()]);
    let home = Home::new();
    home.login_profile(&server.url());
    let (output, _) = sign_in(home.cogtok(["login"]), &home.fake_browser());
    output.ok().stderr_has("you will have to sign in again when this token expires").stderr_has("cogtok secret init");
    output.stderr_has("alice@example.com is signed in").stderr_lacks("renews");
    home.cogtok(["token", "user"]).run().ok().quiet();
    insta::assert_snapshot!(home.cogtok(["token", "user", "--force-refresh"]).run().message(), @"
    exit 5
    error: the session from the browser has expired: no refresh token is stored (profile `ws`)
    hint: sign in again: `cogtok login -p ws`
    ");
    // Where not even the token can be kept, the sign-in was for nothing, and that is said.
    let server = Server::script([alice()]);
    let home = Home::new();
    home.login_profile(&server.url());
    let run = home.cogtok(["login"]).env("XDG_CACHE_HOME", "/dev/null/cache");
    sign_in(run, &home.fake_browser()).0.code(7).stderr_has("could not store the tokens");
}

#[test]
fn a_sign_in_replaces_the_session_before_it() {
    let server = Server::script([alice(), alice()]);
    let keyring = Keyring::start();
    let home = signed_in(&server, &keyring, "http://127.0.0.1:9");
    let other = Server::script([alice()]);
    home.cogtok(["profile", "set", "ws", "domain", &other.url()]).run().ok();
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    assert_eq!(refresh_tokens(&keyring), [format!("refresh-token|{CLIENT}|{}|", other.url())]);
    // Deleting the profile takes the session along.
    home.cogtok(["profile", "delete", "ws", "--yes"]).keyring(&keyring).run().ok();
    assert_eq!(refresh_tokens(&keyring), [""; 0]);
}

#[test]
fn a_sign_in_that_could_not_be_kept_never_becomes_the_user_before_it() {
    let (mut access, mut id) = claims();
    for claims in [&mut access, &mut id] {
        claims["sub"] = json!("00000000-0000-4000-8000-0000000000b0");
    }
    id["email"] = json!("bob@example.com");
    let server = Server::script([alice(), answer(&access, &id), Answer::json(200, &json!({}))]);
    let keyring = Keyring::start();
    let home = signed_in(&server, &keyring, &server.url());
    // Bob's refresh token finds no store.
    let (output, _) = sign_in(home.cogtok(["login"]), &home.fake_browser());
    output.ok().stderr_has("you will have to sign in again").stderr_has("bob@example.com is signed in");
    for spoil in [false, true] {
        if spoil {
            std::fs::remove_dir_all(home.cache_dir()).unwrap();
        }
        let status = home.cogtok(["status"]).keyring(&keyring).run();
        status.check(!status.stdout.contains("alice@example.com"), "the user before");
        let renewed = home.cogtok(RENEW).keyring(&keyring).run();
        renewed.code(5).stdout_is("").stderr_has("cogtok login");
    }
    assert_eq!(server.requests().len(), 2, "alice's refresh token is not used");
    // It is still stored, and `logout` revokes and deletes it.
    let stored = refresh_tokens(&keyring);
    assert_eq!(stored.len(), 1);
    home.cogtok(["logout"]).keyring(&keyring).run().ok();
    assert_eq!(server.requests()[2].operation(), Some("RevokeToken"));
    assert_eq!(refresh_tokens(&keyring), [""; 0]);
}

#[test]
fn a_given_password_signs_in_after_a_browser_sign_in_that_could_not_be_kept() {
    let wrong = Answer::aws_error("NotAuthorizedException", "Incorrect username or password.");
    let server = Server::script([alice(), alice(), wrong]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), &server.url());
    home.cogtok(["profile", "set", "ws", "user.username", "alice@example.com"]).run().ok();
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    // Neither the keyring nor the record of the session can be written.
    let locks: Vec<_> =
        std::fs::read_dir(home.state_dir().join("sessions")).unwrap().map(|file| file.unwrap().path()).collect();
    for lock in locks.iter().filter(|file| file.extension().is_some_and(|extension| extension == "lock")) {
        std::fs::remove_file(lock).unwrap();
        std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700).create(lock).unwrap();
    }
    sign_in(home.cogtok(["login"]), &home.fake_browser()).0.ok().stderr_has("you will have to sign in again");
    let password = ["token", "user", "--auth-flow", "password", "--password-stdin", "--min-validity", "2h"];
    let refused = home.cogtok(password).stdin("Passw0rd!").keyring(&keyring).run();
    refused.code(4).stderr_has("Incorrect username or password");
    assert_eq!(server.requests()[2].operation(), Some("InitiateAuth"));
}

#[test]
fn a_named_user_whose_sign_in_could_not_be_kept_is_still_signed_out() {
    let server = Server::script([alice(), alice(), Answer::json(200, &json!({}))]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), &server.url());
    let login = || home.cogtok(["login", "--username", "alice@example.com"]);
    sign_in(login().keyring(&keyring), &home.fake_browser()).0.ok();
    sign_in(login(), &home.fake_browser()).0.ok().stderr_has("you will have to sign in again");
    std::fs::remove_dir_all(home.cache_dir()).unwrap();
    let ended = home.cogtok(["token", "user", "--username", "alice@example.com"]).keyring(&keyring).run();
    ended.code(5).stderr_has("sign in again: `cogtok login -p ws --username alice@example.com`\n");
    home.cogtok(["logout"]).keyring(&keyring).run().ok().stderr_has("alice@example.com");
    assert_eq!(server.requests()[2].operation(), Some("RevokeToken"));
    assert_eq!(refresh_tokens(&keyring), [""; 0]);
}

#[test]
fn a_sign_in_with_a_password_takes_the_refresh_token_of_the_browser_along() {
    let (api, domain) = (Sessions::start(false, 3600), Server::script([alice(), alice()]));
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&domain.url(), &api.server.url());
    home.cogtok(["profile", "set", "ws", "user.username", "alice@example.com"]).run().ok();
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    assert_eq!(refresh_tokens(&keyring).len(), 1);
    // The next sign-in with the browser is not kept, so the one with the password begins a session of its own.
    sign_in(home.cogtok(["login"]), &home.fake_browser()).0.ok().stderr_has("you will have to sign in again");
    std::fs::remove_dir_all(home.cache_dir()).unwrap();
    let password = ["token", "user", "--auth-flow", "password", "--password-stdin"];
    home.cogtok(password).stdin(PASSWORD).keyring(&keyring).run().ok();
    assert_eq!(refresh_tokens(&keyring), [format!("refresh-token|{CLIENT}|{}|alice@example.com", api.server.url())]);
}
