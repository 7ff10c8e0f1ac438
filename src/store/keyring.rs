//! Secrets in the operating system's keyring: one entry each, bound to what it may be used for.
//!
//! An entry's service is `cogtok` and its account names the kind, the app client, the origins the secret may be sent to
//! and the user. A secret for another origin is therefore another entry, and one that was stored for elsewhere is told
//! apart from one that was never stored.

mod look;

use std::collections::HashMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use keyring::Error as KeyringError;
use zeroize::Zeroizing;

use super::secrets::{Binding, Found, Look};
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
        let found = self.call(binding, move || match ours(&account)? {
            Some(entry) => Ok(Ok(entry.get_secret()?)),
            None => Ok(Err(other_origins(&wanted)?)),
        })?;
        match found {
            Ok(bytes) => Secret::from_bytes(bytes)
                .map(Found::Secret)
                .map_err(|error| Error::store(format!("the {binding} in the keyring is not usable: {error}"))),
            Err(origins) => Ok(Found::Elsewhere(origins)),
        }
    }

    /// The names of all entries that are ours, wanted for the sake of `binding`; none where the keyring can't list them.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used.
    pub fn accounts(&self, binding: &Binding) -> Result<Vec<String>> {
        self.call(binding, our_accounts)
    }

    /// Stores a secret and reads it back.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used or gives back something else.
    pub fn set(&self, binding: &Binding, secret: &Secret) -> Result<()> {
        let (account, secret) = (binding.account(), secret.clone());
        let is_kept = self.call(binding, move || {
            let entry = match ours(&account)? {
                Some(entry) => entry,
                None => keyring::Entry::new(SERVICE, &account)?,
            };
            entry.set_secret(secret.expose().as_bytes())?;
            let kept = Zeroizing::new(entry.get_secret()?);
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
        self.call(binding, move || match ours(&account)? {
            Some(entry) => Ok(entry.delete_credential().map(|()| true)?),
            None => Ok(false),
        })
    }

    /// Whether there is an entry that [`Keyring::delete`] would delete. It is not read, but the keyring is unlocked for it.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used.
    pub fn holds(&self, binding: &Binding) -> Result<bool> {
        let account = binding.account();
        self.call(binding, move || Ok(ours(&account)?.is_some()))
    }

    /// Whether the keyring is unlocked and which of these secrets it has, without unlocking it or reading any.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the keyring can't be used.
    pub fn look(&self, wanted: &[Binding]) -> Result<Look> {
        let owned = wanted.to_vec();
        self.on_thread(move || look::look(&owned)).map_err(|trouble| trouble.into_error(wanted.first()))
    }

    fn call<T: Send + 'static>(
        &self,
        binding: &Binding,
        work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T> {
        let with_store = move || match keyring::Entry::store_status() {
            Ok(()) => work(),
            Err(error) => Err(Trouble::Unreachable(error.to_string())),
        };
        self.on_thread(with_store).map_err(|trouble| trouble.into_error(Some(binding)))
    }

    fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Trouble> {
        let deadline = Instant::now() + self.patience;
        let (sender, receiver) = mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("keyring".to_owned())
            .spawn(move || {
                let _ = sender.send(work());
            })
            .map_err(|error| Trouble::NoThread(error.to_string()))?;
        let mut answer = receiver.recv_timeout(UNATTENDED.min(self.patience) / 2);
        if answer.is_err() && self.patience > UNATTENDED {
            log::warn!(target: "cogtok", "waiting for the keyring, which may be asking to be unlocked");
        }
        if answer.is_err() {
            answer = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now()));
        }
        answer.unwrap_or(Err(Trouble::Silent(self.patience)))
    }
}

/// Why the keyring gave nothing.
enum Trouble {
    Keyring(KeyringError),
    Unreachable(String),
    NotOurs,
    Silent(Duration),
    NoThread(String),
}

impl From<KeyringError> for Trouble {
    fn from(error: KeyringError) -> Self {
        Trouble::Keyring(error)
    }
}

impl Trouble {
    /// The message and what to do. The library's own words show bus paths, so they are not repeated.
    fn into_error(self, binding: Option<&Binding>) -> Error {
        let (why, next) = match &self {
            Trouble::Silent(patience) => (
                format!("the keyring does not answer (waited {} s)", patience.as_secs_f32().ceil()),
                "is its service stopped, or waiting for a dialog?",
            ),
            Trouble::NoThread(why) => (format!("no thread for the keyring: {why}"), "try again"),
            Trouble::NotOurs => (
                "the keyring's entry of this name is another program's: it was not touched".to_owned(),
                "rename or delete it with the desktop's password manager",
            ),
            Trouble::Unreachable(why) => match Said::of(why) {
                Said::Gone if why.contains("ServiceUnknown") || why.contains("not provided by any") => (
                    "there is a D-Bus session, but no keyring service on it".to_owned(),
                    "install and start one: gnome-keyring, KWallet or KeePassXC",
                ),
                Said::Gone => WENT_AWAY.owned(),
                Said::Refused => REFUSED.owned(),
                Said::Vanished | Said::Nothing => (
                    "no keyring service is reachable: there is no D-Bus session".to_owned(),
                    "log in to a desktop session, or start one: dbus-run-session",
                ),
            },
            Trouble::Keyring(KeyringError::NoStorageAccess(why)) if why.to_string().contains("not returned from") => (
                "the keyring has no default collection".to_owned(),
                "make one: log in to the desktop once, or start the keyring with its password (gnome-keyring-daemon --unlock)",
            ),
            Trouble::Keyring(KeyringError::NoStorageAccess(_)) => (
                "the keyring is locked".to_owned(),
                "unlock it: log in to the desktop, or start the keyring with its password",
            ),
            Trouble::Keyring(KeyringError::Ambiguous(_)) => (
                "the keyring has two entries of this name: neither was touched".to_owned(),
                "delete one of them with the desktop's password manager",
            ),
            Trouble::Keyring(KeyringError::TooLong(_, limit)) => {
                (format!("the keyring takes at most {limit} bytes"), "use a shorter secret")
            }
            Trouble::Keyring(KeyringError::NoEntry) => VANISHED.owned(),
            Trouble::Keyring(KeyringError::PlatformFailure(why)) => match Said::of(&why.to_string()) {
                Said::Vanished => VANISHED.owned(),
                Said::Refused => REFUSED.owned(),
                Said::Gone | Said::Nothing => WENT_AWAY.owned(),
            },
            Trouble::Keyring(_) => ("the keyring failed".to_owned(), "try again"),
        };
        // Nobody asked for a session's.
        let asked = binding.filter(|binding| !matches!(binding.kind, SecretKind::RefreshToken | SecretKind::Device));
        let wanted = asked.map(|binding| format!(" (wanted: the {binding})")).unwrap_or_default();
        let error = Error::store(format!("{why}{wanted}")).hint(next);
        let error = match self {
            // Parallel callers need not wait for the same silence one after the other.
            Trouble::Silent(_) => error.with_code("KeyringSilent"),
            _ => error,
        };
        let error = match binding {
            Some(binding) => error.hint(without_keyring(binding.kind)),
            None => error,
        };
        error.hint("or keep secrets in an encrypted file: cogtok secret init --help")
    }
}

/// A message and what to do.
struct Words(&'static str, &'static str);

impl Words {
    fn owned(self) -> (String, &'static str) {
        (self.0.to_owned(), self.1)
    }
}

const WENT_AWAY: Words = Words("the keyring service went away in the middle of the call", "try again");
const VANISHED: Words = Words("the entry vanished from the keyring", "try again");
const REFUSED: Words =
    Words("the keyring service refused the call", "allow cogtok to use it, in the service's own window or settings");

/// What the name of a D-Bus error says.
enum Said {
    Gone,
    Vanished,
    Refused,
    Nothing,
}

impl Said {
    fn of(text: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["NoReply", "Disconnected", "NameHasNoOwner", "ServiceUnknown", "not provided by any"]) {
            Said::Gone
        } else if says(&["UnknownObject", "UnknownMethod", "NoSuchObject", "UnknownInterface"]) {
            Said::Vanished
        } else if says(&["org.freedesktop.", "AccessDenied", "NotSupported"]) {
            Said::Refused
        } else {
            Said::Nothing
        }
    }
}

/// The entry of this account where there is one. The service finds entries by a part of their attributes, so another
/// program's may be found: one with attributes that ours never have.
fn ours(account: &str) -> Result<Option<keyring::Entry>, Trouble> {
    let entry = keyring::Entry::new(SERVICE, account)?;
    match entry.inner.get_attributes() {
        Ok(attributes) if are_ours(&attributes) => Ok(Some(entry)),
        Ok(_) => Err(Trouble::NotOurs),
        Err(KeyringError::NoEntry) => Ok(None),
        // Other platforms keep no attributes, and find an entry by its whole name.
        Err(KeyringError::NotSupportedByStore(_)) => match entry.get_secret().map(Zeroizing::new) {
            Ok(_) => Ok(Some(entry)),
            Err(KeyringError::NoEntry) => Ok(None),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

fn are_ours(attributes: &HashMap<String, String>) -> bool {
    const OURS: [&str; 5] = ["service", "username", "target", "xdg:schema", "label"];
    attributes.keys().all(|key| OURS.contains(&key.as_str()))
}

fn other_origins(wanted: &Binding) -> Result<Vec<String>, Trouble> {
    Ok(our_accounts()?.iter().filter_map(|account| wanted.origin_in(account)).map(str::to_owned).collect())
}

fn our_accounts() -> Result<Vec<String>, Trouble> {
    let entries = match keyring_core::Entry::search(&HashMap::from([("service", SERVICE)])) {
        Ok(entries) => entries,
        Err(KeyringError::NotSupportedByStore(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut accounts = Vec::new();
    for entry in entries {
        let attributes = entry.get_attributes()?;
        accounts.extend(attributes.get("username").filter(|_| are_ours(&attributes)).cloned());
    }
    Ok(accounts)
}

fn without_keyring(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::M2mClient => {
            "without a keyring: COGTOK_M2M_CLIENT_SECRET, `--client-secret-stdin` or `--secret-arn` supply the secret ?? without a keyring: COGTOK_M2M_CLIENT_SECRET supplies the secret"
        }
        SecretKind::UserClient => "without a keyring: COGTOK_USER_CLIENT_SECRET supplies the secret",
        SecretKind::Password => {
            "without a keyring: COGTOK_PASSWORD or `--password-stdin` supply the password ?? without a keyring: COGTOK_PASSWORD supplies the password"
        }
        SecretKind::Totp => {
            "without a keyring: `--mfa-code`, `--mfa-code-stdin` or COGTOK_MFA_CODE supply a code ?? without a keyring: COGTOK_MFA_CODE supplies a code"
        }
        SecretKind::RefreshToken | SecretKind::Device => "without a keyring: each sign-in begins anew",
    }
}
