//! `cogtok mcp`: MCP servers in the configurations of MCP clients.

mod install;
mod launch;
mod list;
mod remove;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The commands for the servers of MCP clients.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Add an MCP server to a client, always with a fresh token
    Install(Box<install::Install>),
    /// Remove a server that cogtok added to an MCP client
    Remove(remove::Remove),
    /// List the servers that cogtok added to MCP clients
    List(list::List),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Install(args) => install::run(app, &args),
        Command::Remove(args) => remove::run(app, &args),
        Command::List(args) => list::run(app, &args),
    }
}
