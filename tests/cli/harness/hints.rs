//! What a run's hints advise, held against the reference of the commands: each command and each option must be one that
//! there is. The reference is the committed one, which a test of its own keeps current; reading it costs no process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

const REFERENCE: &str = include_str!("../../../docs/cli.md");

/// Commands about which the profile changes nothing, or which name it in another way.
const WITHOUT_PROFILE: [&str; 7] =
    ["profile", "completions", "help", "status", "secret init", "cache list", "cache clear"];

/// How hints begin that repeat what others said, or that say how a command is written in general.
const OTHERS: [&str; 6] = ["it says: ", "it adds: ", "its ", "usage: ", "the commands of ", "did you mean "];

/// A command of the reference.
#[derive(Debug, Default)]
struct Command {
    /// Each with whether it takes a value.
    options: BTreeMap<String, bool>,
    has_subcommands: bool,
    /// The most words that are no options.
    most_words: usize,
}

fn commands() -> &'static BTreeMap<String, Command> {
    static COMMANDS: OnceLock<BTreeMap<String, Command>> = OnceLock::new();
    COMMANDS.get_or_init(|| {
        let mut commands: BTreeMap<String, Command> = BTreeMap::new();
        for part in REFERENCE.split("\n## ").skip(1) {
            let (path, text) = part.split_once('\n').expect("a heading");
            let mut command = Command::default();
            for line in text.lines() {
                if let Some(usage) = line.strip_prefix("Usage: ") {
                    command.has_subcommands = usage.ends_with("<COMMAND>");
                    let words = usage.split(' ').filter(|word| word.starts_with(['<', '[']) && *word != "[OPTIONS]");
                    command.most_words = if usage.contains("...") { usize::MAX } else { words.count() };
                }
                let indent = line.len() - line.trim_start().len();
                if !line.trim_start().starts_with('-') || !(2..=6).contains(&indent) {
                    continue;
                }
                let takes_value = line.contains(" <") || line.contains("=<");
                for option in line.trim_start().split(", ") {
                    let name = option.split([' ', '=', '[', '.']).next().expect("a name");
                    command.options.insert(name.to_owned(), takes_value);
                }
            }
            commands.insert(path.to_owned(), command);
        }
        commands
    })
}

/// The command that these words begin with, with what follows it.
fn resolve(words: &[String]) -> (String, &[String]) {
    let (mut path, mut rest) = ("cogtok".to_owned(), words);
    while let Some((word, behind)) = rest.split_first() {
        let below = format!("{path} {word}");
        if commands().contains_key(&below) {
            (path, rest) = (below, behind);
        } else if word.starts_with('-') && path == "cogtok" {
            let takes_value = everywhere().get(word).copied().unwrap_or_default();
            rest = &behind[usize::from(takes_value).min(behind.len())..];
        } else {
            break;
        }
    }
    (path, rest)
}

/// The options of every command.
fn everywhere() -> &'static BTreeMap<String, bool> {
    &commands()["cogtok help options"].options
}

fn has_option(command: &Command, option: &str) -> Option<bool> {
    let is_answered = matches!(option, "-h" | "--help").then_some(false);
    command.options.get(option).or_else(|| everywhere().get(option)).copied().or(is_answered)
}

/// What is wrong with the hints of a run of `args`.
pub fn faults(args: &[String], stderr: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for hint in stderr.lines().filter_map(|line| line.strip_prefix("hint: ")) {
        // What others said is shown as it is.
        if OTHERS.iter().any(|begin| hint.starts_with(begin)) {
            continue;
        }
        // A path may have a backquote in it, and then it is not clear what is quoted.
        if hint.matches('`').count() % 2 == 1 || args.iter().any(|word| word.contains('`')) {
            continue;
        }
        for command in advised(hint) {
            faults.extend(fault_of(&command, args).map(|why| format!("O9 `{command}` is advised: {why}")));
        }
        let running = &commands()[&resolve(args).0];
        for option in quoted(hint).filter(|quoted| quoted.starts_with('-')).flat_map(|quoted| quoted.split(' ')) {
            let name = option.split(['=', '[']).next().expect("a name");
            if name.len() > 1 && name.starts_with('-') && name != "--" && has_option(running, name).is_none() {
                faults.push(format!("O9 {name} is advised, which the command does not have: {hint}"));
            }
        }
        if let Some(place) = ["{p}", "{name}", " ?? ", " || "].iter().find(|place| hint.contains(**place)) {
            faults.push(format!("O9 `{place}` is left in: {hint}"));
        }
    }
    faults
}

fn quoted(hint: &str) -> impl Iterator<Item = &str> {
    hint.split('`').skip(1).step_by(2)
}

/// The commands in a hint: in backquotes, or behind a colon to the end of the sentence.
fn advised(hint: &str) -> Vec<String> {
    let firsts: BTreeSet<&str> = commands().keys().filter_map(|path| path.split(' ').nth(1)).collect();
    let is_command = |text: &str| {
        let words: Vec<&str> = text.split(' ').collect();
        words[0] == "cogtok" && words.get(1).is_some_and(|word| firsts.contains(word) || word.starts_with('-'))
    };
    let plain = hint.split('`').step_by(2).flat_map(|text| text.split("; ")).flat_map(|text| text.split(" | "));
    let plain = plain.filter_map(|text| text.find("cogtok ").map(|at| &text[at..]));
    let plain = plain.map(|text| text.split(", ").next().expect("one").split("   ").next().expect("one"));
    let plain = plain.map(|text| text.split(") ").next().expect("one").trim_end_matches(')'));
    quoted(hint).chain(plain).filter(|text| is_command(text)).map(str::to_owned).collect()
}

fn fault_of(command: &str, args: &[String]) -> Option<String> {
    let Some(words) = shlex::split(command) else { return Some("it is no command line".into()) };
    if words.iter().any(|word| word == "--help" || word == "--version") {
        return None;
    }
    let (path, rest) = resolve(&words[1..]);
    let known = &commands()[&path];
    if known.has_subcommands {
        return Some(format!("`{path}` needs a command"));
    }
    let (mut plain, mut words) = (0, rest.iter());
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if !word.starts_with('-') || word == "-" {
            plain += 1;
            continue;
        }
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        match has_option(known, name) {
            None => return Some(format!("`{path}` has no {name}")),
            Some(true) if value.is_none() && words.next().is_none() => return Some(format!("{name} needs a value")),
            Some(_) => {}
        }
    }
    if plain > known.most_words {
        return Some(format!("`{path}` takes no {plain} words"));
    }
    let own = path.trim_start_matches("cogtok ");
    let names = |args: &[String]| args.iter().any(|arg| arg == "-p" || arg.starts_with("--profile"));
    let is_free = WITHOUT_PROFILE.iter().any(|free| own.starts_with(free));
    // Which profile is meant was said, so it has to be said again.
    (names(args) && !is_free && !names(rest) && !rest.is_empty()).then(|| "it lacks the profile".into())
}

#[test]
fn what_is_no_command_is_found() {
    let args = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let wrong = |hint: &str| !faults(&args("header -p ws"), &format!("error: x\nhint: {hint}")).is_empty();
    for hint in [
        "store it: cogtok secret set password -p ws --username 'a b'",
        "`cogtok login -p ws` signs in; see cogtok secret init --help",
        "add `--as m2m`, or set COGTOK_PASSWORD",
        "run `cogtok --config 'a b.toml' profile set ws m2m.scopes a b`",
        "cogtok token m2m -p ws --header | curl -H @- URL   keeps it out of `ps`",
        "run cogtok as that user",
    ] {
        assert!(!wrong(hint), "{:?}", faults(&args("header -p ws"), &format!("hint: {hint}")));
    }
    for hint in [
        "add `--password-stdin`",
        "store it: cogtok secret set password",
        "`cogtok secret store password -p ws`",
        "`cogtok login -p ws --user x`",
        "`cogtok login -p`",
        "`cogtok login x -p ws`",
        "run `cogtok token user{p}`",
    ] {
        assert!(wrong(hint), "{hint}");
    }
}
