//! `cogtok user`: the users of a pool.

mod create;
mod delete;
mod list;
mod runs;
mod set_password;
mod show;

use clap::Subcommand;
use cogtok::aws::admin::User;
use cogtok::error::{Error, Kind, Result};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::Username;
use cogtok::store::name_history;

use crate::app::App;

/// What can be done with users.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Make a user with a random password, verified and ready to sign in
    Create(Box<create::Create>),
    /// List the users of the pool
    List(list::List),
    /// Show a user's status and attributes
    Show(show::Show),
    /// Delete a user, and forget the user's cached tokens
    Delete(delete::Delete),
    /// Set a user's password
    SetPassword(set_password::SetPassword),
    /// List the users that were begun and not finished, or drop one's record
    Runs(runs::Runs),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Create(create) => create::run(app, &create),
        Command::List(list) => list::run(app, &list),
        Command::Show(show) => show::run(app, &show),
        Command::Delete(delete) => delete::run(app, &delete),
        Command::SetPassword(set) => set_password::run(app, &set),
        Command::Runs(runs) => runs::run(app, runs),
    }
}

/// Leaves names of users and groups of the profile's pool for completion.
fn note_seen<'a>(
    app: &App,
    profile: &Profile,
    users: impl IntoIterator<Item = &'a str>,
    groups: impl IntoIterator<Item = &'a str>,
) {
    if let (Some(pool), Ok(origin)) = (&profile.user_pool_id, profile.cognito_idp_origin()) {
        name_history::note(app.dirs().cache.as_deref(), pool.as_str(), &origin, users, groups);
    }
}

/// The name under which a person types a user: in pools that sign in by e-mail the user names are the subs.
fn typed(user: &User) -> &str {
    let has_name = user.sub.as_deref() != Some(user.username.as_str());
    user.email.as_deref().filter(|_| !has_name).unwrap_or(&user.username)
}

fn no_such_user(username: &Username) -> Error {
    Error::new(Kind::Failure, format!("there is no user {username}")).hint("the users: cogtok user list{p}")
}

/// A day in UTC, from seconds since the Unix epoch.
fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|moment| moment.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}
