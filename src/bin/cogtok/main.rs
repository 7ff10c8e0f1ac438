//! The `cogtok` command line: parse, run, report, exit code.
#![forbid(unsafe_code)]

mod advice;
mod app;
mod browser;
mod cli;
mod commands;
mod complete;
mod env;
mod interrupt;
mod program;
mod shell;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    terminal::exit_code(interrupt::prepare(env::args()).and_then(cli::parse).and_then(commands::run))
}
