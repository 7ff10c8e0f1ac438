//! `cogtok profile delete`: a profile, with the secrets and tokens that were its alone.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Kind, Result};
use cogtok::flows::{m2m, user};
use cogtok::profile::keys::{Key, Settings};
use cogtok::profile::words::{ClientId, ProfileName, SecretKind};
use cogtok::profile::{AwsEnvironment, Profile};
use cogtok::store::config::Config;
use cogtok::store::config_edit::edit;
use cogtok::store::keyring::Binding;

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
        for secret in secrets_of_its_own(config, &name, &profile) {
            app.keyring().delete(&secret).map_err(|error| {
                error.hint(format!(
                    "nothing was deleted; `cogtok secret delete {} -p {name}` tries the secret alone",
                    secret.kind
                ))
            })?;
        }
        forget_tokens(app, config, &name, &profile)?;
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

fn secrets_of_its_own(config: &Config, name: &ProfileName, profile: &Profile) -> Vec<Binding> {
    let kinds = profile.secrets.iter().copied();
    kinds
        .filter(|kind| !is_shared(config, name, *kind, profile))
        .filter_map(|kind| binding(profile, kind).ok())
        .collect()
}

fn forget_tokens(app: &App, config: &Config, name: &ProfileName, profile: &Profile) -> Result<()> {
    for (key, kind) in
        [(m2m::cache_key(profile), SecretKind::M2mClient), (user::cache_key(profile), SecretKind::UserClient)]
    {
        if let Ok(key) = key
            && !is_shared(config, name, kind, profile)
        {
            app.cache().forget(&key)?;
        }
    }
    Ok(())
}

/// Whether another profile uses the client that a secret of this kind belongs to.
fn is_shared(config: &Config, name: &ProfileName, kind: SecretKind, profile: &Profile) -> bool {
    let (key, client) = match kind {
        SecretKind::M2mClient => (Key::M2mClientId, profile.m2m.client_id.as_ref()),
        SecretKind::UserClient | SecretKind::Password => (Key::UserClientId, profile.user.client_id.as_ref()),
    };
    let client = client.map(ClientId::as_str);
    config.names().iter().filter(|other| *other != name).any(|other| {
        let mut settings = Settings::default();
        config.offer(other, &mut settings).is_ok()
            && client.is_some()
            && settings.list(key).first().map(String::as_str) == client
    })
}
