//! What users are called where they are deleted or get passwords: in a pool that signs in with e-mail the user names are subs,
//! which say nothing to a person.

use crate::harness::{Answer, Home, Run, Server};
use serde_json::{Value, json};

const SUBS: [&str; 4] = [
    "11111111-0000-4000-8000-000000000001",
    "22222222-0000-4000-8000-000000000002",
    "33333333-0000-4000-8000-000000000003",
    "44444444-0000-4000-8000-000000000004",
];

/// What the users are known by, beside their subs.
const KNOWN: [(&str, &str); 3] =
    [("email", "ann@example.com"), ("preferred_username", "bob"), ("phone_number", "+14155550100")];

fn users() -> Vec<Value> {
    let user = |at: usize| {
        let mut attributes = vec![json!({"Name": "sub", "Value": SUBS[at]})];
        attributes.extend(KNOWN.get(at).map(|(name, value)| json!({"Name": name, "Value": value})));
        json!({"Username": SUBS[at], "Attributes": attributes, "UserStatus": "CONFIRMED", "Enabled": true,
            "UserCreateDate": 1_700_000_000})
    };
    (0..SUBS.len()).map(user).collect()
}

/// A home whose pool has these users, and refuses one of them what it is asked.
fn home() -> (Home, Server) {
    let server = Server::start(|request| {
        let body = match request.operation() {
            Some("ListUsers" | "ListUsersInGroup") => json!({ "Users": users() }),
            _ if request.json()["Username"] == SUBS[1] => {
                return Answer::aws_error("UserLambdaValidationException", "not this one").unlike_aws();
            }
            _ => json!({}),
        };
        Answer::new(200, "application/x-amz-json-1.1", body.to_string())
    });
    let home = Home::new();
    let url = server.url();
    home.config(&format!(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{url}\"\n"
    ));
    (home, server)
}

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure()
}

#[test]
fn a_person_sees_names_in_the_question_the_list_and_the_result() {
    let shown = ["ann@example.com", "bob", "+14155550100", SUBS[3]];
    for select in [&["--group", "class"][..], &["--filter", "email ^= \"\""], &["--status", "CONFIRMED"]] {
        let (home, server) = home();
        let listed = user(&home, &[&["delete", "--dry-run"], select].concat()).run();
        assert_eq!(listed.ok().stdout.lines().collect::<Vec<_>>(), shown);
        let mut terminal = user(&home, &[&["delete"], select].concat()).pty();
        for name in shown {
            terminal.expect(name);
        }
        terminal.expect("Delete these 4 users").send("n\r");
        let session = terminal.wait();
        assert!(session.code == Some(1) && !session.text.contains(SUBS[0]), "{session:?}");

        let output = user(&home, &[&["delete", "--yes"], select].concat()).run();
        output.code(10).stderr_has("it failed for bob").stderr_has("warning: bob: ").stderr_lacks(SUBS[0]);
        for name in ["ann@example.com", "+14155550100", SUBS[3]] {
            output.stderr_has(&format!("deleted user {name}\n"));
        }
        // Cognito is asked by the name that it has.
        let deleted = server.requests().into_iter().filter(|one| one.operation() == Some("AdminDeleteUser"));
        assert_eq!(deleted.map(|one| one.json()["Username"].as_str().unwrap().to_owned()).collect::<Vec<_>>(), SUBS);
    }
    let (home, _server) = home();
    let table = user(&home, &["list"]).run();
    for name in ["ann@example.com", SUBS[1], SUBS[3]] {
        table.ok().stdout_has(name);
    }
    let output = user(&home, &["set-password", "--group", "class", "--yes"]).run();
    output.code(10).stderr_has("it failed for bob").stderr_lacks(SUBS[0]);
    let names: Vec<&str> = output.stdout.lines().map(|line| line.split_once(' ').unwrap().0).collect();
    assert_eq!(names, ["ann@example.com", "+14155550100", SUBS[3]]);
}

#[test]
fn each_password_is_in_the_list_and_none_is_set_that_nobody_reads() {
    let (home, server) = home();
    let json = user(&home, &["set-password", "--group", "class", "--yes", "--json"]).run();
    assert_eq!(json.code(10).json().as_array().unwrap().len(), 3);
    let set = || server.requests().iter().filter(|one| one.operation() == Some("AdminSetUserPassword")).count();
    for form in ["csv", "json", "text"] {
        let before = set();
        let output =
            user(&home, &["set-password", "--group", "class", "--yes", "-o", form]).redirect(">/dev/full").run();
        output.stderr_has("the new password of ann@example.com could not be printed");
        output.code(7).stderr_has("none of 4 users").stderr_has("cogtok did not try the 3 after that");
        assert_eq!(set() - before, 1, "{form}");
    }
}
