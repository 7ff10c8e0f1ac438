//! `cogtok mcp`: MCP servers in the configurations of MCP clients.

mod install;
mod list;
mod remove;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What can be done with the servers of MCP clients.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Put a server into an MCP client's configuration, with a fresh token on every request
    Install(Box<install::Install>),
    /// Take a server out of the configurations that cogtok put it into
    Remove(remove::Remove),
    /// List the servers that cogtok put into MCP clients' configurations
    List(list::List),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Install(args) => install::run(app, &args),
        Command::Remove(args) => remove::run(app, &args),
        Command::List(args) => list::run(app, &args),
    }
}
