//! `cogtok token`: what the kinds of token share, from the options to the printed value.

mod challenge;
pub mod m2m;
mod revoke;
pub mod sign_in;
pub mod user;

use std::time::Duration;

use clap::{Args, Subcommand};
use cogtok::error::{Error, Result};
use cogtok::flows::{CacheUse, Policy, Served, no_such_token};
use cogtok::profile::Profile;
use cogtok::profile::words::{ProfileName, TokenUse, VarName};

use crate::app::App;
use crate::cli::{Output, duration};
use crate::shell::{Export, default_name};
use crate::{env, interrupt, terminal};

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// The tokens there are.
#[derive(Debug, Subcommand)]
pub enum Command {
    User(user::User),
    M2m(m2m::M2m),
    Revoke(revoke::Revoke),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::User(user) => user::run(app, &user),
        Command::M2m(m2m) => m2m::run(app, &m2m),
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
    /// Ask for a new token even if a cached one is valid
    #[arg(long)]
    pub force_refresh: bool,
    /// Neither take a token from the cache nor keep it there
    #[arg(long, conflicts_with = "force_refresh")]
    pub no_cache: bool,
    /// How long a cached token must still be valid [default: 60s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub min_validity: Option<Duration>,
}

impl Shared {
    /// Checks what clap can't, and settles which variable a failure empties.
    pub fn begin(&self, app: &App, token: TokenUse) -> Result<()> {
        app.output(&FORMS)?;
        match &self.env_var {
            Some(name) => name.parse::<VarName>().map(drop)?,
            None => interrupt::fail_with(default_name(token)),
        }
        Ok(())
    }

    /// What to take from the cache.
    pub fn policy(&self, app: &App, profile: &Profile, token: TokenUse, has_own_secret: bool) -> Policy {
        let cache = match (self.force_refresh, self.no_cache) {
            (true, _) => CacheUse::Renew,
            (_, true) => CacheUse::Bypass,
            _ => CacheUse::Full,
        };
        let min_validity = self.min_validity.unwrap_or(profile.min_validity);
        Policy { token, min_validity, cache, deadline: app.deadline(), has_own_secret }
    }

    /// Prints the token in the form that was asked for.
    pub fn deliver(&self, app: &App, profile: &Profile, policy: &Policy, served: &Served, again: &str) -> Result<()> {
        let tokens = &served.tokens;
        let token = tokens.of(policy.token).ok_or_else(|| no_such_token(policy.token))?;
        let now = env::now();
        warn(served, policy, now)?;
        let value = token.value.expose();
        if let Some(export) = self.export {
            let name = self.env_var.as_deref().unwrap_or(default_name(policy.token));
            return terminal::data(&export.assignments(name, value, token.expires_at)).map(drop);
        }
        if self.header {
            return terminal::data(&format!("Authorization: Bearer {value}\n")).map(drop);
        }
        if app.output(&FORMS)? == Output::Json {
            let json = serde_json::json!({
                "access_token": tokens.access.value.expose(),
                "id_token": tokens.id.as_ref().map(|id| id.value.expose()),
                "token_type": "Bearer",
                "expires_in": token.seconds_left(now),
                "expires_at": token.expires_at,
                "scope": tokens.scope.as_ref().map(ToString::to_string),
                "source": served.source.as_str(),
                "profile": profile.name.as_ref().map(ProfileName::as_str),
            });
            return terminal::data(&terminal::json_line(&json)).map(drop);
        }
        terminal::data(&format!("{value}\n"))?;
        if terminal::is_read_by_a_person() {
            let name = profile.name.as_ref().map(|name| format!(" -p {name}")).unwrap_or_default();
            terminal::hint(&format!("curl -H @<(cogtok token {again}{name} --header) URL   keeps it out of `ps`"));
        }
        Ok(())
    }
}

fn warn(served: &Served, policy: &Policy, now: u64) -> Result<()> {
    let tokens = &served.tokens;
    let refused = tokens.scopes_refused();
    if !refused.is_empty() {
        log::warn!(target: "cogtok", "the token lacks scopes that were asked for: {}", refused.join(" "));
    }
    let token = tokens.of(policy.token).ok_or_else(|| no_such_token(policy.token))?;
    match token.seconds_left(now) {
        None => log::warn!(target: "cogtok", "how long the token is valid is not known, so it is not cached"),
        Some(0) => log::warn!(target: "cogtok", "the token has expired already: is this machine's clock right?"),
        Some(left) if !token.is_fresh(now, policy.min_validity) => {
            log::warn!(target: "cogtok", "the token is valid for {left} s only, less than the {} s asked for", policy.min_validity.as_secs());
        }
        Some(_) => {}
    }
    Ok(())
}

/// Exactly one secret from standard input.
pub fn secret_from_stdin() -> Result<cogtok::secret::Secret> {
    cogtok::secret::Secret::from_bytes(terminal::stdin_bytes()?)
        .map_err(|error| Error::usage(format!("standard input: {}", error.message())))
}
