//! Answers a shell that completes a command line.

use std::ffi::OsString;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, ValueHint};
use clap_complete::ArgValueCandidates;
use clap_complete::env::Shells;

use super::{command_tree, expects_value, output_forms};
use crate::app::options::Output;
use crate::completion::{self, VARIABLE, WORDS, command_line};
use crate::env;
use crate::io::terminal;

/// Answers a shell's request for completion; returns whether there was one.
pub fn answer(args: &[OsString]) -> bool {
    let (shells, shell) = (Shells::builtins(), env::var(VARIABLE));
    let is_asked_by_variable = shell.as_deref() == Some("powershell") && matches!(args, [_, dashes] if dashes == "--");
    // PowerShell drops empty arguments and quotes.
    let words: Vec<OsString> = match env::var(WORDS).filter(|_| is_asked_by_variable) {
        Some(words) => words.split('\n').map(OsString::from).collect(),
        None => args.iter().skip_while(|arg| *arg != "--").skip(1).cloned().collect(),
    };
    // A variable that is left in an environment must not turn every command into a completion.
    let Some(shell) = shell.filter(|_| !words.is_empty()) else { return false };
    let Some(shell) = shells.completer(&shell) else { return true };
    // Some shells pass the position of the cursor; the others pass only the words before it.
    let index = env::var("_CLAP_COMPLETE_INDEX").and_then(|index| index.parse().ok());
    let index = index.filter(|index| *index < words.len()).unwrap_or(words.len() - 1);
    command_line::keep(&words, index);
    let is_bare = words.get(index).is_some_and(|word| word.is_empty());
    let forms = output_forms::of(&words);
    let mut command = command_tree::along(&words).mut_args(|option| with_values(option, forms));
    // Below the first word the arguments are there only in a tree that is built.
    command.build();
    let mut command = with_files(command);
    let (mut candidates, before) = (Vec::new(), words.get(..index).unwrap_or_default().to_vec());
    if shell.write_complete(&mut command, words, env::current_dir().as_deref(), &mut candidates).is_ok() {
        let candidates = String::from_utf8_lossy(&candidates);
        let separator = env::var("_CLAP_IFS").unwrap_or_else(|| "\n".to_owned());
        let has_values = || expects_value::has_values(&command, &before);
        terminal::last_data(&if is_bare {
            without_options(&candidates, &separator, has_values)
        } else {
            candidates.into_owned()
        });
    }
    true
}

/// The candidates without options, if there are other candidates or should be. With nothing typed yet, options would keep a single profile
/// from being completed.
fn without_options(candidates: &str, separator: &str, has_values: impl FnOnce() -> bool) -> String {
    let others: Vec<&str> = candidates.split(separator).filter(|one| !one.starts_with('-')).collect();
    match others.iter().all(|one| one.trim().is_empty()) {
        true if has_values() => String::new(),
        true => candidates.to_owned(),
        false => others.join(separator),
    }
}

/// The global options with the values that they are offered. Those that few need are offered where nothing else begins so.
fn with_values(option: Arg, forms: &[Output]) -> Arg {
    let is_common = matches!(option.get_id().as_str(), "profile" | "help")
        || (matches!(option.get_id().as_str(), "output" | "json") && forms.len() > 1);
    let option = option.hide(!is_common);
    match option.get_id().as_str() {
        "output" if !forms.is_empty() => option.value_parser(PossibleValuesParser::new(
            forms.iter().map(|form| PossibleValue::new(output_forms::name(*form))),
        )),
        "profile" => option.add(ArgValueCandidates::new(completion::profiles)),
        "region" => option.add(ArgValueCandidates::new(completion::regions)),
        "aws_profile" => option.add(ArgValueCandidates::new(completion::aws_profiles)),
        _ => option,
    }
}

/// The command with files instead of any paths: no command reads a directory, which is offered only as the way to a file.
fn with_files(command: Command) -> Command {
    let of_file = |argument: Arg| match argument.get_value_hint() {
        ValueHint::AnyPath => argument.value_hint(ValueHint::FilePath),
        _ => argument,
    };
    command.mut_args(of_file).mut_subcommands(with_files)
}

#[cfg(test)]
mod tests {
    use super::without_options;

    #[test]
    fn options_are_offered_where_nothing_else_is() {
        assert_eq!(without_options("ws:a pool\n--profile:x\nberlin\n--json", "\n", || true), "ws:a pool\nberlin");
        assert_eq!(without_options("ws\u{b}--json", "\u{b}", || false), "ws");
        assert_eq!(without_options("--json\n--help\n", "\n", || false), "--json\n--help\n");
        assert_eq!(without_options("--json\n--help\n", "\n", || true), "");
        assert_eq!(without_options("", "\n", || false), "");
    }
}
