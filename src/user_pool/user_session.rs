//! Obtains a user's tokens if the cache has none: renewed with the refresh token, else by a sign-in; and stores the results. The rules are
//! here; storage and questions are the [`SessionHost`]'s.

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

/// The caller's part of obtaining a user's tokens: the network, the record of the session, the secrets, and the responses to challenges.
/// The caller has the turn for the user's key.
#[expect(async_fn_in_trait, reason = "its two implementors are known, and the one whose futures are spawned is `Send`")]
pub trait SessionHost {
    /// The exclusive right to the user's stored data, until it is dropped.
    type Lock;

    /// The profile with the user who signs in.
    fn profile(&self) -> Arc<Profile>;

    /// The HTTP client of this call.
    ///
    /// # Errors
    /// The error of creating one.
    fn http(&self) -> Result<HttpClient>;

    /// Runs what uses the network for as long as this call may take.
    ///
    /// # Errors
    /// The errors of `work`, and a time-out.
    async fn exchange<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T>;

    /// The user's record; `None` without one.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where it can't be read: the secret store itself is asked then.
    async fn remembered(&mut self) -> Result<Option<Record>>;

    /// Waits for the lock on the user's stored data.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) if another process holds it for too long.
    async fn lock_session(&mut self) -> Result<Self::Lock>;

    /// Remembers `record`. Where that can't be done the cached tokens carry the session.
    async fn remember(&mut self, lock: &mut Self::Lock, record: Record);

    /// Records that the refresh token is about to be sent, or that the result is known; returns the previous value.
    async fn mark_refresh_in_flight(&mut self, lock: &mut Self::Lock, is_refreshing: bool) -> bool;

    /// Whether no other caller can use the same refresh token: by the turn, or by the lock on the user's stored data.
    fn is_exclusive(&self, lock: &Self::Lock) -> bool;

    /// Whether the user was told before that the refresh token can't be stored.
    fn was_told_not_kept(&self) -> bool;

    /// Opens the secret store: for a renewal, where a person may be asked to, or to store what a sign-in leaves.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) where it can't be opened.
    async fn open_secrets(&mut self, is_for_renewal: bool) -> Result<()>;

    /// The secret with this binding; `None` if it was never stored.
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

    /// The app client's secret; `None` if it has none.
    ///
    /// # Errors
    /// The error of reading it.
    async fn client_secret(&mut self, binding: &SecretId) -> Result<Option<Secret>>;

    /// Whether a person can be asked.
    fn can_ask(&self) -> bool;

    /// Checks that a sign-in is possible, before any request.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) where no user is named.
    async fn before_sign_in(&mut self) -> Result<()>;

    /// The user's password; `None` if it will be asked for as a challenge.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`](crate::error::Kind::NeedsHuman) if nobody can be asked.
    async fn password(&mut self) -> Result<Option<Secret>>;

    /// Another password after a wrong one; `None` if nobody can be asked.
    ///
    /// # Errors
    /// As [`SessionHost::password`].
    async fn another_password(&mut self, wrong: &Error) -> Result<Option<Secret>>;

    /// The response to the open challenge of `sign_in`; `reason` is why the last one was refused.
    ///
    /// # Errors
    /// [`Kind::NeedsHuman`](crate::error::Kind::NeedsHuman) where there is none.
    async fn answer(&mut self, sign_in: &SignIn, reason: Option<Error>) -> Result<ChallengeResponse>;

    /// The user is signed in, and nothing is stored yet.
    fn is_signed_in(&mut self);

    /// An error with what its host knows of the secrets that were used.
    fn about_secrets(&self, error: Error) -> Error;

    /// Reports an event.
    fn tell(&mut self, notice: SessionNotice<'_>);
}

/// Events that are not errors.
#[derive(Debug, Clone, Copy)]
pub enum SessionNotice<'a> {
    /// The session has ended, since a renewal was interrupted before its new refresh token was stored.
    RenewalCutShort,
    /// The session has ended, for this reason.
    Over(&'a Error),
    /// The refresh token can't be stored.
    NotKept(&'a Error),
    /// The session is stored, and the pool does not remember this device.
    DeviceNotRemembered(&'a Error),
}

/// The caller's options.
#[derive(Debug, Default)]
pub struct SessionOptions {
    /// Whether a refresh token may be used.
    pub may_renew: bool,
    /// Whether to store the refresh token.
    pub is_kept: bool,
    /// The password, where the caller was given one.
    pub password: Option<Secret>,
}

/// Why a session gave no new tokens. A missing refresh token is different from an unknown one.
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
    /// A sign-in would not help either.
    Failed(Error),
}

/// Why there are no tokens.
#[derive(Debug)]
pub enum NotObtained {
    /// The session from the browser brings no more tokens.
    Ended(NoTokens),
    /// Neither the session nor a sign-in would help.
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
        Ok(Some(record)) => record.current_session().cloned().into_iter().collect(),
        Ok(None) => Vec::new(),
        // The store's content is unknown, so it is read.
        Err(error) => {
            log::warn!(target: "cogtok", "{error}");
            refresh_session::possible(&host.profile())
        }
    };
    let mut reason = None;
    if options.may_renew {
        let over = remembered.as_ref().ok().and_then(|record| record.as_ref()?.over);
        if over == Some(SessionOrigin::Endpoint) && options.password.is_none() {
            return Err(NotObtained::Ended(NoTokens::Absent));
        }
        for session in &candidates {
            // The last sign-in could not be kept. What the store has is older, and may be another user's.
            if session.via == SessionOrigin::Endpoint && host.was_told_not_kept() {
                if remembered.is_ok() && options.password.is_none() {
                    return Err(NotObtained::Ended(NoTokens::Absent));
                }
                continue;
            }
            let why = match renew(host, session).await {
                Ok(served) => return Ok(served),
                Err(NoTokens::Failed(error)) => return Err(NotObtained::Failed(error)),
                // There was never a record of it.
                Err(NoTokens::Absent) if remembered.is_err() => continue,
                Err(why @ NoTokens::Unreadable(_)) if remembered.is_err() => {
                    reason = Some(why);
                    break;
                }
                Err(why) => why,
            };
            // A user of the browser may have no password, and is not asked for one.
            if session.via == SessionOrigin::Endpoint && options.password.is_none() {
                return Err(NotObtained::Ended(why));
            }
            reason = Some(why);
        }
    }
    // A person should know why they are asked.
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
    /// The error, if nothing else should be tried; `None` if the refresh token is gone.
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
