//! The command line as clap sees it, and what is answered before clap sees it.

pub mod command_tree;
mod complete;
mod expects_value;
mod fast_path;
mod first_page;
#[cfg(all(test, unix))]
mod first_page_tests;
mod help;
mod help_page;
mod line;
#[cfg(test)]
mod man_pages;
mod output_forms;
mod refused_options;
mod stray_argument;
mod usage;

use std::ffi::OsString;

use clap::ValueEnum;
use clap::error::ErrorKind;
use cogtok::error::{Error, Result};
use cogtok::store::config::Config;

use crate::app::options::Global;
use crate::commands::{Command, help as help_topic};
use crate::env;
use crate::io::terminal;
use crate::io::terminal::{Color, OutputOptions};

pub use line::{Cli, is_exec};

/// The result of parsing a command line.
pub enum Parsed {
    /// A command to run.
    Command(Box<Cli>),
    /// The requested text was printed.
    Shown,
    /// A command is missing; those that there are have been shown.
    Incomplete,
}

/// Parses the command line; `--help` and `--version` are answered here and end the process well.
pub fn parse(args: Vec<OsString>) -> Result<Parsed> {
    if complete::answer(&args) {
        return Ok(Parsed::Shown);
    }
    if args.len() < 2 {
        first_words(&args)?;
        let is_asked = !has_profile() && terminal::can_ask() && terminal::is_read_by_a_person();
        if !is_asked || !terminal::offer("Set up a profile now?")? {
            return Ok(Parsed::Shown);
        }
        let args: Vec<OsString> = ["cogtok", "init"].map(OsString::from).to_vec();
        return command_tree::parse(&args)
            .map(|cli| Parsed::Command(Box::new(cli)))
            .map_err(|answer| usage::error(&args, &answer));
    }
    refused_options::check(&args)?;
    terminal::set_color(color_in(&args));
    if matches!(args.as_slice(), [_, version] if version == "--version" || version == "-V") {
        return terminal::data(concat!("cogtok ", env!("CARGO_PKG_VERSION"), "\n")).map(|_| Parsed::Shown);
    }
    let (cli, args) = match fast_path::parse(&args) {
        Some(cli) => (cli, None),
        None => {
            let args = help::asked(&args).unwrap_or(args);
            if let Some(page) = first_page::answer(&args) {
                return terminal::marked(page).map(|()| Parsed::Shown);
            }
            if let Some((path, command)) = help::plainly_asked(&args) {
                return show_help(&args, &path, &command).map(|()| Parsed::Shown);
            }
            match command_tree::parse(&args) {
                Ok(cli) => (cli, Some(args)),
                Err(answer) => return answered(&args, &answer),
            }
        }
    };
    // clap detects conflicting options only within one level of commands.
    let Global { json, output, quiet, verbose, .. } = cli.global;
    let conflict = |one: &str, other: &str| Error::usage(format!("`{one}` and `{other}` cannot be used together"));
    if json && output.is_some() {
        return Err(conflict("--json", "--output"));
    }
    if quiet && verbose > 0 {
        return Err(conflict("--quiet", "--verbose"));
    }
    if let Some(args) = args {
        output_forms::check(&args, &cli.global)?;
    }
    terminal::set_manner(OutputOptions {
        is_quiet: cli.global.quiet,
        verbosity: cli.global.verbose,
        no_input: cli.global.no_input
            || matches!(
                cli.command,
                Command::Header(_) | Command::AwsCredentials(_) | Command::McpProxy(_) | Command::Serve(_)
            ),
    });
    // A help page explains broken variables, so they must not keep it from being shown.
    if let Command::Help(args) = &cli.command {
        return help_topic::run(args).map(|()| Parsed::Shown);
    }
    Ok(Parsed::Command(Box::new(cli)))
}

/// Shows the help, the version, or the commands of a group that was named without one.
///
/// # Errors
/// The error for any other command line.
fn answered(args: &[OsString], answer: &clap::Error) -> Result<Parsed> {
    match answer.kind() {
        ErrorKind::DisplayHelp => {
            let (path, command) = command_tree::named(args);
            show_help(args, &path, &command).map(|()| Parsed::Shown)
        }
        ErrorKind::DisplayVersion => terminal::data(&answer.to_string()).map(|_| Parsed::Shown),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            let (path, mut command) = command_tree::named(args);
            if !path.contains(' ') {
                // The examples are those of the commands.
                command = command_tree::whole();
                command.build();
            }
            // A script may capture the output as a token: it must get no help text and no success.
            terminal::aside(&help_page::group(&command, &path));
            Ok(Parsed::Incomplete)
        }
        _ => Err(usage::error(args, answer)),
    }
}

/// Shows the help of this command, which the line names: the short one where `-h` asks for it.
fn show_help(args: &[OsString], path: &str, command: &clap::Command) -> Result<()> {
    let is_long = !args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "-h");
    terminal::help(&help_page::page(command, path, &command_tree::root(), args, is_long))
}

/// Whether the configuration has a profile.
fn has_profile() -> bool {
    let config = env::config_path(None).and_then(|path| Config::load(&path));
    // An unreadable configuration is reported by the commands that need it.
    config.map_or(true, |config| !config.names().is_empty())
}

/// The output of `cogtok` without arguments: the next step if there is no profile yet, else the help.
fn first_words(args: &[OsString]) -> Result<()> {
    if has_profile() {
        let (path, command) = command_tree::named(args);
        return terminal::help(&help_page::page(&command, &path, &command_tree::root(), args, false));
    }
    let text = "cogtok gets Amazon Cognito tokens. Begin with `cogtok init`, or by hand:\n\
         \x20 cogtok profile create NAME --user-pool-id ID --client-id ID     for users\n\
         \x20 cogtok profile create NAME --m2m-client-id ID --token-url URL   for machines\n\
         Then `cogtok token user --username NAME`, or `cogtok secret set m2m-client` and\n\
         `cogtok token m2m`. Also: `cogtok completions bash --install`, `cogtok --help`.\n";
    terminal::data(text).map(drop)
}

/// `--color` on a command line that need not parse.
fn color_in(args: &[OsString]) -> Color {
    let words: Vec<&str> =
        args.iter().map(|arg| arg.to_str().unwrap_or_default()).take_while(|arg| *arg != "--").collect();
    let behind = words.iter().position(|word| *word == "--color").and_then(|index| words.get(index + 1).copied());
    let value = behind.or_else(|| words.iter().find_map(|word| word.strip_prefix("--color=")));
    value.and_then(|value| Color::from_str(value, false).ok()).unwrap_or(Color::Auto)
}
