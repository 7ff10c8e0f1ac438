//! Challenges answered by a person at a terminal: what is asked, how often, and what of it is shown.

use crate::harness::challenges::{CODE, PASSWORD, challenge, sent, session_text, signed_in};
use crate::harness::pty::{Pty, Session};
use crate::harness::{Answer, Home, Server};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::Duration;

/// A code that the script takes for wrong.
const WRONG: &str = "468023";

fn home_of(server: &Server) -> Home {
    let home = Home::new();
    home.scripted_user(&server.url());
    home.canary(WRONG);
    home
}

/// `cogtok token user` at a terminal; the password is in the environment.
fn token_user<'h>(home: &'h Home, args: &[&str]) -> Pty<'h> {
    home.cogtok(["token", "user"]).args(args).env("COGTOK_PASSWORD", PASSWORD).pty()
}

fn ask(terminal: &mut Pty<'_>, question: &str, answer: &str) {
    terminal.expect(question).expect_no_echo().send_line(answer);
}

#[track_caller]
fn assert_ended(session: &Session, code: u32) {
    assert_eq!(session.code, Some(code), "{session:?}");
    assert!(session.echo && session.canonical, "the terminal's modes are not restored: {session:?}");
}

fn mismatch() -> Answer {
    Answer::aws_error("CodeMismatchException", "Invalid code received for user")
}

fn spent() -> Answer {
    Answer::aws_error("NotAuthorizedException", "Invalid session for the user, session can only be used once.")
}

fn app(session: u32) -> Answer {
    challenge(session, "SOFTWARE_TOKEN_MFA", json!({"FRIENDLY_DEVICE_NAME": "my phone"}))
}

/// The operations that were asked for.
fn log(server: &Server) -> Vec<String> {
    server.requests().iter().map(|request| request.operation().unwrap_or_default().to_string()).collect()
}

#[test]
fn each_code_is_asked_for_without_echo_and_may_be_typed_in_groups() {
    let sent_to = |to: &str| json!({"CODE_DELIVERY_DESTINATION": to});
    for (name, parameters, question, key) in [
        ("SOFTWARE_TOKEN_MFA", json!({"FRIENDLY_DEVICE_NAME": "my phone"}), "my phone", "SOFTWARE_TOKEN_MFA_CODE"),
        ("SOFTWARE_TOKEN_MFA", json!({}), "authenticator app", "SOFTWARE_TOKEN_MFA_CODE"),
        ("SMS_MFA", sent_to("+*******9934"), "+*******9934", "SMS_MFA_CODE"),
        ("SMS_OTP", sent_to("+*******9934"), "+*******9934", "SMS_OTP_CODE"),
        ("EMAIL_OTP", sent_to("a***@e***"), "a***@e***", "EMAIL_OTP_CODE"),
    ] {
        let (token, done) = signed_in();
        let server = Server::script([challenge(1, name, parameters), done]);
        let home = home_of(&server);
        let mut terminal = token_user(&home, &["--header"]);
        terminal.expect("Code from ");
        ask(&mut terminal, if question.starts_with("auth") { "app: " } else { question }, " 913 57\u{a0}2 ");
        terminal.expect(&format!("Authorization: Bearer {token}"));
        let session = terminal.wait();
        assert_ended(&session, 0);
        assert!(session.text.contains(question) && !session.text.contains("913"), "{session:?}");
        assert_eq!(sent(&server, 1), json!({"USERNAME": "alice@example.com", key: CODE}));
    }
    // A name that somebody chose for a phone is no command for the terminal.
    let server =
        Server::script([challenge(1, "SOFTWARE_TOKEN_MFA", json!({"FRIENDLY_DEVICE_NAME": "\u{1b}]0;x\u{7}"}))]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, &[]);
    terminal.expect("\\u{1b}").expect_no_echo().send("\u{3}");
    assert_ended(&terminal.wait(), 130);
}

#[test]
fn a_wrong_code_is_asked_for_again_with_the_reason_and_the_third_is_the_last() {
    let (token, done) = signed_in();
    let expired = Answer::aws_error("ExpiredCodeException", "Your software token has already been used once.");
    let server = Server::script([app(1), mismatch(), expired.clone(), done]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, &["--header"]);
    ask(&mut terminal, "): ", WRONG);
    terminal.expect("Wrong code. 2 tries left.");
    ask(&mut terminal, "): ", WRONG);
    terminal.expect("This code has expired or was used already. 1 try left.");
    ask(&mut terminal, "): ", CODE);
    terminal.expect(&token);
    assert_ended(&terminal.wait(), 0);
    let codes: Vec<_> = (1..4).map(|index| sent(&server, index)["SOFTWARE_TOKEN_MFA_CODE"].clone()).collect();
    assert_eq!(codes, [WRONG, WRONG, CODE]);
    assert!(server.requests()[1..].iter().all(|request| request.json()["Session"] == session_text(1)));

    for name in ["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"] {
        let server = Server::script([challenge(1, name, json!({})), mismatch(), mismatch(), mismatch()]);
        let home = home_of(&server);
        let mut terminal = token_user(&home, &[]);
        for _ in 0..3 {
            ask(&mut terminal, "Code from ", WRONG);
        }
        let session = terminal.wait();
        assert_ended(&session, 4);
        assert!(session.text.contains("the code is wrong: use the newest"), "{session:?}");
        assert_eq!(session.text.matches("Wrong code. ").count(), 2, "{session:?}");
        assert_eq!(server.hits(), 4, "{name}");
    }

    // A code that was given counts as the first; then somebody is asked.
    let (_, done) = signed_in();
    let server = Server::script([app(1), mismatch(), done]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, &["--mfa-code", WRONG, "--header"]);
    terminal.expect("Wrong code. ");
    ask(&mut terminal, "): ", CODE);
    assert_ended(&terminal.wait(), 0);
}

#[test]
fn a_spent_session_starts_again_once_with_the_password_kept_where_an_app_makes_the_codes() {
    let (_, done) = signed_in();
    let server = Server::script([app(1), mismatch(), spent(), app(2), done]);
    let home = home_of(&server);
    let mut terminal = home.cogtok(["token", "user", "--header"]).pty();
    ask(&mut terminal, "Password for alice@example.com: ", PASSWORD);
    ask(&mut terminal, "(my phone): ", WRONG);
    ask(&mut terminal, "(my phone): ", WRONG);
    terminal.expect("session can only be used once");
    ask(&mut terminal, "(my phone): ", CODE);
    let session = terminal.wait();
    assert_ended(&session, 0);
    assert_eq!(session.text.matches("Password for").count(), 1, "{session:?}");
    let (initiate, respond) = ("InitiateAuth", "RespondToAuthChallenge");
    assert_eq!(log(&server), [initiate, respond, respond, initiate, respond]);
    assert_eq!(server.requests()[3].json()["AuthParameters"]["PASSWORD"], PASSWORD);
    assert_eq!(server.requests()[4].json()["Session"], session_text(2));

    // Not twice.
    let server = Server::script([app(1), mismatch(), spent(), app(2), spent(), app(3)]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, &[]);
    for _ in 0..3 {
        ask(&mut terminal, "(my phone): ", WRONG);
    }
    let session = terminal.wait();
    assert_ended(&session, 4);
    assert!(session.text.contains("start again"), "{session:?}");
    assert_eq!(log(&server), [initiate, respond, respond, initiate, respond]);

    // A message with a code would be sent again, and cost money; and a session that is spent at once was not spent by a
    // wrong code.
    for (name, answers, typed) in [
        ("SMS_MFA", vec![mismatch(), spent()], 2),
        ("SMS_OTP", vec![mismatch(), spent()], 2),
        ("EMAIL_OTP", vec![mismatch(), spent()], 2),
        ("SOFTWARE_TOKEN_MFA", vec![spent()], 1),
    ] {
        let server = Server::script([vec![challenge(1, name, json!({}))], answers, vec![app(2)]].concat());
        let home = home_of(&server);
        let mut terminal = token_user(&home, &[]);
        for _ in 0..typed {
            ask(&mut terminal, "Code from ", WRONG);
        }
        assert_ended(&terminal.wait(), 4);
        assert_eq!(server.hits(), 1 + typed, "{name}");
    }
}

#[test]
fn a_restart_after_a_new_password_uses_the_new_one_and_the_factor_that_was_named() {
    const NEW: &str = "Another-Horse-9-Battery";
    let select = |session| {
        challenge(session, "SELECT_MFA_TYPE", json!({"MFAS_CAN_CHOOSE": "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]"}))
    };
    let (_, done) = signed_in();
    let first = challenge(1, "NEW_PASSWORD_REQUIRED", json!({}));
    let server = Server::script([first, select(2), app(3), mismatch(), spent(), select(4), app(5), done]);
    let home = home_of(&server);
    home.canary(NEW);
    let mut terminal = token_user(&home, &["--mfa-type", "app", "--header"]);
    ask(&mut terminal, "New password: ", NEW);
    ask(&mut terminal, "Repeat new password: ", NEW);
    ask(&mut terminal, "(my phone): ", WRONG);
    ask(&mut terminal, "(my phone): ", WRONG);
    ask(&mut terminal, "(my phone): ", CODE);
    assert_ended(&terminal.wait(), 0);
    assert_eq!(server.requests()[5].json()["AuthParameters"]["PASSWORD"], NEW);
    assert_eq!(sent(&server, 6)["ANSWER"], "SOFTWARE_TOKEN_MFA");
}

#[test]
fn the_second_factor_is_chosen_by_typing_even_where_both_streams_are_captured() {
    let list = json!({"MFAS_CAN_CHOOSE": "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\",\"EMAIL_MFA\"]"});
    for (typed, answer) in [("app", "SOFTWARE_TOKEN_MFA"), (" email ", "EMAIL_MFA"), ("SMS_MFA", "SMS_MFA")] {
        let (_, done) = signed_in();
        let server = Server::script([challenge(1, "SELECT_MFA_TYPE", list.clone()), done]);
        let home = home_of(&server);
        let mut terminal = token_user(&home, &["--header"]);
        terminal.expect("sms, app, email").expect(": ").send_line(typed);
        assert_ended(&terminal.wait(), 0);
        assert_eq!(sent(&server, 1)["ANSWER"], answer);
    }
    let server = Server::script([challenge(1, "SELECT_MFA_TYPE", list.clone())]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, &[]);
    for _ in 0..3 {
        terminal.expect("app, email): ").send_line("carrier pigeon");
    }
    let session = terminal.wait();
    assert_ended(&session, 2);
    assert!(session.text.contains("one of sms, app, email"), "{session:?}");
    assert_eq!(server.hits(), 1);

    let (_, done) = signed_in();
    let server = Server::script([challenge(1, "SELECT_MFA_TYPE", list), done]);
    let home = home_of(&server);
    let both = home.allow(home.path("both"));
    let script = format!("cogtok token user >{} 2>&1; echo \"code $?\"", both.display());
    let mut terminal = home.shell("bash", &script).env("COGTOK_PASSWORD", PASSWORD).pty();
    terminal.expect("email").expect(": ").send_line("app").expect("code 0");
    assert_ended(&terminal.wait(), 0);
}

#[test]
fn a_custom_challenge_shows_what_the_pool_asks_and_takes_the_answer_as_it_is_typed() {
    let (_, done) = signed_in();
    let ask_for = json!({"question": "your \u{1b}[2Jfirst pet", "USERNAME": "alice", "USER_ID_FOR_SRP": "alice"});
    let server = Server::script([challenge(1, "CUSTOM_CHALLENGE", ask_for), done]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, &["--header", "-q"]);
    terminal.expect("first pet");
    ask(&mut terminal, "Your answer: ", "Lady  Whiskers 7");
    let session = terminal.wait();
    assert_ended(&session, 0);
    assert!(!session.text.contains("Whiskers") && !session.text.contains("\u{1b}[2J"), "{session:?}");
    assert_eq!(sent(&server, 1), json!({"USERNAME": "alice", "ANSWER": "Lady  Whiskers 7"}));
}

#[test]
fn a_pool_that_never_stops_asking_is_left_after_ten_questions() {
    let server = Server::start(|request| {
        let number = request.json()["Session"].as_str().map_or(1, |_| 2);
        challenge(number, "CUSTOM_CHALLENGE", json!({}))
    });
    let home = home_of(&server);
    let mut terminal = token_user(&home, &[]);
    for _ in 0..10 {
        ask(&mut terminal, "Your answer: ", "a typed answer");
    }
    let session = terminal.wait();
    assert_ended(&session, 6);
    assert!(session.text.contains("more than 10 challenges"), "{session:?}");
    assert_eq!(server.hits(), 11);
}

#[test]
fn the_time_that_somebody_takes_to_answer_does_not_count() {
    let (_, done) = signed_in();
    let select = challenge(1, "SELECT_MFA_TYPE", json!({"MFAS_CAN_CHOOSE": "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]"}));
    let server = Server::script([select, app(2), done]);
    let home = home_of(&server);
    let mut terminal = token_user(&home, &["--timeout", "1s", "--header"]);
    terminal.expect("sms, app").expect(": ");
    std::thread::sleep(Duration::from_millis(1300));
    terminal.send_line("app").expect("(my phone): ").expect_no_echo();
    std::thread::sleep(Duration::from_millis(1300));
    terminal.send_line(CODE);
    assert_ended(&terminal.wait(), 0);
}

#[test]
fn ctrl_c_and_signals_in_a_question_end_it_and_restore_the_terminal() {
    let select: Value = json!({"MFAS_CAN_CHOOSE": "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]"});
    for (first, question) in [(app(1), "(my phone): "), (challenge(1, "SELECT_MFA_TYPE", select), "sms, app): ")] {
        let is_secret = question.starts_with("(my");
        for (signal, code) in [(None, 130), (Some(Signal::TERM), 143)] {
            let server = Server::script([first.clone()]);
            let home = home_of(&server);
            let mut terminal = token_user(&home, &[]);
            terminal.expect(question);
            if is_secret {
                terminal.expect_no_echo();
            }
            terminal.send("468");
            if !is_secret {
                terminal.expect("468");
            }
            match signal {
                Some(signal) => terminal.signal(signal),
                None => drop(terminal.send("\u{3}")),
            }
            let session = terminal.wait();
            assert_ended(&session, code);
            assert!(session.text.ends_with('\n'), "the shell's prompt begins on a line of its own: {session:?}");
            assert!(!is_secret || !session.text.contains("468"), "{session:?}");
            assert_eq!(server.hits(), 1);
        }
    }
}
