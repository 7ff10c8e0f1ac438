//! Which secret is meant.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result};
use cogtok::secrets::store::SecretId;
use cogtok::settings::keys::{Key, nearest};
use cogtok::settings::types::{ProfileName, SecretKind, Transport, Username};

use super::bindings::bindings;
use crate::app::App;
use crate::completion;
use crate::io::terminal;

/// Which secret of the profile is meant.
#[derive(Debug, Args)]
pub struct SecretSelector {
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
    pub fn kind(&self) -> Result<SecretKind> {
        let kinds = SecretKind::STORED_BY_HAND;
        self.kind.parse().ok().filter(|kind| kinds.contains(kind)).ok_or_else(|| {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
            let error = Error::usage("unknown kind of secret");
            let error = match nearest(&self.kind, kinds.iter().copied()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error,
            };
            error.hint(format!("choose one of {}", kinds.join(", ")))
        })
    }

    /// The profile's name, and all that its secret is bound to.
    pub fn find(&self, app: &App) -> Result<(ProfileName, Vec<SecretId>)> {
        let kind = self.kind()?;
        let options = [(Key::Username, self.username.clone()), (Key::TokenUrl, self.token_url.clone())];
        let mut profile = app.profile(&options)?;
        if kind.is_of_a_user() && profile.user.username.is_none() && profile.name.is_some() && terminal::can_ask() {
            profile.user.username = Some(app.ask_username()?);
        }
        let has_region = kind != SecretKind::M2mClient || profile.m2m.transport == Transport::Api;
        let profile = if has_region { app.resolve_region(profile) } else { profile };
        let name = profile.name.clone().ok_or_else(|| no_profile(app))?;
        Ok((name, bindings(&profile, kind)?))
    }
}

impl SecretSelector {
    /// The user of the secret, where neither the command line nor the profile names one.
    pub fn asked_username<'a>(&self, app: &App, binding: &'a SecretId) -> Result<Option<&'a Username>> {
        let is_named = app.profile(&[(Key::Username, self.username.clone())])?.user.username.is_some();
        Ok(binding.username.as_ref().filter(|_| !is_named))
    }
}

/// The error where no profile is chosen: a secret belongs to one.
pub fn no_profile(app: &App) -> Error {
    app.with_profiles(Error::config("no profile is chosen, and a secret belongs to a profile"))
}
