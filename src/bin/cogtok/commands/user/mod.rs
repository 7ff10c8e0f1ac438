//! `cogtok user`: the users of a pool.

pub mod batch;
pub mod card_file;
pub mod chosen;
mod confirm;
mod create;
pub mod create_many;
mod delete;
mod disable;
mod elsewhere;
mod enable;
mod failures;
pub mod find_run;
mod left_here;
pub mod list;
mod plan_run;
pub mod pool_user;
mod reap;
mod reset_mfa;
mod run_end;
mod run_output;
mod runs;
mod selection;
mod set_password;
mod show;
mod sign_out;
mod try_run;
pub mod user_file;

use clap::Subcommand;
use cogtok::error::Result;

use crate::app::App;

/// The commands for users.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Create a user with a random password, verified and ready to sign in
    Create(Box<create::Create>),
    /// List the users of the pool
    List(list::List),
    /// Show a user's status, groups, second factors and attributes
    Show(show::Show),
    /// Delete users, with their tokens, sessions and secrets on this machine
    Delete(delete::Delete),
    /// Delete the users of runs that have ended
    Reap(reap::Reap),
    /// Set passwords, of one user or of many
    SetPassword(set_password::SetPassword),
    /// Let users sign in again who were disabled
    Enable(enable::Enable),
    /// Keep users from signing in, without deleting them
    Disable(disable::Disable),
    /// Confirm users who signed up, without a code
    Confirm(confirm::Confirm),
    /// End every session of users, on all devices
    SignOut(sign_out::SignOut),
    /// Let a user set up second factors anew, after a lost phone
    ResetMfa(reset_mfa::ResetMfa),
    /// Sign the users of a run in, to see that they can
    Try(try_run::Try),
    /// List runs and unfinished users, or delete a record
    Runs(runs::Runs),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Create(create) => create::run(app, &create),
        Command::List(list) => list::run(app, &list),
        Command::Show(show) => show::run(app, &show),
        Command::Delete(delete) => delete::run(app, &delete),
        Command::Reap(reap) => reap::run(app, &reap),
        Command::SetPassword(set) => set_password::run(app, &set),
        Command::Enable(enable) => enable::run(app, &enable),
        Command::Disable(disable) => disable::run(app, &disable),
        Command::Confirm(confirm) => confirm::run(app, &confirm),
        Command::SignOut(sign_out) => sign_out::run(app, &sign_out),
        Command::ResetMfa(reset) => reset_mfa::run(app, &reset),
        Command::Try(rehearsal) => try_run::run(app, &rehearsal),
        Command::Runs(runs) => runs::run(app, runs),
    }
}
