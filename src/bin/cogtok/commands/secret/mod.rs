//! `cogtok secret`: client secrets and passwords in the keyring or a sealed file.

pub mod bindings;
mod delete;
mod init;
mod list_remote;
mod rotate;
mod secret_selector;
mod set;
mod status;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The commands for secrets.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Store secrets in an encrypted file, without a keyring
    Init(init::Init),
    /// Store a secret of the profile
    Set(set::Set),
    /// Show where each secret of the profile is stored, never its value
    Status(status::Status),
    /// Delete a stored secret of the profile
    Delete(delete::Delete),
    /// List the secrets of the m2m client at Cognito, without values
    ListRemote(list_remote::ListRemote),
    /// Replace the secret of an app client, without downtime
    Rotate(rotate::Rotate),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Init(init) => init::run(app, &init),
        Command::Set(set) => set::run(app, &set),
        Command::Status(status) => status::run(app, &status),
        Command::Delete(delete) => delete::run(app, &delete),
        Command::ListRemote(list) => list_remote::run(app, &list),
        Command::Rotate(rotate) => rotate::run(app, &rotate),
    }
}
