//! The rest of a user's session, to revoke and delete.

use cogtok::error::{Error, Result};
use cogtok::secret::Secret;
use cogtok::secrets::store::SecretStore;
use cogtok::settings::profile::Profile;
use cogtok::store::sessions::Record;
use cogtok::token::session::Session;
use cogtok::user_pool::refresh_session;

use crate::app::App;

/// The secret store's part of a user's sessions.
pub struct RemainingSession<'a> {
    store: &'a SecretStore,
    /// Each with its refresh token.
    pub sessions: Vec<(Session, Secret)>,
    has_device: bool,
}

impl<'a> RemainingSession<'a> {
    /// The secret store's part of the recorded session. Without a record the store is searched anyway, if that needs no questions; a
    /// failure is reported. If the record can't be read, the store has to be opened.
    pub fn find(app: &'a App, profile: &Profile, remembered: Result<Option<Record>>) -> Result<Option<Self>> {
        let is_known = !matches!(&remembered, Ok(None));
        let (candidates, has_device) = match remembered {
            Ok(Some(Record { session: Some(session), has_device, .. })) => (vec![session], has_device),
            Ok(Some(record)) if !record.has_device => return Ok(None),
            Ok(Some(_)) => (Vec::new(), true),
            Ok(None) => (refresh_session::possible(profile), false),
            Err(error) => {
                log::warn!(target: "cogtok", "{error}");
                (refresh_session::possible(profile), false)
            }
        };
        let not_asked = |error: Error| {
            if is_known {
                Err(error)
            } else {
                log::warn!(target: "cogtok", "no session is known here, and the secret store can't be checked for one: {error}");
                Ok(None)
            }
        };
        let store = match if is_known { app.secrets() } else { app.secrets_noninteractive() } {
            Ok(store) => store,
            Err(error) => return not_asked(error),
        };
        let mut sessions = Vec::new();
        for session in candidates {
            let found =
                refresh_session::refresh_token_binding(profile, &session).and_then(|binding| store.find(&binding));
            match found {
                Ok(Some(refresh_token)) => sessions.push((session, refresh_token)),
                Ok(None) => {}
                Err(error) => return not_asked(error),
            }
        }
        Ok(Some(RemainingSession { store, sessions, has_device }))
    }

    /// Revokes the refresh tokens, each where its session came from.
    pub fn revoke(&self, app: &App, profile: &Profile) -> Result<()> {
        for (session, refresh_token) in &self.sessions {
            let client_secret =
                app.stored_secret(profile, &refresh_session::client_secret_binding(profile, session)?)?;
            let wire = app.wire()?;
            app.block_on(refresh_session::revoke(&wire, profile, client_secret, session, refresh_token)).map_err(
                |error| error.hint("nothing was removed; `cogtok logout{p} --local` removes it without revoking"),
            )?;
        }
        Ok(())
    }

    /// Deletes the refresh tokens and the device; returns whether there was a device.
    pub fn forget(&self, profile: &Profile) -> Result<bool> {
        let tokens = self.forget_refresh_tokens(profile);
        let was_there =
            profile.user.username.is_some() && self.store.delete(&refresh_session::device_binding(profile)?)?;
        tokens.map(|()| was_there || self.has_device)
    }

    /// Deletes only the refresh tokens.
    pub fn forget_refresh_tokens(&self, profile: &Profile) -> Result<()> {
        let sessions = self.sessions.iter().map(|(session, _)| session);
        sessions.into_iter().try_for_each(|session| refresh_session::forget_refresh_token(self.store, profile, session))
    }
}
