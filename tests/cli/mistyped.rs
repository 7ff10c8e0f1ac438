//! What a person typed and Cognito refused is asked for again at a terminal: codes, passwords and client secrets.

use crate::harness::pty::{Pty, Session};
use crate::harness::{Answer, Home, Keyring, Request, Server, m2m_jwt, workshop};
use crate::user_create::counted;
use serde_json::json;

const PASSWORD: &str = "Correct-Horse-7-Battery";
const NEW: &str = "Another-Horse-9-Battery";
const WEAK: &str = "weak-and-refused";
const WRONG: &str = "Wrong-Donkey-8-Charger";
const CODE: &str = "123456";
const POLICY: &str = "Password did not conform with policy: Password not long enough";

/// A pool that takes [`NEW`] as the new password and [`CODE`] as the code.
fn pool() -> Server {
    Server::start(|request: &Request| {
        let body = request.json();
        if ["Password", "ProposedPassword"].iter().any(|name| body[*name] == WEAK) {
            return Answer::aws_error("InvalidPasswordException", POLICY);
        }
        if body["ConfirmationCode"].as_str().is_some_and(|code| code != CODE) {
            return Answer::aws_error("CodeMismatchException", "Invalid verification code provided, please try again.");
        }
        let sent = json!({"Destination": "b***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"});
        let answer = match request.operation() {
            Some("SignUp") => json!({"UserConfirmed": false, "UserSub": "sub-1", "CodeDeliveryDetails": sent}),
            _ => json!({}),
        };
        Answer::new(200, "application/x-amz-json-1.1", answer.to_string())
    })
}

fn home_of(server: &Server) -> Home {
    let home = Home::new();
    home.scripted_user(&server.url());
    [PASSWORD, NEW, WEAK, WRONG].iter().for_each(|secret| home.canary(*secret));
    home
}

fn hidden(terminal: &mut Pty<'_>, question: &str, answer: &str) {
    terminal.expect(question).expect_no_echo().send_line(answer);
}

fn new_password(terminal: &mut Pty<'_>, password: &str) {
    hidden(terminal, "New password: ", password);
    hidden(terminal, "Repeat new password: ", password);
}

/// How it ended, and how often a new password was asked for.
#[track_caller]
fn assert_ended(session: &Session, code: u32, passwords: usize) {
    assert_eq!((session.code, session.text.matches("New password: ").count()), (Some(code), passwords), "{session:?}");
}

#[test]
fn a_new_password_and_a_code_of_a_sign_up() {
    let server = pool();
    let home = home_of(&server);
    let mut terminal = home.cogtok(["sign-up", "bob@example.com"]).pty();
    new_password(&mut terminal, WEAK);
    terminal.expect("Password not long enough. 2 tries left.");
    new_password(&mut terminal, NEW);
    terminal.expect("Code from the message: ").send_line("000000");
    terminal.expect("Wrong code. 2 tries left.").expect("Code from the message: ").send_line(CODE);
    terminal.expect("confirmed user");
    assert_ended(&terminal.wait(), 0, 2);

    // The third is the last, and no option is advised to somebody who types.
    let mut terminal = home.cogtok(["sign-up", "bob@example.com"]).pty();
    (0..3).for_each(|_| new_password(&mut terminal, WEAK));
    terminal.expect("InvalidPasswordException").expect("choose another one");
    let session = terminal.wait();
    assert_ended(&session, 4, 3);
    assert!(!session.text.contains("--password-stdin"), "{session:?}");
    let mut terminal = home.cogtok(["sign-up", "bob@example.com"]).pty();
    new_password(&mut terminal, NEW);
    for _ in 0..3 {
        terminal.expect("Code from the message: ").send_line("000000");
    }
    terminal.expect("CodeMismatchException").expect("cogtok sign-up bob@example.com -p ws --code CODE");
    assert_eq!(terminal.wait().code, Some(4));
    // One that an option gave is not asked for.
    let session = home.cogtok(["sign-up", "bob@example.com", "--code", "000000"]).pty().wait();
    assert!(session.code == Some(4) && !session.text.contains("Code from"), "{session:?}");
}

#[test]
fn a_code_and_a_new_password_for_a_forgotten_one() {
    let server = pool();
    let home = home_of(&server);
    let mut terminal = home.cogtok(["password", "confirm"]).pty();
    terminal.expect("Code from the message: ").send_line("000000");
    new_password(&mut terminal, WEAK);
    terminal.expect("Password not long enough. 2 tries left.");
    new_password(&mut terminal, NEW);
    terminal.expect("Wrong code. 1 try left.").expect("Code from the message: ").send_line(CODE);
    terminal.expect("set the password of");
    assert_ended(&terminal.wait(), 0, 2);
    let last = server.requests().last().unwrap().json();
    assert_eq!((&last["ConfirmationCode"], &last["Password"]), (&json!(CODE), &json!(NEW)));
    let mut terminal = home.cogtok(["password", "confirm", "--code", "000000"]).pty();
    new_password(&mut terminal, NEW);
    assert_ended(&terminal.wait(), 4, 1);
}

#[test]
fn what_was_mistyped_before_anything_is_sent_is_one_of_the_three() {
    let server = pool();
    let home = home_of(&server);
    let set = ["user", "set-password", "bob@example.com", "--ask"];
    let keys = ["--user-pool-id", "us-east-1_Example01"];
    home.cogtok(["profile", "set", "ws", "user_pool_id", keys[1]]).run().ok();
    for words in [&["sign-up", "bob@example.com"][..], &["password", "confirm", "--code", CODE], &set] {
        let mut terminal = home.cogtok(words).aws().pty();
        hidden(&mut terminal, "New password: ", NEW);
        hidden(&mut terminal, "Repeat new password: ", PASSWORD);
        terminal.expect("don't match. 2 tries left.");
        new_password(&mut terminal, WEAK);
        terminal.expect("1 try left.");
        new_password(&mut terminal, WEAK);
        let session = terminal.wait();
        assert_ended(&session, 4, 3);
        assert_eq!(session.text.matches("2 tries left").count(), 1, "{session:?}");
    }
    // Each question has its own three before the first is sent.
    let mut terminal = home.cogtok(["password", "confirm"]).pty();
    for _ in 0..2 {
        terminal.expect("Code from the message: ").send_line("");
    }
    terminal.expect("1 try left.").expect("Code from the message: ").send_line("000000");
    hidden(&mut terminal, "New password: ", NEW);
    hidden(&mut terminal, "Repeat new password: ", PASSWORD);
    terminal.expect("2 tries left.");
    new_password(&mut terminal, NEW);
    terminal.expect("CodeMismatchException");
    assert_ended(&terminal.wait(), 4, 2);
}

#[test]
fn the_current_password_before_it_is_changed() {
    let (home, _proxy) = counted();
    let keyring = Keyring::start();
    [PASSWORD, NEW, WRONG].iter().for_each(|secret| home.canary(*secret));
    let email = workshop().user(PASSWORD);
    let token = home.cogtok(["token", "user", "-p", "ws", "--username", &email]).keyring(&keyring);
    token.env("COGTOK_PASSWORD", PASSWORD).run().ok();
    let change = ["password", "change", "-p", "ws", "--username", &email];
    let mut terminal = home.cogtok(change).keyring(&keyring).pty();
    hidden(&mut terminal, "Current password: ", WRONG);
    new_password(&mut terminal, NEW);
    terminal.expect("The current password is wrong. 2 tries left.");
    hidden(&mut terminal, "Current password: ", PASSWORD);
    terminal.expect("changed the password");
    assert_eq!(terminal.wait().code, Some(0));
    workshop().sign_in(&email, NEW).unwrap();
}

#[test]
fn the_secret_of_a_machines_client() {
    let server = Server::start(|request: &Request| {
        let basic = request.header("authorization").unwrap_or_default();
        if basic == "Basic bWFjaGluZTpDb3JyZWN0LUhvcnNlLTctQmF0dGVyeQ==" {
            Answer::token(&m2m_jwt("machine", ""))
        } else {
            Answer::json(400, &json!({"error": "invalid_client"}))
        }
    });
    let home = home_of(&server);
    let url = server.token_url();
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nm2m = {{ client_id = \"machine\", token_url = \"{url}\" }}\n"
    ));
    let mut terminal = home.cogtok(["token", "m2m", "--header"]).pty();
    hidden(&mut terminal, "Secret of client machine: ", WRONG);
    terminal.expect("Wrong client id or secret. 2 tries left.");
    hidden(&mut terminal, "Secret of client machine: ", PASSWORD);
    terminal.expect("Authorization: Bearer ");
    assert_eq!(terminal.wait().code, Some(0));
    let mut terminal = home.cogtok(["token", "m2m", "--no-cache"]).pty();
    (0..3).for_each(|_| hidden(&mut terminal, "Secret of client machine: ", WRONG));
    terminal.expect("invalid_client");
    assert_eq!(terminal.wait().code, Some(4));
    // One that came from elsewhere is not tried again.
    let run = home.cogtok(["token", "m2m", "--no-cache"]).env("COGTOK_M2M_CLIENT_SECRET", WRONG);
    let session = run.pty().wait();
    assert!(session.code == Some(4) && !session.text.contains("tries left"), "{session:?}");
}
