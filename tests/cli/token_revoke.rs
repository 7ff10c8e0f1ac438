//! `cogtok token revoke`: which tokens can be, and how they are handed over.

use crate::harness::challenges::{CLIENT, CLIENT_SECRET};
use crate::harness::login::{REFRESH, alice, claims, sign_in};
use crate::harness::{Answer, Home, Keyring, Server, jwt};
use serde_json::json;

fn done() -> Answer {
    Answer::json(200, &json!({}))
}

#[test]
fn the_profiles_own_refresh_token_is_revoked_once_and_forgotten() {
    let server = Server::script([alice(), Answer::new(200, "text/plain", "")]);
    let keyring = Keyring::start();
    let home = Home::new();
    home.login_profile_with(&server.url(), "http://127.0.0.1:9");
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    let output = home.cogtok(["token", "revoke"]).keyring(&keyring).run();
    output.ok().stdout_is("").stderr_has("revoked the refresh token");
    assert_eq!(server.requests()[1].form("token").as_deref(), Some(REFRESH));
    assert_eq!(keyring.entries().len(), 0);
    insta::assert_snapshot!(home.cogtok(["token", "user"]).keyring(&keyring).run().message(), @"
    exit 3
    error: `user.username` is not set (profile `ws`)
    hint: run `cogtok profile set ws user.username VALUE`, or add `--username VALUE`
    hint: or sign in with the browser: `cogtok login -p ws`
    ");
    home.cogtok(["token", "revoke"]).keyring(&keyring).run().ok().stderr_has("no refresh token to revoke");
    assert_eq!(server.hits(), 2);
}

#[test]
fn one_from_standard_input_goes_to_the_api_and_one_from_the_command_line_nowhere() {
    let server = Server::script([done(), done()]);
    let home = Home::new();
    home.login_profile(&server.url());
    let given = || home.cogtok(["token", "revoke", "-"]);
    given().stdin(format!("{REFRESH}\n")).run().ok().stdout_is("");
    given().stdin(REFRESH).env("COGTOK_USER_CLIENT_SECRET", CLIENT_SECRET).canary(CLIENT_SECRET).run().ok();
    let bodies: Vec<_> =
        server.requests().iter().map(|request| (request.operation().map(String::from), request.json())).collect();
    let operation = Some("RevokeToken".to_string());
    assert_eq!(bodies[0], (operation.clone(), json!({"Token": REFRESH, "ClientId": CLIENT})));
    assert_eq!(bodies[1], (operation, json!({"Token": REFRESH, "ClientId": CLIENT, "ClientSecret": CLIENT_SECRET})));
    let refused = home.cogtok(["token", "revoke", REFRESH]).run();
    refused.code(2).stderr_has("from the command line: every user").stderr_has("cogtok token revoke -p ws -");
    insta::assert_snapshot!(given().run().message(), @"
    exit 2
    error: standard input: the secret is empty (profile `ws`)
    hint: nothing came: check that the variable, the file or the command in the pipe gives something
    ");
    assert_eq!(server.hits(), 2);
}

#[test]
fn what_is_no_refresh_token_is_told_what_to_do_instead() {
    let (access, id) = claims();
    let server = Server::canary();
    let home = Home::new();
    home.login_profile(&server.url());
    for (of, token) in [("an access token", jwt(&access)), ("an id token", jwt(&id))] {
        let output = home.cogtok(["token", "revoke", "-"]).stdin(&token).canary(&token).run();
        output.code(2).stderr_has(of).stderr_has("only a refresh token can be revoked");
        output.stderr_has("cogtok token revoke -p ws").stderr_has("--global");
    }
    server.assert_untouched();
    // What can't be seen from here, Cognito says.
    for (code, message, exit, says) in [
        ("UnsupportedTokenTypeException", "Unsupported token type", 2, "only a refresh token can be revoked"),
        ("UnauthorizedException", "", 4, "to another app client"),
        ("UnsupportedOperationException", "Revocation is off", 1, "settings do not allow this"),
        (
            "NotAuthorizedException",
            "Client is configured for secret but secret was not received",
            3,
            "secret set user-client",
        ),
    ] {
        let server = Server::script([Answer::aws_error(code, message).unlike_aws()]);
        let home = Home::new();
        home.login_profile(&server.url());
        home.cogtok(["token", "revoke", "-"]).stdin(REFRESH).run().code(exit).stderr_has(code).stderr_has(says);
        assert_eq!(server.hits(), 1);
    }
}

#[test]
fn a_user_of_the_browser_is_found_by_name() {
    // The browser says who it was only when the session is there, so that no profile or option named the user before.
    for (words, name) in [(&["token", "revoke"][..], "alice@example.com"), (&["logout"], "ali")] {
        let server = Server::script([alice(), Answer::new(200, "text/plain", "")]);
        let keyring = Keyring::start();
        let home = Home::new();
        home.login_profile_with(&server.url(), "http://127.0.0.1:9");
        sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
        let run = |name: &str| home.cogtok(words).args(["--username", name]).keyring(&keyring).run();
        run("bob@example.com").ok();
        assert_eq!((server.hits(), keyring.entries().len()), (1, 1), "nothing of another user ends");
        run(name).ok();
        assert_eq!((server.hits(), keyring.entries().len()), (2, 0));
        assert_eq!(server.requests()[1].form("token").as_deref(), Some(REFRESH));
    }
}
