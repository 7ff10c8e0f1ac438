//! `cogtok group add`: users into a group.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Result, printable};

use super::name::check_name;
use crate::app::App;
use crate::commands::user::batch::{Deed, on_each};
use crate::commands::user::pool_user::or_no_such_user;
use crate::completion;

/// Add users to a group
///
/// Where some can't be added the exit code is 10, with their names.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok group add class alice@example.com bob@example.com -p ws")]
pub struct Add {
    /// The group
    #[arg(add = ArgValueCandidates::new(completion::groups))]
    group: String,
    /// The users: names, e-mail addresses or subs
    #[arg(value_name = "USERNAME", required = true, add = ArgValueCandidates::new(completion::users))]
    usernames: Vec<String>,
}

pub fn run(app: &App, args: &Add) -> Result<()> {
    check_name(&args.group)?;
    let deed = Deed::new("added").tail(format!(" to group {}", printable(&args.group, 128)));
    on_each(app, &args.usernames, deed, async |admin, name| {
        or_no_such_user(name, admin.add_to_group(name, &args.group).await)
    })
}
