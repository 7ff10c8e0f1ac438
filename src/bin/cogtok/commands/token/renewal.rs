//! New tokens for a session, without a sign-in.

use cogtok::cache::single_flight::{RefreshGuard, TokenResponse};
use cogtok::cache::token_cache::CacheKey;
use cogtok::settings::profile::Profile;
use cogtok::store::sessions::{Record, SessionLock};
use cogtok::token::session::{Session, SessionOrigin};
use cogtok::user_pool::user_session::{self, NoTokens};

use super::challenge::PreparedAnswers;
use super::session_host::CommandHost;
use crate::app::{App, remember};

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

/// Remembers that the session has ended, and how it had begun where Cognito has ended it. The device outlives it.
pub fn ended(app: &App, key: &CacheKey, lock: Option<&mut SessionLock>, over: Option<SessionOrigin>) {
    let before = app.remembered(key).ok().flatten().unwrap_or_default();
    remember(lock, &Record { session: None, over, ..before });
}
