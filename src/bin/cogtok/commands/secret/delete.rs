//! `cogtok secret delete`: a secret out of its store.

use crate::services::config_edit::edit;
use clap::Args;
use cogtok::error::Result;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::ProfileName;

use super::bindings::origins;
use super::secret_selector::SecretSelector;
use crate::app::{App, as_written, other_profiles};
use crate::io::terminal;

/// Delete a stored secret of the profile
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok secret delete m2m-client -p ws")]
pub struct Delete {
    #[command(flatten)]
    which: SecretSelector,
}

pub fn run(app: &App, args: &Delete) -> Result<()> {
    let (name, bindings) = args.which.find(app)?;
    let Some(binding) = bindings.first() else { return Ok(()) };
    let kind = binding.kind;
    let store = app.secrets()?;
    let mut was_there = false;
    for binding in &bindings {
        was_there |= store.delete(binding)?;
    }
    // The list has one entry for all users, so other users' secrets may exist. It may also outlive the secret, if an earlier call was
    // killed.
    if !kind.is_of_a_user() {
        // Profiles that shared the secret lose it too.
        let is_shared = |other: &Profile| super::bindings::binding(other, kind).is_ok_and(|of| of == *binding);
        let lists = |profile: &Profile| profile.secrets.contains(&kind);
        let config = app.config()?;
        let own = as_written(config, &name).ok().filter(lists).map(|_| name.clone());
        let sharers = other_profiles(config, &name).flatten();
        let sharers = sharers.filter(|other| lists(other) && is_shared(other));
        let names: Vec<ProfileName> = sharers.filter_map(|other| other.name).chain(own).collect();
        if !names.is_empty() {
            edit(&app.config_path()?, app.deadline(), |draft| {
                names.iter().try_for_each(|name| draft.note_secret(name, kind, false))
            })?;
        }
    }
    terminal::note(&if was_there {
        format!("deleted the {binding}")
    } else {
        format!("there was no {binding} for {}", origins(&bindings))
    });
    Ok(())
}
