//! At a terminal a slip is no end: what was wrong is asked again, three times in all; and what is pasted arrives whole.

use crate::harness::challenges::{PASSWORD, challenge, sent, signed_in};
use crate::harness::pty::{Pty, Session};
use crate::harness::{Answer, Home, Server, jwt};
use serde_json::json;

const WRONG: &str = "Wrong-Donkey-8-Charger";
const PASSPHRASE: &str = "a passphrase of five words";

fn home_of(server: &Server) -> Home {
    let home = Home::new();
    home.scripted_user(&server.url());
    [WRONG, PASSPHRASE].iter().for_each(|secret| home.canary(*secret));
    home
}

fn ask(terminal: &mut Pty<'_>, question: &str, answer: &str) {
    terminal.expect(question).expect_no_echo().send_line(answer);
}

#[track_caller]
fn assert_ended(session: &Session, code: u32) {
    assert_eq!(session.code, Some(code), "{session:?}");
    assert!(session.echo && session.canonical, "the terminal's modes are not restored: {session:?}");
}

/// A server that takes the right password alone, in the flow that sends it.
fn server() -> Server {
    Server::start(|request| {
        if request.json()["AuthParameters"]["PASSWORD"] == PASSWORD {
            signed_in().1
        } else {
            Answer::aws_error("NotAuthorizedException", "Incorrect username or password.")
        }
    })
}

#[test]
fn a_wrong_password_is_asked_for_again_and_the_third_is_the_last() {
    let server = server();
    let home = home_of(&server);
    let mut terminal = home.cogtok(["token", "user", "--header"]).pty();
    ask(&mut terminal, "Password for alice@example.com: ", WRONG);
    terminal.expect("Wrong user name or password. 2 tries left.");
    ask(&mut terminal, "Password for alice@example.com: ", PASSWORD);
    terminal.expect("Authorization: Bearer ");
    assert_ended(&terminal.wait(), 0);
    assert_eq!(server.hits(), 2);

    let mut terminal = home.cogtok(["token", "user", "--no-cache"]).pty();
    for _ in 0..3 {
        ask(&mut terminal, "Password for alice@example.com: ", WRONG);
    }
    let session = terminal.wait();
    assert_ended(&session, 4);
    assert_eq!((session.text.matches("Password for").count(), server.hits()), (3, 5), "{session:?}");
    // One that came from elsewhere is not tried again, nor is anybody asked.
    let session = home.cogtok(["token", "user", "--no-cache"]).env("COGTOK_PASSWORD", WRONG).pty().wait();
    assert_ended(&session, 4);
    assert_eq!(server.hits(), 6);
    // Nor after what is no slip.
    let locked = Server::always(Answer::aws_error("NotAuthorizedException", "Password attempts exceeded"));
    let home = home_of(&locked);
    let mut terminal = home.cogtok(["token", "user"]).pty();
    ask(&mut terminal, "Password for ", WRONG);
    assert_ended(&terminal.wait(), 4);
    assert_eq!(locked.hits(), 1);
}

#[test]
fn what_can_not_be_one_and_what_is_refused_are_three_tries_in_all() {
    let server = Server::always(Answer::json(401, &json!({"error": "invalid_client"})));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let mut terminal = home.cogtok(["token", "m2m"]).pty();
    ask(&mut terminal, "Secret of client ", "refused-refused-refused");
    terminal.expect("2 tries left.");
    ask(&mut terminal, "Secret of client ", "");
    terminal.expect("nothing was typed. 1 try left.");
    ask(&mut terminal, "Secret of client ", "refused-refused-refused");
    let session = terminal.wait();
    assert_ended(&session, 4);
    assert_eq!((session.text.matches("left").count(), server.hits()), (2, 2), "{session:?}");
}

#[test]
fn a_wrong_passphrase_is_asked_for_again_before_anything_is_sent() {
    let server = server();
    let home = home_of(&server);
    home.cogtok(["secret", "init"]).run().ok();
    let set = home.cogtok(["secret", "set", "password"]).env("COGTOK_PASSPHRASE", PASSPHRASE);
    set.stdin(PASSWORD).run().ok();
    let mut terminal = home.cogtok(["token", "user", "--no-refresh"]).pty();
    ask(&mut terminal, "Passphrase of your secrets file: ", WRONG);
    terminal.expect("does not open");
    ask(&mut terminal, "Passphrase of your secrets file: ", PASSPHRASE);
    assert_ended(&terminal.wait(), 0);
    assert_eq!(server.hits(), 1);
    let mut terminal = home.cogtok(["token", "user", "--no-cache"]).pty();
    for _ in 0..3 {
        ask(&mut terminal, "Passphrase of your secrets file: ", WRONG);
    }
    // The store is not the only source where somebody is there to type it.
    terminal.expect("Password for alice@example.com: ").expect_no_echo().send("\u{3}");
    assert_ended(&terminal.wait(), 130);
}

#[test]
fn a_wrong_choice_is_asked_for_again() {
    let list = json!({"MFAS_CAN_CHOOSE": "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]"});
    let server = Server::script([challenge(1, "SELECT_MFA_TYPE", list), signed_in().1]);
    let home = home_of(&server);
    let mut terminal = home.cogtok(["token", "user", "--header"]).env("COGTOK_PASSWORD", PASSWORD).pty();
    terminal.expect("sms, app): ").send_line("carrier pigeon");
    terminal.expect("is not offered").expect("sms, app): ").send_line("spp\u{7f}\u{7f}\u{7f}app");
    assert_ended(&terminal.wait(), 0);
    assert_eq!(sent(&server, 1)["ANSWER"], "SOFTWARE_TOKEN_MFA");
}

#[test]
fn an_empty_line_is_a_slip_at_every_question() {
    let server = server();
    let home = home_of(&server);
    let mut terminal = home.cogtok(["token", "user", "--header"]).pty();
    ask(&mut terminal, "Password for alice@example.com: ", "");
    terminal.expect("The password of alice@example.com: nothing was typed. 2 tries left.");
    ask(&mut terminal, "Password for alice@example.com: ", PASSWORD);
    assert_ended(&terminal.wait(), 0);
    assert_eq!(server.hits(), 1, "nothing is sent for an empty line");

    home.cogtok(["secret", "init"]).run().ok();
    let mut terminal = home.cogtok(["secret", "set", "password"]).pty();
    ask(&mut terminal, "Value of the ", "");
    terminal.expect("nothing was typed. 2 tries left.");
    ask(&mut terminal, "Value of the ", "null");
    terminal.expect("it is the word").expect("1 try left.");
    ask(&mut terminal, "Value of the ", PASSWORD);
    ask(&mut terminal, "New passphrase ", "");
    terminal.expect("nothing was typed. 2 tries left.");
    ask(&mut terminal, "New passphrase ", PASSPHRASE);
    ask(&mut terminal, "Repeat new passphrase: ", PASSPHRASE);
    assert_ended(&terminal.wait(), 0);
    let mut terminal = home.cogtok(["token", "user", "--no-cache"]).pty();
    ask(&mut terminal, "Passphrase of your secrets file: ", "");
    terminal.expect("nothing was typed. 2 tries left.");
    ask(&mut terminal, "Passphrase of your secrets file: ", PASSPHRASE);
    assert_ended(&terminal.wait(), 0);

    let list = json!({"MFAS_CAN_CHOOSE": "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]"});
    let app = json!({"FRIENDLY_DEVICE_NAME": "app"});
    let steps = [challenge(1, "SELECT_MFA_TYPE", list), challenge(2, "SOFTWARE_TOKEN_MFA", app), signed_in().1];
    let server = Server::script(steps);
    let home = home_of(&server);
    let mut terminal = home.cogtok(["token", "user", "--header"]).env("COGTOK_PASSWORD", PASSWORD).pty();
    terminal.expect("sms, app): ").send_line("").expect("nothing was typed. 2 tries left.");
    terminal.expect("sms, app): ").send_line("app");
    ask(&mut terminal, "Code from your authenticator app", "");
    terminal.expect("nothing was typed. 2 tries left.");
    ask(&mut terminal, "Code from your authenticator app", "123456");
    assert_ended(&terminal.wait(), 0);
    assert_eq!(sent(&server, 2)["SOFTWARE_TOKEN_MFA_CODE"], "123456");

    // A line that is seen, three times; and the end of the input, which is no slip.
    home.cogtok(["profile", "unset", "ws", "user.username"]).run().ok();
    let mut terminal = home.cogtok(["token", "user"]).pty();
    for _ in 0..3 {
        terminal.expect("User name: ").send_line("");
    }
    terminal.expect("the user name: nothing was typed");
    assert_ended(&terminal.wait(), 2);
    let mut terminal = home.cogtok(["token", "user"]).pty();
    terminal.expect("User name: ").send("\u{4}").expect("add `--username NAME`");
    assert_ended(&terminal.wait(), 5);
}

#[test]
fn what_is_pasted_arrives_whole_however_long_it_is() {
    let home = Home::new();
    let token = jwt(&json!({"token_use": "access", "groups": "g".repeat(9000), "last": "the end"}));
    assert!(token.len() > 12_000);
    // A character typed in error is taken back, and the rest goes to no shell.
    let mut terminal = home.cogtok(["token", "inspect", "--claim", "last", "-"]).pty();
    terminal.expect("Ctrl-D").expect_no_echo().send("x\u{7f}").send_line(&token).send("\u{4}");
    terminal.expect("the end");
    let session = terminal.wait();
    assert_ended(&session, 0);
    assert!(!session.text.contains(&token[..40]), "{session:?}");

    // A line that is asked for and seen.
    let long = "a".repeat(6000);
    let required = json!({"requiredAttributes": "[\"userAttributes.custom:note\"]"});
    let server = Server::script([challenge(1, "NEW_PASSWORD_REQUIRED", required), signed_in().1]);
    let home = home_of(&server);
    let mut terminal = home.cogtok(["token", "user", "--header"]).env("COGTOK_PASSWORD", PASSWORD).pty();
    terminal.expect("custom:note: ").send_line(&long);
    ask(&mut terminal, "New password: ", PASSWORD);
    ask(&mut terminal, "Repeat new password: ", PASSWORD);
    assert_ended(&terminal.wait(), 0);
    assert_eq!(sent(&server, 1)["userAttributes.custom:note"], long);
}

#[test]
fn ctrl_c_while_something_is_pasted_restores_the_terminal() {
    let home = Home::new();
    let mut terminal = home.cogtok(["token", "inspect", "-"]).pty();
    terminal.expect("Ctrl-D").expect_no_echo().send("half-a-token\u{3}");
    let session = terminal.wait();
    assert_ended(&session, 130);
    assert!(!session.text.contains("half-a-token"), "{session:?}");
}

#[test]
fn at_a_terminal_it_is_never_said_that_there_is_none() {
    let home = home_of(&server());
    for args in [
        &["token", "user", "--no-input"][..],
        &["header", "--as", "user"],
        &["init", "--no-input"],
        &["profile", "edit", "--no-input"],
    ] {
        let session = home.cogtok(args).pty().wait();
        assert_eq!(session.code, Some(5), "{session:?}");
        assert!(session.text.contains("this call asks nothing"), "{session:?}");
        assert!(!session.text.contains("no terminal"), "{session:?}");
    }
    let mut terminal = home.shell("bash", "cogtok token user </dev/null; echo \"code $?\"").pty();
    terminal.expect("standard input is not the terminal").expect("code 5");
    terminal.wait();
    for command in ["init", "profile edit"] {
        let mut terminal = home.shell("bash", &format!("cogtok {command} </dev/null; echo \"code $?\"")).pty();
        terminal.expect("standard input is not the terminal").expect("code 5");
        terminal.wait();
    }
}
