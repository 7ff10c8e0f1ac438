//! New tokens for a session, without a sign-in.

use std::time::{Duration, Instant};

use super::{NoTokens, SessionHost, SessionNotice};
use crate::cache::single_flight::{TokenOrigin, TokenResponse};
use crate::error::{Error, Kind};
use crate::store::HAS_XDG;
use crate::store::sessions::Record;
use crate::token::identity::Identity;
use crate::token::session::{RefreshState, Session, SessionOrigin};
use crate::user_pool::refresh::RefreshError;
use crate::user_pool::refresh_session;

/// The time that a renewal needs, at least.
const LEAST: Duration = Duration::from_millis(200);

/// Tokens for the refresh token of the session.
///
/// # Errors
/// [`NoTokens`].
pub async fn renew<H: SessionHost>(host: &mut H, session: &Session) -> Result<TokenResponse, NoTokens> {
    let profile = host.profile();
    host.open_secrets(true).await.map_err(NoTokens::Unreadable)?;
    // Callers with other caches still use the refresh token one at a time.
    let mut lock = host.lock_session().await.map_err(NoTokens::Failed)?;
    if !host.is_exclusive(&lock) {
        return Err(NoTokens::Refused(unlocked()));
    }
    let binding = refresh_session::refresh_token_binding(&profile, session).map_err(NoTokens::Failed)?;
    let refresh_token = match host.stored_secret(&binding).await {
        Ok(Some(refresh_token)) => refresh_token,
        Ok(None) => return Err(NoTokens::Absent),
        Err(error) => return Err(NoTokens::Unreadable(error)),
    };
    // Without a record that can be read, only the store knows of a device.
    let is_recorded = matches!(host.remembered().await, Ok(Some(_)));
    let device = if session.has_device || !is_recorded {
        super::stored_device(host).await.map_err(NoTokens::Unreadable)?
    } else {
        None
    };
    let has_device = device.is_some();
    let is_of_device = session.has_device || (has_device && session.via == SessionOrigin::Api);
    let session = &Session { has_device: is_of_device, ..session.clone() };
    let of_client = refresh_session::client_secret_binding(&profile, session).map_err(NoTokens::Failed)?;
    let client_secret = host.client_secret(&of_client).await.map_err(NoTokens::Failed)?;
    let http = host.http().map_err(NoTokens::Failed)?;
    // A request that may be sent only once needs the time for its answer.
    if http.deadline().saturating_duration_since(Instant::now()) < LEAST {
        return Err(NoTokens::Failed(Error::network("no time is left to renew the session").of_caller()));
    }
    let was_cut_short = host.mark_refresh_in_flight(&mut lock, true).await;
    // The outcome of a request that timed out is unknown.
    let request =
        async { Ok(refresh_session::renew(&http, &profile, client_secret, session, &refresh_token, device).await) };
    let signed_in = match host.exchange(request).await.map_err(NoTokens::Failed)? {
        Ok(signed_in) => signed_in,
        Err(RefreshError::Over(error)) => {
            host.mark_refresh_in_flight(&mut lock, false).await;
            if was_cut_short {
                host.tell(SessionNotice::RenewalCutShort);
            } else if session.via != SessionOrigin::Endpoint {
                host.tell(SessionNotice::Over(&error));
            }
            if let Err(error) = host.delete_secret(&binding).await {
                log::warn!(target: "cogtok", "{error}");
            }
            ended(host, &mut lock, Some(session.via), has_device).await;
            return Err(NoTokens::Over(host.about_secrets(error)));
        }
        Err(RefreshError::Failed(error)) => {
            host.mark_refresh_in_flight(&mut lock, was_cut_short).await;
            let error = host.about_secrets(error);
            return Err(match error.kind() {
                Kind::Network | Kind::Store | Kind::Interrupted => NoTokens::Failed(error),
                _ => NoTokens::Refused(error),
            });
        }
        Err(RefreshError::Unable(error)) => {
            host.mark_refresh_in_flight(&mut lock, was_cut_short).await;
            return Err(NoTokens::Refused(host.about_secrets(error)));
        }
        Err(RefreshError::Unknown(error)) => return Err(NoTokens::Failed(host.about_secrets(error))),
    };
    let mut tokens = signed_in.tokens.clone();
    let renewed = refresh_session::renewed(session, &signed_in);
    let kept = match &signed_in.refresh_token {
        Some(refresh_token) => host.store_secret(&binding, refresh_token).await,
        None => Ok(()),
    };
    tokens.renewal = match kept {
        Ok(()) => {
            let before = host.remembered().await.ok().flatten().unwrap_or_default();
            let identity = Identity::of(&tokens).or(before.identity);
            let (session, has_device) = (Some(renewed.clone()), before.has_device || has_device);
            host.remember(&mut lock, Record { session, has_device, identity, over: None }).await;
            RefreshState::Kept(renewed)
        }
        Err(error) => {
            log::warn!(target: "cogtok", "the new refresh token could not be stored, so the next token needs a new sign-in: {error}");
            ended(host, &mut lock, Some(session.via), has_device).await;
            RefreshState::NotKept
        }
    };
    host.mark_refresh_in_flight(&mut lock, false).await;
    Ok(TokenResponse { tokens, source: TokenOrigin::Refresh })
}

/// The error where two callers could use the same refresh token.
fn unlocked() -> Error {
    let way = if HAS_XDG { ", or name another one with XDG_STATE_HOME" } else { "" };
    Error::store(
        "only one call at a time may use its refresh token, and cogtok can lock neither its record nor the cache",
    )
    .hint(format!("let cogtok write to its state folder{way}"))
}

/// Records that the session has ended, and how it began. The device is kept.
async fn ended<H: SessionHost>(host: &mut H, lock: &mut H::Lock, over: Option<SessionOrigin>, has_device: bool) {
    let before = host.remembered().await.ok().flatten().unwrap_or_default();
    let has_device = before.has_device || has_device;
    host.remember(lock, Record { session: None, over, has_device, ..before }).await;
}
