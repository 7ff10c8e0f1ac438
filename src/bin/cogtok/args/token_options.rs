//! The options of the commands that print a token.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use cogtok::cache::single_flight::{CachePolicy, CacheUse, TokenOrigin, TokenResponse, no_such_token};
use cogtok::error::Result;
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::TokenUse;
use cogtok::token::Token;

use crate::app::App;
use crate::app::options::{Output, duration, min_validity};
use crate::env;
use crate::io::shell::Export;
use crate::io::terminal;

pub const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// Options of every token command.
#[derive(Debug, Default, Args)]
pub struct TokenOptions {
    /// Print assignments for a shell to evaluate, also when it fails
    #[arg(long, value_enum, value_name = "FORM", num_args = 0..=1, require_equals = true, default_missing_value = "sh", conflicts_with_all = ["json", "output", "header"])]
    pub export: Option<Export>,
    /// The variable to assign instead of COGTOK_ACCESS_TOKEN or COGTOK_ID_TOKEN
    #[arg(long, value_name = "NAME", requires = "export")]
    pub env_var: Option<String>,
    /// Print an HTTP header line
    #[arg(long, conflicts_with_all = ["json", "output"])]
    pub header: bool,
    /// Put the token into the clipboard instead of printing it; cogtok waits and clears it after this time [default: 45s]
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "45s", value_parser = duration, conflicts_with_all = ["export", "json", "output", "output_file"])]
    pub copy: Option<Duration>,
    /// Write to this file, which only you can read, instead of standard output; `--export=dotenv` changes only its own lines
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

impl TokenOptions {
    /// Which cached tokens are acceptable.
    pub fn policy(&self, app: &App, profile: &Profile, token: TokenUse, has_own_secret: bool) -> CachePolicy {
        let cache = match (self.force_refresh, self.no_cache) {
            (true, _) => CacheUse::Renew,
            (_, true) => CacheUse::Bypass,
            _ => CacheUse::Full,
        };
        let min_validity = self.min_validity.unwrap_or(profile.min_validity);
        CachePolicy { token, is_for_all: false, min_validity, cache, deadline: app.deadline(), has_own_secret }
    }
}

/// The token that was asked for, after the warnings about it.
pub fn wanted<'a>(served: &'a TokenResponse, policy: &CachePolicy) -> Result<&'a Token> {
    let tokens = &served.tokens;
    let refused = tokens.scopes_refused();
    if !refused.is_empty() {
        log::warn!(target: "cogtok", "the token lacks scopes that you requested: {}", refused.join(" "));
    }
    let token = tokens.of(policy.token).ok_or_else(|| no_such_token(policy.token))?;
    let now = env::now();
    match token.seconds_left(now) {
        None => log::warn!(target: "cogtok", "the token does not say how long it is valid, so it is not cached"),
        // One of the cache was valid a moment ago, by the same clock.
        Some(0) if served.source != TokenOrigin::Cache => {
            log::warn!(target: "cogtok", "the token has already expired: is this machine's clock right?");
        }
        Some(left) if !token.is_fresh(now, policy.min_validity) => {
            log::warn!(target: "cogtok", "the token is valid for only {left} s, less than the {} s of `min_validity`", policy.min_validity.as_secs());
        }
        Some(_) => {}
    }
    Ok(token)
}

/// Exactly one secret from standard input, in the shape that its kind has.
pub fn secret_from_stdin(shaped: impl FnOnce(Secret) -> Result<Secret>) -> Result<Secret> {
    terminal::stdin_secret().and_then(shaped).map_err(|error| error.context("standard input"))
}
