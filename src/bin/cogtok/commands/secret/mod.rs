//! `cogtok secret`: client secrets and passwords in the keyring or a sealed file.

mod delete;
mod init;
mod set;
mod status;

use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result};
use cogtok::oauth::{client_credentials, login};
use cogtok::secrets::store::SecretId;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, SecretKind, Transport};
use cogtok::user_pool::user_token;

use crate::app::App;
use crate::completion;

/// What can be done with secrets.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Keep secrets in one file encrypted with age, for machines without a keyring
    Init(init::Init),
    /// Store a secret of the profile
    Set(set::Set),
    /// Say where each secret of the profile lives, never its value
    Status(status::Status),
    /// Delete a stored secret of the profile
    Delete(delete::Delete),
}

pub fn run(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Init(init) => init::run(app, &init),
        Command::Set(set) => set::run(app, &set),
        Command::Status(status) => status::run(app, &status),
        Command::Delete(delete) => delete::run(app, &delete),
    }
}

/// Which secret of the profile is meant.
#[derive(Debug, Args)]
struct SecretSelector {
    /// m2m-client, user-client, password or totp
    #[arg(add = ArgValueCandidates::new(completion::secret_kinds))]
    kind: String,
    /// The user, for a password or the key of an authenticator app
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
    /// The token endpoint, for m2m-client
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
}

impl SecretSelector {
    /// The kind. What was typed is not repeated: it may be the secret itself.
    fn kind(&self) -> Result<SecretKind> {
        let kinds = SecretKind::STORED_BY_HAND;
        self.kind.parse().ok().filter(|kind| kinds.contains(kind)).ok_or_else(|| {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            Error::usage("the first word is not a kind of secret").hint(format!("the kinds are {}", kinds.join(", ")))
        })
    }

    /// The profile's name, and all that its secret is bound to.
    fn find(&self, app: &App) -> Result<(ProfileName, Vec<SecretId>)> {
        let kind = self.kind()?;
        let options = [(Key::Username, self.username.clone()), (Key::TokenUrl, self.token_url.clone())];
        let mut profile = app.profile(&options)?;
        if kind != SecretKind::M2mClient || profile.m2m.transport == Transport::Api {
            app.resolve_region(&mut profile);
        }
        let name = profile.name.clone().ok_or_else(|| no_profile(app))?;
        Ok((name, bindings(&profile, kind)?))
    }
}

/// What the profile's secret of this kind is bound to.
pub fn binding(profile: &Profile, kind: SecretKind) -> Result<SecretId> {
    match kind {
        SecretKind::M2mClient => client_credentials::secret_binding(profile),
        SecretKind::UserClient => user_token::secret_binding(profile, kind, None),
        _ => user_token::secret_binding(profile, kind, Some(profile.username()?)),
    }
}

/// All that the profile's secret of this kind is bound to: the users' client sends its own to the API and, for a sign-in
/// through the browser, to the pool's domain.
pub fn bindings(profile: &Profile, kind: SecretKind) -> Result<Vec<SecretId>> {
    let mut bindings = vec![binding(profile, kind)?];
    let domain = login::secret_binding(profile).ok().filter(|_| kind == SecretKind::UserClient);
    bindings.extend(domain.filter(|domain| bindings.first() != Some(domain)));
    Ok(bindings)
}

/// The origins of bindings, as a message lists them.
fn origins(bindings: &[SecretId]) -> String {
    bindings.iter().map(|binding| binding.origin.as_str()).collect::<Vec<_>>().join(" and ")
}

/// The error where no profile is chosen: a secret belongs to one.
fn no_profile(app: &App) -> Error {
    app.with_profiles(Error::config("no profile is chosen, and a secret is kept for one"))
}
