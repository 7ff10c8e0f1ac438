//! Users who were named when they signed in and are in no profile: every command finds them again.

use crate::harness::{Bus, Home, Keyring, Workshop, workshop};
use serde_json::json;

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn sign_in(home: &Home, keyring: &Keyring, user: &str) {
    let run = home.cogtok(["token", "user", "--username", user]).keyring(keyring).env("COGTOK_PASSWORD", PASSWORD);
    run.canary_password(PASSWORD).run().ok();
}

fn home_of(workshop: &Workshop) -> Home {
    let home = Home::new();
    home.workshop_profile(workshop);
    home
}

#[test]
fn the_only_one_is_found_without_being_named() {
    let (workshop, keyring, home) = (workshop(), Keyring::start(), home_of(workshop()));
    let alice = workshop.user(PASSWORD);
    sign_in(&home, &keyring, &alice);
    // No keyring is asked.
    let (quiet, rows) = (Bus::start(), home.cogtok(["status", "--json"]));
    let rows = rows.bus(&quiet).run().ok().json();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["signed_in_as"]), (1, &json!(alice)));
    assert_eq!(rows[0]["session"]["via"], "api");
    home.cogtok(["status"]).run().ok().stdout_has(&alice[..12]).stdout_has("API");
    home.cogtok(["token", "inspect", "--claim", "token_use"]).run().ok().stdout_is("access\n");
    home.cogtok(["token", "verify"]).run().ok().stdout_has("verified: ");
    home.cogtok(["token", "check", "--for", "apigateway-http", "--allowed-audience", &workshop.web.id]).run().ok();
    // `token user` asks whose, as ever.
    home.cogtok(["token", "user"]).run().code(3).stderr_has(&format!("add `--username {alice}`"));
    let revoked = home.cogtok(["token", "revoke"]).keyring(&keyring).run();
    revoked.ok().stderr_has(&format!("revoked the refresh token of {alice}"));
    assert_eq!(
        (keyring.entries().len(), home.cogtok(["status", "--json"]).run().json()[0]["user"].is_null()),
        (0, true)
    );
    sign_in(&home, &keyring, &alice);
    home.cogtok(["logout"]).keyring(&keyring).run().ok().stderr_has("is signed out of profile `ws`");
    assert_eq!(keyring.entries().len(), 0);
    home.cogtok(["logout"]).keyring(&keyring).run().ok().stderr_has("no one is signed in to profile `ws`");
    let none = home.cogtok(["token", "inspect"]).run();
    none.code(1).stderr_has("`cogtok token user -p ws --username NAME` gets one").stderr_lacks("--as m2m");
}

#[test]
fn several_are_named_with_what_to_type() {
    let (workshop, keyring, home) = (workshop(), Keyring::start(), home_of(workshop()));
    let users = [workshop.user(PASSWORD), workshop.user(PASSWORD)];
    users.iter().for_each(|user| sign_in(&home, &keyring, user));
    let rows = home.cogtok(["status", "--json"]).run().ok().json();
    let mut names: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["signed_in_as"].as_str().unwrap()).collect();
    names.sort_unstable();
    let mut sorted: Vec<_> = users.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
    for line in ["logout", "logout --global", "logout --local", "token revoke"] {
        let output = home.cogtok(line.split(' ')).keyring(&keyring).run();
        output.code(2).stderr_has("2 users are signed in to profile `ws`");
        for user in &users {
            output.stderr_has(&format!("`cogtok {line} -p ws --username {user}`"));
        }
    }
    for line in ["token inspect", "token verify", "token check --for alb"] {
        let output = home.cogtok(line.split(' ')).run();
        output.code(2).stderr_has("2 users").stderr_has(&format!("add `--username {}`", users[1]));
    }
    assert_eq!(keyring.entries().len(), 2);
    home.cogtok(["token", "inspect", "--username", &users[0]]).run().ok();
    // A profile that names somebody else does not hide them.
    home.cogtok(["profile", "set", "ws", "user.username", "carol@example.com"]).run().ok();
    let other = home.cogtok(["logout"]).keyring(&keyring).run();
    other.ok().stderr_has("carol@example.com is not signed in").stderr_lacks("nothing to do");
    other.stderr_has(&format!("`cogtok logout -p ws --username {}`", users[0]));
    let other = home.cogtok(["logout", "--global"]).keyring(&keyring).run();
    other.code(5).stderr_has(&format!("`cogtok logout --global -p ws --username {}`", users[0]));
    let other = home.cogtok(["token", "inspect"]).run();
    other.code(1).stderr_has("no cached token for user carol@example.com").stderr_has(&users[1]);
    let other = home.cogtok(["token", "revoke"]).keyring(&keyring).run();
    other.ok().stderr_has("no refresh token").stderr_has(&format!("token revoke -p ws --username {}`", users[0]));
    home.cogtok(["logout", "--username", &users[0]]).keyring(&keyring).run().ok();
    home.cogtok(["profile", "unset", "ws", "user.username"]).run().ok();
    home.cogtok(["logout"]).keyring(&keyring).run().ok().stderr_has(&users[1]);
    assert_eq!(keyring.entries().len(), 0);
}

#[test]
fn a_password_is_changed_by_who_is_named_and_by_nobody_else() {
    let (workshop, keyring, home) = (workshop(), Keyring::start(), home_of(workshop()));
    let alice = workshop.user(PASSWORD);
    let change = || home.cogtok(["password", "change", "--username", "leak@example.com"]).keyring(&keyring).run();
    let sign_in_first = "`cogtok token user -p ws --username leak@example.com`";
    change().code(5).stderr_has("no one is signed in here").stderr_has(sign_in_first);
    sign_in(&home, &keyring, &alice);
    let other = change();
    other.code(5).stderr_has("leak@example.com is not signed in here").stderr_lacks("no one").stderr_has(sign_in_first);
    other.stderr_has(&format!("{alice} is signed in: `cogtok password change -p ws --username {alice}`"));
}

#[test]
fn the_other_kind_of_token_is_mentioned_where_it_is_there() {
    let (workshop, keyring, home) = (workshop(), Keyring::start(), home_of(workshop()));
    home.cogtok(["token", "m2m"]).m2m_secret(workshop).run().ok();
    for line in ["inspect", "verify", "check --for alb"] {
        let output = home.cogtok("token".split(' ').chain(line.split(' '))).run();
        output.code(1).stderr_has("no cached token for the user").stderr_has("add `--as m2m`");
    }
    home.cogtok(["token", "inspect", "--as", "m2m"]).run().ok();
    let lacking = home.cogtok(["token", "verify", "--as", "m2m", "--scope", "api/other"]).run();
    // A request names its scopes anew: those that the token has are among them.
    lacking.code(8).stderr_has("`cogtok token m2m -p ws --scope '").stderr_has(" api/other'`");
    lacking.stderr_has("AllowedOAuthScopes");
    lacking.stderr_lacks("not from a sign-in");
    home.cogtok(["cache", "clear"]).run().ok();
    let neither = home.cogtok(["token", "inspect", "--as", "m2m"]).run();
    neither.code(1).stderr_lacks("--as user").stderr_has("`cogtok token m2m -p ws` gets one");
    sign_in(&home, &keyring, &workshop.user(PASSWORD));
    insta::assert_snapshot!(home.cogtok(["token", "inspect", "--as", "m2m"]).run().message(), @"
    exit 1
    error: there is no cached token for the machine-to-machine client (profile `ws`)
    hint: there is a user's token: add `--as user`
    hint: `cogtok token m2m -p ws` gets one; `-` reads a token from standard input
    ");
}
