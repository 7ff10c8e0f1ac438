//! Malformed files of users: each error is reported with its line before any request.

use crate::harness::{Home, Run};
use crate::user_create::counted;
use std::fmt::Write;
use std::time::Duration;

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws()
}

#[test]
fn a_line_is_counted_as_an_editor_does() {
    let (home, proxy) = counted();
    let cases: [(&[u8], &str); 9] = [
        // A byte order mark and CRLF, as spreadsheets write them.
        (
            b"\xef\xbb\xbfemail,group\r\na@example.com,x\r\nb@example.com,x\r\nnobody,x\r\n",
            "line 4: `nobody` is not an e-mail",
        ),
        // Quotes, with a comma between them.
        (
            b"email,attributes\n\"a@example.com\",\"name=A, B\"\n\"nobody\",\"x=1\"\n",
            "line 3: `nobody` is not an e-mail",
        ),
        // A quotation mark that is missing would make one user of the rest.
        (
            b"email,attributes\r\n\"a@example.com\",\"name=A\r\nb@example.com,\r\n",
            "line 2: a field goes on in the next line",
        ),
        (
            b"email,attributes\nok@example.com,\na@example.com,\"x=1\nb@example.com,\nc@example.com,\"y=1\"\n",
            "line 3: ",
        ),
        (b"email,password\na@example.com,\"Aa1-\n", "line 2: a field goes on in the next line"),
        // Empty lines are no users, and are counted.
        (b"email\n\na@example.com\n\nnobody\n", "line 5: `nobody` is not an e-mail"),
        (b"email\r\n\r\na@example.com\r\n\r\nA@EXAMPLE.COM\r\n", "line 5: A@EXAMPLE.COM is on an earlier line as well"),
        // An empty column, and a field that is missing.
        (b"email,,group\na@example.com,,x\n", "line 1: column 2 has no name"),
        (
            b"email,group,phone\na@example.com,x,\nb@example.com,x\n",
            "line 3: it has 2 fields, and the first line has 3",
        ),
    ];
    for (content, message) in cases {
        user(&home, &["create", "--from", "-"]).stdin(content).run().code(2).stderr_has(message);
    }
    for address in ["@example.com", "a@", "a@b@example.com", "a b@example.com", "a@.example.com", "a@example.com."] {
        let csv = format!("email\nok@example.com\n{address}\n");
        user(&home, &["create", "--from", "-"]).stdin(csv).run().code(2).stderr_has("line 3: ");
    }
    for formula in ["=1+1", "+1@example.com", "-1@example.com", "@SUM(A1)", "\"\t=1\""] {
        let csv = format!("email,username\nok@example.com,ok\nb@example.com,{formula}\n");
        let output = user(&home, &["create", "--from", "-"]).stdin(csv).run();
        output.code(2).stderr_has("line 3: ");
    }
    user(&home, &["runs", "--json"]).run().ok().stdout_is("[]\n");
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn the_files_of_other_commands_are_counted_so_too() {
    let (home, proxy) = counted();
    let cases: [(&[u8], &str); 9] = [
        (b"username,password\r\n\r\nann,x\r\n\r\n,y\r\n", "line 5: it has no user name"),
        (b"username,groups\r\nann,x\r\nbob,\"y\r\ncem,z\r\n", "line 3: a field goes on in the next line"),
        (b"\xef\xbb\xbfUserName\r\nann\r\nbob\r\nann\r\n", "line 4: the user ann is in line 2 already"),
        (b"username,password\r\nann,x\r\n,y\r\n", "line 3: it has no user name"),
        (b"username,password\r\n\"ann\",\"x, y\"\r\nbob,y,z\r\n", "line 3: it is not CSV"),
        (b"username\n\"two words\"\n", "line 2: "),
        (b"name,password\nann,x\n", "names no column `username` or `email`"),
        (b"username\n\xff\n", "it is not UTF-8"),
        (b"\xef\xbb\xbf{\"username\":\"ann\"}\r\n{\"username\":1}\r\n", "line 2: it has no `username`"),
    ];
    for (content, message) in cases {
        for command in [&["set-password", "--from", "-"][..], &["delete", "--yes", "--from", "-"]] {
            user(&home, command).stdin(content).run().code(2).stderr_has(message);
        }
    }
    assert_eq!(proxy.requests().len(), 0);
}

#[test]
fn of_a_million_lines_the_last_one_is_told_too() {
    let (home, proxy) = counted();
    let mut csv = String::from("email\n=cmd\n");
    (2..1_000_000).for_each(|n| writeln!(csv, "u{n}@example.com").unwrap());
    csv.push_str("u7@example.com\n");
    let path = home.plant("million.csv", csv);
    let output = user(&home, &["create", "--from", path.to_str().unwrap()]).timeout(Duration::from_secs(300)).run();
    output.code(2).stderr_has("has 2 errors, and nothing was sent: line 2: the email would be a formula");
    output.stderr_has("line 1000001: u7@example.com is on an earlier line as well");
    user(&home, &["runs", "--json"]).run().ok().stdout_is("[]\n");
    assert_eq!(proxy.requests().len(), 0);
}
