//! New tokens for a session, without a sign-in.

use std::time::Duration;

use cogtok::cache::single_flight::{self, CachePolicy, CacheUse, RefreshGuard, TokenResponse};
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::Error;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::TokenUse;
use cogtok::store::sessions::{Record, SessionLock};
use cogtok::token::session::{Session, SessionOrigin};
use cogtok::user_pool::user_session::{self, NoTokens};

use super::challenge::PreparedAnswers;
use super::obtain;
use super::session_host::CommandHost;
use crate::app::{App, remember};
use crate::env;

/// Tokens for the refresh token of the session. The caller has its turn for the key.
pub fn renew(
    app: &App,
    profile: &Profile,
    key: &CacheKey,
    turn: &mut RefreshGuard,
    session: &Session,
) -> Result<TokenResponse, NoTokens> {
    let mut host = CommandHost::new(app, profile, key, turn, PreparedAnswers::default(), false);
    app.drive(user_session::renew(&mut host, session)).map_err(NoTokens::Failed)?
}

/// The access token of the user who is signed in, with its scopes; renewed first where it has expired, and never by a sign-in.
///
/// # Errors
/// As [`renew`]; `nobody` if there is no session.
pub fn signed_in(
    app: &App,
    profile: &Profile,
    key: &CacheKey,
    nobody: impl Fn() -> Error,
) -> cogtok::error::Result<TokenResponse> {
    let policy = CachePolicy {
        token: TokenUse::Access,
        is_for_all: false,
        min_validity: Duration::from_secs(10),
        cache: CacheUse::Full,
        deadline: app.deadline(),
        has_own_secret: true,
    };
    single_flight::serve(&app.cache(), key, &policy, env::now, |turn| {
        let session = app.remembered(key)?.and_then(|record| record.current_session().cloned()).ok_or_else(&nobody)?;
        renew(app, profile, key, turn, &session).map_err(|why| match why {
            NoTokens::Refused(_) if session.via == SessionOrigin::Endpoint => obtain::ended(why),
            why => why.into_error().unwrap_or_else(&nobody),
        })
    })
}

/// Records that the session has ended, and how it began. The device is kept.
pub fn ended(app: &App, key: &CacheKey, lock: Option<&mut SessionLock>, over: Option<SessionOrigin>) {
    let before = app.remembered(key).ok().flatten().unwrap_or_default();
    remember(lock, &Record { session: None, over, ..before });
}
