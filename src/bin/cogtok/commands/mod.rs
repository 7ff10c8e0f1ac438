//! The commands: the path of a file is what you type.

mod aws_credentials;
mod cache;
mod call;
mod child_command;
mod completions;
mod derived;
mod doctor;
mod exec;
mod group;
mod header;
pub(crate) mod help;
mod init;
mod login;
mod logout;
mod mcp;
mod mcp_proxy;
mod mistyped;
mod password;
mod password_policy;
pub mod profile;
mod refused_scopes;
mod secret;
mod serve;
mod sign_up;
mod status;
pub mod token;
mod user;

use clap::Subcommand;
use cogtok::error::{Kind, Result};

use crate::app::App;
use crate::app::options::timeout;
use crate::env;
use crate::services::doctor::environment::slips;

/// The commands.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Set up a profile by questions, and sign in
    Init(init::Init),
    /// Create, list and change users
    #[command(subcommand)]
    User(user::Command),
    /// Create, list and delete groups, and add users to them
    #[command(subcommand)]
    Group(group::Command),
    /// Get, inspect and verify tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Sign in through the browser, at the pool's hosted pages
    Login(login::Login),
    /// Sign out: revoke the refresh token, then delete it
    Logout(logout::Logout),
    /// Sign up at a pool that allows it, without an AWS account
    SignUp(sign_up::SignUp),
    /// Change or reset your password, without an AWS account
    #[command(subcommand)]
    Password(password::Command),
    /// Show who is signed in to each profile, and until when
    Status(status::Status),
    /// Find out what keeps a profile from working
    Doctor(doctor::Doctor),
    /// Manage profiles: the pools and app clients you use
    #[command(subcommand)]
    Profile(profile::Command),
    /// Store client secrets and passwords in the keyring or a file
    #[command(subcommand)]
    Secret(secret::Command),
    /// Run a command with the token in its environment
    Exec(exec::Exec),
    /// Print the Authorization header with the token
    Header(header::Header),
    /// Call an API, agent, tool or model with a token
    #[command(
        subcommand,
        arg = timeout("How long the whole call may take [default: 30s for the token, 15m of silence for the answer]")
    )]
    Call(call::Command),
    /// Add MCP servers to MCP clients, list and remove them
    #[command(subcommand)]
    Mcp(mcp::Command),
    /// Bridge a remote MCP server to stdio, adding a fresh token
    #[command(arg = timeout("How long each request may take [default: 15m of silence]"))]
    McpProxy(mcp_proxy::McpProxy),
    /// Serve fresh tokens at a local address
    #[command(arg = timeout("How long getting a token may take [default: 30s]"))]
    Serve(serve::Serve),
    /// Print AWS credentials for the user, from the identity pool
    AwsCredentials(aws_credentials::AwsCredentials),
    /// List and delete cached tokens
    #[command(subcommand)]
    Cache(cache::Command),
    /// Print or install a script for TAB completion in your shell
    Completions(completions::Completions),
    /// Show the help of a command, or a page of the documentation
    Help(help::Help),
}

/// Runs a command. Where something is missing, a hint names a variable that is like the one that would supply it.
pub fn run(mut app: App, command: Command) -> Result<()> {
    dispatch(&mut app, command).map_err(|error| {
        let error = app.about_variables(app.with_moved_address(error));
        if !matches!(error.kind(), Kind::Config | Kind::NeedsHuman) {
            return error;
        }
        slips(&env::ours()).into_iter().fold(error, cogtok::error::Error::hint)
    })
}

fn dispatch(app: &mut App, command: Command) -> Result<()> {
    match command {
        Command::Init(args) => init::run(app, &args),
        Command::User(command) => user::run(app, command),
        Command::Group(command) => group::run(app, command),
        Command::Token(command) => token::run(app, command),
        Command::Login(args) => login::run(app, &args),
        Command::Logout(args) => logout::run(app, &args),
        Command::SignUp(args) => sign_up::run(app, &args),
        Command::Password(command) => password::run(app, command),
        Command::Status(_) => status::run(app),
        Command::Doctor(args) => doctor::run(app, &args),
        Command::Profile(command) => profile::run(app, command),
        Command::Secret(command) => secret::run(app, command),
        Command::Exec(args) => exec::run(app, &args),
        Command::Header(args) => header::run(app, &args),
        Command::Call(command) => call::run(app, command),
        Command::Mcp(command) => mcp::run(app, command),
        Command::McpProxy(args) => mcp_proxy::run(app, &args),
        Command::Serve(args) => serve::run(app, &args),
        Command::AwsCredentials(args) => aws_credentials::run(app, &args),
        Command::Cache(command) => cache::run(app, command),
        Command::Completions(args) => completions::run(&args),
        Command::Help(args) => help::run(&args),
    }
}
