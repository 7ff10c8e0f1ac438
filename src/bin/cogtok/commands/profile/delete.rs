//! `cogtok profile delete`: a profile, with the secrets and tokens that were its alone.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Kind, Result};
use cogtok::flows::{m2m, user};
use cogtok::profile::keys::Settings;
use cogtok::profile::words::{ProfileName, SecretKind};
use cogtok::profile::{AwsEnvironment, Profile};
use cogtok::store::cache::CacheKey;
use cogtok::store::config::Config;
use cogtok::store::config_edit::edit;
use cogtok::store::secrets::Binding;

use crate::app::App;
use crate::commands::secret::binding;
use crate::{complete, terminal};

/// Delete a profile, its stored secrets and its cached tokens
///
/// Secrets and tokens of a client that another profile uses as well are kept.
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
    let config = app.config()?;
    if !config.names().contains(&name) {
        return Err(config.no_such_profile(&name));
    }
    let question = format!("Delete profile `{name}` with its secrets and cached tokens?");
    if !args.yes && !terminal::confirm(&question, &format!("add `--yes`: cogtok profile delete {name} --yes"))? {
        return Err(Error::new(Kind::Failure, "nothing was deleted"));
    }
    // A profile that can't be understood can still be deleted; there is nothing else of it to find then.
    if let Ok(profile) = profile(config, &name) {
        let others: Vec<Profile> = config
            .names()
            .iter()
            .filter(|other| **other != name)
            .filter_map(|other| self::profile(config, other).ok())
            .collect();
        let is_listed = |secret: &Binding| profile.secrets.contains(&secret.kind);
        for secret in
            left_alone(bindings, &profile, &others).into_iter().filter(is_listed).filter(|_| !args.keep_secrets)
        {
            app.secrets()?.delete(&secret).map_err(|error| {
                error.hint(format!(
                    "nothing was deleted; to leave the secrets: cogtok profile delete {name} --yes --keep-secrets"
                ))
            })?;
        }
        for key in left_alone(cache_keys, &profile, &others) {
            app.cache().forget(&key)?;
        }
    }
    edit(&app.config_path()?, app.deadline(), |draft| draft.remove(&name))?;
    terminal::note(&format!("profile `{name}` is deleted"));
    Ok(())
}

fn profile(config: &Config, name: &ProfileName) -> Result<Profile> {
    let mut settings = Settings::default();
    config.offer(name, &mut settings)?;
    Profile::resolve(Some(name.clone()), &settings, &AwsEnvironment::default())
}

/// What `profile` has and none of the others.
fn left_alone<T: PartialEq>(of: fn(&Profile) -> Vec<T>, profile: &Profile, others: &[Profile]) -> Vec<T> {
    of(profile).into_iter().filter(|thing| !others.iter().any(|other| of(other).contains(thing))).collect()
}

fn bindings(profile: &Profile) -> Vec<Binding> {
    SecretKind::ALL.iter().copied().filter_map(|kind| binding(profile, kind).ok()).collect()
}

fn cache_keys(profile: &Profile) -> Vec<CacheKey> {
    [m2m::cache_key(profile), user::cache_key(profile)].into_iter().flatten().collect()
}
