//! A secret that is stored and noted in the configuration, or neither.

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::secrets::store::SecretId;
use cogtok::settings::keys::{Key, Settings};
use cogtok::settings::types::{ProfileName, SecretKind, StoreKind};
use cogtok::store::config::{Config, client_key};

use crate::app::{App, variable};
use crate::io::terminal;
use crate::services::config_edit::edit;

impl App {
    /// Stores a secret under each of these bindings, which are of one kind, and lists it in the profile of this name. If that fails the
    /// secret is deleted again: nobody would look for it. A profile does not list what is stored for another client than its own: the state
    /// folder notes that.
    pub fn keep_secret(&self, name: Option<&ProfileName>, bindings: &[SecretId], secret: &Secret) -> Result<()> {
        let Some(first) = bindings.first() else { return Ok(()) };
        let (store, config) = (self.secrets()?, self.config()?);
        let is_to_list = |name: &&ProfileName| {
            let is_own = is_of_profile(config, name, first) || self.secret_places().is_none();
            is_own && !is_noted(config, name, first.kind)
        };
        let Some(name) = name.filter(is_to_list) else {
            bindings.iter().try_for_each(|binding| store.set(binding, secret))?;
            // Where the state folder can't be written nothing else would tell that there is one.
            let is_known = self.secret_places().is_some_and(|places| places.read().has_exactly(first));
            return match name.filter(|name| !is_known && !is_noted(config, name, first.kind)) {
                Some(name) => {
                    edit(&self.config_path()?, self.deadline(), |draft| draft.note_secret(name, first.kind, true))
                        .map_err(|error| {
                            unnoted(error, "the secret is stored, and no profile lists it", name, first.kind)
                        })
                }
                None => Ok(()),
            };
        };
        let path = self.config_path()?;
        // Edited before anything is stored, to find out now whether the directory is writable.
        edit(&path, self.deadline(), |draft| draft.require(name))
            .map_err(|error| unnoted(error, "the secret was not stored", name, first.kind))?;
        let mut stored = Vec::new();
        let done = bindings.iter().try_for_each(|binding| store.set(binding, secret).map(|()| stored.push(binding)));
        let done = done.and_then(|()| {
            edit(&path, self.deadline(), |draft| draft.note_secret(name, first.kind, true))
                .map_err(|error| unnoted(error, "the secret is not stored", name, first.kind))
        });
        done.map_err(|error| {
            // A secret of the same client belongs to the other profile as well.
            let is_shared = config.lists_secret(first.kind, &first.client_id);
            let left: Vec<_> = stored.iter().filter(|binding| is_shared || store.delete(binding).is_err()).collect();
            if left.is_empty() { error } else { error.hint(format!("it is in {} anyway", store.name())) }
        })
    }
}

impl App {
    /// Makes the secrets file for a machine without a keyring, and notes in the configuration that secrets are in it.
    ///
    /// # Errors
    /// The error that prevented the file; the configuration is unchanged.
    pub fn use_secrets_file(&self) -> Result<()> {
        self.make_secrets_file()?;
        edit(&self.config_path()?, self.deadline(), |draft| {
            draft.set_secret_store(StoreKind::File);
            Ok(())
        })
    }

    /// As [`App::with_store`], for what can't be done without a store: a person is offered the file in any case.
    ///
    /// # Errors
    /// As [`App::with_store`].
    pub fn with_needed_store<T>(&self, work: impl Fn(&Self) -> Result<T>) -> Result<T> {
        self.with_offered_store(terminal::can_offer(), work)
    }

    /// Does `work` with the secret store. Where no keyring is in reach, a person is offered the secrets file instead, once.
    ///
    /// # Errors
    /// The error of `work`, or the one that prevented the file.
    pub fn with_store<T>(&self, work: impl Fn(&Self) -> Result<T>) -> Result<T> {
        self.with_offered_store(self.may_offer(), work)
    }

    fn with_offered_store<T>(&self, may_offer: bool, work: impl Fn(&Self) -> Result<T>) -> Result<T> {
        let error = match work(self) {
            Err(error) if may_offer && error.kind() == Kind::Store && self.store_kind()? == StoreKind::Keyring => error,
            done => return done,
        };
        terminal::note(&format!("the keyring can't be used: {}", error.message()));
        if !terminal::offer("Store secrets in a file that a passphrase encrypts, as `cogtok secret init` does?")? {
            return Err(error);
        }
        self.use_secrets_file()?;
        work(self)
    }
}

/// Whether the profile has this client, or leaves the client open.
fn is_of_profile(config: &Config, name: &ProfileName, secret: &SecretId) -> bool {
    let key = client_key(secret.kind);
    let mut settings = Settings::default();
    let read = config.offer_key(name, key, &mut settings);
    let written = settings.list(key).first();
    read.is_err() || written.is_none_or(|written| written == secret.client_id.as_str())
}

fn is_noted(config: &Config, name: &ProfileName, kind: SecretKind) -> bool {
    let mut settings = Settings::default();
    let read = config.offer_key(name, Key::Secrets, &mut settings);
    read.is_ok() && settings.list(Key::Secrets).iter().any(|noted| noted == kind.as_str())
}

fn unnoted(error: Error, what: &str, name: &ProfileName, kind: SecretKind) -> Error {
    let by_hand =
        format!("{what}: let this user write there, or note `secrets = [\"{kind}\"]` in profile `{name}` yourself");
    let error = error.hint(by_hand);
    match variable(kind) {
        Some(variable) => error.hint(format!("{variable} supplies the secret without any store")),
        None => error,
    }
}
