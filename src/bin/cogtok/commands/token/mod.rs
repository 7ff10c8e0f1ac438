//! `cogtok token`: what the kinds of token share, from the options to the printed value.

mod agentcore_authorizer;
mod authenticator_key;
mod challenge;
mod check;
mod exchange;
mod get;
mod inspect;

pub mod m2m;
mod obtain;
pub mod renewal;
mod revoke;
pub mod session_host;

mod totp;
pub mod user;
mod verify;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The tokens there are.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Print a user's access token, or the ID token
    User(user::User),
    /// Print a machine-to-machine access token (OAuth client_credentials)
    M2m(m2m::M2m),
    /// Exchange a user's token for one on behalf of that user (RFC 8693)
    Exchange(exchange::Exchange),
    /// Show what a token contains, NOT VERIFIED
    Inspect(inspect::Inspect),
    /// Verify a token: signature, issuer, client, times
    Verify(verify::Verify),
    /// Check whether a service accepts a token, and why not
    Check(check::Check),
    /// Revoke the stored refresh token, or one from standard input
    Revoke(revoke::Revoke),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::User(user) => user::run(app, &user),
        Command::M2m(m2m) => m2m::run(app, &m2m),
        Command::Exchange(exchange) => exchange::run(app, &exchange),
        Command::Inspect(inspect) => inspect::run(app, &inspect),
        Command::Verify(verify) => verify::run(app, &verify),
        Command::Check(check) => check::run(app, &check),
        Command::Revoke(revoke) => revoke::run(app, &revoke),
    }
}
