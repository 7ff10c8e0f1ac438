//! A run of `cogtok user create` killed, and its disk full, at each system call: in the end each user is there once, with the
//! password of the run.

use crate::harness::{Answer, Home, Output, Run, need, promises, unique, workshop};
use crate::local_faults::CALLS;
use crate::user_create::counted;
use crate::user_create_lost::broken;
use crate::user_create_many::{assert_each_signs_in, id, the_run};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The users of each run.
const USERS: usize = 3;

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure().timeout(Duration::from_secs(60))
}

fn create<'h>(home: &'h Home, prefix: &str) -> Run<'h> {
    user(home, &["create", "--count", "3", "--prefix", prefix, "--parallel", "2", "--json"])
}

/// A run with an injection at the n-th of these calls, of any file or of one. Gives nothing where there were fewer of them.
fn injected(home: &Home, run: Run<'_>, calls: &str, what: &str, n: usize, file: Option<&Path>) -> Option<Output> {
    let log = home.allow(home.path("strace.log"));
    let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:{what}:when={n}"));
    let of_file = file.iter().flat_map(|path| ["-P", path.to_str().unwrap()]);
    let strace = ["strace", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
    let output = run.under(strace.into_iter().chain(of_file)).may_be_killed().run();
    let is_met = output.signal.is_some() || std::fs::read_to_string(&log).unwrap().contains("(INJECTED)");
    if !is_met {
        output.check(output.code == Some(0), "nothing was injected");
    }
    is_met.then_some(output)
}

/// Ends what is left of the one run, if there is one; says whether there was.
fn end(home: &Home, prefix: &str, told: &str) -> bool {
    let runs = user(home, &["runs", "--json"]).run().ok().json();
    if runs.as_array().unwrap().is_empty() {
        for seat in 1..=USERS {
            let name = format!("{prefix}{seat:02}@example.com");
            assert!(workshop().find_user(&name).is_none(), "{told}: {name} is in no run");
        }
        return false;
    }
    let run = id(&runs[0]);
    let output = user(home, &["create", &run, "--resume", "--json"]).run();
    output.check(output.code == Some(0), told);
    assert_each_signs_in(&output.json(), USERS);
    user(home, &["delete", "--run", &run, "--yes"]).run().ok();
    true
}

#[test]
fn killed_at_any_system_call_each_user_is_there_once_with_the_password_of_the_run() {
    need("strace", "strace");
    let (home, _proxy) = counted();
    let stride = promises::length(6, 1);
    let (mut kills, mut begun, mut last) = (0, 0, None);
    for (which, calls) in CALLS.iter().chain(&["sendto,sendmsg,writev"]).enumerate() {
        // The short form takes another few of each kind of call.
        for n in (1 + which % stride..).step_by(stride) {
            assert!(n < 500, "{calls} are called without end: {last:?}");
            let prefix = unique("sys");
            let output = injected(&home, create(&home, &prefix), calls, "signal=KILL", n, None);
            let told = format!("killed at {calls} {n}");
            let is_begun = end(&home, &prefix, &told);
            let Some(output) = output else {
                assert!(is_begun);
                break;
            };
            last = Some(output);
            kills += 1;
            begun += usize::from(is_begun);
        }
    }
    assert!(kills >= promises::length(8, 70) && begun >= promises::length(2, 40), "{kills} kills, {begun} in the run");
    create(&home, &unique("last")).run().ok();
    home.assert_swept();
    promises::held(
        "a run of new users killed at a system call ends with each user there once, with its password",
        kills,
    );
}

#[test]
fn a_disk_that_is_full_at_any_moment_costs_an_error_and_no_user() {
    need("strace", "strace");
    let (home, _proxy) = counted();
    let stride = promises::length(4, 1);
    let mut cases = 0;
    for calls in ["fsync,fdatasync", "?rename,?renameat,renameat2", "?mkdir,mkdirat"] {
        for n in (1..).step_by(stride) {
            assert!(n < 300, "{calls} are called without end");
            let prefix = unique("full");
            let output = injected(&home, create(&home, &prefix), calls, "error=ENOSPC", n, None);
            let told = format!("{calls} {n} refused");
            end(&home, &prefix, &told);
            let Some(output) = output else { break };
            output.check(matches!(output.code, Some(0 | 7 | 10)), &told);
            cases += 1;
        }
    }

    // The lines of a run that goes on: its file is known, and nothing else is refused.
    for n in 1.. {
        let (home, _proxy, is_broken) =
            broken("AdminSetUserPassword", |_| Answer::aws_error("NotAuthorizedException", "not now"));
        let prefix = unique("line");
        create(&home, &prefix).run().code(10);
        is_broken.store(false, Ordering::SeqCst);
        let run = id(&the_run(&home));
        let file = home.state_dir().join(format!("journal/runs/{run}.jsonl"));
        let resume = user(&home, &["create", "--resume", "--json"]);
        // What is tried again succeeds: the next write has space.
        let output = injected(&home, resume, "write", "error=ENOSPC", n, Some(&file));
        let told = format!("line {n} refused");
        assert!(end(&home, &prefix, &told));
        let Some(output) = output else { break };
        output.check(matches!(output.code, Some(0 | 7 | 10)), &told);
        cases += 1;
    }
    assert!(cases >= promises::length(5, 12), "{cases} cases");
    promises::held("a full disk stops a run of new users with an error, and it goes on when there is space", cases);
}
