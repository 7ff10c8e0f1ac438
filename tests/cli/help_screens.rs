//! Help on a terminal of 24 lines of 80 columns: what is wanted is on the screen, and options that say nothing are not.

use crate::harness::{Home, Output};

const GROUPS: [&str; 8] = ["user", "token", "profile", "secret", "cache", "call", "mcp", "password"];

fn help(home: &Home, words: &str) -> Output {
    home.cogtok(words.split(' ')).env("COLUMNS", "80").run()
}

#[test]
fn a_group_alone_is_its_commands_and_examples_on_one_screen() {
    let home = Home::new();
    for group in GROUPS {
        let session = home.cogtok([group]).pty_of(24, 80).wait();
        assert_eq!(session.code, Some(2), "{group}");
        let lines: Vec<&str> = session.text.lines().collect();
        assert!(lines.len() <= 14, "{group}: {} lines\n{}", lines.len(), session.text);
        assert!(lines.iter().all(|line| line.chars().count() <= 80 && !line.contains('…')), "{}", session.text);
        let examples = lines.iter().filter(|line| line.starts_with("  cogtok ")).count();
        assert!((1..=3).contains(&examples) && !session.text.contains("error:"), "{}", session.text);
        // Every command that --help lists is here as well.
        let whole = help(&home, &format!("{group} --help"));
        let listed = whole.ok().stdout.lines().skip_while(|line| *line != "Commands:").skip(1);
        let names: Vec<&str> = listed
            .take_while(|line| line.starts_with("  "))
            .filter(|line| !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert!(names.len() > 1, "{group}");
        for name in names {
            assert!(session.text.split_whitespace().any(|word| word == name), "{group}: no {name}\n{}", session.text);
        }
    }
}

#[test]
fn no_line_of_any_help_is_wider_than_the_terminal() {
    let home = Home::new();
    let reference = include_str!("../../docs/cli.md");
    let commands: Vec<&str> = reference.lines().filter_map(|line| line.strip_prefix("## cogtok")).collect();
    assert!(commands.len() > 60, "{}", commands.len());
    for command in commands {
        let output = help(&home, format!("{command} --help").trim());
        for line in output.ok().stdout.lines() {
            output.check(line.chars().count() <= 80, line);
        }
    }
}

/// What catches the output as a token gets nothing, and no success.
#[test]
fn a_group_alone_is_no_success_and_no_output() {
    let home = Home::new();
    for line in ["token", "token -q", "token -p ws", "--json"] {
        // Longer than an error may be, hence not judged as one.
        let output = home.program(crate::harness::binary(), line.split(' ')).run();
        output.code(2).stdout_is("").stderr_has("Commands:");
    }
}

#[test]
fn examples_stand_before_options_and_global_options_on_one_line() {
    let home = Home::new();
    for line in ["token user -h", "token user --help", "profile create --help", "user list -h"] {
        let output = help(&home, line);
        let text = &output.ok().quiet().stdout;
        let (examples, options) = (text.find("\nExample").unwrap(), text.find("\nOptions:\n").unwrap());
        output.check(examples < options, "examples first");
        output.check(!text.contains("--ca-bundle") && !text.contains("--aws-profile <"), "no global options");
        output.check(text.lines().last().unwrap().ends_with(": cogtok help options"), "one line for them");
    }
    // Only what means something to the command.
    let use_ = help(&home, "profile use --help");
    use_.ok()
        .check(use_.stdout.lines().count() <= 20, "an argument and two examples")
        .stdout_has("cogtok profile use ws");
    use_.check(!use_.stdout.contains("--region") && !use_.stdout.contains("--timeout"), "no network, no Region");
    help(&home, "token m2m -h").ok().stdout_has("--timeout");
    // What means something else here is the command's own.
    let call = help(&home, "mcp-proxy -h");
    call.ok().stdout_has("How long each request may take");
    let all = home.cogtok(["help", "options"]).run();
    for option in ["--profile", "--config", "--region", "--endpoint-url", "--ca-bundle", "--color", "--no-input"] {
        all.ok().quiet().stdout_has(option);
    }
}

#[test]
fn only_the_forms_that_a_command_has_are_offered() {
    let home = Home::new();
    for (words, forms, refused, says) in [
        ("user list", "table|json|jsonl|csv|text", "", ""),
        ("status", "table|json", "text", "error: `status` can't print plain text\nhint: use -o table or -o json\n"),
        ("token user", "text|json", "table", "error: `token user` can't print a table\nhint: use -o text or -o json\n"),
        ("user create", "text|table|json|jsonl|csv", "", ""),
        ("group members", "table|json|jsonl|csv|text", "", ""),
        ("secret list-remote", "table|json", "", ""),
        ("cache clear", "text|json", "csv", "error: `cache clear` can't print CSV\nhint: use -o text or -o json\n"),
        (
            "profile list",
            "table|json|text",
            "csv",
            "error: `profile list` can't print CSV\nhint: use -o table or -o json or -o text\n",
        ),
    ] {
        help(&home, &format!("{words} -h")).ok().stdout_has(&format!("-o {forms},"));
        let tab = crate::completion::names(&home, &[&words.split(' ').collect::<Vec<_>>()[..], &["-o", ""]].concat());
        assert_eq!(tab.join("|"), forms, "{words}");
        if !refused.is_empty() {
            let output = home.cogtok(words.split(' ')).args(["-o", refused]).run();
            output.code(2).stdout_is("");
            assert_eq!(output.stderr, says);
        }
    }
    home.cogtok(["profile", "export", "--json"]).run().code(2).stderr_has("`profile export` can't print JSON");
}

#[test]
fn tab_offers_a_commands_own_options_and_the_few_common_ones() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let offered = crate::completion::tab(&home, shell, &["token", "user", "--"]).run();
        offered.ok().stdout_has("--username").stdout_has("--profile").stdout_has("--json");
        for rare in ["--ca-bundle", "--aws-profile", "--endpoint-url", "--no-input", "--color"] {
            offered.check(!offered.stdout.contains(rare), rare);
        }
        // Whoever types more of one means it.
        crate::completion::tab(&home, shell, &["token", "user", "--ca"]).run().ok().stdout_has("--ca-bundle");
    }
    let own = crate::completion::names(&home, &["profile", "use", "--"]);
    assert!(own.len() <= 3, "{own:?}");
}

#[test]
fn the_first_words_fit_a_narrow_terminal() {
    let home = Home::new();
    let output = home.cogtok([""; 0]).run();
    let widest = output.ok().stdout.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 80, "{widest}");
}
