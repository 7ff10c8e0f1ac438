//! `cogtok profile`: names for pools and clients.

mod copy;
mod create;
pub mod current;
mod delete;
mod deletion_plan;
mod edit;
mod export;
pub mod import;
mod left_behind;
mod lint;
mod list;
mod previous;
mod rename;
mod set;
mod show;
mod unset;
mod use_;
mod value_checks;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The commands for profiles.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Create a profile; the first one becomes the default
    Create(Box<create::Create>),
    /// List the profiles; * marks the one in use
    List(list::List),
    /// Show a profile as the configuration has it, or where each value in use comes from
    Show(show::Show),
    /// Make a profile the default; `-` means the previous default
    Use(use_::Use),
    /// Print the name of the profile in use
    Current(current::Current),
    /// Set a key of a profile
    Set(set::Set),
    /// Remove keys from a profile
    Unset(unset::Unset),
    /// Edit the configuration in an editor; cogtok checks it before it saves it
    Edit(edit::Edit),
    /// Rename a profile
    Rename(rename::Rename),
    /// Copy a profile
    Copy(copy::Copy),
    /// Delete a profile, with its secrets and its cached token
    Delete(delete::Delete),
    /// Check the configuration for mistakes, with line and column
    Lint(lint::Lint),
    /// Create a profile from a workshop's file, secret, stack or pool
    Import(Box<import::Import>),
    /// Print profiles for others to import
    Export(Box<export::Export>),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    if matches!(command, Command::Create(_) | Command::Import(_) | Command::Edit(_)) {
        app.expect_new_config();
    }
    match command {
        Command::Create(create) => create::run(app, &create),
        Command::List(_) => list::run(app),
        Command::Show(show) => show::run(app, &show),
        Command::Use(use_) => use_::run(app, &use_),
        Command::Current(current) => current::run(app, &current),
        Command::Set(set) => set::run(app, &set),
        Command::Unset(unset) => unset::run(app, &unset),
        Command::Edit(_) => edit::run(app),
        Command::Rename(rename) => rename::run(app, &rename),
        Command::Copy(copy) => copy::run(app, &copy),
        Command::Delete(delete) => delete::run(app, &delete),
        Command::Lint(lint) => lint::run(app, &lint),
        Command::Import(import) => import::run(app, &import),
        Command::Export(export) => export::run(app, &export),
    }
}
