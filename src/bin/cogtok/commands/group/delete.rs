//! `cogtok group delete`: a group out of the pool.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Error, Kind, Result};

use super::name::check_name;
use crate::app::App;
use crate::completion;
use crate::io::terminal;

/// Delete a group; its users stay
///
/// `cogtok user delete --group GROUP` deletes the users of a group.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok group delete class -p ws --yes")]
pub struct Delete {
    /// The group
    #[arg(add = ArgValueCandidates::new(completion::groups))]
    group: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub fn run(app: &App, args: &Delete) -> Result<()> {
    check_name(&args.group)?;
    let profile = app.profile(&[])?;
    let pool = profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let question = format!("Delete group {} of pool {pool}? Its users stay.", args.group);
    if !args.yes && !terminal::confirm(&question, "add `--yes`")? {
        return Err(Error::new(Kind::Failure, "nothing was deleted"));
    }
    app.block_on(async { Admin::new(&app.wire()?, &profile).await?.delete_group(&args.group).await })?;
    terminal::note(&format!("deleted group {}", args.group));
    Ok(())
}
