//! New tokens for a session, without a sign-in.

use cogtok::cache::single_flight::{RefreshGuard, TokenOrigin, TokenResponse};
use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Error, Kind};
use cogtok::settings::profile::Profile;
use cogtok::store::sessions::{Record, SessionLock};
use cogtok::token::identity::Identity;
use cogtok::token::session::{RefreshState, Session, SessionOrigin};
use cogtok::user_pool::refresh::RefreshError;
use cogtok::user_pool::refresh_session;

use crate::app::{App, remember};
use crate::io::terminal;

/// Why there are no new tokens for a session. That the refresh token is not there and that nobody knows are two things.
pub enum NoTokens {
    /// The store does not have the refresh token any more.
    Absent,
    /// The store can't be read: it may well have it.
    Unreadable(Error),
    /// The session is over.
    Over(Error),
    /// The session was not renewed, and may go on; a sign-in may help.
    Refused(Error),
    /// Neither this nor a sign-in would help now.
    Failed(Error),
}

impl NoTokens {
    /// The error, where nothing else is to be tried; none where the refresh token is gone.
    pub fn into_error(self) -> Option<Error> {
        match self {
            NoTokens::Absent => None,
            NoTokens::Unreadable(error) => Some(unreadable(error)),
            NoTokens::Over(error) | NoTokens::Refused(error) | NoTokens::Failed(error) => Some(error),
        }
    }
}

/// The error for a session whose refresh token can't be read.
pub fn unreadable(error: Error) -> Error {
    error.context("the session can't be renewed, since its refresh token can't be read")
}

/// Tokens for the refresh token of the session. The caller has its turn for the key.
pub fn renew(
    app: &App,
    profile: &Profile,
    key: &CacheKey,
    turn: &mut RefreshGuard,
    session: &Session,
) -> Result<TokenResponse, NoTokens> {
    let store = app.secrets().map_err(NoTokens::Unreadable)?;
    // Others may have another cache: the refresh token is read and used by one process at a time all the same.
    let mut lock = app.session_lock(key).map_err(NoTokens::Failed)?;
    let binding = refresh_session::refresh_token_binding(profile, session).map_err(NoTokens::Failed)?;
    let refresh_token = match store.get(&binding, &profile.address_options) {
        Ok(Some(refresh_token)) => refresh_token,
        Ok(None) => return Err(NoTokens::Absent),
        Err(error) => return Err(NoTokens::Unreadable(error)),
    };
    let device =
        if session.has_device { refresh_session::device(store, profile).map_err(NoTokens::Unreadable)? } else { None };
    let client_secret = refresh_session::client_secret_binding(profile, session)
        .and_then(|binding| app.stored_secret(profile, &binding))
        .map_err(NoTokens::Failed)?;
    let wire = app.wire().map_err(NoTokens::Failed)?;
    let was_cut_short = note(turn, lock.as_mut(), true);
    let renewed = app.block_on(async {
        Ok(refresh_session::renew(&wire, profile, client_secret, session, &refresh_token, device).await)
    });
    // What becomes of a request that ran out of time is not known.
    let signed_in = match renewed.map_err(NoTokens::Failed)? {
        Ok(signed_in) => signed_in,
        Err(RefreshError::Over(error)) => {
            note(turn, lock.as_mut(), false);
            match was_cut_short {
                true => {
                    terminal::note("a renewal was cut short before its new refresh token was kept: sign in once more")
                }
                false if session.via == SessionOrigin::Endpoint => {}
                false => terminal::note(&format!("the session is over: {}", error.message())),
            }
            if let Err(error) = refresh_session::forget_refresh_token(store, profile, session) {
                log::warn!(target: "cogtok", "{error}");
            }
            ended(app, key, lock.as_mut(), Some(session.via));
            return Err(NoTokens::Over(app.about_secrets(error)));
        }
        Err(RefreshError::Failed(error)) => {
            note(turn, lock.as_mut(), was_cut_short);
            let error = app.about_secrets(error);
            return Err(match error.kind() {
                Kind::Network | Kind::Store | Kind::Interrupted => NoTokens::Failed(error),
                _ => NoTokens::Refused(error),
            });
        }
        Err(RefreshError::Unknown(error)) => return Err(NoTokens::Failed(app.about_secrets(error))),
    };
    let mut tokens = signed_in.tokens.clone();
    tokens.renewal = match refresh_session::keep_renewed(store, profile, session, &signed_in) {
        Ok(renewal) => {
            let identity = Identity::of(&tokens).or_else(|| identity(app, key));
            let session = renewal.session().cloned();
            remember(lock.as_mut(), &Record { session, has_device: has_device(app, key), identity, over: None });
            renewal
        }
        Err(error) => {
            log::warn!(target: "cogtok", "the new refresh token could not be kept, so the next token needs a sign-in: {error}");
            ended(app, key, lock.as_mut(), None);
            RefreshState::NotKept
        }
    };
    note(turn, lock.as_mut(), false);
    Ok(TokenResponse { tokens, source: TokenOrigin::Refresh })
}

/// Remembers that the session has ended, and how it had begun where Cognito has ended it. The device outlives it.
pub fn ended(app: &App, key: &CacheKey, lock: Option<&mut SessionLock>, over: Option<SessionOrigin>) {
    let before = app.remembered(key).ok().flatten().unwrap_or_default();
    remember(lock, &Record { session: None, over, ..before });
}

fn has_device(app: &App, key: &CacheKey) -> bool {
    app.remembered(key).ok().flatten().is_some_and(|record| record.has_device)
}

fn identity(app: &App, key: &CacheKey) -> Option<Identity> {
    app.remembered(key).ok().flatten().and_then(|record| record.identity)
}

/// Notes beside both locks that the refresh token is under way, or that what came of it is known; says what was noted before.
fn note(turn: &mut RefreshGuard, lock: Option<&mut SessionLock>, is_refreshing: bool) -> bool {
    let of_cache = turn.mark_refresh_in_flight(is_refreshing);
    lock.is_some_and(|lock| lock.mark_refresh_in_flight(is_refreshing)) || of_cache
}
