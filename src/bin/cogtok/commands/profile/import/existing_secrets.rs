//! The secret store during an import: what is added, what stays, and what is deleted with a replaced profile.

use cogtok::error::{Advice, AdviceKind, Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, StoreKind};
use cogtok::store::config::list;

use super::super::deletion_plan::{DeletionPlan, Sharers, bindings};
use super::profile_plan::ProfilePlan;
use crate::app::{App, UnreadableProfile, as_written, other_profiles};
use crate::env;

const WITHOUT: &str = "nothing was imported; `--no-secrets` imports without the secrets ?? nothing was imported; to import without the secrets: cogtok profile import SOURCE --no-secrets";

/// Refuses to replace another secret that is stored for the same client and address: a source must not overwrite this machine's secrets. A
/// replaced profile's own secret may be replaced.
pub fn keep_what_is_stored(app: &App, plans: &[ProfilePlan], replaces: bool) -> Result<()> {
    for plan in plans {
        for secret in &plan.secrets {
            for binding in &secret.bindings {
                let (is_own, others, unreadable) = owners(app, plan, plans, binding)?;
                if replaces && (is_own || (others.is_empty() && unreadable.is_none())) {
                    continue;
                }
                let stored = app.secrets().and_then(|store| store.find(binding)).map_err(without)?;
                if stored.is_some_and(|stored| stored.expose() != secret.value.expose()) {
                    let error = Error::config(format!("another {binding} is already stored: nothing was imported"));
                    return Err(match (others.first(), unreadable) {
                        (None, None) => error.hint("`--replace` replaces it, `--no-secrets` keeps yours ?? to keep yours: cogtok profile import SOURCE --no-secrets"),
                        (None, Some(other)) => other.keeps(binding).hint(WITHOUT),
                        (Some(other), _) => error
                            .hint(
                                Advice::new("it is in use by {others}; `--no-secrets` keeps it ?? it is in use by {others}; to keep it: cogtok profile import SOURCE --no-secrets")
                                    .text("others", list(&others)),
                            )
                            .hint(
                                Advice::new("if it is out of date: cogtok secret set {kind} -p {other}")
                                    .text("kind", binding.kind)
                                    .word("other", other),
                            ),
                    });
                }
            }
        }
    }
    Ok(())
}

/// Whether what is stored for this binding is the replaced profile's, the other profiles that use it, and one that may.
fn owners(
    app: &App,
    plan: &ProfilePlan,
    plans: &[ProfilePlan],
    binding: &SecretId,
) -> Result<(bool, Vec<ProfileName>, Option<Box<UnreadableProfile>>)> {
    let config = app.config()?;
    let has_it = |profile: &Profile| bindings(profile).contains(binding);
    let is_own = plan.before.is_some() && as_written(config, &plan.name).is_ok_and(|old| has_it(&old));
    let (mut others, mut unreadable) = (Vec::new(), None);
    for other in other_profiles(config, &plan.name) {
        match other {
            Ok(other) if has_it(&other) => others.extend(other.name.filter(|name| !is_new(plans, name.as_str()))),
            Ok(_) => {}
            Err(other) if is_new(plans, &other.name) => {}
            Err(other) if other.may_use_client(binding.client_id.as_str()) => drop(unreadable.get_or_insert(other)),
            Err(_) => {}
        }
    }
    Ok((is_own, others, unreadable))
}

/// The other profiles that use what is stored for one of these bindings, or may use it.
pub fn shared_with(app: &App, name: &ProfileName, of: &[SecretId]) -> Result<Vec<ProfileName>> {
    let uses_it = |other: &Profile| bindings(other).iter().any(|binding| of.contains(binding));
    let others = other_profiles(app.config()?, name).filter_map(|other| match other {
        Ok(other) => other.name.clone().filter(|_| uses_it(&other)),
        Err(other) => of.iter().any(|own| other.may_use_client(own.client_id.as_str())).then_some(other.table)?,
    });
    Ok(others.collect())
}

fn is_new(plans: &[ProfilePlan], other: &str) -> bool {
    plans.iter().any(|plan| plan.name.as_str() == other)
}

/// Determines, with `look`, which secrets the old profiles had that no new or other profile has.
pub fn find_going(
    app: &App,
    plans: &mut [ProfilePlan],
    look: impl Fn(&Profile, &Sharers) -> Result<DeletionPlan>,
) -> Result<()> {
    let config = app.config()?;
    let mut found = Vec::new();
    for plan in plans.iter() {
        let old = as_written(config, &plan.name).ok().filter(|_| plan.before.is_some());
        let Some(old) = old else {
            found.push(DeletionPlan::default());
            continue;
        };
        let mut heirs = Sharers::of(config, &plan.name, &old, |other| is_new(plans, other));
        heirs.known.extend(plans.iter().map(|plan| plan.profile.clone()));
        found.push(look(&old, &heirs).map_err(|error| {
            error.hint(
                Advice::new("nothing was replaced; `cogtok profile delete {name} --keep-secrets` keeps the secrets")
                    .word("name", &plan.name),
            )
        })?);
    }
    plans.iter_mut().zip(found).for_each(|(plan, going)| plan.going = going);
    Ok(())
}

/// The secrets that were written, each with its previous value.
#[derive(Default)]
pub struct ExistingSecrets(Vec<(SecretId, Option<Secret>)>);

/// Stores the secrets of all plans, or none.
pub fn store(app: &App, plans: &[ProfilePlan]) -> Result<ExistingSecrets> {
    let mut stored = ExistingSecrets::default();
    for secret in plans.iter().flat_map(|plan| &plan.secrets) {
        for binding in &secret.bindings {
            let set = app.secrets().and_then(|store| {
                let before = store.find(binding)?;
                store.set(binding, &secret.value)?;
                Ok(before)
            });
            match set {
                Ok(before) => stored.0.push((binding.clone(), before)),
                Err(error) => return Err(without(stored.undo(app, error))),
            }
        }
    }
    Ok(stored)
}

impl ExistingSecrets {
    /// Restores the previous secrets; `error`, the reason, gets a note about those that could not be restored.
    pub fn undo(self, app: &App, error: Error) -> Error {
        self.0.into_iter().rev().fold(error, |error, (binding, before)| {
            let undone = app.secrets().and_then(|store| match &before {
                Some(before) => store.set(&binding, before),
                None => store.delete(&binding).map(drop),
            });
            match undone {
                Ok(()) => error,
                Err(_) => error.hint(format!("the new {binding} is in {} anyway", app.store_name())),
            }
        })
    }
}

/// The error of an import whose file COGTOK_PASSPHRASE opened, where that is not the passphrase of the user's own secrets file.
pub fn of_another_passphrase(app: &App, file: &str, error: Error) -> Error {
    let is_file = app.store_kind().is_ok_and(|kind| kind == StoreKind::File);
    let is_by_passphrase = is_file && env::var("COGTOK_SECRET_IDENTITY").is_none();
    if error.kind() != Kind::Store || !is_by_passphrase || app.check_given_sealing_key().is_ok() {
        return error;
    }
    let advice = if file == "standard input" {
        "COGTOK_PASSPHRASE opened {file}, and your secrets file has another passphrase: set COGTOK_PASSPHRASE to yours, save the export as a file, and give that one's passphrase with `--passphrase-stdin`"
    } else {
        "COGTOK_PASSPHRASE opened {file}, and your secrets file has another passphrase: set COGTOK_PASSPHRASE to yours, and give that of {file} with `--passphrase-stdin`"
    };
    error.with_hint(Advice::new(advice).text("file", file)).hint(WITHOUT)
}

/// The error of an import that had no place for its secrets.
fn without(error: Error) -> Error {
    match error.kind() {
        // An import stores secrets: a command that uses them later may get them from a variable.
        Kind::Store => error.map_advice(|advice| (!supplies_secret(&advice)).then_some(advice)).hint(WITHOUT),
        _ => error,
    }
}

fn supplies_secret(advice: &Advice) -> bool {
    use AdviceKind::{SupplyClientSecret, SupplyMfaCode, SupplyPassword, SupplyUserClientSecret};
    let kinds = [SupplyClientSecret, SupplyMfaCode, SupplyPassword, SupplyUserClientSecret];
    advice.kind().is_some_and(|kind| kinds.contains(&kind))
}
