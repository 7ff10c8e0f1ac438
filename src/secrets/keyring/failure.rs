//! Why the keyring gave nothing, and what to do about it.

use std::time::Duration;

use keyring::Error as KeyringError;

use super::platform::{ErrorMessages, LOCKED, MANAGE_STRANGER, MANAGE_TWINS, WENT_AWAY, of_platform};
use crate::error::{Advice, AdviceKind, Error};
use crate::settings::secret_id::SecretId;
use crate::settings::types::SecretKind;

/// Why the keyring gave nothing.
pub(crate) enum KeyringFailure {
    Keyring(KeyringError),
    Unreachable(String),
    // In the Keychain only an entry's name shows its owner.
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
    /// Whether the entry is no longer there: another process deleted it after it was found.
    #[cfg(not(any(target_os = "macos", windows)))]
    pub(crate) fn has_vanished(&self) -> bool {
        match self {
            KeyringFailure::Keyring(KeyringError::NoEntry) => true,
            KeyringFailure::Keyring(KeyringError::PlatformFailure(why)) => {
                matches!(KeyringMessage::of(&why.to_string()), KeyringMessage::Vanished)
            }
            _ => false,
        }
    }

    /// The message and the advice. The library's own text shows bus paths, so it is not repeated.
    pub(crate) fn into_error(self, binding: Option<&SecretId>) -> Error {
        let (why, next) = match &self {
            KeyringFailure::Silent(patience) => (
                format!("the keyring does not answer (waited {} s)", patience.as_secs_f32().ceil()),
                "is its service stopped, or waiting for a dialog?",
            ),
            KeyringFailure::NoThread(why) => (format!("no thread for the keyring: {why}"), "try again"),
            KeyringFailure::NotOurs => (
                "the keyring's entry of this name belongs to another program: cogtok did not touch it".to_owned(),
                MANAGE_STRANGER,
            ),
            KeyringFailure::Unreachable(why) => match KeyringMessage::of(why) {
                KeyringMessage::Gone if why.contains("ServiceUnknown") || why.contains("not provided by any") => (
                    "there is a D-Bus session, but no keyring service in it".to_owned(),
                    "install and start one: gnome-keyring, KWallet or KeePassXC",
                ),
                KeyringMessage::Gone => WENT_AWAY.owned(),
                KeyringMessage::Refused => REFUSED.owned(),
                KeyringMessage::Vanished | KeyringMessage::Nothing => (
                    "no keyring service is reachable: there is no D-Bus session".to_owned(),
                    "log in to a desktop session",
                ),
            },
            KeyringFailure::Keyring(KeyringError::NoStorageAccess(why))
                if why.to_string().contains("not returned from") =>
            {
                (
                    "the keyring has no default collection".to_owned(),
                    "create one: log in to the desktop once; in a D-Bus session of your own, start gnome-keyring-daemon --unlock before the first call of cogtok",
                )
            }
            KeyringFailure::Keyring(KeyringError::NoStorageAccess(_)) => LOCKED.owned(),
            KeyringFailure::Keyring(KeyringError::Ambiguous(_)) => {
                ("the keyring has two entries of this name: cogtok touched neither".to_owned(), MANAGE_TWINS)
            }
            KeyringFailure::Keyring(KeyringError::TooLong(_, limit)) => {
                (format!("the keyring accepts at most {limit} bytes"), "use a shorter secret")
            }
            KeyringFailure::Keyring(KeyringError::NoEntry) => VANISHED.owned(),
            KeyringFailure::Keyring(KeyringError::PlatformFailure(why)) => match KeyringMessage::of(&why.to_string()) {
                KeyringMessage::Vanished => VANISHED.owned(),
                KeyringMessage::Refused => REFUSED.owned(),
                KeyringMessage::Gone | KeyringMessage::Nothing => of_platform(why.as_ref()).owned(),
            },
            KeyringFailure::Keyring(_) => ("the keyring failed".to_owned(), "try again"),
        };
        // The secrets of a session are stored without being asked for.
        let asked = binding.filter(|binding| {
            !matches!(binding.kind, SecretKind::RefreshToken | SecretKind::Device | SecretKind::RunKey)
        });
        let wanted = asked.map(|binding| format!(" (wanted: the {binding})")).unwrap_or_default();
        let error = Error::store(format!("{why}{wanted}")).hint(next);
        let error = match self {
            // Parallel callers don't each have to wait for the same silent keyring.
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

const VANISHED: ErrorMessages = ErrorMessages("the entry vanished from the keyring", "try again");
const REFUSED: ErrorMessages = ErrorMessages(
    "the keyring service refused the call",
    "allow cogtok to use it, in the service's own window or settings",
);

/// The meaning of a D-Bus error's name.
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

fn without_keyring(kind: SecretKind) -> Advice {
    match kind {
        SecretKind::M2mClient | SecretKind::M2mClientNext => AdviceKind::SupplyClientSecret.into(),
        SecretKind::UserClient => AdviceKind::SupplyUserClientSecret.into(),
        SecretKind::Password => AdviceKind::SupplyPassword.into(),
        SecretKind::Totp => AdviceKind::SupplyMfaCode.into(),
        SecretKind::RefreshToken | SecretKind::Device => "without a keyring: sign in again each time".into(),
        SecretKind::RunKey => "allow cogtok to use the keyring that has the key of the run".into(),
    }
}
