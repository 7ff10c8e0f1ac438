//! Killed or refused at every system call of a write: the old file or the new one, and no cleaning up by hand.

use crate::harness::{Answer, Home, Output, Run, Server};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The calls of which a write is made, by the names that any architecture has.
pub const CALLS: [&str; 8] = [
    "openat",
    "?mkdir,mkdirat",
    "flock",
    "ftruncate",
    "write,?pwrite64",
    "fsync,fdatasync",
    "?rename,?renameat,renameat2",
    "?unlink,unlinkat",
];

/// Runs `run` under an injection at the first, second, … of `calls` until one run meets none; `after` sees each.
pub fn at_each<'h>(calls: &str, what: &str, run: impl Fn() -> Run<'h>, mut after: impl FnMut(usize, &Output)) -> usize {
    crate::harness::need("strace", "strace");
    for n in 1..200 {
        let inject = format!("inject={calls}:{what}:when={n}");
        let output = run().under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject]).may_be_killed().run();
        if output.signal.is_none() && what.starts_with("signal") {
            output.ok();
            return n - 1;
        }
        after(n, &output);
    }
    panic!("{calls} are called without end");
}

#[test]
fn a_configuration_edit_killed_anywhere_leaves_the_old_file_or_the_new_one() {
    let home = Home::new();
    let (before, after) =
        ("# mine\n[profiles.ws]\nregion = \"us-east-1\"\n", "# mine\n[profiles.ws]\nregion = \"eu-west-1\"\n");
    let edit = || home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]);
    let read = || std::fs::read_to_string(home.config_file()).unwrap();
    let (mut kills, mut old, mut new) = (0, 0, 0);
    for calls in CALLS {
        kills += at_each(
            calls,
            "signal=KILL",
            || {
                home.config(before);
                edit()
            },
            |n, _| {
                let left = read();
                assert!(left == before || left == after, "killed at {calls} {n}:\n{left}");
                if left == before {
                    old += 1
                } else {
                    new += 1
                }
                edit().run().ok();
                assert_eq!(read(), after);
                if left == before {
                    home.assert_swept();
                }
            },
        );
    }
    assert!(kills >= 15 && old >= 10 && new >= 1, "{kills} kill points, {old} before and {new} after the change");
}

#[test]
fn a_token_write_killed_anywhere_leaves_the_old_token_or_the_new_one() {
    let home = Home::new();
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| Answer::token(&format!("token-{}", count.fetch_add(1, Ordering::SeqCst))));
    home.scripted_profile(&server.token_url());
    let mut kills = 0;
    for calls in &CALLS[2..] {
        let mut cached = home.scripted_m2m(&["--force-refresh"]).run().ok().stdout.clone();
        kills += at_each(
            calls,
            "signal=KILL",
            || home.scripted_m2m(&["--force-refresh"]),
            |n, output| {
                let hits = server.hits();
                let next = home.scripted_m2m(&[]).run();
                let newest = format!("token-{}\n", hits - 1);
                let served = &next.ok().quiet().stdout;
                assert!(*served == cached || *served == newest, "killed at {calls} {n}: {served} after {cached}");
                assert_eq!(server.hits(), hits, "killed at {calls} {n}: the cached token was lost");
                assert!(output.stdout.is_empty() || output.stdout == newest, "{}", output.describe());
                cached = home.scripted_m2m(&["--force-refresh"]).run().ok().stdout.clone();
                home.assert_swept();
            },
        );
    }
    assert!(kills >= 8, "{kills} kill points");
}

#[test]
fn a_first_profile_killed_anywhere_is_there_or_not() {
    let total: usize = CALLS
        .iter()
        .map(|calls| {
            for n in 1..200 {
                let home = Home::new();
                let create = || home.cogtok(["profile", "create", "ws", "--client-id", "web", "--region", "us-east-1"]);
                let inject = format!("inject={calls}:signal=KILL:when={n}");
                let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject];
                let killed = create().under(strace).may_be_killed().run();
                if killed.signal.is_none() {
                    killed.ok();
                    return n - 1;
                }
                let again = create().run();
                again.check(matches!(again.code, Some(0 | 3)), "expected it to be made, or to be there already");
                home.cogtok(["profile", "current"]).run().ok().stdout_is("ws\n");
                if again.code == Some(0) {
                    home.assert_swept();
                }
            }
            panic!("{calls} are called without end")
        })
        .sum();
    assert!(total >= 15, "{total} kill points");
}

#[test]
fn an_edit_that_the_disk_refuses_is_exit_7_with_the_file_as_it_was() {
    let home = Home::new();
    let (before, after) = ("[profiles.ws]\nregion = \"us-east-1\"\n", "[profiles.ws]\nregion = \"eu-west-1\"\n");
    let log = home.path("tmp/opens");
    let edit = || home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]);
    // The lock file is made once.
    edit().run().code(3);
    home.config(before);
    edit().under(["strace", "-f", "-qq", "-e", "trace=openat,write,fsync", "-o", log.to_str().unwrap()]).run().ok();
    let calls = std::fs::read_to_string(&log).unwrap();
    // Refusing the loader its libraries would tell nothing of cogtok.
    let nth = |call: &str, what: &str| {
        let mut calls = calls.lines().filter(|line| line.contains(&format!(" {call}(")));
        calls.position(|line| line.contains(what)).expect(what) + 1
    };
    let (lock, temporary) = (nth("openat", "config.toml.lock"), nth("openat", ".tmp\""));
    let (note, content, message) = (nth("write", "pid"), nth("write", "[profiles.ws]"), nth("write", "set `"));
    let mut cases: Vec<(&str, usize, &str, &str)> = Vec::new();
    for (error, words) in
        [("ENOSPC", "No space left on device"), ("EDQUOT", "quota exceeded"), ("EIO", "Input/output error")]
    {
        cases.extend([("write", content, error, words), ("fsync", 1, error, words)]);
        cases.push(("?rename,?renameat,renameat2", 1, error, words));
        cases.push(("openat", temporary, error, words));
    }
    for (error, words) in
        [("EROFS", "Read-only file system"), ("EMFILE", "Too many open files"), ("EACCES", "Permission denied")]
    {
        cases.extend([("openat", lock, error, words), ("openat", temporary, error, words)]);
    }
    cases.push(("flock", 1, "ENOLCK", "No locks available"));
    for (calls, n, error, words) in cases {
        home.config(before);
        let inject = format!("inject={calls}:error={error}:when={n}");
        let output = edit().under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject]).run();
        output.code(7).stderr_has("config.toml can't be written: ").stderr_has(words);
        assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before, "{inject}");
        home.assert_swept();
    }
    // What fails once the new file is in place, or beside it, leaves the new file and is no failure.
    for (calls, n) in [("write", note), ("ftruncate", 1), ("fsync", 2), ("write", message)] {
        home.config(before);
        let inject = format!("inject={calls}:error=EIO:when={n}");
        let output = edit().under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject]).run();
        output.code(0);
        assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), after, "{inject}");
    }
}
