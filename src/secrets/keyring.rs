//! Secrets in the operating system's keyring: one entry each, bound to what it may be used for.
//!
//! An entry's service is `cogtok` and its account names the kind, the app client, the origins the secret may be sent to
//! and the user. A secret for another origin is therefore another entry, and one that was stored for elsewhere is told
//! apart from one that was never stored.

mod entries;
mod inspect;
mod platform;

use std::sync::mpsc;
use std::time::{Duration, Instant};

use keyring::Error as KeyringError;
use zeroize::Zeroizing;

use self::platform::{LOCKED, MANAGE_STRANGER, MANAGE_TWINS, of_platform};
use crate::error::{Advice, AdviceKind, Error, Result};
use crate::secret::Secret;
use crate::secrets::store::{FoundSecret, SecretId, SecretLookup};
use crate::settings::types::SecretKind;

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

    /// The names of all entries that are ours, wanted for the sake of `binding`; none where the keyring can't list them.
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
            // The Keychain says what it could not do, and may ask the person for leave to read.
            if cfg!(target_os = "macos") {
                return Ok(true);
            }
            let kept = Zeroizing::new(entry.get_secret()?);
            Ok(kept.as_slice() == secret.expose().as_bytes())
        })?;
        if is_kept {
            Ok(())
        } else {
            Err(Error::store(format!("the keyring did not keep the {binding}")).hint("try again"))
        }
    }

    /// Deletes the secret with this binding; says whether there was one.
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
        let deadline = Instant::now() + self.patience;
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

/// Why the keyring gave nothing.
enum KeyringFailure {
    Keyring(KeyringError),
    Unreachable(String),
    // The Keychain's entries have nothing that tells whose they are but their names.
    #[cfg_attr(target_os = "macos", expect(dead_code))]
    NotOurs,
    Silent(Duration),
    NoThread(String),
}

impl From<KeyringError> for KeyringFailure {
    fn from(error: KeyringError) -> Self {
        KeyringFailure::Keyring(error)
    }
}

impl KeyringFailure {
    /// The message and what to do. The library's own words show bus paths, so they are not repeated.
    fn into_error(self, binding: Option<&SecretId>) -> Error {
        let (why, next) = match &self {
            KeyringFailure::Silent(patience) => (
                format!("the keyring does not answer (waited {} s)", patience.as_secs_f32().ceil()),
                "is its service stopped, or waiting for a dialog?",
            ),
            KeyringFailure::NoThread(why) => (format!("no thread for the keyring: {why}"), "try again"),
            KeyringFailure::NotOurs => (
                "the keyring's entry of this name is another program's: it was not touched".to_owned(),
                MANAGE_STRANGER,
            ),
            KeyringFailure::Unreachable(why) => match KeyringMessage::of(why) {
                KeyringMessage::Gone if why.contains("ServiceUnknown") || why.contains("not provided by any") => (
                    "there is a D-Bus session, but no keyring service on it".to_owned(),
                    "install and start one: gnome-keyring, KWallet or KeePassXC",
                ),
                KeyringMessage::Gone => WENT_AWAY.owned(),
                KeyringMessage::Refused => REFUSED.owned(),
                KeyringMessage::Vanished | KeyringMessage::Nothing => (
                    "no keyring service is reachable: there is no D-Bus session".to_owned(),
                    "log in to a desktop session, or start one: dbus-run-session",
                ),
            },
            KeyringFailure::Keyring(KeyringError::NoStorageAccess(why))
                if why.to_string().contains("not returned from") =>
            {
                (
                    "the keyring has no default collection".to_owned(),
                    "make one: log in to the desktop once, or start the keyring with its password (gnome-keyring-daemon --unlock)",
                )
            }
            KeyringFailure::Keyring(KeyringError::NoStorageAccess(_)) => LOCKED.owned(),
            KeyringFailure::Keyring(KeyringError::Ambiguous(_)) => {
                ("the keyring has two entries of this name: neither was touched".to_owned(), MANAGE_TWINS)
            }
            KeyringFailure::Keyring(KeyringError::TooLong(_, limit)) => {
                (format!("the keyring takes at most {limit} bytes"), "use a shorter secret")
            }
            KeyringFailure::Keyring(KeyringError::NoEntry) => VANISHED.owned(),
            KeyringFailure::Keyring(KeyringError::PlatformFailure(why)) => match KeyringMessage::of(&why.to_string()) {
                KeyringMessage::Vanished => VANISHED.owned(),
                KeyringMessage::Refused => REFUSED.owned(),
                KeyringMessage::Gone | KeyringMessage::Nothing => of_platform(why.as_ref()).owned(),
            },
            KeyringFailure::Keyring(_) => ("the keyring failed".to_owned(), "try again"),
        };
        // Nobody asked for a session's.
        let asked = binding.filter(|binding| !matches!(binding.kind, SecretKind::RefreshToken | SecretKind::Device));
        let wanted = asked.map(|binding| format!(" (wanted: the {binding})")).unwrap_or_default();
        let error = Error::store(format!("{why}{wanted}")).hint(next);
        let error = match self {
            // Parallel callers need not wait for the same silence one after the other.
            KeyringFailure::Silent(_) => error.with_code("KeyringSilent"),
            _ => error,
        };
        let error = match binding {
            Some(binding) => error.hint(without_keyring(binding.kind)),
            None => error,
        };
        error.hint(AdviceKind::UseEncryptedFile)
    }
}

/// A message and what to do.
struct ErrorMessages(&'static str, &'static str);

impl ErrorMessages {
    fn owned(self) -> (String, &'static str) {
        (self.0.to_owned(), self.1)
    }
}

const WENT_AWAY: ErrorMessages = ErrorMessages("the keyring service went away in the middle of the call", "try again");
const VANISHED: ErrorMessages = ErrorMessages("the entry vanished from the keyring", "try again");
const REFUSED: ErrorMessages = ErrorMessages(
    "the keyring service refused the call",
    "allow cogtok to use it, in the service's own window or settings",
);

/// What the name of a D-Bus error says.
enum KeyringMessage {
    Gone,
    Vanished,
    Refused,
    Nothing,
}

impl KeyringMessage {
    fn of(text: &str) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        if says(&["NoReply", "Disconnected", "NameHasNoOwner", "ServiceUnknown", "not provided by any"]) {
            KeyringMessage::Gone
        } else if says(&["UnknownObject", "UnknownMethod", "NoSuchObject", "UnknownInterface"]) {
            KeyringMessage::Vanished
        } else if says(&["org.freedesktop.", "AccessDenied", "NotSupported"]) {
            KeyringMessage::Refused
        } else {
            KeyringMessage::Nothing
        }
    }
}

fn other_origins(wanted: &SecretId) -> Result<Vec<String>, KeyringFailure> {
    Ok(entries::accounts()?.iter().filter_map(|account| wanted.origin_in(account)).map(str::to_owned).collect())
}

fn without_keyring(kind: SecretKind) -> Advice {
    match kind {
        SecretKind::M2mClient => AdviceKind::SupplyClientSecret.into(),
        SecretKind::UserClient => "without a keyring: COGTOK_USER_CLIENT_SECRET supplies the secret".into(),
        SecretKind::Password => AdviceKind::SupplyPassword.into(),
        SecretKind::Totp => AdviceKind::SupplyMfaCode.into(),
        SecretKind::RefreshToken | SecretKind::Device => "without a keyring: each sign-in begins anew".into(),
    }
}
