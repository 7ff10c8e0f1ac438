//! A run that was killed before Cognito answered, and somebody who made a user of the same name in the next moment.

use crate::harness::{Answer, Home, Proxy, Run, poll, unique, workshop};
use crate::user_create::{behind, counted};
use crate::user_create_lost::broken;
use crate::user_create_many::{assert_each_signs_in, id, the_run};
use rustix::process::Signal;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

const THEIRS: &str = "Somebody-Elses-9-Battery";

fn user<'h>(home: &'h Home, profile: &str, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", profile]).aws().prints_on_failure()
}

/// A home whose run of two users was killed when Cognito was about to be asked for the first, and the run's prefix.
fn killed(profile: &str, args: &[&str]) -> (Home, Proxy, String) {
    let pid = Arc::new(AtomicI32::new(0));
    let (victim, is_first) = (Arc::clone(&pid), AtomicBool::new(true));
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        if request.operation() != Some("AdminCreateUser") || !is_first.swap(false, Ordering::SeqCst) {
            return None;
        }
        let pid = poll("the process id", Duration::from_secs(10), || {
            Some(victim.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
        });
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        Some(Answer::close())
    });
    let home = behind(&proxy);
    let bare = ["profile", "create", "bare", "--user-pool-id", &workshop().pool_id, "--endpoint-url", &proxy.url()];
    home.cogtok(bare).run().ok();
    let prefix = unique("twin");
    let create = ["create", "--count", "2", "--prefix", &prefix, "--parallel", "1"];
    let running = user(&home, profile, &[&create, args].concat()).may_be_killed().spawn();
    pid.store(running.pid(), Ordering::SeqCst);
    assert_eq!(running.wait().signal, Some(9));
    (home, proxy, prefix)
}

/// Makes the first user of the run as somebody else would who has the same idea.
fn stranger(prefix: &str, locale: Option<&str>) -> String {
    let name = format!("{prefix}01@example.com");
    let mut attributes =
        vec![json!({"Name": "email", "Value": name}), json!({"Name": "email_verified", "Value": "true"})];
    attributes.extend(locale.map(|locale| json!({"Name": "locale", "Value": locale})));
    let made = json!({"Username": name, "TemporaryPassword": THEIRS, "MessageAction": "SUPPRESS", "UserAttributes": attributes});
    workshop().admin("AdminCreateUser", made);
    name
}

#[test]
fn a_strangers_user_of_the_same_moment_has_another_password_and_keeps_it() {
    let (home, proxy, prefix) = killed("ws", &[]);
    let theirs = stranger(&prefix, None);
    let output = user(&home, "ws", &["create", "--resume", "--json"]).run();
    output.code(10).stderr_has(&format!("someone else created the user {theirs}")).stderr_has("created 1 of 2 users");
    assert_each_signs_in(&output.json(), 1);
    let run = id(&the_run(&home));
    user(&home, "ws", &["create", &run, "--resume"]).run().code(10).stderr_has("UsernameExistsException");
    user(&home, "ws", &["delete", "--run", &run, "--yes"]).run().ok();
    assert_eq!(proxy.count("AdminSetUserPassword"), 1);
    assert_eq!(workshop().sign_in(&theirs, THEIRS).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[test]
fn without_an_app_client_other_attributes_leave_it_to_a_person() {
    let (home, proxy, prefix) = killed("bare", &["--attribute", "locale=de"]);
    let theirs = stranger(&prefix, Some("fr"));
    let output = user(&home, "bare", &["create", "--resume", "--json"]).run();
    output.code(10).stderr_has("can't tell whether").stderr_has(&theirs);
    assert_eq!(proxy.count("AdminSetUserPassword"), 1);
    assert_eq!(workshop().sign_in(&theirs, THEIRS).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[test]
fn without_an_app_client_the_same_attributes_prove_nothing_and_a_person_decides() {
    for decision in ["skip", "reset"] {
        let (home, proxy, prefix) = killed("bare", &[]);
        let theirs = stranger(&prefix, None);
        let output = user(&home, "bare", &["create", "--resume", "--json"]).run();
        output.code(10).stderr_has("can't tell whether").stderr_has(&theirs).stderr_has("created 1 of 2 users");
        output.stderr_has("add `--if-exists reset`").stderr_has("add `--if-exists skip`").stderr_lacks("runs forget");
        assert_eq!(proxy.count("AdminSetUserPassword"), 1);
        assert_eq!(workshop().sign_in(&theirs, THEIRS).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
        let run = id(&the_run(&home));
        user(&home, "bare", &["delete", "--run", &run, "--yes"]).run().code(1).stderr_has("finish the run first");

        let decided = user(&home, "bare", &["create", &run, "--resume", "--if-exists", decision, "--json"]).run();
        let users = decided.ok().json();
        let delete = || user(&home, "bare", &["delete", "--run", &run, "--yes"]).run();
        if decision == "reset" {
            assert_each_signs_in(&users, 2);
            delete().ok();
            assert!(workshop().find_user(&theirs).is_none());
            continue;
        }
        assert_eq!((users.as_array().unwrap().len(), &users[0]["password"]), (2, &serde_json::Value::Null));
        delete().ok();
        assert_eq!(workshop().sign_in(&theirs, THEIRS).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    }
}

#[test]
fn a_run_that_met_users_who_were_there_is_ended_as_its_hints_say() {
    for (decision, is_asked_for) in [("skip", false), ("reset", false), ("reset", true)] {
        let (home, _proxy) = counted();
        let prefix = unique("met");
        let theirs = stranger(&prefix, None);
        let output = if is_asked_for {
            user(&home, "ws", &["create", "--count", "2", "--prefix", &prefix, "--json", "--if-exists", "reset"]).run()
        } else {
            let made = user(&home, "ws", &["create", "--count", "2", "--prefix", &prefix, "--json"]).run();
            let run = id(&the_run(&home));
            let again = format!("cogtok user create {run} -p ws --resume --if-exists skip");
            made.code(10).stderr_has("UsernameExistsException").stderr_has("`--if-exists reset`").stderr_has(&again);
            user(&home, "ws", &["create", &run, "--resume"]).run().code(10).stderr_has(&again);
            user(&home, "ws", &["create", &run, "--resume", "--if-exists", decision, "--json"]).run()
        };
        let users = output.ok().json();
        let run = the_run(&home);
        assert_eq!(run["done"], 2);
        if decision == "skip" {
            output.stderr_has(&format!("left unchanged, since the user existed before: {theirs}"));
            assert_eq!((&users[0]["username"], &users[0]["password"]), (&json!(theirs), &serde_json::Value::Null));
        } else {
            assert_each_signs_in(&users, 2);
        }
        user(&home, "ws", &["create", "--resume"]).run().ok().stderr_has("nothing to finish");
        // What is deleted is what the run made.
        user(&home, "ws", &["delete", "--run", &id(&run), "--yes"]).run().ok();
        assert!(workshop().find_user(&theirs).is_some());
        assert!(workshop().find_user(&format!("{prefix}02@example.com")).is_none());
    }
}

#[test]
fn a_user_of_somebody_else_whom_a_killed_run_met_is_reset_or_left_where_a_person_says_so() {
    for decision in ["skip", "reset"] {
        let (home, _proxy, prefix) = killed("ws", &[]);
        let theirs = stranger(&prefix, None);
        let run = id(&the_run(&home));
        let users = user(&home, "ws", &["create", &run, "--resume", "--if-exists", decision, "--json"]).run();
        let users = users.ok().json();
        assert_eq!(users[0]["password"].is_null(), decision == "skip");
        user(&home, "ws", &["delete", "--run", &run, "--yes"]).run().ok();
        assert!(workshop().find_user(&theirs).is_some());
    }
}

#[test]
fn a_user_whom_somebody_created_again_is_not_of_the_run_after_a_reset() {
    let refused = |_: &_| Answer::aws_error("NotAuthorizedException", "not now");
    let (home, _proxy, is_broken) = broken("AdminSetUserPassword", refused);
    let prefix = unique("again");
    user(&home, "ws", &["create", "--count", "1", "--prefix", &prefix]).run().code(10);
    let run = id(&the_run(&home));
    is_broken.store(false, Ordering::SeqCst);
    workshop().admin("AdminDeleteUser", json!({"Username": format!("{prefix}01@example.com")}));
    let theirs = stranger(&prefix, None);
    let users = user(&home, "ws", &["create", &run, "--resume", "--if-exists", "reset", "--json"]).run();
    assert_each_signs_in(&users.ok().json(), 1);
    user(&home, "ws", &["delete", "--run", &run, "--dry-run"]).run().ok().stdout_is("");
    user(&home, "ws", &["delete", "--run", &run, "--yes"]).run().ok();
    assert!(workshop().find_user(&theirs).is_some());
}

#[test]
fn what_a_person_decides_is_about_a_run_that_is_named() {
    let (home, proxy, _prefix) = killed("ws", &[]);
    let before = proxy.requests().len();
    for resume in [&["--resume"][..], &["a@example.com", "--resume"]] {
        let output = user(&home, "ws", &[&["create", "--if-exists", "reset"], resume].concat()).run();
        output.code(2).stderr_has("`--resume` cannot be used with `--if-exists` where no run is named");
    }
    assert_eq!(proxy.requests().len(), before);
}
