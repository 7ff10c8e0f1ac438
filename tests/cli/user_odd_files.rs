//! Files of users that are not what the name says, and numbers that no class has: each is a sentence, and nothing is sent.

use crate::harness::{Home, Run, unique, workshop};
use crate::user_create::counted;
use crate::user_create_many::assert_each_signs_in;
use serde_json::Value;
use std::time::Duration;

const PASSWORD: &str = "Correct-Horse-7-Battery";

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws()
}

fn from<'a>(command: &[&'a str], path: &'a str) -> Vec<&'a str> {
    command.iter().copied().chain(["--from", path]).collect()
}

fn utf_16(text: &str, is_little: bool) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(|unit| if is_little { unit.to_le_bytes() } else { unit.to_be_bytes() });
    let mark = if is_little { [0xff, 0xfe] } else { [0xfe, 0xff] };
    mark.into_iter().chain(units).collect()
}

#[test]
fn utf_16_as_powershell_writes_it_is_read_and_its_lines_are_counted() {
    let (home, proxy) = counted();
    let (one, two) = (format!("{}@example.com", unique("wide")), format!("{}@example.com", unique("wide")));
    home.canary_password(PASSWORD);
    for (email, is_little) in [(&one, true), (&two, false)] {
        let text = format!("email,password,attributes\r\n{email},{PASSWORD},name=\u{10a}sa Ünï\r\n");
        let path = home.allow(home.plant("wide.csv", utf_16(&text, is_little)));
        let users = user(&home, &["create", "--from", path.to_str().unwrap(), "--json"]).prints_on_failure().run();
        assert_each_signs_in(&users.ok().json(), 1);
        let there = workshop().find_user(email).unwrap();
        assert!(there.to_string().contains("\u{10a}sa Ünï"), "{there}");
        std::fs::remove_file(path).unwrap();
    }
    let names = utf_16(&format!("username\r\n{one}\r\n{two}\r\n"), true);
    user(&home, &["delete", "--from", "-", "--yes"]).stdin(names).run().ok();
    assert!(workshop().find_user(&one).is_none());

    let before = proxy.requests().len();
    for command in [&["create"][..], &["delete", "--yes"], &["set-password", "--yes"]] {
        let from = [command, &["--from", "-"]].concat();
        let text = utf_16("email,group\r\na@example.com,x\r\n\r\ntwo words,x\r\n", true);
        user(&home, &from).stdin(text).run().code(2).stderr_has("line 4: ");
        user(&home, &from).stdin(b"\xff\xfea").run().code(2).stderr_has("standard input is not UTF-16");
    }
    assert_eq!(proxy.requests().len(), before);
}

#[test]
fn a_user_who_is_too_large_to_be_noted_is_refused_and_no_record_is_cut_short() {
    let (home, proxy) = counted();
    let names: Vec<String> = (0..4).map(|_| format!("{}@example.com", unique("large"))).collect();
    let line = |(at, name): (usize, &String)| {
        let locale = "x".repeat(if at == 1 { 1_048_400 } else { 2 });
        format!("{}\n", serde_json::json!({"email": name, "attributes": {"locale": locale}}))
    };
    let file = home.plant("class.jsonl", names.iter().enumerate().map(line).collect::<String>());
    let output = user(&home, &["create", "--from", file.to_str().unwrap()]).run();
    output.code(2).stderr_has(&format!("the user {} has attributes and groups of more than 1 MiB", names[1]));
    let attributes: Vec<String> = (0..11).map(|n| format!("custom:a{n}={}", "x".repeat(100_000))).collect();
    let args = attributes.iter().flat_map(|attribute| ["--attribute", attribute]);
    let output = user(&home, &["create", &names[0]]).args(args).run();
    output.code(2).stderr_has("of more than 1 MiB");
    assert_eq!(proxy.requests().len(), 0);

    let users = user(&home, &["create", "--count", "1", "--prefix", &unique("long"), "--json"]).prints_on_failure();
    assert_each_signs_in(&users.run().ok().json(), 1);
    let run = crate::user_create_many::id(&crate::user_create_many::the_run(&home));
    let journal = home.state_dir().join(format!("journal/runs/{run}.jsonl"));
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes.extend_from_slice(format!("{}\n", serde_json::json!({"seat": "x".repeat(1024 * 1024)})).as_bytes());
    std::fs::write(&journal, &bytes).unwrap();
    user(&home, &["create", &run, "--resume"]).run().code(1).stderr_has("it has a line of more than 1 MiB");
    assert_eq!(std::fs::read(&journal).unwrap().len(), bytes.len());
}

#[test]
fn what_is_no_file_of_users_is_said_in_a_sentence() {
    let (home, proxy) = counted();
    let fifo = home.allow(home.path("users.fifo"));
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let folder = home.path("").display().to_string();
    let long = format!("email\na@example.com\n{}\n", "x".repeat(2 * 1024 * 1024));
    let cases: [(&[u8], &str); 6] = [
        (b"", "names no"),
        (b"\n \r\n\n", "names no"),
        (b"[{\"email\":\"a@example.com\"}]", "standard input is a JSON array: cogtok reads JSON lines, as `-o jsonl`"),
        (b"email,\"group\na@example.com,x\n", "standard input, line 1: a field goes on in the next line"),
        (b"em\xffail\n", "standard input, line 1: it is not UTF-8"),
        (long.as_bytes(), "line 3: it has more than 1 MiB"),
    ];
    for command in [&["create"][..], &["delete", "--yes"], &["set-password", "--yes"]] {
        user(&home, &from(command, &folder)).run().code(2).stderr_has("it is a directory");
        user(&home, &from(command, "nosuch.csv")).run().code(2).stderr_has("nosuch.csv can't be read: ");
        // A pipe that nobody writes to.
        let waits = [&from(command, fifo.to_str().unwrap())[..], &["--timeout", "1s"]].concat();
        user(&home, &waits).run().code(2).stderr_has("nothing came from it in time");
        for (content, message) in cases {
            user(&home, &from(command, "-")).stdin(content).run().code(2).stderr_has(message);
        }
    }
    for header in ["email;group", "email\tgroup"] {
        let csv = format!("{header}\na@example.com;x\n");
        let folder = home.path("seats");
        let export = ["profile", "export", "ws", "--seats", "-", "--output-dir", folder.to_str().unwrap()];
        for run in [
            user(&home, &["create", "--from", "-"]),
            user(&home, &["delete", "--from", "-", "--yes"]),
            user(&home, &["set-password", "--from", "-", "--yes"]),
            home.cogtok(export),
        ] {
            let message = "standard input, line 1: there is no comma between the columns";
            run.stdin(csv.as_str()).run().code(2).stderr_has(message);
        }
    }
    for odd in ["{\"email\":\"b@example.com\"}", "Bob<b@example.com>", "b;c@example.com", "\"\"\"b\"\"@example.com\""] {
        let csv = format!("email\na@example.com\n{odd}\n");
        user(&home, &["create", "--from", "-"]).stdin(csv).run().code(2).stderr_has("line 3: ");
    }
    // A symbolic link and a pipe are files as good as others.
    let file = home.plant("bad.csv", "email\nnobody\n");
    let link = home.allow(home.path("link.csv"));
    std::os::unix::fs::symlink(file, &link).unwrap();
    user(&home, &["create", "--from", link.to_str().unwrap()]).run().code(2).stderr_has("line 2: `nobody` is not");
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn what_is_typed_at_a_terminal_is_asked_for_and_not_shown() {
    let (home, proxy) = counted();
    for command in [&["create"][..], &["delete"]] {
        let mut terminal = user(&home, &[command, &["--from", "-"]].concat()).pty();
        terminal.expect("paste the lines, then press Enter and Ctrl-D; they are not shown").expect_no_echo();
        terminal.send("username\rtwo words\r\u{4}");
        let session = terminal.wait();
        assert!(session.code == Some(2) && session.text.contains("line 2: "), "{session:?}");
        assert!(!session.text.contains("username\r"), "{session:?}");
    }
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn numbers_and_names_that_make_no_class_are_refused_with_the_range() {
    let (home, proxy) = counted();
    let cases: [(&[&str], &str); 19] = [
        (&["--count", "0"], "`--count` is from 1 to 1000000"),
        (&["--count", "1000001"], "`--count` is from 1 to 1000000"),
        (&["--count", "-1"], "`-1`"),
        (&["--count", "2", "--start", "18446744073709551615"], "`--start` is at most 18446744073709551613"),
        (&["--count", "2", "--start", "99999999999999999999"], "--start"),
        (&["--count", "2", "--prefix", "a b"], "can't be the name of a seat"),
        (&["--count", "2", "--prefix", "a\tb"], "can't be the name of a seat"),
        (&["--count", "2", "--prefix", "@"], "can't be the name of a seat: the email would be a formula"),
        (&["--count", "2", "--prefix", "a@"], "can't be the name of a seat: "),
        (&["--count", "2", "--prefix", "\u{7}"], "can't be the name of a seat"),
        (&["--count", "2", "--email-domain", ""], "`seat-01@` is not an e-mail address"),
        (&["--count", "2", "--email-domain", "x@y"], "is not an e-mail address"),
        (&["--count", "2", "--rate", "0"], "`--rate` is from 0.1 to 1000"),
        (&["--count", "2", "--rate", "NaN"], "`--rate` is from 0.1 to 1000"),
        (&["--count", "2", "--rate", "-1"], "`-1`"),
        (&["--count", "2", "--parallel", "0"], "`--parallel` is from 1 to 100"),
        (&["--count", "2", "--ttl", "0s"], "it is from 1s to 10 years"),
        (&["--count", "2", "--ttl", "11years"], "it is from 1s to 10 years"),
        (&["--count", "2", "--ttl", "-1h"], "`-1`"),
    ];
    for (args, message) in cases {
        user(&home, &[&["create"], args].concat()).run().code(2).stderr_has(message);
    }
    for ttl in ["", "3", "three days", "3d 3x", "1e400d", "99999999999999999999d"] {
        user(&home, &["create", "--count", "2", "--ttl", ttl]).run().code(2).stderr_has("--ttl");
    }
    user(&home, &["runs", "--json"]).run().ok().stdout_is("[]\n");
    assert_eq!(proxy.requests().len(), 0);
}

/// What a run holds at its peak beyond what it holds with a thousand users, in KiB.
fn growth(home: &Home, args: &[&str], line: impl Fn(usize) -> String) -> u64 {
    let held = |count: usize| {
        let header = "email,password\n=bad,\n".to_owned();
        let lines: String = std::iter::once(header).chain((0..count).map(&line)).collect();
        let path = home.allow(home.plant(unique("many"), lines));
        let args = [args, &["--from", path.to_str().unwrap()]].concat();
        let output = user(home, &args).timeout(Duration::from_secs(300)).run();
        std::fs::remove_file(path).unwrap();
        output.check(matches!(output.code, Some(0 | 2)), "it is read to the end");
        (output.max_rss_kib, output.stdout.lines().count())
    };
    // It is looked at from outside every now and then, so a short run may have held more than was seen.
    let few = (0..3).map(|_| held(1_000).0).max().unwrap();
    let (many, printed) = held(100_000);
    assert!(printed == 0 || printed == 100_001, "{printed}");
    many.saturating_sub(few)
}

#[test]
fn a_hundred_thousand_users_of_a_file_are_not_in_memory() {
    let (home, proxy) = counted();
    let line = |at: usize| format!("user-{at:06}-of-a-long-name@example.com,Correct-Horse-{at}-Battery\n");
    for command in [&["create"][..], &["delete", "--dry-run"]] {
        let growth = growth(&home, command, line);
        assert!(growth < 8 * 1024, "{command:?}: {growth} KiB");
    }
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn a_name_that_is_there_twice_is_found_in_the_last_of_many_lines() {
    let (home, proxy) = counted();
    let names: String = (0..20_000).map(|at| format!("{{\"username\":\"user-{at}\"}}\n")).collect();
    let text = format!("{names}{{\"username\":\"user-7\"}}\n");
    let output = user(&home, &["delete", "--yes", "--from", "-"]).stdin(&text).timeout(Duration::from_secs(60)).run();
    output.code(2).stderr_has("line 20001: the user user-7 is in line 8 already");
    let listed = user(&home, &["delete", "--dry-run", "--json", "--from", "-"]).stdin(&names).run().ok().json();
    let of = |at: usize| listed[at]["username"].as_str().map(str::to_owned);
    assert_eq!((of(0), of(19_999)), (Some("user-0".to_owned()), Some("user-19999".to_owned())));
    assert!(matches!(listed, Value::Array(all) if all.len() == 20_000));
    assert_eq!(proxy.requests().len(), 0);
}
