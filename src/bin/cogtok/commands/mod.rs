//! The commands: the path of a file is what you type.

mod aws_credentials;
mod cache;
mod call;
mod completions;
mod exec;
mod header;
mod login;
mod logout;
mod profile;
mod secret;
mod status;
pub mod token;
mod user;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;
use crate::cli::Cli;

/// The first word of a command line.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make, list and change users
    #[command(subcommand)]
    User(user::Command),
    /// Get tokens, look into them, verify them
    #[command(subcommand)]
    Token(token::Command),
    Login(login::Login),
    Logout(logout::Logout),
    Status(status::Status),
    /// Name the pools and clients you use
    #[command(subcommand)]
    Profile(profile::Command),
    /// Keep client secrets and passwords in the keyring, or in a sealed file
    #[command(subcommand)]
    Secret(secret::Command),
    Exec(exec::Exec),
    Header(header::Header),
    /// Call APIs and agents with the profile's token
    #[command(subcommand)]
    Call(call::Command),
    AwsCredentials(aws_credentials::AwsCredentials),
    /// See and clear the tokens that are kept
    #[command(subcommand)]
    Cache(cache::Command),
    Completions(completions::Completions),
}

/// Runs the command that was typed; none was where help was asked for.
pub fn run(cli: Option<Cli>) -> Result<()> {
    let Some(cli) = cli else { return Ok(()) };
    let app = App::new(cli.global)?;
    match cli.command {
        Command::User(command) => user::run(&app, command),
        Command::Token(command) => token::run(&app, command),
        Command::Login(args) => login::run(&app, &args),
        Command::Logout(args) => logout::run(&app, &args),
        Command::Status(_) => status::run(&app),
        Command::Profile(command) => profile::run(&app, command),
        Command::Secret(command) => secret::run(&app, command),
        Command::Exec(args) => exec::run(&app, &args),
        Command::Header(args) => header::run(&app, &args),
        Command::Call(command) => call::run(&app, command),
        Command::AwsCredentials(args) => aws_credentials::run(&app, &args),
        Command::Cache(command) => cache::run(&app, command),
        Command::Completions(args) => completions::run(&args),
    }
}

/// A moment as people read it, in UTC.
fn moment(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    moment.map(|moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// A table for people: as wide as the terminal, 80 columns where there is none.
fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(80);
    }
    table.set_header(header.iter().copied());
    table.add_rows(rows);
    let text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    text
}
