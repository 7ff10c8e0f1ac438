//! The key of a run whose run is not there: cogtok was killed before the run was in its place, or after it was gone. The next
//! run takes the key away, and never that of another process that is at work.

use crate::harness::{Home, Keyring, Run, need, poll, unique};
use crate::local_faults::CALLS;
use crate::user_create::counted;
use crate::user_create_many::{id, the_run};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

fn user<'h>(home: &'h Home, keyring: &Keyring, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().keyring(keyring).timeout(Duration::from_secs(60))
}

/// The runs that have a key in the keyring.
fn keys(keyring: &Keyring) -> Vec<String> {
    let names = keyring.entries().into_iter().filter_map(|entry| entry.get("username").cloned());
    names.filter_map(|name| Some(name.strip_prefix("run-key|")?.split('|').next()?.to_owned())).collect()
}

fn notes(home: &Home) -> Vec<PathBuf> {
    let files = std::fs::read_dir(home.state_dir().join("journal/runs")).into_iter().flatten().flatten();
    files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end == "key")).collect()
}

/// Makes a run and drops it, which takes away what others have left.
fn another(home: &Home, keyring: &Keyring) {
    user(home, keyring, &["create", "--count", "1", "--prefix", &unique("next")]).run().ok();
    let run = id(&the_run(home));
    user(home, keyring, &["runs", "forget", &run, "--yes"]).run().ok();
}

#[test]
fn killed_between_the_key_and_the_run_the_next_run_takes_the_key_away() {
    need("strace", "strace");
    let ((home, _proxy), keyring) = (counted(), Keyring::start());
    let mut orphans = 0;
    // A file that is read to its end only when the pipe is closed: the key is there, and the run is not.
    let fifo = home.allow(home.path("class.fifo"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let create = user(&home, &keyring, &["create", "--from", fifo.to_str().unwrap()]).may_be_killed().spawn();
    let mut pipe = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    pipe.write_all(b"email\n").unwrap();
    poll("the key", Duration::from_secs(20), || keys(&keyring).first().cloned());
    // Another run leaves the key of this one alone, since its process is at work.
    user(&home, &keyring, &["create", "--count", "1", "--prefix", &unique("beside")]).run().ok();
    assert_eq!(keys(&keyring).len(), 2);
    rustix::process::kill_process(rustix::process::Pid::from_raw(create.pid()).unwrap(), rustix::process::Signal::KILL)
        .unwrap();
    assert_eq!(create.wait().signal, Some(9));
    drop(pipe);
    assert_eq!((keys(&keyring).len(), notes(&home).len()), (2, 1));
    user(&home, &keyring, &["runs", "forget", &id(&the_run(&home)), "--yes"]).run().ok();
    another(&home, &keyring);
    assert!(keys(&keyring).is_empty() && notes(&home).is_empty(), "{:?} {:?}", keys(&keyring), notes(&home));

    // And killed at any call that gives a file its name or takes it away.
    for command in ["create", "forget"] {
        for calls in CALLS.iter().filter(|calls| calls.contains("rename") || calls.contains("unlink")) {
            for n in 1.. {
                assert!(n < 100, "{calls} are called without end");
                let prefix = unique("orphan");
                if command == "forget" {
                    user(&home, &keyring, &["create", "--count", "1", "--prefix", &prefix]).run().ok();
                }
                let run = user(&home, &keyring, &["runs", "--json"]).run().ok().json();
                let run = run[0]["run"].as_str().unwrap_or_default().to_owned();
                let words = match command {
                    "create" => vec!["create", "--count", "1", "--prefix", &prefix],
                    _ => vec!["runs", "forget", &run, "--yes"],
                };
                let log = home.allow(home.path("strace.log"));
                let (trace, inject) = (format!("trace={calls}"), format!("inject={calls}:signal=KILL:when={n}"));
                let strace = ["strace", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
                let output = user(&home, &keyring, &words).under(strace).may_be_killed().run();
                let left = user(&home, &keyring, &["runs", "--json"]).run().ok().json();
                let left: Vec<String> = left.as_array().unwrap().iter().map(id).collect();
                orphans += keys(&keyring).iter().filter(|run| !left.contains(run)).count();
                for run in &left {
                    user(&home, &keyring, &["runs", "forget", run, "--yes"]).run().ok();
                }
                another(&home, &keyring);
                let told = format!("{command}, killed at {calls} {n}");
                assert!(keys(&keyring).is_empty() && notes(&home).is_empty(), "{told}: {:?}", keys(&keyring));
                if output.signal.is_none() {
                    break;
                }
            }
        }
    }
    assert!(orphans >= 1, "{orphans} keys were left without their run");
}

#[test]
fn a_key_that_could_not_be_deleted_goes_with_the_next_run() {
    let ((home, _proxy), keyring) = (counted(), Keyring::start());
    user(&home, &keyring, &["create", "--count", "1", "--prefix", &unique("stays")]).run().ok();
    let run = id(&the_run(&home));
    let forget = home.cogtok(["user", "runs", "forget", &run, "--yes", "-p", "ws"]).aws().run();
    forget.ok().stderr_has(&format!("the key of run {run} is still in"));
    assert_eq!((keys(&keyring), notes(&home).len()), (vec![run], 1));
    another(&home, &keyring);
    assert!(keys(&keyring).is_empty() && notes(&home).is_empty());
}
