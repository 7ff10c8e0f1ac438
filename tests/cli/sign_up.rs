//! `cogtok sign-up`: a user signs up and confirms it, where the pool allows that.

use crate::harness::{Answer, Home, Run, Server, unique, workshop};
use crate::user_create::counted;
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-7-Battery";
/// The code that the local Cognito sends.
const CODE: &str = "123456";

fn sign_up<'h>(home: &'h Home, words: &[&str]) -> Run<'h> {
    home.cogtok(["sign-up", "-p", "ws"]).args(words)
}

#[test]
fn a_user_signs_up_confirms_and_gets_a_token_without_aws_credentials() {
    let (home, proxy) = counted();
    home.canary(PASSWORD);
    let email = format!("{}@example.com", unique("new"));
    let output = sign_up(&home, &[&email, "--password-stdin", "--attribute", "given_name=Alice"]).stdin(PASSWORD).run();
    output
        .ok()
        .stdout_is("")
        .stderr_has("signed up user")
        .stderr_has(&format!("cogtok sign-up {email} -p ws --code CODE"));
    let known = workshop().find_user(&email).unwrap();
    assert_eq!(known["UserStatus"], "UNCONFIRMED");
    assert!(known["UserAttributes"].to_string().contains("Alice"), "{known}");
    sign_up(&home, &[&email, "--resend"]).run().ok().stderr_has("Cognito sent a code");
    sign_up(&home, &[&email, "--code", "000000"]).run().code(4).stderr_has("CodeMismatchException");
    sign_up(&home, &[&email, "--code", CODE]).run().ok().stderr_has("confirmed user");
    let token = home.cogtok(["token", "user", "-p", "ws", "--username", &email, "--password-stdin"]);
    token.stdin(PASSWORD).run().ok();
    assert!(proxy.requests().iter().all(|request| request.header("authorization").is_none()), "nothing is signed");
    let again = sign_up(&home, &[&email, "--password-stdin"]).stdin(PASSWORD).run();
    again
        .code(1)
        .stderr_has("UsernameExistsException")
        .stderr_has(&format!("cogtok password forgot -p ws --username {email}"));

    let other = format!("{}@example.com", unique("typed"));
    let mut terminal = sign_up(&home, &[&other]).pty();
    terminal.expect("password").expect(": ").expect_no_echo().send_line(PASSWORD);
    terminal.expect("Repeat new password: ").expect_no_echo().send_line(PASSWORD);
    terminal.expect("Code from the message: ").send_line(CODE);
    let session = terminal.wait();
    assert_eq!(session.code, Some(0), "{session:?}");
    assert_eq!(workshop().find_user(&other).unwrap()["UserStatus"], "CONFIRMED");
}

#[test]
fn a_pool_that_does_not_allow_it_and_what_is_malformed_are_told() {
    let server =
        Server::always(Answer::aws_error("NotAuthorizedException", "SignUp is not permitted for this user pool"));
    let home = Home::new();
    home.scripted_user(&server.url());
    let output = sign_up(&home, &["bob@example.com", "--password-stdin"]).stdin(PASSWORD).run();
    output.code(4).stderr_has("not permitted").stderr_has("an administrator creates users");
    assert_eq!(server.hits(), 1);
    for words in [
        &[][..],
        &["two words", "--password-stdin"],
        &["a@b.c", "--password-stdin", "--attribute", "x"],
        &["a@b.c", "--code", "1", "--resend"],
        &["a@b.c", "--code", "1", "--password-stdin"],
    ] {
        sign_up(&home, words).stdin(PASSWORD).run().code(2);
    }
    sign_up(&home, &["bob@example.com"]).run().code(5).stderr_has("`--password-stdin`");
    assert_eq!(server.hits(), 1);
}

#[test]
fn only_what_cognito_says_of_the_code_is_said() {
    let told = |body: Value| {
        let server = Server::always(Answer::json(200, &body).unlike_aws());
        let home = Home::new();
        home.scripted_user(&server.url());
        sign_up(&home, &["bob@example.com", "--password-stdin"]).stdin(PASSWORD).run()
    };
    told(json!({})).code(6).stderr_has("SignUp: the answer has no UserSub").stderr_lacks("signed up");
    // A pool that verifies no address.
    let output = told(json!({"UserSub": "sub-1", "UserConfirmed": false}));
    output.ok().stderr_has("signed up user bob@example.com; Cognito sent no code").stderr_lacks("--code");
    output.stderr_has("an administrator confirms the user: cogtok user confirm bob@example.com -p ws");
    told(json!({"UserSub": "sub-1", "UserConfirmed": true})).ok().stderr_has("who can sign in now");
}

#[test]
fn each_refusal_of_a_sign_up_says_what_to_do() {
    let first = &["bob@example.com", "--password-stdin"][..];
    for (words, code, message, exit, hint) in [
        (
            first,
            "InvalidParameterException",
            "Attributes did not conform to the schema: given_name: The attribute is required",
            2,
            "`--attribute NAME=VALUE`",
        ),
        (first, "InvalidParameterException", "Username should be an email.", 2, "instead of `--username`"),
        (
            first,
            "InvalidParameterException",
            "Username cannot be of email format, since user pool is configured for email alias.",
            2,
            "add `--username NAME`",
        ),
        (
            first,
            "InvalidParameterException",
            "1 validation error detected: Value at 'password' failed to satisfy constraint",
            4,
            "password policy",
        ),
        (
            &["bob@example.com", "--code", "1"],
            "ExpiredCodeException",
            "Invalid code provided, please request a code again.",
            4,
            "have another one sent: `cogtok sign-up bob@example.com -p ws --resend`",
        ),
        (
            &["bob@example.com", "--code", "1"],
            "TooManyFailedAttemptsException",
            "Too many failed attempts.",
            4,
            "too many wrong codes: wait a few minutes",
        ),
        (
            &["bob@example.com", "--resend"],
            "LimitExceededException",
            "Exceeded daily email limit for the operation or the account.",
            1,
            "check the pool's settings for messages",
        ),
        (
            &["--code", "1", "--", "-x@example.com"],
            "ExpiredCodeException",
            "Invalid code provided, please request a code again.",
            4,
            "have another one sent: `cogtok sign-up -p ws --resend -- -x@example.com`",
        ),
    ] {
        let server = Server::always(Answer::aws_error(code, message));
        let home = Home::new();
        home.scripted_user(&server.url());
        let output = sign_up(&home, words).stdin(PASSWORD).run();
        output.code(exit).stderr_has(code).stderr_has(hint).stderr_lacks("profile show").stderr_lacks("`-v`");
        assert_eq!(server.hits(), 1, "{code}");
    }
}
