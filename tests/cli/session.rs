//! Staying signed in: `token user` renews its tokens with the refresh token, which is in the secret store and nowhere else.

use crate::harness::challenges::PASSWORD;
use crate::harness::verify::verify;
use crate::harness::{Answer, Home, Keyring, Proxy, Run, Sessions, herd, workshop};
use serde_json::json;
use std::time::Duration;

const RENEW: &str = "GetTokensFromRefreshToken";

fn token_user<'h>(home: &'h Home, keyring: &Keyring, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "user", "-p", "ws"]).args(args).keyring(keyring)
}

/// A home with the user of the scripted server, signed in once.
fn signed_in(sessions: &Sessions) -> (Home, Keyring) {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&sessions.server.url());
    token_user(&home, &keyring, &["--password-stdin"]).stdin(PASSWORD).run().ok();
    (home, keyring)
}

/// The refresh token in the keyring.
fn kept(keyring: &Keyring) -> Option<String> {
    let entries = keyring.entries();
    let mut of_sessions = entries.iter().filter(|entry| entry["username"].starts_with("refresh-token|"));
    let found = of_sessions.next().map(|entry| entry["secret"].clone());
    assert!(of_sessions.next().is_none(), "one session, one entry");
    found
}

#[test]
fn a_refresh_token_brings_new_tokens_without_a_password_and_is_in_the_keyring_alone() {
    let (keyring, proxy) = (Keyring::start(), Proxy::new(&workshop().endpoint));
    let home = Home::new();
    home.canary(PASSWORD);
    let email = workshop().user(PASSWORD);
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    let first = token_user(&home, &keyring, &["--password-stdin"]).stdin(PASSWORD).run();
    let claims = verify(first.ok().quiet().line(), workshop());
    let refresh_token = kept(&keyring).expect("a refresh token");
    home.canary(&refresh_token);
    let account = format!("refresh-token|{}|{}|{email}", workshop().web.id, proxy.url());
    assert!(keyring.entries().iter().any(|entry| entry["username"] == account));

    // What is cached needs neither keyring nor server.
    let cached = home.cogtok(["token", "user", "-p", "ws"]).run();
    cached.ok().quiet().stdout_is(&first.stdout);
    let renewed = token_user(&home, &keyring, &["--force-refresh", "--json", "-vv"]).run();
    let json = renewed.ok().json();
    assert_eq!(json["source"], "refresh");
    assert!(json.get("refresh_token").is_none());
    let new_claims = verify(json["access_token"].as_str().unwrap(), workshop());
    assert_eq!(new_claims["sub"], claims["sub"]);
    assert_ne!(new_claims["jti"], claims["jti"]);
    verify(json["id_token"].as_str().unwrap(), workshop());
    assert_eq!(proxy.log(), ["InitiateAuth", "RespondToAuthChallenge", RENEW]);
    assert!(proxy.requests()[2].header("authorization").is_none(), "unsigned");
    // The same refresh token goes on, since this pool does not rotate them.
    let again = token_user(&home, &keyring, &["--force-refresh", "--token", "id"]).run();
    verify(again.ok().quiet().line(), workshop());
    assert_eq!(kept(&keyring).as_ref(), Some(&refresh_token));

    // With a password, or without the cache, it is a sign-in.
    let run = |args: &[&str]| token_user(&home, &keyring, args).stdin(PASSWORD).run().ok().quiet().stdout.clone();
    run(&["--force-refresh", "--password-stdin"]);
    run(&["--no-cache", "--password-stdin"]);
    run(&["--force-refresh", "--no-refresh", "--password-stdin"]);
    assert_eq!((proxy.count(RENEW), proxy.count("InitiateAuth")), (2, 4));
}

#[test]
fn where_the_operation_is_unknown_refresh_token_auth_does_it_with_the_hash_of_the_pools_own_user_name() {
    for code in ["UnknownOperationException", "UnsupportedOperationException"] {
        let client = &workshop().confidential;
        let proxy = Proxy::with(&workshop().endpoint, move |request| {
            (request.operation() == Some(RENEW)).then(|| Answer::aws_error(code, "no such operation").unlike_aws())
        });
        let (home, keyring) = (Home::new(), Keyring::start());
        let email = workshop().user(PASSWORD);
        home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
        home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
        let secret = client.secret.as_deref().unwrap();
        let run = |args: &[&str]| {
            let run = token_user(&home, &keyring, &["--client-id", &client.id]).args(args);
            run.env("COGTOK_USER_CLIENT_SECRET", secret).canary(secret).stdin(PASSWORD).run()
        };
        let claims = verify(run(&["--password-stdin"]).ok().line(), workshop());
        verify(run(&["--force-refresh"]).ok().quiet().line(), workshop());
        let last = proxy.requests().pop().unwrap();
        let parameters = &last.json()["AuthParameters"];
        assert_eq!(last.json()["AuthFlow"], "REFRESH_TOKEN_AUTH");
        assert_eq!(parameters["REFRESH_TOKEN"].as_str(), kept(&keyring).as_deref());
        // Made elsewhere, over the name that the pool has for the user and not the one that was typed.
        let username = claims["username"].as_str().unwrap();
        assert_ne!(username, email);
        assert_eq!(parameters["SECRET_HASH"], secret_hash(username, &client.id, secret));
    }
}

/// SECRET_HASH by Python.
fn secret_hash(username: &str, client: &str, secret: &str) -> String {
    let script = "import base64, hmac, sys\n\
        user, client, secret = sys.stdin.read().split('\\n')\n\
        print(base64.b64encode(hmac.digest(secret.encode(), (user + client).encode(), 'sha256')).decode(), end='')";
    crate::harness::challenges::python(script, &format!("{username}\n{client}\n{secret}"))
}

#[test]
fn the_client_secret_goes_along_as_it_is() {
    let client = &workshop().confidential;
    let proxy = Proxy::new(&workshop().endpoint);
    let (home, keyring) = (Home::new(), Keyring::start());
    let email = workshop().user(PASSWORD);
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());
    let secret = client.secret.as_deref().unwrap();
    let run = |args: &[&str]| {
        let run = token_user(&home, &keyring, &["--client-id", &client.id, "--username", &email]).args(args);
        run.env("COGTOK_USER_CLIENT_SECRET", secret).canary(secret).stdin(PASSWORD).run()
    };
    run(&["--password-stdin"]).ok();
    verify(run(&["--force-refresh", "-vv"]).ok().line(), workshop());
    let last = proxy.requests().pop().unwrap().json();
    assert_eq!((&last["ClientSecret"], &last["ClientId"]), (&json!(secret), &json!(client.id)));
}

#[test]
fn a_hundred_callers_with_an_expired_token_make_one_renewal_and_never_reuse_a_rotating_refresh_token() {
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = signed_in(&sessions);
    sessions.state().delay = Duration::from_secs(2);
    for round in 1..=3 {
        let outputs = herd((0..100).map(|_| token_user(&home, &keyring, &[])));
        assert!(outputs.iter().all(|output| output.ok().stdout == outputs[0].stdout), "round {round}");
        let state = sessions.state();
        assert_eq!((state.renewals, state.reuses, state.sign_ins), (round, 0, 1));
        assert_eq!(kept(&keyring).as_ref(), Some(&state.current));
    }
}

#[test]
fn two_hundred_expiries_in_a_row_never_reuse_a_refresh_token() {
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = signed_in(&sessions);
    for _ in 0..200 {
        token_user(&home, &keyring, &["-q"]).run().ok().quiet();
    }
    let state = sessions.state();
    assert_eq!((state.renewals, state.reuses, state.sign_ins), (200, 0, 1));
}

#[test]
fn a_session_that_is_over_is_said_and_the_next_sign_in_begins_another() {
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = signed_in(&sessions);
    let old = kept(&keyring).unwrap();
    sessions.state().current = "revoked".into();
    // Nobody to ask: what is over, and what would help.
    let output = token_user(&home, &keyring, &[]).run();
    output.code(5).stderr_has("the session has expired").stderr_has("Refresh Token has been revoked");
    output.stderr_has("COGTOK_PASSWORD").stderr_lacks(&old);
    assert_eq!(kept(&keyring), None, "a refresh token that is of no use is not kept");

    // With a password at hand it signs in again, and says why.
    sessions.state().current = "anything".into();
    token_user(&home, &keyring, &["--password-stdin"]).stdin(PASSWORD).run().ok();
    sessions.state().current = "revoked again".into();
    let output = token_user(&home, &keyring, &[]).env("COGTOK_PASSWORD", PASSWORD).run();
    output.ok().stderr_has("the session has expired");
    let state = sessions.state();
    assert_eq!((state.sign_ins, state.reuses), (3, 0));
    assert_eq!(kept(&keyring).as_ref(), Some(&state.current));
}

#[test]
fn no_refresh_keeps_nothing_and_opens_no_keyring() {
    let sessions = Sessions::start(true, 30);
    let (home, bus) = (Home::new(), crate::harness::Bus::start());
    home.scripted_user(&sessions.server.url());
    for args in [&["--no-refresh"][..], &["--no-cache"]] {
        let run = home.cogtok(["token", "user", "--password-stdin"]).args(args).bus(&bus).stdin(PASSWORD);
        run.run().ok().stderr_lacks("refresh token");
    }
    // Nothing was left that could be renewed.
    home.cogtok(["token", "user"]).bus(&bus).run().code(5).stderr_has("the password of alice@example.com");
    assert_eq!(sessions.state().renewals, 0);
}

#[test]
fn without_a_secret_store_a_token_is_served_and_it_is_said_once() {
    let sessions = Sessions::start(true, 30);
    let home = Home::new();
    home.scripted_user(&sessions.server.url());
    let run = || home.cogtok(["token", "user"]).env("COGTOK_PASSWORD", PASSWORD).run();
    run().ok().stderr_has("you will have to sign in again").stderr_has("cogtok secret init").stderr_has("--no-refresh");
    run().ok().stderr_lacks("you will have to sign in again");
    run().ok().stderr_lacks("you will have to sign in again");
    assert_eq!(sessions.counts(), (3, 0, 0));
    // A secrets file that is yet to be made is no reason to ask for a passphrase.
    let home = Home::new();
    home.scripted_user(&sessions.server.url());
    let run = home.cogtok(["token", "user", "-p", "ws"]).env("COGTOK_PASSWORD", PASSWORD);
    let session = run.env("COGTOK_SECRET_STORE", "file").pty().wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    assert!(session.text.contains("there is no secrets file yet"), "{session:?}");
    assert!(!session.text.contains("passphrase of"), "{session:?}");
}

#[test]
fn the_sealed_file_keeps_a_session_as_well() {
    let sessions = Sessions::start(true, 30);
    let home = Home::new();
    home.scripted_user(&sessions.server.url());
    let identity = home.path("identity");
    home.cogtok(["secret", "init"]).arg(&identity).run().ok();
    let run = || home.cogtok(["token", "user"]).env("COGTOK_SECRET_IDENTITY", &identity);
    run().env("COGTOK_PASSWORD", PASSWORD).run().ok();
    for _ in 0..3 {
        run().run().ok();
    }
    assert_eq!(sessions.counts(), (1, 3, 0));
}

#[test]
fn at_a_terminal_a_renewal_asks_nothing_and_a_session_that_is_over_asks_for_the_password() {
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = signed_in(&sessions);
    let renewed = token_user(&home, &keyring, &["-q"]).pty().wait();
    assert_eq!(renewed.code, Some(0));
    assert!(!renewed.text.contains("password"), "{renewed:?}");
    sessions.state().current = "revoked".into();
    let mut terminal = token_user(&home, &keyring, &[]).pty();
    terminal.expect("the session has expired");
    terminal.expect("Password for alice@example.com: ").expect_no_echo().send_line(PASSWORD);
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    assert_eq!((sessions.counts().0, sessions.counts().2), (2, 0));
}
