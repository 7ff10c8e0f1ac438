//! Reads the keyring without unlocking it: the store under `keyring` unlocks everything it searches, which prompts the person at the
//! desktop.

use super::failure::KeyringFailure;
use crate::secrets::lookup::{SecretLookup, SecretStatus};
use crate::settings::secret_id::SecretId;

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
pub(crate) fn look(wanted: &[SecretId]) -> Result<SecretLookup, KeyringFailure> {
    use std::collections::HashMap;

    use secret_service::EncryptionType;
    use secret_service::blocking::SecretService;

    use super::entries::{SERVICE, is_ours};

    let unreachable = |why: secret_service::Error| KeyringFailure::Unreachable(why.to_string());
    let service = SecretService::connect(EncryptionType::Dh).map_err(unreachable)?;
    let is_locked = match service.get_default_collection() {
        Ok(collection) => collection.is_locked().map_err(decode)?,
        Err(why) => return Err(decode(why)),
    };
    let mut found = Vec::new();
    for binding in wanted {
        let account = binding.account();
        let items = service.search_items(HashMap::from([("service", SERVICE), ("username", account.as_str())]));
        let items = items.map_err(decode)?;
        if !items.unlocked.is_empty() || !items.locked.is_empty() {
            found.push(SecretStatus::Here);
            continue;
        }
        let mut origins = Vec::new();
        for item in service.search_items(HashMap::from([("service", SERVICE)])).map_err(decode)?.unlocked {
            let attributes = match item.get_attributes().map_err(decode) {
                Ok(attributes) => attributes,
                Err(failure) if failure.has_vanished() => continue,
                Err(failure) => return Err(failure),
            };
            let account = attributes.get("username").filter(|account| is_ours(&attributes, account));
            origins.extend(account.and_then(|account| binding.origin_in(account)).map(str::to_owned));
        }
        found.push(if origins.is_empty() { SecretStatus::Missing } else { SecretStatus::Elsewhere(origins) });
    }
    Ok(SecretLookup { is_locked, found })
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn decode(why: secret_service::Error) -> KeyringFailure {
    use keyring::Error as KeyringError;
    match why {
        secret_service::Error::Locked | secret_service::Error::NoResult | secret_service::Error::Prompt => {
            KeyringFailure::Keyring(KeyringError::NoStorageAccess(Box::new(why)))
        }
        why => KeyringFailure::Keyring(KeyringError::PlatformFailure(Box::new(why))),
    }
}

/// Other keyrings list the names of their entries without reading any and without asking.
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
pub(crate) fn look(wanted: &[SecretId]) -> Result<SecretLookup, KeyringFailure> {
    keyring::Entry::store_status().as_ref().map_err(|why| KeyringFailure::Unreachable(why.to_string()))?;
    let accounts = crate::secrets::keyring::entries::accounts()?;
    let presence = |binding: &SecretId| {
        let origins = || accounts.iter().filter_map(|account| binding.origin_in(account)).map(str::to_owned);
        if accounts.contains(&binding.account()) {
            SecretStatus::Here
        } else if origins().next().is_none() {
            SecretStatus::Missing
        } else {
            SecretStatus::Elsewhere(origins().collect())
        }
    };
    Ok(SecretLookup { is_locked: false, found: wanted.iter().map(presence).collect() })
}
