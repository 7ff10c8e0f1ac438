//! This machine's data of users (tokens, sessions and secrets), to delete with them.

use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Result, printable};
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, Username};
use cogtok::store::name_history;
use cogtok::store::sessions::SessionLock;
use cogtok::user_pool::{refresh_session, user_token};

use crate::app::{App, UnreadableProfile, other_profiles};
use crate::env;

/// A user's secrets that a person typed or saved.
const SAVED: [SecretKind; 2] = [SecretKind::Password, SecretKind::Totp];

/// The users' data in the profiles of one pool.
pub struct LeftHere<'a> {
    app: &'a App,
    profiles: Vec<Profile>,
    /// The keys of AWS credentials that users got.
    credentials: Vec<CacheKey>,
}

impl<'a> LeftHere<'a> {
    /// The data for the pool of `profile`, in all profiles of that pool.
    pub fn of_pool(app: &'a App, profile: &Profile) -> Result<Self> {
        let pool = |profile: &Profile| Some((profile.user_pool_id.clone()?, profile.cognito_idp_origin().ok()?));
        let mut profiles = vec![profile.clone()];
        if let (Some(name), Some(config)) = (&profile.name, app.config_in_reach()?) {
            for other in other_profiles(config, name) {
                match other {
                    Ok(other) if pool(&other).is_some() && pool(&other) == pool(profile) => profiles.push(other),
                    Ok(_) => {}
                    Err(other) => warn_of(&other, profile),
                }
            }
        }
        let credentials = app.cache().list(env::now())?.credentials.into_iter().map(|kept| kept.key).collect();
        Ok(LeftHere { app, profiles, credentials })
    }

    /// Forgets tokens, session and secrets of a user who is no more, by all of its names.
    pub fn forget(&self, names: &[String]) -> Result<()> {
        self.forget_sessions(names)?;
        for (profile, username) in self.users(names) {
            let (origin, pool) = (profile.cognito_idp_origin()?, profile.user_pool_id.as_ref());
            if let Some(pool) = pool {
                let seen = self.app.dirs().cache.as_deref();
                name_history::forget_user(seen, pool.as_str(), &origin, username.as_str());
            }
            let Ok(client_id) = profile.user_client_id() else { continue };
            for kind in SAVED {
                if profile.secrets.contains(&kind) || self.app.config()?.lists_secret(kind, client_id) {
                    self.delete_secret(&user_token::secret_binding(&profile, kind, Some(&username))?);
                }
            }
        }
        Ok(())
    }

    /// Forgets tokens and session of a user, whose saved password stays.
    pub fn forget_sessions(&self, names: &[String]) -> Result<()> {
        for (profile, _) in self.users(names) {
            let Ok(key) = user_token::cache_key(&profile) else { continue };
            let mut session = self.app.session_lock(&key)?;
            let (sessions, has_device) = match self.app.remembered(&key) {
                Ok(Some(record)) => (Vec::from_iter(record.session), record.has_device),
                Ok(None) => (Vec::new(), false),
                // The store may have anything of the user.
                Err(_) => (refresh_session::possible(&profile), true),
            };
            for session in &sessions {
                self.delete_secret(&refresh_session::refresh_token_binding(&profile, session)?);
            }
            if has_device {
                self.delete_secret(&refresh_session::device_binding(&profile)?);
            }
            self.app.cache().forget(&key)?;
            session.as_mut().map_or(Ok(()), SessionLock::forget)?;
            let of_user = key.with_kind("aws", &[]);
            for kept in &self.credentials {
                if kept.is_like(&of_user, &["identity_pool", "identity_endpoint"]) {
                    self.app.cache().forget(kept)?;
                }
            }
        }
        Ok(())
    }

    /// Deletes a useless secret; an unusable store is only a warning.
    fn delete_secret(&self, secret: &SecretId) {
        if let Err(error) = self.app.secrets().and_then(|store| store.delete(secret)) {
            log::warn!(target: "cogtok", "the {secret} is still in {}: {error}", self.app.store_name());
        }
    }

    /// Each profile as it is for each of the names.
    fn users<'n>(&'n self, names: &'n [String]) -> impl Iterator<Item = (Profile, Username)> + 'n {
        let names = names.iter().filter_map(|name| name.parse::<Username>().ok());
        names.flat_map(|name| {
            let of_user = move |profile: &Profile| {
                let mut profile = profile.clone();
                profile.user.username = Some(name.clone());
                (profile, name.clone())
            };
            self.profiles.iter().map(of_user)
        })
    }
}

/// Warns of a profile that may be of the same pool, of which nothing is deleted since it can't be read.
fn warn_of(other: &UnreadableProfile, profile: &Profile) {
    if profile.user_pool_id.as_ref().is_some_and(|pool| other.may_be_of_pool(pool.as_str())) {
        let (name, why) = (printable(&other.name, 80), &other.why);
        log::warn!(target: "cogtok", "what is stored for users of profile `{name}` stays, since the profile can't be read: {why}");
    }
}
