//! `cogtok user sign-out`: every session of users ends.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::Result;
use cogtok::settings::types::Username;

use super::batch::{Batch, Deed};
use super::chosen::Chosen;
use super::left_here::LeftHere;
use super::pool_user::or_no_such_user;
use crate::app::App;
use crate::completion;

/// End every session of users, on all devices
///
/// AdminUserGlobalSignOut. Their tokens and sessions on this machine are forgotten, saved passwords stay. An API that checks
/// tokens by itself takes the last access token until its end.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok user sign-out alice@example.com -p ws")]
pub struct SignOut {
    /// The users: names, e-mail addresses or subs
    #[arg(value_name = "USERNAME", required = true, add = ArgValueCandidates::new(completion::users))]
    usernames: Vec<String>,
}

pub fn run(app: &App, args: &SignOut) -> Result<()> {
    args.usernames.iter().try_for_each(|name| name.parse::<Username>().map(drop))?;
    let profile = app.profile(&[])?;
    profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let admin = app.block_on(async { Admin::new(&app.wire()?, &profile).await })?;
    let left = LeftHere::of_pool(app, &profile)?;
    let total = args.usernames.len();
    let batch = Batch { total, doing: "signing users out", deed: Deed::new("signed out"), is_quiet: false };
    let users = args.usernames.iter().map(|name| Ok(Chosen::named(name)));
    batch.run(app, users, async |user: &Chosen| {
        or_no_such_user(&user.name, admin.sign_out(&user.name).await)?;
        left.forget_sessions(std::slice::from_ref(&user.name))
    })
}
