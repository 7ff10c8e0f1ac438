//! The passwords of a run on disk: sealed where a secret store can be opened, read with its key alone, and gone with the run.

use crate::harness::{Answer, Home, Keyring, Proxy, Run, poll, unique, workshop};
use crate::sealed::{by_age, init};
use crate::user_create::{behind, counted};
use crate::user_create_many::{assert_each_signs_in, id, the_run};
use crate::user_reap::wait_for_the_end;
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure()
}

/// Where keys may be.
enum Store {
    Keyring(Keyring),
    File(PathBuf),
}

impl Store {
    fn of<'h>(&self, run: Run<'h>) -> Run<'h> {
        match self {
            Store::Keyring(keyring) => run.keyring(keyring),
            Store::File(identity) => run.env("COGTOK_SECRET_IDENTITY", identity),
        }
    }

    /// The names of the keys of runs.
    fn keys(&self, home: &Home) -> Vec<String> {
        let names: Vec<String> = match self {
            Store::Keyring(keyring) => {
                keyring.entries().iter().filter_map(|entry| entry.get("username").cloned()).collect()
            }
            Store::File(identity) => keys_in(home, identity),
        };
        names.into_iter().filter(|name| name.starts_with("run-key|")).collect()
    }
}

fn keys_in(home: &Home, identity: &Path) -> Vec<String> {
    by_age(home, identity)["secrets"].as_object().unwrap().keys().cloned().collect()
}

/// What the journal of the runs has on disk.
fn journal(home: &Home) -> String {
    let files = crate::harness::state::files(&home.state_dir().join("journal/runs"));
    let runs = files.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "jsonl"));
    runs.map(|(_, content)| String::from_utf8(content.clone()).unwrap()).collect()
}

#[test]
fn a_killed_run_has_no_password_on_disk_and_goes_on_with_the_key_of_its_store() {
    for is_file in [false, true] {
        let pid = Arc::new(AtomicI32::new(0));
        let (victim, made) = (Arc::clone(&pid), AtomicUsize::new(0));
        let proxy = Proxy::with(&workshop().endpoint, move |request| {
            if request.operation() != Some("AdminSetUserPassword") || made.fetch_add(1, Ordering::SeqCst) != 2 {
                return None;
            }
            let pid = poll("the process id", Duration::from_secs(10), || {
                Some(victim.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
            });
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
            Some(Answer::close())
        });
        let home = behind(&proxy);
        let store = if is_file { Store::File(init(&home)) } else { Store::Keyring(Keyring::start()) };
        let prefix = unique("sealed");
        let create = user(&home, &["create", "--count", "6", "--prefix", &prefix, "--parallel", "2"]);
        let running = store.of(create).may_be_killed().spawn();
        pid.store(running.pid(), Ordering::SeqCst);
        assert_eq!(running.wait().signal, Some(9));
        let run = id(&the_run(&home));
        assert_eq!(store.keys(&home).len(), 1);
        assert!(store.keys(&home)[0].starts_with(&format!("run-key|{run}|")), "{:?}", store.keys(&home));
        let text = journal(&home);
        assert!(text.matches("\"sealed\":").count() == 6 && !text.contains("\"password\""), "{text}");

        // Without the key nothing is sent.
        let before = proxy.requests().len();
        user(&home, &["create", "--resume"]).run().code(7);
        assert_eq!(proxy.requests().len(), before);

        let users = store.of(user(&home, &["create", "--resume", "--json"])).run().ok().json();
        assert_each_signs_in(&users, 6);
        for user in users.as_array().unwrap() {
            // From here on no file may have one, and no message.
            home.canary(user["password"].as_str().unwrap());
        }
        let tried = store.of(user(&home, &["try", "--run", &run, "--sample", "all"])).run();
        tried.ok().stdout_is("6 of 6 users can sign in\n");
        store.of(user(&home, &["set-password", "--run", &run, "--yes"])).run().ok().stdout_is("");
        store.of(user(&home, &["try", "--run", &run, "--sample", "all"])).run().ok();
        // Who is listed needs no key.
        assert_eq!(user(&home, &["delete", "--run", &run, "--dry-run"]).run().ok().stdout.lines().count(), 6);
        store.of(user(&home, &["delete", "--run", &run, "--yes"])).run().ok().stderr_has("deleted run ");
        assert!(store.keys(&home).is_empty() && journal(&home).is_empty());
    }
}

#[test]
fn without_a_secret_store_the_private_file_has_them_and_that_is_said_once() {
    const SAID: &str = "no secret store can be opened, so the passwords are in the private file of the run as they are";
    let (home, _proxy) = counted();
    let made = user(&home, &["create", "--count", "2", "--prefix", &unique("clear"), "--json"]).run();
    made.ok().stderr_has(&format!("warning: {SAID}"));
    assert_each_signs_in(&made.json(), 2);
    let text = journal(&home);
    // As the first programs wrote it.
    assert!(text.starts_with("{\"version\":1,\"run\":") && text.matches("\"password\":").count() == 2, "{text}");
    assert!(!text.contains("sealed"), "{text}");
    let again = user(&home, &["create", &id(&the_run(&home)), "--resume", "--json"]).run();
    again.ok().stderr_lacks("secret store");
    assert_eq!(again.json(), made.json());
}

#[test]
fn the_key_of_a_run_comes_and_goes_with_it() {
    let (home, proxy) = counted();
    let store = Store::Keyring(Keyring::start());
    let wrong = store.of(user(&home, &["create", "--from", "-"])).stdin("email\nnobody\n").run();
    wrong.code(2).stderr_has("line 2");
    assert!(store.keys(&home).is_empty());
    for _ in 0..2 {
        store.of(user(&home, &["create", "--count", "1", "--prefix", &unique("key")])).run().ok();
        assert_eq!(store.keys(&home).len(), 1);
        store.of(user(&home, &["runs", "forget", &id(&the_run(&home)), "--yes"])).run().ok();
        assert!(store.keys(&home).is_empty());
    }

    // A key that is not there, or not in this store, is not taken for a run without passwords.
    store.of(user(&home, &["create", "--count", "1", "--prefix", &unique("lost")])).run().ok();
    let (run, before) = (id(&the_run(&home)), proxy.requests().len());
    let identity = home.path("keys/other.txt");
    home.cogtok(["secret", "init"]).arg(&identity).run().ok();
    home.allow(&identity);
    let file = Store::File(identity);
    file.of(user(&home, &["try", "--run", &run])).run().code(7).stderr_has("COGTOK_SECRET_STORE=keyring");
    let Store::Keyring(keyring) = &store else { unreachable!() };
    keyring.secret_tool(&["clear", "service", "cogtok"], b"");
    let output = store.of(user(&home, &["create", &run, "--resume"])).env("COGTOK_SECRET_STORE", "keyring").run();
    output.code(7).stderr_has("is not in the keyring").stderr_has(&format!("cogtok user runs forget {run}"));
    assert_eq!(proxy.requests().len(), before);
    store.of(user(&home, &["runs", "forget", &run, "--yes"])).env("COGTOK_SECRET_STORE", "keyring").run().ok();
}

#[test]
fn files_for_seats_need_the_key_of_a_run_and_the_end_of_its_users_does_not() {
    let (home, _proxy) = counted();
    let store = Store::Keyring(Keyring::start());
    for (folder, words) in [("reaped", &["reap", "--yes"][..]), ("deleted", &["delete", "--yes", "--run"])] {
        let create = ["create", "--count", "2", "--prefix", &unique(folder), "--ttl", "1s", "--json"];
        let users = store.of(user(&home, &create)).run().ok().json();
        let run = id(&the_run(&home));
        let folder = home.allow(home.path(folder));
        let export = || {
            let args = ["profile", "export", "ws", "--run", &run, "--output-dir", folder.to_str().unwrap()];
            home.cogtok(args).prints_on_failure()
        };
        export().run().code(7).stdout_is("");
        assert!(!folder.exists());
        store.of(export()).run().ok().stderr_lacks("has no password").stderr_has("2 files are in ");

        wait_for_the_end(&home, &run);
        let args: Vec<&str> = words.iter().copied().chain((words.len() > 2).then_some(run.as_str())).collect();
        let output = user(&home, &args).run();
        output.ok().stderr_has(&format!("deleted run {run}")).stderr_has(&format!("the key of run {run} is still in"));
        for user in users.as_array().unwrap() {
            assert!(workshop().find_user(user["username"].as_str().unwrap()).is_none(), "{user}");
        }
        assert!(journal(&home).is_empty());
    }
}
