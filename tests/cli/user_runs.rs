//! `cogtok user runs`, and the ways out of a user that was begun and not finished.

use crate::harness::ports::closed_port;
use crate::harness::{Answer, Home, Proxy, Server, unique, workshop};
use crate::user_create::{assert_signs_in, behind, counted, create, journal, new_email};
use crate::user_create_lost::{broken, resume};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;

#[test]
fn where_nothing_was_sent_nothing_is_kept() {
    let (home, _proxy) = counted();
    let url = format!("http://127.0.0.1:{}", closed_port());
    let output = create(&home, &["--endpoint-url", &url]).run();
    output.code(6).stderr_has("no connection").stderr_lacks("--resume");
    assert_eq!(journal(&home).len(), 0);
    home.cogtok(["user", "runs"]).run().ok().stdout_is("").stderr_has("no unfinished users");
    // Where it was sent, nobody knows.
    let server = Server::always(Answer::close());
    insta::assert_snapshot!(create(&home, &["--endpoint-url", &server.url()]).run().message(), @"
    exit 6
    error: AdminCreateUser: the answer from 127.0.0.1:[port] was cut off: connection closed before message completed (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    hint: cogtok does not know whether Cognito created the user: `cogtok user create -p ws --endpoint-url http://127.0.0.1:[port] --resume` finds out and finishes
    ");
    assert_eq!(journal(&home).len(), 1);
}

#[test]
fn a_record_that_others_can_read_says_how_it_is_private_again() {
    let server = Server::always(Answer::close());
    let home = Home::new();
    home.profile("ws", workshop(), &server.url(), &server.token_url());
    create(&home, &[]).run().code(6);
    let (path, record) = journal(&home).remove(0);
    home.canary_password(record["password"].as_str().unwrap());
    let path = home.allow(path);
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    let way = format!("hint: other users can read it: chmod 600 {}", path.display());
    for words in [&["user", "runs"][..], &["user", "create", "--resume", "-p", "ws"]] {
        home.cogtok(words).aws().run().code(7).stderr_has(&way);
    }
    mode(0o600);
    home.cogtok(["user", "runs"]).run().ok().stdout_has("asked");
}

#[test]
fn a_record_is_found_from_everywhere_and_dropped_after_it_is_said_what_it_holds() {
    let (home, proxy, is_broken) = broken("AdminCreateUser", |_| Answer::close());
    let email = new_email();
    insta::assert_snapshot!(create(&home, &[&email]).run().message(), @"
    exit 6
    error: AdminCreateUser: the answer from 127.0.0.1:[port] was cut off: connection closed before message completed (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    hint: cogtok does not know whether Cognito created the user: `cogtok user create -p ws --resume` finds out and finishes
    ");
    let (path, record) = journal(&home).remove(0);
    home.canary_password(record["password"].as_str().unwrap());
    let run = path.file_stem().unwrap().to_str().unwrap().to_string();

    // Another pool has nothing to finish, and says where there is something.
    let other = format!("us-east-1_{}", &unique("x").replace('-', "")[..9]);
    let pool = ["profile", "create", "other", "--user-pool-id", &other, "--client-id", "web"];
    home.cogtok(pool).args(["--endpoint-url", &workshop().endpoint]).run().ok();
    let resumed = |args: &[&str]| home.cogtok(["user", "create", "-p", "other", "--resume"]).args(args).aws().run();
    resumed(&[]).ok().stdout_is("").stderr_has(&email).stderr_has("cogtok user create --resume -p ws");
    resumed(&[&email]).code(1).stderr_has(&email).stderr_has("cogtok user create --resume -p ws");
    resumed(&[&new_email()]).ok().stderr_has("nothing to finish").stderr_lacks(&email);
    home.cogtok(["profile", "delete", "ws", "--yes"]).run().ok();
    resumed(&[]).ok().stderr_has(&workshop().pool_id).stderr_has("no profile has");
    home.profile("ws", workshop(), &proxy.url(), &proxy.token_url());

    let list = home.cogtok(["user", "runs", "--json"]).run().ok().quiet().json();
    let expected = json!([{"run": run, "username": email, "group": null, "user_pool_id": workshop().pool_id,
        "endpoint": record["origin"], "profiles": ["ws"], "state": "asked", "begun_at": record["begun_at"]}]);
    assert_eq!(list, expected);
    home.cogtok(["user", "runs"]).run().ok().quiet().stdout_has(&run).stdout_has("asked");

    insta::assert_snapshot!(home.cogtok(["user", "runs", "forget", "0000"]).run().message(), @"
    exit 1
    error: there is no run 0000
    hint: the runs: cogtok user runs
    ");
    home.cogtok(["user", "runs", "forget", ""]).run().code(1);
    let asked = home.cogtok(["user", "runs", "forget", &run]).run();
    asked.code(5).stderr_has(&email).stderr_has("`--yes`").stderr_has(path.to_str().unwrap());
    assert_eq!(journal(&home).len(), 1);
    let dropped = home.cogtok(["user", "runs", "forget", &run[..6], "--yes"]).run();
    dropped.ok().stderr_has(&email).stderr_has(&workshop().pool_id).stderr_has("deleted the record");
    assert_eq!(journal(&home).len(), 0);
    is_broken.store(false, Ordering::SeqCst);
    create(&home, &["--resume"]).run().ok().stderr_has("nothing to finish");
}

#[test]
fn a_group_that_is_not_there_can_be_got_out_of() {
    let group = unique("real");
    workshop().admin("CreateGroup", json!({"GroupName": group}));
    for (way, is_in) in [(vec!["--group", &group], true), (vec!["--no-group"], false)] {
        let (home, _proxy) = counted();
        let email = new_email();
        let output = create(&home, &[&email, "--group", "no-such-group"]).run();
        output.code(10).stderr_has("--resume").stderr_has("`--group GROUP`").stderr_has("`--no-group`");
        let output = create(&home, &["--resume"]).args(&way).run();
        let user = output.ok().json();
        assert_signs_in(&user);
        assert_eq!((user["email"].as_str(), journal(&home).len()), (Some(email.as_str()), 0));
        let groups = workshop().admin("AdminListGroupsForUser", json!({"Username": email}));
        let names = groups["Groups"].as_array().unwrap().iter().map(|group| group["GroupName"].as_str().unwrap());
        assert!(names.eq(is_in.then_some(group.as_str())), "{groups}");
    }
    // With several users to finish it must be said whose group it is.
    let (home, _proxy) = counted();
    let emails = [new_email(), new_email()];
    for email in &emails {
        let output = create(&home, &[email, "--group", "no-such-group"]).run();
        output
            .code(10)
            .stderr_has(&format!("to `cogtok user create {email} -p ws --resume`; into none: add `--no-group`"));
    }
    create(&home, &["--resume", "--no-group"]).run().code(2).stderr_has(&emails[0]).stderr_has(&emails[1]);
    create(&home, &[&emails[0], "--resume", "--no-group"]).run().ok();
    assert_eq!(journal(&home).len(), 1);
    insta::assert_snapshot!(create(&home, &["--no-group"]).run().message(), @"
    exit 2
    error: `user create` needs --resume
    hint: usage: cogtok user create --resume --profile <NAME> --json --no-group [EMAIL]
    hint: see `cogtok user create --help`
    ");
    create(&home, &["--resume", "--no-group", "--group", "x"]).run().code(2);
    create(&home, &["--resume", "--group", &group]).run().ok();
    assert_eq!(resume(&home).len(), 0);
}

#[test]
fn a_user_whose_name_looks_like_a_run_is_finished_by_that_name() {
    let stack = workshop().ministack;
    let pool = stack.cognito("CreateUserPool", &json!({"PoolName": unique("hex")}))["UserPool"]["Id"].clone();
    let home = Home::new();
    let profile =
        home.cogtok(["profile", "create", "ws", "--user-pool-id", pool.as_str().unwrap(), "--client-id", "abc"]);
    profile.args(["--endpoint-url", &workshop().endpoint]).run().ok();
    for name in ["ada", "1001"] {
        create(&home, &["--username", name, "--group", "no-such-group"]).run().code(10);
        create(&home, &[name, "--resume", "--if-exists", "reset"]).run().code(2).stderr_has("where no run is named");
        let made = create(&home, &[name, "--resume", "--no-group"]).run().ok().json();
        assert_eq!((made["username"].as_str(), journal(&home).len()), (Some(name), 0));
        create(&home, &[name, "--resume"]).run().code(1).stderr_has(&format!("there is no run {name}"));
    }
}

#[test]
fn a_run_that_is_not_finished_is_named_beside_single_users_and_finished_beside_those_of_another_pool() {
    let refused = |_: &_| Answer::aws_error("NotAuthorizedException", "not now");
    let (home, _proxy, is_broken) = broken("AdminSetUserPassword", refused);
    create(&home, &["--count", "1", "--prefix", &unique("beside")]).run().code(10);
    let (email, other) = (new_email(), new_email());
    create(&home, &[&email]).run().code(10);
    is_broken.store(false, Ordering::SeqCst);
    let run = home.cogtok(["user", "runs", "--json"]).run().ok().json()[1]["run"].as_str().unwrap().to_owned();
    let output = create(&home, &["--resume"]).run();
    output.ok().stderr_has(&format!("run {run} is not finished: created 0 of 1 user\n"));
    output.stderr_has(&format!("continue it: cogtok user create {run} -p ws --resume\n"));
    assert_eq!((&output.json()["email"], journal(&home).len()), (&json!(email), 0));

    // A single user of another pool is in nobody's way.
    is_broken.store(true, Ordering::SeqCst);
    create(&home, &[&other]).run().code(10);
    is_broken.store(false, Ordering::SeqCst);
    let (path, mut record) = journal(&home).remove(0);
    record["user_pool_id"] = json!("us-east-1_Another00");
    home.plant(path.strip_prefix(home.path("")).unwrap(), record.to_string());
    let users = create(&home, &["--resume"]).run().ok().json();
    assert_eq!((users.as_array().unwrap().len(), journal(&home).len()), (1, 1));
    assert_signs_in(&users[0]);
}

#[test]
fn an_answer_without_what_it_must_have_is_none() {
    let empty = || Answer::new(200, "application/x-amz-json-1.1", "{}").unlike_aws();
    let home_at = |server: &Server| {
        let home = Home::new();
        home.config(&format!(
            "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n",
            server.url()
        ));
        home
    };
    let server = Server::always(empty());
    let home = home_at(&server);
    let cases: [(&[&str], &str, &str); 4] = [
        (&["user", "list", "-p", "ws"], "ListUsers", "Users"),
        (&["user", "show", "alice", "-p", "ws"], "AdminGetUser", "Username"),
        (&["user", "create", "-p", "ws"], "AdminCreateUser", "User"),
        (
            &["profile", "import", "us-east-1_Scripted0", "--endpoint-url", &server.url()],
            "DescribeUserPool",
            "UserPool",
        ),
    ];
    for (words, operation, member) in cases {
        let output = home.cogtok(words).aws().run();
        output.code(6).stdout_is("").stderr_has(&format!("{operation}: the answer has no {member}"));
    }
    // One after the other, what a list or a client must have.
    for (body, operation, said) in [
        (json!({"Users": [{"Attributes": []}]}), "ListUsers", "Username"),
        (json!({"Users": [{"Username": ""}]}), "ListUsers", "Username"),
    ] {
        let server = Server::always(Answer::new(200, "application/x-amz-json-1.1", body.to_string()).unlike_aws());
        let output = home_at(&server).cogtok(["user", "list", "-p", "ws"]).aws().run();
        output.code(6).stderr_has(operation).stderr_has(said);
    }
    for missing in ["UserPoolClients", "ClientId", "Id"] {
        let server = Server::start(move |request| {
            let answer = match request.operation() {
                Some("DescribeUserPool") if missing == "Id" => json!({"UserPool": {"Name": "p"}}),
                Some("DescribeUserPool") => json!({"UserPool": {"Id": "us-east-1_Scripted0", "Name": "p"}}),
                Some("ListUserPoolClients") if missing == "UserPoolClients" => json!({}),
                Some("ListUserPoolClients") => json!({"UserPoolClients": [{"ClientName": "x"}]}),
                _ => panic!("nothing else is asked"),
            };
            Answer::new(200, "application/x-amz-json-1.1", answer.to_string()).unlike_aws()
        });
        let words = ["profile", "import", "us-east-1_Scripted0", "--endpoint-url", &server.url()];
        Home::new().cogtok(words).aws().run().code(6).stderr_has(&format!("no {missing}"));
    }
    let server = Server::always(Answer::new(200, "text/xml", "<DescribeStacksResponse></DescribeStacksResponse>"));
    let stack = ["profile", "import", "arn:aws:cloudformation:us-east-1:111122223333:stack/ws/1"];
    let output = Home::new().cogtok(stack).args(["--endpoint-url", &server.url()]).aws().run();
    output.code(6).stderr_has("DescribeStacks: the answer is not one of AWS");
    // What need not be said is not made up: an absent date is not 1970, and nobody is disabled by silence.
    let server = Server::start(move |request| {
        let body = match request.operation() {
            Some("ListUsers") => json!({"Users": [{"Username": "alice", "Attributes": []}]}),
            Some("AdminGetUser") => json!({"Username": "alice", "UserAttributes": []}),
            _ => json!({}),
        };
        Answer::new(200, "application/x-amz-json-1.1", body.to_string())
    });
    let home = home_at(&server);
    let list = home.cogtok(["user", "list", "-p", "ws", "--json"]).aws().run().ok().json();
    let shown = home.cogtok(["user", "show", "alice", "-p", "ws", "--json"]).aws().run().ok().json();
    for user in [&list[0], &shown] {
        for name in ["status", "enabled", "created_at"] {
            assert_eq!(user[name], Value::Null, "{name}");
        }
    }
    for words in [&["user", "list", "-p", "ws"][..], &["user", "show", "alice", "-p", "ws"]] {
        let output = home.cogtok(words).aws().run();
        let made_up = ["1970", "disabled", " no"].iter().find(|word| output.ok().stdout.contains(*word));
        output.check(made_up.is_none(), &format!("{made_up:?} is made up"));
    }
    home.cogtok(["user", "list", "-p", "ws", "-o", "csv"]).aws().run().ok().stdout_has("alice,,,,,\n");
}

#[test]
fn what_the_pool_says_of_a_user_is_shown() {
    let proxy = Proxy::new(&workshop().endpoint);
    let home = behind(&proxy);
    let email = create(&home, &[]).run().ok().json()["email"].as_str().unwrap().to_string();
    let shown = home.cogtok(["user", "show", &email, "-p", "ws", "--json"]).aws().run().ok().json();
    assert_eq!((&shown["enabled"], shown["created_at"].is_i64()), (&json!(true), true));
}

#[test]
fn of_two_profiles_of_a_pool_the_one_in_use_is_named() {
    let (home, _proxy, _) = broken("AdminCreateUser", |_| Answer::close());
    create(&home, &[]).run().code(6);
    let (path, record) = journal(&home).remove(0);
    home.canary_password(record["password"].as_str().unwrap());
    home.cogtok(["profile", "copy", "ws", "a-copy"]).run().ok();
    let other = format!("us-east-1_{}", &unique("x").replace('-', "")[..9]);
    let pool = ["profile", "create", "other", "--user-pool-id", &other, "--client-id", "web"];
    home.cogtok(pool).args(["--endpoint-url", &workshop().endpoint]).run().ok();
    let id = path.file_stem().unwrap().to_str().unwrap().to_string();
    let named = |profile: &str| {
        let output = home.cogtok(["user", "runs", "-p", profile]).run();
        let row = output.ok().stdout.lines().find(|line| line.starts_with(&id)).unwrap().to_owned();
        row.split_whitespace().nth(2).unwrap().to_owned()
    };
    assert_eq!((named("ws"), named("a-copy"), named("other")), ("ws".into(), "a-copy".into(), "a-copy".into()));
    let by_default = home.cogtok(["user", "runs"]).env("COGTOK_PROFILE", "ws").run();
    assert!(!by_default.ok().stdout_has("ws").stdout.contains("a-copy"), "{}", by_default.stdout);
}
