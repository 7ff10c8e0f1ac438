//! This machine's data of users (tokens, sessions and secrets), to delete with them.

use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Result, printable};
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, Username};
use cogtok::store::name_history;
use cogtok::store::sessions::SessionLock;
use cogtok::token::identity::Identity;
use cogtok::user_pool::{refresh_session, user_token};

use crate::app::{App, Expected, SignedIn, UnreadableProfile, other_profiles};
use crate::commands::derived::Derived;

/// A user's secrets that a person typed or saved.
const SAVED: [SecretKind; 2] = [SecretKind::Password, SecretKind::Totp];

/// The users' data in the profiles of one pool.
pub struct LeftHere<'a> {
    app: &'a App,
    profiles: Vec<Profile>,
    /// The sessions of whoever is signed in to each profile, some of them under no name.
    sessions: Vec<(Profile, Identity)>,
    derived: Derived<'a>,
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
        let sessions = profiles.iter().flat_map(|profile| sessions(app, profile)).collect();
        Ok(LeftHere { app, profiles, sessions, derived: Derived::in_cache(app)? })
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
            for kind in SAVED {
                let Ok(secret) = user_token::secret_binding(&profile, kind, Some(&username)) else { continue };
                // The user is gone by now: what can't be known is looked for.
                if !matches!(self.app.expected_secret(&profile, &secret), Ok(Expected::Never)) {
                    self.delete_secret(&secret);
                }
            }
        }
        Ok(())
    }

    /// Forgets tokens and session of a user, whose saved password stays.
    pub fn forget_sessions(&self, names: &[String]) -> Result<()> {
        let is_theirs = |identity: &Identity| {
            let own = [&identity.username, &identity.sub].into_iter().flatten();
            own.into_iter().any(|own| names.contains(own))
        };
        // The browser or another alias may have brought the session.
        let known =
            self.sessions.iter().filter(|(_, identity)| is_theirs(identity)).map(|(profile, _)| profile.clone());
        let mut done: Vec<CacheKey> = Vec::new();
        for profile in self.users(names).map(|(profile, _)| profile).chain(known) {
            let Ok(key) = user_token::cache_key(&profile) else { continue };
            if done.contains(&key) {
                continue;
            }
            let mut subjects = self.app.subjects(&key);
            subjects.extend_from_slice(names);
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
            drop(session);
            self.derived.delete(&key, &subjects).done?;
            done.push(key);
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

/// The profile as it is for each user who is signed in to it, and who that is.
fn sessions(app: &App, profile: &Profile) -> Vec<(Profile, Identity)> {
    let of = |known: SignedIn| {
        let mut of_user = profile.clone();
        of_user.user.username = known.key.part("username").and_then(|name| name.parse().ok());
        Some((of_user, known.identity()?))
    };
    app.known_users(profile).into_iter().filter_map(of).collect()
}

/// Warns of a profile that may be of the same pool, of which nothing is deleted since it can't be read.
fn warn_of(other: &UnreadableProfile, profile: &Profile) {
    if profile.user_pool_id.as_ref().is_some_and(|pool| other.may_be_of_pool(pool.as_str())) {
        let (name, why) = (printable(&other.name, 80), &other.why);
        log::warn!(target: "cogtok", "what is stored for users of profile `{name}` stays, since the profile can't be read: {why}");
    }
}
