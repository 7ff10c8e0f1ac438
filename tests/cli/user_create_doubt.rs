//! `cogtok user create --resume` where it is not plain whose the user is: nobody's password is reset and none is lost on a
//! guess.

use crate::harness::ministack::ministack;
use crate::harness::{Answer, Home, Proxy, Request, Run, need, workshop};
use crate::user_create::{behind, create, journal, new_email};
use crate::user_create_lost::{carry_out, resume};
use crate::user_policy::pool;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const THEIRS: &str = "Somebody-Elses-9-Battery";

/// A Date header that is off by this much.
fn date(off: i64) -> String {
    let now = i64::try_from(crate::harness::pool::now()).unwrap();
    let at = jiff::Timestamp::from_second(now + off).unwrap();
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
}

fn denied() -> Answer {
    Answer::aws_error("AccessDeniedException", "not authorized to perform: cognito-idp:AdminGetUser")
}

/// A home before a Cognito whose AdminCreateUser is carried out, or not, and never answered; what looks for the user is
/// answered by `look`, until the flag is cleared.
fn unanswered(
    is_carried_out: bool,
    look: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> (Home, Proxy, Arc<AtomicBool>) {
    let is_broken = Arc::new(AtomicBool::new(true));
    let (flag, calls) = (Arc::clone(&is_broken), AtomicUsize::new(0));
    let proxy = Proxy::with(&workshop().endpoint, move |request| match request.operation() {
        _ if !flag.load(Ordering::SeqCst) => None,
        Some("AdminCreateUser") => {
            if is_carried_out && calls.fetch_add(1, Ordering::SeqCst) == 0 {
                carry_out(request);
            }
            Some(Answer::close())
        }
        _ => look(request),
    });
    (behind(&proxy), proxy, is_broken)
}

fn an_hour_ahead(run: Run<'_>) -> Run<'_> {
    need("faketime", "faketime");
    run.under(["faketime", "-f", "+1h"]).env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

#[test]
fn a_clock_that_was_ahead_at_the_create_loses_no_password() {
    // Nothing but this machine's clock says when the user was asked for.
    let (home, _proxy, is_broken) = unanswered(true, |_| Some(Answer::close()));
    let email = new_email();
    insta::assert_snapshot!(an_hour_ahead(create(&home, &[&email])).run().message(), @"
    exit 6
    error: AdminCreateUser: the answer from 127.0.0.1:[port] was cut off: connection closed before message completed (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    hint: cogtok does not know whether Cognito created the user: `cogtok user create -p ws --resume` finds out and finishes
    ");
    let records = journal(&home);
    assert_eq!((records.len(), &records[0].1["asked"]["is_server_time"]), (1, &json!(false)));
    is_broken.store(false, Ordering::SeqCst);
    let run = records[0].0.file_stem().unwrap().to_str().unwrap();
    for _ in 0..2 {
        let output = create(&home, &["--resume"]).run();
        output.code(1).stderr_has(&email).stderr_has("can't tell whether").stderr_has("this machine's clock");
        output.stderr_has("--if-exists reset").stderr_has(&format!("cogtok user runs forget {run}"));
        assert_eq!(journal(&home)[0].1["password"], records[0].1["password"]);
    }
    // The server said what time it is, so that this machine's clock is of no account.
    let (home, proxy, is_broken) = unanswered(true, |_| Some(denied().header("Date", &date(0))));
    let email = new_email();
    insta::assert_snapshot!(an_hour_ahead(create(&home, &[&email])).run().message(), @"
    exit 6
    error: AdminCreateUser: the answer from 127.0.0.1:[port] was cut off: connection closed before message completed (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    hint: cogtok does not know whether Cognito created the user: `cogtok user create -p ws --resume` finds out and finishes
    ");
    let records = journal(&home);
    assert_eq!(records[0].1["asked"]["is_server_time"], true);
    is_broken.store(false, Ordering::SeqCst);
    let users = resume(&home);
    assert_eq!((&users[0]["email"], &users[0]["password"]), (&json!(email), &records[0].1["password"]));
    assert_eq!(proxy.count("AdminSetUserPassword"), 1);
}

#[test]
fn a_user_whom_somebody_made_after_the_call_keeps_the_password_that_is_theirs() {
    // The server's clock is an hour behind at the create, so what is made now is made an hour later.
    let not_found = |_: &Request| {
        let answer = Answer::aws_error("UserNotFoundException", "User does not exist.");
        Some(answer.header("Date", &date(-3600)))
    };
    let (home, proxy, is_broken) = unanswered(false, not_found);
    let email = new_email();
    insta::assert_snapshot!(create(&home, &[&email]).run().message(), @"
    exit 6
    error: AdminCreateUser: the answer from 127.0.0.1:[port] was cut off: connection closed before message completed (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    hint: cogtok does not know whether Cognito created the user: `cogtok user create -p ws --resume` finds out and finishes
    ");
    is_broken.store(false, Ordering::SeqCst);
    let made = json!({"Username": email, "TemporaryPassword": THEIRS, "MessageAction": "SUPPRESS",
        "UserAttributes": [{"Name": "email", "Value": email}]});
    workshop().admin("AdminCreateUser", made);
    let before = proxy.log().len();
    let output = create(&home, &["--resume"]).run();
    output.code(1).stderr_has(&email).stderr_has("can't tell whether").stderr_has("Cognito's clock");
    assert_eq!((&proxy.log()[before..], journal(&home).len()), (&["AdminGetUser".to_string()][..], 1));
    assert_eq!(workshop().sign_in(&email, THEIRS).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[test]
fn an_answer_that_does_not_say_when_the_user_was_made_costs_nobody_a_password() {
    let hides = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&hides);
    let lost = AtomicBool::new(true);
    let proxy = Proxy::with(&workshop().endpoint, move |request| match request.operation() {
        Some("AdminCreateUser") if lost.swap(false, Ordering::SeqCst) => {
            carry_out(request);
            Some(Answer::close())
        }
        Some("AdminGetUser") if flag.load(Ordering::SeqCst) => {
            let username = request.json()["Username"].as_str().unwrap().to_string();
            let mut user = workshop().find_user(&username).unwrap();
            user.as_object_mut().unwrap().remove("UserCreateDate").unwrap();
            let answer = Answer::new(200, "application/x-amz-json-1.1", user.to_string());
            Some(answer.header("Date", &date(0)))
        }
        _ => None,
    });
    let home = behind(&proxy);
    let email = new_email();
    let output = create(&home, &[&email]).run();
    output.check(output.code != Some(0), "it is not known").stderr_has("--resume");
    let records = journal(&home);
    assert_eq!(records.len(), 1, "{}", output.describe());
    insta::assert_snapshot!(create(&home, &["--resume"]).run().message(), @"
    exit 1
    error: cogtok can't tell whether it or someone else created the user made-[unique]@example.com, so nothing was changed: Cognito does not say when it was created, and cogtok asked for it between [date] UTC and [date] UTC by Cognito's clock (profile `ws`)
    hint: if the user is yours, give it a new password: cogtok user create made-[unique]@example.com -p ws --if-exists reset
    hint: the record stays, with its password; to forget it: cogtok user runs forget [record] -p ws
    ");
    assert_eq!((journal(&home).len(), proxy.count("AdminSetUserPassword")), (1, 0));
    // `user show` says what is known, and no more.
    let shown = home.cogtok(["user", "show", &email, "-p", "ws", "--json"]).aws().run().ok().json();
    assert_eq!((&shown["created_at"], &shown["status"]), (&Value::Null, &json!("FORCE_CHANGE_PASSWORD")));
    hides.store(false, Ordering::SeqCst);
    assert_eq!(resume(&home)[0]["password"], records[0].1["password"]);
}

#[test]
fn a_user_who_was_deleted_and_made_anew_by_somebody_is_not_taken_for_ours() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let flag = Arc::clone(&is_broken);
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        let is_set = request.operation() == Some("AdminSetUserPassword");
        (is_set && flag.load(Ordering::SeqCst)).then(|| Answer::aws_error("AccessDeniedException", "not authorized"))
    });
    let home = behind(&proxy);
    let email = new_email();
    insta::assert_snapshot!(create(&home, &[&email]).run().message(), @"
    exit 10
    error: the user made-[unique]@example.com was created, but not finished: AdminSetUserPassword was refused: AccessDeniedException: not authorized (profile `ws`)
    hint: the AWS credentials do not allow this call: `cogtok help cognito-setup` lists the actions; `--aws-profile NAME` uses others
    hint: finish it: cogtok user create -p ws --resume
    ");
    is_broken.store(false, Ordering::SeqCst);
    workshop().admin("AdminDeleteUser", json!({"Username": email}));
    let made = json!({"Username": email, "TemporaryPassword": THEIRS, "MessageAction": "SUPPRESS",
        "UserAttributes": [{"Name": "email", "Value": email}]});
    workshop().admin("AdminCreateUser", made);
    insta::assert_snapshot!(create(&home, &["--resume"]).run().message(), @"
    exit 1
    error: cogtok can't tell whether it or someone else created the user made-[unique]@example.com, so nothing was changed: it was created at [date] UTC, and cogtok asked for it between [date] UTC and [date] UTC by this machine's clock (profile `ws`)
    hint: if the user is yours, give it a new password: cogtok user create made-[unique]@example.com -p ws --if-exists reset
    hint: the record stays, with its password; to forget it: cogtok user runs forget [record] -p ws
    ");
    assert_eq!(workshop().sign_in(&email, THEIRS).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[test]
fn a_temporary_password_that_may_be_anothers_is_set_again() {
    // Somebody makes the same user while our own request is lost.
    let is_lost = AtomicBool::new(true);
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        let is_ours = request.operation() == Some("AdminCreateUser") && is_lost.swap(false, Ordering::SeqCst);
        is_ours.then(|| {
            let mut body = request.json();
            body["TemporaryPassword"] = json!(THEIRS);
            body.as_object_mut().unwrap().remove("UserPoolId");
            workshop().admin("AdminCreateUser", body);
            Answer::close()
        })
    });
    let home = behind(&proxy);
    let user = create(&home, &["--temporary"]).run().ok().json();
    assert_eq!(user["status"], "FORCE_CHANGE_PASSWORD");
    assert_eq!(proxy.log(), ["AdminCreateUser", "AdminGetUser", "AdminSetUserPassword"]);
    let (email, password) = (user["email"].as_str().unwrap(), user["password"].as_str().unwrap());
    assert_eq!(workshop().sign_in(email, password).unwrap()["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[test]
fn an_app_client_that_can_not_know_the_user_is_no_reason_to_drop_the_password() {
    // Cognito answers a sign-in at an app client of another pool as it answers a wrong password.
    let (home, proxy, is_broken) = unanswered(true, |_| Some(denied().header("Date", &date(0))));
    let email = new_email();
    create(&home, &[&email]).run().code(6).stderr_has("--resume");
    let password = journal(&home)[0].1["password"].clone();
    is_broken.store(false, Ordering::SeqCst);
    let client = |id: &str| {
        home.cogtok(["profile", "set", "ws", "user.client_id", id]).run().ok();
    };
    let flows = ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH"];
    let elsewhere = json!({"UserPoolId": pool().0, "ClientName": "elsewhere", "ExplicitAuthFlows": flows,
        "PreventUserExistenceErrors": "ENABLED"});
    let elsewhere = ministack().cognito("CreateUserPoolClient", &elsewhere);
    client(elsewhere["UserPoolClient"]["ClientId"].as_str().unwrap());
    let output = create(&home, &["--resume"]).run();
    output.code(1).stderr_has(&email).stderr_has("can't tell whether").stderr_has("user runs forget");
    assert_eq!(journal(&home)[0].1["password"], password);
    assert_eq!(proxy.count("AdminSetUserPassword"), 0);
    client(&workshop().web.id);
    assert_eq!(resume(&home)[0]["password"], password);
}

#[test]
fn the_user_who_is_not_finished_is_named_also_where_the_service_says_the_name_by_chance() {
    let (home, _proxy, _) = unanswered(false, |request| {
        let says = match request.json()["Username"].as_str() {
            Some("pool") => "User pool us-east-1_x does not exist.",
            _ => "There is no such thing as pool.",
        };
        (request.operation() == Some("AdminGetUser")).then(|| Answer::aws_error("ResourceNotFoundException", says))
    });
    for name in ["pool", "such"] {
        create(&home, &["--username", name]).run().code(6).stderr_has("--resume");
    }
    let output = create(&home, &["--resume"]).run();
    output.stderr_has("error: such: AdminGetUser").stderr_has("pool: AdminGetUser").stderr_has("User pool us-east-1_x");
}
