//! `cogtok user create --count` and `--from`: a class of users as one run, whatever happens on the way.

use crate::harness::workshop::GROUPS;
use crate::harness::{Answer, Home, Proxy, Run, Workshop, herd, poll, unique, workshop};
use crate::user_create::{counted, new_email};
use crate::user_create_lost::{broken, carry_out};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    // What is made is handed out, although some are not.
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure()
}

/// The only run of this home.
pub fn the_run(home: &Home) -> Value {
    let runs = user(home, &["runs", "--json"]).run().ok().json();
    let runs = runs.as_array().unwrap().clone();
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs[0].clone()
}

pub fn id(run: &Value) -> String {
    run["run"].as_str().unwrap().to_owned()
}

pub fn assert_each_signs_in(users: &Value, count: usize) {
    let users = users.as_array().unwrap();
    assert_eq!(users.iter().map(|user| user["username"].to_string()).collect::<BTreeSet<_>>().len(), count);
    for user in users {
        let (name, password) = (user["username"].as_str().unwrap(), user["password"].as_str().unwrap());
        let answer = workshop().sign_in(name, password);
        assert!(answer.as_ref().is_ok_and(|answer| answer["AuthenticationResult"].is_object()), "{name}: {answer:?}");
    }
}

#[test]
fn forty_users_killed_after_some_and_resumed_are_forty_who_sign_in_and_go_again() {
    let pool = Workshop::provision(workshop().ministack);
    let pid = Arc::new(AtomicI32::new(0));
    let (victim, made) = (Arc::clone(&pid), AtomicUsize::new(0));
    let proxy = Proxy::with(&pool.endpoint, move |request| {
        if request.operation() == Some("AdminSetUserPassword") && made.fetch_add(1, Ordering::SeqCst) == 12 {
            let pid = poll("the process id", Duration::from_secs(10), || {
                Some(victim.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
            });
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
            return Some(Answer::close());
        }
        None
    });
    let home = Home::new();
    home.profile("ws", &pool, &proxy.url(), &proxy.token_url());
    let create = user(&home, &["create", "--count", "40", "--group", GROUPS[2], "-o", "csv"]);
    let running = create.may_be_killed().spawn();
    pid.store(running.pid(), Ordering::SeqCst);
    assert_eq!(running.wait().signal, Some(9));
    let begun = the_run(&home);
    assert_eq!(begun["users"], 40);
    assert!((1..40).contains(&begun["done"].as_u64().unwrap()), "{begun}");

    let output = user(&home, &["create", "--resume", "-o", "csv"]).timeout(Duration::from_secs(120)).run();
    let lines: Vec<&str> = output.ok().stdout.lines().collect();
    assert_eq!((lines[0], lines.len()), ("username,email,password,groups", 41));
    assert!(lines[1].starts_with("seat-01@example.com,seat-01@example.com,") && lines[1].ends_with(GROUPS[2]));
    assert!(lines[40].starts_with("seat-40@example.com,"));
    let run = id(&the_run(&home));
    let members = pool.admin("ListUsersInGroup", json!({"GroupName": GROUPS[2], "Limit": 60}));
    assert_eq!(members["Users"].as_array().unwrap().len(), 40);
    let tried = user(&home, &["try", "--run", &run, "--sample", "all"]).timeout(Duration::from_secs(120)).run();
    tried.ok().stdout_is("40 of 40 users can sign in\n");
    user(&home, &["try", "--run", &run[..4], "--json"]).run().ok().stdout_has("\"tried\":5,\"signed_in\":5");

    // Somebody changes one password: the rehearsal says whose.
    let changed = json!({"Username": "seat-07@example.com", "Password": "Another-Horse-8-Battery", "Permanent": true});
    pool.admin("AdminSetUserPassword", changed);
    let tried = user(&home, &["try", "--run", &run, "--sample", "all"]).timeout(Duration::from_secs(120)).run();
    tried.code(10).stdout_is("39 of 40 users can sign in\n").stderr_has("seat-07@example.com can't");
    user(&home, &["set-password", "--run", &run, "--yes"]).timeout(Duration::from_secs(120)).run().ok().stdout_is("");
    let tried = user(&home, &["try", "--run", &run, "--sample", "all"]).timeout(Duration::from_secs(120)).run();
    tried.ok();

    let listed = user(&home, &["delete", "--run", &run, "--dry-run"]).run();
    assert_eq!(listed.ok().stdout.lines().count(), 40);
    user(&home, &["delete", "--run", &run, "--yes"])
        .timeout(Duration::from_secs(120))
        .run()
        .ok()
        .stderr_has("deleted run ");
    let members = pool.admin("ListUsersInGroup", json!({"GroupName": GROUPS[2], "Limit": 60}));
    assert_eq!(members["Users"].as_array().unwrap().len(), 0);
    user(&home, &["runs", "--json"]).run().ok().stdout_is("[]\n");
}

#[test]
fn killed_at_any_request_each_user_is_there_once_with_the_password_of_the_run() {
    let mut refused = 0;
    for n in 0..12 {
        let pid = Arc::new(AtomicI32::new(0));
        let (victim, seen) = (Arc::clone(&pid), AtomicUsize::new(0));
        let proxy = Proxy::with(&workshop().endpoint, move |request| {
            if seen.fetch_add(1, Ordering::SeqCst) != n {
                return None;
            }
            let pid = poll("the process id", Duration::from_secs(10), || {
                Some(victim.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
            });
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
            if n % 2 == 0 {
                carry_out(request);
            }
            Some(Answer::close())
        });
        let home = crate::user_create::behind(&proxy);
        let prefix = unique("kill");
        let running = user(&home, &["create", "--count", "6", "--prefix", &prefix]).may_be_killed().spawn();
        pid.store(running.pid(), Ordering::SeqCst);
        assert_eq!(running.wait().signal, Some(9), "{n}");
        // With its record would go all that is known of a user who may be there.
        let deleted = user(&home, &["delete", "--run", &id(&the_run(&home)), "--dry-run"]).run();
        if deleted.code != Some(0) {
            deleted.code(1).stderr_has("before Cognito answered for ").stderr_has("--resume -p ws");
            refused += 1;
        }
        let users = user(&home, &["create", "--resume", "--json"]).run().ok().json();
        assert_each_signs_in(&users, 6);
        assert_eq!(the_run(&home)["done"], 6);
    }
    assert!(refused >= 4, "{refused}");
}

#[test]
fn the_run_is_private_and_whole_before_the_first_request() {
    let seen: Arc<std::sync::Mutex<Vec<(u32, usize)>>> = Arc::default();
    let state: Arc<std::sync::OnceLock<std::path::PathBuf>> = Arc::default();
    let (ours, dir) = (Arc::clone(&seen), Arc::clone(&state));
    let proxy = Proxy::with(&workshop().endpoint, move |_| {
        let runs = std::fs::read_dir(dir.get()?).unwrap().flatten().map(|entry| entry.path());
        for path in runs.filter(|path| path.extension().is_some_and(|end| end == "jsonl")) {
            let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
            let planned = std::fs::read_to_string(path).unwrap().matches("\"record\"").count();
            ours.lock().unwrap().push((mode & 0o777, planned));
        }
        None
    });
    let home = crate::user_create::behind(&proxy);
    state.set(home.state_dir().join("journal/runs")).unwrap();
    user(&home, &["create", "--count", "3", "--prefix", &unique("whole")]).run().ok();
    let seen = seen.lock().unwrap();
    assert_eq!(*seen, vec![(0o600, 3); 6]);
}

#[test]
fn lost_answers_and_throttling_lose_nobody_and_make_nobody_twice() {
    let count = AtomicUsize::new(0);
    let proxy = Proxy::with(&workshop().endpoint, move |request| match count.fetch_add(1, Ordering::SeqCst) {
        1 | 6 => {
            carry_out(request);
            Some(Answer::close())
        }
        3 | 4 | 9 => Some(Answer::aws_error("TooManyRequestsException", "Rate exceeded")),
        _ => None,
    });
    let home = crate::user_create::behind(&proxy);
    let output = user(&home, &["create", "--count", "6", "--prefix", &unique("lost"), "--json"]).run();
    assert_each_signs_in(&output.ok().json(), 6);
    assert_eq!(the_run(&home)["done"], 6);
}

#[test]
fn strangers_are_left_alone_named_and_never_reset() {
    let (home, proxy) = counted();
    let stranger = workshop().user(PASSWORD);
    let (one, other) = (new_email(), new_email());
    let file = home.plant("class.csv", format!("email\n{one}\n{stranger}\n{other}\n"));
    let path = file.to_str().unwrap();
    let output = user(&home, &["create", "--from", path, "--json"]).run();
    output.code(10).stderr_has(&stranger).stderr_has("UsernameExistsException").stderr_has("created 2 of 3 users");
    assert_each_signs_in(&output.json(), 2);
    workshop().sign_in(&stranger, PASSWORD).unwrap();
    let run = id(&the_run(&home));
    output.stderr_has(&format!("cogtok user create {run} -p ws --resume"));
    let before = proxy.count("AdminSetUserPassword");
    user(&home, &["create", &run, "--resume"]).run().code(10);
    workshop().sign_in(&stranger, PASSWORD).unwrap();
    assert_eq!(proxy.count("AdminSetUserPassword"), before);
    // What is cleaned up is what the run made.
    user(&home, &["delete", "--run", &run, "--yes"]).run().ok();
    workshop().sign_in(&stranger, PASSWORD).unwrap();
    assert!(workshop().find_user(&one).is_none() && workshop().find_user(&other).is_none());

    let output = user(&home, &["create", "--from", path, "--if-exists", "skip", "--json"]).run();
    let users = output.ok().json();
    assert_eq!((&users[1]["username"], &users[1]["password"]), (&json!(stranger), &Value::Null));
    workshop().sign_in(&stranger, PASSWORD).unwrap();
}

#[test]
fn a_file_has_passwords_groups_attributes_and_phones_and_is_csv_or_json_lines() {
    let (home, _proxy) = counted();
    let (one, two, three) = (new_email(), new_email(), new_email());
    let csv = format!(
        "\u{feff}Email,password,groups,attributes,phone\r\n{one},\"Comma,Horse-7-Quote\"\"s\",{};{},given_name=Ada;locale=de,\r\n{two},,,,+14155550100\r\n",
        GROUPS[0], GROUPS[2]
    );
    let file = home.plant("class.csv", csv);
    let users = user(&home, &["create", "--from", file.to_str().unwrap(), "--json"]).run().ok().json();
    assert_each_signs_in(&users, 2);
    assert_eq!(users[0]["password"], "Comma,Horse-7-Quote\"s");
    assert_eq!(users[0]["groups"], json!([GROUPS[0], GROUPS[2]]));
    let known = workshop().find_user(&one).unwrap()["UserAttributes"].to_string();
    assert!(known.contains("Ada") && known.contains("\"de\""), "{known}");
    assert!(workshop().find_user(&two).unwrap()["UserAttributes"].to_string().contains("+14155550100"));

    let json = json!({"email": three, "password": PASSWORD, "groups": [GROUPS[1]], "attributes": {"locale": "fr"}});
    let output = user(&home, &["create", "--from", "-", "-o", "csv"]).stdin(format!("{json}\n")).run();
    let groups = GROUPS[1];
    output.ok().stdout_is(&format!("username,email,password,groups\n{three},{three},{PASSWORD},{groups}\n"));
}

#[test]
fn what_is_wrong_with_a_file_is_told_by_line_before_anything_is_sent() {
    let (home, proxy) = counted();
    let cases: [(&[u8], &str); 14] = [
        (b"", "names no user"),
        (b"email\n", "names no user"),
        (b"email,colour\na@example.com,red\n", "line 1: there is no column `colour`"),
        (b"email,\na@example.com,\n", "line 1: column 2 has no name"),
        (b"email,email\na@example.com,b@example.com\n", "line 1: the column `email` is there twice"),
        (b"email\na@example.com\nb@example.com,x\n", "line 3: it has 2 fields, and the first line has 1"),
        (b"email\r\na@example.com\r\nA@example.com\r\n", "line 3: A@example.com is on an earlier line as well"),
        (b"email\nnobody\n", "line 2: `nobody` is not an e-mail address"),
        (b"email,password\na@example.com,\n,x\n", "line 3: it has neither an email nor a username"),
        (b"email\n=cmd|' /C calc'!A0@example.com\n", "line 2: the email would be a formula in a spreadsheet"),
        (b"email,group\na@example.com,@SUM(A1)\n", "line 2: the group would be a formula"),
        (b"email,phone\na@example.com,123\n", "line 2: `123` is not a phone number"),
        (b"email\n\xff\xfe@example.com\n", "line 2: it is not UTF-8"),
        (b"email,attributes\na@example.com,locale\n", "`locale` in attributes is not NAME=VALUE"),
    ];
    for (content, message) in cases {
        user(&home, &["create", "--from", "-"]).stdin(content).run().code(2).stderr_has(message);
    }
    let many = b"email\nx\ny\na@example.com\nz\n";
    user(&home, &["create", "--from", "-"]).stdin(many).run().code(2).stderr_has("3 errors, and nothing was sent");
    let json = b"{\"email\": \"a@example.com\"}\n{\"colour\": 1}\n[]\n";
    let output = user(&home, &["create", "--from", "-"]).stdin(json).run();
    output.code(2).stderr_has("line 2: there is no column `colour`").stderr_has("line 3: it is not a JSON object");
    for (args, message) in [
        (&["--count", "0"][..], "`--count` is from 1"),
        (&["--count", "2", "--prefix", "=x"], "can't be the name of a seat"),
        (&["--count", "2", "--prefix", "two words"], "user name"),
        (&["--count", "2", "--rate", "0"], "`--rate` is from"),
        (&["--count", "2", "--parallel", "0"], "`--parallel` is from"),
        (&["--count", "2", "--from", "x.csv"], "cannot be used with"),
        (&["--from", "absent.csv"], "absent.csv can't be read"),
        (&["a@example.com", "--count", "2"], "cannot be used with"),
    ] {
        user(&home, &[&["create"], args].concat()).run().code(2).stderr_has(message);
    }
    assert_eq!(proxy.requests().len(), 0);
    user(&home, &["runs", "--json"]).run().ok().stdout_is("[]\n");
}

#[test]
fn a_group_that_is_not_there_ends_the_run_early_and_it_goes_on_once_it_is() {
    let (home, proxy) = counted();
    let group = unique("class");
    let args = ["create", "--count", "30", "--prefix", &unique("grp"), "--group", &group, "--parallel", "2"];
    let output = user(&home, &args).run();
    output.code(10).stderr_has("ResourceNotFoundException").stderr_has("--resume");
    assert!(proxy.count("AdminCreateUser") <= 4, "{}", proxy.count("AdminCreateUser"));
    workshop().admin("CreateGroup", json!({"GroupName": group}));
    let users = user(&home, &["create", "--resume", "--json"]).timeout(Duration::from_secs(60)).run().ok().json();
    assert_each_signs_in(&users, 30);
    assert_eq!(proxy.count("AdminCreateUser"), 30);
}

#[test]
fn an_interrupt_ends_after_what_is_under_way_and_says_how_to_go_on() {
    let proxy = Proxy::new(&workshop().endpoint).delay(400);
    let home = crate::user_create::behind(&proxy);
    let args = ["create", "--count", "40", "--prefix", &unique("int"), "--parallel", "2", "--json"];
    let mut running = user(&home, &args).spawn();
    poll("users are being made", Duration::from_secs(20), || (proxy.count("AdminCreateUser") >= 2).then_some(()));
    running.signal(Signal::INT);
    let output = running.wait();
    let run = the_run(&home);
    output.code(130).stderr_has(&format!("cogtok user create {} -p ws --resume", id(&run)));
    let made = run["done"].as_u64().unwrap();
    assert!((2..40).contains(&made), "{run}");
    // Nothing is half done, and what is done is handed out.
    assert_eq!(proxy.count("AdminCreateUser"), proxy.count("AdminSetUserPassword"));
    assert_each_signs_in(&output.json(), usize::try_from(made).unwrap());
}

#[test]
fn a_disk_that_fills_up_stops_the_run_before_the_next_request() {
    crate::harness::need("strace", "strace");
    let (home, proxy) = counted();
    // Three lines of the journal a user.
    for n in [6, 9, 12, 13, 14] {
        let inject = format!("inject=fsync:error=ENOSPC:when={n}+");
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", &inject];
        let before = proxy.count("AdminCreateUser");
        let args = ["create", "--count", "8", "--prefix", &unique("full"), "--parallel", "1", "--json"];
        let output = user(&home, &args).under(strace).run();
        assert!(matches!(output.code, Some(7 | 10)), "{}", output.describe());
        output.stderr_has("can't be written");
        assert!(proxy.count("AdminCreateUser") - before < 8);
        let users = user(&home, &["create", "--resume", "--json"]).run().ok().json();
        assert_each_signs_in(&users, 8);
        let run = id(&the_run(&home));
        user(&home, &["runs", "forget", &run, "--yes"]).run().ok();
    }
}

#[test]
fn two_runs_at_once_do_not_meet_and_one_run_has_one_process() {
    let proxy = Proxy::new(&workshop().endpoint).delay(100);
    let home = crate::user_create::behind(&proxy);
    let prefixes = [unique("one"), unique("two")];
    let outputs =
        herd(prefixes.iter().map(|prefix| user(&home, &["create", "--count", "8", "--prefix", prefix, "--json"])));
    outputs.iter().for_each(|output| assert_each_signs_in(&output.ok().json(), 8));

    // Of two that want the same users each user is made by one of them, and has its password.
    // The local Cognito itself creates a user twice at times, where it is asked in the same moment: then once more.
    let attempt = || -> Option<Vec<Value>> {
        let prefix = unique("same");
        let same = || user(&home, &["create", "--count", "4", "--prefix", &prefix, "--json"]).warns_of_many();
        let outputs = herd((0..2).map(|_| same()));
        let printed = outputs.iter().filter(|output| !output.stdout.is_empty());
        let made: Vec<Value> = printed.flat_map(|output| output.json().as_array().unwrap().clone()).collect();
        (made.len() == 4).then_some(made)
    };
    let made = (0..12).find_map(|_| attempt()).expect("four users");
    assert_each_signs_in(&Value::Array(made), 4);
}

#[test]
fn names_are_numbered_as_was_asked_and_a_time_out_leaves_a_run_to_go_on_with() {
    let stack = workshop().ministack;
    let pool = stack.cognito("CreateUserPool", &json!({"PoolName": unique("names")}))["UserPool"]["Id"].clone();
    let home = Home::new();
    let create =
        home.cogtok(["profile", "create", "ws", "--user-pool-id", pool.as_str().unwrap(), "--client-id", "abc"]);
    create.args(["--endpoint-url", &workshop().endpoint]).run().ok();
    let names = user(&home, &["create", "--count", "3", "--prefix", "desk", "--start", "99", "--named", "-o", "text"]);
    names.run().ok().stdout_is("desk099\ndesk100\ndesk101\n");

    // After three users nothing is answered any more.
    let (set, is_silent) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(true)));
    let silent = Arc::clone(&is_silent);
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        let is_late = request.operation() == Some("AdminSetUserPassword") && set.fetch_add(1, Ordering::SeqCst) >= 3;
        (is_late && silent.load(Ordering::SeqCst)).then(Answer::never)
    });
    let home = crate::user_create::behind(&proxy);
    let args = ["create", "--count", "12", "--prefix", &unique("late"), "--parallel", "1", "--timeout", "6s", "--json"];
    let output = user(&home, &args).run();
    output.check(output.wall < Duration::from_secs(30), "it ends at the time-out");
    let run = the_run(&home);
    let done = run["done"].as_u64().unwrap();
    assert!((1..=3).contains(&done), "{run}");
    output.code(10).stderr_has(&format!(
        " of 12 users, finished {done}: AdminSetUserPassword: no complete answer from 127.0.0.1:"
    ));
    output.stderr_has(&format!("continue: cogtok user create {} -p ws --resume", id(&run)));
    assert_each_signs_in(&output.json(), usize::try_from(done).unwrap());
    is_silent.store(false, Ordering::SeqCst);
    let users = user(&home, &["create", "--resume", "--json"]).timeout(Duration::from_secs(60)).run().ok().json();
    assert_each_signs_in(&users, 12);
}

#[test]
fn a_run_is_listed_and_forgotten_and_of_its_pool() {
    let (home, _proxy, is_broken) =
        broken("AdminSetUserPassword", |_| Answer::aws_error("NotAuthorizedException", "not now"));
    user(&home, &["create", "--count", "2", "--prefix", &unique("list"), "--parallel", "1"]).run().code(10);
    is_broken.store(false, Ordering::SeqCst);
    let run = id(&the_run(&home));
    user(&home, &["runs"]).run().ok().stdout_has(&run).stdout_has("2 users").stdout_has("0 done");
    user(&home, &["create", "ffffffffffffffff", "--resume"]).run().code(1).stderr_has("there is no run");
    let elsewhere = ["create", &run, "--resume", "--endpoint-url", &workshop().endpoint];
    user(&home, &elsewhere).run().code(1).stderr_has("is of pool");
    user(&home, &["try", "--run", &run]).run().code(1).stderr_has("no user yet");
    user(&home, &["runs", "forget", &run]).run().code(5).stderr_has("their passwords are in");
    user(&home, &["runs", "forget", &run, "--yes"]).run().ok();
    user(&home, &["create", "--resume"]).run().ok().stderr_has("nothing to finish");
}
