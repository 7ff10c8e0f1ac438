//! A command line that need not parse.

use std::ffi::OsString;

use crate::app::options::Global;
use crate::commands::Command;

/// A command line.
#[derive(Debug)]
pub struct Cli {
    pub global: Global,
    pub command: Command,
}

/// Global options that a value follows.
pub const WITH_VALUE: [&str; 11] = [
    "-p",
    "--profile",
    "--config",
    "--region",
    "--aws-profile",
    "--endpoint-url",
    "-o",
    "--output",
    "--timeout",
    "--ca-bundle",
    "--color",
];

/// Whether the command is `exec`, on a command line that need not parse.
pub fn is_exec(args: &[OsString]) -> bool {
    let mut words = args.iter().skip(1).map(|arg| arg.to_str().unwrap_or_default());
    while let Some(word) = words.next() {
        match word {
            option if WITH_VALUE.contains(&option) => drop(words.next()),
            option if option.starts_with('-') => {}
            command => return command == "exec",
        }
    }
    false
}
