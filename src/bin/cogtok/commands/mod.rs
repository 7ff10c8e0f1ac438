//! The commands: the path of a file is what you type.

mod aws_credentials;
mod cache;
mod call;
mod completions;
mod doctor;
mod exec;
mod header;
pub(crate) mod help;
mod login;
mod logout;
mod mcp_proxy;
pub mod profile;
mod secret;
mod status;
pub mod token;
mod user;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;
use crate::app::options::timeout;

/// The first word of a command line.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Make, list and change users
    #[command(subcommand)]
    User(user::Command),
    /// Get tokens, look into them, verify them
    #[command(subcommand)]
    Token(token::Command),
    /// Sign in through the browser, at the pool's hosted pages
    Login(login::Login),
    /// Sign the user of a profile out: revoke the refresh token, then forget it
    Logout(logout::Logout),
    /// Say who is signed in to each profile, until when, and which secrets there are
    Status(status::Status),
    /// Find out what keeps a profile from working
    Doctor(doctor::Doctor),
    /// Name the pools and clients you use
    #[command(subcommand)]
    Profile(profile::Command),
    /// Keep client secrets and passwords in the keyring, or in a sealed file
    #[command(subcommand)]
    Secret(secret::Command),
    /// Run a command with the token in its environment
    Exec(exec::Exec),
    /// Print the Authorization header with the token
    Header(header::Header),
    /// Call what the profile's tokens are for: APIs, agents, tools, models
    #[command(
        subcommand,
        arg = timeout("How long the whole call may take [default: 30s for the token, 15m of silence for the answer]")
    )]
    Call(call::Command),
    /// Put an MCP server over HTTP on standard input and output, with a fresh token
    #[command(arg = timeout("How long each request may take [default: 15m of silence]"))]
    McpProxy(mcp_proxy::McpProxy),
    /// Print AWS credentials for the user, through the profile's identity pool
    AwsCredentials(aws_credentials::AwsCredentials),
    /// See and clear the tokens that are kept
    #[command(subcommand)]
    Cache(cache::Command),
    /// Print the script that makes a shell complete cogtok with TAB
    Completions(completions::Completions),
    /// Show the help of a command, or a page of the documentation
    Help(help::Help),
}

/// Runs a command.
pub fn run(app: App, command: Command) -> Result<()> {
    match command {
        Command::User(command) => user::run(&app, command),
        Command::Token(command) => token::run(&app, command),
        Command::Login(args) => login::run(&app, &args),
        Command::Logout(args) => logout::run(&app, &args),
        Command::Status(_) => status::run(&app),
        Command::Doctor(args) => doctor::run(&app, &args),
        Command::Profile(command) => profile::run(&app, command),
        Command::Secret(command) => secret::run(&app, command),
        Command::Exec(args) => exec::run(&app, &args),
        Command::Header(args) => header::run(&app, &args),
        Command::Call(command) => call::run(&app, command),
        Command::McpProxy(args) => mcp_proxy::run(&app, &args),
        Command::AwsCredentials(args) => aws_credentials::run(&app, &args),
        Command::Cache(command) => cache::run(&app, command),
        Command::Completions(args) => completions::run(&args),
        Command::Help(args) => help::run(&args),
    }
}
