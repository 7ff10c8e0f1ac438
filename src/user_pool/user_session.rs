//! A user's tokens where the cache has none that will do: renewed with the refresh token, else by signing in; and what is
//! kept of it. The rules are here; where things are kept and who answers is the [`SessionHost`]'s.

mod new_session;
mod renewal;

use std::future::Future;
use std::sync::Arc;

use crate::cache::single_flight::{TokenOrigin, TokenResponse};
use crate::error::{Error, Result};
use crate::http::client::HttpClient;
use crate::secret::Secret;
use crate::secrets::store::SecretId;
use crate::settings::profile::Profile;
use crate::store::sessions::Record;
use crate::token::session::SessionOrigin;
use crate::user_pool::challenge::ChallengeResponse;
use crate::user_pool::refresh_session;
use crate::user_pool::sign_in::SignIn;

use new_session::stored_device;
pub use new_session::{keep, remembered_device};
pub use renewal::renew;

/// What obtaining a user's tokens needs of its caller: the network, what is remembered of the session, the secrets, and
/// whoever answers challenges. Its caller has its turn for the user's key.
#[expect(async_fn_in_trait, reason = "its two implementors are known, and the one whose futures are spawned is `Send`")]
pub trait SessionHost {
    /// The exclusive right to use and change what is kept of the user, until it is dropped.
    type Lock;

    /// The profile with the user who signs in.
    fn profile(&self) -> Arc<Profile>;

    /// The HTTP client of this call.
    ///
    /// # Errors
    /// What keeps one from being made.
    fn http(&self) -> Result<HttpClient>;

    /// Runs what uses the network for as long as this call may take.
    ///
    /// # Errors
    /// Those of `work`, and the one for a call that takes too long.
    async fn exchange<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T>;

    /// What is remembered of the user; none where nothing is.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where it can't be read: the secret store itself is asked then.
    async fn remembered(&mut self) -> Result<Option<Record>>;

    /// Waits for the right to use and change what is kept of the user.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where somebody else has it for too long.
    async fn lock_session(&mut self) -> Result<Self::Lock>;

    /// Remembers `record`. Where that can't be done the cached tokens carry the session.
    async fn remember(&mut self, lock: &mut Self::Lock, record: Record);

    /// Notes that the refresh token is about to be sent, or that what came of it is known; says what was noted before.
    async fn mark_refresh_in_flight(&mut self, lock: &mut Self::Lock, is_refreshing: bool) -> bool;

    /// Whether nobody else has a turn meanwhile and what is obtained will be kept: without that two callers could use the same
    /// refresh token.
    fn is_exclusive(&self) -> bool;

    /// Whether the user was told before that the refresh token can't be kept.
    fn was_told_not_kept(&self) -> bool;

    /// Opens the secret store: for a renewal, where a person may be asked to, or to store what a sign-in leaves.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where it can't be opened.
    async fn open_secrets(&mut self, is_for_renewal: bool) -> Result<()>;

    /// The secret with this binding; none where it was never stored.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where the store can't be used, [`Kind::Config`](crate::error::Kind::Config)
    /// for a refresh token that was stored for another origin.
    async fn stored_secret(&mut self, binding: &SecretId) -> Result<Option<Secret>>;

    /// Stores a secret.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where the store can't be used.
    async fn store_secret(&mut self, binding: &SecretId, secret: &Secret) -> Result<()>;

    /// Deletes a secret.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where the store can't be used.
    async fn delete_secret(&mut self, binding: &SecretId) -> Result<()>;

    /// The app client's secret; none where it has none.
    ///
    /// # Errors
    /// What keeps it from being read.
    async fn client_secret(&mut self, binding: &SecretId) -> Result<Option<Secret>>;

    /// Whether somebody is there to answer.
    fn can_ask(&self) -> bool;

    /// Checks that somebody can sign in at all, before anything is sent.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) where no user is named.
    async fn before_sign_in(&mut self) -> Result<()>;

    /// The user's password; none where it is asked for as a challenge.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`](crate::error::Kind::NeedsHuman) where nobody can be asked.
    async fn password(&mut self) -> Result<Option<Secret>>;

    /// Another password in place of a wrong one; none where nobody can be asked.
    ///
    /// # Errors
    /// As [`SessionHost::password`].
    async fn another_password(&mut self, wrong: &Error) -> Result<Option<Secret>>;

    /// The answer to the open question of `sign_in`; `reason` says why the last one was refused.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`](crate::error::Kind::NeedsHuman) where there is none.
    async fn answer(&mut self, sign_in: &SignIn, reason: Option<Error>) -> Result<ChallengeResponse>;

    /// The user is in, and nothing is kept yet.
    fn is_signed_in(&mut self);

    /// An error with what its host knows of the secrets that were used.
    fn about_secrets(&self, error: Error) -> Error;

    /// Says what happened on the way.
    fn tell(&mut self, notice: SessionNotice<'_>);
}

/// What happens on the way to tokens that is no failure.
#[derive(Debug, Clone, Copy)]
pub enum SessionNotice<'a> {
    /// The session has ended, since a renewal was interrupted before its new refresh token was stored.
    RenewalCutShort,
    /// The session has ended, for this reason.
    Over(&'a Error),
    /// The refresh token can't be kept.
    NotKept(&'a Error),
    /// The session is kept, and the pool does not remember this device.
    DeviceNotRemembered(&'a Error),
}

/// What a caller wants beside a token.
#[derive(Debug, Default)]
pub struct SessionOptions {
    /// Whether a refresh token may be used.
    pub may_renew: bool,
    /// Whether the refresh token is to be kept.
    pub is_kept: bool,
    /// The password, where the caller was given one.
    pub password: Option<Secret>,
}

/// Why a session brought no new tokens. That the refresh token is not there and that nobody knows are two things.
#[derive(Debug)]
pub enum NoTokens {
    /// The store does not have the refresh token any more.
    Absent,
    /// The store can't be read: it may well have it.
    Unreadable(Error),
    /// The session has ended.
    Over(Error),
    /// The session was not renewed, and may go on; a sign-in may help.
    Refused(Error),
    /// Neither this nor a sign-in would help now.
    Failed(Error),
}

/// Why there are no tokens.
#[derive(Debug)]
pub enum NotObtained {
    /// The session from the browser brings no more tokens.
    Ended(NoTokens),
    /// Neither the session nor a sign-in would help now.
    Failed(Error),
    /// The sign-in failed; and why the session before it was not renewed, where there was one.
    SignIn {
        /// Why the sign-in failed.
        error: Error,
        /// Why the session was not renewed.
        session: Option<NoTokens>,
    },
}

/// Tokens from Cognito: for the refresh token of the session where there is one, else by signing in.
///
/// # Errors
/// [`NotObtained`].
pub async fn obtain<H: SessionHost>(host: &mut H, options: SessionOptions) -> Result<TokenResponse, NotObtained> {
    let remembered = host.remembered().await;
    let candidates = match &remembered {
        Ok(Some(record)) => record.session.iter().cloned().collect(),
        Ok(None) => Vec::new(),
        // Nobody knows what the store has, so it is asked.
        Err(error) => {
            log::warn!(target: "cogtok", "{error}");
            refresh_session::possible(&host.profile())
        }
    };
    let mut reason = None;
    if options.may_renew && host.is_exclusive() {
        let over = remembered.as_ref().ok().and_then(|record| record.as_ref()?.over);
        if over == Some(SessionOrigin::Endpoint) && options.password.is_none() {
            return Err(NotObtained::Ended(NoTokens::Absent));
        }
        for session in &candidates {
            let why = match renew(host, session).await {
                Ok(served) => return Ok(served),
                Err(NoTokens::Failed(error)) => return Err(NotObtained::Failed(error)),
                // It was never known to be there.
                Err(NoTokens::Absent) if remembered.is_err() => continue,
                Err(why @ NoTokens::Unreadable(_)) if remembered.is_err() => {
                    reason = Some(why);
                    break;
                }
                Err(why) => why,
            };
            // Who signed in with the browser may have no password, and is asked for none.
            if session.via == SessionOrigin::Endpoint && options.password.is_none() {
                return Err(NotObtained::Ended(why));
            }
            reason = Some(why);
        }
    }
    // Who is asked should know why.
    if host.can_ask() {
        warn(reason.as_ref());
    }
    match new_session::sign_in(host, options, reason.as_ref()).await {
        Ok(signed_in) => {
            warn(reason.as_ref());
            Ok(TokenResponse { tokens: signed_in.tokens, source: TokenOrigin::Network })
        }
        Err(error) => Err(NotObtained::SignIn { error, session: reason }),
    }
}

fn warn(reason: Option<&NoTokens>) {
    if let Some(NoTokens::Unreadable(error) | NoTokens::Refused(error)) = reason {
        log::warn!(target: "cogtok", "the session can't be renewed: {error}");
    }
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
