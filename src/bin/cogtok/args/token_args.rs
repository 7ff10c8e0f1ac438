//! The profile's token for commands that use one instead of printing it.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::cache::single_flight::{CachePolicy, TokenOrigin as From, TokenResponse};
use cogtok::error::{Error, Result};
use cogtok::settings::profile::{Profile, missing_variable};
use cogtok::settings::types::{TokenOwner, TokenUse};
use cogtok::token::Token;

use crate::app::App;
use crate::app::options::{min_validity, not_empty};
use crate::args::token_options::{TokenOptions, wanted};
use crate::completion;

/// Which token, and how it is got.
#[derive(Debug, Clone, Default, Args)]
pub struct TokenArgs {
    /// Whose token: user or m2m; else the one that the profile has
    #[arg(long = "as", value_name = "WHO", add = ArgValueCandidates::new(completion::owners))]
    whose: Option<String>,
    /// The user who signs in
    #[arg(long, value_name = "NAME", conflicts_with = "scope", add = ArgValueCandidates::new(completion::users))]
    pub username: Option<String>,
    /// Which of the user's tokens: access or id
    #[arg(long, value_name = "TOKEN", conflicts_with = "scope", add = ArgValueCandidates::new(completion::tokens))]
    pub token: Option<String>,
    /// Scopes to ask for instead of the profile's; repeat it or separate them by spaces
    #[arg(long, value_name = "SCOPE", value_parser = not_empty, add = ArgValueCandidates::new(completion::scopes))]
    pub scope: Vec<String>,
    /// Ask for a new token even if a cached one is valid
    #[arg(long)]
    force_refresh: bool,
    /// Neither take a token from the cache nor keep it there
    #[arg(long, conflicts_with = "force_refresh")]
    no_cache: bool,
    /// How long a cached token must still be valid, at most 24h: AgentCore refuses one in its last minute [default: 120s]
    #[arg(long, value_name = "DURATION", value_parser = min_validity)]
    min_validity: Option<std::time::Duration>,
    #[arg(skip)]
    owner: Option<TokenOwner>,
}

/// A token, and what is known of it.
pub struct ObtainedToken {
    pub served: TokenResponse,
    pub policy: CachePolicy,
    pub owner: TokenOwner,
    pub username: Option<String>,
}

impl ObtainedToken {
    /// The token that was asked for, after the warnings about it.
    pub fn token(&self) -> Result<&Token> {
        wanted(&self.served, &self.policy)
    }

    /// Whether it came from the cache, so that a new one may be taken where it was not.
    pub fn is_cached(&self) -> bool {
        self.served.source == From::Cache
    }

    /// Whether the cache can keep it: how long it lives is known.
    pub fn is_kept(&self) -> bool {
        self.token().is_ok_and(|token| token.expires_at.is_some())
    }

    /// Whether it is valid for as long as was asked; where its life is not known, until it is refused.
    pub fn is_fresh(&self, now: u64) -> bool {
        let is_fresh = |token: &Token| token.expires_at.is_none() || token.is_fresh(now, self.policy.min_validity);
        // As in the cache, a token from later than now is not trusted: the clock was set back.
        let is_from_later = self.served.tokens.obtained_at > now.saturating_add(1000);
        !is_from_later && self.served.tokens.of(self.policy.token).is_some_and(is_fresh)
    }

    /// The options that choose it for another command, each with a space before it.
    pub fn options(&self) -> String {
        options(self.owner, self.username.as_deref(), self.policy.token)
    }

    /// Which of the tokens it is.
    pub fn kind(&self) -> TokenUse {
        self.policy.token
    }
}

impl TokenArgs {
    /// The user's ID token.
    pub fn id_token_of(username: Option<String>) -> Self {
        let (whose, token) = (TokenOwner::User.as_str().to_owned(), TokenUse::Id.as_str().to_owned());
        TokenArgs { whose: Some(whose), username, token: Some(token), ..TokenArgs::default() }
    }

    /// The machine's token where there is one, else the user's; of a user this one, where one is named.
    pub fn of(owner: Option<TokenOwner>, username: Option<String>, token: Option<TokenUse>) -> Self {
        let (whose, token) = (owner.map(|owner| owner.to_string()), token.map(|token| token.to_string()));
        TokenArgs { whose, username, token, ..TokenArgs::default() }
    }

    /// The owner of the token, if neither `--as` nor another option says so.
    pub fn or_of(&mut self, owner: Option<TokenOwner>) {
        self.owner = owner;
    }

    /// The same options, asking for a token that is not in the cache yet.
    pub fn renewed(&self) -> Self {
        TokenArgs { force_refresh: !self.no_cache, ..self.clone() }
    }

    /// The same, with what is in the cache.
    pub fn relaxed(&self) -> Self {
        TokenArgs { force_refresh: false, ..self.clone() }
    }

    /// Whether the cache is not used.
    pub fn is_without_cache(&self) -> bool {
        self.no_cache
    }

    /// As [`ObtainedToken::options`], without getting the token.
    ///
    /// # Errors
    /// As obtaining the token, up to its first request.
    pub fn options(&self, app: &App) -> Result<String> {
        let kind = self.token.as_deref().map_or(Ok(TokenUse::Access), str::parse)?;
        Ok(options(self.whose(app)?, self.username.as_deref(), kind))
    }

    /// The options, each one argument, that make another command use this token whenever it needs one.
    ///
    /// # Errors
    /// [`Kind::Usage`](cogtok::error::Kind::Usage) for what is meant for one call.
    pub fn arguments(&self, owner: TokenOwner) -> Result<Vec<String>> {
        if self.force_refresh {
            return Err(Error::usage("`--force-refresh` is for one call, and this is for many"));
        }
        let mut words = vec!["--as".to_owned(), owner.to_string()];
        let mut add = |option: &str, value: Option<&str>| {
            words.push(option.to_owned());
            words.extend(value.map(str::to_owned));
        };
        self.username.iter().for_each(|name| add("--username", Some(name)));
        self.token.iter().for_each(|token| add("--token", Some(token)));
        self.scope.iter().for_each(|scope| add("--scope", Some(scope)));
        self.min_validity.iter().for_each(|time| add("--min-validity", Some(&format!("{}s", time.as_secs()))));
        if self.no_cache {
            add("--no-cache", None);
        }
        Ok(words)
    }

    /// The options of the command that prints such a token.
    pub fn token_options(&self) -> TokenOptions {
        TokenOptions {
            force_refresh: self.force_refresh,
            no_cache: self.no_cache,
            min_validity: self.min_validity,
            ..TokenOptions::default()
        }
    }

    /// The owner of the token: from `--as` or another option, else from the profile.
    pub fn whose(&self, app: &App) -> Result<TokenOwner> {
        let asked: Option<TokenOwner> = self.whose.as_ref().map(|whose| whose.parse()).transpose()?;
        let is_of_user = self.username.is_some() || self.token.is_some();
        let implied = match (is_of_user, self.scope.is_empty()) {
            (true, _) => Some((TokenOwner::User, if self.username.is_some() { "--username" } else { "--token" })),
            (_, false) => Some((TokenOwner::M2m, "--scope")),
            _ => None,
        };
        match (asked, implied) {
            (Some(asked), Some((implied, option))) if asked != implied => {
                Err(Error::usage(format!("`{option}` is not for `--as {asked}`")))
            }
            (Some(owner), _) | (None, Some((owner, _))) => Ok(owner),
            (None, None) => self.owner.map_or_else(|| of_profile(app, &app.profile(&[])?), Ok),
        }
    }
}

fn options(owner: TokenOwner, username: Option<&str>, kind: TokenUse) -> String {
    let mut options = format!(" --as {owner}");
    if let Some(name) = username.and_then(|name| shlex::try_quote(name).ok()) {
        options.push_str(&format!(" --username {name}"));
    }
    if kind == TokenUse::Id {
        options.push_str(" --token id");
    }
    options
}

/// The owner of the profile's token, if it has settings for only one.
fn of_profile(app: &App, profile: &Profile) -> Result<TokenOwner> {
    let has_m2m = profile.m2m.client_id.is_some() || profile.m2m.secret_arn.is_some();
    match (profile.user.client_id.is_some(), has_m2m) {
        (true, false) => Ok(TokenOwner::User),
        (false, true) => Ok(TokenOwner::M2m),
        (true, true) => Err(Error::usage("this profile has a client for users and one for machines")
            .hint("choose one: `--as user` or `--as m2m`")),
        (false, false) => Err(app.without_profile(profile, missing_variable(app.missing_client()))),
    }
}
