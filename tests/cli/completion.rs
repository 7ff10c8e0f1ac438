//! What TAB is answered, and the scripts by which a shell asks: tests/cli/completion_tab.rs presses the key.

use crate::harness::{Home, Output, Run, state};
use std::collections::BTreeSet;
use std::path::Path;

/// Each shell and its script in completions/.
const SCRIPTS: [(&str, &str); 5] = [
    ("bash", "cogtok.bash"),
    ("zsh", "_cogtok"),
    ("fish", "cogtok.fish"),
    ("powershell", "_cogtok.ps1"),
    ("elvish", "cogtok.elv"),
];

const CONFIG: &str = "[profiles.ws]\ndescription = \"the Tuesday workshop\"\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\n\
    [profiles.west]\nuser_pool_id = \"us-west-2_Pool\"\n[profiles.bare]\n";

/// TAB behind the last word, as `shell`'s script asks.
pub fn tab<'h>(home: &'h Home, shell: &str, words: &[&str]) -> Run<'h> {
    let index = words.len().to_string();
    let run = home.cogtok(["--", "cogtok"]).args(words).env("COGTOK_COMPLETE", shell);
    run.env("_CLAP_COMPLETE_INDEX", index).env("_CLAP_IFS", "\n")
}

/// Candidates other than options, with what is said of each.
pub fn offered(home: &Home, words: &[&str]) -> Vec<(String, String)> {
    let output = tab(home, "fish", words).run();
    let lines = output.ok().quiet().stdout.lines().map(|line| line.split_once('\t').unwrap_or((line, "")));
    let is_wanted = |name: &str| words.last().unwrap().starts_with('-') || !name.starts_with('-');
    lines.filter(|(name, _)| is_wanted(name)).map(|(name, help)| (name.into(), help.into())).collect()
}

/// Candidates other than options.
pub fn names(home: &Home, words: &[&str]) -> Vec<String> {
    offered(home, words).into_iter().map(|(name, _)| name).collect()
}

#[test]
fn each_script_is_the_committed_one() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("completions");
    let home = Home::new();
    for (shell, file) in SCRIPTS {
        let output = home.cogtok(["completions", shell]).run();
        let path = dir.join(file);
        if std::env::var_os("COGTOK_UPDATE").is_some() {
            std::fs::write(&path, &output.ok().quiet().stdout).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            output.ok().quiet().stdout == committed && committed.contains("COGTOK_COMPLETE"),
            "completions/{file} is not current: COGTOK_UPDATE=1 cargo test --test cli completion:: rewrites it"
        );
    }
    let files: BTreeSet<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files, SCRIPTS.iter().map(|(_, file)| file.into()).collect());
}

#[test]
fn profiles_are_offered_with_what_each_is_for_wherever_one_is_wanted() {
    let home = Home::new();
    home.config(CONFIG);
    let all = [("bare", ""), ("west", "us-west-2_Pool"), ("ws", "the Tuesday workshop")];
    let all: Vec<_> = all.iter().map(|(name, help)| ((*name).to_string(), (*help).to_string())).collect();
    for words in [
        &["token", "m2m", "-p", ""][..],
        &["-p", ""],
        &["secret", "set", "m2m-client", "--profile", ""],
        &["profile", "use", ""],
        &["profile", "show", ""],
        &["profile", "set", ""],
        &["profile", "delete", ""],
    ] {
        assert_eq!(offered(&home, words), all, "{words:?}");
    }
    assert_eq!(names(&home, &["token", "m2m", "-p", "w"]), ["west", "ws"]);
    assert_eq!(names(&home, &["token", "m2m", "--profile=ws"]), ["--profile=ws"]);
    assert_eq!(names(&home, &["token", "m2m", "-pwe"]), ["-pwest"]);
    assert_eq!(names(&home, &["token", "m2m", "-p", "x"]), [""; 0]);
    for (shell, _) in SCRIPTS {
        let output = tab(&home, shell, &["token", "m2m", "-p", ""]).run();
        let values = output.ok().quiet().stdout.lines().map(|line| line.split(['\t', ':']).next().unwrap());
        assert_eq!(values.collect::<Vec<_>>(), ["bare", "west", "ws"], "{shell}");
    }
}

#[test]
fn options_do_not_stand_among_what_is_asked_for_and_are_offered_where_nothing_else_is() {
    let home = Home::new();
    home.config("[profiles.only]\n");
    for shell in ["bash", "zsh", "fish"] {
        let one = tab(&home, shell, &["profile", "use", ""]).run();
        assert_eq!(one.ok().quiet().stdout.trim_end(), "only", "{shell}: the only profile is completed at once");
        tab(&home, shell, &["profile", "use", "-"]).run().ok().stdout_has("-p");
        tab(&home, shell, &["token", "m2m", ""]).run().ok().stdout_has("--scope");
    }
    // Where the configuration has nothing to say, they are no substitute for it.
    for config in ["", "[profiles.only", "\u{0}"] {
        home.config(config);
        for words in [&["profile", "use", ""][..], &["-q", "profile", "set", ""], &["token", "m2m", "-p", ""]] {
            let output = tab(&home, "bash", words).run();
            assert_eq!(output.ok().quiet().stdout.trim(), "", "{words:?} with {config:?}");
        }
        tab(&home, "bash", &["profile", "use", "--c"]).run().ok().stdout_has("--config");
        tab(&home, "bash", &["profile", "create", ""]).run().ok().stdout_has("--client-id");
    }
}

#[test]
fn the_profiles_are_those_of_the_configuration_that_the_line_names() {
    let home = Home::new();
    home.config(CONFIG);
    let other = home.plant("other.toml", "[profiles.elsewhere]\n");
    let other = other.to_str().unwrap();
    let variable = tab(&home, "fish", &["-p", ""]).env("COGTOK_CONFIG", other).run();
    variable.ok().quiet().stdout_is("elsewhere\n");
    assert_eq!(names(&home, &["--config", other, "token", "m2m", "-p", ""]), ["elsewhere"]);
    assert_eq!(names(&home, &["token", "m2m", &format!("--config={other}"), "-p", ""]), ["elsewhere"]);
}

#[test]
fn every_closed_set_of_values_is_offered_as_the_program_takes_it() {
    let home = Home::new();
    home.config(CONFIG);
    let flows = ["srp", "password", "user-auth", "admin", "custom"];
    for (words, values) in [
        (&["secret", "set", ""][..], &["m2m-client", "user-client", "password", "totp"][..]),
        (&["secret", "delete", ""], &["m2m-client", "user-client", "password", "totp"]),
        (&["token", "user", "--auth-flow", ""], &flows),
        (&["profile", "create", "x", "--auth-flow", ""], &flows),
        (
            &["token", "user", "--preferred-challenge", ""],
            &["password-srp", "password", "email-otp", "sms-otp", "web-authn"],
        ),
        (&["token", "user", "--token", ""], &["access", "id"]),
        (&["token", "m2m", "--auth-method", ""], &["client_secret_basic", "client_secret_post"]),
        (&["completions", ""], &["bash", "zsh", "fish", "powershell", "elvish"]),
        (&["user", "list", "-o", ""], &["table", "json", "jsonl", "csv", "text"]),
        (&["token", "user", "--color", ""], &["auto", "always", "never"]),
        (&["user", "create", "--if-exists", ""], &["fail", "skip", "reset"]),
        (
            &["token", "m2m", "--export="],
            &[
                "--export=sh",
                "--export=json",
                "--export=dotenv",
                "--export=powershell",
                "--export=nushell",
                "--export=cmd",
                "--export=github-actions",
            ],
        ),
        (&["token", "m2m", "--transport", ""], &["auto", "endpoint", "api"]),
        (&["header", "--format", ""], &["line", "curl-config", "json"]),
        (&["exec", "--as", ""], &["user", "m2m"]),
    ] {
        assert_eq!(names(&home, words), values, "{words:?}");
    }
    let refusal = home.cogtok(["profile", "set", "ws", "zzz", "x"]).run();
    let keys = refusal.code(2).stderr.split("the keys are ").nth(1).unwrap().trim().split(", ");
    // What `secret set` keeps is not set by hand, and only who names a target knows its name.
    let keys: BTreeSet<_> =
        keys.filter(|key| *key != "secrets" && !key.starts_with("targets.")).map(String::from).collect();
    assert_eq!(names(&home, &["profile", "set", "ws", ""]).into_iter().collect::<BTreeSet<_>>(), keys);
    assert!(keys.len() > 10, "{keys:?}");
}

/// The commands that a group's help lists, with what it says of each.
pub fn listed(home: &Home, group: &[&str]) -> Vec<(String, String)> {
    let help = home.cogtok(group).arg("--help").env("COLUMNS", "200").run();
    let list = help.ok().stdout.split("\nCommands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap();
    let commands = list.lines().filter_map(|line| line.trim().split_once("  "));
    commands.map(|(name, help)| (name.into(), help.trim().into())).collect()
}

#[test]
fn every_command_is_offered_with_its_first_line_of_help() {
    let home = Home::new();
    let mut count = 0;
    for group in [&[][..], &["user"], &["token"], &["profile"], &["secret"]] {
        let commands = listed(&home, group);
        assert_eq!(offered(&home, &[group, &[""]].concat()), commands, "cogtok {group:?}");
        count += commands.len();
    }
    assert!(count > 15, "{count} commands");
    let options = names(&home, &["token", "m2m", "--"]);
    assert!(options.contains(&"--scope".into()) && options.contains(&"--profile".into()), "{options:?}");
    assert!(!options.iter().any(|option| option.contains("password") || option == "--secret"), "{options:?}");
}

#[test]
fn files_complete_from_the_working_directory() {
    let home = Home::new();
    home.plant("here/config-of-mine.toml", "");
    for words in [&["--config", "conf"][..], &["token", "m2m", "--ca-bundle", "conf"], &["secret", "init", "conf"]] {
        let output = tab(&home, "fish", words).cwd(home.path("here")).run();
        output.ok().quiet().stdout_is("config-of-mine.toml\n");
    }
}

#[test]
fn a_directory_is_offered_only_on_the_way_to_a_file() {
    let home = Home::new();
    home.plant("here/class.age", "");
    std::fs::create_dir(home.path("here/class")).unwrap();
    for words in [
        &["init", ""][..],
        &["profile", "import", ""],
        &["user", "create", "--from", ""],
        &["user", "delete", "--from", ""],
        &["profile", "export", "ws", "--seats", ""],
        &["token", "verify", "--jwks", ""],
        &["--config", ""],
    ] {
        let output = tab(&home, "fish", words).cwd(home.path("here")).run();
        let names = output.ok().quiet().stdout.lines().filter(|name| !name.starts_with('-'));
        assert_eq!(names.collect::<Vec<_>>(), ["class.age", "class/"], "{words:?}");
    }
}

#[test]
fn the_configuration_alone_is_read_and_nothing_is_written() {
    crate::harness::need("strace", "strace");
    let home = Home::new();
    home.config(&format!("{CONFIG}secrets = [\"m2m-client\"]\n[profiles.bare.m2m]\nclient_id = \"x\"\n"));
    let before = state::files(&home.path(""));
    let log = home.allow(home.path("calls"));
    for words in [&["token", "m2m", "-p", ""][..], &["tok"], &["secret", "set", ""], &["profile", "set", "ws", "m2m."]]
    {
        let calls = "trace=%network,%file,%process,write";
        let strace = ["strace", "-f", "-qq", "-e", calls, "-o", log.to_str().unwrap()];
        let output =
            tab(&home, "fish", words).under(strace).env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus").run();
        output.ok().quiet().check(!output.stdout.is_empty(), "candidates");
        let calls = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        for (call, sign) in
            [("a socket", "socket("), ("a process", "fork("), ("a new file", "O_CREAT"), ("a bus", "/bus")]
        {
            assert!(!calls.contains(sign), "{words:?} wants {call}:\n{calls}");
        }
        let writes: Vec<_> = calls.lines().filter(|line| line.contains("write(")).collect();
        assert!(writes.iter().all(|line| line.contains("write(1, ")), "{writes:#?}");
        let own: Vec<_> = calls.lines().filter(|line| line.contains("cogtok") && line.contains("openat(")).collect();
        let root = home.path("").to_str().unwrap().to_string();
        let own: Vec<_> = own.into_iter().filter(|line| line.contains(&root)).collect();
        assert!(own.iter().all(|line| line.contains("config.toml") && line.contains("O_RDONLY")), "{own:#?}");
    }
    assert_eq!(state::files(&home.path("")), before);
}

#[test]
fn a_configuration_that_cannot_be_read_offers_nothing_and_says_nothing() {
    let check = |what: &str, home: &Home| {
        let ask = |words: &[&str]| tab(home, "fish", words).timeout(std::time::Duration::from_secs(2)).run();
        let commands = ask(&["tok"]);
        commands.ok().quiet().check(commands.stdout.starts_with("token\t"), what);
        ask(&["token", "m2m", "-p", ""]).ok().quiet().check(ask(&["-p", ""]).stdout.is_empty(), what);
    };
    check("none", &Home::new());
    let mut large = vec![b'#'; 16 * 1024 * 1024];
    large.extend(b"\n[profiles.ws]\n");
    for (what, bytes) in [
        ("no TOML", b"[profiles.ws]\nx = \n".to_vec()),
        ("no UTF-8", b"[profiles.ws]\nregion = \"\xff\"\n".to_vec()),
        ("too large", large),
        ("too deep", format!("[profiles.ws]\nx = {}", "[".repeat(100_000)).into_bytes()),
        ("profiles of another type", b"profiles = [\"ws\"]\n".to_vec()),
    ] {
        let home = Home::new();
        home.plant(".config/cogtok/config.toml", bytes);
        check(what, &home);
    }
    let home = Home::new();
    let path = home.allow(home.config(""));
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    check("a FIFO", &home);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    check("a link to nothing", &home);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    check("a directory", &home);
}

#[test]
fn a_question_that_no_script_asks_is_answered_with_nothing() {
    let home = Home::new();
    home.config(CONFIG);
    let none = "";
    for (shell, index) in
        [("nosuch", "2"), ("bash", "99"), ("bash", "-1"), ("zsh", "x"), ("elvish", "18446744073709551615")]
    {
        let output = tab(&home, shell, &["token", none]).env("_CLAP_COMPLETE_INDEX", index).run();
        output.ok().quiet().stdout_is("");
    }
    // Left over in an environment, the variable alone makes no command succeed and do nothing.
    home.cogtok(["token", "m2m", "-p", "nosuch"]).env("COGTOK_COMPLETE", "bash").run().code(3);
    let bytes: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(b"t\xff".to_vec());
    home.cogtok(["--", "cogtok"]).arg(bytes).env("COGTOK_COMPLETE", "fish").run().ok().quiet().stdout_is("");
}

#[test]
fn hostile_names_and_descriptions_stay_one_printable_line_each() {
    let home = Home::new();
    let evil = r"\u001b]0;owned\u0007\u009b31m\r\nsecond line\tthird\u202e\u0000";
    home.config(&format!(
        "[profiles.good]\ndescription = \"{evil}{}\"\n[profiles.\"$(touch ran)\"]\n[profiles.\"a b\"]\n\
         [profiles.\"-x\"]\n[profiles.\"..\"]\n[profiles.\"\\u001b[31m\"]\n[profiles.\"a\\nb\"]\n[profiles.\"a:b\"]\n",
        "long ".repeat(10_000)
    ));
    for (shell, _) in SCRIPTS {
        let output: Output = tab(&home, shell, &["token", "m2m", "-p", ""]).run();
        let line = output.ok().quiet().stdout.trim_end_matches('\n');
        let is_plain = line.chars().all(|c| c == '\t' || crate::harness::oracle::printable(c));
        output.check(is_plain && line.split(['\t', ':']).next() == Some("good"), "one line of what can be shown");
        output.check(line.chars().count() < 200 && line.matches('\t').count() <= 1, "no more than fits a line");
    }
}
