//! Where secrets are kept: the operating system's keyring, or one sealed file. Either way a secret is bound to what it may
//! be used for, and one that was stored for elsewhere is told apart from one that was never stored.

use std::fmt;

use crate::error::{Advice, AdviceKind, Error, Result, printable};
use crate::secret::{Secret, shape};
use crate::secrets::age_store::SealedFile;
use crate::secrets::keyring::Keyring;
use crate::settings::types::{ClientId, SecretKind, StoreKind, Username};

/// What a secret is and where it may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretId {
    /// The kind of secret.
    pub kind: SecretKind,
    /// The app client it belongs to.
    pub client_id: ClientId,
    /// The origin it may be sent to.
    pub origin: String,
    /// The user it belongs to, for a password.
    pub username: Option<Username>,
}

/// A secret as it came from a stream, a variable or a person, without what surrounds it.
///
/// # Errors
/// As the functions of [`shape`].
pub fn shaped(kind: SecretKind, secret: Secret) -> Result<Secret> {
    match kind {
        SecretKind::M2mClient | SecretKind::UserClient => shape::client_secret(secret),
        SecretKind::Password => shape::password(secret),
        SecretKind::Totp => shape::totp_key(secret),
        SecretKind::RefreshToken | SecretKind::Device => Ok(secret),
    }
}

impl SecretId {
    /// The name of the entry: kind, client, origin and user.
    pub fn account(&self) -> String {
        let username = self.username.as_ref().map_or("", Username::as_str);
        format!("{}|{}|{}|{username}", self.kind, self.client_id, self.origin)
    }

    /// The error where it should be stored and is not.
    pub fn missing(&self) -> Error {
        Error::store(format!("the {self} is not stored any more"))
            .hint(Advice::new("store it: {store}").fill("store", self.command()))
    }

    /// The command that stores it.
    pub fn command(&self) -> Advice {
        match &self.username {
            Some(username) => Advice::new(AdviceKind::StoreSecretOfUser).text("kind", self.kind).word("user", username),
            None => Advice::new(AdviceKind::StoreSecret).text("kind", self.kind),
        }
    }

    /// The origin of an entry of the same kind, client and user.
    pub fn origin_in<'a>(&self, account: &'a str) -> Option<&'a str> {
        let (origin, username) = self.of_client(account)?;
        (username == self.username.as_ref().map_or("", Username::as_str)).then_some(origin)
    }

    /// The user of an entry of the same kind, client and origin.
    pub fn user_in<'a>(&self, account: &'a str) -> Option<&'a str> {
        let (origin, username) = self.of_client(account)?;
        (origin == self.origin).then_some(username)
    }

    /// The origin and the user of an entry of the same kind and client.
    fn of_client<'a>(&self, account: &'a str) -> Option<(&'a str, &'a str)> {
        let mut parts = account.splitn(4, '|');
        let (kind, client, origin, username) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        (kind == self.kind.as_str() && client == self.client_id.as_str()).then_some((origin, username))
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secret of client {}", self.kind, self.client_id)?;
        match &self.username {
            Some(username) => write!(f, " and user {username}"),
            None => Ok(()),
        }
    }
}

/// What a store has for a binding.
#[derive(Debug)]
pub enum FoundSecret {
    /// The secret itself.
    Secret(Secret),
    /// None; the same secret is there for these other origins, if any.
    Elsewhere(Vec<String>),
}

/// Whether a store has what is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretStatus {
    /// It has.
    Here,
    /// It has the same secret for these other origins.
    Elsewhere(Vec<String>),
    /// It has not.
    Missing,
}

/// What can be seen of a store without unlocking it.
#[derive(Debug)]
pub struct SecretLookup {
    /// Whether it would have to be unlocked first.
    pub is_locked: bool,
    /// Which of the secrets it has, in the order in which they were asked for.
    pub found: Vec<SecretStatus>,
}

/// Where secrets are kept.
#[derive(Debug)]
pub enum SecretStore {
    /// The operating system's keyring.
    Keyring(Keyring),
    /// One file, sealed with age.
    File(SealedFile),
}

impl SecretStore {
    /// Which of the two it is.
    pub fn kind(&self) -> StoreKind {
        match self {
            SecretStore::Keyring(_) => StoreKind::Keyring,
            SecretStore::File(_) => StoreKind::File,
        }
    }

    /// The store's name in a message.
    pub fn name(&self) -> &'static str {
        match self {
            SecretStore::Keyring(_) => "the keyring",
            SecretStore::File(_) => "the secrets file",
        }
    }

    /// The secret with this binding; none where it was never stored. `options` are those of the command line that made the
    /// binding what it is, for the hint.
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

    /// The secret with this binding, where it is there: what is stored for other origins is no error here.
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

    /// Whether there is anything that [`SecretStore::delete`] would delete, be it of use or not. The store is opened for it.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn holds(&self, binding: &SecretId) -> Result<bool> {
        match self {
            SecretStore::Keyring(keyring) => keyring.holds(binding),
            SecretStore::File(_) => self.has(binding),
        }
    }

    /// Which of these secrets the store has. No keyring is unlocked for it, so nobody is asked anything.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn look(&self, wanted: &[SecretId]) -> Result<SecretLookup> {
        let file = match self {
            SecretStore::Keyring(keyring) => return keyring.look(wanted),
            SecretStore::File(file) => file,
        };
        file.check()?;
        let presence = |binding| match file.find(binding)? {
            FoundSecret::Secret(_) => Ok(SecretStatus::Here),
            FoundSecret::Elsewhere(origins) if origins.is_empty() => Ok(SecretStatus::Missing),
            FoundSecret::Elsewhere(origins) => Ok(SecretStatus::Elsewhere(origins)),
        };
        Ok(SecretLookup { is_locked: false, found: wanted.iter().map(presence).collect::<Result<_>>()? })
    }

    /// Stores a secret.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used or gives back something else.
    pub fn set(&self, binding: &SecretId, secret: &Secret) -> Result<()> {
        match self {
            SecretStore::Keyring(keyring) => keyring.set(binding, secret),
            SecretStore::File(file) => file.set(binding, secret),
        }
    }

    /// Deletes the secret with this binding; says whether there was one.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn delete(&self, binding: &SecretId) -> Result<bool> {
        match self {
            SecretStore::Keyring(keyring) => keyring.delete(binding),
            SecretStore::File(file) => file.delete(binding),
        }
    }

    /// The users for whom there is a secret of the kind, client and origin of this binding. A keyring that can't list what it
    /// has names none.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the store can't be used.
    pub fn users(&self, binding: &SecretId) -> Result<Vec<Username>> {
        let accounts = match self {
            SecretStore::Keyring(keyring) => keyring.accounts(binding)?,
            SecretStore::File(file) => file.accounts()?,
        };
        Ok(accounts.iter().filter_map(|account| binding.user_in(account)?.parse().ok()).collect())
    }

    fn look_up(&self, binding: &SecretId) -> Result<FoundSecret> {
        match self {
            SecretStore::Keyring(keyring) => keyring.find(binding),
            SecretStore::File(file) => file.find(binding),
        }
    }
}
