//! `cogtok secret`: client secrets and passwords in the keyring or a sealed file.

mod delete;
mod init;
mod set;
mod status;

use clap::Subcommand;
use cogtok::error::{Error, Result};
use cogtok::flows::{m2m, user};
use cogtok::profile::Profile;
use cogtok::profile::words::SecretKind;
use cogtok::store::secrets::Binding;

use crate::app::App;

/// What can be done with secrets.
#[derive(Debug, Subcommand)]
pub enum Command {
    Init(init::Init),
    Set(set::Set),
    Status(status::Status),
    Delete(delete::Delete),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Init(init) => init::run(app, &init),
        Command::Set(set) => set::run(app, &set),
        Command::Status(_) => status::run(app),
        Command::Delete(delete) => delete::run(app, &delete),
    }
}

/// What the profile's secret of this kind is bound to.
pub fn binding(profile: &Profile, kind: SecretKind) -> Result<Binding> {
    match kind {
        SecretKind::M2mClient => m2m::secret_binding(profile),
        SecretKind::UserClient => user::secret_binding(profile, kind, None),
        SecretKind::Password => user::secret_binding(profile, kind, Some(profile.username()?)),
    }
}

/// The error where no profile is chosen: a secret belongs to one.
fn no_profile() -> Error {
    Error::config("no profile is chosen, and a secret is kept for one")
        .hint("add `-p NAME`, or run `cogtok profile use NAME`")
}
