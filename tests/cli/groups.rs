//! `cogtok group`: groups are made, filled, shown and deleted, and what is not there is told.

use crate::harness::ministack::ministack;
use crate::harness::{Answer, Home, Proxy, Run, Server, Workshop, unique, workshop};
use crate::user_create::{behind, counted};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn group<'h>(home: &'h Home, words: &[&str]) -> Run<'h> {
    home.cogtok(["group", words[0], "-p", "ws"]).args(&words[1..]).aws()
}

#[test]
fn a_group_is_made_filled_emptied_and_deleted() {
    let (home, proxy) = counted();
    let (name, users) = (unique("class"), [workshop().user(PASSWORD), workshop().user(PASSWORD)]);
    let made = group(&home, &["create", &name, "--description", "The workshop", "--precedence", "7", "--json"]).run();
    assert_eq!((made.ok().json()["name"].as_str(), made.json()["precedence"].as_i64()), (Some(name.as_str()), Some(7)));
    group(&home, &["create", &name]).run().code(1).stderr_has("GroupExistsException").stderr_has("already");

    group(&home, &["add", &name, &users[0], &users[1]]).run().ok().stdout_is("").stderr_has(&users[0]);
    let members = |words: &[&str]| -> Vec<Value> {
        let output = home.cogtok(words).args(["-p", "ws", "--json"]).aws().run();
        output.ok().quiet().json().as_array().unwrap().iter().map(|user| user["email"].clone()).collect()
    };
    assert_eq!(members(&["group", "members", &name]), users);
    assert_eq!(members(&["user", "list", "--group", &name]), users);
    group(&home, &["members", &name, "--limit", "1"]).run().ok().stderr_has("there are more users: `--limit` is 1");
    let shown = home.cogtok(["user", "show", &users[0], "-p", "ws", "--json"]).aws().run();
    assert_eq!(shown.ok().json()["groups"], json!([name]));

    group(&home, &["remove", &name, &users[0]]).run().ok();
    assert_eq!(members(&["group", "members", &name]), &users[1..]);
    let listed = group(&home, &["list", "--json"]).run().ok().quiet().json();
    let ours = listed.as_array().unwrap().iter().find(|group| group["name"] == name.as_str()).unwrap().clone();
    assert_eq!((&ours["description"], &ours["role_arn"]), (&json!("The workshop"), &Value::Null));
    let table = group(&home, &["list"]).run();
    table.ok().stdout_has("PRECEDENCE").stdout_has("The workshop");

    let before = proxy.requests().len();
    group(&home, &["delete", &name]).run().code(5).stderr_has("--yes");
    assert_eq!(proxy.requests().len(), before, "nothing is asked of Cognito before the person is");
    group(&home, &["delete", &name, "--yes"]).run().ok().stderr_has("deleted group");
    assert!(workshop().find_user(&users[1]).is_some(), "its users stay");
}

#[test]
fn what_is_not_there_is_told_with_the_way_out() {
    let (home, proxy) = counted();
    let user = workshop().user(PASSWORD);
    for words in [&["delete", "nosuch", "--yes"][..], &["members", "nosuch"]] {
        group(&home, words).run().code(1).stderr_has("nosuch").stderr_has("cogtok group list -p ws");
    }
    group(&home, &["add", "nosuch", &user]).run().code(3).stderr_has("cogtok group create nosuch -p ws");
    let there = unique("there");
    group(&home, &["create", &there]).run().ok();
    let nobody = format!("{}@example.com", unique("nobody"));
    group(&home, &["add", &there, &nobody]).run().code(1).stderr_has("there is no user").stderr_has("cogtok user list");
    // One of two is exit 10, and the other is in.
    let output = group(&home, &["add", &there, &nobody, &user]).run();
    output.code(10).stderr_has("added 1 of 2 users to group").stderr_has(&nobody);
    assert_eq!(group(&home, &["members", &there, "-o", "text"]).run().ok().stdout.lines().count(), 1);
    let before = proxy.requests().len();
    for bad in ["", "two words", "esc\u{1b}[2J", &"g".repeat(129)] {
        group(&home, &["create", bad]).run().code(2);
        group(&home, &["add", bad, &user]).run().code(2);
    }
    assert_eq!(proxy.requests().len(), before);
}

#[test]
fn every_page_is_asked_for_and_pages_that_never_end_are_exit_6() {
    let pool = Workshop::provision(ministack());
    let all = |proxy: &Proxy| {
        let home = Home::new();
        home.profile("ws", &pool, &proxy.url(), &proxy.token_url());
        home
    };
    let name = unique("class");
    pool.admin("CreateGroup", json!({ "GroupName": name }));
    for number in 0..130 {
        let email = format!("person-{number:03}@example.com");
        let attributes = json!([{"Name": "email", "Value": email}]);
        let new = json!({"Username": email, "TemporaryPassword": "Temporary-1-Password", "MessageAction": "SUPPRESS", "UserAttributes": attributes});
        pool.admin("AdminCreateUser", new);
        pool.admin("AdminAddUserToGroup", json!({"Username": email, "GroupName": name}));
    }
    let proxy = Proxy::new(&pool.endpoint);
    let home = all(&proxy);
    let members = group(&home, &["members", &name, "-o", "text"]).run();
    assert_eq!((members.ok().stdout.lines().count(), proxy.count("ListUsersInGroup")), (130, 3));

    for (operation, answer) in [
        ("ListUsersInGroup", json!({"Users": [], "NextToken": "the-same"})),
        ("ListGroups", json!({"Groups": [], "NextToken": "the-same"})),
    ] {
        let server = Server::always(Answer::new(200, "application/x-amz-json-1.1", answer.to_string()));
        let home = Home::new();
        home.config(&format!(
            "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n",
            server.url()
        ));
        let words: &[&str] = if operation == "ListGroups" { &["list"] } else { &["members", "g"] };
        group(&home, words).run().code(6).stderr_has(operation).stderr_has("repeats the same page");
    }
}

#[test]
fn what_the_credentials_do_not_allow_is_exit_9_and_show_does_without_groups() {
    let denied = Proxy::with(&workshop().endpoint, |request| {
        let is_of_groups = request.operation().is_some_and(|operation| operation.contains("Group"));
        is_of_groups
            .then(|| Answer::aws_error("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized"))
    });
    let home = behind(&denied);
    let user = workshop().user(PASSWORD);
    for words in [&["list"][..], &["create", "g"], &["members", "g"], &["add", "g", &user], &["delete", "g", "--yes"]] {
        group(&home, words).run().code(9).stderr_has("AccessDeniedException").stderr_has("`cogtok help cognito-setup`");
    }
    let shown = home.cogtok(["user", "show", &user, "-p", "ws", "--json"]).aws().run();
    shown.ok().stderr_has("the groups are not shown");
    assert_eq!(shown.json()["groups"], Value::Null);
    // Refused for all of them: the second is not tried.
    let before = denied.requests().len();
    group(&home, &["add", "g", &user, &user]).run().code(9).stderr_has("none of 2 users");
    assert_eq!(denied.requests().len() - before, 1);
}
