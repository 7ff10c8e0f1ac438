//! `cogtok profile delete`: a profile, with the secrets and tokens that were its alone.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Kind, Result};
use cogtok::flows::{m2m, session, user};
use cogtok::profile::Profile;
use cogtok::profile::words::{ProfileName, SecretKind};
use cogtok::store::cache::CacheKey;
use cogtok::store::config::Config;
use cogtok::store::config_edit::edit;
use cogtok::store::secrets::Binding;
use cogtok::token::session::Renewal;

use crate::app::{App, as_written, other_profiles};
use crate::commands::secret::bindings as bindings_of;
use crate::{complete, env, terminal};

/// Delete a profile, with its secrets and its cached token
///
/// These are the clients' secrets, the password of the profile's own user, and the tokens that `token user` and `token m2m`
/// print without options. What another profile uses as well is kept, and so is what was stored or obtained for other users,
/// scopes or addresses.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok profile delete ws --yes")]
pub struct Delete {
    /// The profile's name
    #[arg(add = ArgValueCandidates::new(complete::profiles))]
    name: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Leave stored secrets where they are
    #[arg(long)]
    keep_secrets: bool,
}

pub fn run(app: &App, args: &Delete) -> Result<()> {
    let name: ProfileName = args.name.parse()?;
    terminal::set_profile(Some(name.as_str()));
    // Of its own, so that it is gone before the file is edited: there may be thousands of profiles.
    let config = Config::load(&app.config_path()?)?;
    if !config.names().contains(&name) {
        return Err(config.no_such_profile(&name));
    }
    let question = format!("Delete profile `{name}` with its secrets and cached tokens?");
    if !args.yes && !terminal::confirm(&question, &format!("add `--yes`: cogtok profile delete {name} --yes"))? {
        return Err(Error::new(Kind::Failure, "nothing was deleted"));
    }
    // A profile that can't be understood can still be deleted; there is nothing else of it to find then.
    let heirs = match as_written(&config, &name) {
        Ok(profile) => {
            let others: Vec<Profile> = other_profiles(&config, &name).filter(|other| shares(&profile, other)).collect();
            forget(app, &profile, &others, args.keep_secrets).map_err(|error| {
                let leaving = format!("cogtok profile delete {name} --yes --keep-secrets");
                error.hint(format!("nothing was deleted; to leave the secrets: {leaving}"))
            })?
        }
        Err(_) => Vec::new(),
    };
    drop(config);
    edit(&app.config_path()?, app.deadline(), |draft| {
        draft.remove(&name)?;
        heirs.iter().try_for_each(|(heir, kind)| draft.note_secret(heir, *kind, true))
    })?;
    terminal::note(&format!("profile `{name}` is deleted"));
    Ok(())
}

/// Whether two profiles have a secret or cached tokens in common.
pub(super) fn shares(profile: &Profile, other: &Profile) -> bool {
    let (secrets, keys) = (bindings(profile), cache_keys(profile));
    bindings(other).iter().any(|secret| secrets.contains(secret))
        || cache_keys(other).iter().any(|key| keys.contains(key))
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
    Ok(of_shared(profile, others))
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
