//! `cogtok call`: what takes the token, called with it.

#[allow(dead_code)]
pub mod bearer;
mod gateway;
pub mod server;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What can be called.
#[derive(Debug, Subcommand)]
pub enum Command {
    Gateway(gateway::Gateway),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Gateway(args) => gateway::run(app, &args),
    }
}
