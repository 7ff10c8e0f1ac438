//! `cogtok secret delete`: a secret out of its store.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;
use cogtok::profile::keys::Key;
use cogtok::profile::words::{ProfileName, SecretKind};
use cogtok::store::config_edit::edit;

use super::{binding, no_profile};
use crate::app::{App, other_profiles};
use crate::{complete, terminal};

/// Delete a stored secret of the profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok secret delete m2m-client -p ws")]
pub struct Delete {
    /// m2m-client, user-client or password
    #[arg(add = ArgValueCandidates::new(complete::secret_kinds))]
    kind: String,
    /// The user, for a password
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The token endpoint, for m2m-client
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
}

pub fn run(app: &App, args: &Delete) -> Result<()> {
    let kind: SecretKind = args.kind.parse()?;
    let mut profile =
        app.profile(&[(Key::Username, args.username.clone()), (Key::TokenUrl, args.token_url.clone())])?;
    if kind != SecretKind::M2mClient {
        app.settle_region(&mut profile);
    }
    let name = profile.name.clone().ok_or_else(no_profile)?;
    let binding = binding(&profile, kind)?;
    let was_there = app.secrets()?.delete(&binding)?;
    // Those who shared it have it no more either.
    let sharers =
        other_profiles(app.config()?, &name).filter(|other| super::binding(other, kind).is_ok_and(|of| of == binding));
    let names: Vec<ProfileName> = sharers.filter_map(|other| other.name).chain([name.clone()]).collect();
    edit(&app.config_path()?, app.deadline(), |draft| {
        names.iter().try_for_each(|name| draft.note_secret(name, kind, false))
    })?;
    terminal::note(&match was_there {
        true => format!("the {binding} is deleted"),
        false => format!("there was no {binding} for {}", binding.origin),
    });
    Ok(())
}
