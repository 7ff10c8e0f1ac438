//! `cogtok secret delete`: a secret out of its store.

use crate::services::config_edit::edit;
use clap::Args;
use cogtok::error::{Advice, Result, printable};
use cogtok::secrets::store::SecretId;
use cogtok::settings::types::{ProfileName, SecretKind};
use cogtok::store::config::{Config, list};

use super::bindings::{binding as binding_of, bindings as bindings_of, origins};
use super::secret_selector::SecretSelector;
use crate::app::{App, UnreadableProfile, as_written, other_profiles, without_variables};
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
    let config = app.config()?;
    let sharers = Sharers::of(config, &name, &bindings);
    // The list has one entry for all users, so other users' secrets may exist. It may also outlive the secret, if an earlier call was
    // killed.
    if !kind.is_of_a_user() {
        // Profiles that shared the secret lose it too. An option or a variable may have named another client or address than the profile's.
        let lists = |profile: &&ProfileName| config.listed_secrets(profile).contains(&kind);
        let own = Some(&name).filter(|name| !has_own(app, config, name, kind));
        let names: Vec<ProfileName> = sharers.known.iter().chain(own).filter(lists).cloned().collect();
        if !names.is_empty() {
            edit(&app.config_path()?, app.deadline(), |draft| {
                names.iter().try_for_each(|name| draft.note_secret(name, kind, false))
            })?;
        }
    }
    if was_there {
        terminal::note(&format!("deleted the {binding}"));
        sharers.tell(kind);
    } else {
        terminal::note(&format!("there was no {binding} for {}", origins(&bindings)));
    }
    Ok(())
}

/// Whether the store has the profile's own secret of this kind, for the address that the configuration says or the AWS tools' variables.
fn has_own(app: &App, config: &Config, name: &ProfileName, kind: SecretKind) -> bool {
    let written = [as_written(config, name), without_variables(config, name)].into_iter().flatten();
    let own = written.filter_map(|profile| binding_of(&app.resolve_region(profile), kind).ok());
    // What can't be read now was there a moment ago.
    own.into_iter().any(|own| app.secrets().and_then(|store| store.holds(&own)).unwrap_or(true))
}

/// The other profiles that used a secret, and those that can't be read and may have used it.
struct Sharers {
    known: Vec<ProfileName>,
    unreadable: Vec<UnreadableProfile>,
}

impl Sharers {
    fn of(config: &Config, name: &ProfileName, bindings: &[SecretId]) -> Self {
        let mut sharers = Sharers { known: Vec::new(), unreadable: Vec::new() };
        let is_one = |own: &SecretId| bindings.contains(own);
        let kind = bindings.first().map(|binding| binding.kind);
        for other in other_profiles(config, name) {
            match other {
                Ok(other) => {
                    let own = kind.and_then(|kind| bindings_of(&other, kind).ok()).unwrap_or_default();
                    sharers.known.extend(other.name.filter(|_| own.iter().any(is_one)));
                }
                Err(other) if bindings.iter().any(|own| other.may_use_client(own.client_id.as_str())) => {
                    sharers.unreadable.push(*other);
                }
                Err(_) => {}
            }
        }
        sharers
    }

    /// Says who lost the secret too.
    fn tell(&self, kind: SecretKind) {
        if let Some(first) = self.known.first() {
            let whose = if self.known.len() == 1 { "profile" } else { "profiles" };
            terminal::note(&format!("{whose} {} used it too", list(&self.known)));
            let store = Advice::new("to store another: cogtok secret set {kind} -p {other}");
            terminal::hint(store.text("kind", kind).word("other", first));
        }
        for UnreadableProfile { name, why, .. } in &self.unreadable {
            terminal::note(&format!("profile {} may have used it too, but can't be read: {why}", printable(name, 80)));
        }
    }
}
