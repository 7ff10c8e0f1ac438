//! Which run `--resume` means: the only one of the pool, one of another pool, or a single user of the same list.

use crate::harness::{Answer, Home, Output, Request, Server};
use crate::user_create_many::id;

const EMAIL: &str = "lone@example.com";

/// A pool in which no request for a user of these names is answered.
fn silent() -> Server {
    Server::start(|request: &Request| match request.operation() {
        Some("AdminGetUser") => Answer::aws_error("UserNotFoundException", "User does not exist."),
        _ => Answer::close(),
    })
}

/// Two profiles, of two pools at one address.
fn home(server: &Server) -> Home {
    let home = Home::new();
    let profile = |name: &str, pool: &str| {
        format!("[profiles.{name}]\nuser_pool_id = \"us-east-1_{pool}\"\nendpoint_url = \"{}\"\n", server.url())
    };
    home.config(&format!("version = 1\n{}{}", profile("ws", "Scripted0"), profile("other", "Another00")));
    home
}

fn create(home: &Home, profile: &str, args: &[&str]) -> Output {
    let run = home.cogtok(["user", "create", "-p", profile]).args(args).aws().prints_on_failure().warns_of_many();
    run.timeout(std::time::Duration::from_secs(60)).run()
}

/// A run of two users without any.
fn unfinished(home: &Home) -> String {
    create(home, "ws", &["--count", "2", "--timeout", "5s", "--json"]).code(10);
    let runs = home.cogtok(["user", "runs", "--json"]).run().ok().json();
    id(runs.as_array().unwrap().iter().find(|run| run["users"] == 2).unwrap())
}

#[test]
fn an_unfinished_run_of_another_pool_is_named_with_its_command() {
    let server = silent();
    let home = home(&server);
    let run = unfinished(&home);
    let output = create(&home, "other", &["--resume"]);
    output.ok().stderr_has("warning: there is nothing to finish in this pool, but there is in another");
    output.stderr_has(&format!("hint: `cogtok user create {run} --resume -p ws` finishes run {run}\n"));
    let elsewhere = create(&home, "ws", &["--resume", "--endpoint-url", "http://127.0.0.1:9"]);
    elsewhere.ok().stderr_has("there is nothing to finish at this endpoint, but there is at another");
    elsewhere.stderr_has(&format!("run {run}"));
}

#[test]
fn a_form_that_only_runs_have_is_refused_only_for_a_single_user_who_is_named() {
    let server = silent();
    let home = home(&server);
    create(&home, "ws", &["--resume", "-o", "csv"]).ok().stdout_is("").stderr_has("there is nothing to finish");
    let run = unfinished(&home);
    create(&home, "ws", &[EMAIL, "--timeout", "5s"]).code(6);
    let output = create(&home, "ws", &["--resume", "-o", "csv"]);
    output.code(2).stderr_has(&format!("{EMAIL} is a single user: this command can't print that form here"));
    output.stderr_has(&format!("hint: finish the user first: cogtok user create {EMAIL} -p ws --resume\n"));
    output.stderr_has(&format!("hint: continue the run: cogtok user create {run} -p ws --resume\n"));
}

#[test]
fn the_id_of_a_single_user_leads_to_the_users_name() {
    let server = silent();
    let home = home(&server);
    create(&home, "ws", &[EMAIL, "--timeout", "5s"]).code(6);
    let runs = home.cogtok(["user", "runs", "--json"]).run().ok().json();
    let id = id(&runs[0]);
    for args in [
        &["user", "create", &id, "--resume"][..],
        &["user", "try", "--run", &id],
        &["user", "delete", "--yes", "--run", &id[..6]],
    ] {
        let output = home.cogtok(args).args(["-p", "ws"]).aws().run();
        output.code(1).stderr_has(&format!("{id} is not a run, but the single user {EMAIL}"));
        output.stderr_has(&format!("hint: finish the user: cogtok user create {EMAIL} -p ws --resume\n"));
    }
    // The commands of that list still take it.
    home.cogtok(["user", "runs", "forget", &id, "--yes"]).run().ok();
    home.cogtok(["user", "try", "--run", &id, "-p", "ws"]).aws().run().code(1).stderr_has("there is no run");
}
