//! The secret store: the operating system's keyring, or one sealed file. Each secret is bound to its use, and "stored for another use" is
//! distinct from "never stored".

use crate::error::Result;
#[cfg(any(feature = "keyring", feature = "file-store"))]
use crate::error::{Advice, Error, printable};
use crate::secret::{Secret, shape};
#[cfg(feature = "file-store")]
use crate::secrets::age_store::SealedFile;
#[cfg(feature = "keyring")]
use crate::secrets::keyring::Keyring;
#[cfg(any(feature = "keyring", feature = "file-store"))]
use crate::secrets::places::SecretPlaces;
use crate::settings::types::SecretKind;
#[cfg(any(feature = "keyring", feature = "file-store"))]
use crate::settings::types::{StoreKind, Username};

pub use crate::secrets::lookup::{FoundSecret, SecretLookup, SecretStatus};
pub use crate::settings::secret_id::SecretId;

/// A secret as it came from a stream, a variable or a person, without what surrounds it.
///
/// # Errors
/// As the functions of [`shape`].
pub fn shaped(kind: SecretKind, secret: Secret) -> Result<Secret> {
    match kind {
        SecretKind::M2mClient | SecretKind::M2mClientNext | SecretKind::UserClient => shape::client_secret(secret),
        SecretKind::Password => shape::password(secret),
        SecretKind::Totp => shape::totp_key(secret),
        SecretKind::RefreshToken | SecretKind::Device | SecretKind::RunKey => Ok(secret),
    }
}

/// The secret store.
#[cfg(any(feature = "keyring", feature = "file-store"))]
#[derive(Debug)]
pub struct SecretStore {
    backend: Backend,
    places: Option<SecretPlaces>,
}

#[cfg(any(feature = "keyring", feature = "file-store"))]
#[derive(Debug)]
enum Backend {
    #[cfg(feature = "keyring")]
    Keyring(Keyring),
    #[cfg(feature = "file-store")]
    File(SealedFile),
}

#[cfg(feature = "keyring")]
impl From<Keyring> for SecretStore {
    fn from(keyring: Keyring) -> Self {
        SecretStore { backend: Backend::Keyring(keyring), places: None }
    }
}

#[cfg(feature = "file-store")]
impl From<SealedFile> for SecretStore {
    fn from(file: SealedFile) -> Self {
        SecretStore { backend: Backend::File(file), places: None }
    }
}

#[cfg(any(feature = "keyring", feature = "file-store"))]
impl SecretStore {
    /// The same store, which notes what it has in `places`.
    pub fn noting(self, places: Option<SecretPlaces>) -> Self {
        SecretStore { places, ..self }
    }

    /// Which of the two it is.
    pub fn kind(&self) -> StoreKind {
        match self.backend {
            #[cfg(feature = "keyring")]
            Backend::Keyring(_) => StoreKind::Keyring,
            #[cfg(feature = "file-store")]
            Backend::File(_) => StoreKind::File,
        }
    }

    /// The store's name in a message.
    pub fn name(&self) -> &'static str {
        match self.kind() {
            StoreKind::Keyring => "the keyring",
            StoreKind::File => "the secrets file",
        }
    }

    /// The secret with this binding; `None` if it was never stored. `options` are the command line's options that determined the binding,
    /// for the hint.
    ///
    /// # Errors
    /// [`Kind::Config`](crate::error::Kind::Config) when it was stored for another origin,
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn get(&self, binding: &SecretId, options: &str) -> Result<Option<Secret>> {
        match self.look_up(binding)? {
            FoundSecret::Secret(secret) => Ok(Some(secret)),
            FoundSecret::Elsewhere(origins) if origins.is_empty() => Ok(None),
            FoundSecret::Elsewhere(origins) => {
                let origins: Vec<String> = origins.iter().map(|origin| printable(origin, 120)).collect();
                Err(Error::config(format!(
                    "the {binding} was stored for {}, not for {}: it is not sent there",
                    origins.join(" and "),
                    binding.origin
                ))
                .hint(
                    Advice::new("if that is right, store it again for the new address: {command}{options}")
                        .fill("command", binding.command())
                        .fill("options", options.to_owned()),
                ))
            }
        }
    }

    /// The secret with this binding, if it is stored; a secret for other origins is not an error.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn find(&self, binding: &SecretId) -> Result<Option<Secret>> {
        match self.look_up(binding)? {
            FoundSecret::Secret(secret) => Ok(Some(secret)),
            FoundSecret::Elsewhere(_) => Ok(None),
        }
    }

    /// Whether there is a secret with this binding.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn has(&self, binding: &SecretId) -> Result<bool> {
        Ok(matches!(self.look_up(binding)?, FoundSecret::Secret(_)))
    }

    /// Whether [`SecretStore::delete`] would delete anything, useful or not. It opens the store.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn holds(&self, binding: &SecretId) -> Result<bool> {
        match &self.backend {
            #[cfg(feature = "keyring")]
            Backend::Keyring(keyring) => keyring.holds(binding),
            #[cfg(feature = "file-store")]
            Backend::File(_) => self.has(binding),
        }
    }

    /// Which of these secrets the store has. No keyring is unlocked for it, so it asks nothing.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn look(&self, wanted: &[SecretId]) -> Result<SecretLookup> {
        match &self.backend {
            #[cfg(feature = "keyring")]
            Backend::Keyring(keyring) => keyring.look(wanted),
            #[cfg(feature = "file-store")]
            Backend::File(file) => {
                file.check()?;
                let presence = |binding| match file.find(binding)? {
                    FoundSecret::Secret(_) => Ok(SecretStatus::Here),
                    FoundSecret::Elsewhere(origins) if origins.is_empty() => Ok(SecretStatus::Missing),
                    FoundSecret::Elsewhere(origins) => Ok(SecretStatus::Elsewhere(origins)),
                };
                Ok(SecretLookup { is_locked: false, found: wanted.iter().map(presence).collect::<Result<_>>()? })
            }
        }
    }

    /// Stores a secret.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used or gives back something else.
    pub fn set(&self, binding: &SecretId, secret: &Secret) -> Result<()> {
        match &self.backend {
            #[cfg(feature = "keyring")]
            Backend::Keyring(keyring) => keyring.set(binding, secret),
            #[cfg(feature = "file-store")]
            Backend::File(file) => file.set(binding, secret),
        }?;
        self.note(binding, true);
        Ok(())
    }

    /// Deletes the secret with this binding; returns whether there was one.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn delete(&self, binding: &SecretId) -> Result<bool> {
        let was_there = match &self.backend {
            #[cfg(feature = "keyring")]
            Backend::Keyring(keyring) => keyring.delete(binding),
            #[cfg(feature = "file-store")]
            Backend::File(file) => file.delete(binding),
        }?;
        self.note(binding, false);
        Ok(was_there)
    }

    fn note(&self, binding: &SecretId, is_there: bool) {
        if let Some(places) = &self.places {
            places.note(self.kind(), binding, is_there);
        }
    }

    /// The users with a secret of the kind, client and origin of this binding; empty for a keyring that can't list its entries.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn users(&self, binding: &SecretId) -> Result<Vec<Username>> {
        let accounts = match &self.backend {
            #[cfg(feature = "keyring")]
            Backend::Keyring(keyring) => keyring.accounts(binding)?,
            #[cfg(feature = "file-store")]
            Backend::File(file) => file.accounts()?,
        };
        Ok(accounts.iter().filter_map(|account| binding.user_in(account)?.parse().ok()).collect())
    }

    fn look_up(&self, binding: &SecretId) -> Result<FoundSecret> {
        match &self.backend {
            #[cfg(feature = "keyring")]
            Backend::Keyring(keyring) => keyring.find(binding),
            #[cfg(feature = "file-store")]
            Backend::File(file) => file.find(binding),
        }
    }
}
