//! `cogtok exec --renew`: a fresh token in a private file as long as the command runs, and nothing of it afterwards.

use crate::exec::exec;
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Run, Server, jwt, need, poll};
use rustix::process::Signal;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const LIMIT: Duration = Duration::from_secs(60);

/// A token that is valid for so many seconds, the `n`th.
fn token(n: usize, seconds: u64) -> Answer {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = json!({"client_id": CLIENT, "scope": "api/read api/write", "n": n, "exp": now + seconds, "token_use": "access"});
    Answer::token(&jwt(&claims))
}

/// A server whose `n`th answer is this, and a profile that asks it.
fn answering(answer: impl Fn(usize) -> Answer + Send + Sync + 'static) -> (Home, Server) {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| answer(count.fetch_add(1, Ordering::SeqCst)));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    (home, server)
}

fn renewing<'h>(home: &'h Home, script: &str) -> Run<'h> {
    exec(home, &["--renew", "--min-validity", "1s"], &["sh", "-c", script]).timeout(LIMIT)
}

/// What is left in the directory of the files.
fn left(home: &Home) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.path("run/cogtok"));
    entries.map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
}

/// Reads the file until it has another token than at first; prints both.
const TWICE: &str = r#"first=$(cat "$COGTOK_TOKEN_FILE"); next=$first
    while [ "$next" = "$first" ]; do next=$(cat "$COGTOK_TOKEN_FILE") || exit 9; sleep 0.02; done
    printf '%s\n%s\n%s\n' "$COGTOK_ACCESS_TOKEN" "$first" "$next""#;

#[test]
fn the_command_sees_one_token_after_the_other_each_whole() {
    let (home, server) = answering(|n| token(n, 4));
    let run = renewing(&home, TWICE).run();
    let lines: Vec<&str> = run.ok().stdout.lines().collect();
    let [variable, first, next] = lines[..] else { panic!("{lines:?}") };
    assert_eq!(variable, first, "the variable has the first token");
    assert_ne!(first, next);
    for token in [first, next] {
        assert_eq!(token.split('.').count(), 3, "{token}");
    }
    assert!(server.hits() >= 2);
    assert_eq!(left(&home), [] as [PathBuf; 0]);
}

#[test]
fn the_file_is_private_and_no_secret_is_in_the_environment() {
    let (home, _server) = answering(|n| token(n, 3600));
    let script = r#"stat -c %a "$COGTOK_TOKEN_FILE" "${COGTOK_TOKEN_FILE%/*}"; echo "$COGTOK_TOKEN_FILE"; umask; env"#;
    let run = renewing(&home, script).umask(0o027).run();
    let mut lines = run.ok().stdout.lines();
    assert_eq!((lines.next(), lines.next()), (Some("600"), Some("700")));
    let path = Path::new(lines.next().unwrap());
    assert!(path.starts_with(home.path("run/cogtok")) && !path.exists(), "{}", path.display());
    assert_eq!(lines.next(), Some("0027"));
    run.check(!run.stdout.contains(SECRET), "the client secret");
    // Where there is no directory for the session, it is in the cache.
    let cached = renewing(&home, "echo \"$COGTOK_TOKEN_FILE\"").env_remove("XDG_RUNTIME_DIR").run();
    cached.ok().check(cached.stdout.starts_with(home.cache_dir().to_str().unwrap()), "in the cache");
    // Without the option the variable is not set, not even an outer one's.
    let plain = exec(&home, &[], &["sh", "-c", "echo \"[$COGTOK_TOKEN_FILE]\""]).env("COGTOK_TOKEN_FILE", "/old").run();
    plain.ok().stdout_is("[]\n");
}

#[test]
fn the_exit_code_is_the_commands_and_what_cant_be_run_leaves_nothing() {
    let (home, _server) = answering(|n| token(n, 3600));
    for code in [0, 1, 7, 125, 255] {
        renewing(&home, &format!("exit {code}")).run().code(code).quiet();
    }
    renewing(&home, "kill -KILL $$").run().code(137);
    exec(&home, &["--renew"], &["no-such-command"]).run().code(127).stderr_has("`no-such-command` can't be run");
    exec(&home, &["--renew"], &["/"]).run().code(126);
    assert_eq!(left(&home), [] as [PathBuf; 0]);
}

#[test]
fn signals_are_handed_on_and_the_file_is_gone_afterwards() {
    let (home, _server) = answering(|n| token(n, 3600));
    let ready = home.allow(home.path("tmp/ready"));
    for (signal, name) in [(Signal::TERM, "TERM"), (Signal::HUP, "HUP"), (Signal::USR1, "USR1")] {
        let _ = std::fs::remove_file(&ready);
        let trap =
            format!("trap 'echo got {name}; exit 5' {name}; : >'{}'; while :; do sleep 0.02; done", ready.display());
        let mut running = renewing(&home, &trap).prints_on_failure().spawn();
        poll("the command runs", LIMIT, || ready.exists().then_some(()));
        assert!(!left(&home).is_empty());
        running.signal(signal);
        running.wait().code(5).stdout_is(&format!("got {name}\n"));
        assert_eq!(left(&home), [] as [PathBuf; 0]);
    }
}

#[test]
fn a_renewal_that_is_refused_is_a_warning_and_the_next_try_works() {
    let refusal = || Answer::json(400, &json!({"error": "invalid_client"}));
    let (home, server) = answering(move |n| if n == 1 { refusal() } else { token(n, 4) });
    let run = renewing(&home, TWICE).run();
    run.ok().stderr_has("warning: the token could not be renewed: ").stderr_has("cogtok tries again in 1 s");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_ne!(lines[1], lines[2]);
    assert!(server.hits() >= 3);
}

#[test]
fn what_a_killed_cogtok_left_is_swept_and_what_lives_is_not() {
    let (home, _server) = answering(|n| token(n, 3600));
    let stale = home.plant("run/cogtok/exec.gone", "a token");
    home.plant("run/cogtok/.exec.gone.tmp", "");
    let other = home.plant("run/cogtok/of-another.txt", "stays");
    let ready = home.allow(home.path("tmp/ready"));
    let lives = format!(
        ": >'{}'; while [ -e '{}' ]; do sleep 0.02; done; test -s \"$COGTOK_TOKEN_FILE\"",
        ready.display(),
        ready.display()
    );
    let living = renewing(&home, &lives).spawn();
    poll("the command runs", LIMIT, || ready.exists().then_some(()));
    assert!(!stale.exists());
    renewing(&home, "true").run().ok();
    assert_eq!(left(&home).len(), 3, "the token, its hold, and the file that is not ours");
    std::fs::remove_file(&ready).unwrap();
    living.wait().ok();
    assert_eq!(left(&home), [other]);
}

/// Runs this with a clock that is set back as soon as the command runs.
fn with_clock_set_back<'h>(home: &'h Home, script: &str) -> Run<'h> {
    need("faketime", "faketime");
    let preload = std::process::Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output().unwrap();
    home.plant("clock", "+0");
    let script = format!("echo -120 >'{}'\n{script}", home.path("clock").display());
    let run = renewing(home, &script).env("LD_PRELOAD", String::from_utf8(preload.stdout).unwrap().trim());
    let run = run.env("FAKETIME_TIMESTAMP_FILE", home.path("clock")).env("FAKETIME_NO_CACHE", "1");
    run.env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

#[test]
fn a_clock_that_is_set_back_leaves_no_expired_token_in_the_file() {
    let (home, _server) = answering(|n| token(n, 8));
    let output = with_clock_set_back(&home, TWICE).run();
    output.ok().check(output.stdout.lines().count() == 3, "another token");
}

#[test]
fn a_failed_renewal_does_not_make_a_clock_that_was_set_back_right() {
    let refusal = || Answer::json(400, &json!({"error": "invalid_client"}));
    let (home, _server) = answering(move |n| if n == 1 { refusal() } else { token(n, 3600) });
    let output = with_clock_set_back(&home, TWICE).run();
    output.ok().stderr_has("cogtok tries again in 1 s").check(output.stdout.lines().count() == 3, "another token");
}

#[test]
fn a_file_that_is_deleted_comes_back_private_and_no_other_cogtok_sweeps_it() {
    let (home, _server) = answering(|n| token(n, if n == 0 { 6 } else { 3600 }));
    let ready = home.allow(home.path("tmp/ready"));
    let script = format!(
        r#"d=${{COGTOK_TOKEN_FILE%/*}}; rm -rf "$d"; while ! [ -s "$COGTOK_TOKEN_FILE" ]; do sleep 0.02; done
        stat -c %a "$COGTOK_TOKEN_FILE" "$d"; : >'{0}'; while [ -e '{0}' ]; do sleep 0.02; done
        [ "$(cat "$COGTOK_TOKEN_FILE")" != "$COGTOK_ACCESS_TOKEN" ] && exit 4"#,
        ready.display()
    );
    let living = renewing(&home, &script).prints_on_failure().spawn();
    poll("the file is back", LIMIT, || ready.exists().then_some(()));
    renewing(&home, "true").run().ok();
    assert_eq!(left(&home).len(), 2, "the token and its hold");
    std::fs::remove_file(&ready).unwrap();
    living.wait().code(4).stdout_is("600\n700\n");
    assert_eq!(left(&home), [] as [PathBuf; 0]);
}
