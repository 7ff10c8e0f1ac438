//! `cogtok help TOPIC`: the pages of the documentation, from inside the program.

use crate::harness::Home;
use std::path::Path;

/// The topics that are listed.
fn topics(home: &Home) -> Vec<String> {
    let list = home.cogtok(["help", "topics"]).run();
    let list = &list.ok().quiet().stdout;
    assert!(list.lines().count() <= 24 && list.lines().all(|line| line.chars().count() <= 80), "{list}");
    let names = list.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

#[test]
fn each_topic_is_a_page_that_fits_a_terminal() {
    let home = Home::new();
    let topics = topics(&home);
    for wanted in
        ["environment", "exit-codes", "profiles", "secrets", "signing-in", "cognito-setup", "bedrock", "scripts"]
    {
        assert!(topics.iter().any(|topic| topic == wanted), "{wanted}: {topics:?}");
    }
    for topic in &topics {
        let name = match topic.as_str() {
            "calling" => "call",
            "checks" => "doctor",
            "mcp-clients" => "mcp",
            "credential-process" => "aws-credentials",
            name => name,
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("docs/{name}.md"));
        let page = std::fs::read_to_string(path).unwrap();
        let title = page.lines().next().unwrap().trim_start_matches("# ");
        let shown = home.cogtok(["help", topic]).run();
        let shown = &shown.ok().quiet().stdout;
        assert_eq!(shown.lines().next(), Some(title));
        // Commands to copy are as long as they are; all else is wrapped.
        let wide = shown.lines().filter(|line| line.chars().count() > 80);
        let wide: Vec<&str> = wide.filter(|line| !line.starts_with("    ") && line.trim().contains(' ')).collect();
        assert!(wide.is_empty(), "{topic}: {wide:#?}");
        let is_left = |line: &&str| {
            !line.starts_with("    ") && (line.starts_with('#') || line.contains("](") || line.starts_with("```"))
        };
        let left: Vec<&str> = shown.lines().filter(is_left).collect();
        assert!(left.is_empty(), "{topic}: {left:#?}");
        for heading in page.lines().filter_map(|line| line.strip_prefix("## ")) {
            assert!(shown.lines().any(|line| line == heading), "{topic} lacks {heading}");
        }
        assert!(!shown.contains(['\u{1}', '\u{2}', '\u{1b}']), "{topic}");
    }
}

#[test]
fn what_is_neither_a_topic_nor_a_command_is_told_with_the_nearest() {
    let home = Home::new();
    insta::assert_snapshot!(home.cogtok(["help", "enviroment"]).run().message(), @"
    exit 2
    error: unknown command or topic `enviroment`
    hint: did you mean `cogtok help environment`?
    hint: `cogtok help topics` lists the topics, `cogtok --help` the commands
    ");
    insta::assert_snapshot!(home.cogtok(["help", "zzzzzz", "x"]).run().message(), @"
    exit 2
    error: unknown command or topic `zzzzzz x`
    hint: `cogtok help topics` lists the topics, `cogtok --help` the commands
    ");
}

#[test]
fn what_may_be_a_token_is_not_repeated() {
    let home = Home::new();
    let token = "eyJraWQiOiJ0ZXN0LWFjY2VzcyIsImFsZyI6IlJTMjU2In0.eyJzdWIiOiI1ZjBjMWMyZSJ9.c2ln";
    insta::assert_snapshot!(home.cogtok(["help", token]).run().message(), @"
    exit 2
    error: unknown command or topic (not shown: it may be a token or a secret)
    hint: `cogtok help topics` lists the topics, `cogtok --help` the commands
    ");
}

#[test]
fn a_page_is_shown_where_a_variable_is_wrong_that_other_commands_refuse() {
    let home = Home::new();
    home.cogtok(["status"]).env("COGTOK_TIMEOUT", "soon").run().code(2).stderr_has("COGTOK_TIMEOUT");
    let run = home.cogtok(["help", "environment"]).env("COGTOK_TIMEOUT", "soon").run();
    run.ok().quiet().stdout_has("COGTOK_TIMEOUT");
}

#[test]
fn at_a_terminal_a_page_goes_through_the_pager_which_gets_no_secret() {
    let home = Home::new();
    let (page, names) = (home.allow(home.path("page")), home.allow(home.path("names")));
    home.canary("typed-secret");
    let pager = home.plant("pager", format!("#!/bin/sh\nenv >{}\ncat >{}\n", names.display(), page.display()));
    std::fs::set_permissions(&pager, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let shown = |pager: &str| {
        let run = home.cogtok(["help", "exit-codes"]).env("PAGER", pager).env("TERM", "xterm");
        run.env("COGTOK_PASSWORD", "typed-secret").pty().wait()
    };
    let session = shown(pager.to_str().unwrap());
    assert_eq!((session.code, session.text.as_str()), (Some(0), ""));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.starts_with("\u{1b}[1mExit codes\u{1b}[0m\n"), "{page}");
    let names = std::fs::read_to_string(names).unwrap();
    assert!(names.contains("LESS=FRX") && !names.contains("typed-secret"), "{names}");
    for none in ["cat", ""] {
        let session = shown(none);
        assert!(session.code == Some(0) && session.text.contains("Exit codes"), "{none}: {session:?}");
    }
}

#[test]
fn tab_completes_topics_and_commands() {
    let home = Home::new();
    let run = home.cogtok(["--", "cogtok", "help", "e"]).env("COGTOK_COMPLETE", "fish").run();
    let offered = &run.ok().quiet().stdout;
    for word in ["environment\t", "exit-codes\t", "exec\t"] {
        assert!(offered.lines().any(|line| line.starts_with(word)), "{offered}");
    }
}

#[test]
fn no_message_points_to_a_file_of_the_repository() {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let lines =
                text.lines().filter(|line| !line.trim_start().starts_with("//") && !line.contains("include_str!"));
            let lines = lines.filter(|line| line.contains("docs/") && line.contains(".md") && line.contains('"'));
            found.extend(lines.map(|line| format!("{}: {line}", path.display())));
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.is_empty(), "`cogtok help TOPIC` instead: {found:#?}");
}
