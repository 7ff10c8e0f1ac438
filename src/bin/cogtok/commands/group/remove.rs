//! `cogtok group remove`: users out of a group.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Result, printable};

use super::name::check_name;
use crate::app::App;
use crate::commands::user::batch::{Deed, on_each};
use crate::commands::user::pool_user::or_no_such_user;
use crate::completion;

/// Take users out of a group
///
/// Tokens that were handed out name the group until they expire.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok group remove class alice@example.com -p ws")]
pub struct Remove {
    /// The group
    #[arg(add = ArgValueCandidates::new(completion::groups))]
    group: String,
    /// The users: names, e-mail addresses or subs
    #[arg(value_name = "USERNAME", required = true, add = ArgValueCandidates::new(completion::users))]
    usernames: Vec<String>,
}

pub fn run(app: &App, args: &Remove) -> Result<()> {
    check_name(&args.group)?;
    let deed = Deed::new("removed").tail(format!(" from group {}", printable(&args.group, 128)));
    on_each(app, &args.usernames, deed, async |admin, name| {
        or_no_such_user(name, admin.remove_from_group(name, &args.group).await)
    })
}
