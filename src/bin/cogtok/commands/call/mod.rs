//! `cogtok call`: a request with what the profile has, and its answer.

#[expect(dead_code, reason = "for the commands that send tokens")]
mod bearer;
mod model;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What is called.
#[derive(Debug, Subcommand)]
pub enum Command {
    Model(model::Model),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Model(args) => model::run(app, &args),
    }
}
