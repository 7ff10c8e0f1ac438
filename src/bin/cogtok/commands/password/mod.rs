//! `cogtok password`: a user's own password. No AWS account is needed.

mod change;
pub mod code;
mod confirm;
mod forgot;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The commands for a user's own password.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Have Cognito send a code to the user's address
    Forgot(forgot::Forgot),
    /// Set a new password with the code that was sent
    Confirm(confirm::Confirm),
    /// Change the password of the user who is signed in
    Change(change::Change),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Forgot(forgot) => forgot::run(app, &forgot),
        Command::Confirm(confirm) => confirm::run(app, &confirm),
        Command::Change(change) => change::run(app, &change),
    }
}
