//! `-o jsonl`: one JSON object a line as soon as there is one; and the template of a file for `--from`.

use crate::harness::{Answer, Home, Proxy, Run, Server, poll, unique, workshop};
use crate::user_create::{assert_signs_in, behind, counted, new_email};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().prints_on_failure()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn users_are_printed_as_they_are_made_and_a_killed_run_has_printed_those_it_made() {
    let (pid, made) = (Arc::new(AtomicI32::new(0)), AtomicUsize::new(0));
    let victim = Arc::clone(&pid);
    let proxy = Proxy::with(&workshop().endpoint, move |request| {
        if request.operation() == Some("AdminCreateUser") && made.fetch_add(1, Ordering::SeqCst) == 3 {
            let pid = poll("the process id", Duration::from_secs(10), || {
                Some(victim.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
            });
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
            return Some(Answer::close());
        }
        None
    });
    let home = behind(&proxy);
    let prefix = unique("line");
    let args = ["create", "--count", "6", "--prefix", &prefix, "--parallel", "1", "-o", "jsonl"];
    let running = user(&home, &args).may_be_killed().spawn();
    pid.store(running.pid(), Ordering::SeqCst);
    let output = running.wait();
    assert_eq!(output.signal, Some(9));
    let first = lines(&output.stdout);
    assert_eq!(first.len(), 3, "{}", output.stdout);
    let keys: Vec<&String> = first[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["username", "sub", "email", "password", "groups"]);
    first.iter().for_each(assert_signs_in);
    let mut all = lines(&user(&home, &["create", "--resume", "-o", "jsonl"]).run().ok().stdout);
    assert_eq!((all.len(), &all[..3]), (6, &first[..]));
    all.iter().for_each(assert_signs_in);
    // The same objects as in the list, which has them in the order of the run.
    all.sort_by_key(|user| user["username"].to_string());
    let run = user(&home, &["runs", "--json"]).run().ok().json()[0]["run"].as_str().unwrap().to_owned();
    assert_eq!(user(&home, &["create", &run, "--resume", "--json"]).run().ok().json(), Value::Array(all));

    // Those who are printed can be made again of it: the lines are what `--from` reads, but for `sub`.
    let one = user(&home, &["create", &new_email(), "-o", "jsonl"]).run();
    assert_eq!(lines(&one.ok().stdout).len(), 1);
    assert_signs_in(&lines(&one.stdout)[0]);
    let listed = lines(&user(&home, &["runs", "-o", "jsonl"]).run().ok().stdout);
    assert_eq!(Value::Array(listed), user(&home, &["runs", "--json"]).run().ok().json());
}

#[test]
fn where_nobody_reads_the_users_are_made_all_the_same() {
    let (home, _proxy) = counted();
    let args = ["create", "--count", "4", "--prefix", &unique("full"), "-o", "jsonl"];
    let output = user(&home, &args).redirect(">/dev/full").run();
    output.code(7).stderr_has("standard output can't be written").stderr_has("--resume");
    let run = user(&home, &["runs", "--json"]).run().ok().json()[0].clone();
    assert_eq!(run["done"], 4);
    assert_eq!(
        lines(&user(&home, &["create", run["run"].as_str().unwrap(), "--resume", "-o", "jsonl"]).run().ok().stdout)
            .len(),
        4
    );
}

#[test]
fn a_page_of_users_is_out_before_the_next_is_asked_for() {
    for (words, token, code) in [(&["list"][..], "PaginationToken", 1), (&["list", "--group", "class"], "NextToken", 1)]
    {
        let server = Server::start(move |request| {
            let body = request.json();
            if body[token].is_string() {
                return Answer::aws_error("InvalidParameterException", "the second page is broken");
            }
            let users: Vec<Value> = (0..60)
                .map(|n| {
                    json!({"Username": format!("u{n}"), "UserStatus": "CONFIRMED", "Enabled": true,
                        "UserCreateDate": 1_767_225_600.0, "Attributes": []})
                })
                .collect();
            Answer::new(200, "application/x-amz-json-1.1", json!({"Users": users, token: "more"}).to_string())
        });
        let home = Home::new();
        let url = server.url();
        home.config(&format!("[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{url}\"\n"));
        let output = user(&home, &[words, &["-o", "jsonl"]].concat()).run();
        output.code(code).stderr_has("the second page is broken");
        assert_eq!(lines(&output.stdout).len(), 60);
        let some = user(&home, &[words, &["-o", "jsonl", "--limit", "7"]].concat()).run();
        some.ok().stderr_has("there are more users: `--limit` is 7");
        let listed = user(&home, &[words, &["--json", "--limit", "7"]].concat()).run().ok().json();
        assert_eq!(Value::Array(lines(&some.stdout)), listed);
    }
}

#[test]
fn a_template_has_the_columns_and_a_line_that_is_read() {
    let home = Home::new();
    let csv = home.cogtok(["user", "create", "--template"]).run();
    csv.ok().quiet().stdout_is(
        "email,username,password,group,groups,attributes,phone\nalice@example.com,,,class,,given_name=Alice;locale=en,\n",
    );
    let jsonl = home.cogtok(["user", "create", "--template", "-o", "jsonl"]).run();
    jsonl.ok().quiet();
    assert_eq!(lines(&jsonl.stdout)[0]["attributes"]["given_name"], "Alice");
    home.cogtok(["user", "create", "--template", "-o", "table"]).run().code(2);
    home.cogtok(["user", "create", "--template", "--count", "2"]).run().code(2).stderr_has("--template");
    home.cogtok(["user", "create", "--template", "alice@example.com"]).run().code(2);

    let (home, _proxy) = counted();
    let group = unique("class");
    workshop().admin("CreateGroup", json!({ "GroupName": group }));
    for (template, file) in [(&csv.stdout, "class.csv"), (&jsonl.stdout, "class.jsonl")] {
        let email = new_email();
        let filled = template.replace("alice@example.com", &email).replace("class", &group);
        let path = home.plant(file, filled);
        let made = user(&home, &["create", "--from", path.to_str().unwrap(), "-o", "jsonl"]).run();
        let made = lines(&made.ok().stdout);
        assert_eq!((made.len(), &made[0]["groups"], &made[0]["email"]), (1, &json!([group]), &json!(email)));
        assert_signs_in(&made[0]);
        assert!(workshop().find_user(&email).unwrap()["UserAttributes"].to_string().contains("Alice"));
    }
}
