//! `cogtok profile use`: which profile is the default.

use crate::services::config_edit::edit;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result};
use cogtok::settings::types::ProfileName;

use super::previous;
use crate::app::App;
use crate::io::terminal;
use crate::{completion, env};

/// Make a profile the default; `-` means the previous default
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cogtok profile use ws\n  cogtok profile use -")]
pub struct Use {
    /// The profile's name, or -
    #[arg(add = ArgValueCandidates::new(completion::profiles))]
    name: String,
}

pub fn run(app: &App, args: &Use) -> Result<()> {
    let path = app.config_path()?;
    let named: Option<ProfileName> = if args.name == "-" { None } else { Some(args.name.parse()?) };
    let name = edit(&path, app.deadline(), |draft| {
        let name = match named {
            Some(name) => name,
            None => previous::recall(app, &path)?.ok_or_else(|| {
                Error::config("there is no previous default").hint("choose one: cogtok profile use NAME")
            })?,
        };
        draft.require(&name)?;
        let before: Option<ProfileName> = draft.default_profile().and_then(|name| name.parse().ok());
        draft.set_default(Some(&name));
        // Under the lock, so that two concurrent calls record each other's choice correctly.
        if let Some(before) = before.filter(|before| *before != name) {
            previous::remember(app, &path, &before);
        }
        Ok(name)
    })?;
    terminal::note(&format!("profile `{name}` is now the default"));
    if let Some(other) = env::var("COGTOK_PROFILE").filter(|other| other != name.as_str()) {
        log::warn!(target: "cogtok", "COGTOK_PROFILE is set to `{other}`, which takes precedence in this shell");
    }
    Ok(())
}
