//! What the pool asks of a password is shown before a person types a new one, where AWS credentials let cogtok ask for it.

use crate::harness::ministack::ministack;
use crate::harness::{Answer, Home, Proxy};
use crate::user_policy::{behind, new_email, pool};
use serde_json::json;

const TEMPORARY: &str = "Temporary-Horse-7-Battery-Staple-and-nothing-more";
const NEW: &str = "Another-Correct-Horse-8-Battery-Staple-and-no-more";
const POLICY: &str =
    "The pool wants at least 40 characters with an upper-case letter, a lower-case letter, a digit and a symbol.";

fn invited() -> String {
    let email = new_email();
    let body = json!({"UserPoolId": pool().0, "Username": email, "TemporaryPassword": TEMPORARY,
        "MessageAction": "SUPPRESS"});
    ministack().cognito("AdminCreateUser", &body);
    email
}

fn counted() -> (Home, Proxy) {
    let proxy = Proxy::with(&ministack().url(), |_| None);
    (behind(&proxy), proxy)
}

#[test]
fn it_stands_before_the_question_for_the_password_that_replaces_a_temporary_one() {
    let (home, proxy) = counted();
    let email = invited();
    for secret in [TEMPORARY, NEW] {
        home.canary(secret);
    }
    let token = home.cogtok(["token", "user", "-p", "ws", "--no-refresh", "--username", &email]);
    let mut terminal = token.aws().pty_of(24, 130);
    terminal.expect("Password for ").expect(": ").expect_no_echo().send_line(TEMPORARY);
    terminal.expect(POLICY).expect("Your password is temporary. New password: ").expect_no_echo().send_line(NEW);
    terminal.expect("Repeat new password: ").expect_no_echo().send_line(NEW);
    assert_eq!(terminal.wait().code, Some(0));
    assert_eq!(proxy.count("DescribeUserPool"), 1);
}

#[test]
fn nothing_is_said_where_it_can_not_be_known() {
    // Without AWS credentials cogtok does not ask for it, and it does not show a refusal.
    for is_signed in [false, true] {
        let denied = Proxy::with(&ministack().url(), |request| {
            let is_policy = request.operation() == Some("DescribeUserPool");
            is_policy.then(|| Answer::aws_error("AccessDeniedException", "not allowed to look"))
        });
        let home = behind(&denied);
        let email = invited();
        let token = home.cogtok(["token", "user", "-p", "ws", "--no-refresh", "--username", &email]);
        let token = if is_signed { token.aws() } else { token };
        let mut terminal = token.pty();
        terminal.expect("Password for ").expect(": ").expect_no_echo().send_line(TEMPORARY);
        terminal.expect("New password: ").expect_no_echo().send_line(NEW);
        terminal.expect("Repeat new password: ").expect_no_echo().send_line(NEW);
        let session = terminal.wait();
        assert_eq!(session.code, Some(0), "{}", session.text);
        assert!(!session.text.contains("The pool wants") && !session.text.contains("Denied"), "{}", session.text);
        assert_eq!(denied.count("DescribeUserPool"), usize::from(is_signed));
    }
}

#[test]
fn every_command_that_asks_for_a_new_password_shows_it() {
    let (home, proxy) = counted();
    let email = invited();
    let set = home.cogtok(["user", "set-password", &email, "-p", "ws", "--ask"]);
    let confirm = home.cogtok(["password", "confirm", "-p", "ws", "--username", &email, "--code", "123456"]);
    let sign_up = home.cogtok(["sign-up", &new_email(), "-p", "ws"]);
    for run in [set, confirm, sign_up] {
        let mut terminal = run.aws().pty_of(24, 130);
        terminal.expect(POLICY).expect("New password: ").expect_no_echo().send("\u{3}");
        assert_eq!(terminal.wait().code, Some(130));
    }
    assert_eq!(proxy.count("DescribeUserPool"), 3);
    // Where the password is piped in, cogtok does not ask Cognito.
    let set = home.cogtok(["user", "set-password", &email, "-p", "ws", "--password-stdin"]);
    set.aws().stdin(NEW).run().ok();
    assert_eq!(proxy.count("DescribeUserPool"), 3);
}
