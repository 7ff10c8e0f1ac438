//! `cogtok call`: what a profile's tokens are for.

mod agent;
mod answer;
mod bearer;
mod http;
mod place;
mod request;
mod runtime;
mod told;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What can be called.
#[derive(Debug, Subcommand)]
pub enum Command {
    Http(http::Http),
    Runtime(runtime::Runtime),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Http(args) => http::run(app, &args),
        Command::Runtime(args) => runtime::run(app, &args),
    }
}
