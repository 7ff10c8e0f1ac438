//! Errors of the command line: one sentence, and what to type instead.

use std::error::Error as _;
use std::ffi::OsString;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};

use clap::ValueEnum;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use cogtok::error::{Advice, Error, printable};

use super::{command_tree, output_forms, stray_argument};
use crate::app::options::EmptyValue;
use crate::commands::help::LONGEST_NAME;
use crate::io::shell::Export;
use crate::io::signals;

/// Other tools' words for cogtok's commands.
const ELSEWHERE: [(&str, &[&str]); 16] = [
    ("add", &["create", "set"]),
    ("cat", &["show"]),
    ("decode", &["inspect"]),
    ("get", &["show"]),
    ("info", &["show"]),
    ("ls", &["list"]),
    ("mv", &["rename"]),
    ("new", &["create"]),
    ("remove", &["delete", "clear"]),
    ("rm", &["delete", "clear"]),
    ("select", &["use"]),
    ("signin", &["login"]),
    ("signout", &["logout"]),
    ("store", &["set"]),
    ("switch", &["use"]),
    ("whoami", &["status"]),
];

/// Command lines of other tools, and cogtok's commands for them.
const TYPED: [(&str, &[&str]); 22] = [
    ("configure", &["init", "profile import", "profile create"]),
    ("init", &["profile import", "profile create"]),
    ("list", &["profile list", "user list", "cache list"]),
    ("ls", &["profile list", "user list", "cache list"]),
    ("profile default", &["profile use"]),
    ("profiles", &["profile list"]),
    ("secret get", &["secret status"]),
    ("secret list", &["secret status"]),
    ("secret ls", &["secret status"]),
    ("secret show", &["secret status"]),
    ("setup", &["init", "profile import", "profile create"]),
    ("token access", &["token user"]),
    ("token get", &["token user", "token m2m"]),
    ("token id", &["token user --token id"]),
    ("token list", &["cache list"]),
    ("token ls", &["cache list"]),
    ("token refresh", &["token user --force-refresh"]),
    ("use", &["profile use"]),
    ("user passwd", &["user set-password"]),
    ("user password", &["user set-password"]),
    ("username", &["token user --username NAME"]),
    ("users", &["user list"]),
];

/// The command that a line names, as far as it does.
struct Named {
    /// As it is typed: `cogtok token m2m`.
    path: String,
    command: clap::Command,
}

/// The error for clap's answer to this command line.
pub fn error(args: &[OsString], answer: &clap::Error) -> Error {
    let named = named(args);
    let own = named.path.strip_prefix("cogtok ").unwrap_or("cogtok");
    let help = format!("see `{} --help`", named.path);
    let text = |kind| texts(answer, kind);
    let first = |kind| text(kind).into_iter().next().unwrap_or_default();
    let argument = first(ContextKind::InvalidArg);
    let error = match answer.kind() {
        ErrorKind::InvalidSubcommand => return no_such_command(&named, &first(ContextKind::InvalidSubcommand), answer),
        ErrorKind::MissingRequiredArgument => {
            Error::usage(format!("`{own}` needs {}", text(ContextKind::InvalidArg).join(" and ")))
        }
        // The argument may be a password.
        ErrorKind::UnknownArgument if !argument.starts_with('-') => {
            let error = Error::usage("unexpected argument (not shown: it may be a secret)");
            match export_form(args) {
                Some(form) => return error.hint(format!("did you mean `--export={form}`?")).hint(help),
                None => match stray_argument::meant_for(&named.command, &named.path, args) {
                    Some(hint) => error.hint(hint),
                    None => error,
                },
            }
        }
        ErrorKind::UnknownArgument => {
            if let Some((option, number)) = negative_of(args, &named, &argument) {
                return negative(option, number).hint(help);
            }
            let error = Error::usage(format!("unknown option `{argument}` for `{own}`"));
            let near = match argument.as_str() {
                "-u" if stray_argument::has_username(&named.command) => vec!["--username".to_owned()],
                _ => text(ContextKind::SuggestedArg),
            };
            let error = near.iter().fold(error, |error, near| error.hint(format!("did you mean `{near}`?")));
            return error.hint(help);
        }
        ErrorKind::TooManyValues => {
            Error::usage("an option takes no value, but has one (not shown: it may be a secret)")
        }
        ErrorKind::InvalidValue => return bad_value(args, answer, &argument).hint(help),
        ErrorKind::ValueValidation => {
            return bad_text(option_of(&argument), answer).hint(help);
        }
        ErrorKind::NoEquals => Error::usage(format!("`{}` takes its value after a `=`", option_of(&argument))),
        ErrorKind::ArgumentConflict => {
            let one = option_of(&argument);
            let others = text(ContextKind::PriorArg);
            let others: Vec<&str> = others.iter().map(|other| option_of(other)).collect();
            return match others.as_slice() {
                [] => Error::usage(format!("{} cannot be used with other options", in_words(&argument))),
                [other] if *other == one => Error::usage(format!("{} was given more than once", in_words(&argument))),
                _ => {
                    let others: Vec<String> = text(ContextKind::PriorArg).iter().map(|other| in_words(other)).collect();
                    Error::usage(format!("{} cannot be used with {}", in_words(&argument), others.join(", ")))
                }
            }
            .hint(help);
        }
        _ => Error::usage(first_line(answer)),
    };
    let error = if signals::is_exec() { error.hint(behind_dashes(args, &named)) } else { error };
    error.hint(usage(&named, answer)).hint(help)
}

/// How the command of `exec` is written, after the options that were typed before it. Values that may be anything are not repeated: one
/// may be a secret.
fn behind_dashes(args: &[OsString], named: &Named) -> Advice {
    let plain = || "the command goes after `--`: cogtok exec{p} -- COMMAND".into();
    let (mut options, mut rest) = (String::new(), args.iter().skip(1).filter_map(|arg| arg.to_str()));
    while let Some(word) = rest.next().filter(|word| *word != "--" && (*word == "exec" || word.starts_with('-'))) {
        if word == "exec" {
            continue;
        }
        let (name, within) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let argument = named.command.get_arguments().find(|argument| is_spelled(argument, name));
        let Some(argument) = argument else { return plain() };
        let value = if argument.get_action().takes_values() { within.or_else(|| rest.next()) } else { None };
        // The profile and its place come with `{p}`, the configuration with each command.
        if ["profile", "config", "region", "endpoint_url"].iter().any(|id| argument.get_id() == id) {
            continue;
        }
        options.push_str(&format!(" {name}"));
        if let Some(value) = value {
            let place =
                argument.get_value_names().and_then(|names| names.first()).map_or("VALUE", |name| name.as_str());
            let is_known = ["user", "m2m", "access", "id"].contains(&value);
            options.push_str(&format!(" {}", if is_known { value } else { place }));
        }
    }
    match options.as_str() {
        "" => plain(),
        options => {
            Advice::new("the command goes after `--`: cogtok exec{p}{options} -- COMMAND").text("options", options)
        }
    }
}

/// Whether an option is typed like this.
fn is_spelled(argument: &clap::Arg, name: &str) -> bool {
    let long = name.strip_prefix("--").filter(|long| argument.get_long() == Some(long));
    let short = name.strip_prefix('-').filter(|short| argument.get_short().is_some_and(|c| *short == c.to_string()));
    long.or(short).is_some()
}

fn named(args: &[OsString]) -> Named {
    let (path, command) = command_tree::named(args);
    Named { path, command }
}

/// How the command is written: as clap has it for this very line, else in general.
fn usage(named: &Named, answer: &clap::Error) -> String {
    let special = texts(answer, ContextKind::Usage).into_iter().next();
    let general = || named.command.clone().render_usage().to_string();
    let line = special.unwrap_or_else(general);
    format!("usage: {}", line.trim().trim_start_matches("Usage: "))
}

fn no_such_command(named: &Named, word: &str, answer: &clap::Error) -> Error {
    if word.len() > LONGEST_NAME {
        return Error::usage("unknown command (not shown: it may be a token or a secret)").hint(commands_of(named));
    }
    let error = Error::usage(format!("unknown command `{} {word}`", named.path));
    if word == "version" {
        return error.hint("did you mean `cogtok --version`?");
    }
    let meant = typed(named, word);
    if !meant.is_empty() {
        return meant.iter().fold(error, |error, path| error.hint(format!("did you mean `cogtok {path}`?")));
    }
    if let Some(path) = elsewhere(named, word) {
        return error.hint(format!("did you mean `{path}`?"));
    }
    match texts(answer, ContextKind::SuggestedSubcommand).as_slice() {
        [] => error.hint(commands_of(named)),
        near => near.iter().fold(error, |error, near| error.hint(format!("did you mean `{} {near}`?", named.path))),
    }
}

/// The commands that there are for what was typed.
fn typed(named: &Named, word: &str) -> Vec<&'static str> {
    let line = format!("{} {word}", named.path);
    let line = line.strip_prefix("cogtok ").unwrap_or_default();
    let Some((_, ours)) = TYPED.iter().find(|(theirs, _)| *theirs == line) else { return Vec::new() };
    let mut root = command_tree::whole();
    root.build();
    let exists = |path: &&str| {
        let mut words = path.split(' ').take_while(|word| !word.starts_with('-'));
        words.try_fold(&root, |command, word| command.find_subcommand(word)).is_some()
    };
    ours.iter().copied().filter(exists).collect()
}

/// The form of `--export`, if it follows as a separate word.
fn export_form(args: &[OsString]) -> Option<&str> {
    let at = args.iter().position(|arg| arg == "--export")?;
    let word = args.get(at + 1)?.to_str()?;
    Export::from_str(word, false).is_ok().then_some(word)
}

/// The command for another tool's `word`: in this group, else in all, else in the only group that has it.
fn elsewhere(named: &Named, word: &str) -> Option<String> {
    let (_, ours) = ELSEWHERE.iter().find(|(theirs, _)| *theirs == word)?;
    let has = |command: &clap::Command| ours.iter().find(|name| command.find_subcommand(name).is_some()).copied();
    if let Some(name) = has(&named.command) {
        return Some(format!("{} {name}", named.path));
    }
    let mut root = command_tree::whole();
    root.build();
    if let Some(name) = has(&root) {
        return Some(format!("cogtok {name}"));
    }
    let groups: Vec<String> = root
        .get_subcommands()
        .filter_map(|group| has(group).map(|name| format!("cogtok {} {name}", group.get_name())))
        .collect();
    match groups.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn commands_of(named: &Named) -> String {
    let names: Vec<&str> =
        named.command.get_subcommands().filter(|one| !one.is_hide_set()).map(clap::Command::get_name).collect();
    format!("the commands of `{}` are {}", named.path, names.join(", "))
}

fn bad_value(args: &[OsString], answer: &clap::Error, argument: &str) -> Error {
    let value = texts(answer, ContextKind::InvalidValue).into_iter().next().unwrap_or_default();
    let option = option_of(argument);
    let error = if value.is_empty() {
        Error::usage(format!("`{option}` needs a value: {argument}"))
    } else {
        Error::usage(format!("invalid value `{value}` for `{option}`"))
    };
    let near = texts(answer, ContextKind::SuggestedValue);
    let error = near.iter().fold(error, |error, near| error.hint(format!("did you mean `{near}`?")));
    let forms = if option == "--output" { output_forms::of(args) } else { &[] };
    if !forms.is_empty() {
        let names: Vec<&str> = forms.iter().map(|form| output_forms::name(*form)).collect();
        let error = error.hint(format!("choose one of {}", names.join(", ")));
        let is_path = value.contains(['/', '\\', '.']);
        let to_file = Advice::new("to write a file: `--output-file {file}`").word("file", &value);
        return if is_path { error.hint(to_file) } else { error };
    }
    match texts(answer, ContextKind::ValidValue).as_slice() {
        [] => error,
        all => error.hint(format!("choose one of {}", all.join(", "))),
    }
}

/// The error for a value that its option's parser refused. The standard library and clap word those of numbers for programmers.
fn bad_text(option: &str, answer: &clap::Error) -> Error {
    let Some(why) = answer.source() else { return Error::usage(format!("{option}: the value does not fit")) };
    let text = why.to_string();
    if why.is::<EmptyValue>() {
        return Error::usage(format!("`{option}` is empty")).hint("name one, or leave the option out");
    }
    if let Some(why) = why.downcast_ref::<ParseIntError>() {
        let value = texts(answer, ContextKind::InvalidValue).into_iter().next().unwrap_or_default();
        return match why.kind() {
            _ if is_negative(&value) => negative(option, &value),
            IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => {
                Error::usage(format!("the number for `{option}` is too large"))
            }
            _ => Error::usage(format!("`{option}` takes a whole number")),
        };
    }
    if why.is::<ParseFloatError>() {
        return Error::usage(format!("`{option}` takes a number"));
    }
    match text.split_once(" is not in ").and_then(|(_, bounds)| bounds.split_once("..=")) {
        Some((least, most)) => Error::usage(format!("`{option}` takes a whole number from {least} to {most}")),
        None => Error::usage(format!("{option}: {}", printable(&text, 300))),
    }
}

fn is_negative(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|rest| rest.parse::<f64>().is_ok())
}

fn negative(option: &str, number: &str) -> Error {
    Error::usage(format!("`{option}` takes no negative number: `{}`", printable(number, 40)))
}

/// The option before a negative number that clap took for an option, and the number.
fn negative_of<'a>(args: &'a [OsString], named: &Named, argument: &str) -> Option<(&'a str, &'a str)> {
    let words: Vec<&str> = args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect();
    let is_of_numbers = |option: &clap::Arg| {
        let names = option.get_value_names().unwrap_or_default();
        names.iter().any(|name| ["N", "PORT", "DURATION"].contains(&name.as_str()))
    };
    let is_option = |word: &str| {
        let Some(long) = word.strip_prefix("--") else { return false };
        named.command.get_arguments().find(|option| option.get_long() == Some(long)).is_some_and(is_of_numbers)
    };
    // clap names only the first character of what it takes for short options.
    let mut pairs = words.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
    pairs.find(|(option, number)| is_option(option) && is_negative(number) && number.starts_with(argument))
}

/// `--output` of `--output <FORMAT>` or `--output...`, `SHELL` of `[SHELL]`.
fn option_of(argument: &str) -> &str {
    if !argument.starts_with('-') {
        return argument.trim_end_matches("...").trim_matches(['[', ']', '<', '>']);
    }
    let end = argument.find([' ', '=', '[']).unwrap_or(argument.len());
    argument[..end].trim_end_matches("...")
}

/// An argument as a sentence names it.
fn in_words(argument: &str) -> String {
    match option_of(argument) {
        "EMAIL" => "an e-mail address".to_owned(),
        name => format!("`{name}`"),
    }
}

/// The texts in clap's error.
fn texts(answer: &clap::Error, kind: ContextKind) -> Vec<String> {
    let text = |text: &str| printable(text.trim(), 300);
    match answer.get(kind) {
        Some(ContextValue::String(one)) => vec![text(one)],
        Some(ContextValue::Strings(all)) => all.iter().map(|one| text(one)).collect(),
        Some(ContextValue::StyledStr(one)) => vec![text(&one.to_string())],
        Some(ContextValue::StyledStrs(all)) => all.iter().map(|one| text(&one.to_string())).collect(),
        _ => Vec::new(),
    }
}

fn first_line(answer: &clap::Error) -> String {
    let text = answer.to_string();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("malformed command line");
    printable(line.strip_prefix("error: ").unwrap_or(line), 300)
}
