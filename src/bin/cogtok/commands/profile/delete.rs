//! `cogtok profile delete`: deletes a profile, with the secrets and tokens that no other profile uses.

use crate::services::config_edit::edit;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Kind, Result};
use cogtok::settings::types::ProfileName;
use cogtok::store::config::Config;

use super::deletion_plan::{DeletionPlan, Sharers};
use crate::app::{App, as_written};
use crate::completion;
use crate::io::terminal;

/// Delete a profile, with its secrets and its cached token
///
/// This deletes the clients' secrets, and what was stored or cached for users of the profile's client: passwords,
/// tokens and sessions. What another profile also uses stays, and so does what was stored for other addresses.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok profile delete ws --yes")]
pub struct Delete {
    /// The profile's name
    #[arg(add = ArgValueCandidates::new(completion::profiles))]
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
    // A block, so that the configuration is dropped before the file is edited: there may be thousands of profiles.
    let config = Config::load(&app.config_path()?)?;
    if !config.names().contains(&name) {
        return Err(config.no_such_profile(&name));
    }
    let question = format!("Delete profile `{name}` with its secrets and cached tokens?");
    if !args.yes
        && !terminal::confirm(
            &question,
            Advice::new("add `--yes`: cogtok profile delete {name} --yes").word("name", &name),
        )?
    {
        return Err(Error::new(Kind::Failure, "nothing was deleted"));
    }
    // An invalid profile can still be deleted, but its secrets can't be determined.
    let going = match as_written(&config, &name) {
        Ok(profile) => {
            let others = Sharers::of(&config, &name, &profile, |_| false);
            DeletionPlan::of(app, &profile, &others, args.keep_secrets).map_err(|error| {
                error.hint(
                    Advice::new(
                        "nothing was deleted; to keep the secrets: cogtok profile delete {name} --yes --keep-secrets",
                    )
                    .word("name", &name),
                )
            })?
        }
        Err(why) => {
            log::warn!(target: "cogtok", "what is stored for profile `{name}` stays, since the profile can't be read: {why}");
            DeletionPlan::of_unreadable(&config, &name, why)
        }
    };
    let was_default = config.default_profile().ok().flatten().as_ref() == Some(&name);
    let others: Vec<ProfileName> = config.names().into_iter().filter(|other| *other != name).collect();
    drop(config);
    edit(&app.config_path()?, app.deadline(), |draft| {
        draft.remove(&name)?;
        going.heirs.iter().try_for_each(|(heir, kind)| draft.note_secret(heir, *kind, true))
    })
    .map_err(|error| error.hint("nothing was deleted"))?;
    let done = format!("deleted profile `{name}`");
    going.forget(app, &done)?;
    terminal::note(&done);
    if was_default {
        let choose = match others.as_slice() {
            [] => return Ok(()),
            [only] => Advice::new("choose the one that is left: cogtok profile use {only}").word("only", only),
            _ => Advice::new("choose a new one: cogtok profile use NAME"),
        };
        terminal::note("it was the default");
        terminal::hint(choose);
    }
    Ok(())
}
