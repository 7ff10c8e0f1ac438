//! Secrets of a command, from the environment or from the secret store.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cogtok::error::{Error, Kind, Result};
use cogtok::secret::{Secret, shape};
use cogtok::secrets::age_store::{Key as SealingKey, SealedFile};
use cogtok::secrets::keyring::{ATTENDED, Keyring, UNATTENDED};
use cogtok::secrets::places::SecretPlaces;
use cogtok::secrets::store::{SecretId, SecretStore, shaped};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, StoreKind};
use cogtok::store::config::Config;
use cogtok::store::elsewhere;

use super::secret_origin::{can_store_for, supplied};
use super::{App, Expected, SecretSource};
use crate::env;
use crate::env::paths::name_a_home;
use crate::io::terminal::Question;
use crate::io::{signals, terminal};

/// The code of an error that only says that a person would have to be asked.
pub const NOT_ASKED: &str = "NotAsked";

impl App {
    /// The secret store, opened when the first secret is read.
    pub fn secrets(&self) -> Result<&SecretStore> {
        signals::watch();
        // One store for the whole call: its passphrase is asked for, or read from a pipe, once.
        if let Some(store) = self.sealed.get().or_else(|| self.secrets.get()) {
            return Ok(store);
        }
        let store = match self.store_kind()? {
            StoreKind::Keyring => SecretStore::from(Keyring::new(self.patience())),
            StoreKind::File => {
                let path = self.secrets_path()?;
                let key = self.sealing_key(is_there(&path)?)?;
                SecretStore::from(SealedFile::new(path, key, self.deadline()))
            }
        };
        Ok(self.secrets.get_or_init(|| store.noting(self.secret_places())))
    }

    /// As [`App::secrets`], for callers that can do without secrets: it does not ask for a passphrase for a new file.
    pub fn secrets_noninteractive(&self) -> Result<&SecretStore> {
        let is_made = self.dirs().secrets_file.as_deref().map_or(Ok(false), is_there)?;
        let has_key = env::var("COGTOK_SECRET_IDENTITY").is_some() || env::secret("COGTOK_PASSPHRASE").is_some();
        if self.sealed.get().or(self.secrets.get()).is_none()
            && self.store_kind()? == StoreKind::File
            && !is_made
            && !has_key
        {
            return Err(Error::store("there is no secrets file yet")
                .hint("COGTOK_SECRET_IDENTITY or COGTOK_PASSPHRASE opens one"));
        }
        self.secrets()
    }

    /// The secret store for a read that asks no questions and takes a few seconds at most.
    pub fn secrets_readonly(&self) -> Result<SecretStore> {
        signals::watch();
        // Leaves time for the other checks.
        let patience = UNATTENDED.min(self.deadline().saturating_duration_since(Instant::now()) / 2);
        if self.store_kind()? == StoreKind::Keyring {
            return Ok(SecretStore::from(Keyring::new(patience)));
        }
        let path = self.secrets_path()?;
        let identity = env::var("COGTOK_SECRET_IDENTITY");
        if identity.is_none() && env::secret("COGTOK_PASSPHRASE").is_none() {
            let what =
                if is_there(&path)? { "this command does not ask for its passphrase" } else { "it does not exist yet" };
            return Err(Error::store(format!("the secrets file {}: {what}", path.display()))
                .with_code(NOT_ASKED)
                .hint("COGTOK_SECRET_IDENTITY (a file) or COGTOK_PASSPHRASE opens it; cogtok secret init --help"));
        }
        let key = match identity {
            Some(identity) => SealingKey::identity_from(Path::new(&identity), Instant::now() + patience)?,
            None => self.sealing_key(true)?,
        };
        Ok(SecretStore::from(SealedFile::new(path, key, self.deadline())))
    }

    /// Makes the secrets file, with what the environment or a person opens it with, and uses it from now on in this call.
    ///
    /// # Errors
    /// [`Kind::Store`] if the file can't be created.
    pub fn make_secrets_file(&self) -> Result<()> {
        let path = self.secrets_path()?;
        let file = SealedFile::new(path.clone(), self.sealing_key(is_there(&path)?)?, self.deadline());
        file.create()?;
        let _ = self.sealed.set(SecretStore::from(file).noting(self.secret_places()));
        Ok(())
    }

    /// Which stores have which secrets, without opening them; `None` without a state folder.
    pub fn secret_places(&self) -> Option<SecretPlaces> {
        self.dirs().state.as_deref().map(SecretPlaces::new)
    }

    /// Checks that what the environment names for opening the secrets file can do so.
    ///
    /// # Errors
    /// [`Kind::Store`] if it can't be read, or does not open the file.
    pub fn check_given_sealing_key(&self) -> Result<()> {
        if env::var("COGTOK_SECRET_IDENTITY").is_none() && env::secret("COGTOK_PASSPHRASE").is_none() {
            return Ok(());
        }
        let path = self.secrets_path()?;
        let key = self.sealing_key(is_there(&path)?)?;
        SealedFile::new(path, key, self.deadline()).check()
    }

    /// The path of the secrets file, which need not exist.
    pub fn secrets_path(&self) -> Result<PathBuf> {
        self.dirs().secrets_file.clone().ok_or_else(|| {
            Error::store("there is no home directory for the secrets file").hint(name_a_home("XDG_DATA_HOME"))
        })
    }

    /// The name of the secret store, without opening it.
    pub fn store_name(&self) -> &'static str {
        match self.store_kind() {
            Ok(StoreKind::File) => "the secrets file",
            _ => "the keyring",
        }
    }

    /// The kind of secret store, without opening it.
    pub fn store_kind(&self) -> Result<StoreKind> {
        if let Some(store) = self.sealed.get() {
            return Ok(store.kind());
        }
        match env::var("COGTOK_SECRET_STORE") {
            Some(kind) => kind.parse().map_err(|error: Error| error.context("COGTOK_SECRET_STORE")),
            None => self.config_in_reach()?.map_or(Ok(StoreKind::Keyring), Config::secret_store),
        }
    }

    /// The time limit for the keyring: longer if a person is there to unlock it, and at most `--timeout`.
    fn patience(&self) -> Duration {
        let patience = if terminal::can_ask() { ATTENDED } else { UNATTENDED };
        let left = self.deadline().saturating_duration_since(Instant::now());
        if self.is_timeout_given { patience.min(left) } else { patience }
    }

    /// The key of the secrets file: COGTOK_SECRET_IDENTITY, COGTOK_PASSPHRASE, or a passphrase that cogtok asks for, twice for a new file.
    fn sealing_key(&self, is_there: bool) -> Result<SealingKey> {
        if let Some(path) = env::var("COGTOK_SECRET_IDENTITY") {
            return SealingKey::identity_from(Path::new(&path), self.deadline());
        }
        let question = if is_there {
            Question::new("Passphrase of your secrets file", "the passphrase of the secrets file")
        } else {
            Question::new(
                "New passphrase for your secrets file, which cogtok now creates",
                "the passphrase of the secrets file",
            )
        };
        let instead = "COGTOK_SECRET_IDENTITY (a file) or COGTOK_PASSPHRASE opens it";
        let passphrase = match given_passphrase()? {
            Some(passphrase) => Ok(passphrase),
            None if is_there => self.ask_passphrase(question, instead),
            None => terminal::ask_new_passphrase(question, instead),
        };
        match passphrase {
            Ok(passphrase) => Ok(SealingKey::Passphrase(passphrase)),
            // A store that only a person could open.
            Err(error) if error.kind() == Kind::NeedsHuman => Err(error.with_kind(Kind::Store)),
            Err(error) => Err(error),
        }
    }

    /// Asks for the passphrase of the existing secrets file, again after a wrong one.
    fn ask_passphrase(&self, question: Question, instead: &'static str) -> Result<Secret> {
        let path = self.secrets_path()?;
        terminal::until_taken(|| {
            let passphrase = match terminal::ask_secret_once(question.clone(), instead)? {
                Ok(passphrase) => passphrase,
                wrong => return Ok(wrong),
            };
            let file = SealedFile::new(path.clone(), SealingKey::Passphrase(passphrase.clone()), self.deadline());
            // After the third wrong passphrase, opening the file fails, and that error explains the reason.
            Ok(match file.is_opened() {
                Ok(false) => file.check().map(|()| passphrase),
                _ => Ok(passphrase),
            })
        })
    }

    /// The secret of this kind from the environment or the secret store; `None` if neither should have one.
    pub fn stored_secret(&self, profile: &Profile, binding: &SecretId) -> Result<Option<Secret>> {
        let old = match binding.kind {
            SecretKind::M2mClient => Some("COGNITO_M2M_CLIENT_SECRET"),
            SecretKind::Password => Some("COGNITO_PASSWORD"),
            _ => None,
        };
        let old = old.filter(|_| profile.name.is_none());
        let names = [variable(binding.kind), old].into_iter().flatten();
        if let Some((name, secret)) = names.filter_map(|name| Some((name, env::secret(name)?))).next() {
            self.note_source(binding.kind, SecretSource::Variable(name));
            return shaped(binding.kind, secret).map(Some).map_err(|error| error.context(name));
        }
        let expected = self.expected_secret(profile, binding)?;
        let can_store = can_store_for(profile);
        if !can_store && !binding.kind.is_of_a_user() {
            self.note_source(binding.kind, SecretSource::Nowhere);
        }
        if expected == Expected::Never {
            return Ok(None);
        }
        // A person can type a password or a code. cogtok never asks for the secret of a user's app client: without a stored one, it can't
        // know that the client has a secret.
        let can_ask = terminal::can_ask() && binding.kind != SecretKind::UserClient;
        let found = self.secrets().and_then(|store| store.get(binding, &profile.address_options));
        // Advice to store it would be about another client, or about no profile.
        let instead = |error: Error| match supplied(binding.kind) {
            Some(advice) if !can_store => error.with_hint(advice),
            _ => error,
        };
        match found {
            // The secret may belong to another user: the list has one entry for all users.
            Ok(None) if binding.kind.is_of_a_user() => Ok(None),
            Ok(None) if !can_ask && expected == Expected::Stored => Err(instead(self.not_stored(binding))),
            Ok(found) => {
                if found.is_some() {
                    let source = if can_store {
                        SecretSource::Store(binding.command())
                    } else {
                        SecretSource::StoreForClient(binding.client_id.clone())
                    };
                    self.note_source(binding.kind, source);
                }
                Ok(found)
            }
            // If a person can type the secret, the store is not the only source.
            Err(error) if error.kind() == Kind::Store && can_ask => {
                log::warn!(target: "cogtok", "{error}");
                Ok(None)
            }
            Err(error) if error.kind() == Kind::Config => Err(instead(error)),
            Err(error) => Err(error),
        }
    }
}

/// The passphrase that COGTOK_PASSPHRASE gives.
pub fn given_passphrase() -> Result<Option<Secret>> {
    let given = env::secret("COGTOK_PASSPHRASE").map(shape::passphrase).transpose();
    given.map_err(|error| error.context("COGTOK_PASSPHRASE"))
}

/// Whether the secrets file exists; an error if that can't be determined.
pub fn is_there(path: &Path) -> Result<bool> {
    path.try_exists().map_err(|why| {
        Error::store(format!("{} can't be checked: {why}{}", path.display(), elsewhere(&why, "XDG_DATA_HOME")))
    })
}

/// The variable that supplies a secret of this kind.
pub const fn variable(kind: SecretKind) -> Option<&'static str> {
    match kind {
        SecretKind::M2mClient => Some("COGTOK_M2M_CLIENT_SECRET"),
        SecretKind::UserClient => Some("COGTOK_USER_CLIENT_SECRET"),
        SecretKind::Password => Some("COGTOK_PASSWORD"),
        _ => None,
    }
}
