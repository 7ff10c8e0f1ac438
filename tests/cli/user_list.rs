//! `cogtok user list`: every page once, each form readable by what it is for, and nothing of a user's name obeyed.

use crate::harness::ministack::ministack;
use crate::harness::oracle::printable;
use crate::harness::{Answer, Home, Output, Proxy, Request, Run, Server, Workshop, unique, workshop};
use crate::user_create::behind;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

fn list<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user", "list", "-p", "ws"]).args(args).aws()
}

/// A home whose pool is what this server says it is.
fn home_at(server: &Server) -> Home {
    let home = Home::new();
    home.config(&format!(
        "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{}\"\n",
        server.url()
    ));
    home
}

fn page(users: &[Value], next: Option<&str>) -> Answer {
    let mut body = json!({"Users": users});
    if let Some(next) = next {
        body["PaginationToken"] = json!(next);
    }
    Answer::new(200, "application/x-amz-json-1.1", body.to_string())
}

/// A user as ListUsers gives it.
fn user(username: &str, email: &str) -> Value {
    json!({"Username": username, "UserStatus": "CONFIRMED", "Enabled": true, "UserCreateDate": 1767225600.0,
        "UserLastModifiedDate": 1767225600.0, "Attributes": [{"Name": "sub", "Value": "5ub"}, {"Name": "email", "Value": email}]})
}

/// A pool of its own with this many users, `person-000@…` and on.
fn pool_of(count: usize) -> Workshop {
    let pool = Workshop::provision(ministack());
    for number in 0..count {
        let email = format!("person-{number:03}@example.com");
        let attributes = json!([{"Name": "email", "Value": email}, {"Name": "name", "Value": format!("No {number}")}]);
        pool.admin(
            "AdminCreateUser",
            json!({"Username": email, "TemporaryPassword": "Temporary-1-Password", "MessageAction": "SUPPRESS", "UserAttributes": attributes}),
        );
    }
    pool
}

fn emails(output: &Output) -> BTreeSet<String> {
    let users = output.json();
    let emails = users.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_string());
    emails.collect()
}

#[test]
fn every_page_is_asked_for_once_and_a_limit_says_what_it_left_out() {
    let pool = pool_of(130);
    let ask = |args: &[&str]| {
        let proxy = Proxy::new(&pool.endpoint);
        let home = Home::new();
        home.profile("ws", &pool, &proxy.url(), &proxy.token_url());
        let output = list(&home, args).run();
        let requests: Vec<Value> = proxy.requests().iter().map(Request::json).collect();
        assert_eq!(proxy.count("ListUsers"), requests.len(), "{:?}", proxy.log());
        assert!(proxy.connections() <= 1, "one connection serves all pages");
        (output, requests)
    };
    let (all, requests) = ask(&["--json"]);
    assert_eq!(emails(all.ok().quiet()).len(), 130);
    assert_eq!(requests.len(), 3);
    let tokens: Vec<_> = requests.iter().map(|request| request["PaginationToken"].as_str()).collect();
    assert_eq!((tokens[0], tokens.iter().flatten().count()), (None, 2), "{tokens:?}");

    for (limit, pages, is_cut) in [(1, 1, true), (60, 1, true), (70, 2, true), (130, 3, false), (131, 3, false)] {
        let (output, requests) = ask(&["--json", "--limit", &limit.to_string()]);
        assert_eq!(emails(output.ok()).len(), limit.min(130));
        assert_eq!(requests.len(), pages, "--limit {limit}");
        let warning = format!("warning: there are more users: `--limit` is {limit}");
        output
            .check(output.stderr.contains(&warning) == is_cut, "the warning where users are left out, and only there");
    }

    // The filter is Cognito's business, and reaches it byte for byte.
    let (some, requests) = ask(&["--json", "--filter", "email ^= \"person-01\""]);
    assert_eq!((emails(some.ok()).len(), requests.len()), (10, 1));
    for filter in ["\"email\" = \"person-007@example.com\"", "name = \"No \\\"7\\\" – ünï\" ", "status=\"Enabled\""]
    {
        let (_, requests) = ask(&["--filter", filter]);
        assert!(requests.iter().all(|request| request["Filter"] == filter), "{requests:?}");
    }
    let (text, _) = ask(&["-o", "text", "--filter", "email = \"person-129@example.com\""]);
    assert_eq!(text.ok().line(), pool.find_user("person-129@example.com").unwrap()["Username"]);

    for (limit, code) in [("0", 2), ("-1", 2), ("many", 2), ("1e3", 2)] {
        let (output, requests) = ask(&["--limit", limit]);
        output.code(code);
        assert_eq!(requests.len(), 0, "--limit {limit}");
    }
}

#[test]
fn an_empty_pool_is_no_failure_in_any_form() {
    let server = Server::always(page(&[], None));
    let home = home_at(&server);
    let header = "username,sub,email,status,enabled,created_at\n";
    for (form, stdout) in [("json", "[]\n"), ("text", ""), ("csv", header)] {
        list(&home, &["-o", form]).run().ok().quiet().stdout_is(stdout);
    }
    let table = list(&home, &[]).run();
    table.ok().check(table.stdout.lines().count() <= 1, "at most the header");
}

#[test]
fn the_table_is_readable_at_80_columns_and_has_the_names_that_say_something() {
    let long = format!("{}@{}.example.com", "l".repeat(64), "d".repeat(43));
    let sub = "11111111-2222-4333-8444-555555555555";
    let mut disabled = user(sub, "bob@example.com");
    disabled["Enabled"] = json!(false);
    disabled["UserStatus"] = json!("FORCE_CHANGE_PASSWORD");
    for value in disabled["Attributes"].as_array_mut().unwrap().iter_mut().take(1) {
        value["Value"] = json!(sub);
    }
    let by_mail = Server::always(page(&[disabled.clone()], None));
    let table = list(&home_at(&by_mail), &[]).run();
    let words: Vec<Vec<&str>> = table.ok().stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["EMAIL", "STATUS", "CREATED"]);
    assert_eq!(words[1], ["bob@example.com", "FORCE_CHANGE_PASSWORD", "(disabled)", "2026-01-01"]);

    let by_name = Server::always(page(
        &[user("alice", "alice@example.com"), user(&"n".repeat(128), &long), user("mei", "美@例え.jp")],
        None,
    ));
    let table = list(&home_at(&by_name), &[]).env("COLUMNS", "80").run();
    // These take two columns each.
    let columns = |line: &str| line.chars().map(|c| 1 + usize::from(c > '\u{2e80}')).sum::<usize>();
    let widest = table.ok().quiet().stdout.lines().map(columns).max().unwrap();
    table.check(widest <= 80, &format!("{widest} columns"));
    let row = |part: &str| {
        let line = table.stdout.lines().find(|line| line.contains(part)).unwrap();
        line.split_whitespace().map(String::from).collect::<Vec<_>>()
    };
    assert_eq!(row("EMAIL"), ["EMAIL", "STATUS", "CREATED", "USERNAME"]);
    assert_eq!(row("alice@"), ["alice@example.com", "CONFIRMED", "2026-01-01", "alice"]);
    assert_eq!(row("例え"), ["美@例え.jp", "CONFIRMED", "2026-01-01", "mei"]);
    // What is too long for its column goes on in the next line, whole.
    let count = |c: char| table.stdout.matches(c).count();
    assert_eq!((count('n'), count('d')), (128, 43), "{}", table.stdout);
}

#[test]
fn csv_reads_back_field_by_field_and_starts_no_formula() {
    let names = [
        "plain",
        "with, comma",
        "with \"quotes\"",
        " spaces around ",
        "ünï-美",
        "=HYPERLINK(\"http://evil.example\",\"x\")",
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(1+1)",
        "+491701234567",
        "\t=1+1",
        "\r=1+1",
        "two\nlines",
    ];
    let users: Vec<Value> = names.iter().map(|name| user(name, &format!("{name}@example.com"))).collect();
    let server = Server::always(page(&users, None));
    let output = list(&home_at(&server), &["-o", "csv"]).run();
    let mut reader = csv::Reader::from_reader(output.ok().quiet().stdout.as_bytes());
    let header: Vec<_> = reader.headers().unwrap().iter().map(String::from).collect();
    assert_eq!(header, ["username", "sub", "email", "status", "enabled", "created_at"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row of six fields")).collect();
    assert_eq!((rows.len(), output.stdout.lines().count()), (names.len(), names.len() + 1));
    for (row, name) in rows.iter().zip(names) {
        let (username, email) = (&row[0], &row[2]);
        assert_eq!((&row[1], &row[3], &row[4], &row[5]), ("5ub", "CONFIRMED", "true", "1767225600"));
        let is_formula = |field: &str| field.trim_start().starts_with(['=', '+', '-', '@']);
        assert!(![username, email].into_iter().any(is_formula), "a spreadsheet would run {username:?} or {email:?}");
        let (shown, given) = (username.trim_start_matches(['\'', ' ']), name.trim_start());
        assert_eq!(shown, given.replace('\n', " "), "{username:?}");
        assert!(is_formula(name) || username == name || name.contains('\n'), "{username:?} is changed without need");
    }
}

#[test]
fn what_a_terminal_would_obey_is_escaped_in_every_form_and_json_keeps_the_exact_name() {
    let hostile = [
        "a\u{1b}[2J\u{1b}[31mred",
        "b\u{1b}]52;c;cm0gLXJm\u{7}clip",
        "c\u{9b}31m-c1-\u{85}",
        "d\r\nforged@example.com  CONFIRMED",
        "e\u{202e}moc.elpmaxe\u{2066}\u{200b}\u{feff}",
        "f\0nul\u{7f}del\u{8}",
        "g\"quote\\back'tick`$(id)",
        "h\u{2028}line\u{2029}",
    ];
    let users: Vec<Value> = hostile.iter().map(|name| user(name, name)).collect();
    let one = users[4].clone();
    let server = Server::start(move |request| match request.operation() {
        Some("AdminGetUser") => {
            let mut body = one.clone();
            body["UserAttributes"] = body["Attributes"].take();
            body["UserAttributes"]
                .as_array_mut()
                .unwrap()
                .push(json!({"Name": "custom:\u{1b}[1m\n", "Value": "\u{9b}x"}));
            body.as_object_mut().unwrap().remove("Attributes");
            Answer::new(200, "application/x-amz-json-1.1", body.to_string())
        }
        Some("AdminListGroupsForUser") => Answer::new(200, "application/x-amz-json-1.1", r#"{"Groups":[]}"#),
        _ => page(&users, None),
    });
    let home = home_at(&server);
    for form in ["table", "text", "csv", "json"] {
        let output = list(&home, &["-o", form]).run();
        // Between columns there is a tab.
        let is_tab = |c: char| c == '\t' && form == "table";
        let is_odd = |c: char| !printable(c) || "\u{200b}\u{feff}\u{2028}\t".contains(c);
        let odd = output.ok().quiet().stdout.chars().find(|c| is_odd(*c) && !is_tab(*c));
        output.check(odd.is_none(), &format!("{odd:?} in the {form}"));
        let lines = output.stdout.lines().count();
        match form {
            "json" => {
                let names: Vec<_> =
                    output.json().as_array().unwrap().iter().map(|user| user["username"].clone()).collect();
                assert_eq!(names, hostile);
            }
            "text" => assert_eq!(lines, hostile.len(), "{}", output.stdout),
            "csv" => assert_eq!(lines, hostile.len() + 1, "{}", output.stdout),
            _ => drop(
                output.stdout_has("\\u{1b}").stdout_has("\\u{202e}").check(lines > hostile.len(), "a row for each"),
            ),
        }
    }
    for form in ["text", "json"] {
        let output = home.cogtok(["user", "show", "e", "-p", "ws", "-o", form]).aws().run();
        let odd = output.ok().quiet().stdout.chars().find(|c| !printable(*c) || "\u{200b}\u{feff}".contains(*c));
        output.check(odd.is_none(), &format!("{odd:?} in the {form}"));
        if form == "json" {
            assert_eq!(output.json()["email"], hostile[4]);
            assert_eq!(output.json()["attributes"]["custom:\u{1b}[1m\n"], "\u{9b}x");
        }
    }
}

#[test]
fn pages_that_never_end_are_exit_6_or_stop_at_the_limit() {
    let again = Server::always(page(&[user("alice", "alice@example.com")], Some("the-same")));
    let output = list(&home_at(&again), &[]).timeout(Duration::from_secs(3)).run();
    output.code(6).stderr_has("ListUsers").stderr_has("the service repeats the same page").stderr_has("profile `ws`");
    assert!(again.hits() <= 3, "{} requests", again.hits());

    let count = AtomicUsize::new(0);
    let empty = Server::start(move |_| page(&[], Some(&format!("t{}", count.fetch_add(1, Ordering::SeqCst)))));
    let output = list(&home_at(&empty), &["--timeout", "1s"]).timeout(Duration::from_secs(2)).run();
    output.code(6).stderr_has("profile `ws`");

    let count = AtomicUsize::new(0);
    let full = Server::start(move |_| {
        let page_number = count.fetch_add(1, Ordering::SeqCst);
        let users: Vec<Value> = (0..60).map(|n| user(&format!("u{page_number}-{n}"), "u@example.com")).collect();
        page(&users, Some(&format!("t{page_number}")))
    });
    let output = list(&home_at(&full), &["--limit", "150", "-o", "text"]).run();
    output.ok().stderr_has("there are more users");
    assert_eq!((output.stdout.lines().count(), full.hits()), (150, 3), "a page longer than asked for is cut");
}

#[test]
fn a_page_that_fails_is_waited_for_and_half_a_list_is_never_printed() {
    let pool = pool_of(70);
    let profile = |proxy: &Proxy| {
        let home = Home::new();
        home.profile("ws", &pool, &proxy.url(), &proxy.token_url());
        home
    };
    let calls = AtomicUsize::new(0);
    let busy = Proxy::with(&pool.endpoint, move |_| {
        let is_second = calls.fetch_add(1, Ordering::SeqCst) == 1;
        is_second.then(|| Answer::aws_error("TooManyRequestsException", "Rate exceeded"))
    });
    assert_eq!(emails(list(&profile(&busy), &["--json"]).run().ok()).len(), 70);
    assert_eq!(busy.count("ListUsers"), 3);

    let calls = AtomicUsize::new(0);
    let broken = Proxy::with(&pool.endpoint, move |_| {
        let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        (!is_first).then(|| Answer::aws_error("InternalErrorException", "no"))
    });
    let output = list(&profile(&broken), &["--json"]).run();
    output.code(6).stdout_is("").stderr_has("ListUsers");
}

#[test]
fn what_is_missing_is_told_before_anything_is_asked_and_a_refusal_is_exit_9() {
    let denied = Proxy::with(&workshop().endpoint, |_| {
        Some(Answer::aws_error("AccessDeniedException", "User: arn:aws:iam::1:user/x is not authorized"))
    });
    let home = behind(&denied);
    let output = list(&home, &[]).run();
    output
        .code(9)
        .stderr_has("ListUsers")
        .stderr_has("AccessDeniedException")
        .stderr_has("`cogtok help cognito-setup`");
    assert_eq!(denied.log(), ["ListUsers"]);
    insta::assert_snapshot!(home.cogtok(["user", "list", "-p", "ws"]).run().message(), @"
    exit 9
    error: ListUsers needs AWS credentials, and there are none that cogtok can use (profile `ws`)
    hint: sign in to AWS (`aws sso login`, of the AWS CLI v2), set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws with `--aws-profile NAME`
    ");

    list(&home, &["-p", "nosuch"]).run().code(2);
    let cases: [(&[&str], i32, &str); 3] = [
        (&["user", "list", "-p", "nosuch"], 3, "`nosuch`"),
        (&["user", "list"], 3, "no profile is chosen"),
        (&["user", "list", "-p", "bare"], 3, "user_pool_id"),
    ];
    let other = Home::new();
    other.config("version = 1\n[profiles.bare]\nregion = \"us-east-1\"\n");
    for (words, code, message) in cases {
        other.cogtok(words).aws().run().code(code).stderr_has(message);
    }
    let unknown = format!("us-east-1_{}", &unique("x").replace('-', "")[..9]);
    let gone = home
        .cogtok(["user", "list", "-p", "ws"])
        .env("COGTOK_USER_POOL_ID", unknown)
        .env("COGTOK_ENDPOINT_URL", &workshop().endpoint);
    insta::assert_snapshot!(gone.aws().run().message(), @"
    exit 3
    error: ListUsers was refused: ResourceNotFoundException: User pool [pool] does not exist. (profile `ws`)
    hint: check pool id, app client id and Region: they belong together and to one AWS account
    ");
}

#[test]
fn a_day_is_that_of_this_machines_time_zone_as_a_moment_is() {
    // The first second of 2026 in UTC.
    let groups =
        json!({"Groups": [{"GroupName": "g", "CreationDate": 1767225600.0, "LastModifiedDate": 1767225600.0}]});
    let shown = json!({"Username": "a", "UserStatus": "CONFIRMED", "Enabled": true, "UserCreateDate": 1767225600.0,
        "UserLastModifiedDate": 1767225600.0, "UserAttributes": []});
    let server = Server::start(move |request: &Request| match request.operation() {
        Some("ListUsers") => page(&[user("a", "a@example.com")], None),
        Some("ListGroups") => Answer::new(200, "application/x-amz-json-1.1", groups.to_string()),
        Some("AdminGetUser") => Answer::new(200, "application/x-amz-json-1.1", shown.to_string()),
        _ => Answer::new(200, "application/x-amz-json-1.1", json!({"Groups": []}).to_string()),
    });
    let home = home_at(&server);
    for words in [&["user", "list"][..], &["user", "show", "a"], &["group", "list"]] {
        for (zone, day) in
            [("UTC", "2026-01-01"), ("America/New_York", "2025-12-31"), ("Pacific/Kiritimati", "2026-01-01")]
        {
            home.cogtok(words).args(["-p", "ws"]).aws().env("TZ", zone).run().ok().stdout_has(day);
        }
    }
}
