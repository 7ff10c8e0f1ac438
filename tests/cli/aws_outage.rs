//! Where the service that gives AWS credentials fails: nothing was sent to Cognito, so no user may exist, a run ends at once with the
//! reason, and whoever has credentials goes on.

use crate::aws_causes::home_of;
use crate::harness::ports::closed_port;
use crate::harness::{Answer, Home, Run, Server, m2m_jwt, poll};
use crate::interrupts::waits_for_a_lock;
use crate::user_create::journal;
use crate::user_reap::wait_for_the_end;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ARN: &str = "arn:aws:secretsmanager:us-east-1:111122223333:secret:m2m-AbCdEf";
const CLIENT_SECRET: &str = "a-secret-of-secrets-manager";
const SAYS: &str = "for profile `role` of ~/.aws (AssumeRole)";
/// How often the SDK asks STS in one search for credentials.
const TRIES: usize = 3;

/// A home whose AWS profile `keys` has access keys, and whose profile `role` asks STS with them.
fn home(server: &Server) -> Home {
    home_of(
        server,
        "[profile keys]\naws_access_key_id = AKIAX\naws_secret_access_key = y\n\
         [profile role]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = keys\n",
    )
}

fn failing() -> Answer {
    Answer::new(503, "text/html", "<html>").unlike_aws()
}

/// Runs that sign with this profile of ~/.aws.
fn signing<'h>(home: &'h Home, profile: &str, sts: &str, args: &[&str]) -> Run<'h> {
    home.cogtok(args).env("AWS_PROFILE", profile).env("AWS_ENDPOINT_URL_STS", sts).prints_on_failure().warns_of_many()
}

/// A Cognito that takes every change.
fn willing() -> Server {
    Server::start(|request| {
        let user =
            json!({"Username": request.json()["Username"], "UserStatus": "FORCE_CHANGE_PASSWORD", "Attributes": []});
        let body = if request.operation() == Some("AdminCreateUser") { json!({"User": user}) } else { json!({}) };
        Answer::new(200, "application/x-amz-json-1.1", body.to_string())
    })
}

#[test]
fn whoever_waited_for_the_same_token_looks_for_credentials_of_its_own() {
    let tokens = Server::start(|_| Answer::token(&m2m_jwt("client", "api/read")));
    let secret = json!({"client_id": "client", "client_secret": CLIENT_SECRET, "token_url": tokens.token_url()});
    let aws = Server::start(move |_| {
        let body = json!({"ARN": ARN, "Name": "m2m", "VersionId": "00000000-0000-0000-0000-000000000000",
            "SecretString": secret.to_string()});
        Answer::new(200, "application/x-amz-json-1.1", body.to_string())
    });
    let may_fail = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&may_fail);
    let sts = Server::start(move |_| {
        poll("the other process waits", Duration::from_secs(60), || flag.load(Ordering::SeqCst).then_some(()));
        failing()
    });
    let home = home(&aws);
    home.canary(CLIENT_SECRET);
    let token = |profile| signing(&home, profile, &sts.url(), &["token", "m2m"]).env("COGTOK_SECRET_ARN", ARN);
    let first = token("role").spawn();
    poll("STS is asked", Duration::from_secs(60), || (sts.hits() > 0).then_some(()));
    let second = token("keys").spawn();
    let pid = second.pid();
    poll("the other process waits", Duration::from_secs(60), || {
        (waits_for_a_lock(pid) || second.ended()).then_some(())
    });
    may_fail.store(true, Ordering::SeqCst);
    first.wait().code(6).stderr_has("GetSecretValue needs AWS credentials").stderr_has(SAYS);
    second.wait().ok().stdout_has(".");
}

#[test]
fn a_user_that_was_not_asked_for_does_not_exist() {
    let cognito = Server::canary();
    let sts = Server::always(failing());
    let closed = format!("http://127.0.0.1:{}", closed_port());
    let home = home(&cognito);
    for sts in [&sts.url(), &closed] {
        let output = signing(&home, "role", sts, &["user", "create", "alice@example.com"]).run();
        output.code(6).stderr_has("AdminCreateUser needs AWS credentials").stderr_has(SAYS);
        output.stderr_lacks("does not know whether").stderr_lacks("--resume");
        assert_eq!(journal(&home), []);
    }
    assert!(sts.hits() <= TRIES, "STS was asked {} times", sts.hits());
    cognito.assert_untouched();
}

#[test]
fn a_run_ends_with_the_reason_at_the_first_user() {
    let cognito = Server::canary();
    let home = home(&cognito);
    let create = ["user", "create", "--count", "20", "--prefix", "seat"];
    for args in [&create[..], &["user", "disable", "ann", "bob", "cleo", "dan"]] {
        let sts = Server::always(failing());
        let output = signing(&home, "role", &sts.url(), args).run();
        output.code(6).stderr_has(SAYS).stderr_lacks("sign in to AWS").stderr_lacks("bob:");
        assert!(sts.hits() <= TRIES, "STS was asked {} times", sts.hits());
    }
    // The other users wait in the SDK, whose own time runs out meanwhile.
    let sts = Server::always(Answer::never());
    let output = signing(&home, "role", &sts.url(), &create).run();
    output.code(6).stderr_has("STS did not answer within 5 s for profile `role`").stderr_lacks("sign in to AWS");
    assert!(sts.hits() <= TRIES, "STS was asked {} times", sts.hits());
    cognito.assert_untouched();
}

#[test]
fn runs_that_have_ended_are_left_after_the_first() {
    let (cognito, sts) = (willing(), Server::always(failing()));
    let home = home(&cognito);
    for prefix in ["one", "two"] {
        let create = ["user", "create", "--count", "2", "--prefix", prefix, "--ttl", "1s", "-o", "text"];
        signing(&home, "keys", &sts.url(), &create).run().ok();
    }
    let runs = home.cogtok(["user", "runs", "--json"]).run().ok().json();
    for run in runs.as_array().unwrap() {
        wait_for_the_end(&home, run["run"].as_str().unwrap());
    }
    let output = signing(&home, "role", &sts.url(), &["user", "reap", "--yes"]).run();
    output.code(6).stderr_has(SAYS);
    assert!(sts.hits() <= TRIES, "STS was asked {} times", sts.hits());
    let left = home.cogtok(["user", "runs", "--json"]).run().ok().json();
    assert_eq!(left.as_array().map(Vec::len), Some(2));
    let deletes = cognito.requests().iter().filter(|request| request.operation() == Some("AdminDeleteUser")).count();
    assert_eq!((deletes, left[0]["run"] == Value::Null), (0, false));
}
