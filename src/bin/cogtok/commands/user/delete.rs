//! `cogtok user delete`: a user out of the pool.

use clap::Args;
use cogtok::cognito::admin::Admin;
use cogtok::error::{Error, Kind, Result};
use cogtok::flows::user;
use cogtok::profile::keys::Key;
use cogtok::profile::words::Username;

use super::no_such_user;
use crate::app::App;
use crate::terminal;

/// Delete a user, and forget the user's cached tokens
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok user delete test-abc@example.com -p ws --yes")]
pub struct Delete {
    /// The user: name, e-mail address or sub
    username: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

pub fn run(app: &App, args: &Delete) -> Result<()> {
    let username: Username = args.username.parse()?;
    let profile = app.profile(&[(Key::Username, Some(args.username.clone()))])?;
    let pool = profile.user_pool_id().map_err(|error| app.without_profile(&profile, error))?;
    let question = format!("Delete user {username} of pool {pool}?");
    if !args.yes && !terminal::confirm(&question, "add `--yes`")? {
        return Err(Error::new(Kind::Failure, "nothing was deleted"));
    }
    let was_there =
        app.block_on(async { Admin::new(&app.wire()?, &profile).await?.delete(username.as_str()).await })?;
    if !was_there {
        return Err(no_such_user(&username));
    }
    if let Ok(key) = user::cache_key(&profile) {
        app.cache().forget(&key)?;
    }
    terminal::note(&format!("user {username} is deleted"));
    Ok(())
}
