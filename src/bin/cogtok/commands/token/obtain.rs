//! A user's tokens when the cache has none that will do: renewed with the refresh token, else by signing in.

use cogtok::cache::single_flight::{RefreshGuard, TokenOrigin, TokenResponse};
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::settings::profile::Profile;
use cogtok::token::session::{RefreshState, SessionOrigin};
use cogtok::user_pool::cognito_idp::AuthenticationResult;
use cogtok::user_pool::device::Device;
use cogtok::user_pool::refresh_session;

use super::challenge::PreparedAnswers;
use super::renewal::{NoTokens, renew, unreadable};
use super::sign_in::{sign_in, with_allowed_flows};
use super::totp::TotpProvider;
use crate::app::App;
use crate::io::terminal;

/// What the caller wants beside a token.
pub struct SignInOptions {
    /// Whether a refresh token may be used.
    pub may_renew: bool,
    /// Whether the refresh token is to be kept.
    pub is_kept: bool,
    /// Whether the key of an authenticator app that is set up is to be kept.
    pub save_totp: bool,
}

/// Tokens from Cognito.
pub fn obtain(
    app: &App,
    profile: &Profile,
    key: &CacheKey,
    turn: &mut RefreshGuard,
    wish: &SignInOptions,
    given_password: Option<Secret>,
    given: PreparedAnswers,
) -> Result<TokenResponse> {
    let remembered = app.remembered(key);
    let candidates = match &remembered {
        Ok(Some(record)) => record.session.iter().cloned().collect(),
        Ok(None) => Vec::new(),
        // Nobody knows what the store has, so it is asked.
        Err(error) => {
            log::warn!(target: "cogtok", "{error}");
            refresh_session::possible(profile)
        }
    };
    let mut reason = None;
    if wish.may_renew && turn.is_exclusive() {
        let over = remembered.as_ref().ok().and_then(|record| record.as_ref()?.over);
        if over == Some(SessionOrigin::Endpoint) && given_password.is_none() {
            return Err(ended(NoTokens::Absent));
        }
        for session in &candidates {
            let why = match renew(app, profile, key, turn, session) {
                Ok(served) => return Ok(served),
                Err(NoTokens::Failed(error)) => return Err(error),
                // It was never known to be there.
                Err(NoTokens::Absent) if remembered.is_err() => continue,
                Err(why @ NoTokens::Unreadable(_)) if remembered.is_err() => {
                    reason = Some(why);
                    break;
                }
                Err(why) => why,
            };
            // Who signed in with the browser may have no password, and is asked for none.
            if session.via == SessionOrigin::Endpoint && given_password.is_none() {
                return Err(ended(why));
            }
            reason = Some(why);
        }
    }
    let warn = || {
        if let Some(NoTokens::Unreadable(error) | NoTokens::Refused(error)) = &reason {
            log::warn!(target: "cogtok", "the session can't be renewed: {error}");
        }
    };
    // Who is asked should know why.
    if terminal::can_ask() {
        warn();
    }
    let signed_in = sign_in_anew(app, profile, key, turn, wish, (given_password, given), reason.as_ref());
    if signed_in.is_ok() {
        warn();
    }
    let signed_in = signed_in.map_err(|error| {
        let needs_human = error.kind() == Kind::NeedsHuman;
        let is_stuck = needs_human && !terminal::can_ask() || profile.user.username.is_none();
        match reason {
            Some(NoTokens::Over(over)) if needs_human => {
                error.context(&format!("the session is over ({})", over.message()))
            }
            // What keeps the session from being renewed is what is to be mended: who signs in does without it.
            Some(NoTokens::Unreadable(why)) if is_stuck => or_sign_in(unreadable(why), &error),
            Some(NoTokens::Refused(why)) if is_stuck => or_sign_in(why.context("the session can't be renewed"), &error),
            _ => error,
        }
    })?;
    Ok(TokenResponse { tokens: signed_in.tokens, source: TokenOrigin::Network })
}

fn sign_in_anew(
    app: &App,
    profile: &Profile,
    key: &CacheKey,
    turn: &RefreshGuard,
    wish: &SignInOptions,
    (given_password, given): (Option<Secret>, PreparedAnswers),
    reason: Option<&NoTokens>,
) -> Result<AuthenticationResult> {
    profile.username().map_err(|error| {
        let error = error.hint("or sign in with the browser: `cogtok login{p}`");
        app.for_others(profile, None).into_iter().fold(error, Error::hint)
    })?;
    // Without the lock two processes could use the same refresh token.
    let is_kept = wish.is_kept && turn.is_exclusive();
    let was_told = turn.previous().is_some_and(|tokens| tokens.renewal == RefreshState::NotKept);
    // A store that could not be read a moment ago is not waited for again.
    let device = if matches!(reason, Some(NoTokens::Unreadable(_))) { None } else { device(app, profile, key) };
    let app_of_user = TotpProvider::new(app, profile, wish.save_totp);
    let keep = is_kept.then_some((key, was_told));
    let result = sign_in(app, profile, device, given_password, (given, app_of_user), keep);
    result.map_err(|error| with_allowed_flows(app, profile, error))
}

/// The device that the pool remembers. The store is opened where it is known to have one.
fn device(app: &App, profile: &Profile, key: &CacheKey) -> Option<Device> {
    let is_there = app.remembered(key).map_or(true, |record| record.is_some_and(|record| record.has_device));
    if !is_there {
        return None;
    }
    let found = app.secrets_noninteractive().and_then(|store| refresh_session::device(store, profile));
    found.unwrap_or_else(|error| {
        log::warn!(target: "cogtok", "the device that the pool remembers can't be read, so this one is new to it: {error}");
        None
    })
}

/// The error with what a sign-in would need.
fn or_sign_in(error: Error, needed: &Error) -> Error {
    let error = error.hint(format!("or sign in: {}", needed.message()));
    needed.advice().iter().fold(error, |error, hint| error.hint(hint.clone()))
}

/// The error where a session from the browser brings no more tokens.
fn ended(why: NoTokens) -> Error {
    let over = |why: &str| Error::new(Kind::NeedsHuman, format!("the session from the browser is over: {why}"));
    let again = "sign in again: `cogtok login{p}`";
    match why {
        NoTokens::Absent => over("its refresh token is gone").hint(again),
        NoTokens::Over(error) => over(error.message()).hint(again),
        NoTokens::Unreadable(error) => unreadable(error).hint("or sign in again: `cogtok login{p}`"),
        NoTokens::Refused(error) => {
            let has_reason = error.code().is_some();
            let error = error.context("the session from the browser can't be renewed");
            // What refuses without a reason stands before the domain, and a sign-in would meet it as well.
            if has_reason { error.hint("or sign in again: `cogtok login{p}`") } else { error }
        }
        NoTokens::Failed(error) => error,
    }
}
