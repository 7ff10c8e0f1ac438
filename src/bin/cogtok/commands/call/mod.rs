//! `cogtok call`: what a profile's tokens are for.

#[allow(dead_code)]
pub mod bearer;
mod gateway;
mod model;
pub mod server;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What can be called.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    Gateway(Box<gateway::Gateway>),
    Model(Box<model::Model>),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Gateway(args) => gateway::run(app, &args),
        Command::Model(args) => model::run(app, &args),
    }
}
