//! `cogtok token`: what the kinds of token share, from the options to the printed value.

mod agentcore_authorizer;
mod challenge;
mod check;
mod inspect;

pub mod m2m;
mod obtain;
pub mod renewal;
mod revoke;
pub mod session_host;

mod totp;
pub mod user;
mod verify;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use cogtok::cache::single_flight::{CachePolicy, CacheUse, TokenResponse, no_such_token};
use cogtok::error::{Error, Result};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{TokenUse, VarName};
use cogtok::token::Token;

use crate::app::App;
use crate::cli::{Output, min_validity};
use crate::env;
use crate::io::shell::{Export, default_name};
use crate::io::{signals, terminal};

pub(crate) const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Refuses an option that names nothing, as a variable that is not set leaves it.
fn refuse_empty(option: &str, values: &[String]) -> Result<()> {
    if values.iter().any(|value| value.trim().is_empty()) {
        Err(Error::usage(format!("`{option}` is empty")).hint("name one, or leave the option out"))
    } else {
        Ok(())
    }
}

/// The tokens there are.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Print a user's access token, or the ID token
    User(user::User),
    /// Print a machine-to-machine access token (OAuth client_credentials)
    M2m(m2m::M2m),
    /// Show what stands in a token, NOT VERIFIED
    Inspect(inspect::Inspect),
    /// Verify a token: signature, issuer, client, times
    Verify(verify::Verify),
    /// Say whether a service would take a token, and what to change if not
    Check(check::Check),
    /// Revoke the refresh token that a sign-in left, or one from standard input
    Revoke(revoke::Revoke),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::User(user) => user::run(app, &user),
        Command::M2m(m2m) => m2m::run(app, &m2m),
        Command::Inspect(inspect) => inspect::run(app, &inspect),
        Command::Verify(verify) => verify::run(app, &verify),
        Command::Check(check) => check::run(app, &check),
        Command::Revoke(revoke) => revoke::run(app, &revoke),
    }
}

/// Options of every token command.
#[derive(Debug, Default, Args)]
pub struct Shared {
    /// Print assignments for a shell to evaluate, also when it fails
    #[arg(long, value_enum, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "sh", conflicts_with_all = ["json", "output", "header"])]
    pub export: Option<Export>,
    /// The variable to assign instead of COGTOK_ACCESS_TOKEN or COGTOK_ID_TOKEN
    #[arg(long, value_name = "NAME", requires = "export")]
    pub env_var: Option<String>,
    /// Print an HTTP header line
    #[arg(long, conflicts_with_all = ["json", "output"])]
    pub header: bool,
    /// Write to this file, which only you can read, instead of standard output; `--export=dotenv` changes its own lines alone
    /// of a file that is there
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub output_file: Option<PathBuf>,
    /// Ask for a new token even if a cached one is valid
    #[arg(long)]
    pub force_refresh: bool,
    /// Neither take a token from the cache nor keep it there
    #[arg(long, conflicts_with = "force_refresh")]
    pub no_cache: bool,
    /// How long a cached token must still be valid, at most 24h: AgentCore refuses one in its last minute [default: 120s]
    #[arg(long, value_name = "DURATION", value_parser = min_validity)]
    pub min_validity: Option<Duration>,
}

impl Shared {
    /// Checks what clap can't, before anything is asked, and settles which variable a failure empties. `credentials` is the
    /// form of another export than the token's.
    pub fn begin(&self, app: &App, credentials: Option<Export>, token: TokenUse) -> Result<()> {
        app.output(&FORMS)?;
        crate::args::token_output::check(self.export.or(credentials), self.output_file.as_deref())?;
        match &self.env_var {
            Some(name) => name.parse::<VarName>().map(drop)?,
            None if credentials.is_none() => signals::fail_with(default_name(token)),
            None => {}
        }
        Ok(())
    }

    /// What to take from the cache.
    pub fn policy(&self, app: &App, profile: &Profile, token: TokenUse, has_own_secret: bool) -> CachePolicy {
        let cache = match (self.force_refresh, self.no_cache) {
            (true, _) => CacheUse::Renew,
            (_, true) => CacheUse::Bypass,
            _ => CacheUse::Full,
        };
        let min_validity = self.min_validity.unwrap_or(profile.min_validity);
        CachePolicy { token, min_validity, cache, deadline: app.deadline(), has_own_secret }
    }
}

/// The token that was asked for, after the warnings about it.
pub fn wanted<'a>(served: &'a TokenResponse, policy: &CachePolicy) -> Result<&'a Token> {
    let tokens = &served.tokens;
    let refused = tokens.scopes_refused();
    if !refused.is_empty() {
        log::warn!(target: "cogtok", "the token lacks scopes that were asked for: {}", refused.join(" "));
    }
    let token = tokens.of(policy.token).ok_or_else(|| no_such_token(policy.token))?;
    let now = env::now();
    match token.seconds_left(now) {
        None => log::warn!(target: "cogtok", "how long the token is valid is not known, so it is not cached"),
        Some(0) => log::warn!(target: "cogtok", "the token has expired already: is this machine's clock right?"),
        Some(left) if !token.is_fresh(now, policy.min_validity) => {
            log::warn!(target: "cogtok", "the token is valid for {left} s only, less than the {} s asked for", policy.min_validity.as_secs());
        }
        Some(_) => {}
    }
    Ok(token)
}

/// Exactly one secret from standard input.
pub fn secret_from_stdin() -> Result<cogtok::secret::Secret> {
    terminal::stdin_secret().map_err(|error| error.context("standard input"))
}
