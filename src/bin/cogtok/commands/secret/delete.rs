//! `cogtok secret delete`: a secret out of its store.

use crate::services::config_edit::edit;
use clap::Args;
use cogtok::error::{Advice, Result, printable};
use cogtok::secrets::store::SecretId;
use cogtok::settings::types::{ProfileName, SecretKind};
use cogtok::store::config::{Config, list};

use super::bindings::{bindings as bindings_of, origins};
use super::secret_selector::SecretSelector;
use crate::app::{App, UnreadableProfile, other_profiles};
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
        // Profiles that shared the secret lose it too.
        let lists = |profile: &&ProfileName| config.listed_secrets(profile).contains(&kind);
        let names: Vec<ProfileName> = sharers.known.iter().chain([&name]).filter(lists).cloned().collect();
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
