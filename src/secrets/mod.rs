//! The secret store: the operating system's keyring, or one file sealed with age.

#[cfg(feature = "file-store")]
pub mod age_file;
#[cfg(feature = "file-store")]
pub mod age_store;
#[cfg(feature = "keyring")]
pub mod keyring;
pub(crate) mod lookup;
#[cfg(any(feature = "keyring", feature = "file-store"))]
pub mod places;
#[cfg(feature = "file-store")]
pub(crate) mod stanzas;
pub mod store;
