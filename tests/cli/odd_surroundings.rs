//! Paths, arguments and an environment that nobody expects: what is shown stays printable, and nothing else changes.

use crate::harness::{Home, Server, need};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::time::Duration;

/// Names of files that a shell, a terminal or a parser would stumble over.
fn hostile_names() -> Vec<OsString> {
    let texts = [
        "a b",
        "-x",
        "--config",
        "$(touch ran)",
        "a\nb",
        "\u{1b}]0;owned\u{7}",
        "\u{202e}lmot",
        "'\"`\\",
        "*",
        "~",
        "ü",
    ];
    let bytes = [b"\xff\xfe".to_vec(), b"\xc2\x9b31m".to_vec(), vec![b'n'; 250]];
    texts.into_iter().map(OsString::from).chain(bytes.into_iter().map(OsString::from_vec)).collect()
}

#[test]
fn a_configuration_may_have_any_name_and_is_named_printably() {
    let home = Home::new();
    for name in hostile_names() {
        let dir = home.path("named");
        let file = dir.join(&name);
        let with = |words: &[&str]| home.cogtok(words).arg("--config").arg(&file);
        with(&["profile", "list", "-o", "text"]).run().code(3).stderr_has("there is no file ");
        with(&["profile", "show", "ws"]).run().code(3).stderr_has(", which --config names");
        let created = with(&["profile", "create", "ws", "--client-id", "web"]).run();
        // No room is left for the lock's ending, or no name that a lock could have.
        let reason = if name.len() == 250 { "File name too long" } else { "UTF-8" };
        if name.len() == 250 || name.to_str().is_none() {
            created.code(7).stderr_has("can't be written: ").stderr_has(reason);
            continue;
        }
        created.ok().stderr_has("created profile `ws`");
        with(&["profile", "current"]).run().ok().quiet().stdout_is("ws\n");
        std::fs::write(&file, "[").unwrap();
        with(&["profile", "set", "ws", "region", "us-east-1"]).run().code(3).stderr_has("is not valid TOML at line 1");
        let relative = home.cogtok(["profile", "list"]).cwd(&dir).arg("--config").arg(PathBuf::from(".").join(&name));
        relative.run().code(3).stderr_has("is not valid TOML");
        std::fs::remove_dir_all(&dir).unwrap();
    }
    assert!(!home.work().join("ran").exists());
}

#[test]
fn what_is_no_configuration_file_is_refused_without_waiting() {
    let home = Home::new();
    let long = "x".repeat(300);
    for (path, code, reason) in [
        ("", 2, "--config"),
        ("/", 7, "it is a directory"),
        (".", 7, "it is a directory"),
        ("/dev/stdin", 7, "not a regular file"),
        ("/dev/tty", 7, "can't be read"),
        ("/proc/self/mem", 7, "can't be read"),
        (&long, 7, "File name too long"),
    ] {
        for words in [&["profile", "list"][..], &["profile", "create", "ws", "--client-id", "web"]] {
            let output = home.cogtok(words).arg(format!("--config={path}")).timeout(Duration::from_secs(2)).run();
            output.check(matches!(output.code, Some(2 | 7)), &format!("{path}: exit {code}"));
            if words[1] == "list" {
                output.code(code).stderr_has(reason);
            }
        }
    }
    let variable = home.cogtok(["profile", "list"]).env("COGTOK_CONFIG", "/dev/stdin").stdin("[profiles.ws]\n").run();
    variable.code(7).stderr_has("not a regular file");
}

#[test]
fn no_value_on_the_command_line_reaches_the_terminal_raw_or_leads_elsewhere() {
    let canary = Server::canary();
    let home = Home::new();
    home.config(&format!(
        "[profiles.ws]\nuser_pool_id = \"us-east-1_x\"\nendpoint_url = \"{0}\"\nuser.client_id = \"web\"\n\
         m2m.client_id = \"m\"\nm2m.token_url = \"{0}/token\"\n",
        canary.url()
    ));
    let evil = "x\u{1b}[31m\r\n\u{9b}1m\u{202e}\u{7f}$(touch ran)";
    let long = "y".repeat(100_000);
    for words in [
        &["profile", "show"][..],
        &["profile", "use"],
        &["profile", "delete", "--yes"],
        &["profile", "create", "--client-id", "web"],
        &["profile", "create", "x", "--client-id"],
        &["profile", "create", "x", "--user-pool-id"],
        &["profile", "create", "x", "--client-id", "web", "--domain"],
        &["profile", "create", "x", "--client-id", "web", "--min-validity"],
        &["profile", "create", "x", "--client-id", "web", "--region"],
        &["profile", "set", "ws", "region"],
        &["profile", "set", "ws"],
        &["secret", "set"],
        &["token", "m2m", "-p"],
        &["token", "m2m", "-p", "ws", "--scope"],
        &["token", "m2m", "-p", "ws", "--env-var"],
        &["token", "m2m", "-p", "ws", "--token-url"],
        &["token", "m2m", "-p", "ws", "--auth-method"],
        &["token", "user", "-p", "ws", "--auth-flow"],
        &["token", "user", "-p", "ws", "--endpoint-url"],
        &["token", "user", "-p", "ws", "--username"],
        &["token", "m2m", "-p", "ws", "--timeout"],
        &["token", "m2m", "-p", "ws", "--ca-bundle"],
        &["token", "m2m", "-p", "ws", "--nosuch"],
        &["user", "create", "-p", "ws"],
        &["user", "create", "-p", "ws", "--attribute"],
        &["user", "delete", "-p", "ws", "--yes"],
        &["user", "show", "-p", "ws"],
        &["user", "list", "-p", "ws", "--limit"],
        &["completions"],
        &[],
    ] {
        for value in [evil, &long, ""] {
            let output = home.cogtok(words).arg(value).aws().timeout(Duration::from_secs(5)).run();
            // That stderr is printable and short is asserted of every run.
            output.check(matches!(output.code, Some(2..=7)), "a refusal");
            output.check(output.stderr.len() < 4000, "it does not repeat it all");
        }
    }
    assert!(!home.work().join("ran").exists());
    canary.assert_untouched();
}

#[test]
fn a_hundred_thousand_arguments_are_answered_in_little_time_and_memory() {
    let home = Home::new();
    home.config("default_profile = \"ws\"\n[profiles.ws]\nm2m.client_id = \"m\"\n");
    for words in [
        &["profile", "show"][..],
        &["token", "m2m"],
        &["token", "m2m", "-v"],
        &["profile", "set", "ws", "region"],
        &["secret", "set"],
        &["user", "create"],
        &["--"],
    ] {
        let output = home.cogtok(words).args(vec!["x"; 100_000]).timeout(Duration::from_secs(5)).run();
        output.code(2).check(output.stderr.len() < 4000, "a short message");
    }
    let scopes: Vec<String> = (0..100_000).map(|n| format!("s{n}")).collect();
    let set = home.cogtok(["profile", "set", "ws", "m2m.scopes"]).args(&scopes).timeout(Duration::from_secs(10)).run();
    set.check(matches!(set.code, Some(0 | 2)), "they are taken, or too many");
    // The unoptimised program itself counts for the memory as well.
    let options = std::iter::repeat_n(["--scope", "a"], 40_000).flatten();
    let token = home.cogtok(["token", "m2m"]).args(options).timeout(Duration::from_secs(10)).run();
    token.check(matches!(token.code, Some(2 | 3 | 5)), "no secret, or too many scopes");
    let export = home.cogtok(["token", "m2m", "--export"]).args(vec!["x"; 100_000]).prints_on_failure();
    export.run().code(2).stdout_has("sh -c 'exit 2';");
}

#[test]
fn neither_locale_nor_width_nor_a_missing_terminal_type_changes_what_is_said() {
    let home = Home::new();
    home.config(
        "default_profile = \"ISIK\"\n[profiles.ISIK]\ndescription = \"İıŞş and a description that is longer than a narrow line\"\n\
         user_pool_id = \"us-east-1_x\"\nuser.client_id = \"web\"\n",
    );
    type Case = (&'static [&'static str], i32);
    let cases: [Case; 8] = [
        (&["profile", "list"], 0),
        (&["profile", "list", "--json"], 0),
        (&["profile", "show"], 0),
        (&["secret", "status"], 0),
        (&["profile", "show", "isik"], 3),
        (&["profile", "set", "ISIK", "REGION", "x"], 2),
        (&["--help"], 0),
        (&["token", "m2m", "-h"], 0),
    ];
    let run = |words: &[&str], pairs: &[(&str, Option<&str>)]| {
        let run = home.cogtok(words);
        let run = pairs.iter().fold(run, |run, (name, value)| match value {
            Some(value) => run.env(name, value),
            None => run.env_remove(name),
        });
        run.run()
    };
    for (words, code) in cases {
        let usual = run(words, &[]);
        usual.code(code);
        let same: [&[(&str, Option<&str>)]; 7] = [
            &[("LC_ALL", Some("tr_TR.UTF-8")), ("LANG", Some("tr_TR.UTF-8"))],
            &[("LC_ALL", Some("C"))],
            &[("LC_ALL", Some("no such locale \u{1b}[1m"))],
            &[("LANG", None)],
            &[("TERM", None)],
            &[("TERM", Some("no-such-terminal\u{1b}[1m"))],
            &[("TERM", Some("")), ("NO_COLOR", Some("")), ("CLICOLOR_FORCE", Some("0"))],
        ];
        for pairs in same {
            let output = run(words, pairs);
            let is_same = output.stdout == usual.stdout && output.stderr == usual.stderr;
            output.code(code).check(is_same, &format!("the same as without {pairs:?}"));
        }
        for columns in ["0", "1", "2", "1000000000", "18446744073709551616", "-1", "x", ""] {
            let output = run(words, &[("COLUMNS", Some(columns)), ("LINES", Some(columns))]);
            let squeeze = |text: &str| text.split_whitespace().collect::<String>();
            let is_same = squeeze(&output.stdout) == squeeze(&usual.stdout);
            output.code(code).check(is_same, "the same words");
        }
    }
}

#[test]
fn a_terminal_of_one_column_or_none_or_without_a_type_is_survived() {
    let home = Home::new();
    home.config("[profiles.ws]\ndescription = \"some words\"\nuser_pool_id = \"us-east-1_x\"\n");
    let cogtok = crate::harness::binary();
    for size in ["cols 1 rows 1", "cols 0 rows 0", "cols 65535 rows 65535"] {
        for before in ["unset TERM", "TERM=", "TERM=dumb", "TERM=no-such-terminal"] {
            let script = format!(
                "stty {size}; {before}; {0} profile list && {0} --help >/dev/null && {0} token m2m -h && {0} profile nosuch; echo \"code $?\"",
                cogtok.display()
            );
            let session = home.program("sh", ["-c", &script]).pty().wait();
            assert!(session.text.ends_with("code 2\n"), "{size}, {before}: {session:?}");
        }
    }
}

#[test]
fn with_hardly_any_file_descriptors_it_fails_in_words_or_works() {
    need("sh", "dash");
    // With three not even the system's loader can open a library.
    let home = Home::new();
    let server = Server::always(crate::harness::Answer::token("some-token"));
    home.scripted_profile(&server.token_url());
    for (limit, words) in [
        ("ulimit -n 4", &["profile", "list"][..]),
        ("ulimit -n 5", &["profile", "set", "ws", "region", "us-east-1"]),
        ("ulimit -n 4", &["token", "m2m"]),
        ("ulimit -n 6", &["token", "m2m"]),
        ("ulimit -n 7", &["token", "m2m"]),
        ("ulimit -n 8", &["token", "m2m"]),
        ("ulimit -n 9", &["token", "m2m"]),
        ("ulimit -n 10", &["token", "m2m"]),
        ("ulimit -n 11", &["token", "m2m"]),
        ("ulimit -n 12", &["token", "m2m"]),
        ("ulimit -n 8", &["serve", "--", "true"]),
        ("ulimit -n 9", &["serve", "--", "true"]),
        ("ulimit -n 11", &["serve", "--", "true"]),
        ("ulimit -n 8", &["mcp-proxy", "http://127.0.0.1:9/mcp"]),
        ("ulimit -n 9", &["mcp-proxy", "http://127.0.0.1:9/mcp"]),
        ("ulimit -f 0", &["profile", "list"]),
    ] {
        let script = format!("{limit}; exec \"$@\"");
        let run = home.cogtok(words).under(["sh", "-c", &script, "sh"]);
        let output = run.env("COGTOK_M2M_CLIENT_SECRET", crate::harness::scripted::SECRET).run();
        output.check(matches!(output.code, Some(0 | 1 | 6 | 7)), limit);
        output.check(output.code == Some(0) || output.stderr.contains("error: "), "it says what is wrong");
        output.stderr_lacks("bug in cogtok");
    }
}

#[test]
fn a_home_that_is_no_directory_has_nothing_in_it() {
    let home = Home::new();
    let config = home.plant("tmp/config.toml", "version = 1\n[profiles.ws]\nuser_pool_id = \"us-east-1_Example01\"\n");
    let run = |words: &[&str]| {
        let names = ["CONFIG", "CACHE", "STATE", "DATA"].map(|name| format!("XDG_{name}_HOME"));
        names.iter().fold(home.cogtok(words), |run, name| run.env_remove(name)).env("HOME", "/dev/null")
    };
    run(&["user", "runs"]).run().ok().stdout_is("").stderr_lacks("can't be read");
    let reap = run(&["user", "reap", "--yes", "-p", "ws"]).env("COGTOK_CONFIG", &config).aws().run();
    reap.stderr_lacks("Not a directory");
    let doctor = run(&["doctor"]).prints_on_failure().run();
    doctor.stdout_has("there is no /dev/null/.config/cogtok/config.toml yet");
    let aws = run(&["user", "list", "-p", "ws", "--aws-profile", "organiser"]);
    let aws = aws.env("COGTOK_CONFIG", &config).env("AWS_CONFIG_FILE", "/etc/passwd/x").run();
    aws.stderr_has("check AWS_CONFIG_FILE: /etc/passwd/x does not exist");
}
