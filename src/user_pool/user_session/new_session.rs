//! A sign-in from its first request to storing the results.

use super::{NoTokens, SessionHost, SessionNotice, SessionOptions};
use crate::error::{Error, Result};
use crate::settings::types::SecretKind;
use crate::store::sessions::Record;
use crate::token::identity::Identity;
use crate::token::session::{RefreshState, Session, SessionOrigin};
use crate::user_pool::cognito_idp::AuthenticationResult;
use crate::user_pool::device::Device;
use crate::user_pool::refresh_session;
use crate::user_pool::sign_in::{Credentials, SignIn, Step};
use crate::user_pool::user_token;

/// Signs in, and stores the results as the options say. `reason` is why a session was not renewed.
pub(super) async fn sign_in<H: SessionHost>(
    host: &mut H,
    options: SessionOptions,
    reason: Option<&NoTokens>,
) -> Result<AuthenticationResult> {
    host.before_sign_in().await?;
    let profile = host.profile();
    // A store that has just failed is not tried again.
    let device = if matches!(reason, Some(NoTokens::Unreadable(_))) { None } else { remembered_device(host).await };
    let password = match options.password {
        Some(password) => Some(password),
        None if user_token::begins_with_password(&profile) => host.password().await?,
        None => None,
    };
    let of_client = user_token::secret_binding(&profile, SecretKind::UserClient, None)?;
    let mut credentials = Credentials { client_secret: host.client_secret(&of_client).await?, password, device };
    let (sign_in, mut signed_in) = loop {
        match until_done(host, credentials.clone()).await {
            // A mistyped password can be corrected.
            Err(error) if is_wrong_password(&error) => match host.another_password(&error).await? {
                Some(password) => credentials.password = Some(password),
                None => return Err(error),
            },
            done => break done?,
        }
    };
    host.is_signed_in();
    if options.is_kept {
        signed_in.tokens.renewal = keep(host, &sign_in, &signed_in).await.unwrap_or_else(|error| {
            if !host.was_told_not_kept() {
                host.tell(SessionNotice::NotKept(&error));
            }
            RefreshState::NotKept
        });
    }
    Ok(signed_in)
}

/// Answers what Cognito asks until the user is in.
async fn until_done<H: SessionHost>(host: &mut H, credentials: Credentials) -> Result<(SignIn, AuthenticationResult)> {
    let (profile, http) = (host.profile(), host.http()?);
    let (mut sign_in, mut step) = host.exchange(SignIn::start(&http, &profile, credentials)).await?;
    loop {
        let reason = match step {
            Step::Done(signed_in) => return Ok((sign_in, *signed_in)),
            Step::Ask(_) => None,
            Step::AskAgain(_, reason) => Some(reason),
        };
        let answer = host.answer(&sign_in, reason).await?;
        step = host.exchange(sign_in.answer(answer)).await?;
    }
}

fn is_wrong_password(error: &Error) -> bool {
    let is_about_it = error.message().to_lowercase().contains("incorrect username or password");
    error.code() == Some("NotAuthorizedException") && is_about_it
}

/// Keeps the session of a sign-in that is done, and the device where it is new to the pool; without a lock for either, nothing.
///
/// # Errors
/// [`Kind::Store`](crate::error::Kind::Store) if the secret store can't be used: then nothing is stored.
pub async fn keep<H: SessionHost>(
    host: &mut H,
    sign_in: &SignIn,
    signed_in: &AuthenticationResult,
) -> Result<RefreshState> {
    let Some(refresh_token) = &signed_in.refresh_token else { return Ok(RefreshState::None) };
    let profile = host.profile();
    let mut lock = host.lock_session().await?;
    // Later two callers could use the same refresh token.
    if !host.is_exclusive(&lock) {
        return Ok(RefreshState::None);
    }
    host.open_secrets(false).await?;
    let before = host.remembered().await.ok().flatten().and_then(|record| record.session);
    let mut session = refresh_session::begun(&profile, SessionOrigin::Api, signed_in, sign_in.device().is_some())?;
    host.store_secret(&refresh_session::refresh_token_binding(&profile, &session)?, refresh_token).await?;
    // A device is confirmed only when the store is known to work.
    let kept = match host.exchange(sign_in.confirm_device(signed_in, "cogtok")).await {
        Ok(Some(device)) => match store_device(host, &device).await {
            Ok(()) => {
                (session.has_device, session.device_key) = (true, None);
                Ok(())
            }
            Err(error) => Err(error),
        },
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = kept {
        host.tell(SessionNotice::DeviceNotRemembered(&error));
    }
    if let Some(before) = before {
        forget_other(host, &before, &session).await;
    }
    let identity = Identity::of(&signed_in.tokens);
    let (has_device, kept) = (session.has_device, Some(session.clone()));
    host.remember(&mut lock, Record { session: kept, has_device, identity, over: None }).await;
    // An interrupted renewal of the old session does not concern the new one.
    host.mark_refresh_in_flight(&mut lock, false).await;
    Ok(RefreshState::Kept(session))
}

/// Deletes the refresh token of the session before this one, if it came from another endpoint: no record names it any more, so it would
/// never be revoked.
async fn forget_other<H: SessionHost>(host: &mut H, before: &Session, session: &Session) {
    if before.origin == session.origin {
        return;
    }
    let forgotten = match refresh_session::refresh_token_binding(&host.profile(), before) {
        Ok(binding) => host.delete_secret(&binding).await,
        Err(error) => Err(error),
    };
    if let Err(error) = forgotten {
        log::warn!(target: "cogtok", "the refresh token of the session before this one can't be deleted: {error}");
    }
}

async fn store_device<H: SessionHost>(host: &mut H, device: &Device) -> Result<()> {
    let binding = refresh_session::device_binding(&host.profile())?;
    host.store_secret(&binding, &device.to_secret()?).await
}

/// The device that the store has for the user.
///
/// # Errors
/// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used: whether it has one is not known then.
pub async fn stored_device<H: SessionHost>(host: &mut H) -> Result<Option<Device>> {
    let binding = refresh_session::device_binding(&host.profile())?;
    let found = host.stored_secret(&binding).await?;
    Ok(found.and_then(|secret| Device::from_secret(&secret)))
}

/// The device that the pool remembers. The store is opened where it is known to have one.
pub async fn remembered_device<H: SessionHost>(host: &mut H) -> Option<Device> {
    let is_there = host.remembered().await.map_or(true, |record| record.is_some_and(|record| record.has_device));
    if !is_there {
        return None;
    }
    let found = match host.open_secrets(false).await {
        Ok(()) => stored_device(host).await,
        Err(error) => Err(error),
    };
    found.unwrap_or_else(|error| {
        log::warn!(target: "cogtok", "the device that the pool remembers can't be read, so this one is new to it: {error}");
        None
    })
}
