//! `cogtok help COMMAND…` and `cogtok COMMAND help`: the same as `--help` of that command. clap's own would need the whole tree;
//! what `cogtok help` is asked for that is no command is a topic.

use std::ffi::OsString;

use super::command_tree;
use super::line::WITH_VALUE;

/// The same command line with `--help` for one that uses the word `help`.
pub fn asked(args: &[OsString]) -> Option<Vec<OsString>> {
    let (first, second) = (words(args).next(), words(args).nth(1));
    let is_help = |word: Option<&OsString>| word.is_some_and(|word| word == "help");
    // After a command that is no group, `help` may be an argument.
    let is_asked = is_help(first) || (is_help(second) && first.is_some_and(is_group));
    if !is_asked {
        return None;
    }
    let program = args.first().cloned().unwrap_or_default();
    let mut of = words(args).filter(|word| *word != "help").cloned().peekable();
    if is_help(first) {
        let is_of_help = second.is_none() && args.iter().any(|arg| arg == "--help" || arg == "-h");
        if is_of_help || of.peek().is_some_and(|word| !is_command(word)) {
            return None;
        }
    }
    Some(std::iter::once(program).chain(of).chain([OsString::from("--help")]).collect())
}

/// The command whose help a line asks for, and how it is typed, where the line is its path and `--help` or `-h`: clap would build
/// the tree, parse the line and lay the page out only to be asked for it once more.
pub fn plainly_asked(args: &[OsString]) -> Option<(String, clap::Command)> {
    let (_, path) = args.split_last().filter(|(last, _)| *last == "--help" || *last == "-h")?;
    let is_plain = |word: &OsString| word.to_str().is_some_and(|word| !word.starts_with('-'));
    if !path.iter().skip(1).all(is_plain) {
        return None;
    }
    let (typed, command) = command_tree::named(path);
    (typed.split(' ').count() == path.len()).then_some((typed, command))
}

/// The words before `--` that are neither options nor their values.
pub fn words(args: &[OsString]) -> impl Iterator<Item = &OsString> {
    let mut rest = args.iter().skip(1).take_while(|word| *word != "--");
    std::iter::from_fn(move || {
        loop {
            let word = rest.next()?;
            match word.to_str() {
                Some(option) if WITH_VALUE.contains(&option) => drop(rest.next()),
                Some(option) if option.starts_with('-') => {}
                _ => return Some(word),
            }
        }
    })
}

fn is_command(word: &OsString) -> bool {
    word.to_str().is_some_and(|name| command_tree::names().find_subcommand(name).is_some())
}

fn is_group(word: &OsString) -> bool {
    word.to_str().is_some_and(command_tree::is_group)
}
