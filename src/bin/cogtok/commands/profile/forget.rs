//! What goes when a profile goes: the secrets and tokens that were its alone.

use cogtok::error::Result;
use cogtok::flows::{m2m, session, user};
use cogtok::profile::Profile;
use cogtok::profile::words::{ProfileName, SecretKind};
use cogtok::store::cache::CacheKey;
use cogtok::store::secrets::Binding;
use cogtok::token::session::Renewal;

use crate::app::App;
use crate::commands::cache::{VARYING, keys as kept_keys};
use crate::commands::secret::bindings as bindings_of;
use crate::env;

/// Whether two profiles have a secret or cached tokens in common.
pub(super) fn shares(profile: &Profile, other: &Profile) -> bool {
    let (secrets, users_of, keys) = (bindings(profile), users(profile), kept_keys(profile.clone()));
    bindings(other).iter().any(|secret| secrets.contains(secret))
        || users(other).iter().any(|secret| users_of.contains(secret))
        || kept_keys(other.clone()).iter().any(|key| keys.iter().any(|own| own.is_like(key, &VARYING)))
}

/// Forgets the secrets and tokens that `profile` has and none of `others`, and gives those who are to list the shared ones.
pub(super) fn forget(
    app: &App,
    profile: &Profile,
    others: &[Profile],
    keep_secrets: bool,
) -> Result<Vec<(ProfileName, SecretKind)>> {
    let is_listed = |secret: &Binding| profile.secrets.contains(&secret.kind) && !keep_secrets;
    for secret in left_alone(bindings, profile, others).into_iter().filter(is_listed) {
        app.secrets()?.delete(&secret)?;
    }
    for key in left_alone(cache_keys, profile, others) {
        let renewal = app.cache().read(&key, env::now()).map(|tokens| tokens.renewal);
        if let Some(session) = renewal.as_ref().and_then(Renewal::session).filter(|_| !keep_secrets) {
            session::forget(app.secrets()?, profile, session)?;
        }
        app.cache().forget(&key)?;
    }
    if !keep_secrets {
        forget_passwords(app, profile, others)?;
    }
    forget_tokens(app, profile, others, keep_secrets)?;
    Ok(of_shared(profile, others))
}

/// Forgets what was stored for other users of the client, where it is no other profile's client.
fn forget_passwords(app: &App, profile: &Profile, others: &[Profile]) -> Result<()> {
    let listed = users(profile).into_iter().filter(|of| profile.secrets.contains(&of.kind));
    for of in listed.filter(|of| !others.iter().any(|other| users(other).contains(of))) {
        let store = app.secrets()?;
        for username in store.users(&of)? {
            store.delete(&Binding { username: Some(username), ..of.clone() })?;
        }
    }
    Ok(())
}

/// Forgets what was obtained for other users and scopes of the client, where it is no other profile's client.
fn forget_tokens(app: &App, profile: &Profile, others: &[Profile], keep_secrets: bool) -> Result<()> {
    let own = kept_keys(profile.clone());
    let of_others: Vec<CacheKey> = others.iter().flat_map(|other| kept_keys(other.clone())).collect();
    let is_alone = |key: &CacheKey| {
        let is_among = |keys: &[CacheKey]| keys.iter().any(|known| known.is_like(key, &VARYING));
        is_among(&own) && !is_among(&of_others)
    };
    let listing = app.cache().list(env::now())?;
    for entry in listing.entries.iter().filter(|entry| is_alone(&entry.key)) {
        if let Some(session) = entry.tokens.renewal.session().filter(|_| !keep_secrets) {
            let mut of_user = profile.clone();
            of_user.user.username = entry.key.part("username").and_then(|name| name.parse().ok());
            session::forget(app.secrets()?, &of_user, session)?;
        }
        app.cache().forget(&entry.key)?;
    }
    let mut credentials = listing.credentials.iter().filter(|kept| is_alone(&kept.key));
    credentials.try_for_each(|kept| app.cache().forget(&kept.key))
}

/// The profiles that share a secret which `profile` lists, so that they list it from now on.
fn of_shared(profile: &Profile, others: &[Profile]) -> Vec<(ProfileName, SecretKind)> {
    let mut heirs = Vec::new();
    for secret in bindings(profile).into_iter().filter(|secret| profile.secrets.contains(&secret.kind)) {
        for other in others.iter().filter(|other| bindings(other).contains(&secret)) {
            heirs.extend(other.name.clone().map(|name| (name, secret.kind)));
        }
    }
    heirs
}

/// What `profile` has and none of the others.
fn left_alone<T: PartialEq>(of: fn(&Profile) -> Vec<T>, profile: &Profile, others: &[Profile]) -> Vec<T> {
    of(profile).into_iter().filter(|thing| !others.iter().any(|other| of(other).contains(thing))).collect()
}

fn bindings(profile: &Profile) -> Vec<Binding> {
    SecretKind::ALL.iter().copied().filter_map(|kind| bindings_of(profile, kind).ok()).flatten().collect()
}

fn cache_keys(profile: &Profile) -> Vec<CacheKey> {
    [m2m::cache_key(profile), user::cache_key(profile)].into_iter().flatten().collect()
}

/// What secrets of the client's users are bound to, whoever they are.
fn users(profile: &Profile) -> Vec<Binding> {
    let kinds = SecretKind::ALL.iter().copied().filter(|kind| kind.is_of_a_user());
    kinds.filter_map(|kind| user::secret_binding(profile, kind, None).ok()).collect()
}
