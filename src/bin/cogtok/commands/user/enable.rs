//! `cogtok user enable`: users may sign in again.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;

use super::batch::{Deed, on_each};
use super::pool_user::or_no_such_user;
use crate::app::App;
use crate::completion;

/// Let users sign in again who were disabled
///
/// AdminEnableUser.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    cogtok user enable alice@example.com -p ws")]
pub struct Enable {
    /// The users: names, e-mail addresses or subs
    #[arg(value_name = "USERNAME", required = true, add = ArgValueCandidates::new(completion::users))]
    usernames: Vec<String>,
}

pub fn run(app: &App, args: &Enable) -> Result<()> {
    on_each(app, &args.usernames, Deed::new("enabled"), async |admin, name| {
        or_no_such_user(name, admin.enable(name).await)
    })
}
