//! `cogtok user disable`: users may not sign in any more.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;

use super::batch::{Deed, on_each};
use super::pool_user::or_no_such_user;
use crate::app::App;
use crate::completion;

/// Keep users from signing in, without deleting them
///
/// Tokens that were handed out stay valid until they expire, for APIs that check them by themselves; `cogtok user sign-out`
/// ends the sessions as well.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    cogtok user disable alice@example.com bob@example.com -p ws")]
pub struct Disable {
    /// The users: names, e-mail addresses or subs
    #[arg(value_name = "USERNAME", required = true, add = ArgValueCandidates::new(completion::users))]
    usernames: Vec<String>,
}

pub fn run(app: &App, args: &Disable) -> Result<()> {
    on_each(app, &args.usernames, Deed::new("disabled"), async |admin, name| {
        or_no_such_user(name, admin.disable(name).await)
    })
}
