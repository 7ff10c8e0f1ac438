//! Recognises cogtok's entries in a keyring. Each platform's store has its own attributes and costs: on macOS, reading a secret may ask the
//! person for permission.

use std::collections::HashMap;

use keyring::Error as KeyringError;
use keyring_core::Entry;

use super::failure::KeyringFailure;

/// The name under which the keyring has our entries.
pub(crate) const SERVICE: &str = "cogtok";

/// The search for cogtok's entries, which may also find others.
const OURS: (&str, &str) = if cfg!(windows) { ("pattern", r"\.cogtok$") } else { ("service", SERVICE) };

/// An entry of this account, which need not be there.
pub(crate) fn named(account: &str) -> Result<Entry, KeyringFailure> {
    // Kept on this machine: by default Windows would let a domain user's secret roam.
    #[cfg(windows)]
    let entry = Entry::new_with_modifiers(SERVICE, account, &HashMap::from([("persistence", "Local")]))?;
    #[cfg(not(windows))]
    let entry = Entry::new(SERVICE, account)?;
    Ok(entry)
}

/// The entry of this account where there is one. Another program's entry of that name is recognised by what the store tells
/// of it.
#[cfg(not(target_os = "macos"))]
pub(crate) fn existing(account: &str) -> Result<Option<Entry>, KeyringFailure> {
    let entry = named(account)?;
    match entry.get_attributes() {
        Ok(attributes) if is_ours(&attributes, account) => Ok(Some(entry)),
        Ok(_) => Err(KeyringFailure::NotOurs),
        Err(KeyringError::NoEntry) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The entry of this account, if it exists. On macOS this uses a search: reading the entry would read its secret and ask the person.
#[cfg(target_os = "macos")]
pub(crate) fn existing(account: &str) -> Result<Option<Entry>, KeyringFailure> {
    let found = Entry::search(&HashMap::from([OURS, ("user", account)]))?;
    if found.is_empty() { Ok(None) } else { named(account).map(Some) }
}

/// The names of all entries that are ours. None of their secrets is read.
pub(crate) fn accounts() -> Result<Vec<String>, KeyringFailure> {
    let entries = match Entry::search(&HashMap::from([OURS])) {
        Ok(entries) => entries,
        Err(KeyringError::NotSupportedByStore(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut accounts = Vec::new();
    for entry in entries {
        accounts.extend(account_of(&entry)?);
    }
    Ok(accounts)
}

/// The account of a found entry; `None` if it is another program's.
#[cfg(target_os = "macos")]
fn account_of(entry: &Entry) -> Result<Option<String>, KeyringFailure> {
    Ok(entry.get_specifiers().filter(|(service, _)| service == SERVICE).map(|(_, account)| account))
}

#[cfg(windows)]
fn account_of(entry: &Entry) -> Result<Option<String>, KeyringFailure> {
    let named = entry.get_specifiers().filter(|(service, _)| service == SERVICE).map(|(_, account)| account);
    let Some(account) = named else { return Ok(None) };
    match entry.get_attributes() {
        Ok(attributes) => Ok(is_ours(&attributes, &account).then_some(account)),
        // Deleted since the search, or not a generic entry.
        Err(KeyringError::NoEntry) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(any(target_os = "macos", windows)))]
fn account_of(entry: &Entry) -> Result<Option<String>, KeyringFailure> {
    let attributes = match entry.get_attributes().map_err(KeyringFailure::from) {
        Ok(attributes) => attributes,
        Err(failure) if failure.has_vanished() => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let account = attributes.get("username").filter(|account| is_ours(&attributes, account));
    Ok(account.cloned())
}

/// Whether an entry that the store found by this account has what ours have. The Secret Service finds entries by a part of
/// their attributes, so that another program's may have more.
#[cfg(not(any(target_os = "macos", windows)))]
pub(crate) fn is_ours(attributes: &HashMap<String, String>, _account: &str) -> bool {
    const KEYS: [&str; 5] = ["service", "username", "target", "xdg:schema", "label"];
    attributes.keys().all(|key| KEYS.contains(&key.as_str()))
}

/// The same in the Credential Manager, which finds an entry by its whole name: another program's has another user's name in
/// it, or a remark.
#[cfg(windows)]
fn is_ours(attributes: &HashMap<String, String>, account: &str) -> bool {
    let says = |key: &str, value: &str| attributes.get(key).is_some_and(|said| said == value);
    says("username", account) && says("comment", "")
}
