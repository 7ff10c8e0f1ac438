//! Every command and option that a text of the program names must exist: the test reads all texts from the sources and parses their
//! commands with clap.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

use super::*;

/// Commands that a profile changes nothing about, or that name it otherwise.
const WITHOUT_PROFILE: [&str; 8] =
    ["profile", "completions", "help", "status", "secret init", "cache list", "mcp list", "init"];

/// Commands that are only mentioned, without a profile to name.
const MENTIONED: [&str; 12] = [
    "aws-credentials",
    "token verify",
    "token inspect -",
    "exec",
    "secret set",
    "secret delete",
    "secret set KIND",
    "cache clear",
    "call runtime ARN",
    "mcp-proxy",
    "token m2m",
    "token user --username NAME",
];

/// The calls whose text is shown as it is: no hint, so that a command in it would lack the line's `--config`.
const AS_IT_IS: [&str; 9] = [
    "format!(",
    "note(",
    "aside(",
    "complain(",
    "leave_out(",
    "context(",
    "with_message(",
    "String::from(",
    "target: \"cogtok\",",
];

/// The same of advice: what fills a place is no command of its own.
const FILLS: [&str; 4] = [".text(", ".word(", ".listed(", ".quoted("];

/// Commands in such texts that need no configuration, or are only mentioned.
const WITHOUT_CONFIG: [&str; 2] = ["help", "exec"];

/// The literals of the sources, each with its place.
fn literals() -> Vec<(String, String)> {
    literals_in_code().into_iter().map(|(text, place, _)| (text, place)).collect()
}

/// The same, with the code before each.
fn literals_in_code() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut waiting, mut files): (Vec<PathBuf>, Vec<PathBuf>) = (vec![root], Vec::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()))
        } else {
            files.push(path)
        }
    }
    files.retain(|path| {
        !["tests.rs", "advice/hint.rs"].iter().any(|own| path.to_string_lossy().ends_with(own))
            && path.extension().is_some_and(|name| name == "rs")
    });
    files.iter().flat_map(|path| of_file(path)).collect()
}

fn of_file(path: &Path) -> Vec<(String, String, String)> {
    let text = std::fs::read_to_string(path).unwrap();
    // Tests contain literals of their own.
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let (mut found, mut rest, mut line) = (Vec::new(), text, 1);
    let before = |rest: &str| {
        let before: String = text[..text.len() - rest.len()].chars().rev().take(80).collect();
        before.chars().rev().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
    };
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '\'' if rest.starts_with("'\"'") => 3,
            '\'' if rest.starts_with("'\\\"'") => 4,
            'r' if rest.starts_with("r#\"") => {
                let end = rest.find("\"#").unwrap();
                found.push((rest[3..end].to_owned(), format!("{}:{line}", path.display()), before(rest)));
                end + 2
            }
            '"' => {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                let end = end.unwrap() + 1;
                found.push((unescaped(&rest[1..end]), format!("{}:{line}", path.display()), before(rest)));
                end + 1
            }
            c => c.len_utf8(),
        };
        line += rest[..taken].matches('\n').count();
        rest = &rest[taken..];
    }
    found
}

fn unescaped(literal: &str) -> String {
    let (mut text, mut rest) = (String::new(), literal.chars().peekable());
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('\\', Some('\n')) => while rest.next_if(|c| c.is_whitespace()).is_some() {},
            ('\\', Some('n')) => text.extend(rest.next().map(|_| '\n')),
            ('\\', Some('x')) => text.extend(rest.nth(2).map(|_| ' ')),
            ('\\', Some(_)) => text.extend(rest.next()),
            (c, _) => text.push(c),
        }
    }
    text
}

/// The commands in a text, as a person would type them.
fn commands(text: &str, firsts: &BTreeSet<String>) -> Vec<String> {
    let starts = text.match_indices("cogtok ").map(|(at, word)| (at, at + word.len()));
    let is_command = |&(at, from): &(usize, usize)| {
        let word = text[from..].split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next().unwrap();
        (at == 0 || text[..at].ends_with([' ', '`', '(', '\n'])) && firsts.contains(word)
    };
    let ends = ["`", ";", ",", ")", "\n", "|", " ?? ", " && ", " >", " <", "  ", " #", ": ", "\u{2026}"];
    starts
        .filter(is_command)
        .map(|(at, _)| {
            let rest = &text[at..];
            let end = ends.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
            let is_quoted = text[..at].ends_with('`');
            let end = if is_quoted { rest.find('`').unwrap_or(end) } else { end };
            rest[..end].split(" shows").next().unwrap().split(" makes").next().unwrap().to_owned()
        })
        .collect()
}

/// A command with something in each of its places.
fn typed(command: &str) -> String {
    let words = [
        ("{p}", " -p ws"),
        ("{name}", "ws"),
        ("{options}", ""),
        ("{check}", "--arn arn:aws:bedrock-agentcore:us-east-1:111122223333:runtime/a-AbCdEf1234"),
        ("{command}", "http"),
        ("{again}", "m2m"),
        ("{kind}", "password"),
        ("{user}", " user"),
    ];
    let filled = words.iter().fold(command.to_owned(), |command, (place, word)| command.replace(place, word));
    let mut parts = filled.split('{');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |text, part| text + "VALUE" + part.split_once('}').map_or("", |(_, rest)| rest))
}

#[test]
fn every_command_that_is_named_parses() {
    let (firsts, mut wrong, mut count) = (firsts(), Vec::new(), 0);
    for (text, place) in literals() {
        for command in commands(&text, &firsts) {
            count += 1;
            let line = typed(&command);
            let parsed = command_tree::whole().try_get_matches_from(shlex::split(&line).unwrap_or_default());
            let Err(error) = parsed else { continue };
            let is_fine = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => true,
                // A placeholder for a value is not valid, and a command that is only named lacks arguments.
                ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                    ["KIND", "VALUE", "ID", "FILE", "URL", "ARN"].iter().any(|word| line.contains(word))
                }
                ErrorKind::MissingRequiredArgument => !line.contains("-p ws"),
                _ => false,
            };
            if !is_fine {
                wrong.push(format!("{place}: {command}: {}", error.to_string().lines().next().unwrap()));
            }
        }
    }
    assert!(count > 150, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_command_in_a_hint_names_the_profile() {
    let (firsts, mut wrong) = (firsts(), Vec::new());
    for (text, place) in literals().into_iter().filter(|(text, _)| !text.contains('\n')) {
        for command in commands(&text, &firsts) {
            let own = command.trim_start_matches("cogtok ");
            let is_free = MENTIONED.contains(&own)
                || WITHOUT_PROFILE.iter().any(|free| own.starts_with(free))
                || ["{p}", "-p ", "--help", "{name}"].iter().any(|way| own.contains(way));
            if !is_free {
                wrong.push(format!("{place}: {command}"));
            }
        }
        // `format!` never fills in a placeholder with doubled braces.
        if ["{{p}}", "{{name}}"].iter().any(|place| text.contains(place)) {
            wrong.push(format!("{place}: {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_to_type_is_never_text_that_leaves_out_the_configuration() {
    let (firsts, mut wrong, mut count) = (firsts(), Vec::new(), 0);
    // What is exported is imported by others, into a configuration of theirs.
    let literals = literals_in_code().into_iter().filter(|(_, place, _)| !place.contains("export.rs:"));
    for (text, place, before) in literals {
        let call = before.rfind('.').map_or("", |at| &before[at..]);
        let is_fill = FILLS.iter().any(|fill| call.starts_with(fill)) && !call.contains(')');
        if !is_fill && !AS_IT_IS.iter().any(|call| before.ends_with(call)) {
            continue;
        }
        count += 1;
        let own = commands(&text, &firsts).into_iter().map(|command| command.trim_start_matches("cogtok ").to_owned());
        let wanting = own.filter(|own| !WITHOUT_CONFIG.iter().any(|free| own.split(' ').next() == Some(*free)));
        wrong.extend(wanting.map(|command| format!("{place}: {command}")));
    }
    assert!(count > 1000, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_library_names_no_command_and_no_option() {
    let (firsts, mut wrong, mut count) = (firsts(), Vec::new(), 0);
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    for (text, place) in literals().into_iter().filter(|(_, place)| !Path::new(place).starts_with(&program)) {
        count += 1;
        let mut quoted = text.match_indices("`-").map(|(at, quote)| &text[at + quote.len()..]);
        let has_option = quoted.any(|rest| rest.starts_with(|c: char| c == '-' || c.is_ascii_alphanumeric()));
        if has_option || !commands(&text, &firsts).is_empty() {
            wrong.push(format!("{place}: {text}"));
        }
    }
    assert!(count > 1000, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_kind_of_advice_has_a_sentence_of_its_own() {
    let mut sentences = BTreeSet::new();
    for kind in AdviceKind::ALL {
        let sentence = sentences::sentence(*kind).unwrap_or_else(|| panic!("{kind:?} has no sentence"));
        let is_new = sentences.insert(sentence);
        assert!(is_new, "{kind:?} says what another one says");
        assert!(Hint::new(sentence).shown(&Running::any(None)).is_some(), "{kind:?} says nothing");
    }
}

#[test]
fn advice_says_what_is_to_be_typed() {
    let ws = |advice: Advice| hint(&advice).shown(&Running::any(Some("ws"))).unwrap();
    assert_eq!(
        ws(Advice::new(AdviceKind::SetKey).word("key", "m2m.token_url")),
        "run `cogtok profile set ws m2m.token_url VALUE`, or add `--token-url VALUE`"
    );
    assert_eq!(
        ws(Advice::new(AdviceKind::SetKey).word("key", "user_pool_id")),
        "run `cogtok profile set ws user_pool_id VALUE`"
    );
    assert_eq!(ws(AdviceKind::CheckPassword.into()), "`cogtok secret set password -p ws` stores the right one");
    let store = Advice::new(AdviceKind::StoreSecretOfUser).text("kind", "password").word("user", "it's me");
    let line = Advice::new("store it: {store}").fill("store", store).then("; {x}").text("x", "{p}");
    assert_eq!(ws(line), "store it: cogtok secret set password -p ws --username \"it's me\"; {p}");
    // Advice that was read back from a file gives the same text.
    let advice = Advice::new("x {user}{p} y").word("user", "{p}");
    let kept: Advice = serde_json::from_str(&serde_json::to_string(&advice).unwrap()).unwrap();
    assert_eq!((ws(kept), general(&advice)), ("x '{p}' -p ws y".to_owned(), "x '{p}' y".to_owned()));
}

/// All commands that do something, as they are typed.
fn leaves(command: &clap::Command, path: &[OsString]) -> Vec<Vec<OsString>> {
    let path = [path, &[command.get_name().into()]].concat();
    let below: Vec<_> = command.get_subcommands().flat_map(|below| leaves(below, &path)).collect();
    if below.is_empty() { vec![path] } else { below }
}

#[test]
fn no_command_is_told_of_an_option_that_it_lacks() {
    let all: Vec<(String, Command)> = leaves(&command_tree::whole(), &[])
        .iter()
        .map(|args| (args.join(" ".as_ref()).into_string().unwrap(), Command::of(args)))
        .collect();
    assert!(all.len() > 30, "{}", all.len());
    for (text, place) in literals().into_iter().filter(|(text, _)| text.contains("`-")) {
        let hint = Hint::from(&*Box::leak(text.clone().into_boxed_str()));
        let anybody = all.iter().filter(|(_, command)| command.says(&hint, Some("ws")).is_some()).count();
        assert!(anybody > 0, "no command can do what is said: {place}: {text}");
        for (path, command) in &all {
            let Some(said) = command.says(&hint, Some("ws")) else { continue };
            let quoted = said.split('`').skip(1).step_by(2).filter(|quoted| quoted.starts_with('-'));
            for option in quoted.flat_map(|quoted| quoted.split([' ', '=', '['])).filter(|word| word.len() > 1) {
                let is_option = option.starts_with('-') && option != "--";
                assert!(!is_option || command.options.contains(option), "{path} has no {option}: {said}");
            }
        }
    }
}

#[test]
fn a_hint_names_the_configuration_and_leaves_out_what_the_command_lacks() {
    let line = |line: &str| Command::of(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
    let hint = Hint::new("add `--password-stdin` || set X || run `cogtok secret set password{p}`");
    let said = |command: &str| line(command).says(&hint, Some("ws")).unwrap();
    assert_eq!(said("cogtok token user"), "add `--password-stdin`, set X, or run `cogtok secret set password -p ws`");
    assert_eq!(said("cogtok header"), "set X, or run `cogtok secret set password -p ws`");
    assert_eq!(
        said("cogtok --config=/a b exec -- cogtok --config c"),
        "set X, or run `cogtok --config /a secret set password -p ws`"
    );
    assert_eq!(said("cogtok exec -- cogtok --config c"), "set X, or run `cogtok secret set password -p ws`");
    assert_eq!(
        said("cogtok header --region=eu-west-1 --endpoint-url http://127.0.0.1:9"),
        "set X, or run `cogtok secret set password -p ws --endpoint-url http://127.0.0.1:9 --region eu-west-1`"
    );
    assert_eq!(
        said("cogtok header --endpoint-url https://me:secret@example.com --region $(id)"),
        "set X, or run `cogtok secret set password -p ws`"
    );
    let own = Hint::new("cogtok secret set password{p} --endpoint-url {url}").word("url", "http://127.0.0.1:8");
    assert_eq!(
        line("cogtok header --endpoint-url http://127.0.0.1:9").says(&own, None).unwrap(),
        "cogtok secret set password --endpoint-url http://127.0.0.1:8"
    );
    assert_eq!(
        said("cogtok profile create ws --endpoint-url http://127.0.0.1:9"),
        "set X, or run `cogtok secret set password -p ws`"
    );
}
