//! `cargo run --example workshop`: the main job end to end, on a local Cognito, with no AWS account.
//!
//! Provisions a workshop as the real one is, types each command of the story in a throwaway home, and prints what came back.
//! `-- --shell` leaves you in a shell there afterwards. Needs Rust, Python 3 and a
//! POSIX shell: Linux, macOS or WSL.

#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::exit
)]

#[cfg(unix)]
#[path = "../cli/harness/mod.rs"]
mod harness;
#[cfg(unix)]
mod story;

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    story::run()
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("The workshop needs a POSIX shell: run it on Linux or macOS, or in WSL.");
    ExitCode::FAILURE
}
