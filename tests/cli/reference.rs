//! The documentation says what the program does: the command reference is generated from it, and the lists are compared.

use crate::harness::Home;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The help of every command by its words, in the order in which a reader meets them.
fn helps() -> Vec<(Vec<String>, String)> {
    fn walk(home: &Home, words: Vec<String>, found: &mut Vec<(Vec<String>, String)>) {
        let output = home.cogtok(&words).arg("--help").env("COLUMNS", "100").run();
        let help = output.ok().quiet().stdout.clone();
        let names: Vec<String> =
            section(&help, "Commands:").filter_map(|line| line.split_whitespace().next()).map(String::from).collect();
        found.push((words.clone(), help));
        for name in names {
            walk(home, words.iter().cloned().chain([name]).collect(), found);
        }
    }
    let mut found = Vec::new();
    walk(&Home::new(), Vec::new(), &mut found);
    assert!(found.len() > 10, "{found:#?}");
    found
}

/// The indented lines under a heading.
fn section<'a>(help: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let lines = help.lines().skip_while(move |line| *line != heading).skip(1).collect::<Vec<_>>();
    lines.into_iter().take_while(|line| line.is_empty() || line.starts_with(' '))
}

/// A help text for the reference: without the empty lines between options, and without the global options that stand at the
/// top already, in the same words.
fn for_reference(help: &str, top: &str) -> String {
    const HEADING: &str = "Global options:\n";
    let (mut kept, mut is_global, mut has_own) = (Vec::new(), false, false);
    for paragraph in help.split("\n\n") {
        is_global = paragraph.starts_with(HEADING) || (is_global && paragraph.starts_with(' '));
        let option = paragraph.trim_start_matches(HEADING);
        if help == top || !is_global {
            kept.push(paragraph.to_string());
        } else if !top.contains(option) {
            kept.push(if has_own { option.to_string() } else { format!("{HEADING}{option}") });
            has_own = true;
        }
    }
    let kept = kept.join("\n\n");
    let mut lines: Vec<&str> = Vec::new();
    for line in kept.lines().map(str::trim_end) {
        if line.starts_with(' ') && lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        lines.push(line);
    }
    lines.join("\n").trim_end().to_string()
}

#[test]
fn the_command_reference_is_what_the_help_texts_say() {
    let mut text = String::from(
        "# Commands\n\nThe help texts of every command; `COGTOK_UPDATE=1 cargo test --test cli reference::` writes this file. \
         The options that\nevery command takes stand at the end; one that means something else to a command stands there as well.\n",
    );
    let helps = helps();
    for (words, help) in &helps {
        let name = [&["cogtok".to_string()], words.as_slice()].concat().join(" ");
        text += &format!("\n## {name}\n\n```text\n{}\n```\n", for_reference(help, &helps[0].1));
    }
    let options = Home::new().cogtok(["help", "options"]).env("COLUMNS", "100").run();
    text += &format!("\n## cogtok help options\n\n```text\n{}\n```\n", options.ok().quiet().stdout.trim_end());
    let path = root().join("docs/cli.md");
    if std::env::var_os("COGTOK_UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = text.lines().zip(committed.lines()).find(|(new, old)| new != old);
    assert!(
        committed == text,
        "docs/cli.md is not current ({differs:?}): COGTOK_UPDATE=1 cargo test --test cli reference:: rewrites it"
    );
}

#[test]
fn a_list_of_commands_says_of_each_what_its_own_help_says() {
    let helps = helps();
    let own: BTreeMap<&[String], &str> =
        helps.iter().map(|(words, help)| (words.as_slice(), help.lines().next().unwrap_or_default())).collect();
    let mut count = 0;
    for (words, help) in &helps {
        let listed: Vec<&str> = section(help, "Commands:").collect();
        for (at, line) in
            listed.iter().enumerate().filter(|(_, line)| line.starts_with("  ") && !line.starts_with("   "))
        {
            let (name, about) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            // A long one goes on in lines of its own.
            let more = listed[at + 1..].iter().take_while(|line| line.starts_with("      "));
            let about: Vec<&str> = std::iter::once(about.trim()).chain(more.map(|line| line.trim())).collect();
            let command: Vec<String> = words.iter().cloned().chain([name.to_string()]).collect();
            assert_eq!(own[command.as_slice()], about.join(" ").trim(), "{command:?}");
            count += 1;
        }
    }
    assert!(count > 40, "only {count} commands were found");
}

#[test]
fn every_help_text_has_an_example_and_fits_its_columns() {
    for (words, help) in helps() {
        let is_group = help.contains("\nCommands:\n") && !words.is_empty();
        let examples = section(&help, "Example:")
            .chain(section(&help, "Examples:"))
            .filter(|line| line.contains("cogtok "))
            .count();
        assert!(is_group || examples > 0, "cogtok {words:?} --help shows no example:\n{help}");
        let widest = without_examples(&help).map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= 100, "cogtok {words:?} --help is {widest} columns wide");
        let home = Home::new();
        let short = home.cogtok(&words).arg("-h").env("COLUMNS", "80").run();
        let is_narrow = without_examples(&short.ok().quiet().stdout).all(|line| line.chars().count() <= 80);
        short.check(is_narrow, "-h is wider than the terminal");
        for columns in ["40", "80"] {
            let narrow = home.cogtok(&words).arg("--help").env("COLUMNS", columns).run();
            narrow.check(examples_in(&narrow.stdout) == examples_in(&help), "an example is broken to fit the terminal");
        }
    }
}

/// The examples of a help text, line by line.
fn examples_in(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| !line.starts_with("Example"));
    lines.take_while(|line| line.is_empty() || line.starts_with(' ') || line.starts_with("Example")).collect()
}

/// The lines of a help text but for the examples, which are lines to copy and are never wrapped.
fn without_examples(help: &str) -> impl Iterator<Item = &str> {
    let mut is_example = false;
    help.lines().filter(move |line| {
        is_example = line.starts_with("Example") || (is_example && line.starts_with(' '));
        !is_example
    })
}

/// Every `cogtok …` in a text of shell commands, as words.
fn commands(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.split(" # ").next().unwrap().split("  #").next().unwrap();
        for (at, _) in line.match_indices("cogtok ") {
            let is_command = line[..at].chars().last().is_none_or(|c| " (".contains(c));
            let rest = line[at + 7..].split([')', '|', ';', '<', '>', '&']).next().unwrap();
            if is_command {
                found.push(quoted_words(rest));
            }
        }
    }
    found
}

/// The words of a command, with one level of quotes taken off.
fn quoted_words(text: &str) -> Vec<String> {
    let (mut words, mut open) = (vec![String::new()], None);
    for c in text.chars() {
        match (open, c) {
            (Some(quote), c) if c == quote => open = None,
            (None, '"' | '\'') => open = Some(c),
            (None, c) if c.is_whitespace() => words.push(String::new()),
            _ => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The shell blocks of a Markdown text.
fn shell_blocks(text: &str) -> String {
    let blocks = text.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    blocks.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_command_in_the_documentation_and_in_the_examples_is_one_that_there_is() {
    let home = Home::new();
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for path in documents() {
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        texts.insert(name, shell_blocks(&std::fs::read_to_string(path).unwrap()));
    }
    for (words, help) in helps() {
        let examples = section(&help, "Example:").chain(section(&help, "Examples:")).collect::<Vec<_>>().join("\n");
        texts.insert(format!("cogtok {} --help", words.join(" ")), examples);
    }
    let mut count = 0;
    for (source, text) in texts {
        for words in commands(&text) {
            // With --help at the end nothing is done, but every word before it must be known. What stands behind `--` is another
            // command's, and what begins with `<` the shell's.
            let is_own = |word: &&String| *word != "--" && !word.starts_with('<');
            let own: Vec<_> = words.iter().take_while(is_own).collect();
            let output = home.cogtok(&own).arg("--help").prints_on_failure().run();
            output.check(output.code == Some(0), &format!("{source} shows a command that does not exist"));
            let values: Vec<_> =
                words.iter().filter(|word| word.starts_with("user.") || word.starts_with("m2m.")).collect();
            for key in values {
                assert!(known_keys().contains(key), "{source}: `{key}` is not a key");
            }
            count += 1;
        }
    }
    assert!(count > 40, "only {count} commands were found");
}

/// README.md and the pages under docs/.
fn documents() -> Vec<PathBuf> {
    let pages = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.chain([root().join("README.md")]).collect()
}

/// The keys that `profile set` lists.
fn known_keys() -> BTreeSet<String> {
    let home = Home::new();
    let output = home.cogtok(["profile", "set", "ws", "zzz", "x"]).run();
    let list = output.code(2).stderr.split("the keys are ").nth(1).expect("the list of keys").trim();
    list.split(", ").map(String::from).collect()
}

fn flatten(prefix: &str, table: &toml::Table, found: &mut BTreeMap<String, Vec<String>>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, found),
            toml::Value::Array(items) => {
                let items = items.iter().map(|item| item.as_str().expect("a string").to_string());
                found.insert(format!("{prefix}{key}"), items.collect());
            }
            toml::Value::Boolean(is) => drop(found.insert(format!("{prefix}{key}"), vec![is.to_string()])),
            toml::Value::Integer(number) => drop(found.insert(format!("{prefix}{key}"), vec![number.to_string()])),
            value => drop(found.insert(format!("{prefix}{key}"), vec![value.as_str().expect("a string").to_string()])),
        }
    }
}

#[test]
fn the_example_configuration_loads_and_names_every_key_with_a_comment() {
    let text = read("config.example.toml");
    let table: toml::Table = text.parse().unwrap();
    let source = read("src/store/config.rs");
    let list = source
        .split("const TOP_LEVEL")
        .nth(1)
        .and_then(|rest| rest.split(';').nth(1))
        .expect("the list of top-level keys");
    let top: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    assert_eq!(table.keys().map(String::as_str).collect::<BTreeSet<_>>(), top);
    let mut example = BTreeMap::new();
    flatten("", table["profiles"]["workshop"].as_table().unwrap(), &mut example);
    let generic = |key: &String| key.replace("targets.tools.", "targets.NAME.");
    assert_eq!(example.keys().map(generic).collect::<BTreeSet<_>>(), known_keys());

    let home = Home::new();
    home.config(&text);
    home.cogtok(["profile", "current"]).run().ok().quiet().stdout_is("workshop\n");
    let shown = home.cogtok(["profile", "show", "--json"]).run().ok().json();
    home.cogtok(["secret", "status"]).run().ok().quiet();
    home.cogtok(["profile", "create", "copy", "--client-id", "web"]).run().ok();
    for (key, values) in &example {
        let value = &shown[key];
        let given = value.as_str().map_or_else(|| value.as_array().unwrap().clone(), |text| vec![text.into()]);
        assert_eq!(
            given,
            values.iter().map(|value| serde_json::Value::from(value.as_str())).collect::<Vec<_>>(),
            "{key}"
        );
        let set = home.cogtok(["profile", "set", "copy", key]).args(values).run();
        if key == "secrets" {
            set.code(2).stderr_has("cogtok secret set");
        } else {
            set.ok();
        }
    }
    let copy = home.cogtok(["profile", "show", "copy", "--json"]).run().ok().json();
    for key in example.keys().filter(|key| *key != "secrets") {
        assert_eq!(copy[key], shown[key]);
    }

    let lines: Vec<&str> = text.lines().collect();
    for (number, pair) in lines.windows(2).enumerate() {
        let is_key = !pair[1].starts_with(['#', '[']) && !pair[1].is_empty();
        assert!(!is_key || pair[0].starts_with("# "), "line {}: no comment before {:?}", number + 2, pair[1]);
    }
}

#[test]
fn the_page_of_exit_codes_lists_those_of_the_program() {
    let source = read("src/error.rs");
    let number = |text: &str| text.trim().trim_end_matches(',').parse::<u8>().ok();
    let codes: BTreeSet<u8> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Kind::")?.split_once("=> ").and_then(|(_, code)| number(code)))
        .chain([0])
        .collect();
    assert!(codes.len() > 10, "{codes:?}");
    let page = read("docs/exit-codes.md");
    let rows = page.lines().skip_while(|line| !line.starts_with("| code |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let listed: Vec<u8> = rows.filter_map(|row| number(row.split('|').nth(1)?)).collect();
    assert_eq!(listed.iter().copied().collect::<BTreeSet<_>>(), codes);
    assert_eq!(listed.len(), codes.len(), "a code stands there twice");
}

/// Every COGTOK_… in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let of = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let names = text.split(|c| !of(c)).filter(|word| word.len() > 7 && word.starts_with("COGTOK_"));
    names.map(|name| name.trim_end_matches("_EXPIRES_AT").to_string()).collect()
}

#[test]
fn the_documentation_lists_the_variables_that_the_program_reads() {
    fn sources(dir: &Path, text: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, text);
            // Tests alone, which read what makes them write the pages.
            } else if !["man_pages.rs", "first_page_tests.rs"].iter().any(|tests| path.ends_with(tests)) {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut source = String::new();
    sources(&root().join("src"), &mut source);
    let known = variables(&source);
    let tokens = read("docs/environment.md");
    let table = tokens.split("# Environment variables\n").nth(1).expect("the table of variables");
    let not_read = ["COGTOK_ACCESS_TOKEN", "COGTOK_ID_TOKEN", "COGTOK_COMPLETE"].map(String::from);
    let read: BTreeSet<_> = known.iter().filter(|name| !not_read.contains(name)).cloned().collect();
    assert_eq!(variables(table), read, "docs/environment.md (left) and src (right)");
    for path in documents() {
        let named = variables(&std::fs::read_to_string(&path).unwrap());
        let unknown: Vec<_> = named.iter().filter(|name| !known.contains(*name) && *name != "COGTOK_UPDATE").collect();
        assert!(unknown.is_empty(), "{} names {unknown:?}, which nothing reads", path.display());
    }
}

#[test]
fn a_command_whose_answers_may_take_long_says_so_of_its_time_out() {
    let home = Home::new();
    for command in ["call http", "call runtime", "call gateway", "call model", "mcp-proxy"] {
        let help = home.cogtok(command.split(' ')).arg("--help").run();
        let text = help.ok().stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("15m of silence") && !text.contains("[default: 30s]"), "{text}");
        assert_eq!(text.matches("--timeout <").count(), 1, "{text}");
    }
    // Before the command and behind it, it is one option.
    for command in ["call http x", "call gateway x tools", "mcp-proxy x"] {
        for args in [format!("--timeout x {command}"), format!("{command} --timeout x")] {
            home.cogtok(args.split(' ')).run().code(2).stderr_has("`x` is not a duration");
        }
    }
    home.cogtok(["help", "options"]).env("COLUMNS", "120").run().ok().stdout_has("[default:");
}
