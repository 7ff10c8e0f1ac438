//! `cogtok profile`: names for pools and clients.

mod create;
mod current;
mod delete;
mod export;
mod import;
mod list;
mod set;
mod show;
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
    Delete(delete::Delete),
    Import(Box<import::Import>),
    Export(Box<export::Export>),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Create(create) => create::run(app, &create),
        Command::List(_) => list::run(app),
        Command::Show(show) => show::run(app, &show),
        Command::Use(use_) => use_::run(app, &use_),
        Command::Current(_) => current::run(app),
        Command::Set(set) => set::run(app, &set),
        Command::Delete(delete) => delete::run(app, &delete),
        Command::Import(import) => import::run(app, &import),
        Command::Export(export) => export::run(app, &export),
    }
}
