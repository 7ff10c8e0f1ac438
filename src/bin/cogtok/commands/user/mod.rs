//! `cogtok user`: the users of a pool.

mod create;
mod delete;
mod list;
mod pool_user;
mod runs;
mod set_password;
mod show;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// What can be done with users.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Create a user with a random password, verified and ready to sign in
    Create(Box<create::Create>),
    /// List the users of the pool
    List(list::List),
    /// Show a user's status and attributes
    Show(show::Show),
    /// Delete a user, and the user's cached tokens
    Delete(delete::Delete),
    /// Set a user's password
    SetPassword(set_password::SetPassword),
    /// List the users that an earlier call did not finish, or delete a record
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
