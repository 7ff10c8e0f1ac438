//! What a first sign-in asks and offers at a terminal: the user name, saving it, and a place for secrets without a keyring.

use crate::harness::challenges::{CLIENT, PASSWORD, challenge, signed_in};
use crate::harness::pty::{Pty, Session};
use crate::harness::{Answer, Home, Request, Server, unique};
use serde_json::json;

const PASSPHRASE: &str = "a passphrase of five words";
const SHORT: &str = "too short 1";
const ALICE: &str = "alice@example.com";

/// A profile that names no user.
fn nameless(server: &Server) -> Home {
    let home = Home::new();
    home.scripted_user(&server.url());
    [PASSPHRASE, SHORT].iter().for_each(|secret| home.canary(*secret));
    let text = std::fs::read_to_string(home.config_file()).unwrap();
    home.config(&text.replace("username = \"alice@example.com\"\n", ""));
    home
}

/// A sign-in that leaves a refresh token.
fn with_refresh_token(request: &Request) -> Answer {
    let token = unique("refresh-token");
    signed_in().1.map_json(|body| {
        body["AuthenticationResult"]["RefreshToken"] = json!(token);
        if request.operation() == Some("GetTokensFromRefreshToken") {
            body.as_object_mut().unwrap().remove("ChallengeParameters");
        }
    })
}

fn hidden(terminal: &mut Pty<'_>, question: &str, answer: &str) {
    terminal.expect(question).expect_no_echo().send_line(answer);
}

#[track_caller]
fn assert_ended(session: &Session, code: u32) {
    assert_eq!(session.code, Some(code), "{session:?}");
    assert!(session.echo && session.canonical, "the terminal's modes are not restored: {session:?}");
}

#[test]
fn the_user_name_is_asked_for_and_saved_where_wanted() {
    let server = Server::start(|_| signed_in().1);
    let home = nameless(&server);
    let mut terminal = home.cogtok(["token", "user", "--header"]).pty();
    terminal.expect("User name: ").send_line(ALICE);
    hidden(&mut terminal, "Password for alice@example.com: ", PASSWORD);
    terminal.expect("Save alice@example.com as this profile's user? [Y/n] ").send_line("n");
    terminal.expect("Authorization: Bearer ");
    assert_ended(&terminal.wait(), 0);
    assert!(!std::fs::read_to_string(home.config_file()).unwrap().contains("username"));
    // From the cache there is no sign-in, so nothing is offered.
    let mut terminal = home.cogtok(["token", "user", "--header", "--force-refresh"]).pty();
    terminal.expect("User name: ").send_line(ALICE);
    hidden(&mut terminal, "Password for alice@example.com: ", PASSWORD);
    terminal.expect("[Y/n] ").send_line("");
    assert_ended(&terminal.wait(), 0);
    assert!(std::fs::read_to_string(home.config_file()).unwrap().contains("username = \"alice@example.com\""));
    home.cogtok(["token", "user"]).run().ok();
    assert_eq!(server.hits(), 2);
}

#[test]
fn nobody_is_asked_for_a_user_name_in_a_pipe() {
    let server = Server::canary();
    let home = nameless(&server);
    home.cogtok(["token", "user"]).env("COGTOK_PASSWORD", PASSWORD).stdin("alice@example.com\n").run().code(3);
    home.cogtok(["secret", "set", "password"]).stdin(PASSWORD).run().code(3).stderr_has("user.username");
    let session = home.cogtok(["token", "user", "--no-input"]).pty().wait();
    assert_eq!(session.code, Some(3), "{session:?}");
    server.assert_untouched();
}

#[test]
fn a_password_is_stored_for_a_user_who_is_asked_for() {
    let server = Server::canary();
    let home = nameless(&server);
    home.cogtok(["secret", "init"]).run().ok();
    let mut terminal = home.cogtok(["secret", "set", "password"]).env("COGTOK_PASSPHRASE", PASSPHRASE).pty();
    terminal.expect("User name: ").send_line(ALICE);
    hidden(&mut terminal, "password secret of client", PASSWORD);
    terminal.expect("Save alice@example.com as this profile's user? [Y/n] ").send_line("y");
    assert_ended(&terminal.wait(), 0);
    home.cogtok(["secret", "status"]).env("COGTOK_PASSPHRASE", PASSPHRASE).run().ok().stdout_has("password");
}

#[test]
fn without_a_keyring_the_first_sign_in_offers_the_secrets_file() {
    let server = Server::start(with_refresh_token);
    let home = nameless(&server);
    let sign_in = |more: &[&str]| home.cogtok(["token", "user", "--header", "--username", ALICE]).args(more).pty();
    // Declined: the warning says what follows, and the remedy; it is not offered again.
    let mut terminal = sign_in(&[]);
    hidden(&mut terminal, "Password for ", PASSWORD);
    terminal.expect("[Y/n] ").send_line("n");
    terminal.expect("warning:").expect("you will have to sign in again when this token expires");
    terminal.expect("cogtok secret init").expect("--no-refresh");
    assert_ended(&terminal.wait(), 0);
    let mut terminal = sign_in(&["--force-refresh"]);
    hidden(&mut terminal, "Password for ", PASSWORD);
    let session = terminal.wait();
    assert_ended(&session, 0);
    assert!(!session.text.contains("[Y/n]") && !session.text.contains("warning"), "{session:?}");
    // Accepted: too short a passphrase, two that differ, then one that does.
    home.cogtok(["cache", "clear"]).run().ok();
    let mut terminal = sign_in(&[]);
    hidden(&mut terminal, "Password for ", PASSWORD);
    terminal.expect("[Y/n] ").send_line("");
    hidden(&mut terminal, "New passphrase for your secrets file, which cogtok now creates: ", SHORT);
    terminal.expect("has 11 characters and needs at least 15").expect("2 tries left.");
    hidden(&mut terminal, "New passphrase", PASSPHRASE);
    hidden(&mut terminal, "Repeat new passphrase: ", SHORT);
    terminal.expect("The passphrases don't match. 1 try left.");
    hidden(&mut terminal, "New passphrase", PASSPHRASE);
    hidden(&mut terminal, "Repeat new passphrase: ", PASSPHRASE);
    assert_ended(&terminal.wait(), 0);
    // The session is kept from now on.
    let renewed = home.cogtok(["token", "user", "--username", ALICE, "--force-refresh"]);
    renewed.env("COGTOK_PASSPHRASE", PASSPHRASE).run().ok();
    assert!(!server.requests().last().unwrap().text().contains("PASSWORD"), "it was renewed, not signed in");
    // In a pipe there is only the warning.
    let home = nameless(&server);
    let output = home.cogtok(["token", "user", "--username", ALICE]).env("COGTOK_PASSWORD", PASSWORD).run();
    output.ok().stderr_has("warning: you will have to sign in again").stderr_has("hint: to stay signed in");
}

#[test]
fn secret_init_makes_the_file_at_once_where_somebody_is_there() {
    let server = Server::start(with_refresh_token);
    let home = nameless(&server);
    let mut terminal = home.cogtok(["secret", "init"]).pty();
    hidden(&mut terminal, "New passphrase for your secrets file, which cogtok now creates: ", PASSPHRASE);
    hidden(&mut terminal, "Repeat new passphrase: ", PASSPHRASE);
    assert_ended(&terminal.wait(), 0);
    assert!(home.path(".local/share/cogtok/secrets.age").exists());
    let mut terminal = home.cogtok(["token", "user", "--header", "--username", ALICE]).pty();
    hidden(&mut terminal, "Password for ", PASSWORD);
    hidden(&mut terminal, "Passphrase of your secrets file: ", PASSPHRASE);
    let session = terminal.wait();
    assert_ended(&session, 0);
    assert!(!session.text.contains("warning"), "{session:?}");
}

#[test]
fn a_new_password_that_the_policy_refuses_is_asked_again_with_the_reason() {
    let refused =
        Answer::aws_error("InvalidPasswordException", "Password did not conform with policy: Password not long enough");
    let temporary = challenge(1, "NEW_PASSWORD_REQUIRED", json!({"USER_ID_FOR_SRP": "alice"}));
    let again = challenge(2, "NEW_PASSWORD_REQUIRED", json!({"USER_ID_FOR_SRP": "alice"}));
    let server = Server::script([temporary, refused, again, signed_in().1]);
    let home = Home::new();
    home.scripted_user(&server.url());
    home.canary(SHORT);
    let mut terminal = home.cogtok(["token", "user", "--header"]).env("COGTOK_PASSWORD", "Temporary-1-Password").pty();
    hidden(&mut terminal, "Your password is temporary. New password: ", SHORT);
    hidden(&mut terminal, "Repeat new password: ", SHORT);
    terminal.expect("Password did not conform with policy: Password not long enough. 2 tries left.");
    hidden(&mut terminal, "New password: ", PASSWORD);
    hidden(&mut terminal, "Repeat new password: ", PASSWORD);
    let session = terminal.wait();
    assert_ended(&session, 0);
    assert!(!session.text.contains("Exception"), "{session:?}");
    // A new session for the new try: the refusal may have spent the first.
    let last = server.requests()[3].json();
    assert_eq!(
        (last["ClientId"].as_str(), last["Session"].as_str().map(|it| it.contains("session-2"))),
        (Some(CLIENT), Some(true))
    );
}

#[test]
fn a_wrong_code_is_told_in_words_and_the_exception_under_v() {
    let wrong = || Answer::aws_error("CodeMismatchException", "Invalid code received for user");
    for (args, has_name) in [(&["--header"][..], false), (&["--header", "-v"], true)] {
        let app = challenge(1, "SOFTWARE_TOKEN_MFA", json!({"FRIENDLY_DEVICE_NAME": "my phone"}));
        let server = Server::script([app, wrong(), signed_in().1]);
        let home = Home::new();
        home.scripted_user(&server.url());
        let mut terminal = home.cogtok(["token", "user"]).args(args).env("COGTOK_PASSWORD", PASSWORD).pty();
        hidden(&mut terminal, "Code from your authenticator app (my phone): ", "123456");
        terminal.expect("Wrong code. 2 tries left.");
        hidden(&mut terminal, "Code from your authenticator app (my phone): ", "654321");
        let session = terminal.wait();
        assert_ended(&session, 0);
        assert_eq!(session.text.contains("CodeMismatchException"), has_name, "{session:?}");
    }
}
