//! `cogtok user delete` for many: whom it means, what it shows and asks, how fast it goes, and what is left when it fails.

use crate::harness::{Answer, Home, Keyring, Request, Run, Server, unique, workshop};
use crate::user_create::counted;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn delete<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user", "delete", "-p", "ws"]).args(args).aws()
}

/// A scripted pool: its users by name, with status and age in days.
struct Pool {
    server: Server,
    users: Arc<Mutex<BTreeMap<String, (String, u64)>>>,
}

fn answer(body: &Value) -> Answer {
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

/// The first answer of `instead` counts; without one the pool does what it is asked.
fn pool(users: &[(&str, &str, u64)], instead: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Pool {
    let known = users.iter().map(|(name, status, days)| ((*name).to_owned(), ((*status).to_owned(), *days)));
    let users = Arc::new(Mutex::new(known.collect::<BTreeMap<_, _>>()));
    let ours = Arc::clone(&users);
    let server = Server::start(move |request| {
        if let Some(answer) = instead(request) {
            return answer;
        }
        let mut users = ours.lock().unwrap();
        let body = request.json();
        match request.operation() {
            Some("ListUsers" | "ListUsersInGroup") => {
                let from: usize = ["PaginationToken", "NextToken"]
                    .iter()
                    .find_map(|name| body[name].as_str())
                    .map_or(0, |token| token.parse().unwrap());
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
                let all: Vec<Value> = users
                    .iter()
                    .map(|(name, (status, days))| {
                        json!({"Username": name, "UserStatus": status, "Enabled": true, "UserCreateDate": now - days * 86400,
                            "Attributes": [{"Name": "email", "Value": format!("{name}@example.com")}]})
                    })
                    .collect();
                let page: Vec<Value> = all.iter().skip(from).take(60).cloned().collect();
                let mut answer_body = json!({ "Users": page });
                if from + 60 < all.len() {
                    let token = if request.operation() == Some("ListUsers") { "PaginationToken" } else { "NextToken" };
                    answer_body[token] = json!((from + 60).to_string());
                }
                answer(&answer_body)
            }
            Some("AdminDeleteUser") => match users.remove(body["Username"].as_str().unwrap()) {
                Some(_) => answer(&json!({})),
                None => Answer::aws_error("UserNotFoundException", "User does not exist."),
            },
            Some("AdminGetUser") => Answer::aws_error("UserNotFoundException", "User does not exist."),
            other => panic!("{other:?}"),
        }
    });
    Pool { server, users }
}

impl Pool {
    fn home(&self) -> Home {
        let home = Home::new();
        home.config(&format!(
            "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n",
            self.server.url()
        ));
        home
    }

    fn names(&self) -> Vec<String> {
        self.users.lock().unwrap().keys().cloned().collect()
    }

    fn deletions(&self) -> Vec<Instant> {
        let requests = self.server.requests();
        requests.iter().filter(|one| one.operation() == Some("AdminDeleteUser")).map(|one| one.at).collect()
    }
}

fn four() -> Pool {
    pool(
        &[("ann", "CONFIRMED", 9), ("bob", "UNCONFIRMED", 9), ("cem", "UNCONFIRMED", 1), ("dee", "CONFIRMED", 1)],
        |_| None,
    )
}

#[test]
fn whom_it_means_is_what_all_options_say_and_a_dry_run_deletes_none() {
    let found = |args: &[&str]| {
        let pool = four();
        let all = [args, &["--dry-run", "--json"]].concat();
        let output = delete(&pool.home(), &all).run().ok().quiet().json();
        assert_eq!(pool.names().len(), 4, "a dry run deletes none");
        output.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["--filter", "email ^= \"\""]), ["ann", "bob", "cem", "dee"]);
    assert_eq!(found(&["--status", "unconfirmed"]), ["bob", "cem"]);
    assert_eq!(found(&["--created-before", "3d"]), ["ann", "bob"]);
    assert_eq!(found(&["--group", "class", "--status", "UNCONFIRMED", "--created-before", "3d"]), ["bob"]);
    let pool = four();
    let text = delete(&pool.home(), &["--created-before", "3d", "--dry-run"]).run();
    text.ok().quiet().stdout_is("ann\nbob\n");
    // The filter has one attribute: the status goes there where it is the only one.
    let home = pool.home();
    delete(&home, &["--status", "UNCONFIRMED", "--dry-run"]).run().ok();
    assert_eq!(pool.server.requests().last().unwrap().json()["Filter"], "cognito:user_status = \"UNCONFIRMED\"");
    let before = pool.server.hits();
    for bad in [
        &[][..],
        &["ann", "--group", "class"],
        &["--group", "class", "--filter", "email = \"x\""],
        &["ann", "--created-before", "3d"],
        &["--created-before", "three"],
        &["ann", "--dry-run", "--yes"],
        &["ann", "two words", "--yes"],
    ] {
        delete(&home, bad).run().code(2);
    }
    assert_eq!(pool.server.hits(), before);
    delete(&home, &["--created-before", "99d", "--yes"]).run().ok().stderr_has("nothing was deleted");
}

#[test]
fn it_shows_whom_and_asks_and_never_deletes_without_an_answer() {
    let pool = four();
    let home = pool.home();
    for args in [&["--created-before", "3d"][..], &["ann", "bob"]] {
        delete(&home, args).run().code(5).stderr_has("--yes").stderr_has("2 users");
    }
    let mut terminal = delete(&home, &["--created-before", "3d"]).pty();
    terminal.expect("ann").expect("bob").expect("Delete these 2 users").expect("[y/N] ");
    terminal.send("n\r");
    let session = terminal.wait();
    assert_eq!((session.code, pool.names().len()), (Some(1), 4), "{session:?}");
    let mut terminal = delete(&home, &["--created-before", "3d"]).pty();
    terminal.expect("[y/N] ").send("y\r");
    let session = terminal.wait();
    assert_eq!((session.code, pool.names()), (Some(0), vec!["cem".to_owned(), "dee".to_owned()]), "{session:?}");
}

#[test]
fn what_fails_for_one_is_exit_10_with_its_name_and_the_same_command_goes_on() {
    let fails = Arc::new(Mutex::new(true));
    let ours = Arc::clone(&fails);
    let pool = pool(&[("ann", "CONFIRMED", 1), ("bob", "CONFIRMED", 1), ("cem", "CONFIRMED", 1)], move |request| {
        let is_bob = request.operation() == Some("AdminDeleteUser") && request.json()["Username"] == "bob";
        (is_bob && *ours.lock().unwrap())
            .then(|| Answer::aws_error("UserLambdaValidationException", "not bob").unlike_aws())
    });
    let home = pool.home();
    insta::assert_snapshot!(delete(&home, &["--group", "class", "--yes"]).run().message(), @"
    exit 10
    deleted user ann
    warning: bob: AdminDeleteUser was refused: UserLambdaValidationException: not bob
    deleted user cem
    error: deleted 2 of 3 users; it failed for bob (profile `ws`)
    hint: a Lambda trigger of the pool refused it
    ");
    assert_eq!(pool.names(), ["bob"]);
    *fails.lock().unwrap() = false;
    delete(&home, &["--group", "class", "--yes"]).run().ok();
    assert!(pool.names().is_empty());
    // Named twice, gone already, and never there.
    delete(&home, &["ann@example.com", "ann@example.com", "--yes"]).run().code(1).stderr_has("there is no user");
    let output = delete(&home, &["ann@example.com", "bob@example.com", "--yes"]).run();
    output.code(1).stderr_has("deleted none of 2 users");
}

#[test]
fn what_fails_for_all_of_them_ends_it_at_once() {
    let pool = pool(&[("ann", "CONFIRMED", 1), ("bob", "CONFIRMED", 1), ("cem", "CONFIRMED", 1)], |request| {
        let is_second = request.operation() == Some("AdminDeleteUser") && request.json()["Username"] == "bob";
        is_second.then(|| Answer::aws_error("AccessDeniedException", "the role was taken away"))
    });
    let output = delete(&pool.home(), &["--group", "class", "--yes"]).run();
    output.code(10).stderr_has("deleted 1 of 3 users; it failed for bob; cogtok did not try the last one");
    assert_eq!((pool.names(), pool.deletions().len()), (vec!["bob".to_owned(), "cem".to_owned()], 2));
}

#[test]
fn it_stays_under_the_accounts_rate_and_throttling_slows_it_down() {
    let names: Vec<String> = (0..25).map(|number| format!("seat-{number:02}")).collect();
    let users: Vec<(&str, &str, u64)> = names.iter().map(|name| (name.as_str(), "CONFIRMED", 1)).collect();
    let steady = pool(&users, |_| None);
    let output = delete(&steady.home(), &["--group", "class", "--yes"]).run();
    output.ok().stderr_has("deleted 25 users");
    let at = steady.deletions();
    let took = *at.last().unwrap() - at[0];
    assert!(took >= Duration::from_millis(2300), "24 pauses of a tenth of a second, not {took:?}");

    let busy = Arc::new(Mutex::new(6));
    let ours = Arc::clone(&busy);
    let throttling = pool(&users[..3], move |request| {
        let mut left = ours.lock().unwrap();
        let is_busy = request.operation() == Some("AdminDeleteUser") && *left > 0;
        *left -= i32::from(is_busy);
        is_busy.then(|| Answer::aws_error("TooManyRequestsException", "Rate exceeded"))
    });
    delete(&throttling.home(), &["--group", "class", "--yes"]).timeout(Duration::from_secs(60)).run().ok();
    assert!(throttling.names().is_empty(), "throttling beyond the tries of one request is waited out");
}

#[test]
fn tokens_sessions_and_secrets_of_the_deleted_are_forgotten_and_of_nobody_else() {
    let (home, _proxy) = counted();
    let keyring = Keyring::start();
    let [gone, other_gone, stays] = [(); 3].map(|()| workshop().user(PASSWORD));
    let token = |name: &str| {
        let run = home.cogtok(["token", "user", "-p", "ws", "--username", name, "--json"]).keyring(&keyring);
        run.env("COGTOK_PASSWORD", PASSWORD).run()
    };
    for name in [&gone, &other_gone, &stays] {
        token(name).ok();
        let set = home.cogtok(["secret", "set", "password", "-p", "ws", "--username", name]).keyring(&keyring);
        set.stdin(PASSWORD).run().ok();
    }
    let sessions = || {
        let dir = home.state_dir().join("sessions");
        std::fs::read_dir(dir)
            .unwrap()
            .flatten()
            .filter(|file| file.path().extension().is_some_and(|e| e == "json"))
            .count()
    };
    assert_eq!(sessions(), 3);
    let group = unique("leavers");
    workshop().admin("CreateGroup", json!({ "GroupName": group }));
    for name in [&gone, &other_gone] {
        workshop().admin("AdminAddUserToGroup", json!({"Username": name, "GroupName": group}));
    }
    delete(&home, &["--group", &group, "--yes"]).keyring(&keyring).run().ok();
    assert_eq!(sessions(), 1);
    assert_eq!(token(&stays).ok().json()["source"], "cache");
    for name in [&gone, &other_gone] {
        assert!(workshop().find_user(name).is_none());
        // Without the variable: neither a token nor a password is left.
        let run = home.cogtok(["token", "user", "-p", "ws", "--username", name]).keyring(&keyring).run();
        run.code(5);
    }
}

#[test]
fn a_profile_of_the_pool_that_cannot_be_read_is_named_since_its_part_stays() {
    let pool = four();
    let home = pool.home();
    let own = std::fs::read_to_string(home.config_file()).unwrap();
    let other = |pool: &str| format!("{own}[profiles.two]\nuser_pool_id = {pool}\nregion = 5\n");
    let said = "what is stored for users of profile `two` stays";
    home.config(&other("\"us-east-1_Scripted0\""));
    delete(&home, &["ann", "--yes"]).run().ok().stderr_has(said).stderr_has("`region` is not a string");
    home.config(&other("\"us-east-1_Another00\""));
    delete(&home, &["bob", "--yes"]).run().ok().stderr_lacks("two");
}
