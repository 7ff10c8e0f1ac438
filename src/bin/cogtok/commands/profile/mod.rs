//! `cogtok profile`: names for pools and clients.

mod copy;
mod create;
pub mod current;
mod delete;
mod deletion_plan;
mod edit;
mod export;
mod import;
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

/// What can be done with profiles.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Make a profile; the first one becomes the default
    Create(Box<create::Create>),
    /// List the profiles; * marks the one in use
    List(list::List),
    /// Show a profile as the configuration has it, or where each value in use comes from
    Show(show::Show),
    /// Make a profile the default; `-` stands for the one that was the default before
    Use(use_::Use),
    /// Print the name of the profile in use
    Current(current::Current),
    /// Set a key of a profile
    Set(set::Set),
    /// Remove keys from a profile
    Unset(unset::Unset),
    /// Edit the configuration in an editor; it is checked before it is kept
    Edit(edit::Edit),
    /// Give a profile another name
    Rename(rename::Rename),
    /// Make a profile that says what another one says
    Copy(copy::Copy),
    /// Delete a profile, with its secrets and its cached token
    Delete(delete::Delete),
    /// Say what is wrong with the configuration, with line and column
    Lint(lint::Lint),
    /// Make a profile from what a workshop leaves behind
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
