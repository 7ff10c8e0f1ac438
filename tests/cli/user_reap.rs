//! `--ttl` of `cogtok user create`, and `cogtok user reap`: whom a run made goes when the run has ended, and nobody else.

use crate::harness::{Answer, Home, Keyring, Proxy, Run, poll, unique, workshop};
use crate::user_create::{behind, counted, new_email};
use crate::user_create_lost::broken;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure()
}

fn runs(home: &Home) -> Vec<Value> {
    user(home, &["runs", "--json"]).run().ok().json().as_array().unwrap().clone()
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// Makes users in a run that ends after this time; their names, and the run.
fn made(home: &Home, count: usize, ttl: &str) -> (Vec<String>, String) {
    let (prefix, count) = (unique("ttl"), count.to_string());
    let args = ["create", "--count", &count, "--prefix", &prefix, "--ttl", ttl, "-o", "text"];
    let output = user(home, &args).run();
    output.ok().stderr_has("it ends at 20").stderr_has("`cogtok user reap -p ws` deletes its users from then on");
    let run = output.stderr.lines().find_map(|line| line.strip_prefix("run ")).unwrap();
    let run = run.split(':').next().unwrap().to_owned();
    (output.stdout.lines().map(str::to_owned).collect(), run)
}

/// Waits until a run has ended by this machine's clock.
pub fn wait_for_the_end(home: &Home, run: &str) {
    let end = runs(home).iter().find(|one| one["run"] == run).unwrap()["ends_at"].as_i64().unwrap();
    poll("the run has ended", Duration::from_secs(30), || (now() >= end).then_some(()));
}

fn are_there(names: &[String]) -> usize {
    names.iter().filter(|name| workshop().find_user(name).is_some()).count()
}

#[test]
fn the_users_of_what_has_ended_go_with_their_secrets_and_all_others_stay() {
    let ((home, _proxy), keyring) = (counted(), Keyring::start());
    let (stranger, ours) = (workshop().user(PASSWORD), new_email());
    let file = home.plant("class.csv", format!("email,password\n{ours},{PASSWORD}\n{stranger},\n"));
    let args = ["create", "--from", file.to_str().unwrap(), "--if-exists", "skip", "--ttl", "1s", "-o", "text"];
    user(&home, &args).run().ok();
    let ended = runs(&home)[0]["run"].as_str().unwrap().to_owned();
    let (later, run) = made(&home, 2, "3d");
    let (forever, _) = (user(&home, &["create", "--count", "1", "--prefix", &unique("ever"), "-o", "text"]).run(), ());
    let forever = vec![forever.ok().stdout.trim().to_owned()];

    let (now, all) = (now(), runs(&home));
    let of = |id: &str| all.iter().find(|one| one["run"] == id).unwrap().clone();
    let end = of(&run)["ends_at"].as_i64().unwrap();
    assert!((now + 3 * 86400 - 60..=now + 3 * 86400 + 60).contains(&end), "{end} is not three days from {now}");
    assert_eq!(of(&run)["begun_at"].as_i64().unwrap() + 3 * 86400, end);
    assert_eq!(all.iter().filter(|one| one["ends_at"].is_null()).count(), 1);
    wait_for_the_end(&home, &ended);
    let table = user(&home, &["runs"]).run();
    let line = |id: &str| table.stdout.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    table.ok().stdout_has("ENDS");
    assert!(line(&ended).ends_with(" (ended)") && !line(&run).contains("ended"), "{}", table.stdout);

    // On 80 columns an id is not in two pieces: the profile stands for the pool.
    let narrow = user(&home, &["runs"]).env("COLUMNS", "80").run();
    narrow.ok().stdout_has(" ws ").check(!narrow.stdout.contains("us-east-1_"), "the pool is the profile's");
    narrow.check(narrow.stdout.lines().count() == all.len() + 1, "a line for each run");
    home.cogtok(["profile", "rename", "ws", "other"]).run().ok();
    home.cogtok(["profile", "set", "other", "user_pool_id", "us-east-1_Another00"]).run().ok();
    let unnamed = home.cogtok(["user", "runs"]).env("COLUMNS", "80").run();
    unnamed.ok().stdout_has(&workshop().pool_id);
    home.cogtok(["profile", "set", "other", "user_pool_id", &workshop().pool_id]).run().ok();
    home.cogtok(["profile", "rename", "other", "ws"]).run().ok();

    for name in [&ours, &stranger] {
        let set = home.cogtok(["secret", "set", "password", "-p", "ws", "--username", name]).keyring(&keyring);
        set.stdin(PASSWORD).run().ok();
        home.cogtok(["token", "user", "-p", "ws", "--username", name]).keyring(&keyring).run().ok();
    }
    let passwords = || keyring.entries().iter().filter(|entry| entry["username"].starts_with("password|")).count();
    assert_eq!(passwords(), 2);
    user(&home, &["reap", "--dry-run"]).run().ok().quiet().stdout_is(&format!("{ours}\n"));
    let listed = user(&home, &["reap", "--dry-run", "--json"]).run().ok().json();
    assert_eq!(listed, json!([{"run": ended, "username": ours}]));
    user(&home, &["reap", "--dry-run", "--yes"]).run().code(2);
    user(&home, &["reap"]).run().code(5).stderr_has("--yes");
    assert_eq!(are_there(std::slice::from_ref(&ours)), 1);
    let mut terminal = user(&home, &["reap"]).pty();
    terminal.expect(&ours).expect("Delete the user of a run that has ended").expect("[y/N] ").send("n\r");
    assert_eq!((terminal.wait().code, are_there(std::slice::from_ref(&ours))), (Some(1), 1));

    let reaped = user(&home, &["reap", "--yes"]).keyring(&keyring).run();
    reaped.ok().stderr_has(&format!("deleted user {ours}")).stderr_has(&format!("deleted run {ended}"));
    assert_eq!((are_there(std::slice::from_ref(&ours)), are_there(&later), are_there(&forever)), (0, 2, 1));
    workshop().sign_in(&stranger, PASSWORD).unwrap();
    assert_eq!((passwords(), runs(&home).len()), (1, 2));
    let token = |name: &str| home.cogtok(["token", "user", "-p", "ws", "--username", name]).keyring(&keyring).run();
    token(&stranger).ok();
    token(&ours).code(5);
    user(&home, &["reap", "--yes"]).run().ok().stderr_has("no run has ended: nothing was deleted");
    user(&home, &["reap", "--dry-run", "--json"]).run().ok().stdout_is("[]\n");
    user(&home, &["reap", "--dry-run"]).run().ok().stdout_is("").stderr_has("no run has ended");
}

#[test]
fn one_whom_somebody_else_made_anew_under_the_same_name_stays() {
    let (home, _proxy) = counted();
    for words in [&["reap", "--yes"][..], &["delete", "--yes", "--run"]] {
        let (names, run) = made(&home, 3, "1s");
        wait_for_the_end(&home, &run);
        workshop().admin("AdminDeleteUser", json!({"Username": names[0]}));
        workshop().admin("AdminDeleteUser", json!({"Username": names[1]}));
        let attributes = json!([{"Name": "email", "Value": names[1]}]);
        let body = json!({"Username": names[1], "MessageAction": "SUPPRESS", "UserAttributes": attributes});
        workshop().admin("AdminCreateUser", body);
        let args: Vec<&str> = words.iter().copied().chain((words.len() > 2).then_some(run.as_str())).collect();
        let output = user(&home, &args).run();
        output.ok().stderr_has(&format!("{} is not the user that the run created", names[1]));
        output.stderr_lacks(&format!("deleted user {}", names[1])).stderr_has(&format!("deleted run {run}"));
        assert_eq!(
            names.iter().map(|name| workshop().find_user(name).is_some()).collect::<Vec<_>>(),
            [false, true, false]
        );
    }
}

#[test]
fn what_fails_is_left_with_its_run_and_the_same_command_goes_on() {
    let refuses: &'static Mutex<String> = Box::leak(Box::default());
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        let is_refused = request.operation() == Some("AdminDeleteUser")
            && request.json()["Username"].as_str() == Some(refuses.lock().unwrap().as_str());
        is_refused.then(|| Answer::aws_error("UserLambdaValidationException", "not this one").unlike_aws())
    });
    let home = behind(&proxy);
    let (one, first) = made(&home, 2, "1s");
    let (other, second) = made(&home, 2, "1s");
    wait_for_the_end(&home, &second);
    wait_for_the_end(&home, &first);
    one[1].clone_into(&mut refuses.lock().unwrap());
    let output = user(&home, &["reap", "--yes"]).run();
    output.code(10).stderr_has(&format!("1 of 2 runs are not done; run {first}")).stderr_has("deleted 1 of 2 users");
    output.stderr_has(&one[1]).stderr_has(&format!("deleted run {second}"));
    assert_eq!((are_there(&one), are_there(&other)), (1, 0));
    assert_eq!(runs(&home).iter().map(|run| run["run"].clone()).collect::<Vec<_>>(), [json!(first)]);
    // With one run left its own error is all that is said.
    let output = user(&home, &["reap", "--yes"]).run();
    output.code(10).stderr_has("deleted 1 of 2 users").stderr_lacks("runs are not done");
    refuses.lock().unwrap().clear();
    user(&home, &["reap", "--yes"]).run().ok().stderr_has(&format!("deleted run {first}"));
    assert_eq!((are_there(&one), runs(&home).len()), (0, 0));
}

#[test]
fn a_run_that_was_stopped_before_an_answer_is_finished_first() {
    let (home, _proxy, is_broken) = broken("AdminCreateUser", |_| Answer::close());
    let args = ["create", "--count", "1", "--prefix", &unique("open"), "--ttl", "1s", "-o", "text"];
    let output = user(&home, &args).timeout(Duration::from_secs(60)).run();
    assert!(matches!(output.code, Some(6 | 10)), "{}", output.describe());
    let run = runs(&home)[0]["run"].as_str().unwrap().to_owned();
    wait_for_the_end(&home, &run);
    let refused = user(&home, &["reap", "--yes"]).run();
    refused.code(1).stderr_has("was stopped before Cognito answered").stderr_has("--resume -p ws");
    assert_eq!(runs(&home).len(), 1);
    is_broken.store(false, Ordering::SeqCst);
    // It keeps its end, and is finished all the same.
    let name = user(&home, &["create", &run, "--resume", "-o", "text"]).run().ok().stdout.trim().to_owned();
    user(&home, &["reap", "--yes"]).run().ok();
    assert_eq!((workshop().find_user(&name), runs(&home).len()), (None, 0));
}

#[test]
fn more_runs_than_a_process_may_have_files_open_are_reaped_at_once() {
    const RUNS: usize = 70;
    let (home, _proxy) = counted();
    let (names, run) = made(&home, 1, "1s");
    wait_for_the_end(&home, &run);
    // Others like it, whose user the first of them takes along.
    let dir = home.state_dir().join("journal/runs");
    let content = std::fs::read_to_string(dir.join(format!("{run}.jsonl"))).unwrap();
    for other in 1..RUNS {
        let other = format!("{other:016x}");
        home.plant(
            dir.join(format!("{other}.jsonl")).strip_prefix(home.path("")).unwrap(),
            content.replace(&run, &other),
        );
    }
    let few = |args: &[&str]| user(&home, args).under(["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"]).run();
    let listed = few(&["reap", "--dry-run", "--json"]);
    assert_eq!(listed.ok().quiet().json().as_array().unwrap().len(), RUNS);
    few(&["reap", "--yes"]).ok();
    assert_eq!((are_there(&names), runs(&home).len()), (0, 0));
}

#[test]
fn a_run_that_gets_users_while_you_are_asked_is_left() {
    let refuses: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(true)));
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        let is_refused = refuses.load(Ordering::SeqCst)
            && request.operation() == Some("AdminCreateUser")
            && request.json()["Username"].as_str().unwrap().ends_with("02@example.com");
        is_refused.then(|| Answer::aws_error("UserLambdaValidationException", "not this one").unlike_aws())
    });
    let home = behind(&proxy);
    let args = ["create", "--count", "2", "--prefix", &unique("more"), "--ttl", "1s", "-o", "text"];
    user(&home, &args).run().code(10);
    let run = runs(&home)[0]["run"].as_str().unwrap().to_owned();
    wait_for_the_end(&home, &run);
    let mut terminal = user(&home, &["reap"]).pty();
    terminal.expect("Delete the user of a run that has ended").expect("[y/N] ");
    refuses.store(false, Ordering::SeqCst);
    let names = user(&home, &["create", &run, "--resume", "-o", "text"]).run().ok().stdout.clone();
    let names: Vec<String> = names.lines().map(str::to_owned).collect();
    terminal.send("y\r").expect("users were added to it after the question");
    assert_eq!((terminal.wait().code, names.len(), are_there(&names)), (Some(1), 2, 2));
    user(&home, &["reap", "--yes"]).run().ok();
    assert_eq!((are_there(&names), runs(&home).len()), (0, 0));
}

#[test]
fn an_end_is_a_runs_and_that_of_another_pool_is_only_told() {
    let (home, proxy) = counted();
    for (args, message) in [
        (&["--ttl", "3d"][..], "`--ttl` is for the users of a run"),
        (&["--count", "2", "--ttl", "0s"], "it is from 1s to 10 years"),
        (&["--count", "2", "--ttl", "11years"], "it is from 1s to 10 years"),
        (&["--count", "2", "--ttl", "soon"], "is not a duration"),
        (&["--resume", "--ttl", "3d"], "cannot be used with"),
    ] {
        user(&home, &[&["create"], args].concat()).run().code(2).stderr_has(message);
    }
    assert_eq!(proxy.requests().len(), 0);
    let (names, run) = made(&home, 1, "1s");
    wait_for_the_end(&home, &run);
    let pool = ["profile", "create", "other", "--user-pool-id", "us-east-1_Another00", "--client-id", "web"];
    home.cogtok(pool).args(["--endpoint-url", &workshop().endpoint]).run().ok();
    let output = home.cogtok(["user", "reap", "-p", "other", "--yes"]).aws().run();
    output.ok().stderr_has(&format!("run {run} of pool ")).stderr_has("cogtok user reap -p ws");
    output.stderr_has("has ended\n").stderr_has("no run of this pool has ended: nothing was deleted");
    assert_eq!(are_there(&names), 1);
    user(&home, &["reap", "--yes"]).run().ok();
}
