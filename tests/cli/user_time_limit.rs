//! A time limit over many users: what is under way then is named as unknown, what comes after is not sent, and throttling is not hidden.

use crate::harness::challenges::CLIENT;
use crate::harness::{Answer, Home, Output, Request, Server, jwt};
use crate::user_create_many::{id, the_run};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const USERS: usize = 20;

fn answer(body: &Value) -> Answer {
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

fn throttled() -> Answer {
    Answer::aws_error("TooManyRequestsException", "Rate exceeded")
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A pool of twenty users that answers `then` to each request for `on` after so many.
fn pool(on: &'static str, after: usize, then: impl Fn() -> Answer + Send + Sync + 'static) -> (Home, Server) {
    let asked = AtomicUsize::new(0);
    let server = Server::start(move |request: &Request| {
        if request.operation() == Some(on) && asked.fetch_add(1, Ordering::SeqCst) >= after {
            return then();
        }
        let user = |name: &str| {
            json!({"Username": name, "UserStatus": "CONFIRMED", "Enabled": true, "UserCreateDate": now(),
                "UserLastModifiedDate": now(), "Attributes": []})
        };
        match request.operation() {
            Some("ListUsers") => {
                let users: Vec<Value> = (1..=USERS).map(|seat| user(&format!("d-{seat:02}"))).collect();
                answer(&json!({ "Users": users }))
            }
            Some("AdminCreateUser") => answer(&json!({"User": user(request.json()["Username"].as_str().unwrap())})),
            Some("AdminGetUser") => Answer::aws_error("UserNotFoundException", "User does not exist."),
            Some("InitiateAuth") => {
                let claims = json!({"token_use": "access", "client_id": CLIENT, "username": "x", "exp": now() + 3600});
                let tokens = json!({"AccessToken": jwt(&claims), "ExpiresIn": 3600, "TokenType": "Bearer"});
                answer(&json!({ "AuthenticationResult": tokens }))
            }
            _ => answer(&json!({})),
        }
    });
    let home = Home::new();
    home.config(&format!(
        "version = 1\ndefault_profile = \"ws\"\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\n\
         endpoint_url = \"{}\"\n[profiles.ws.user]\nclient_id = \"{CLIENT}\"\nauth_flow = \"password\"\n",
        server.url()
    ));
    (home, server)
}

fn run(home: &Home, args: &[&str]) -> Output {
    let run = home.cogtok(args).args(["-p", "ws"]).aws().prints_on_failure().warns_of_many();
    run.timeout(Duration::from_secs(60)).run()
}

fn count(server: &Server, operation: &str) -> usize {
    server.requests().iter().filter(|request| request.operation() == Some(operation)).count()
}

const ALL: [&str; 3] = ["--filter", "status = \"Enabled\"", "--yes"];

#[test]
fn the_user_under_way_may_have_the_new_password_and_the_others_are_not_tried() {
    let (home, server) = pool("AdminSetUserPassword", 6, Answer::never);
    let output = run(&home, &[&["user", "set-password", "-o", "csv", "--timeout", "3s"], &ALL[..]].concat());
    output.code(10).within(Duration::from_secs(8));
    output.stderr_has(
        "error: set the passwords of 6 of 20 users; no result within 3 s for d-07; cogtok did not try the 13 after that",
    );
    output.stderr_has(
        "hint: d-07 may have a new password, which cogtok did not print: set another: cogtok user set-password d-07 -p ws\n",
    );
    output.stderr_has("hint: allow more with `--timeout 60s`\n").stderr_lacks("d-08").stderr_lacks("it failed for");
    assert_eq!((output.stdout.lines().count(), count(&server, "AdminSetUserPassword")), (7, 7));
    let (home, _server) = pool("AdminSetUserPassword", 0, Answer::never);
    let output = run(&home, &[&["user", "set-password", "--temporary", "--timeout", "2s"], &ALL[..]].concat());
    output.code(6).stderr_has("set another: cogtok user set-password d-01 -p ws --temporary\n");
}

#[test]
fn whom_cognito_may_have_deleted_is_named_and_nobody_after() {
    let (home, server) = pool("AdminDeleteUser", 2, Answer::never);
    let output = run(&home, &[&["user", "delete", "--timeout", "3s"], &ALL[..]].concat());
    output.code(10).stderr_has(
        "error: deleted 2 of 20 users; no result within 3 s for d-03; cogtok did not try the 17 after that",
    );
    output.stderr_has("hint: Cognito may have deleted d-03: the same command goes on with those who are left\n");
    assert_eq!(count(&server, "AdminDeleteUser"), 3);
    // A file may have passwords, which are none of a deletion's.
    let (home, _server) = pool("AdminDeleteUser", 0, Answer::never);
    let file = home.plant("class.csv", "username,password\nd-01,Canary-Password-1!\nd-02,Canary-Password-2!\n");
    let output = run(&home, &["user", "delete", "--from", file.to_str().unwrap(), "--yes", "--timeout", "2s"]);
    output
        .code(6)
        .stderr_has("hint: Cognito may have deleted d-01: the same command goes on with those who are left\n");
}

#[test]
fn a_run_whose_users_cognito_may_have_created_is_finished_first() {
    let (home, _server) = pool("AdminCreateUser", 0, Answer::never);
    run(&home, &["user", "create", "--count", "2", "--timeout", "2s", "--json"]).code(10);
    let run_id = id(&the_run(&home));
    for (verb, so) in [("set-password", "no password was set"), ("delete", "nothing was deleted")] {
        let output = run(&home, &["user", verb, "--run", &run_id, "--yes"]);
        output.code(1).stderr_has("before Cognito answered for ").stderr_has(so).stderr_lacks("runs forget");
        output.stderr_has(&format!("finish the run first: cogtok user create {run_id} --resume -p ws"));
    }
}

#[test]
fn throttling_is_waited_for_until_the_time_limit_and_then_named() {
    let (home, _server) = pool("AdminSetUserPassword", 2, throttled);
    let output = run(&home, &[&["user", "set-password", "--timeout", "6s"], &ALL[..]].concat());
    output.code(10).within(Duration::from_secs(11));
    output.stderr_has("warning: d-03: AdminSetUserPassword").stderr_has("Rate exceeded");
    output.stderr_has("set the passwords of 2 of 20 users; it failed for d-03");
    output.stderr_has("; no result within 6 s; cogtok did not try the 1");
    output.stderr_lacks("no complete answer").stderr_lacks("may have a new password");

    let (home, _server) = pool("AdminAddUserToGroup", 0, throttled);
    let output = run(&home, &["group", "add", "class", "ann", "bob", "--timeout", "2s"]);
    output.code(6).stderr_has("Rate exceeded").stderr_lacks("no complete answer");
    output.stderr_has("to group class; it failed for ann; no result within 2 s; cogtok did not try the last one");
}

#[test]
fn a_slow_server_is_left_at_the_time_limit() {
    let slow = || answer(&json!({})).delay(Duration::from_millis(400));
    let (home, server) = pool("AdminDisableUser", 0, slow);
    let names: Vec<String> = (1..=USERS).map(|seat| format!("d-{seat:02}")).collect();
    let names = names.iter().map(String::as_str);
    let args: Vec<&str> = ["user", "disable", "--timeout", "3s"].into_iter().chain(names).collect();
    let output = run(&home, &args);
    output.code(10).stderr_has("no result within 3 s").stderr_has("cogtok did not try the ").stderr_lacks("d-20");
    let tries = output.stderr.lines().filter(|line| line.contains("tries in")).count();
    assert_eq!(tries, 0, "{}", output.describe());
    assert!(count(&server, "AdminDisableUser") < 10);
}

#[test]
fn a_run_that_cognito_throttles_says_so_when_its_time_has_run_out() {
    for limit in ["3s", "5s"] {
        let (home, _server) = pool("AdminCreateUser", 3, throttled);
        let output = run(&home, &["user", "create", "--count", "5", "--timeout", limit, "--json"]);
        output.code(10).stderr_has("created 3 of 5 users: AdminCreateUser").stderr_has("Rate exceeded");
        output.stderr_lacks("no complete answer").stderr_lacks("no result within");
        output.stderr_has(&format!("continue: cogtok user create {} -p ws --resume\n", id(&the_run(&home))));
    }
}

#[test]
fn a_run_that_had_no_time_left_to_begin_names_the_time() {
    let (home, _server) = pool("AdminCreateUser", 3, throttled);
    let output = run(&home, &["user", "create", "--count", "5", "--rate", "0.5", "--timeout", "3s", "--json"]);
    output.code(10).stderr_has("created 2 of 5 users: no result within 3 s").within(Duration::from_secs(8));
}

#[test]
fn a_rehearsal_counts_only_those_who_were_tried() {
    let (home, _server) = pool("InitiateAuth", 3, Answer::never);
    run(&home, &["user", "create", "--count", "20", "--json"]).ok();
    let run_id = id(&the_run(&home));
    let output = run(&home, &["user", "try", "--run", &run_id, "--sample", "all", "--timeout", "3s"]);
    output.code(10).stdout_is("3 of 3 users can sign in\n").stderr_lacks("can't");
    output.stderr_has(
        "error: 3 of 3 users can sign in; no result within 3 s for seat-04@example.com; cogtok tried 3 of 20 users",
    );
    output.stderr_has("allow more with `--timeout 60s`");
    let output = run(&home, &["user", "try", "--run", &run_id, "--sample", "all", "--timeout", "3s", "--json"]);
    assert_eq!(output.code(6).json(), json!({"tried": 0, "signed_in": 0, "failed": []}));
}
