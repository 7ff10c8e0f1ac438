//! The source of a client's secrets.

use std::fmt::Debug;
use std::future::Future;
#[cfg(feature = "file-store")]
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
#[cfg(any(feature = "keyring", feature = "file-store"))]
use std::time::Duration;
#[cfg(feature = "file-store")]
use std::time::Instant;

#[cfg(any(feature = "keyring", feature = "file-store"))]
use super::blocking::blocking;
use crate::error::{Error, Result};
use crate::secret::Secret;
#[cfg(feature = "file-store")]
use crate::secrets::age_store::{Key, SealedFile};
#[cfg(feature = "keyring")]
use crate::secrets::keyring::Keyring;
#[cfg(any(feature = "keyring", feature = "file-store"))]
use crate::secrets::lookup::UNATTENDED;
use crate::secrets::store::SecretId;
#[cfg(any(feature = "keyring", feature = "file-store"))]
use crate::secrets::store::SecretStore;
use crate::settings::types::{SecretKind, StoreKind, Username};

/// A future that a trait object can give.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which secret is wanted, and which origin it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRequest(SecretId);

impl SecretRequest {
    /// The kind of secret.
    pub fn kind(&self) -> SecretKind {
        self.0.kind
    }

    /// The app client that it belongs to.
    pub fn client_id(&self) -> &str {
        self.0.client_id.as_str()
    }

    /// The origin that it belongs to, such as `https://ws.auth.us-east-1.amazoncognito.com`. It is sent there, or where tokens are exchanged
    /// to the API of the same pool.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The user that it belongs to; `None` for an app client's secret.
    pub fn username(&self) -> Option<&str> {
        self.0.username.as_ref().map(Username::as_str)
    }
}

impl From<SecretId> for SecretRequest {
    fn from(binding: SecretId) -> Self {
        SecretRequest(binding)
    }
}

/// A source of secrets: a vault, a file, a test. It is asked only when a request needs the secret. Blocking work belongs on its own thread
/// (`tokio::task::spawn_blocking`), as in [`StoredSecrets`].
pub trait SecretSource: Debug + Send + Sync + 'static {
    /// The secret; none where the source has none of this kind for this client, origin and user. It is asked for
    /// [`SecretKind::M2mClientNext`] only where Cognito has refused the [`SecretKind::M2mClient`].
    ///
    /// # Errors
    /// An error if the source can't be read, which is not the same as having no secret.
    fn secret(&self, request: SecretRequest) -> BoxFuture<'_, Result<Option<Secret>>>;

    /// Stores the results of a sign-in of a profile's user ([`SecretKind::RefreshToken`], [`SecretKind::Device`]), replacing earlier ones. A
    /// source that can't store returns `false`: then the client keeps them in memory, as a client from values always does.
    ///
    /// # Errors
    /// An error if the source can't be written.
    fn store(&self, request: SecretRequest, secret: Secret) -> BoxFuture<'_, Result<bool>> {
        let _ = (request, secret);
        Box::pin(async { Ok(false) })
    }

    /// Deletes what [`SecretSource::store`] stored.
    ///
    /// # Errors
    /// An error if the source can't be written.
    fn delete(&self, request: SecretRequest) -> BoxFuture<'_, Result<()>> {
        let _ = request;
        Box::pin(async { Ok(()) })
    }
}

/// The default source: the profile's store, if this build can open it. It is not opened for users' secrets of kinds that are not `listed`.
pub(super) fn unless_given(store: StoreKind, listed: Vec<SecretKind>) -> Arc<dyn SecretSource> {
    match store {
        #[cfg(feature = "keyring")]
        StoreKind::Keyring => {
            Arc::new(StoredSecrets { place: Place::Keyring, patience: UNATTENDED, listed: Some(listed) })
        }
        store => Arc::new(Unopened { store, listed }),
    }
}

/// Whether a store is known to lack such a secret.
fn is_unlisted(kind: SecretKind, listed: &[SecretKind]) -> bool {
    matches!(kind, SecretKind::UserClient | SecretKind::Password | SecretKind::Totp) && !listed.contains(&kind)
}

/// Secrets that this client can't get at.
#[derive(Debug)]
struct Unopened {
    store: StoreKind,
    listed: Vec<SecretKind>,
}

impl SecretSource for Unopened {
    fn secret(&self, request: SecretRequest) -> BoxFuture<'_, Result<Option<Secret>>> {
        Box::pin(async move {
            if is_unlisted(request.kind(), &self.listed) {
                return Ok(None);
            }
            Err(self.error())
        })
    }

    fn store(&self, _: SecretRequest, _: Secret) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async { Err(self.error()) })
    }

    fn delete(&self, _: SecretRequest) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(self.error()) })
    }
}

impl Unopened {
    fn error(&self) -> Error {
        Error::store(match self.store {
            StoreKind::File => {
                "the secrets are in a sealed file: give the client `StoredSecrets::sealed_file` with its identity"
            }
            StoreKind::Keyring => {
                "this build reads no keyring: give the client the secret or a source of secrets, or build the library with the feature `keyring`"
            }
        })
    }
}

/// The secrets that `cogtok secret set` has stored, in the operating system's keyring or in the sealed file. Blocking work runs on its own
/// thread and is given up after the time limit of the source.
#[cfg(any(feature = "keyring", feature = "file-store"))]
#[derive(Debug, Clone)]
pub struct StoredSecrets {
    place: Place,
    patience: Duration,
    /// The kinds of users' secrets that exist, if known: the store is not opened for others.
    listed: Option<Vec<SecretKind>>,
}

#[cfg(any(feature = "keyring", feature = "file-store"))]
#[derive(Debug, Clone)]
enum Place {
    #[cfg(feature = "keyring")]
    Keyring,
    #[cfg(feature = "file-store")]
    File(PathBuf, Key),
}

#[cfg(any(feature = "keyring", feature = "file-store"))]
impl StoredSecrets {
    /// The keyring, which may take as long as `patience`.
    #[cfg(feature = "keyring")]
    pub fn keyring(patience: Duration) -> Self {
        StoredSecrets { place: Place::Keyring, patience, listed: None }
    }

    /// The sealed file at `path` (age), opened with an X25519 identity: the line `AGE-SECRET-KEY-1…` that `cogtok secret init`
    /// writes.
    ///
    /// # Errors
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) for what is no identity.
    #[cfg(feature = "file-store")]
    pub fn sealed_file(path: impl Into<PathBuf>, identity: &Secret) -> Result<Self> {
        Ok(StoredSecrets::in_file(path.into(), Key::identity(identity)?))
    }

    /// The sealed file at `path` (age), opened with its passphrase.
    #[cfg(feature = "file-store")]
    pub fn sealed_file_with_passphrase(path: impl Into<PathBuf>, passphrase: Secret) -> Self {
        StoredSecrets::in_file(path.into(), Key::Passphrase(passphrase))
    }

    #[cfg(feature = "file-store")]
    fn in_file(path: PathBuf, key: Key) -> Self {
        StoredSecrets { place: Place::File(path, key), patience: UNATTENDED, listed: None }
    }

    fn open(&self) -> Result<SecretStore> {
        match &self.place {
            #[cfg(feature = "keyring")]
            Place::Keyring => Ok(Keyring::new(self.patience).into()),
            #[cfg(feature = "file-store")]
            Place::File(path, key) => {
                let deadline = Instant::now() + self.patience;
                Ok(SealedFile::new(path.clone(), key.clone(), deadline).into())
            }
        }
    }

    async fn with_store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SecretStore) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let opener = self.clone();
        blocking(move || work(&opener.open()?)).await
    }
}

#[cfg(any(feature = "keyring", feature = "file-store"))]
impl SecretSource for StoredSecrets {
    fn secret(&self, request: SecretRequest) -> BoxFuture<'_, Result<Option<Secret>>> {
        Box::pin(async move {
            if self.listed.as_ref().is_some_and(|listed| is_unlisted(request.kind(), listed)) {
                return Ok(None);
            }
            let is_listed = self.listed.is_some();
            self.with_store(move |store| match request.kind() {
                SecretKind::Device
                | SecretKind::Totp
                | SecretKind::Password
                | SecretKind::M2mClientNext
                | SecretKind::RunKey => store.find(&request.0),
                // A missing secret must not look like a users' client without one.
                SecretKind::UserClient if is_listed => {
                    store.get(&request.0, "")?.map(Some).ok_or_else(|| request.0.missing())
                }
                SecretKind::M2mClient | SecretKind::UserClient | SecretKind::RefreshToken => store.get(&request.0, ""),
            })
            .await
        })
    }

    fn store(&self, request: SecretRequest, secret: Secret) -> BoxFuture<'_, Result<bool>> {
        Box::pin(self.with_store(move |store| store.set(&request.0, &secret).map(|()| true)))
    }

    fn delete(&self, request: SecretRequest) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.with_store(move |store| store.delete(&request.0).map(drop)))
    }
}
