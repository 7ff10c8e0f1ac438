//! Obtains a user's tokens if the cache has none, and explains why there are none.

use cogtok::aws::admin::Admin;
use cogtok::cache::single_flight::{RefreshGuard, TokenResponse};
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Error, Kind, Result};
use cogtok::settings::profile::Profile;
use cogtok::user_pool::user_session::{self, NoTokens, NotObtained, SessionOptions, unreadable};

use super::challenge::PreparedAnswers;
use super::session_host::CommandHost;
use crate::app::App;
use crate::env;
use crate::io::terminal;

/// Tokens from Cognito.
pub fn obtain(
    app: &App,
    profile: &Profile,
    key: &CacheKey,
    turn: &mut RefreshGuard,
    options: SessionOptions,
    (given, save_totp): (PreparedAnswers, bool),
) -> Result<TokenResponse> {
    let mut host = CommandHost::new(app, profile, key, turn, given, save_totp);
    match app.drive(user_session::obtain(&mut host, options))? {
        Ok(served) => Ok(served),
        Err(NotObtained::Ended(why)) => Err(ended(why)),
        Err(NotObtained::Failed(error)) => Err(error),
        Err(NotObtained::SignIn { error, session }) => {
            Err(not_signed_in(profile, with_allowed_flows(app, profile, error), session))
        }
    }
}

/// The error of a sign-in, with the reason why the session could not be renewed.
fn not_signed_in(profile: &Profile, error: Error, session: Option<NoTokens>) -> Error {
    let needs_human = error.kind() == Kind::NeedsHuman;
    let is_stuck = needs_human && !terminal::can_ask() || profile.user.username.is_none();
    match session {
        Some(NoTokens::Over(over)) if needs_human => {
            error.context(&format!("the session has expired ({})", over.message()))
        }
        // The reason why the session can't be renewed has to be fixed first: a new sign-in would work around it.
        Some(NoTokens::Unreadable(why)) if is_stuck => or_sign_in(unreadable(why), &error),
        Some(NoTokens::Refused(why)) if is_stuck => or_sign_in(why.context("the session can't be renewed"), &error),
        _ => error,
    }
}

/// Names the flows that the app client allows if it refuses the profile's, given AWS credentials to ask with.
fn with_allowed_flows(app: &App, profile: &Profile, error: Error) -> Error {
    let is_flow = error.code() == Some("InvalidParameterException") && error.kind() == Kind::Config;
    let may_ask = profile.aws_profile.is_some() || env::var("AWS_ACCESS_KEY_ID").is_some();
    let (true, true, Ok(client_id), Ok(wire)) = (is_flow, may_ask, profile.user_client_id(), app.wire()) else {
        return error;
    };
    let asked = app.block_on(async { Admin::new(&wire, profile).await?.allowed_flows(client_id).await });
    match asked {
        Ok(flows) if !flows.is_empty() => {
            let flows: Vec<&str> = flows.iter().map(|flow| flow.as_str()).collect();
            error.hint(format!("the app client allows: {}", flows.join(", ")))
        }
        Ok(_) => error.hint("the app client allows no flow that cogtok knows"),
        Err(why) => {
            log::info!(target: "cogtok", "which flows the app client allows is not known: {why}");
            error
        }
    }
}

/// The error with what a sign-in would need.
fn or_sign_in(error: Error, needed: &Error) -> Error {
    let error = error.hint(format!("or sign in: {}", needed.message()));
    needed.advice().iter().fold(error, |error, hint| error.hint(hint.clone()))
}

/// The error where a session from the browser brings no more tokens.
pub fn ended(why: NoTokens) -> Error {
    let over = |why: &str| Error::new(Kind::NeedsHuman, format!("the session from the browser has expired: {why}"));
    let again = "sign in again: `cogtok login{p}`";
    match why {
        NoTokens::Absent => over("no refresh token is stored").hint(again),
        NoTokens::Over(error) => over(error.message()).hint(again),
        NoTokens::Unreadable(error) => unreadable(error).hint("or sign in again: `cogtok login{p}`"),
        NoTokens::Refused(error) => {
            let has_reason = error.code().is_some();
            let error = error.context("the session from the browser can't be renewed");
            // A refusal without a reason comes from something in front of the domain, which would also block a sign-in.
            if has_reason { error.hint("or sign in again: `cogtok login{p}`") } else { error }
        }
        NoTokens::Failed(error) => error,
    }
}
