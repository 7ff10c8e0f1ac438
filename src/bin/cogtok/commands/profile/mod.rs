//! `cogtok profile`: names for pools and clients.

mod copy;
mod create;
pub mod current;
mod delete;
mod edit;
mod export;
mod forget;
mod import;
mod lint;
mod list;
mod previous;
mod rename;
mod set;
mod show;
mod unset;
mod use_;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What can be done with profiles.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    Create(Box<create::Create>),
    List(list::List),
    Show(show::Show),
    Use(use_::Use),
    Current(current::Current),
    Set(set::Set),
    Unset(unset::Unset),
    Edit(edit::Edit),
    Rename(rename::Rename),
    Copy(copy::Copy),
    Delete(delete::Delete),
    Lint(lint::Lint),
    Import(Box<import::Import>),
    Export(Box<export::Export>),
}

pub fn run(app: &App, command: Command) -> Result<()> {
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
