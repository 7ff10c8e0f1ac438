//! `cogtok call`: what a profile's tokens are for.

mod agent;
pub mod authorized_request;
mod event_printer;
mod gateway;
mod http;
pub mod mcp_target;
mod model;
mod request;
mod response;
mod retry_on_401;
mod runtime;
mod runtime_command;
mod runtime_session;
mod runtime_socket;
pub mod target;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The kinds of targets.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Send a request with the token and print the answer
    Http(Box<http::Http>),
    /// Ask an agent in Bedrock AgentCore Runtime
    Runtime(Box<runtime::Runtime>),
    /// List the tools of an MCP server, or call one
    Gateway(Box<gateway::Gateway>),
    /// Ask a model of Bedrock, through the profile's identity pool
    Model(Box<model::Model>),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Http(args) => http::run(app, &args),
        Command::Runtime(args) => match (&args.command, args.ws) {
            _ if args.stop_session => runtime_session::stop(app, &args),
            (Some(command), _) => runtime_command::run(app, &args, command),
            (None, Some(ws)) => runtime_socket::run(app, &args, ws.place()),
            (None, None) => runtime::run(app, &args),
        },
        Command::Gateway(args) => gateway::run(app, &args),
        Command::Model(args) => model::run(app, &args),
    }
}
