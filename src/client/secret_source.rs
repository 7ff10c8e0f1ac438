//! Where a client's secrets come from.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::blocking::blocking;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::secrets::keyring::Keyring;
use crate::secrets::store::{SecretId, SecretStore};
use crate::settings::types::StoreKind;

/// A future that a trait object can give.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which secret is wanted, and where it is going to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRequest(SecretId);

impl SecretRequest {
    /// The app client that it belongs to.
    pub fn client_id(&self) -> &str {
        self.0.client_id.as_str()
    }

    /// The origin that it is about to be sent to, such as `https://ws.auth.us-east-1.amazoncognito.com`.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }
}

impl From<SecretId> for SecretRequest {
    fn from(binding: SecretId) -> Self {
        SecretRequest(binding)
    }
}

/// A source of client secrets: a vault, a file, a test. It is asked only when a request needs the secret.
///
/// A [`Secret`] is itself a source: the same for every request.
pub trait SecretSource: Debug + Send + Sync + 'static {
    /// The secret; none where the source has none for this client and origin.
    ///
    /// # Errors
    /// What keeps the source from being read, which is not the same as having none.
    fn secret(&self, request: SecretRequest) -> BoxFuture<'_, Result<Option<Secret>>>;
}

impl SecretSource for Secret {
    fn secret(&self, _: SecretRequest) -> BoxFuture<'_, Result<Option<Secret>>> {
        Box::pin(async move { Ok(Some(self.clone())) })
    }
}

/// The secrets that `cogtok secret set` has stored in the operating system's keyring. Each look at it has a thread of its own
/// and gives up after the time it was made with.
#[derive(Debug, Clone)]
pub struct StoredSecrets {
    store: StoreKind,
    patience: Duration,
}

impl StoredSecrets {
    /// The keyring, which may take as long as `patience`.
    pub fn keyring(patience: Duration) -> Self {
        StoredSecrets { store: StoreKind::Keyring, patience }
    }

    pub(super) fn of(store: StoreKind, patience: Duration) -> Self {
        StoredSecrets { store, patience }
    }
}

impl SecretSource for StoredSecrets {
    fn secret(&self, request: SecretRequest) -> BoxFuture<'_, Result<Option<Secret>>> {
        let StoredSecrets { store, patience } = self.clone();
        Box::pin(blocking(move || match store {
            StoreKind::Keyring => SecretStore::Keyring(Keyring::new(patience)).get(&request.0, ""),
            // What opens a sealed file is the caller's to know.
            StoreKind::File => Err(Error::store(
                "the secrets are kept in a sealed file: give the client a source of its own that opens it",
            )),
        }))
    }
}
