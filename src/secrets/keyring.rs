//! Secrets in the operating system's keyring: one entry each, bound to what it may be used for.
//!
//! An entry's service is `cogtok`, and its account names the kind, the app client, the origins that may get the secret, and the user. A
//! secret for another origin is therefore a different entry, so that "stored for another origin" is distinct from "never stored".

mod entries;
mod failure;
mod inspect;
mod platform;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use self::failure::KeyringFailure;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::secrets::lookup::{FoundSecret, SecretLookup};
use crate::settings::secret_id::SecretId;

/// Nobody waits longer for a dialog.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub use crate::secrets::lookup::UNATTENDED;

/// The time limit of the keyring if a person may be asked to unlock it.
pub const ATTENDED: Duration = Duration::from_secs(60);

/// The keyring. Each call runs on a thread of its own with a deadline: a stopped keyring service would block for ever.
#[derive(Debug, Clone, Copy)]
pub struct Keyring {
    patience: Duration,
}

impl Keyring {
    /// The keyring, given at most `patience` for each call.
    pub fn new(patience: Duration) -> Self {
        Keyring { patience }
    }

    /// Looks this binding up in the keyring.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used or holds what is no secret.
    pub fn find(&self, binding: &SecretId) -> Result<FoundSecret> {
        let (account, wanted) = (binding.account(), binding.clone());
        let found = self.call(binding, move || match entries::existing(&account)? {
            Some(entry) => Ok(Ok(entry.get_secret()?)),
            None => Ok(Err(other_origins(&wanted)?)),
        })?;
        match found {
            Ok(bytes) => Secret::from_bytes(bytes)
                .map(FoundSecret::Secret)
                .map_err(|error| Error::store(format!("the {binding} in the keyring is not usable: {error}"))),
            Err(origins) => Ok(FoundSecret::Elsewhere(origins)),
        }
    }

    /// The names of cogtok's entries, for use with `binding`; `None` if the keyring can't list them.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used.
    pub fn accounts(&self, binding: &SecretId) -> Result<Vec<String>> {
        self.call(binding, entries::accounts)
    }

    /// Stores a secret and reads it back, but for macOS, where the reading may ask the person.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used or gives back something else.
    pub fn set(&self, binding: &SecretId, secret: &Secret) -> Result<()> {
        let (account, secret) = (binding.account(), secret.clone());
        let is_kept = self.call(binding, move || {
            let entry = match entries::existing(&account)? {
                Some(entry) => entry,
                None => entries::named(&account)?,
            };
            entry.set_secret(secret.expose().as_bytes())?;
            // The Keychain reports what it could not do, and may ask the person for permission.
            if cfg!(target_os = "macos") {
                return Ok(true);
            }
            let kept = Zeroizing::new(entry.get_secret()?);
            Ok(kept.as_slice() == secret.expose().as_bytes())
        })?;
        if is_kept {
            Ok(())
        } else {
            Err(Error::store(format!("the keyring did not store the {binding}")).hint("try again"))
        }
    }

    /// Deletes the secret with this binding; returns whether there was one.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used.
    pub fn delete(&self, binding: &SecretId) -> Result<bool> {
        let account = binding.account();
        self.call(binding, move || match entries::existing(&account)? {
            Some(entry) => Ok(entry.delete_credential().map(|()| true)?),
            None => Ok(false),
        })
    }

    /// Whether there is an entry that [`Keyring::delete`] would delete. It is not read, but the keyring is unlocked for it.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used.
    pub fn holds(&self, binding: &SecretId) -> Result<bool> {
        let account = binding.account();
        self.call(binding, move || Ok(entries::existing(&account)?.is_some()))
    }

    /// Whether the keyring is unlocked and which of these secrets it has, without unlocking it or reading any.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used.
    pub fn look(&self, wanted: &[SecretId]) -> Result<SecretLookup> {
        let owned = wanted.to_vec();
        self.on_thread(move || inspect::look(&owned)).map_err(|trouble| trouble.into_error(wanted.first()))
    }

    fn call<T: Send + 'static>(
        &self,
        binding: &SecretId,
        work: impl FnOnce() -> Result<T, KeyringFailure> + Send + 'static,
    ) -> Result<T> {
        let with_store = move || match keyring::Entry::store_status() {
            Ok(()) => work(),
            Err(error) => Err(KeyringFailure::Unreachable(error.to_string())),
        };
        self.on_thread(with_store).map_err(|trouble| trouble.into_error(Some(binding)))
    }

    fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, KeyringFailure> + Send + 'static,
    ) -> Result<T, KeyringFailure> {
        let deadline = Instant::now() + self.patience.min(A_DAY);
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || {
                let _ = sender.send(work());
            })
            .map_err(|error| KeyringFailure::NoThread(error.to_string()))?;
        let mut answer = receiver.recv_timeout(UNATTENDED.min(self.patience) / 2);
        if answer.is_err() && self.patience > UNATTENDED {
            log::warn!(target: "cogtok", "waiting for the keyring, which may be asking to be unlocked");
        }
        if answer.is_err() {
            answer = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        answer.unwrap_or(Err(KeyringFailure::Silent(self.patience)))
    }
}

fn other_origins(wanted: &SecretId) -> Result<Vec<String>, KeyringFailure> {
    Ok(entries::accounts()?.iter().filter_map(|account| wanted.origin_in(account)).map(str::to_owned).collect())
}
