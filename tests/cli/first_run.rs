//! The first minutes: what cogtok says to somebody who has just installed it, and to a slip of the fingers.

use crate::harness::pty::Session;
use crate::harness::{Home, binary};
use std::collections::BTreeMap;

/// What stands between backquotes, and the lines that are nothing but a command.
fn commands_in(text: &str) -> Vec<Vec<String>> {
    let quoted = text.split('`').skip(1).step_by(2);
    let lines = text.lines().filter_map(|line| line.strip_prefix("  ")).filter_map(|line| line.split("  ").next());
    let commands = quoted.chain(lines).filter_map(|command| command.strip_prefix("cogtok "));
    commands.map(|command| command.split_whitespace().map(String::from).collect()).collect()
}

#[test]
fn cogtok_alone_in_a_fresh_home_says_in_five_lines_what_to_type() {
    let home = Home::new();
    let output = home.cogtok([""; 0]).run();
    output.ok().quiet().check(output.stdout.lines().count() <= 5, "at most five lines");
    output.check(output.stdout.lines().all(|line| line.chars().count() <= 80), "no wider than a terminal");
    let commands = commands_in(&output.stdout);
    output.check(commands.len() >= 5, "the next commands are named");
    for words in &commands {
        // With --help nothing is done, but every word before it must be known.
        home.cogtok(words).arg("--help").run().ok().quiet();
    }
    for first in ["init", "profile", "token", "secret", "completions", "--help"] {
        output.check(commands.iter().any(|words| words[0] == first), &format!("`cogtok {first}` is named"));
    }
    assert!(home.own_dirs().iter().all(|dir| !dir.exists()), "nothing is written for looking");
    // On a terminal it is the same with a question, and in a home that can't be obtained the same.
    let mut terminal = home.cogtok([""; 0]).pty();
    terminal.expect("Set up a profile now? [Y/n] ").send_line("n");
    let session = terminal.wait();
    assert_eq!(session.text, format!("{}Set up a profile now? [Y/n] n\n", output.stdout));
    home.cogtok([""; 0]).env_remove("HOME").env_remove("XDG_CONFIG_HOME").run().ok().quiet();
}

#[test]
fn what_it_names_makes_a_profile_when_typed() {
    let home = Home::new();
    let output = home.cogtok([""; 0]).run();
    let create = |words: &&Vec<String>| words.starts_with(&["profile".into(), "create".into()]);
    let commands = commands_in(&output.ok().stdout);
    let values =
        |word: &str| word.replace("URL", "https://ws.example/oauth2/token").replace("ID", "us-east-1_AbCdEfGhI");
    for (number, words) in commands.iter().filter(create).enumerate() {
        let words: Vec<String> =
            words.iter().map(|word| values(word).replace("NAME", &format!("ws{number}"))).collect();
        home.cogtok(&words).run().ok();
    }
    assert!(commands.iter().filter(create).count() >= 2, "one for each kind of token");
    // From then on the help is what helps.
    let help = home.cogtok([""; 0]).run();
    help.ok().quiet().stdout_has("Usage: cogtok").stdout_has("profile").stdout_has("eval $(cogtok token m2m");
    home.config("this is no TOML");
    home.cogtok([""; 0]).run().ok();
}

#[test]
fn without_any_profile_the_hint_is_how_the_first_one_is_made() {
    let home = Home::new();
    for line in ["secret set m2m-client", "secret status", "profile show", "profile show --origin", "profile export"] {
        let output = home.cogtok(line.split(' ')).stdin("a-secret-of-nobody").run();
        output.code(3).stderr_has("cogtok profile import SOURCE").stderr_has("cogtok profile create NAME");
        output.stderr_lacks("profile use NAME").stderr_lacks("`-p NAME`");
    }
    home.cogtok(["profile", "create", "ws", "--client-id", "web", "--region", "us-east-1"]).run().ok();
    let again = home.cogtok(["profile", "create", "ws"]).run();
    again.code(3).stderr_has("profile `ws` already exists").stderr_lacks("neither");
    let empty = home.cogtok(["secret", "set", "user-client"]).stdin("").run();
    empty.code(2).stderr_has("the secret is empty").stderr_has("the command in the pipe");
}

#[test]
fn a_group_of_commands_alone_is_exit_2_with_its_help_on_stderr() {
    let home = Home::new();
    for group in ["token", "user", "profile", "secret"] {
        // Longer than an error may be, hence not judged as one.
        let output = home.program(binary(), [group]).run();
        output.code(2).stdout_is("").stderr_has("\nCommands:\n").stderr_lacks("error:");
        output.check(output.stderr.ends_with(&format!("See `cogtok {group} COMMAND --help`.\n")), "what to do next");
    }
    for words in [&["-q"][..], &["-p", "ws"], &["--json"]] {
        home.program(binary(), words).run().code(2).stdout_is("").stderr_has("\nCommands:\n").stderr_lacks("error:");
    }
}

#[test]
fn a_slip_of_the_fingers_is_answered_with_the_word_that_was_meant() {
    let home = Home::new();
    for name in ["workshop", "production"] {
        home.cogtok(["profile", "create", name, "--client-id", "web", "--region", "us-east-1"]).run().ok();
    }
    let cases: [(&[&str], i32, &str); 22] = [
        (&["tokn"], 2, "`cogtok token`"),
        (&["profil"], 2, "`cogtok profile`"),
        (&["usr", "list"], 2, "`cogtok user`"),
        (&["token", "m2n"], 2, "`cogtok token m2m`"),
        (&["token", "usr"], 2, "`cogtok token user`"),
        (&["user", "lst"], 2, "`cogtok user list`"),
        (&["user", "setpassword", "a"], 2, "`cogtok user set-password`"),
        (&["profile", "creat", "x"], 2, "`cogtok profile create`"),
        (&["token", "m2m", "--scop", "x"], 2, "`--scope`"),
        (&["token", "m2m", "--exprt"], 2, "`--export`"),
        (&["token", "user", "--user-name", "x"], 2, "`--username`"),
        (&["user", "list", "--fliter", "x"], 2, "`--filter`"),
        (&["--profil", "ws", "token", "m2m"], 2, "`--profile`"),
        (&["token", "m2m", "-o", "jsn"], 2, "`json`"),
        (&["completions", "bsh"], 2, "`bash`"),
        (&["secret", "set", "m2mclient"], 2, "m2m-client"),
        (&["token", "user", "--auth-flow", "srpp", "-p", "workshop"], 2, "srp, password"),
        (&["token", "m2m", "-p", "worksop"], 3, "did you mean `workshop`?"),
        (&["profile", "use", "prodcution"], 3, "did you mean `production`?"),
        (&["profile", "set", "workshop", "m2m.tokenurl", "x"], 2, "did you mean `m2m.token_url`?"),
        (&["profile", "set", "workshop", "username", "x"], 2, "did you mean `user.username`?"),
        (&["profile", "set", "worksop", "user.username", "x"], 3, "did you mean `workshop`?"),
    ];
    for (words, code, meant) in cases {
        let exports = words.iter().any(|word| word.starts_with("--exp"));
        let run = home.cogtok(words);
        let output = if exports { run.prints_on_failure() } else { run }.run();
        output.code(code).stderr_has(meant);
        output.check(output.stderr.starts_with("error: "), "what is wrong comes first");
        output.check(exports || output.stdout.is_empty(), "nothing on standard output");
    }
    // What resembles nothing is not guessed at.
    home.cogtok(["xyzzy"]).run().code(2).stderr_lacks("did you mean").stderr_has("the commands of `cogtok` are");
    home.cogtok(["token", "m2m", "-p", "xyzzy"]).run().code(3).stderr_lacks("did you mean").stderr_has("workshop");
    // A key in the file is told the same way, and works no harm.
    home.config("version = 1\n[profiles.ws]\nregoin = \"us-east-1\"\nuser.client_id = \"web\"\n");
    home.cogtok(["token", "user", "-p", "ws", "--username", "a"]).run().stderr_has("regoin").stderr_has("`region`");
}

#[test]
fn help_is_readable_at_80_columns_and_has_examples() {
    let home = Home::new();
    let mut left: Vec<Vec<String>> = vec![Vec::new()];
    let mut count = 0;
    while let Some(words) = left.pop() {
        let long = home.cogtok(&words).arg("--help").env("COLUMNS", "80").run();
        let text = &long.ok().quiet().stdout;
        let examples = text.split_once("\nExample").unwrap_or_default().1.split("\n\n").next().unwrap_or_default();
        let text = text.replace(examples, "");
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        long.check(widest <= 80, &format!("{widest} columns"));
        let block = text.split("\nCommands:\n").nth(1).unwrap_or_default().split("\n\n").next().unwrap();
        let names: Vec<_> = block.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).collect();
        for name in &names {
            left.push(words.iter().cloned().chain(name.split_whitespace().next().map(String::from)).collect());
        }
        long.check(!names.is_empty() || examples.contains("cogtok "), "an example");
        // -h is the shorter of the two and is always there.
        let short = home.cogtok(&words).arg("-h").env("COLUMNS", "80").run();
        short.ok().quiet().check(short.stdout.lines().count() <= long.stdout.lines().count(), "-h is shorter");
        count += 1;
    }
    assert!(count > 20, "{count} commands");
}

#[test]
fn colours_are_for_terminals_and_asked_for_otherwise() {
    let home = Home::new();
    let cogtok = binary();
    let cogtok = cogtok.to_str().unwrap();
    let outputs: [(&[&str], u32); 3] = [(&["--help"], 0), (&["tokn"], 2), (&["profile", "show", "nosuch"], 3)];
    let has_escapes = |session: &Session| session.text.contains('\u{1b}');
    for (words, code) in outputs {
        let on_terminal = |env: &[&str], more: &[&str]| {
            let run = home.program("env", env).arg(cogtok).args(more).args(words);
            let session = run.pty().wait();
            assert_eq!(session.code, Some(code), "{words:?}: {session:?}");
            has_escapes(&session)
        };
        assert!(on_terminal(&[], &[]), "{words:?}");
        assert!(on_terminal(&["CLICOLOR=1"], &[]), "{words:?}");
        for env in ["NO_COLOR=1", "CLICOLOR=0", "TERM=dumb"] {
            assert!(!on_terminal(&[env], &[]), "{env} {words:?}");
            assert!(on_terminal(&[env], &["--color", "always"]), "an option wins over {env}: {words:?}");
        }
        for never in [&["--color", "never"][..], &["--color=never"]] {
            assert!(!on_terminal(&[], never), "{never:?} {words:?}");
        }
        let in_pipe = |more: &[&str]| {
            let script = "cogtok \"$@\" 2>&1 | cat";
            let output = home.shell("bash", script).arg("bash").args(more).args(words).run();
            output.ok().stdout.contains('\u{1b}')
        };
        assert!(!in_pipe(&[]) && in_pipe(&["--color", "always"]), "{words:?}");
    }
    // Data stays data: a value has no colours on a terminal either.
    home.cogtok(["profile", "create", "ws", "--client-id", "web"]).run().ok();
    for words in [["profile", "show"], ["profile", "current"]] {
        let session = home.cogtok(words).args(["--color", "always"]).pty().wait();
        assert!(session.code == Some(0) && !has_escapes(&session), "{session:?}");
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The codes with their meanings in the page's table.
fn exit_codes(text: &str) -> BTreeMap<u8, String> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| code |")).skip(2);
    let mut found = BTreeMap::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let old = found.insert(cells[1].parse().unwrap(), cells[2].to_string());
        assert!(old.is_none(), "{} is listed twice", cells[1]);
    }
    found
}

#[test]
fn the_page_of_exit_codes_has_a_section_for_each_failure() {
    let page = read("docs/exit-codes.md");
    for (code, meaning) in exit_codes(&page).into_iter().filter(|(code, _)| *code != 0) {
        let heading = format!("\n## {code}: {meaning}\n");
        let section = page.split(&heading).nth(1).unwrap_or_else(|| panic!("docs/exit-codes.md lacks {heading:?}"));
        let section = section.split("\n## ").next().unwrap();
        assert!(section.contains('`') || code > 100, "{code}: no command to type next");
    }
}
