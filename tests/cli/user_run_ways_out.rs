//! What the end of a run that is not done advises: nobody whom the run created, or may have created, is lost by following it.

use crate::harness::ministack::ministack;
use crate::harness::ports::closed_port;
use crate::harness::{Answer, Home, Proxy, Run, unique, workshop};
use crate::user_create::{behind, counted};
use crate::user_create_lost::{broken, carry_out};
use crate::user_create_many::{assert_each_signs_in, id, the_run};
use crate::user_policy;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const THEIRS: &str = "Somebody-Elses-9-Battery";
const WEAK: &str = "Correct-Horse-7-Battery";
const LONG: &str = "Correct-Horse-7-Battery-Staple-and-nothing-more-1";

fn user<'h>(home: &'h Home, profile: &str, args: &[&str]) -> Run<'h> {
    let run = home.cogtok(["user"]).args(args).args(["-p", profile]).aws();
    run.prints_on_failure().warns_of_many().timeout(Duration::from_secs(120))
}

/// A run of three that the time limit ended: one user was there before, one was created and Cognito did not answer, and the third
/// was not asked for.
struct Unanswered {
    home: Home,
    proxy: Proxy,
    /// The `[before, created]` users.
    names: [String; 2],
    run: String,
}

/// Where `hides`, Cognito does not say when a user was created.
fn unanswered(profile: &str, hides: bool) -> Unanswered {
    let names = [workshop().user(THEIRS), format!("{}@example.com", unique("slow"))];
    let (slow, is_slow) = (names[1].clone(), AtomicBool::new(true));
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        let body = || request.json()["Username"].as_str().unwrap_or_default().to_owned();
        match request.operation() {
            Some("AdminCreateUser") if body() == slow && is_slow.swap(false, Ordering::SeqCst) => {
                carry_out(request);
                Some(Answer::never())
            }
            Some("AdminGetUser") if hides => {
                let mut user = workshop().find_user(&body())?;
                user.as_object_mut().unwrap().remove("UserCreateDate").unwrap();
                Some(Answer::new(200, "application/x-amz-json-1.1", user.to_string()))
            }
            _ => None,
        }
    });
    let home = behind(&proxy);
    let bare = ["profile", "create", "bare", "--user-pool-id", &workshop().pool_id, "--endpoint-url", &proxy.url()];
    home.cogtok(bare).run().ok();
    let file = home.plant("class.csv", format!("email\n{}\n{}\n{}@example.com\n", names[0], names[1], unique("last")));
    let create = ["create", "--from", file.to_str().unwrap(), "--parallel", "1", "--timeout", "6s", "--json"];
    let output = user(&home, profile, &create).run();
    let run = id(&the_run(&home));
    // The first user alone would have been a reason to skip.
    output.stderr_has(&format!("{}: ", names[0])).stderr_has("UsernameExistsException");
    output.stderr_has(&format!("continue: cogtok user create {run} -p {profile} --resume\n"));
    output.stderr_lacks("--resume --if-exists skip");
    Unanswered { home, proxy, names, run }
}

#[test]
fn skip_is_not_advised_while_a_user_may_be_of_the_run_and_says_of_whom_nobody_can_tell() {
    let Unanswered { home, proxy: _proxy, names: [before, created], run } = unanswered("bare", false);
    let output = user(&home, "bare", &["create", &run, "--resume", "--json"]).run();
    // What is left to decide is about the user who may be ours.
    output.code(10).stderr_has(&format!(
        "created 1 of 3 users: cogtok can't tell whether it or someone else created the user {created}"
    ));
    output.stderr_has("add `--if-exists reset` if the user is yours").stderr_lacks("--resume --if-exists skip");
    let output = user(&home, "bare", &["create", &run, "--resume", "--if-exists", "skip", "--json"]).run();
    output.ok().stderr_has(&format!("left unchanged, since the user existed before: {before}\n"));
    output.stderr_has(&format!("left a user unchanged, and cogtok can't tell whether the run created it: {created}\n"));
    assert_eq!(output.json()[1]["password"], Value::Null);
}

#[test]
fn skip_leaves_nobody_who_has_the_password_of_the_run() {
    let Unanswered { home, proxy: _proxy, names: [before, created], run } = unanswered("ws", true);
    let output = user(&home, "ws", &["create", &run, "--resume", "--if-exists", "skip", "--json"]).run();
    output.ok().stderr_has(&format!("left unchanged, since the user existed before: {before}\n"));
    let users = output.json().as_array().unwrap()[1..].to_vec();
    assert_eq!(users[0]["username"], created.as_str());
    assert_each_signs_in(&Value::Array(users), 2);
    user(&home, "ws", &["delete", "--run", &run, "--yes"]).run().ok();
    assert!(workshop().find_user(&created).is_none());
    workshop().sign_in(&before, THEIRS).unwrap();
}

#[test]
fn a_run_that_created_users_is_kept_where_a_password_of_its_file_is_refused() {
    let proxy = Proxy::new(&ministack().url());
    let home = user_policy::behind(&proxy);
    home.canary_password(WEAK);
    let (fits, refused) = (user_policy::new_email(), user_policy::new_email());
    let file = home.plant("class.csv", format!("email,password\n{fits},{LONG}\n{refused},{WEAK}\n"));
    let output = user(&home, "ws", &["create", "--from", file.to_str().unwrap()]).run();
    let run = id(&the_run(&home));
    output.code(10).stderr_has("created 1 of 2 users").stderr_has(&format!("correct the password of {refused}"));
    output.stderr_has("with only the users who failed").stderr_has("cogtok user create --from FILE -p ws");
    output.stderr_lacks("runs forget").stderr_lacks("--if-exists skip").stderr_lacks("continue: ");
    let second = home.plant("second.csv", format!("email,password\n{refused},{LONG}\n"));
    user(&home, "ws", &["create", "--from", second.to_str().unwrap()]).run().ok();
    // Each run has its own user still.
    user(&home, "ws", &["delete", "--run", &run, "--dry-run"]).run().ok().stdout_is(&format!("{fits}\n"));
}

#[test]
fn a_run_that_gave_passwords_to_users_who_existed_is_kept_as_well() {
    let proxy = Proxy::new(&ministack().url());
    let home = user_policy::behind(&proxy);
    home.canary_password(WEAK);
    let (before, refused) = (user_policy::new_email(), user_policy::new_email());
    user(&home, "ws", &["create", &before]).run().ok();
    let file = home.plant("class.csv", format!("email,password\n{before},\n{refused},{WEAK}\n"));
    let create = |if_exists: &str| {
        user(&home, "ws", &["create", "--from", file.to_str().unwrap(), "--if-exists", if_exists]).run()
    };
    // A second run would give another password than the one that was printed.
    create("reset").code(10).stderr_has("keep the run").stderr_lacks("runs forget");
    // Nobody was created, and nobody has a password of this one.
    create("skip").code(4).stderr_has("the run created no user").stderr_lacks("keep the run");
}

#[test]
fn more_refused_passwords_than_are_named_are_a_reason_to_forget_the_run_as_well() {
    let proxy = Proxy::new(&ministack().url());
    let home = user_policy::behind(&proxy);
    home.canary_password(WEAK);
    let lines: String = (0..25).map(|_| format!("{},{WEAK}\n", user_policy::new_email())).collect();
    let file = home.plant("class.csv", format!("email,password\n{lines}"));
    let output = user(&home, "ws", &["create", "--from", file.to_str().unwrap()]).run();
    let run = id(&the_run(&home));
    output.code(4).stderr_has("created 0 of 25 users").stderr_has("5 more users failed");
    output.stderr_has(&format!("cogtok user runs forget {run} -p ws")).stderr_lacks("continue: ");
}

#[test]
fn a_time_limit_after_a_user_was_created_is_exit_10_and_before_any_request_it_is_6() {
    let (home, proxy, is_broken) = broken("AdminSetUserPassword", |_| Answer::never());
    let create = ["create", "--count", "1", "--prefix", &unique("half"), "--timeout", "6s", "--json"];
    let output = user(&home, "ws", &create).run();
    let run = id(&the_run(&home));
    assert_eq!(proxy.count("AdminSetUserPassword"), 1);
    output
        .code(10)
        .stderr_has("created 1 of 1 user, finished none: AdminSetUserPassword: no complete answer from 127.0.0.1:");
    is_broken.store(false, Ordering::SeqCst);
    let users = user(&home, "ws", &["create", &run, "--resume", "--json"]).run().ok().json();
    assert_each_signs_in(&users, 1);

    // Where no request was sent, no user was created.
    let (home, _proxy) = counted();
    let nowhere = format!("http://127.0.0.1:{}", closed_port());
    let create = ["create", "--count", "1", "--prefix", &unique("none"), "--endpoint-url", &nowhere];
    user(&home, "ws", &create).run().code(6).stderr_has("created 0 of 1 user");
}

#[test]
fn a_class_that_cannot_be_finished_is_created_once_and_counted_as_it_is() {
    for (operation, code) in
        [("AdminSetUserPassword", "AccessDeniedException"), ("AdminAddUserToGroup", "ResourceNotFoundException")]
    {
        let (home, proxy, _is_broken) = broken(operation, move |_| Answer::aws_error(code, "Group not found."));
        let create =
            ["create", "--count", "30", "--parallel", "1", "--group", "nosuch", "--prefix", &unique("half"), "--json"];
        let output = user(&home, "ws", &create).run();
        output
            .code(10)
            .stderr_has(&format!("error: created 1 of 30 users, finished none: {operation} was refused: {code}"));
        output.stderr_lacks("the user was created, but not finished").stderr_lacks("warning: half");
        assert_eq!((proxy.count("AdminCreateUser"), proxy.count(operation)), (1, 1));
    }
    // What is of one user is a warning about that one.
    let (home, _proxy, _is_broken) = broken("AdminSetUserPassword", |_| {
        Answer::aws_error("UserLambdaValidationException", "not this one").unlike_aws()
    });
    let output = user(&home, "ws", &["create", "--count", "2", "--prefix", &unique("half"), "--json"]).run();
    output
        .code(10)
        .stderr_has("01@example.com: the user was created, but not finished: AdminSetUserPassword was refused");
    output.stderr_has("error: created 2 of 2 users, finished none: AdminSetUserPassword was refused");
}

#[test]
fn names_that_the_pool_refuses_are_no_reason_to_continue() {
    let (home, _proxy, _is_broken) =
        broken("AdminCreateUser", |_| Answer::aws_error("InvalidParameterException", "Username should be an email."));
    let output = user(&home, "ws", &["create", "--count", "2", "--named", "--prefix", &unique("named")]).run();
    let run = id(&the_run(&home));
    output.code(2).stderr_has("leave `--named` out").stderr_lacks("--username").stderr_lacks("continue: ");
    output.stderr_has(&format!("forget it with `cogtok user runs forget {run} -p ws`"));
}

#[test]
fn a_run_that_created_no_user_since_all_existed_is_only_forgotten() {
    let (home, _proxy) = counted();
    let before = workshop().user(THEIRS);
    let file = home.plant("class.csv", format!("email\n{before}\n"));
    let create = ["create", "--from", file.to_str().unwrap(), "--if-exists", "skip", "--json"];
    user(&home, "ws", &create).run().ok();
    let run = id(&the_run(&home));
    let forget = format!("hint: delete its record: cogtok user runs forget {run} -p ws\n");
    let output = user(&home, "ws", &["try", "--run", &run]).run();
    output.code(1).stderr_has(&forget).stderr_lacks("--resume");
    output.stderr_has(&format!("run {run} created no user, and left those who existed before unchanged"));
    let output = user(&home, "ws", &["delete", "--run", &run, "--yes"]).run();
    output.ok().stderr_has(&format!("run {run} created no user: nothing was deleted")).stderr_has(&forget);
    workshop().sign_in(&before, THEIRS).unwrap();
}

#[test]
fn who_existed_before_and_has_a_wrong_password_gets_another_by_name() {
    let (home, _proxy) = counted();
    let before = workshop().user(THEIRS);
    let file = home.plant("class.csv", format!("email\n{before}\n"));
    let create = ["create", "--from", file.to_str().unwrap(), "--if-exists", "reset", "--json"];
    user(&home, "ws", &create).run().ok();
    let run = id(&the_run(&home));
    user(&home, "ws", &["try", "--run", &run]).run().ok().stdout_is("1 of 1 user can sign in\n");
    let changed = serde_json::json!({"Username": before, "Password": THEIRS, "Permanent": true});
    workshop().admin("AdminSetUserPassword", changed);
    let output = user(&home, "ws", &["try", "--run", &run]).run();
    output.code(4).stderr_has(&format!("cogtok user set-password {before} -p ws\n")).stderr_lacks("set-password --run");
    let output = user(&home, "ws", &["set-password", "--run", &run, "--yes"]).run();
    output
        .ok()
        .stderr_has(&format!("1 user of run {run} existed before it and is left unchanged: no password was set"));
    // Its record has the only copy of that password.
    output.stderr_lacks("forget");
}
