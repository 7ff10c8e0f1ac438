//! The platforms' names for a keyring's problems.

/// A message and what to do.
pub(crate) struct ErrorMessages(pub &'static str, pub &'static str);

impl ErrorMessages {
    pub(crate) fn owned(self) -> (String, &'static str) {
        (self.0.to_owned(), self.1)
    }
}

pub(crate) const WENT_AWAY: ErrorMessages =
    ErrorMessages("the keyring service went away in the middle of the call", "try again");

#[cfg(windows)]
pub(crate) const LOCKED: ErrorMessages = ErrorMessages(
    "the Credential Manager can't be used in this session",
    "sign in to Windows with a password: a service, or a remote shell with a key, has no credentials of its user",
);
#[cfg(target_os = "macos")]
pub(crate) const LOCKED: ErrorMessages =
    ErrorMessages("the keychain can't be used", "unlock it: security unlock-keychain, or log in to the desktop");
#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) const LOCKED: ErrorMessages =
    ErrorMessages("the keyring is locked", "unlock it: log in to the desktop, or start the keyring with its password");

#[cfg(windows)]
pub(crate) const MANAGE_STRANGER: &str = "delete it in the Credential Manager of the Control Panel";
#[cfg(target_os = "macos")]
pub(crate) const MANAGE_STRANGER: &str = "rename or delete it with Keychain Access";
#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) const MANAGE_STRANGER: &str = "rename or delete it with the desktop's password manager";

#[cfg(windows)]
pub(crate) const MANAGE_TWINS: &str = "delete one of them in the Credential Manager of the Control Panel";
#[cfg(target_os = "macos")]
pub(crate) const MANAGE_TWINS: &str = "delete one of them with Keychain Access";
#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) const MANAGE_TWINS: &str = "delete one of them with the desktop's password manager";

/// The meaning of a platform's error that is not a D-Bus error.
#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) fn of_platform(_: &(dyn std::error::Error + Send + Sync)) -> ErrorMessages {
    WENT_AWAY
}

#[cfg(windows)]
pub(crate) fn of_platform(_: &(dyn std::error::Error + Send + Sync)) -> ErrorMessages {
    ErrorMessages("the Credential Manager failed", "try again")
}

/// Apple's codes, which appear only in the error's debug format.
#[cfg(target_os = "macos")]
pub(crate) fn of_platform(why: &(dyn std::error::Error + Send + Sync)) -> ErrorMessages {
    let why = format!("{why:?}");
    let is = |code: &str| why.contains(code);
    if is("-25308") {
        // errSecInteractionNotAllowed
        LOCKED
    } else if is("-25293") {
        // errSecAuthFailed
        ErrorMessages(
            "the keychain refused cogtok",
            "allow cogtok to use the entry, when macOS asks or in Keychain Access",
        )
    } else if is("-128") {
        // errSecUserCanceled
        ErrorMessages("you did not allow cogtok to use the keychain", "run it again and choose Always Allow")
    } else {
        ErrorMessages("the keychain failed", "try again")
    }
}
