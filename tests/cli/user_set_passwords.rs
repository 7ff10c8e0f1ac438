//! `cogtok user set-password` for many: from a file, of a group, made up or given, and never lost.

use crate::harness::{Answer, Home, Proxy, Run, unique, workshop};
use crate::user_create::{behind, counted};
use serde_json::json;

const PASSWORD: &str = "Correct-Horse-7-Battery";
const FIRST: &str = "First-Horse-9-Battery";
const SECOND: &str = "Second-Horse-9-Battery";

fn set<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user", "set-password", "-p", "ws"]).args(args).aws()
}

fn class(size: usize) -> (String, Vec<String>) {
    let group = unique("class");
    workshop().admin("CreateGroup", json!({ "GroupName": group }));
    let users: Vec<String> = (0..size).map(|_| workshop().user(PASSWORD)).collect();
    for user in &users {
        workshop().admin("AdminAddUserToGroup", json!({"Username": user, "GroupName": group}));
    }
    (group, users)
}

#[test]
fn a_group_gets_passwords_that_sign_in_in_every_form() {
    let (home, _proxy) = counted();
    let (group, users) = class(3);
    set(&home, &["--group", &group]).run().code(5).stderr_has("--yes").stderr_has("3 users");
    let csv = set(&home, &["--group", &group, "--yes", "-o", "csv"]).run();
    let mut reader = csv::Reader::from_reader(csv.ok().stdout.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["username", "password"]);
    let rows: Vec<(String, String)> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(rows.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), users);
    for (name, password) in &rows {
        home.canary(password);
        workshop().sign_in(name, password).unwrap();
        csv.stderr_lacks(password);
    }
    let text = set(&home, &["--group", &group, "--yes"]).run();
    for (line, user) in text.ok().stdout.lines().zip(&users) {
        let (name, password) = line.split_once(' ').unwrap();
        assert_eq!(name, user);
        workshop().sign_in(name, password).unwrap();
    }
    let json = set(&home, &["--group", &group, "--yes", "--json"]).run().ok().json();
    assert_eq!(json.as_array().unwrap().len(), 3);
    workshop().sign_in(&users[2], json[2]["password"].as_str().unwrap()).unwrap();

    // What was printed sets them again.
    set(&home, &["--from", "-", "--yes"]).stdin(&csv.stdout).run().ok().stdout_is("").stderr_has(&users[0]);
    workshop().sign_in(&rows[0].0, &rows[0].1).unwrap();
    set(&home, &["--group", &group, "--yes", "--password-stdin"]).stdin(PASSWORD).run().ok().stdout_is("");
    workshop().sign_in(&users[1], PASSWORD).unwrap();
    set(&home, &["--status", "NO_SUCH_STATUS", "--yes"]).run().ok().stdout_is("").stderr_has("no password was set");
}

#[test]
fn a_file_is_read_in_either_form_and_what_is_malformed_is_told_with_its_line_before_anything_is_sent() {
    let (home, proxy) = counted();
    for canary in [FIRST, SECOND] {
        home.canary(canary);
    }
    let users = [workshop().user(PASSWORD), workshop().user(PASSWORD)];
    let csv = format!("\u{feff}Email,note,password\r\n{},\"a, b\",{FIRST}\r\n\"{}\",,\r\n", users[0], users[1]);
    let output = set(&home, &["--from", "-", "--yes"]).stdin(&csv).run();
    let made_up = output.ok().stdout.lines().next().unwrap().split_once(' ').unwrap();
    assert_eq!((made_up.0, output.stdout.lines().count()), (users[1].as_str(), 1), "one had none and got one");
    workshop().sign_in(&users[0], FIRST).unwrap();
    workshop().sign_in(&users[1], made_up.1).unwrap();
    let lines = format!(
        "{{\"username\":\"{}\",\"password\":\"{SECOND}\"}}\n\n{{\"email\":\"{}\",\"password\":\"{SECOND}\"}}\n",
        users[0], users[1]
    );
    set(&home, &["--from", "-", "--yes"]).stdin(&lines).run().ok().stdout_is("");
    workshop().sign_in(&users[1], SECOND).unwrap();

    let before = proxy.requests().len();
    for (text, message) in [
        ("", "names no"),
        ("username\n", "names no user"),
        ("user,password\na,b\n", "`username` or `email`"),
        ("username\na@b.c\nd e\n", "line 3"),
        ("username\na@b.c\nx@b.c\na@b.c\n", "line 4: the user a@b.c is in line 2 already"),
        ("username,password\na@b.c\n", "line 2"),
        ("username,password\n,x\n", "line 2: it has no user name"),
        ("{\"username\":\"a@b.c\"}\n{\"user\":1}\n", "line 2"),
        ("{\"username\":\"a@b.c\"}\nnonsense\n", "line 2: it is not a JSON object"),
    ] {
        set(&home, &["--from", "-"]).stdin(text).run().code(2).stderr_has(message);
    }
    set(&home, &["--from", "nosuch.csv"]).run().code(2).stderr_has("nosuch.csv");
    assert_eq!(proxy.requests().len(), before);
}

#[test]
fn passwords_that_were_set_are_printed_though_a_later_one_fails() {
    let denied = Proxy::with(&workshop().endpoint, |request| {
        let is_marked = request.operation() == Some("AdminSetUserPassword")
            && request.json()["Username"].as_str().unwrap().contains("refused");
        is_marked.then(|| Answer::aws_error("UserNotFoundException", "User does not exist."))
    });
    let home = behind(&denied);
    let users = [workshop().user(PASSWORD), "refused@example.com".to_owned(), workshop().user(PASSWORD)];
    for form in ["text", "csv", "json"] {
        let names = format!("username\n{}\n", users.join("\n"));
        let output = set(&home, &["--from", "-", "--yes", "-o", form]).stdin(names).prints_on_failure().run();
        output.code(10).stderr_has("set the passwords of 2 of 3 users").stderr_has("refused@example.com");
        let passwords: Vec<(String, String)> = match form {
            "json" => output
                .json()
                .as_array()
                .unwrap()
                .iter()
                .map(|row| {
                    let text = |name: &str| row[name].as_str().unwrap().to_owned();
                    (text("username"), text("password"))
                })
                .collect(),
            _ => output
                .stdout
                .lines()
                .filter(|line| *line != "username,password")
                .map(|line| line.split_once([' ', ',']).unwrap())
                .map(|(name, password)| (name.to_owned(), password.to_owned()))
                .collect(),
        };
        assert_eq!(passwords.len(), 2, "{form}");
        for (name, password) in passwords {
            workshop().sign_in(&name, &password).unwrap();
        }
    }
}

#[test]
fn users_who_are_not_named_are_shown_and_asked_about_first() {
    let (home, proxy) = counted();
    let users = [workshop().user(PASSWORD), workshop().user(PASSWORD)];
    let file = home.plant("seats.csv", format!("username,password\n{},{FIRST}\n{},{FIRST}\n", users[0], users[1]));
    home.canary_password(FIRST);
    home.allow(&file);
    let from = file.to_str().unwrap();
    set(&home, &["--from", from]).run().code(5).stderr_has("--yes").stderr_has("these 2 users");
    set(&home, &["--from", from, "--dry-run"]).run().ok().quiet().stdout_is(&format!("{}\n{}\n", users[0], users[1]));
    let listed = set(&home, &["--from", from, "--dry-run", "--json"]).run().ok().json();
    assert_eq!(listed, json!([{"username": users[0]}, {"username": users[1]}]));
    set(&home, &["--from", from, "--dry-run", "--yes"]).run().code(2);
    let mut terminal = set(&home, &["--from", from]).pty();
    terminal.expect(&users[0]).expect(&users[1]).expect("Set new passwords for these 2 users").expect("[y/N] ");
    terminal.send("n\r");
    assert_eq!(terminal.wait().code, Some(1));
    assert_eq!(proxy.count("AdminSetUserPassword"), 0);
    let mut terminal = set(&home, &["--from", from]).pty();
    terminal.expect("[y/N] ").send("y\r");
    assert_eq!(terminal.wait().code, Some(0));
    workshop().sign_in(&users[1], FIRST).unwrap();
    // Who is named is meant.
    set(&home, &[&users[0], "--password-stdin"]).stdin(PASSWORD).run().ok();
}

#[test]
fn one_user_is_named_and_what_comes_after_may_be_a_password() {
    let (home, proxy) = counted();
    home.canary(SECOND);
    insta::assert_snapshot!(set(&home, &["ann@example.com", "more"]).run().message(), @"
    exit 2
    error: `user set-password` takes one user name; the second argument is not shown, since it may be a secret
    hint: `--password-stdin` reads a password from standard input, `--from FILE` the names of several users
    ");
    home.cogtok(["user", "set-password", "--help"]).run().ok().stdout_has("user set-password [OPTIONS] [USERNAME]\n");
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn the_passwords_of_a_run_are_set_again_and_that_is_what_is_asked() {
    let (home, _proxy) = counted();
    let create = home.cogtok(["user", "create", "--count", "1", "--prefix", &unique("again"), "-p", "ws", "--json"]);
    let users = create.aws().run().ok().json();
    let run = crate::user_create_many::id(&crate::user_create_many::the_run(&home));
    let mut terminal = set(&home, &["--run", &run]).pty();
    terminal
        .expect(&format!("Set the passwords of run {run} again for this user of pool "))
        .expect("[y/N] ")
        .send("y\r");
    assert_eq!(terminal.wait().code, Some(0));
    crate::user_create_many::assert_each_signs_in(&users, 1);
    let tried = home.cogtok(["user", "try", "--run", &run, "-p", "ws"]).run();
    tried.ok().stdout_is("1 of 1 user can sign in\n");
}
