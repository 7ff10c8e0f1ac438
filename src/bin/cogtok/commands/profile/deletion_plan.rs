//! Secrets and tokens that are deleted with a profile, because no other profile uses them. The plan is made first and carried out after the
//! configuration has been written, so that a refused change loses nothing.

use cogtok::cache::token_cache::CacheKey;
use cogtok::error::{Error, Result};
use cogtok::oauth::client_credentials;
use cogtok::secrets::store::{SecretId, SecretStatus, SecretStore};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, SecretKind};
use cogtok::store::config::Config;
use cogtok::store::sessions::{Record, SessionLock};
use cogtok::token::session::Session;
use cogtok::user_pool::{refresh_session, user_token};

use crate::app::{App, UnreadableProfile, other_profiles};
use crate::commands::cache::entries::{VARYING, keys as kept_keys};
use crate::commands::secret::bindings::bindings as bindings_of;
use crate::env;

/// Whether two profiles have a secret or cached tokens in common.
pub fn shares(profile: &Profile, other: &Profile) -> bool {
    let (secrets, users_of, keys) = (bindings(profile), users(profile), kept_keys(profile.clone()));
    bindings(other).iter().any(|secret| secrets.contains(secret))
        || users(other).iter().any(|secret| users_of.contains(secret))
        || kept_keys(other.clone()).iter().any(|key| keys.iter().any(|own| own.is_like(key, &VARYING)))
}

/// The other profiles that decide on what is deleted with one.
#[derive(Debug, Default)]
pub struct Sharers {
    /// Those that have something in common with it.
    pub known: Vec<Profile>,
    /// Those of which that can't be told.
    pub unreadable: Vec<UnreadableProfile>,
}

impl Sharers {
    /// Those of `profile` in the configuration, without those that `is_gone` says will not be there.
    pub fn of(config: &Config, name: &ProfileName, profile: &Profile, is_gone: impl Fn(&str) -> bool) -> Self {
        let mut sharers = Sharers::default();
        for other in other_profiles(config, name) {
            match other {
                Ok(other) if other.name.as_ref().is_some_and(|name| is_gone(name.as_str())) => {}
                Ok(other) if shares(profile, &other) => sharers.known.push(other),
                Ok(_) => {}
                Err(other) if is_gone(&other.name) => {}
                Err(other) => sharers.unreadable.push(*other),
            }
        }
        sharers
    }

    /// Whether a profile that can't be read may use what is cached under `key`.
    fn may_use(&self, key: &CacheKey) -> bool {
        let client = key.part("client_id").filter(|client| !client.is_empty());
        client.is_some_and(|client| self.unreadable.iter().any(|other| other.may_use_client(client)))
    }

    /// Refuses to delete a secret that a profile which can't be read may use: nothing could bring it back.
    fn without_doubt(&self, secrets: &[SecretId]) -> Result<()> {
        let pairs = secrets.iter().flat_map(|secret| self.unreadable.iter().map(move |other| (secret, other)));
        let mut in_doubt = pairs.filter(|(secret, other)| other.may_use_client(secret.client_id.as_str()));
        in_doubt.next().map_or(Ok(()), |(secret, other)| Err(other.keeps(secret)))
    }
}

/// The secrets and tokens to delete with a profile.
#[derive(Debug, Default)]
pub struct DeletionPlan {
    /// The secrets that are stored and go.
    pub secrets: Vec<SecretId>,
    /// The profiles that list a secret from now on which the profile listed, since it stays with them.
    pub heirs: Vec<(ProfileName, SecretKind)>,
    tokens: Vec<CacheKey>,
}

impl DeletionPlan {
    /// Those of `profile` that none of `others` uses. The secret store is opened if it may have any of them, so that an unusable store is
    /// noticed before anything changes.
    ///
    /// # Errors
    /// [`Kind::Config`](cogtok::error::Kind::Config) where another profile may use such a secret and can't be read.
    pub fn of(app: &App, profile: &Profile, others: &Sharers, keep_secrets: bool) -> Result<Self> {
        let (mut going, users) = DeletionPlan::wanted(app, profile, others, keep_secrets)?;
        if !going.secrets.is_empty() || !users.is_empty() {
            let store = app.secrets()?;
            let are_held = |wanted: &[SecretId]| wanted.iter().map(|secret| store.holds(secret)).collect();
            going.secrets = stored(store, going.secrets, &users, are_held)?;
        }
        others.without_doubt(&going.secrets).map(|()| going)
    }

    /// As [`DeletionPlan::of`], without questions: if the store can't be read, everything that it may contain.
    pub fn at_a_look(app: &App, profile: &Profile, others: &Sharers) -> Result<Self> {
        let (mut going, users) = DeletionPlan::wanted(app, profile, others, false)?;
        if !going.secrets.is_empty() || !users.is_empty() {
            let look = app.secrets_readonly();
            let look =
                look.and_then(|store| stored(&store, going.secrets.clone(), &users, |wanted| seen(&store, wanted)));
            going.secrets = look.unwrap_or_else(|_| [going.secrets, users].concat());
        }
        others.without_doubt(&going.secrets).map(|()| going)
    }

    /// As [`DeletionPlan::of`], as far as the state folder notes what is stored: no store is opened. What a profile that can't be read may use
    /// is left out.
    pub fn as_noted(app: &App, profile: &Profile, others: &Sharers) -> Result<Self> {
        let (mut going, users) = DeletionPlan::wanted(app, profile, others, false)?;
        let Some(noted) = app.secret_places().map(|places| places.read()) else { return Ok(DeletionPlan::default()) };
        for of in users {
            let names = noted.users(&of).into_iter().filter_map(|name| name.parse().ok());
            going.secrets.extend(names.map(|username| SecretId { username: Some(username), ..of.clone() }));
        }
        let mut secrets: Vec<SecretId> = Vec::new();
        for secret in going.secrets.drain(..).filter(|secret| noted.has_exactly(secret)) {
            let is_in_doubt = others.unreadable.iter().any(|other| other.may_use_client(secret.client_id.as_str()));
            if !is_in_doubt && !secrets.contains(&secret) {
                secrets.push(secret);
            }
        }
        Ok(DeletionPlan { secrets, ..going })
    }

    /// With a profile that can't be read, nothing goes but its lines. The other profiles of its app clients list from now on what it
    /// listed, since they may have relied on that.
    pub fn of_unreadable(config: &Config, name: &ProfileName, why: Error) -> Self {
        let gone = UnreadableProfile::of(config, name.as_str(), why);
        let mut heirs = Vec::new();
        for other in other_profiles(config, name).flatten() {
            let of_one = |kind: &SecretKind| {
                let own = bindings(&other).into_iter().chain(users(&other)).find(|secret| secret.kind == *kind);
                own.is_some_and(|own| gone.may_use_client(own.client_id.as_str()))
            };
            let kinds = config.listed_secrets(name).into_iter().filter(of_one);
            heirs.extend(kinds.filter_map(|kind| Some((other.name.clone()?, kind))));
        }
        DeletionPlan { heirs, ..DeletionPlan::default() }
    }

    /// The secrets that may exist, and the bindings of the secrets of all users of the app client.
    fn wanted(app: &App, profile: &Profile, sharers: &Sharers, keep_secrets: bool) -> Result<(Self, Vec<SecretId>)> {
        let others = sharers.known.as_slice();
        let noted = app.secret_places().map(|places| places.read());
        let is_listed = |secret: &SecretId| {
            // A pending secret is listed like the one it replaces.
            let is_next = secret.kind == SecretKind::M2mClientNext;
            let kind = if is_next { SecretKind::M2mClient } else { secret.kind };
            let is_noted = || noted.as_ref().is_some_and(|noted| noted.has(secret));
            !keep_secrets && (profile.secrets.contains(&kind) || is_noted())
        };
        let mut going = DeletionPlan { heirs: of_shared(profile, others), ..DeletionPlan::default() };
        going.secrets = left_alone(bindings, profile, others).into_iter().filter(is_listed).collect();
        let of_users = left_alone(users, profile, others).into_iter().filter(is_listed).collect();
        let is_alone = |key: &CacheKey| !others.iter().any(|other| uses_tokens(other, key));
        for key in cache_keys(profile).into_iter().filter(is_alone) {
            let record = app.remembered(&key)?.unwrap_or_default();
            if !keep_secrets {
                going.secrets.extend(of_session(profile, &record)?);
            }
            going.tokens.push(key);
        }
        going.tokens_of_others(app, profile, others, keep_secrets)?;
        going.secrets.retain(|secret| !others.iter().any(|other| uses_secret(app, other, secret)));
        going.tokens.retain(|key| !sharers.may_use(key));
        if keep_secrets {
            going.heirs.extend(of_doubt(profile, &sharers.unreadable));
        }
        Ok((going, of_users))
    }

    /// The tokens for other users and scopes of the app client, if no other profile uses it.
    fn tokens_of_others(&mut self, app: &App, profile: &Profile, others: &[Profile], keep_secrets: bool) -> Result<()> {
        let own = kept_keys(profile.clone());
        let of_others: Vec<CacheKey> = others.iter().flat_map(|other| kept_keys(other.clone())).collect();
        let is_alone = |key: &CacheKey| {
            let is_among = |keys: &[CacheKey]| keys.iter().any(|known| known.is_like(key, &VARYING));
            is_among(&own) && !is_among(&of_others)
        };
        let listing = app.cache().list(env::now())?;
        let mut keys: Vec<CacheKey> = listing.entries.iter().map(|entry| entry.key.clone()).collect();
        keys.extend(app.sessions().list(is_alone).into_iter().map(|(key, _)| key));
        for key in keys.into_iter().filter(|key| is_alone(key)) {
            if !keep_secrets && let Some(record) = app.remembered(&key)? {
                let mut of_user = profile.clone();
                of_user.user.username = key.part("username").and_then(|name| name.parse().ok());
                self.secrets.extend(of_session(&of_user, &record)?);
            }
            self.tokens.push(key);
        }
        let credentials = listing.credentials.iter().filter(|kept| is_alone(&kept.key));
        self.tokens.extend(credentials.map(|kept| kept.key.clone()));
        Ok(())
    }

    /// Deletes everything in the plan, after the configuration has been written. `done` says what was done before, for the error if
    /// something stays; the rest is deleted anyway.
    pub fn forget(&self, app: &App, done: &str) -> Result<()> {
        let mut failed = None;
        for secret in &self.secrets {
            if let Err(error) = app.secrets().and_then(|store| store.delete(secret)) {
                let stays = format!("{done}, but its {secret} is still in {}", app.store_name());
                let hint = format!("it is the entry `{}` there", secret.account());
                failed.get_or_insert_with(|| error.context(&stays).hint(hint));
            }
        }
        for key in &self.tokens {
            let of_session = || app.session_lock(key)?.as_mut().map_or(Ok(()), SessionLock::forget);
            if let Err(error) = app.cache().forget(key).and_then(|()| of_session()) {
                let stays = format!("{done}, but a cached token of it remains");
                failed.get_or_insert_with(|| error.context(&stays).hint("remove it: cogtok cache clear"));
            }
        }
        failed.map_or(Ok(()), Err::<(), Error>)
    }
}

/// The secrets of `wanted` that the store has, each once, and its secrets for users of `users`.
fn stored(
    store: &SecretStore,
    mut wanted: Vec<SecretId>,
    users: &[SecretId],
    which: impl FnOnce(&[SecretId]) -> Result<Vec<bool>>,
) -> Result<Vec<SecretId>> {
    for of in users {
        let names = store.users(of)?.into_iter();
        wanted.extend(names.map(|username| SecretId { username: Some(username), ..of.clone() }));
    }
    let mut stored: Vec<SecretId> = Vec::new();
    let are_there = which(&wanted)?;
    for (binding, is_there) in wanted.into_iter().zip(are_there) {
        if is_there && !stored.contains(&binding) {
            stored.push(binding);
        }
    }
    Ok(stored)
}

/// Which of these the store has, as far as can be seen without unlocking it.
fn seen(store: &SecretStore, wanted: &[SecretId]) -> Result<Vec<bool>> {
    Ok(store.look(wanted)?.found.iter().map(|presence| *presence == SecretStatus::Here).collect())
}

/// The store's secrets for a user's session.
fn of_session(profile: &Profile, record: &Record) -> Result<Vec<SecretId>> {
    let session = record.session.as_ref();
    let mut bindings: Vec<SecretId> = session
        .map(|session| refresh_session::refresh_token_binding(profile, session))
        .transpose()?
        .into_iter()
        .collect();
    if record.has_device {
        bindings.push(refresh_session::device_binding(profile)?);
    }
    Ok(bindings)
}

/// The profiles that share a secret which `profile` lists, so that they list it from now on.
fn of_shared(profile: &Profile, others: &[Profile]) -> Vec<(ProfileName, SecretKind)> {
    // The listed secret may belong to a user other than the profile's.
    let all = |profile: &Profile| [bindings(profile), users(profile)].concat();
    let mut heirs = Vec::new();
    for secret in all(profile).into_iter().filter(|secret| profile.secrets.contains(&secret.kind)) {
        for name in others.iter().filter(|other| all(other).contains(&secret)).filter_map(|other| other.name.clone()) {
            if !heirs.contains(&(name.clone(), secret.kind)) {
                heirs.push((name, secret.kind));
            }
        }
    }
    heirs
}

/// As [`of_shared`], for the profiles that can't be read.
fn of_doubt(profile: &Profile, unreadable: &[UnreadableProfile]) -> Vec<(ProfileName, SecretKind)> {
    let mut heirs = Vec::new();
    for secret in [bindings(profile), users(profile)].concat() {
        let is_heir = |other: &&UnreadableProfile| other.may_use_client(secret.client_id.as_str());
        if profile.secrets.contains(&secret.kind) {
            let names = unreadable.iter().filter(is_heir).filter_map(|other| other.table.clone());
            heirs.extend(names.map(|name| (name, secret.kind)));
        }
    }
    heirs
}

/// Whether a profile uses the tokens under `key`: for its own user, or, without one, for any user that a call names.
fn uses_tokens(profile: &Profile, key: &CacheKey) -> bool {
    let but_for = if profile.user.username.is_none() { &["username"][..] } else { &[] };
    cache_keys(profile).iter().any(|own| own.is_like(key, but_for))
}

/// Whether a profile uses a secret: for its own user; without one, for any user that a call names; or to renew a browser session, whose
/// refresh token is bound to the domain and not to the API.
fn uses_secret(app: &App, profile: &Profile, secret: &SecretId) -> bool {
    let of_whomever = SecretId { username: None, ..secret.clone() };
    if bindings(profile).contains(secret) || (profile.user.username.is_none() && users(profile).contains(&of_whomever))
    {
        return true;
    }
    let mut of_user = profile.clone();
    of_user.user.username = of_user.user.username.or_else(|| secret.username.clone());
    let Ok(key) = user_token::cache_key(&of_user) else { return false };
    let is_its =
        |session: &Session| refresh_session::refresh_token_binding(&of_user, session).is_ok_and(|own| own == *secret);
    let remembered = app.remembered(&key);
    // An unreadable record may belong to a live session.
    secret.kind == SecretKind::RefreshToken
        && remembered.map_or(true, |record| record.and_then(|record| record.session).is_some_and(|own| is_its(&own)))
}

/// The values of `profile` that no other profile has.
fn left_alone<T: PartialEq>(of: fn(&Profile) -> Vec<T>, profile: &Profile, others: &[Profile]) -> Vec<T> {
    of(profile).into_iter().filter(|thing| !others.iter().any(|other| of(other).contains(thing))).collect()
}

/// The bindings of all the profile's secrets.
pub fn bindings(profile: &Profile) -> Vec<SecretId> {
    SecretKind::ALL.iter().copied().filter_map(|kind| bindings_of(profile, kind).ok()).flatten().collect()
}

fn cache_keys(profile: &Profile) -> Vec<CacheKey> {
    [client_credentials::cache_key(profile), user_token::cache_key(profile)].into_iter().flatten().collect()
}

/// The bindings of secrets for any user of the app client.
fn users(profile: &Profile) -> Vec<SecretId> {
    let kinds = SecretKind::ALL.iter().copied().filter(|kind| kind.is_of_a_user());
    kinds.filter_map(|kind| user_token::secret_binding(profile, kind, None).ok()).collect()
}
