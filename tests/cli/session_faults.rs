//! Renewals that go wrong: a network that is away, an answer that is lost, a process that is killed in between.

use crate::harness::challenges::PASSWORD;
use crate::harness::{Answer, Home, Run, Sessions, need};
use std::path::PathBuf;

/// A home whose secrets are in a sealed file, with its identity, signed in once.
fn signed_in(sessions: &Sessions) -> (Home, PathBuf) {
    let home = Home::new();
    home.scripted_user(&sessions.server.url());
    let identity = home.path("identity");
    home.cogtok(["secret", "init"]).arg(&identity).run().ok();
    token_user(&home, &identity, &["--password-stdin"]).stdin(PASSWORD).run().ok();
    (home, identity)
}

fn token_user<'h>(home: &'h Home, identity: &PathBuf, args: &[&str]) -> Run<'h> {
    home.cogtok(["token", "user", "-p", "ws"]).args(args).env("COGTOK_SECRET_IDENTITY", identity)
}

fn strace(inject: &str, n: usize) -> Vec<String> {
    let calls = inject.split(':').next().unwrap();
    let inject = format!("inject={inject}:when={n}");
    ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject].map(String::from).into()
}

#[test]
fn killed_at_any_write_during_a_renewal_the_next_call_renews_or_signs_in_once_and_says_so() {
    need("strace", "strace");
    let mut killed = 0;
    for is_graceful in [false, true] {
        for calls in
            ["?rename,?renameat,renameat2", "fsync,fdatasync", "write,writev,sendto,sendmsg", "recvfrom,recvmsg,read"]
        {
            for n in 1.. {
                let sessions = Sessions::start(true, 30);
                sessions.state().is_graceful = is_graceful;
                let (home, identity) = signed_in(&sessions);
                let run = token_user(&home, &identity, &[]).under(strace(&format!("{calls}:signal=KILL"), n));
                let output = run.may_be_killed().prints_on_failure().run();
                if output.code == Some(0) {
                    break;
                }
                killed += 1;
                let next = token_user(&home, &identity, &[]).env("COGTOK_PASSWORD", PASSWORD).run();
                next.ok();
                let state = sessions.state();
                next.check(state.sign_ins <= 2, "at most one sign-in more");
                next.check(state.reuses == 0 || state.sign_ins == 2, "a reuse ends the session");
                if state.sign_ins == 2 {
                    next.stderr_has("was interrupted");
                    next.check(!is_graceful, "in the grace period the successor is fetched again");
                }
                drop(state);
                // And from there on as if nothing had been.
                token_user(&home, &identity, &[]).run().ok().stderr_lacks("was interrupted");
                home.assert_swept();
                // The many reads of a start-up are all alike: every seventh will do.
                if calls.starts_with("recv") && n > 200 {
                    break;
                }
            }
        }
    }
    assert!(killed >= 12, "killed {killed} times");
}

#[test]
fn a_lost_answer_is_not_asked_for_again_while_the_refresh_token_may_rotate() {
    // Before the first renewal nobody knows whether it does; once it did not, it may be sent again.
    for (rotates, is_known, requests) in [(true, false, 1), (true, true, 1), (false, false, 1), (false, true, 2)] {
        let sessions = Sessions::start(rotates, 30);
        let (home, identity) = signed_in(&sessions);
        if is_known {
            token_user(&home, &identity, &["--force-refresh"]).run().ok();
        }
        let before = sessions.log().len();
        sessions.state().instead = vec![(Answer::close(), true)];
        let output = token_user(&home, &identity, &["--force-refresh"]).run();
        let sent = sessions.log().len() - before;
        assert_eq!(sent, requests, "rotates {rotates}, known {is_known}");
        match requests {
            2 => output.ok(),
            _ => output.code(6),
        };
        assert_eq!(sessions.state().reuses, 0);
        // The next call tries the one refresh token that it has; at worst that is one more sign-in, and is told.
        let next = token_user(&home, &identity, &["--force-refresh"]).env("COGTOK_PASSWORD", PASSWORD).run();
        next.ok();
        assert_eq!(sessions.state().sign_ins, if rotates { 2 } else { 1 });
        assert_eq!(next.stderr.contains("was interrupted"), rotates);
    }
}

#[test]
fn throttling_is_waited_out_and_the_refresh_token_is_used_once() {
    let sessions = Sessions::start(true, 30);
    let (home, identity) = signed_in(&sessions);
    let throttled = Answer::aws_error("TooManyRequestsException", "Rate exceeded");
    sessions.state().instead = vec![(throttled.clone(), false), (throttled, false)];
    token_user(&home, &identity, &["--force-refresh"]).run().ok();
    let state = sessions.state();
    assert_eq!((state.renewals, state.reuses, state.sign_ins), (1, 0, 1));
}

#[test]
fn offline_a_token_that_is_still_valid_is_used_with_a_warning_and_an_expired_one_is_not() {
    let sessions = Sessions::start(true, 50);
    let (home, identity) = signed_in(&sessions);
    let cached = token_user(&home, &identity, &["--min-validity", "1s"]).run().ok().stdout.clone();
    let url = sessions.server.url();
    drop(sessions);
    let output = token_user(&home, &identity, &[]).run();
    output.ok().stdout_is(&cached).stderr_has("could not be renewed").stderr_has("valid for");
    // Whoever insists on a new one is told that there is none.
    token_user(&home, &identity, &["--force-refresh"]).run().code(6).stderr_has(url.trim_start_matches("http://"));
    need("faketime", "faketime");
    let later = token_user(&home, &identity, &[]).under(["faketime", "-f", "+10m"]).run();
    later.code(6).stderr_has(url.trim_start_matches("http://"));
}

#[test]
fn a_new_refresh_token_that_can_not_be_kept_is_told_and_the_token_is_printed_all_the_same() {
    need("strace", "strace");
    let sessions = Sessions::start(true, 30);
    let (home, identity) = signed_in(&sessions);
    let run = token_user(&home, &identity, &[]).under(strace("?rename,?renameat,renameat2:error=ENOSPC", 1));
    run.run().ok().stderr_has("the new refresh token could not be stored").stderr_has("sign-in");
    let next = token_user(&home, &identity, &[]).env("COGTOK_PASSWORD", PASSWORD).run();
    next.ok();
    let state = sessions.state();
    assert_eq!((state.sign_ins, state.reuses), (2, 0));
}

#[test]
fn without_a_cache_the_lock_of_the_session_lets_one_call_at_a_time_renew() {
    let sessions = Sessions::start(true, 30);
    let (home, identity) = signed_in(&sessions);
    let no_cache = || token_user(&home, &identity, &[]).env("XDG_CACHE_HOME", "/dev/null");
    no_cache().run().ok().stderr_has("tokens can't be cached in /dev/null/cogtok").stderr_lacks("sign in");
    sessions.state().delay = std::time::Duration::from_millis(50);
    let running: Vec<_> = (0..5).map(|_| no_cache().spawn()).collect();
    for run in running {
        run.wait().ok();
    }
    let state = sessions.state();
    assert_eq!((state.renewals, state.reuses, state.sign_ins), (6, 0, 1));
}

#[test]
fn a_sign_in_without_a_cache_is_kept_as_well() {
    let sessions = Sessions::start(true, 30);
    let (home, identity) = signed_in(&sessions);
    home.cogtok(["logout"]).env("COGTOK_SECRET_IDENTITY", &identity).run().ok();
    let no_cache = |args: &[&str]| token_user(&home, &identity, args).env("XDG_CACHE_HOME", "/dev/null");
    no_cache(&["--password-stdin"]).stdin(PASSWORD).run().ok();
    no_cache(&[]).run().ok();
    assert_eq!(sessions.counts(), (2, 1, 0));
}

#[test]
fn without_any_lock_a_refresh_token_is_not_used_and_that_is_said() {
    crate::harness::need_namespaces();
    let sessions = Sessions::start(true, 30);
    let (home, identity) = signed_in(&sessions);
    let dirs = [home.cache_dir(), home.state_dir().join("sessions")];
    let script = "for dir in \"$0\" \"$1\"; do mount --bind \"$dir\" \"$dir\" && mount -o remount,bind,ro \"$dir\" || exit 99; done; \
                  shift; exec \"$@\"";
    let read_only = |run: Run<'_>| run.under(["unshare", "-Urm", "sh", "-c", script]).under(dirs.clone()).run();
    let output = read_only(token_user(&home, &identity, &[]));
    output.code(7).stderr_has("the session can't be renewed").stderr_has("can lock neither its record nor the cache");
    output.stderr_has("sessions can't be remembered in").stderr_has("XDG_STATE_HOME").stderr_has("--password-stdin");
    output.stderr_lacks("has expired");
    let output = read_only(token_user(&home, &identity, &["--password-stdin"]).stdin(PASSWORD));
    output.ok().stderr_has("can't be cached").stderr_has("the session can't be renewed");
    let state = sessions.state();
    assert_eq!((state.renewals, state.reuses, state.sign_ins), (0, 0, 2));
}

#[test]
fn the_refresh_token_of_one_address_is_not_sent_to_another() {
    let (sessions, other) = (Sessions::start(true, 30), Sessions::start(true, 30));
    let (home, identity) = signed_in(&sessions);
    let elsewhere = token_user(&home, &identity, &["--endpoint-url", &other.server.url()]).run();
    elsewhere.code(5).stderr_has("the password of alice@example.com");
    assert_eq!(other.server.connections(), 0);
}
