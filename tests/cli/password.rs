//! `cogtok password`: a user sets a new password with a code, or changes it, without AWS credentials.

use crate::harness::challenges::{CLIENT, CLIENT_SECRET};
use crate::harness::{Answer, Home, Keyring, Run, Server, workshop};
use crate::user_create::counted;
use serde_json::json;

const PASSWORD: &str = "Correct-Horse-7-Battery";
const NEW: &str = "Another-Horse-9-Battery";
/// The code that the local Cognito sends.
const CODE: &str = "654321";

fn password<'h>(home: &'h Home, words: &[&str]) -> Run<'h> {
    home.cogtok(["password", words[0], "-p", "ws"]).args(&words[1..])
}

#[test]
fn a_forgotten_password_is_set_anew_with_the_code_and_without_aws_credentials() {
    let (home, proxy) = counted();
    home.canary(NEW);
    let email = workshop().user(PASSWORD);
    let sent = password(&home, &["forgot", "--username", &email]).run();
    sent.ok().stdout_is("").stderr_has("Cognito sent a code by e-mail");
    sent.stderr_has(&format!("cogtok password confirm -p ws --username {email}"));
    let confirm = |code: &str, new: &str| {
        let words = ["confirm", "--username", &email, "--code", code, "--password-stdin"];
        password(&home, &words).stdin(new).run()
    };
    confirm("000000", NEW).code(4).stderr_has("CodeMismatchException").stderr_has("the newest message");
    workshop().sign_in(&email, PASSWORD).unwrap();
    confirm(CODE, "weak").code(4).stderr_has("InvalidPasswordException");
    confirm(CODE, NEW).ok().stdout_is("").stderr_has("set the password of");
    workshop().sign_in(&email, NEW).unwrap();
    workshop().sign_in(&email, PASSWORD).unwrap_err();
    assert!(proxy.requests().iter().all(|request| request.header("authorization").is_none()), "nothing is signed");

    // Typed at a terminal: the password is not shown.
    password(&home, &["forgot", "--username", &email]).run().ok();
    let mut terminal = password(&home, &["confirm", "--username", &email]).pty();
    terminal.expect("Code from the message: ").send_line(CODE);
    terminal.expect("password").expect(": ").expect_no_echo().send_line(NEW);
    terminal.expect("Repeat new password: ").expect_no_echo().send_line(NEW);
    assert_eq!(terminal.wait().code, Some(0));

    let before = proxy.requests().len();
    password(&home, &["confirm", "--username", &email]).run().code(5).stderr_has("`--code CODE`");
    password(&home, &["confirm", "--username", &email, "--code", CODE]).run().code(5).stderr_has("`--password-stdin`");
    password(&home, &["forgot"]).run().code(3).stderr_has("user.username");
    assert_eq!(proxy.requests().len(), before);
}

#[test]
fn the_password_of_who_is_signed_in_is_changed_with_the_old_one() {
    let (home, proxy) = counted();
    let keyring = Keyring::start();
    home.canary(NEW);
    let email = workshop().user(PASSWORD);
    let change = |both: &str| {
        let run = password(&home, &["change", "--username", &email, "--passwords-stdin"]).keyring(&keyring);
        run.stdin(both).run()
    };
    change(&format!("{PASSWORD}\n{NEW}\n")).code(5).stderr_has("no one is signed in").stderr_has("cogtok login -p ws");
    let token = home.cogtok(["token", "user", "-p", "ws", "--username", &email]).keyring(&keyring);
    token.env("COGTOK_PASSWORD", PASSWORD).run().ok();
    change(&format!("{NEW}\n{PASSWORD}\n")).code(4).stderr_has("the current password is wrong");
    for bad in ["", PASSWORD, "a\nb\nc\n"] {
        change(bad).code(2).stderr_has("two lines");
    }
    change(&format!("{PASSWORD}\n\n")).code(2).stderr_has("standard input, line 2: the password is empty");
    change(&format!("{PASSWORD}\n{NEW}\n")).ok().stdout_is("").stderr_has("changed the password");
    workshop().sign_in(&email, NEW).unwrap();
    assert_eq!(proxy.count("InitiateAuth"), 1, "the session's token says who it is");
}

#[test]
fn a_client_with_a_secret_proves_it_in_each_call() {
    // SECRET_HASH as the fact sheet's vector has it.
    let hash = "djN2ZKKvOkN38tq9G5epw4NfaKGKcVAirQd+09p1KpU=";
    let server = Server::start(move |request| {
        let body = request.json();
        assert_eq!((&body["ClientId"], &body["SecretHash"]), (&json!(CLIENT), &json!(hash)), "{body}");
        let sent = json!({"CodeDeliveryDetails": {"Destination": "a***@e***\u{1b}[2J", "DeliveryMedium": "EMAIL", "AttributeName": "email"}});
        let answer = if request.operation() == Some("ForgotPassword") { sent } else { json!({}) };
        Answer::new(200, "application/x-amz-json-1.1", answer.to_string())
    });
    let home = Home::new();
    home.scripted_user(&server.url());
    let run = |words: &[&str]| password(&home, words).env("COGTOK_USER_CLIENT_SECRET", CLIENT_SECRET);
    run(&["forgot", "--username", "alice"]).run().ok().stderr_has("to a***@e***\\u{1b}[2J");
    run(&["confirm", "--username", "alice", "--code", "1", "--password-stdin"]).stdin(NEW).run().ok();
    assert_eq!(server.hits(), 2);
}

#[test]
fn each_refusal_says_what_to_do() {
    for (words, code, message, exit, hint) in [
        (&["forgot"][..], "LimitExceededException", "Attempt limit exceeded", 6, "wait a few minutes"),
        (
            &["forgot"],
            "NotAuthorizedException",
            "User password cannot be reset in the current state.",
            4,
            "administrator",
        ),
        (&["forgot"], "UserNotFoundException", "User does not exist.", 4, "check the user name"),
        (
            &["confirm", "--code", "1", "--password-stdin"],
            "ExpiredCodeException",
            "Invalid code provided",
            4,
            "have another one sent: `cogtok password forgot -p ws --username alice@example.com`",
        ),
        (
            &["confirm", "--code", "1", "--password-stdin"],
            "PasswordHistoryPolicyViolationException",
            "used",
            4,
            "another",
        ),
        (
            &["confirm", "--code", "1", "--password-stdin"],
            "TooManyFailedAttemptsException",
            "Too many failed attempts.",
            4,
            "have another one sent: `cogtok password forgot -p ws --username alice@example.com`",
        ),
        (&["forgot"], "AccessDeniedException", "no", 4, "firewall"),
    ] {
        let server = Server::always(Answer::aws_error(code, message));
        let home = Home::new();
        home.scripted_user(&server.url());
        let output = password(&home, words).stdin(NEW).timeout(std::time::Duration::from_secs(60)).run();
        output.code(exit).stderr_has(code).stderr_has(hint).stderr_lacks("AWS credentials");
    }
}

#[test]
fn a_user_without_a_verified_address_needs_an_administrator() {
    let words = "Cannot reset password for the user as there is no registered/verified email or phone_number";
    let server = Server::always(Answer::aws_error("InvalidParameterException", words));
    let home = Home::new();
    home.scripted_user(&server.url());
    insta::assert_snapshot!(password(&home, &["forgot", "--username", "bob"]).run().message(), @"
    exit 4
    error: ForgotPassword was refused: InvalidParameterException: Cannot reset password for the user as there is no registered/verified email or phone_number (profile `ws`)
    hint: the user has no verified e-mail address or phone number, so Cognito can't send a code
    hint: someone with AWS credentials sets a new password: `cogtok user set-password bob -p ws`
    ");
}
