//! `cogtok profile use`: which profile is the default.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;
use cogtok::profile::words::ProfileName;
use cogtok::store::config_edit::edit;

use crate::app::App;
use crate::{complete, env, terminal};

/// Make a profile the default
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok profile use ws")]
pub struct Use {
    /// The profile's name
    #[arg(add = ArgValueCandidates::new(complete::profiles))]
    name: String,
}

pub fn run(app: &App, args: &Use) -> Result<()> {
    let name: ProfileName = args.name.parse()?;
    edit(&app.config_path()?, app.deadline(), |draft| {
        draft.require(&name)?;
        draft.set_default(Some(&name));
        Ok(())
    })?;
    terminal::note(&format!("profile `{name}` is the default"));
    if let Some(other) = env::var("COGTOK_PROFILE").filter(|other| other != name.as_str()) {
        log::warn!(target: "cogtok", "COGTOK_PROFILE is set to `{other}` and wins in this shell");
    }
    Ok(())
}
