//! `cogtok profile copy`: one more profile like another.

use crate::services::config_edit::edit;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;
use cogtok::settings::types::ProfileName;

use crate::app::App;
use crate::completion;
use crate::io::terminal;

/// Copy a profile
///
/// Secrets and cached tokens belong to the client and the address, so both profiles have them as long as both name the same.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok profile copy ws ws-id && cogtok profile set ws-id user.token id")]
pub struct Copy {
    /// The profile to copy
    #[arg(add = ArgValueCandidates::new(completion::profiles))]
    from: String,
    /// The name of the new one
    to: String,
}

pub fn run(app: &App, args: &Copy) -> Result<()> {
    let (from, to): (ProfileName, ProfileName) = (args.from.parse()?, args.to.parse()?);
    edit(&app.config_path()?, app.deadline(), |draft| draft.copy(&from, &to))?;
    terminal::note(&format!("copied profile `{from}` to `{to}`"));
    Ok(())
}
