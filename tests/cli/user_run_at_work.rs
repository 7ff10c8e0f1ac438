//! A run that another process is still at work on: what deletes its users or sets their passwords waits for it, and sees it as it is then.

use crate::harness::{Home, Proxy, Run, poll, unique, workshop};
use crate::user_create::behind;
use crate::user_create_many::{assert_each_signs_in, id, the_run};
use crate::user_reap::wait_for_the_end;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure()
}

/// A home behind a Cognito that keeps the third new user waiting until the flag is set.
fn held_back() -> (Home, Proxy, Arc<AtomicBool>) {
    let (may_go_on, asked) = (Arc::new(AtomicBool::new(false)), AtomicUsize::new(0));
    let flag = Arc::clone(&may_go_on);
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        if request.operation() == Some("AdminCreateUser") && asked.fetch_add(1, Ordering::SeqCst) == 2 {
            poll("the flag", Duration::from_secs(60), || flag.load(Ordering::SeqCst).then_some(()));
        }
        None
    });
    (behind(&proxy), proxy, may_go_on)
}

/// The arguments for a run of four users that ends at once, of whom two are made when the third is waited for.
fn four(prefix: &str) -> [&str; 10] {
    ["create", "--count", "4", "--prefix", prefix, "--parallel", "1", "--ttl", "1s", "--json"]
}

fn wait_for_two(home: &Home) -> String {
    poll("two users are made", Duration::from_secs(30), || {
        let runs = user(home, &["runs", "--json"]).run().ok().json();
        (runs[0]["done"] == 2).then(|| id(&runs[0]))
    })
}

#[test]
fn nothing_of_a_run_that_is_being_made_is_deleted_or_changed() {
    let (home, proxy, may_go_on) = held_back();
    let prefix = unique("busy");
    let making = user(&home, &four(&prefix)).timeout(Duration::from_secs(90)).spawn();
    let run = wait_for_two(&home);
    wait_for_the_end(&home, &run);
    let set = proxy.count("AdminSetUserPassword");
    for args in [
        &["delete", "--run", &run, "--yes", "--timeout", "1s"][..],
        &["reap", "--yes", "--timeout", "1s"],
        &["set-password", "--run", &run, "--yes", "--timeout", "1s"],
    ] {
        user(&home, args).run().code(7).stderr_has("another process is at work on this run");
    }
    user(&home, &["runs", "forget", &run, "--yes", "--timeout", "1s"]).run().code(7);
    assert_eq!((proxy.count("AdminDeleteUser"), proxy.count("AdminSetUserPassword")), (0, set));
    may_go_on.store(true, Ordering::SeqCst);
    let made = making.wait();
    assert_each_signs_in(&made.ok().json(), 4);
    user(&home, &["delete", "--run", &run, "--yes"]).run().ok();
    assert_eq!(proxy.count("AdminDeleteUser"), 4);
}

#[test]
fn who_waits_for_a_run_deletes_all_whom_it_made_meanwhile_and_keeps_one_that_was_killed() {
    for is_killed in [false, true] {
        let (home, proxy, may_go_on) = held_back();
        let prefix = unique("wait");
        let mut making = user(&home, &four(&prefix)).timeout(Duration::from_secs(90)).may_be_killed().spawn();
        let run = wait_for_two(&home);
        let deleting = user(&home, &["delete", "--run", &run, "--yes"]).timeout(Duration::from_secs(60)).spawn();
        std::thread::sleep(Duration::from_millis(500));
        if is_killed {
            making.kill();
        }
        may_go_on.store(true, Ordering::SeqCst);
        let made = making.wait();
        made.check(is_killed == made.code.is_none(), "it is killed where that was meant");
        let deleted = deleting.wait();
        if is_killed {
            deleted.code(1).stderr_has("before Cognito answered for one user").stderr_has("finish the run first");
            assert_eq!((id(&the_run(&home)), proxy.count("AdminDeleteUser")), (run, 0));
            continue;
        }
        deleted.ok().stderr_has(&format!("deleted run {run}"));
        assert_eq!(proxy.count("AdminDeleteUser"), 4);
    }
}
