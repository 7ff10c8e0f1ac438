//! Where secrets are kept: the operating system's keyring, or one file sealed with age.

pub mod age_file;
pub mod age_store;
pub mod keyring;
pub(crate) mod lookup;
pub(crate) mod stanzas;
pub mod store;
