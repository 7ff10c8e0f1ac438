//! A secret store that can't be opened is not an empty one: what it may hold is never told as gone.

use crate::harness::challenges::{CLIENT_SECRET, PASSWORD};
use crate::harness::login::{alice, sign_in};
use crate::harness::{Answer, Bus, Home, Keyring, Run, Server, Sessions};
use serde_json::json;

const PASSPHRASE: &str = "a passphrase of five words";

/// Ways in which the store can't be opened, each with words of the reason.
fn locked_out(run: Run<'_>, way: usize) -> (Run<'_>, &'static str) {
    match way {
        0 => (run.env("COGTOK_PASSPHRASE", "wrong"), "this passphrase does not open"),
        1 => (run, "the passphrase of the secrets file is needed"),
        _ => (run.env("COGTOK_SECRET_STORE", "keyring"), "no keyring service is reachable"),
    }
}

/// A home whose secrets are in a file with a passphrase.
fn sealed() -> Home {
    let home = Home::new();
    home.canary(PASSPHRASE);
    home
}

fn initialise(home: &Home) {
    home.cogtok(["secret", "init"]).env("COGTOK_PASSPHRASE", PASSPHRASE).run().ok();
}

/// Signed in by the API, the password is nowhere.
fn by_api(sessions: &Sessions) -> Home {
    let home = sealed();
    home.scripted_user(&sessions.server.url());
    initialise(&home);
    let run = home.cogtok(["token", "user", "--password-stdin"]).env("COGTOK_PASSPHRASE", PASSPHRASE);
    run.stdin(PASSWORD).run().ok();
    home
}

/// Signed in with the browser.
fn by_browser(server: &Server) -> Home {
    let home = sealed();
    home.login_profile(&server.url());
    initialise(&home);
    let run = home.cogtok(["login"]).env("COGTOK_PASSPHRASE", PASSPHRASE);
    sign_in(run, &home.fake_browser()).0.ok();
    home
}

#[test]
fn a_session_whose_refresh_token_can_not_be_read_is_not_over() {
    for way in 0..3 {
        let server = Server::script([alice(), Answer::close()]);
        let home = by_browser(&server);
        let lines = [
            "token user --force-refresh",
            "header --as user --force-refresh",
            "exec --as user --force-refresh -- true",
            "call http http://127.0.0.1:9/ --as user --force-refresh",
        ];
        for line in lines {
            let (run, why) = locked_out(home.cogtok(line.split(' ')), way);
            let output = run.run();
            output.code(if line.starts_with("exec") { 125 } else { 7 });
            output.stderr_has(why).stderr_has("can't be read").stderr_has("hint: ").stderr_has("cogtok login -p ws");
            output.stderr_lacks("no refresh token").stderr_lacks("has expired");
        }
        for line in ["logout", "token revoke"] {
            let (run, why) = locked_out(home.cogtok(line.split(' ')), way);
            let output = run.run();
            output.code(7).stderr_has(why).stderr_lacks("nobody is signed in").stderr_lacks("no refresh token");
        }
        let (status, _) = locked_out(home.cogtok(["status"]), way);
        status.run().ok().stdout_has("alice@example.com").stdout_has("browser");
        assert_eq!(server.hits(), 1, "way {way}");
    }
}

#[test]
fn the_refusal_of_an_api_is_told_with_the_reason_why_there_is_no_new_token() {
    let api = Server::always(Answer::json(401, &json!({"message": "Unauthorized"})));
    let server = Server::script([alice()]);
    let home = by_browser(&server);
    for way in 0..3 {
        let (run, why) = locked_out(home.cogtok(["call", "http", &api.url(), "--as", "user"]), way);
        run.run().code(7).stderr_has("answered 401").stderr_has(why).stderr_lacks("no refresh token");
    }
    assert_eq!(server.hits(), 1);
}

#[test]
fn who_has_a_password_signs_in_and_who_has_none_learns_what_keeps_the_session() {
    for way in 0..3 {
        let sessions = Sessions::start(true, 30);
        let home = by_api(&sessions);
        let (run, why) = locked_out(home.cogtok(["token", "user"]), way);
        let output = run.run();
        output
            .code(7)
            .stderr_has(why)
            .stderr_has("--password-stdin")
            .stderr_lacks("has expired")
            .stderr_lacks("no refresh token");
        assert_eq!(sessions.counts(), (1, 0, 0));
        let (run, why) = locked_out(home.cogtok(["token", "user"]).env("COGTOK_PASSWORD", PASSWORD), way);
        run.run().ok().stderr_has(why);
        assert_eq!(sessions.counts(), (2, 0, 0));
        let (run, why) = locked_out(home.cogtok(["logout"]), way);
        run.run().code(7).stderr_has(why);
    }
}

#[test]
fn a_locked_keyring_is_no_empty_one() {
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&sessions.server.url());
    let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
    run(&["token", "user"]).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    keyring.lock();
    for words in [&["token", "user"][..], &["logout"], &["token", "revoke"]] {
        run(words).run().code(7).stderr_has("the keyring is locked").stderr_lacks("has expired").stderr_lacks("no one");
    }
    assert_eq!((sessions.counts(), home.cogtok(["status"]).run().ok().stdout.contains("API")), ((1, 0, 0), true));
}

#[test]
fn a_client_secret_that_can_not_be_read_is_not_left_out() {
    let server = Server::canary();
    let home = Home::new();
    home.scripted_user(&server.url());
    let keyring = Keyring::start();
    home.cogtok(["secret", "set", "user-client"]).keyring(&keyring).stdin(CLIENT_SECRET).run().ok();
    // Not at a terminal either, where nobody is asked for it.
    let session = home.cogtok(["token", "user"]).env("COGTOK_PASSWORD", PASSWORD).pty().wait();
    assert_eq!(session.code, Some(7), "{session:?}");
    keyring.lock();
    home.cogtok(["token", "user"]).env("COGTOK_PASSWORD", PASSWORD).bus(&Bus::start()).run().code(7);
    server.assert_untouched();
}
