//! `cogtok user`: the users of a pool.

mod create;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub enum Command {
    Create(create::Create),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Create(create) => create::run(app, &create),
    }
}
