//! `cogtok user`: the users of a pool.

mod create;
mod delete;
mod list;
mod set_password;
mod show;

use clap::Subcommand;
use cogtok::error::{Error, Kind, Result};
use cogtok::profile::words::Username;

use crate::app::App;

/// What can be done with users.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    Create(Box<create::Create>),
    List(list::List),
    Show(show::Show),
    Delete(delete::Delete),
    SetPassword(set_password::SetPassword),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Create(create) => create::run(app, &create),
        Command::List(list) => list::run(app, &list),
        Command::Show(show) => show::run(app, &show),
        Command::Delete(delete) => delete::run(app, &delete),
        Command::SetPassword(set) => set_password::run(app, &set),
    }
}

fn no_such_user(username: &Username) -> Error {
    Error::new(Kind::Failure, format!("there is no user {username}")).hint("the users: cogtok user list{p}")
}

/// A day in UTC, from seconds since the Unix epoch.
fn day(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|moment| moment.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}
