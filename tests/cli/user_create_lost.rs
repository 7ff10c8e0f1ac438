//! `cogtok user create` when things go wrong half-way: whatever is lost, killed or interrupted, every user that was made
//! has a recorded password that signs in.

use crate::harness::{Answer, Home, Proxy, Request, http, workshop};
use crate::user_create::{assert_signs_in, behind, counted, create, journal, new_email};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const PASSWORD: &str = "Correct-Horse-7-Battery";
pub const RESUME: &str = "cogtok user create -p ws --resume";

/// Has the local Cognito carry a request out, whatever its caller is told.
pub fn carry_out(request: &Request) {
    let headers: Vec<_> =
        request.headers.iter().filter(|(name, _)| name.to_lowercase() != "content-length").cloned().collect();
    let (authority, _) = http::split(&workshop().endpoint);
    let answer = http::request(authority, &request.method, &request.path, &headers, &request.body).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

/// A proxy that breaks until it is told not to.
pub fn broken(
    on: &'static str,
    answer: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> (Home, Proxy, Arc<AtomicBool>) {
    let is_broken = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&is_broken);
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        (flag.load(Ordering::SeqCst) && request.operation() == Some(on)).then(|| answer(request))
    });
    (behind(&proxy), proxy, is_broken)
}

/// Finishes what is in the journal; the users it printed.
pub fn resume(home: &Home) -> Vec<Value> {
    let output = create(home, &["--resume"]).run();
    let users: Vec<Value> = output.ok().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for user in &users {
        home.canary_password(user["password"].as_str().unwrap());
        assert_signs_in(user);
    }
    assert_eq!(journal(home).len(), 0);
    users
}

#[test]
fn the_password_is_on_disk_before_the_first_request_and_gone_after_the_last() {
    let seen: Arc<std::sync::Mutex<Vec<(String, Value)>>> = Arc::default();
    let state: Arc<std::sync::OnceLock<std::path::PathBuf>> = Arc::default();
    let (ours, dir) = (Arc::clone(&seen), Arc::clone(&state));
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        let dir = dir.get()?;
        for entry in
            std::fs::read_dir(dir).unwrap().flatten().filter(|e| e.path().extension().is_some_and(|x| x == "json"))
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
            let record = serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap();
            ours.lock().unwrap().push((request.operation().unwrap().to_string(), record));
        }
        None
    });
    let home = behind(&proxy);
    state.set(home.state_dir().join("journal")).unwrap();
    let user = create(&home, &[]).run().ok().json();
    let seen = seen.lock().unwrap();
    let states: Vec<_> =
        seen.iter().map(|(operation, record)| (operation.as_str(), record["state"].as_str().unwrap())).collect();
    assert_eq!(states, [("AdminCreateUser", "intent"), ("AdminSetUserPassword", "created")]);
    assert!(
        seen.iter().all(|(_, record)| record["password"] == user["password"] && record["username"] == user["email"])
    );
    assert_eq!(journal(&home).len(), 0);
}

#[test]
fn a_record_stays_until_somebody_has_seen_the_password() {
    let (home, proxy) = counted();
    let fifo = home.allow(home.path("nobody-reads"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // A pipe whose only reader is gone before cogtok begins.
    let closed = format!("3<>'{0}' 4>'{0}' 3<&- >&4", fifo.display());
    for (redirect, code) in [(">/dev/full", 7), (closed.as_str(), 0), (">&-", 0)] {
        let email = new_email();
        let output = create(&home, &[&email]).redirect(redirect).run();
        output.check(output.code == Some(code) || redirect == ">&-" && output.code == Some(7), "the exit code");
        if code == 7 {
            output.stderr_has("standard output").stderr_has(RESUME);
        }
        let records = journal(&home);
        output.check(records.len() == 1, "the record is kept");
        assert_eq!(records[0].1["username"], email.as_str());
        let users = resume(&home);
        assert_eq!((users.len(), &users[0]["email"]), (1, &Value::from(email.as_str())));
        assert_eq!(users[0]["password"], records[0].1["password"]);
    }
    assert_eq!(proxy.count("AdminCreateUser"), 3);
}

#[test]
fn a_second_request_that_fails_is_exit_10_with_the_command_that_finishes() {
    for answer in [
        Answer::aws_error("AccessDeniedException", "not authorized to perform: cognito-idp:AdminSetUserPassword"),
        Answer::aws_error("TooManyRequestsException", "Rate exceeded"),
        Answer::aws_error("InternalErrorException", "no"),
        Answer::close(),
    ] {
        let (home, proxy, is_broken) = broken("AdminSetUserPassword", move |_| answer.clone());
        let email = new_email();
        let output = create(&home, &[&email]).run();
        output.code(10).stderr_has(&email).stderr_has("AdminSetUserPassword").stderr_has(RESUME).stderr_has("`ws`");
        assert_eq!((journal(&home).len(), &journal(&home)[0].1["state"]), (1, &Value::from("created")));
        // As long as it fails, `--resume` says the same and loses nothing.
        let again = create(&home, &["--resume"]).run();
        again.code(10).stderr_has(RESUME).stderr_has(&format!("error: the user {email} was created, but not finished"));
        is_broken.store(false, Ordering::SeqCst);
        let users = resume(&home);
        assert_eq!((users.len(), &users[0]["email"]), (1, &Value::from(email.as_str())));
        assert_eq!(users[0]["status"], "CONFIRMED");
        assert_eq!(proxy.count("AdminCreateUser"), 1);
    }
    // A run names each user before what failed.
    let (home, _proxy, _) = broken("AdminSetUserPassword", |_| Answer::aws_error("InvalidParameterException", "no"));
    let many = create(&home, &["--count", "2", "--prefix", &crate::harness::unique("run")]);
    let many = many.warns_of_many().prints_on_failure().run();
    let lines = many.stderr.lines().filter(|line| line.contains("not finished"));
    let has_name_once = |line: &str| line.matches("run-").count() <= 1;
    many.check(lines.clone().count() > 0, "told").check(lines.clone().all(has_name_once), "named once");
    // A group that is missing: the user can be finished once it has been made.
    let (home, _proxy) = counted();
    let group = crate::harness::unique("late");
    let output = create(&home, &["--group", &group]).run();
    output.code(10).stderr_has("group").stderr_has(RESUME);
    workshop().admin("CreateGroup", serde_json::json!({"GroupName": group}));
    assert_eq!(resume(&home).len(), 1);
}

#[test]
fn a_user_whose_answer_was_lost_is_looked_up_and_not_made_twice() {
    for (lost, name) in [
        (Answer::close(), "closed"),
        (Answer::aws_error("InternalErrorException", "no"), "an internal error"),
        (Answer::new(503, "text/html", "<html>"), "a gateway's page"),
    ] {
        let calls = AtomicUsize::new(0);
        let (home, proxy, _) = broken("AdminCreateUser", move |request| {
            assert_eq!(calls.fetch_add(1, Ordering::SeqCst), 0, "made twice");
            carry_out(request);
            lost.clone()
        });
        let user = create(&home, &[]).run().ok().json();
        assert_signs_in(&user);
        assert_eq!(proxy.log(), ["AdminCreateUser", "AdminGetUser", "AdminSetUserPassword"], "{name}");
    }
    // A request that never arrived is made again, after the look.
    let calls = AtomicUsize::new(0);
    let proxy =
        Proxy::with(&workshop().endpoint, move |_| (calls.fetch_add(1, Ordering::SeqCst) == 0).then(Answer::close));
    assert_signs_in(&create(&behind(&proxy), &[]).run().ok().json());
    assert_eq!(proxy.log(), ["AdminCreateUser", "AdminGetUser", "AdminCreateUser", "AdminSetUserPassword"]);
}

#[test]
fn an_outcome_that_stays_unknown_keeps_the_record_whatever_made_it_unknown() {
    let email = new_email();
    // The answer is lost, and looking for the user is not allowed.
    let denied = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&denied);
    let proxy = Proxy::with(&workshop().endpoint, move |request| match request.operation() {
        _ if !flag.load(Ordering::SeqCst) => None,
        Some("AdminCreateUser") => {
            carry_out(request);
            Some(Answer::close())
        }
        _ => Some(Answer::aws_error("AccessDeniedException", "not authorized to perform: cognito-idp:AdminGetUser")),
    });
    let home = behind(&proxy);
    let output = create(&home, &[&email]).run();
    output.check(output.code != Some(0), "it fails").stderr_has("--resume");
    assert_eq!(journal(&home).len(), 1);
    denied.store(false, Ordering::SeqCst);
    assert_eq!(resume(&home)[0]["email"], email.as_str());

    // Every try is answered by an error of the service, and the last one was carried out all the same.
    let calls = AtomicUsize::new(0);
    let (home, proxy, _) = broken("AdminCreateUser", move |request| {
        if calls.fetch_add(1, Ordering::SeqCst) == 3 {
            carry_out(request);
        }
        Answer::aws_error("InternalErrorException", "no")
    });
    assert_signs_in(&create(&home, &[]).run().ok().json());
    assert_eq!((proxy.count("AdminCreateUser"), journal(&home).len()), (4, 0));

    // Nothing was carried out and nobody answers any more.
    let (home, proxy, is_broken) = broken("AdminCreateUser", |_| Answer::close());
    create(&home, &[&email]).run().code(6).stderr_has(RESUME);
    assert_eq!((proxy.count("AdminCreateUser"), journal(&home).len()), (4, 1));
    is_broken.store(false, Ordering::SeqCst);
    // Within a second of the call it can't be told who made the user: either way it is left alone.
    create(&home, &["--resume"]).run().code(1).stderr_has("nothing was changed");
}

#[test]
fn a_user_that_appears_between_the_look_and_the_second_try_is_still_ours() {
    let calls = AtomicUsize::new(0);
    let (home, _proxy, _) = broken("AdminCreateUser", move |request| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Answer::close(),
        // The first request was carried out late.
        _ => {
            carry_out(request);
            Answer::aws_error("UsernameExistsException", "User account already exists")
        }
    });
    let email = new_email();
    let output = create(&home, &[&email]).run();
    match output.code {
        Some(0) => assert_signs_in(&output.json()),
        _ => {
            output.stderr_has("--resume");
            assert_eq!(resume(&home)[0]["email"], email.as_str());
        }
    }
}

#[test]
fn a_resume_never_touches_a_user_who_was_there_before() {
    let confirmed = workshop().user(PASSWORD);
    let temporary = workshop().temporary_user(PASSWORD);
    for email in [confirmed, temporary] {
        // Nothing is answered, so the record says that the user may have been made.
        let is_broken = Arc::new(AtomicBool::new(true));
        let flag = Arc::clone(&is_broken);
        let proxy = Proxy::with(&workshop().endpoint, move |_| flag.load(Ordering::SeqCst).then(Answer::close));
        let home = behind(&proxy);
        let output = create(&home, &[&email]).run();
        output.code(6).stderr_has("--resume");
        let records = journal(&home);
        assert_eq!(records.len(), 1, "{}", output.describe());
        // The user is a minute older than the record: by this machine's clock, which may have been wrong then, or by the
        // server's, which says who made it.
        let (path, mut record) = records.into_iter().next().unwrap();
        for end in ["from", "until"] {
            record["asked"][end] = (record["asked"][end].as_i64().unwrap() + 60).into();
        }
        assert_eq!(record["asked"]["is_server_time"], false);
        is_broken.store(false, Ordering::SeqCst);
        for (is_server_time, said, left) in [(false, "can't tell whether", 1), (true, "was there before", 0)] {
            record["asked"]["is_server_time"] = is_server_time.into();
            home.plant(path.strip_prefix(home.path("")).unwrap(), record.to_string());
            let before = proxy.log().len();
            let output = create(&home, &["--resume"]).run();
            output.code(1).stderr_has(&email).stderr_has(said).stderr_has("--if-exists reset");
            assert_eq!(proxy.log()[before..], ["AdminGetUser"]);
            workshop().sign_in(&email, PASSWORD).unwrap();
            assert_eq!(journal(&home).len(), left);
        }
    }
}
