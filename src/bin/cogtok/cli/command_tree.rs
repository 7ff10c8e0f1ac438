//! clap's tree of commands, limited to what a command line needs: adding the global options to every command takes longer than all the
//! rest.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use super::help::words;
use super::line::{Cli, WITH_VALUE};
use crate::app::options::Global;
use crate::commands::Command;
use crate::io::shell::{HERE, SystemShell};

/// Amazon Cognito tokens: get them, keep them, use them.
#[derive(Debug, Parser)]
#[command(
    name = "cogtok",
    bin_name = "cogtok",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    after_help = "Examples:\n  \
        cogtok profile create ws --user-pool-id us-east-1_AbCdEfGhI --client-id CLIENT\n  \
        cogtok token user -p ws --username alice@example.com\n  \
        eval $(cogtok token m2m -p ws --export)\n  \
        cogtok help token m2m\n  \
        cogtok help topics"
)]
struct Root {
    #[command(flatten)]
    global: Global,
}

/// The options that every command has, without the commands.
pub fn root() -> clap::Command {
    Root::command()
}

/// The whole tree, with examples for this system's shell.
pub fn whole() -> clap::Command {
    here(with(|_| true).unwrap_or_else(Root::command))
}

/// The first words of command lines with what each does, and nothing of the commands themselves: enough for a list of them.
pub fn names() -> clap::Command {
    let all = Command::augment_subcommands(clap::Command::new(""));
    // clap takes names only that live as long as the program.
    let name = |command: &clap::Command| {
        let name = clap::Command::new(&*command.get_name().to_owned().leak()).hide(command.is_hide_set());
        command.get_about().cloned().into_iter().fold(name, clap::Command::about)
    };
    // What is global is put into every command, which here has no use for it.
    here(Root::command().mut_args(|arg| arg.global(false)).subcommands(all.get_subcommands().map(name)))
}

fn here(tree: clap::Command) -> clap::Command {
    if HERE == SystemShell::Posix { tree } else { in_words_of(HERE, tree) }
}

/// The tree with its texts turned into those of the shell, for which all of it has to be there.
fn in_words_of(shell: SystemShell, mut whole: clap::Command) -> clap::Command {
    whole.build();
    with_words_of(shell, whole)
}

fn with_words_of(shell: SystemShell, command: clap::Command) -> clap::Command {
    let example = |text: Option<&StyledStr>| text.map(|text| shell.example(&text.to_string()));
    let after = example(command.get_after_help());
    let command = command.mut_args(|arg| {
        let (short, long) = (example(arg.get_help()), example(arg.get_long_help()));
        let arg = short.into_iter().fold(arg, clap::Arg::help);
        long.into_iter().fold(arg, clap::Arg::long_help)
    });
    let command = after.into_iter().fold(command, clap::Command::after_help);
    command.mut_subcommands(|below| with_words_of(shell, below))
}

/// The commands that these words name, whether or not they are meant as commands; where none is named, their names.
pub fn along(words: &[OsString]) -> clap::Command {
    with_words(words).unwrap_or_else(names)
}

/// The command that a line names, as far as it does, and how it is typed: `cogtok token m2m`.
pub fn named(args: &[OsString]) -> (String, clap::Command) {
    let first = words(args).next();
    let tree = first.and_then(|first| with(|command| first == command.get_name())).map(here);
    let mut command = tree.unwrap_or_else(names);
    command.build();
    let mut path = "cogtok".to_owned();
    let mut words = args.iter().skip(1).map(|arg| arg.to_str().unwrap_or_default());
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            let Some(below) = command.find_subcommand(word).cloned() else { break };
            path = format!("{path} {}", below.get_name());
            command = below;
        }
    }
    (path, command)
}

/// Whether there is a group of commands of this name.
pub fn is_group(name: &str) -> bool {
    let Some(mut tree) = with(|command| name == command.get_name()) else { return false };
    tree.build();
    tree.find_subcommand(name).is_some_and(clap::Command::has_subcommands)
}

fn with_words(words: &[OsString]) -> Option<clap::Command> {
    with(|command| words.iter().any(|word| word == command.get_name()))
}

fn with(is_wanted: impl Fn(&clap::Command) -> bool) -> Option<clap::Command> {
    let all = Command::augment_subcommands(clap::Command::new(""));
    let wanted: Vec<clap::Command> = all.get_subcommands().filter(|command| is_wanted(command)).cloned().collect();
    (!wanted.is_empty()).then(|| Root::command().subcommands(wanted))
}

/// Parses a command line. Errors are those of the whole tree.
pub fn parse(args: &[OsString]) -> Result<Cli, clap::Error> {
    let is_help = args.iter().any(|word| word == "--help" || word == "-h");
    match with_words(args) {
        Some(tree) if !is_help => {
            if let Ok(cli) = parse_with(tree, args) {
                return Ok(cli);
            }
        }
        Some(_) => {}
        // `--version` needs no commands.
        None if is_help => {}
        None => match Root::command().try_get_matches_from(args) {
            Err(answer) if answer.kind() == ErrorKind::DisplayVersion => return Err(answer),
            _ => {}
        },
    }
    parse_with(whole(), args)
}

fn parse_with(tree: clap::Command, args: &[OsString]) -> Result<Cli, clap::Error> {
    let mut matches = tree.try_get_matches_from(args)?;
    let global = Global::from_arg_matches_mut(&mut matches)?;
    Ok(Cli { global, command: Command::from_arg_matches_mut(&mut matches)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_examples_in_the_words_of_the_shell() {
        fn assert_no_posix(command: &clap::Command) {
            let mut shown = command.clone();
            let help = shown.render_long_help().to_string();
            for posix in ["eval $(", "printf %s", "~/.config"] {
                assert!(!help.contains(posix), "{}: {help}", command.get_name());
            }
            command.get_subcommands().for_each(assert_no_posix);
        }
        let whole = in_words_of(SystemShell::PowerShell, with(|_| true).unwrap());
        assert_no_posix(&whole);
        let m2m = whole.find_subcommand("token").and_then(|token| token.find_subcommand("m2m")).cloned().unwrap();
        assert!(m2m.clone().render_help().to_string().contains("--export=powershell | Out-String | Invoke-Expression"));
    }
}
