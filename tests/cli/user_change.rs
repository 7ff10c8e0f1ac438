//! `cogtok user show`, `delete` and `set-password`: what they print and change, and what they refuse.

use crate::harness::{Answer, Home, Proxy, Run, unique, workshop};
use crate::user_create::{behind, counted};
use rustix::process::Signal;
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-7-Battery";
const NEW: &str = "Another-Horse-9-Battery";
const WRONG: &str = "Wrong-Donkey-8-Charger";

fn user<'h>(home: &'h Home, words: &[&str]) -> Run<'h> {
    home.cogtok(["user", words[0], "-p", "ws"]).args(&words[1..]).aws()
}

fn nobody() -> String {
    format!("{}@example.com", unique("nobody"))
}

/// Signs a user in through cogtok, so that tokens are in the cache.
fn cache_token(home: &Home, username: &str) {
    let token = home.cogtok(["token", "user", "-p", "ws", "--password-stdin", "--username", username]);
    token.stdin(PASSWORD).run().ok();
}

#[test]
fn show_gives_the_pools_view_of_a_user_by_any_of_its_names() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    let attributes = json!([{"Name": "given_name", "Value": "Al\tice\nForged: yes"}, {"Name": "locale", "Value": ""}]);
    workshop().admin("AdminUpdateUserAttributes", json!({"Username": email, "UserAttributes": attributes}));
    let known = workshop().find_user(&email).unwrap();
    let sub = known["Username"].as_str().unwrap();
    let shown = user(&home, &["show", &email, "--json"]).run().ok().quiet().json();
    let keys: Vec<_> = shown.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["username", "sub", "email", "status", "enabled", "created_at", "attributes", "groups", "mfa", "preferred_mfa"]
    );
    assert_eq!((&shown["username"], &shown["sub"], &shown["email"]), (&json!(sub), &json!(sub), &json!(email)));
    assert_eq!((&shown["status"], &shown["enabled"]), (&json!("CONFIRMED"), &json!(true)));
    assert_eq!(shown["created_at"].as_i64(), known["UserCreateDate"].as_f64().map(|seconds| seconds as i64));
    assert_eq!(shown["attributes"]["given_name"], "Al\tice\nForged: yes");
    assert_eq!(shown["attributes"].as_object().unwrap().len(), known["UserAttributes"].as_array().unwrap().len());
    assert_eq!(user(&home, &["show", sub, "--json"]).run().ok().json(), shown);
    assert_eq!(proxy.log(), ["AdminGetUser", "AdminListGroupsForUser"].repeat(2));

    workshop().admin("AdminDisableUser", json!({"Username": email}));
    let text = user(&home, &["show", &email]).run();
    let value = |name: &str| {
        let mut lines = text.stdout.lines().filter_map(|line| line.split_once(char::is_whitespace));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim().to_string())
    };
    text.ok().quiet();
    for (name, expected) in [("username", sub), ("status", "CONFIRMED"), ("enabled", "no"), ("email", &email)] {
        assert_eq!(value(name).as_deref(), Some(expected), "{}", text.stdout);
    }
    assert_eq!(value("given_name").as_deref(), Some("Al ice Forged: yes"), "one line each");
    assert_eq!(value("created").map(|day| day.len()), Some("2026-01-01".len()));
}

#[test]
fn a_user_who_is_not_there_is_exit_1_with_the_command_that_lists_those_who_are() {
    let (home, proxy) = counted();
    let nobody = nobody();
    for words in [&["show", &nobody][..], &["delete", &nobody, "--yes"], &["set-password", &nobody]] {
        let output = user(&home, words).run();
        output.code(1).stderr_has(&nobody).stderr_has("cogtok user list -p ws");
    }
    assert_eq!(proxy.log(), ["AdminGetUser", "AdminDeleteUser", "AdminSetUserPassword"]);
    let hostile = ["", "two words", "esc\u{1b}[2J", "bidi\u{202e}", &"n".repeat(129)];
    for name in hostile {
        for words in [&["show", name][..], &["delete", name, "--yes"], &["set-password", name]] {
            user(&home, words).run().code(2);
        }
    }
    user(&home, &["show", "a", "b"]).run().code(2);
    insta::assert_snapshot!(user(&home, &["show", &nobody, "-o", "csv"]).run().message(), @"
    exit 2
    error: `user show` can't print CSV
    hint: use -o text or -o json
    ");
    assert_eq!(proxy.requests().len(), 3, "malformed command lines reach nobody");
}

#[test]
fn what_the_credentials_do_not_allow_is_exit_9_and_changes_nothing() {
    let denied = Proxy::with(&workshop().endpoint, |request| {
        let is_signed = request.header("authorization").is_some();
        is_signed.then(|| Answer::aws_error("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized"))
    });
    let home = behind(&denied);
    let email = workshop().user(PASSWORD);
    cache_token(&home, &email);
    for (words, operation) in [
        (&["show", &email][..], "AdminGetUser"),
        (&["delete", &email, "--yes"], "AdminDeleteUser"),
        (&["set-password", &email], "AdminSetUserPassword"),
    ] {
        let output = user(&home, words).run();
        output
            .code(9)
            .stderr_has(operation)
            .stderr_has("AccessDeniedException")
            .stderr_has("`cogtok help cognito-setup`");
        home.cogtok(["user", words[0], "-p", "ws"])
            .args(&words[1..])
            .run()
            .code(9)
            .stderr_has("none that cogtok can use");
    }
    workshop().sign_in(&email, PASSWORD).unwrap();
    assert!(!home.cache_files().is_empty(), "the tokens of a user who is still there stay");
}

#[test]
fn deleting_a_user_is_asked_back_and_never_without_somebody_to_ask() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    let is_there = || workshop().find_user(&email).is_some();
    for words in [&["delete", &email][..], &["delete", &email, "--no-input"]] {
        user(&home, words).run().code(5).stderr_has("--yes").stderr_has(&email);
    }
    let session = user(&home, &["delete", &email, "--no-input"]).pty().wait();
    assert_eq!((session.code, proxy.connections()), (Some(5), 0), "{session:?}");
    for (answer, is_deleted) in
        [("n\r", false), ("\r", false), ("yes please\r", false), ("\u{4}", false), ("Y\r", true)]
    {
        let mut terminal = user(&home, &["delete", &email]).pty();
        terminal.expect("Delete user").expect(&email).expect(&workshop().pool_id).expect("[y/N] ").send(answer);
        let session = terminal.wait();
        assert_eq!(session.code, Some(u32::from(!is_deleted)), "{answer:?}: {session:?}");
        assert_eq!(is_there(), !is_deleted, "{answer:?}");
    }
    assert_eq!(proxy.log(), ["AdminDeleteUser"]);

    let other = workshop().user(PASSWORD);
    let mut terminal = user(&home, &["delete", &other]).pty();
    terminal.expect("[y/N] ").send("\u{3}");
    assert_eq!(terminal.wait().code, Some(130));
    let mut terminal = user(&home, &["delete", &other]).pty();
    terminal.expect("[y/N] ").signal(Signal::TERM);
    assert_eq!(terminal.wait().code, Some(143));
    assert!(workshop().find_user(&other).is_some());
    user(&home, &["delete", &other, "--yes"]).run().ok().stdout_is("").stderr_has(&other);
    assert!(workshop().find_user(&other).is_none());
}

#[test]
fn a_deleted_users_tokens_are_forgotten_whatever_name_it_was_deleted_by() {
    let (home, _proxy) = counted();
    let [email, other, by_sub] = [(); 3].map(|()| workshop().user(PASSWORD));
    for name in [&email, &other, &by_sub] {
        cache_token(&home, name);
    }
    let is_cached = |name: &str| {
        let token = home.cogtok(["token", "user", "-p", "ws", "--username", name, "--json"]).run();
        token.code == Some(0) && token.json()["source"] == "cache"
    };
    assert!([&email, &other, &by_sub].into_iter().all(|name| is_cached(name)));
    user(&home, &["delete", &email, "--yes"]).run().ok();
    assert!(!is_cached(&email) && is_cached(&other), "this user's tokens and nobody else's");
    let sub = workshop().find_user(&by_sub).unwrap()["Username"].as_str().unwrap().to_string();
    user(&home, &["delete", &sub, "--yes"]).run().ok();
    assert!(!is_cached(&by_sub) && is_cached(&other), "in such pools the list gives the sub as the user's name");
}

#[test]
fn a_password_that_is_made_up_stands_alone_on_stdout_and_signs_in() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    let output = user(&home, &["set-password", &email]).run();
    let password = output.ok().line().to_string();
    home.canary(&password);
    output.stderr_has(&email).stderr_lacks(&password);
    assert_eq!(proxy.log(), ["AdminSetUserPassword"], "the policy is not asked for where nothing was refused");
    workshop().sign_in(&email, &password).unwrap();
    workshop().sign_in(&email, PASSWORD).unwrap_err();
    let token = home.cogtok(["token", "user", "-p", "ws", "--password-stdin", "--username", &email]);
    token.stdin(&password).run().ok().keeps_no_session().line();

    let json = user(&home, &["set-password", &email, "--json"]).run();
    assert_eq!(json.ok().json()["username"], email.as_str());
    let second = json.json()["password"].as_str().unwrap().to_string();
    assert_ne!(second, password);
    workshop().sign_in(&email, &second).unwrap();
    let quiet = user(&home, &["set-password", &email, "-q"]).run();
    workshop().sign_in(&email, quiet.ok().quiet().line()).unwrap();
}

#[test]
fn a_password_that_is_given_is_set_and_printed_nowhere() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    home.canary(NEW);
    for given in [NEW.to_string(), format!("{NEW}\n"), format!("{NEW}\r\n")] {
        workshop().admin("AdminSetUserPassword", json!({"Username": email, "Password": PASSWORD, "Permanent": true}));
        let output = user(&home, &["set-password", &email, "--password-stdin", "-vv"]).stdin(&given).run();
        output.ok().stdout_is("").stderr_has("set the password of");
        workshop().sign_in(&email, NEW).unwrap();
    }
    assert_eq!(proxy.log(), ["AdminSetUserPassword"; 3]);
    for (words, stdin, message) in [
        (&["--password-stdin"][..], "", "empty"),
        (&["--password-stdin"], "nul\0nul-nul", "standard input"),
        (&["--password-stdin", "--ask"], NEW, "cannot be used with"),
        (&["--password", "on-the-line"], "", "`--password-stdin`"),
    ] {
        let words = [&["set-password", email.as_str()][..], words].concat();
        user(&home, &words).stdin(stdin).run().code(2).stderr_has(message);
    }
    assert_eq!(proxy.requests().len(), 3);
}

#[test]
fn a_temporary_password_has_to_be_changed_at_the_next_sign_in() {
    let (home, _proxy) = counted();
    let email = workshop().user(PASSWORD);
    let output = user(&home, &["set-password", &email, "--temporary"]).run();
    let temporary = output.ok().line().to_string();
    assert_eq!(workshop().find_user(&email).unwrap()["UserStatus"], "FORCE_CHANGE_PASSWORD");
    let token = || home.cogtok(["token", "user", "-p", "ws", "--username", &email, "--password-stdin"]);
    insta::assert_snapshot!(token().stdin(&temporary).run().message(), @"
    exit 5
    error: a new password is needed, and there is no terminal to ask at (profile `ws`)
    hint: Cognito answers NEW_PASSWORD_REQUIRED: the password was a temporary one; `--new-password-stdin` takes the new one
    ");
    let both = format!("{temporary}\n{NEW}\n");
    token().arg("--new-password-stdin").stdin(both).run().ok().line();
    workshop().sign_in(&email, NEW).unwrap();
}

#[test]
fn ask_takes_the_password_twice_on_the_terminal_and_shows_it_never() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    for password in [NEW, WRONG] {
        home.canary(password);
    }
    let asked = |first: &str, second: &str, more: &[&str]| {
        let words = [&["set-password", email.as_str(), "--ask"][..], more].concat();
        let mut terminal = user(&home, &words).pty();
        for _ in 0..if first == second { 1 } else { 3 } {
            terminal.expect("password").expect(": ").expect_no_echo().send_line(first);
            terminal.expect("Repeat new password: ").expect_no_echo().send_line(second);
        }
        let session = terminal.wait();
        assert!(session.echo && session.canonical, "the terminal is as it was: {session:?}");
        session
    };
    let differing = asked(NEW, WRONG, &[]);
    assert!(differing.code == Some(2) && differing.text.contains("don't match"), "{differing:?}");
    assert_eq!(proxy.count("AdminSetUserPassword"), 0);
    workshop().sign_in(&email, PASSWORD).unwrap();
    let same = asked(NEW, NEW, &[]);
    assert_eq!(same.code, Some(0), "{same:?}");
    workshop().sign_in(&email, NEW).unwrap();
    assert_eq!(asked(WRONG, WRONG, &["--temporary"]).code, Some(0));
    assert_eq!(workshop().sign_in(&email, WRONG).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");

    let mut terminal = user(&home, &["set-password", &email, "--ask"]).pty();
    terminal.expect("password").expect(": ").expect_no_echo().send("\u{3}");
    let session = terminal.wait();
    assert!(session.code == Some(130) && session.echo, "{session:?}");
    for more in [&[][..], &["--no-input"]] {
        let words = [&["set-password", email.as_str(), "--ask"][..], more].concat();
        user(&home, &words).run().code(5).stderr_has("`--password-stdin`");
    }
    // Nobody should type a password twice to learn that there is no such profile.
    let session = home.cogtok(["user", "set-password", &email, "--ask", "-p", "nosuch"]).aws().pty().wait();
    assert!(session.code == Some(3) && !session.text.contains("password:"), "{session:?}");
    assert_eq!(proxy.count("AdminSetUserPassword"), 2);
}

#[test]
fn a_weak_password_is_exit_4_with_what_the_pool_wants() {
    let (home, proxy) = counted();
    let email = workshop().user(PASSWORD);
    home.canary("weakling");
    let output = user(&home, &["set-password", &email, "--password-stdin"]).stdin("weakling").run();
    output.code(4).stderr_has("InvalidPasswordException").stderr_has("at least 12 characters").stderr_has("a symbol");
    assert_eq!(proxy.log(), ["AdminSetUserPassword", "DescribeUserPool"]);
    workshop().sign_in(&email, PASSWORD).unwrap();

    // One who may set passwords may not be one who may look at the pool.
    let denied = Proxy::with(&workshop().endpoint, |request| {
        (request.operation() == Some("DescribeUserPool")).then(|| Answer::aws_error("AccessDeniedException", "no"))
    });
    let home = behind(&denied);
    let output = user(&home, &["set-password", &email, "--password-stdin"]).stdin("weakling").run();
    output.code(4).stderr_has("InvalidPasswordException").stderr_lacks("AccessDenied").stderr_has("--password-stdin");
    let value: Option<Value> = workshop().find_user(&email);
    assert_eq!(value.unwrap()["UserStatus"], "CONFIRMED");
}
