//! Imports the output of `profile export`: any number of profiles, from the file only, without network.

use cogtok::error::{Advice, Error, Result};
use cogtok::oauth::client_bundle::candidates::ProfileCandidate;
use cogtok::settings::types::ProfileName;
use cogtok::store::config::list;

use super::collect::CollectedSources;
use super::plan::{ImportPlan, SecretHandling, TakenNames};
use super::profile_plan::ProfilePlan;
use super::source::Text;
use super::{ALREADY_THERE, apply, free_name};
use crate::app::App;
use crate::io::terminal;
use crate::services::import::SourceKind;
use crate::services::import::profile_export::{Shared, read};

/// Gives another name to each profile whose own is taken.
fn number_taken(profiles: &mut [(ProfileName, ProfileCandidate)], there: &[ProfileName]) -> Result<()> {
    let mut taken: Vec<ProfileName> = profiles.iter().map(|(name, _)| name.clone()).chain(there.to_vec()).collect();
    for (name, _) in profiles.iter_mut().filter(|(name, _)| there.contains(name)) {
        let free = free_name(name.as_str(), &taken)?;
        terminal::note(&format!("there is already a profile `{name}`: the new one is `{free}`"));
        taken.push(free.clone());
        *name = free;
    }
    Ok(())
}

/// The error that profiles of these names exist; `count` is how many the export has.
fn already_there(taken: &[ProfileName], count: usize) -> Error {
    let (there, it) = match taken {
        [one] => (format!("profile `{one}` already exists"), "it"),
        several => (format!("profiles {} already exist", list(several)), "them"),
    };
    let error = Error::config(format!("{there}: nothing was imported"));
    if count == 1 {
        return error.hint(ALREADY_THERE);
    }
    error.hint(
        Advice::new("add `--replace` to replace {it}; `--dry-run --replace` shows what would change").text("it", it),
    )
}

/// The plan for each profile of the export.
pub fn plans(app: &App, plan: &ImportPlan, named: Option<ProfileName>, text: &Text) -> Result<Vec<ProfilePlan>> {
    let copy = (plan.secrets == SecretHandling::Copy).then_some("--copy-secret");
    if let Some(option) = plan.choice.made().map(|(_, option, _)| option).chain(copy).next() {
        return Err(Error::usage(format!("`{option}` is for other sources: an export is imported unchanged"))
            .hint("change the profile afterwards: cogtok profile set NAME KEY VALUE"));
    }
    let Shared { mut profiles, left_out } = read(&text.text).map_err(|error| error.context(&text.shown))?;
    let names: Vec<ProfileName> = profiles.iter().map(|(name, _)| name.clone()).collect();
    match (named, profiles.as_mut_slice()) {
        (None, _) => {}
        (Some(named), [(name, _)]) => *name = named,
        (Some(_), _) => {
            return Err(Error::usage(format!("it contains {} profiles, and `--name` is for only one", names.len()))
                .hint(format!("leave it out: they are called {}", list(&names))));
        }
    }
    let there = app.config()?.names();
    if plan.taken_names == TakenNames::Numbered {
        number_taken(&mut profiles, &there)?;
    }
    let taken: Vec<ProfileName> =
        profiles.iter().map(|(name, _)| name.clone()).filter(|name| there.contains(name)).collect();
    if !taken.is_empty() && !plan.writing.replaces {
        return Err(already_there(&taken, profiles.len()));
    }
    let mut plans = Vec::new();
    for (name, mut found) in profiles {
        for (key, value) in app.global_options() {
            if let Some(value) = value {
                found.decide(key, vec![value], "the command line")?;
            }
        }
        let about = format!("profile `{name}`");
        let gathered = CollectedSources { kind: SourceKind::Export, found, file_name: None };
        plans.push(apply::plan(app, name, gathered, plan.secrets).map_err(|error| error.context(&about))?);
    }
    match plans.as_mut_slice() {
        [plan] => terminal::set_profile(Some(plan.name.as_str())),
        // With several profiles, the options can't be meant for one of them.
        several => several.iter_mut().for_each(|plan| plan.is_default = false),
    }
    for why in &left_out {
        log::warn!(target: "cogtok", "{why}");
    }
    Ok(plans)
}
