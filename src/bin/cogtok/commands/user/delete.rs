//! `cogtok user delete`: a user out of the pool.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::aws::admin::Admin;
use cogtok::error::{Error, Kind, Result};
use cogtok::settings::keys::Key;
use cogtok::settings::types::Username;
use cogtok::store::name_history;
use cogtok::user_pool::user_token;

use super::pool_user::no_such_user;
use crate::app::App;
use crate::completion;
use crate::io::terminal;

/// Delete a user, and the user's cached tokens
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  cogtok user delete test-abc@example.com -p ws --yes")]
pub struct Delete {
    /// The user: name, e-mail address or sub
    #[arg(add = ArgValueCandidates::new(completion::users))]
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
    let (was_there, names) = app.block_on(async {
        let admin = Admin::new(&app.wire()?, &profile).await?;
        // Tokens are cached under the name that was typed when they were asked for, which is mostly the address.
        let user = if args.username.contains('@') { None } else { admin.get(username.as_str()).await? };
        let names = user.into_iter().flat_map(|user| [Some(user.username), user.sub, user.email]).flatten();
        let names: Vec<String> = names.chain([args.username.clone()]).collect();
        Ok((admin.delete(username.as_str()).await?, names))
    })?;
    if !was_there {
        return Err(no_such_user(&username));
    }
    for name in names {
        name_history::forget_user(app.dirs().cache.as_deref(), pool.as_str(), &profile.cognito_idp_origin()?, &name);
        let mut of_name = profile.clone();
        of_name.user.username = name.parse().ok();
        if let Ok(key) = user_token::cache_key(&of_name) {
            app.cache().forget(&key)?;
        }
    }
    terminal::note(&format!("user {username} is deleted"));
    Ok(())
}
