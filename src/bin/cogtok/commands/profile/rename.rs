//! `cogtok profile rename`: a profile under another name.

use crate::services::config_edit::edit;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;
use cogtok::settings::types::ProfileName;

use super::previous;
use crate::app::App;
use crate::io::terminal;
use crate::{completion, env};

/// Rename a profile
///
/// Its secrets and cached tokens stay with it: they are stored by client and address, not by the profile's name. The
/// default profile stays the default.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok profile rename ws berlin")]
pub struct Rename {
    /// The profile's name
    #[arg(add = ArgValueCandidates::new(completion::profiles))]
    old: String,
    /// The name that it gets
    new: String,
}

pub fn run(app: &App, args: &Rename) -> Result<()> {
    let (old, new): (ProfileName, ProfileName) = (args.old.parse()?, args.new.parse()?);
    let path = app.config_path()?;
    edit(&path, app.deadline(), |draft| {
        draft.rename(&old, &new)?;
        previous::rename(app, &path, &old, &new);
        Ok(())
    })?;
    terminal::note(&format!("renamed profile `{old}` to `{new}`"));
    if env::var("COGTOK_PROFILE").as_deref() == Some(old.as_str()) {
        log::warn!(target: "cogtok", "COGTOK_PROFILE is still set to `{old}` in this shell");
    }
    Ok(())
}
