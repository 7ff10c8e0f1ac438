//! `cogtok cache`: the cached tokens and their owners.

mod clear;
pub mod entries;
mod list;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The commands for the cache.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// List the cached tokens, without showing them
    List(list::List),
    /// Delete cached tokens: all, one profile's or expired ones
    Clear(clear::Clear),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::List(_) => list::run(app),
        Command::Clear(clear) => clear::run(app, &clear),
    }
}
