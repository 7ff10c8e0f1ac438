//! Ctrl-C and its kin while cogtok waits for something: it ends at once, and what it held is free.

use crate::harness::scripted::SECRET;
use crate::harness::{Answer, Home, Keyring, Run, Server, poll, workshop};
use rustix::process::Signal;
use std::time::{Duration, Instant};

const SIGNALS: [(Signal, i32, i32); 3] = [(Signal::INT, 130, 2), (Signal::TERM, 143, 15), (Signal::HUP, 129, 1)];

/// Starts `run`, sends each signal once `is_waiting`, and wants the end within half a second.
#[track_caller]
fn assert_ends_at_once<'h>(what: &str, run: impl Fn() -> Run<'h>, mut is_waiting: impl FnMut(i32) -> bool) {
    for (signal, code, number) in SIGNALS {
        let mut running = run().spawn();
        let pid = running.pid();
        poll(what, Duration::from_secs(10), || is_waiting(pid).then_some(()));
        assert!(!running.ended(), "{what}: it waits no more");
        let start = Instant::now();
        running.signal(signal);
        let output = running.wait();
        output.check(start.elapsed() < Duration::from_secs(4), &format!("{what}: it ends at once"));
        // A process that dies of the signal itself gives the same code to its shell.
        output.check(output.code == Some(code) || output.signal == Some(number), &format!("{what}: exit {code}"));
    }
}

/// Whether this process waits for a file lock.
pub fn waits_for_a_lock(pid: i32) -> bool {
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let pid = pid.to_string();
    locks.lines().any(|line| line.contains("->") && line.split_whitespace().nth(5) == Some(&pid))
}

/// Whether cogtok reads its standard input.
fn reads_standard_input(pid: i32) -> bool {
    let is_cogtok = std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("cogtok"));
    is_cogtok
        && std::fs::read_to_string(format!("/proc/{pid}/syscall"))
            .is_ok_and(|call| call.starts_with(crate::harness::READS_STDIN))
}

#[test]
fn a_signal_ends_every_wait_for_the_network() {
    let server = Server::always(Answer::never());
    let home = Home::new();
    home.canary("a-password-that-is-never-sent");
    let pool = ["--user-pool-id", "us-east-1_Scripted0"];
    home.cogtok(["profile", "create", "ws", "--client-id", "web", "--endpoint-url", &server.url()])
        .args(pool)
        .run()
        .ok();
    for words in [
        &["token", "user", "--username", "alice"][..],
        &["token", "user", "--username", "alice", "--auth-flow", "password"],
        &["token", "m2m", "--secret-arn", "name"],
        &["user", "list"],
        &["user", "show", "alice"],
        &["user", "delete", "alice", "--yes"],
        &["user", "set-password", "alice"],
        &["user", "create"],
    ] {
        let hits = std::cell::Cell::new(0);
        let run = || {
            hits.set(server.hits());
            home.cogtok(words).aws().env("COGTOK_PASSWORD", "a-password-that-is-never-sent")
        };
        assert_ends_at_once(&words.join(" "), run, |_| server.hits() > hits.get());
    }
    let journal = home.state_dir().join("journal");
    // Those who were being made may exist: each is still known.
    let records = std::fs::read_dir(journal)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "json"));
    assert_eq!(records.count(), 3);
}

#[test]
fn a_signal_ends_every_wait_for_a_lock_and_the_next_has_it() {
    let home = Home::new();
    home.workshop_profile(workshop());
    let made = workshop().user("Correct-Horse-7-Battery");
    home.cogtok(["user", "create", "--if-exists", "skip", &made]).aws().run().ok();
    let identity = home.allow(home.path("identity"));
    home.cogtok(["secret", "init"]).arg(&identity).run().ok();
    let set = || home.cogtok(["secret", "set", "m2m-client"]).env("COGTOK_SECRET_IDENTITY", &identity).stdin(SECRET);
    set().canary(SECRET).run().ok();
    let lock = |path: std::path::PathBuf| {
        let file = std::fs::OpenOptions::new().write(true).open(&path);
        let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.lock().unwrap();
        file
    };
    let edit = || home.cogtok(["profile", "set", "ws", "region", "us-east-1"]);
    let held = lock(home.config_dir().join("config.toml.lock"));
    assert_ends_at_once("profile set", edit, waits_for_a_lock);
    assert_ends_at_once(
        "profile create",
        || home.cogtok(["profile", "create", "x", "--client-id", "x"]),
        waits_for_a_lock,
    );
    assert_ends_at_once("profile use", || home.cogtok(["profile", "use", "ws"]), waits_for_a_lock);
    // One that is noted already needs no edit.
    let note = || home.cogtok(["secret", "set", "user-client"]).env("COGTOK_SECRET_IDENTITY", &identity).stdin(SECRET);
    assert_ends_at_once("secret set", note, waits_for_a_lock);
    drop(held);
    edit().run().ok();
    set().run().ok();

    let create = || home.cogtok(["user", "create", "--if-exists", "skip", &made]).aws();
    let held = lock(home.state_dir().join("journal/journal.lock"));
    assert_ends_at_once("user create", create, waits_for_a_lock);
    assert_ends_at_once("user create --resume", || home.cogtok(["user", "create", "--resume"]).aws(), waits_for_a_lock);
    drop(held);
    create().run().ok();
}

#[test]
fn a_stopped_editor_is_named_when_the_time_is_over_and_nobody_writes_without_the_lock() {
    let home = Home::new();
    let path = home.config("[profiles.ws]\n");
    let edit = || home.cogtok(["profile", "set", "ws", "region", "us-east-1"]);
    // Stopped with the lock in its hand, before the new file takes the old one's place.
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync:signal=STOP:when=1"];
    crate::harness::need("strace", "strace");
    let holder = edit().under(strace).may_be_killed().spawn();
    let holding = || {
        let locks = std::fs::read_to_string("/proc/locks").unwrap();
        let inode = std::fs::metadata(home.config_dir().join("config.toml.lock")).ok()?;
        let inode = format!(":{} ", std::os::unix::fs::MetadataExt::ino(&inode));
        let line = locks.lines().find(|line| line.contains(&inode) && line.contains("WRITE"))?;
        line.split_whitespace().nth(4)?.parse::<i32>().ok()
    };
    let pid = poll("the lock is held", Duration::from_secs(10), holding);
    let waiting = edit().arg("--timeout=1s").timeout(Duration::from_secs(1)).run();
    waiting.code(7).stderr_has(&format!("process {pid}")).stderr_has(&format!("kill {pid}"));
    waiting.check(waiting.wall >= Duration::from_secs(1), "it has waited");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "[profiles.ws]\n");
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    drop(holder.wait());
    edit().run().ok();
    home.assert_swept();
}

#[test]
fn a_signal_ends_the_wait_for_a_keyring_that_does_not_answer() {
    let keyring = Keyring::start();
    let home = Home::new();
    home.scripted_profile("https://token.example/oauth2/token");
    home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).keyring(&keyring).stdin(SECRET).run().ok();
    keyring.stop();
    for words in [&["token", "m2m"][..], &["secret", "status"], &["secret", "delete", "m2m-client"]] {
        let run = || home.cogtok(words).keyring(&keyring);
        assert_ends_at_once(&words.join(" "), run, |pid| {
            // The call has a thread of its own, which is there once the bus is asked.
            let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
            threads > 2
        });
    }
    keyring.cont();
    home.cogtok(["secret", "status", "-o", "json"]).keyring(&keyring).run().ok().stdout_has("keyring");
}

#[test]
fn a_signal_ends_the_wait_for_standard_input() {
    let home = Home::new();
    home.workshop_profile(workshop());
    let fifo = home.allow(home.path("never-written"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for words in [
        &["secret", "set", "m2m-client"][..],
        &["user", "create", "--password-stdin"],
        &["user", "set-password", "alice", "--password-stdin"],
        &["token", "user", "--username", "alice", "--password-stdin"],
    ] {
        let run = || home.cogtok(words).aws().redirect(&format!("<>'{}'", fifo.display()));
        assert_ends_at_once(&words.join(" "), run, reads_standard_input);
    }
}
