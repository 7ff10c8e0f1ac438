//! `cogtok user create` killed, interrupted, out of space, and in a crowd: every user that was made has a recorded
//! password that signs in.

use crate::harness::{Answer, Proxy, Request, herd, poll, workshop};
use crate::user_create::{assert_signs_in, behind, counted, create, journal, new_email};
use crate::user_create_lost::{RESUME, broken, carry_out, resume};
use rustix::process::Signal;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

#[test]
fn killed_at_any_request_every_user_has_a_recorded_password_that_signs_in() {
    for (operation, is_carried_out) in [
        ("AdminCreateUser", false),
        ("AdminCreateUser", true),
        ("AdminSetUserPassword", false),
        ("AdminSetUserPassword", true),
    ] {
        let pid = Arc::new(AtomicI32::new(0));
        let victim = Arc::clone(&pid);
        let (home, _proxy, is_broken) = broken(operation, move |request| {
            let pid = poll("the process id", Duration::from_secs(10), || {
                Some(victim.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
            });
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
            if is_carried_out {
                carry_out(request);
            }
            Answer::close()
        });
        let email = new_email();
        let running = create(&home, &[&email]).may_be_killed().spawn();
        pid.store(running.pid(), Ordering::SeqCst);
        assert_eq!(running.wait().signal, Some(9));
        is_broken.store(false, Ordering::SeqCst);
        let users = resume(&home);
        assert_eq!(
            (users.len(), &users[0]["email"]),
            (1, &Value::from(email.as_str())),
            "{operation} {is_carried_out}"
        );
        home.assert_swept();
    }
}

#[test]
fn killed_at_any_write_to_disk_or_network_every_user_has_a_recorded_password_that_signs_in() {
    crate::harness::need("strace", "strace");
    let (home, _proxy) = counted();
    let mut killed = 0;
    for calls in ["?rename,?renameat,renameat2", "fsync,fdatasync", "?unlink,unlinkat", "write,writev,sendto,sendmsg"] {
        for n in 1.. {
            let inject = format!("inject={calls}:signal=KILL:when={n}");
            let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject];
            let email = new_email();
            let output = create(&home, &[&email]).under(strace).may_be_killed().prints_on_failure().run();
            let was_killed = output.code != Some(0);
            killed += usize::from(was_killed);
            let printed = output.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let users: Vec<Value> = printed.chain(resume(&home)).collect();
            let ours: BTreeSet<String> = users.iter().map(|user| user["password"].to_string()).collect();
            output.check(ours.len() <= 1, "one user has one password");
            output.check(
                users.is_empty() == workshop().find_user(&email).is_none(),
                "a user and no password, or the reverse",
            );
            users.iter().for_each(assert_signs_in);
            if !was_killed {
                break;
            }
        }
    }
    assert!(killed >= 10, "killed {killed} times");
    home.assert_swept();
}

#[test]
fn a_journal_that_fills_up_stops_before_the_next_user_and_loses_none() {
    crate::harness::need("strace", "strace");
    let (home, proxy) = counted();
    // Each write of the journal flushes the file and then its directory.
    for (n, is_made) in [(1, false), (3, true), (5, true)] {
        let inject = format!("inject=fsync:error=ENOSPC:when={n}");
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", &inject];
        let email = new_email();
        let before = proxy.count("AdminCreateUser");
        let output = create(&home, &[&email]).under(strace).run();
        output.code(if is_made { 10 } else { 7 }).stderr_has("journal");
        assert_eq!(proxy.count("AdminCreateUser") - before, usize::from(is_made));
        assert_eq!(workshop().find_user(&email).is_some(), is_made);
        if is_made {
            output.stderr_has("--resume");
            assert_eq!(resume(&home)[0]["email"], email.as_str());
        } else {
            assert_eq!(journal(&home).len(), 0);
        }
    }
}

#[test]
fn an_interrupt_says_how_to_finish() {
    // Cognito carries the request out before the user is looked for, or only between that look and the next request.
    for (signal, code, is_late) in [(Signal::INT, 130, false), (Signal::TERM, 143, false), (Signal::INT, 130, true)] {
        let is_held = Arc::new(AtomicBool::new(true));
        let held = Arc::clone(&is_held);
        let first: OnceLock<Request> = OnceLock::new();
        let proxy = Proxy::with(&workshop().endpoint, move |request| {
            if request.operation() != Some("AdminCreateUser") {
                return None;
            }
            if first.set(request.clone()).is_err() {
                first.get().filter(|_| is_late).into_iter().for_each(carry_out);
                return None;
            }
            if !is_late {
                carry_out(request);
            }
            poll("the interrupt", Duration::from_secs(60), || (!held.load(Ordering::SeqCst)).then_some(()));
            Some(Answer::close())
        });
        let home = behind(&proxy);
        let email = new_email();
        let mut running = create(&home, &[&email, "--timeout", "50s"]).spawn();
        poll("the request is under way", Duration::from_secs(20), || (proxy.log().len() == 1).then_some(()));
        running.signal(signal);
        running.wait().code(code).stderr_has(RESUME);
        if !is_late {
            poll("Cognito has carried it out", Duration::from_secs(20), || workshop().find_user(&email));
        }
        is_held.store(false, Ordering::SeqCst);
        let password = journal(&home)[0].1["password"].clone();
        let users = resume(&home);
        assert_eq!((users.len(), &users[0]["email"]), (1, &Value::from(email.as_str())));
        assert_eq!((&users[0]["password"], proxy.count("AdminCreateUser")), (&password, if is_late { 2 } else { 1 }));
    }
}

#[test]
fn twenty_at_once_are_twenty_users() {
    let (home, proxy) = counted();
    let outputs = herd((0..20).map(|_| create(&home, &[])));
    let users: Vec<Value> = outputs.iter().map(|output| output.ok().json()).collect();
    users.iter().for_each(assert_signs_in);
    assert_eq!(users.iter().map(|user| user["email"].to_string()).collect::<BTreeSet<_>>().len(), 20);
    // Two each, and another where the local Cognito failed in such a crowd.
    assert!((40..=44).contains(&proxy.log().len()), "{:?}", proxy.log());
    assert_eq!(journal(&home).len(), 0);

    // Of those who want the same user one makes it, and the others do not touch it.
    // The local Cognito itself creates a user twice at times, where it is asked in the same moment: then once more.
    let attempt = || {
        let email = new_email();
        let outputs = herd((0..4).map(|_| create(&home, &[&email])));
        (outputs.iter().filter(|output| output.code == Some(0)).count() == 1).then_some(outputs)
    };
    let outputs = (0..4).find_map(|_| attempt()).expect("one that makes the user");
    let made: Vec<_> = outputs.iter().filter(|output| output.code == Some(0)).collect();
    outputs.iter().filter(|output| output.code != Some(0)).for_each(|output| {
        output.code(1);
    });
    assert_signs_in(&made[0].json());
}

#[test]
fn a_resume_waits_for_those_at_work_and_leaves_other_pools_alone() {
    let proxy = Proxy::new(&workshop().endpoint).delay(300);
    let home = behind(&proxy);
    let running = create(&home, &[]).spawn();
    poll("a user is being made", Duration::from_secs(10), || (proxy.log().len() == 1).then_some(()));
    let resumed = create(&home, &["--resume"]).spawn();
    assert_signs_in(&running.wait().ok().json());
    resumed.wait().ok().stdout_is("").stderr_has("nothing to finish");
    assert_eq!(proxy.log(), ["AdminCreateUser", "AdminSetUserPassword"]);

    let (home, _proxy, is_broken) = broken("AdminSetUserPassword", |_| Answer::close());
    create(&home, &[]).run().code(10);
    is_broken.store(false, Ordering::SeqCst);
    create(&home, &["--resume", "--endpoint-url", &workshop().endpoint]).run().ok().stdout_is("");
    create(&home, &["--resume", "somebody@else.example"]).run().ok().stdout_is("");
    assert_eq!(journal(&home).len(), 1);
    assert_eq!(resume(&home).len(), 1);
}
