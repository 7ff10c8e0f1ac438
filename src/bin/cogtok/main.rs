//! The `cogtok` command line: parse, run, report, exit code.
#![forbid(unsafe_code)]

mod advice;
mod app;
mod args;
mod cli;
mod commands;
mod completion;
mod env;
#[cfg(test)]
#[path = "../../../tests/fuzz/program.rs"]
mod fuzz_program;
mod io;
mod services;

use std::process::ExitCode;

use app::App;
use cli::{Cli, Parsed};
use io::{report, signals, terminal};

#[cfg(not(windows))]
fn main() -> ExitCode {
    run()
}

/// The main thread has a mebibyte of stack on Windows, and parsing the command line takes more where nothing is optimised.
#[cfg(windows)]
fn main() -> ExitCode {
    let main = std::thread::Builder::new().name("main".to_owned()).stack_size(8 * 1024 * 1024).spawn(run);
    // The panic hook ends the process.
    main.ok().and_then(|main| main.join().ok()).unwrap_or(ExitCode::FAILURE)
}

fn run() -> ExitCode {
    let args = env::args();
    signals::prepare(&args, cli::is_exec(&args));
    terminal::set_advice(advice::shown);
    match cli::parse(args) {
        Ok(Parsed::Incomplete) => report::incomplete(),
        Ok(Parsed::Shown) => report::exit_code(Ok(())),
        Ok(Parsed::Command(cli)) => {
            let Cli { global, command } = *cli;
            report::exit_code(App::new(global, advice::set_profile).and_then(|app| commands::run(app, command)))
        }
        Err(error) => report::exit_code(Err(error)),
    }
}
