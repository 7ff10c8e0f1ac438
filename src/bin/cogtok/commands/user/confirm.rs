//! `cogtok user confirm`: users who signed up need no code.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;

use super::batch::{Deed, on_each};
use super::pool_user::or_no_such_user;
use crate::app::App;
use crate::completion;

/// Confirm users who signed up, without a code
///
/// Only a user of status UNCONFIRMED can be confirmed. The address stays unverified.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    cogtok user confirm alice@example.com -p ws")]
pub struct Confirm {
    /// The users: names, e-mail addresses or subs
    #[arg(value_name = "USERNAME", required = true, add = ArgValueCandidates::new(completion::users))]
    usernames: Vec<String>,
}

pub fn run(app: &App, args: &Confirm) -> Result<()> {
    on_each(app, &args.usernames, Deed::new("confirmed"), async |admin, name| {
        or_no_such_user(name, admin.confirm(name).await)
    })
}
