//! What a person and a log see of many users: a bar that is gone in the end, or a line every ten seconds.

use crate::harness::{Home, Proxy, Run, unique, workshop};
use crate::user_create::{behind, counted};
use crate::user_create_many::{id, the_run};
use std::time::Duration;

fn user<'h>(home: &'h Home, args: &[&str]) -> Run<'h> {
    home.cogtok(["user"]).args(args).args(["-p", "ws"]).aws().timeout(Duration::from_secs(60))
}

/// What is on the screen in the end: lines that were erased are not.
fn left(text: &str) -> String {
    let lines = text.split('\n').map(|line| line.rsplit("\u{1b}[K").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_terminal_has_a_bar_that_goes_away() {
    let proxy = Proxy::new(&workshop().endpoint).delay(60);
    let home = behind(&proxy);
    let prefix = unique("bar");
    let watch = |args: &[&str], doing: &str| {
        let mut terminal = user(&home, args).pty_of(24, 120);
        terminal.expect(&format!("{doing} [")).expect("/4  ").expect("/s  ").expect(" left  ");
        let session = terminal.wait();
        assert_eq!(session.code, Some(0), "{}", session.text);
        assert!(!left(&session.text).contains(&format!("{doing} [")), "{}", session.text);
    };
    watch(&["create", "--count", "4", "--prefix", &prefix, "--parallel", "1"], "creating users");
    let run = id(&the_run(&home));
    watch(&["try", "--run", &run, "--sample", "all"], "signing in");
    watch(&["set-password", "--run", &run, "--yes"], "setting passwords");
    watch(&["delete", "--run", &run, "--yes"], "deleting users");

    let quiet = user(&home, &["create", "--count", "2", "--prefix", &unique("quiet"), "-q"]).pty_of(24, 120).wait();
    assert!(quiet.code == Some(0) && !quiet.text.contains("creating users"), "{}", quiet.text);
}

#[test]
fn a_log_has_a_line_every_ten_seconds_and_nothing_that_moves() {
    let (home, _proxy) = counted();
    let output = user(&home, &["create", "--count", "13", "--prefix", &unique("log"), "--rate", "1"]).run();
    output
        .ok()
        .stderr_has("created ")
        .stderr_has(" of 13 users so far: ")
        .stderr_has(" a second, ")
        .stderr_has("s left\n");
    assert_eq!(output.stderr.matches("so far").count(), 1, "{}", output.describe());
    assert!(
        !output.stderr.contains(['\r', '\u{1b}']) && !output.stderr.contains("creating users"),
        "{}",
        output.describe()
    );
}
