//! `cogtok group`: the groups of a pool, and who is in them.

mod add;
mod create;
mod delete;
mod list;
mod members;
mod name;
mod remove;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The commands for groups.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// List the groups of the pool
    List(list::List),
    /// Create a group
    Create(create::Create),
    /// Delete a group; its users stay
    Delete(delete::Delete),
    /// Add users to a group
    Add(add::Add),
    /// Take users out of a group
    Remove(remove::Remove),
    /// List the users of a group
    Members(members::Members),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::List(_) => list::run(app),
        Command::Create(create) => create::run(app, &create),
        Command::Delete(delete) => delete::run(app, &delete),
        Command::Add(add) => add::run(app, &add),
        Command::Remove(remove) => remove::run(app, &remove),
        Command::Members(members) => members::run(app, &members),
    }
}
