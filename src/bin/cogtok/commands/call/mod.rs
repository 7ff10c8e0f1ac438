//! `cogtok call`: what a profile's tokens are for.

mod agent;
mod answer;
pub mod bearer;
mod gateway;
mod http;
mod model;
mod place;
mod request;
mod runtime;
pub mod server;
mod told;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What can be called.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    Http(Box<http::Http>),
    Runtime(Box<runtime::Runtime>),
    Gateway(Box<gateway::Gateway>),
    Model(Box<model::Model>),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Http(args) => http::run(app, &args),
        Command::Runtime(args) => runtime::run(app, &args),
        Command::Gateway(args) => gateway::run(app, &args),
        Command::Model(args) => model::run(app, &args),
    }
}
