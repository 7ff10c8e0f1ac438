//! Writes an import: the profile's settings to the configuration, its secrets to the secret store.

use cogtok::error::{Error, Result, printable};
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::settings::keys::{Key, Settings, ValueOrigin};
use cogtok::settings::profile::{Profile, domain};
use cogtok::settings::types::{ProfileName, SecretKind};

use super::super::deletion_plan::DeletionPlan;
use super::collect::CollectedSources;
use super::existing_secrets;
use super::plan::{SecretHandling, Writing};
use super::profile_plan::{ProfilePlan, Setting, ToStore};
use super::targets::Targets;
use crate::app::{App, as_written};
use crate::commands::secret::bindings::bindings;
use crate::env::aws_environment;
use crate::services::config_edit::edit;
use crate::services::export::OWN;
use crate::services::import::enrich;

/// The plan for the profile of this name.
pub fn plan(app: &App, name: ProfileName, gathered: CollectedSources, handling: SecretHandling) -> Result<ProfilePlan> {
    let CollectedSources { kind, mut found, file_name: _ } = gathered;
    if handling == SecretHandling::Copy {
        if found.secret(SecretKind::M2mClient).is_none() {
            return Err(Error::config("there is no client secret to copy").hint(
                "leave `--copy-secret` out, or import the secret itself: cogtok profile import ARN --copy-secret",
            ));
        }
        found.forget(Key::SecretArn);
    } else if found.one(Key::SecretArn).is_some() {
        found.forget_secret(SecretKind::M2mClient);
    }
    let config = app.config()?;
    let names = config.names();
    let mut before = None;
    if names.contains(&name) {
        let settings = before.insert(Settings::default());
        config.offer(&name, settings)?;
        keep_own(settings, &mut found);
    }
    let settings: Vec<Setting> = found
        .settings()
        .map(|(key, candidate)| Setting { key, values: candidate.values.clone(), origin: candidate.origin.clone() })
        .collect();
    for (setting, value) in settings.iter().flat_map(|setting| setting.values.iter().map(move |value| (setting, value)))
    {
        if let Some(why) = domain::oddity(setting.key, value) {
            log::warn!(target: "cogtok", "{why}");
        }
    }
    let mut resolved = Settings::default();
    for setting in &settings {
        resolved.offer(setting.key, setting.values.clone(), ValueOrigin::Profile);
    }
    let mut profile = Profile::resolve(Some(name.clone()), &resolved, &aws_environment())?;
    let mut left_out = found.left_out.clone();
    let mut secrets = Vec::new();
    for secret in found.secrets() {
        match bindings(&profile, secret.kind) {
            _ if handling == SecretHandling::Skip => {
                left_out.push(format!(
                    "skipped the {} secret ({}): `--no-secrets`",
                    secret.kind,
                    printable(&secret.origin, 80)
                ));
            }
            Ok(bindings) => {
                let (value, origin) = (secret.value.clone(), secret.origin.clone());
                let shared_with = existing_secrets::shared_with(app, &name, &bindings)?;
                secrets.push(ToStore { kind: secret.kind, bindings, value, origin, shared_with });
            }
            // A secret is bound to its app client and to the address that may get it.
            Err(error) if handling == SecretHandling::Copy => {
                return Err(error.context(&format!("the {} secret can't be stored", secret.kind)));
            }
            Err(error) => left_out.push(format!(
                "skipped the {} secret ({}): {error}",
                secret.kind,
                printable(&secret.origin, 80)
            )),
        }
    }
    profile.secrets = secrets.iter().map(|secret| secret.kind).collect();
    // A secret that is already stored for the same client and address stays, and is shared with this profile.
    let is_kept = |kind: SecretKind| {
        let wanted = bindings(&profile, kind).unwrap_or_default();
        let has_it = |other: &Profile| {
            other.secrets.contains(&kind)
                && bindings(other, kind).is_ok_and(|own| own.iter().any(|own| wanted.contains(own)))
        };
        names.iter().filter_map(|name| as_written(config, name).ok()).any(|other| has_it(&other))
    };
    let is_stored = |kind: SecretKind| secrets.iter().any(|secret| secret.kind == kind) || is_kept(kind);
    let missing = enrich::missing(name.as_str(), &found, is_stored);
    let mut targets = Targets::new(found.targets, Vec::new());
    if before.is_some() {
        targets = Targets::new(targets.taken, config.target_settings(&name)?);
        let gone = config.unknown_keys(&name).into_iter().filter(|key| targets.goes(key));
        left_out.extend(gone.map(|key| format!("`{}` is removed with the old profile", printable(&key, 80))));
    }
    let is_default = config.default_profile()?.is_none() && names.iter().all(|other| *other == name);
    let going = DeletionPlan::default();
    Ok(ProfilePlan { name, kind, settings, secrets, targets, before, is_default, left_out, missing, going, profile })
}

/// Keeps personal settings that the source does not have.
fn keep_own(before: &Settings, found: &mut ProfileCandidate) {
    for key in OWN.into_iter().filter(|key| !before.list(*key).is_empty()) {
        if found.candidates(key).is_empty() {
            found.offer(key, before.list(key).to_vec(), "your own");
        }
    }
}

/// Carries out the plans, and determines what they delete; a dry run only does the latter.
pub fn carry_out(app: &App, plans: &mut [ProfilePlan], writing: Writing) -> Result<()> {
    if writing.is_dry_run {
        return existing_secrets::find_going(app, plans, |old, heirs| DeletionPlan::at_a_look(app, old, heirs));
    }
    app.with_needed_store(|app| existing_secrets::keep_what_is_stored(app, plans, writing.replaces))?;
    existing_secrets::find_going(app, plans, |old, heirs| DeletionPlan::of(app, old, heirs, false))?;
    let stored = app.with_needed_store(|app| existing_secrets::store(app, plans))?;
    write(app, plans).map_err(|error| stored.undo(app, error.hint("nothing was imported")))?;
    plans.iter().try_for_each(|plan| plan.going.forget(app, &format!("replaced profile `{}`", plan.name)))
}

fn write(app: &App, plans: &[ProfilePlan]) -> Result<()> {
    edit(&app.config_path()?, app.deadline(), |draft| {
        for ProfilePlan { name, settings, secrets, targets, before, .. } in plans {
            let keys: Vec<Key> = settings.iter().map(|setting| setting.key).collect();
            match before {
                Some(_) => draft.retain(name, &keys)?,
                None => draft.add(name)?,
            }
            for setting in settings {
                draft.set(name, setting.key, &setting.values)?;
            }
            draft.replace_targets(name, &targets.taken)?;
            for secret in secrets {
                draft.note_secret(name, secret.kind, true)?;
            }
        }
        let heirs = plans.iter().flat_map(|plan| &plan.going.heirs);
        heirs.into_iter().try_for_each(|(heir, kind)| draft.note_secret(heir, *kind, true))?;
        if let Some(plan) = plans.iter().find(|plan| plan.is_default) {
            draft.set_default(Some(&plan.name));
        }
        Ok(())
    })
}
