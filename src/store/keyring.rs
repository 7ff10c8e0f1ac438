//! Secrets in the operating system's keyring: one entry each, bound to what it may be used for.
//!
//! An entry's service is `cogtok` and its account names the kind, the app client, the origins the secret may be sent to
//! and the user. A secret for another origin is therefore another entry, and one that was stored for elsewhere is told
//! apart from one that was never stored.

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use keyring::Error as KeyringError;

use super::secrets::{Binding, Found};
use crate::error::{Error, Result};
use crate::profile::words::SecretKind;
use crate::secret::Secret;

const SERVICE: &str = "cogtok";

/// How long the keyring may take where nobody is there to unlock it.
pub const UNATTENDED: Duration = Duration::from_secs(5);

/// How long the keyring may take where somebody may be asked to unlock it.
pub const ATTENDED: Duration = Duration::from_secs(60);

/// The keyring, each call on a thread of its own with a deadline: a stopped keyring service would block for ever.
#[derive(Debug, Clone, Copy)]
pub struct Keyring {
    patience: Duration,
}

impl Keyring {
    /// The keyring, given at most `patience` for each call.
    pub fn new(patience: Duration) -> Self {
        Keyring { patience }
    }

    /// What the keyring has for this binding.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used or holds what is no secret.
    pub fn find(&self, binding: &Binding) -> Result<Found> {
        let (account, wanted) = (binding.account(), binding.clone());
        let found = self.call(binding, move || match entry(&account)?.get_secret() {
            Ok(secret) => Ok(Ok(secret)),
            Err(KeyringError::NoEntry) => Ok(Err(other_origins(&wanted)?)),
            Err(error) => Err(error),
        })?;
        match found {
            Ok(bytes) => Secret::from_bytes(bytes)
                .map(Found::Secret)
                .map_err(|error| Error::store(format!("the {binding} in the keyring is not usable: {error}"))),
            Err(origins) => Ok(Found::Elsewhere(origins)),
        }
    }

    /// Stores a secret and reads it back.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used or gives back something else.
    pub fn set(&self, binding: &Binding, secret: &Secret) -> Result<()> {
        let (account, secret) = (binding.account(), secret.clone());
        let is_kept = self.call(binding, move || {
            let entry = entry(&account)?;
            entry.set_secret(secret.expose().as_bytes())?;
            let kept = zeroize::Zeroizing::new(entry.get_secret()?);
            Ok(kept.as_slice() == secret.expose().as_bytes())
        })?;
        match is_kept {
            true => Ok(()),
            false => Err(Error::store(format!("the keyring did not keep the {binding}")).hint("try again")),
        }
    }

    /// Deletes the secret with this binding; says whether there was one.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used.
    pub fn delete(&self, binding: &Binding) -> Result<bool> {
        let account = binding.account();
        self.call(binding, move || match entry(&account)?.delete_credential() {
            Ok(()) => Ok(true),
            Err(KeyringError::NoEntry) => Ok(false),
            Err(error) => Err(error),
        })
    }

    fn call<T: Send + 'static>(
        &self,
        binding: &Binding,
        work: impl FnOnce() -> keyring::Result<T> + Send + 'static,
    ) -> Result<T> {
        let deadline = Instant::now() + self.patience;
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || {
                let result = match keyring::Entry::store_status() {
                    Ok(()) => work().map_err(|error| explain(&error)),
                    Err(error) => Err(explain(error)),
                };
                let _ = sender.send(result);
            })
            .map_err(|error| Error::store(format!("no thread for the keyring: {error}")))?;
        let mut answer = receiver.recv_timeout(UNATTENDED.min(self.patience) / 2);
        if answer.is_err() && self.patience > UNATTENDED {
            log::warn!(target: "cogtok", "waiting for the keyring, which may be asking to be unlocked");
        }
        if answer.is_err() {
            answer = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        let silent = || {
            let seconds = self.patience.as_secs();
            Err((
                format!("the keyring does not answer (waited {seconds} s)"),
                "is its service stopped, or waiting for a dialog?",
            ))
        };
        answer.unwrap_or_else(|_| silent()).map_err(|(why, next)| {
            Error::store(format!("{why} (wanted: the {binding})"))
                .hint(next)
                .hint(without_keyring(binding.kind))
                .hint("or keep secrets in an encrypted file: cogtok secret init --help")
        })
    }
}

fn entry(account: &str) -> keyring::Result<keyring::Entry> {
    keyring::Entry::new(SERVICE, account)
}

fn other_origins(wanted: &Binding) -> keyring::Result<Vec<String>> {
    let mut origins = Vec::new();
    for entry in keyring_core::Entry::search(&HashMap::from([("service", SERVICE)]))? {
        let attributes = entry.get_attributes()?;
        let origin = attributes.get("username").and_then(|account| wanted.origin_in(account));
        origins.extend(origin.map(str::to_owned));
    }
    Ok(origins)
}

/// What a keyring error means, and what to do. The library's own words show bus paths, so they are not repeated.
fn explain(error: &KeyringError) -> (String, &'static str) {
    match error {
        KeyringError::NoStorageAccess(_) => (
            "the keyring is locked".to_owned(),
            "unlock it: log in to the desktop, or start the keyring with its password",
        ),
        KeyringError::Ambiguous(_) => {
            ("the keyring has two such entries".to_owned(), "delete one of them with the desktop's password manager")
        }
        KeyringError::TooLong(_, limit) => (format!("the keyring takes at most {limit} bytes"), "use a shorter secret"),
        KeyringError::NoEntry => ("the entry vanished from the keyring".to_owned(), "try again"),
        KeyringError::NoDefaultStore | KeyringError::PlatformFailure(_) => {
            ("no keyring service is reachable".to_owned(), "start one (gnome-keyring, KWallet) on this session's D-Bus")
        }
        _ => ("the keyring failed".to_owned(), "try again"),
    }
}

fn without_keyring(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::M2mClient => {
            "without a keyring: COGTOK_M2M_CLIENT_SECRET, `--client-secret-stdin` or `--secret-arn` supply the secret"
        }
        SecretKind::UserClient => "without a keyring: COGTOK_USER_CLIENT_SECRET supplies the secret",
        SecretKind::Password => "without a keyring: COGTOK_PASSWORD or `--password-stdin` supply the password",
    }
}
