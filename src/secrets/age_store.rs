//! Secrets in one private file, encrypted with age, for machines without a keyring.
//!
//! The file opens with an X25519 identity that is stored elsewhere, or with a passphrase. The `age` command line opens it too: it contains
//! a JSON object of entry names and secrets.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use age::DecryptError;
use age::secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{AdviceKind, Error, Result};
use crate::secret::Secret;
use crate::secret::shape::check_passphrase;
use crate::secrets::lookup::FoundSecret;
use crate::secrets::stanzas::too_much;
use crate::settings::secret_id::SecretId;
use crate::store::elsewhere;
use crate::store::file;
use crate::store::file::Lock;
use crate::store::within;
use crate::store::within::within;
use crate::text::decode;

const VERSION: u32 = 1;
const LIMIT: u64 = 4 * 1024 * 1024;

/// The shortest time limit for opening: allocating its memory takes time.
const LEAST_PATIENCE: Duration = Duration::from_secs(2);

/// scrypt's work factor for files written here: a tenth of a second and 36 MB.
pub(crate) const WORK_FACTOR: u8 = 15;

/// The highest work factor of a file that is opened: `age -p` writes it.
pub(crate) const MAX_WORK_FACTOR: u8 = 18;

/// The key of the file.
#[derive(Clone)]
pub enum Key {
    /// An X25519 identity.
    Identity(Box<age::x25519::Identity>),
    /// A passphrase.
    Passphrase(Secret),
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Key::Identity(_) => "Identity([redacted])",
            Key::Passphrase(_) => "Passphrase([redacted])",
        })
    }
}

impl Key {
    /// The identity in a file as age-keygen writes it: a path, or a descriptor as `/dev/fd/N`.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when it can't be read or holds no identity. Its content is never
    /// repeated.
    pub fn identity_from(path: &Path, deadline: Instant) -> Result<Self> {
        let unusable = |why: &dyn std::fmt::Display| {
            Error::store(format!("the identity in {} is not usable: {why}", path.display()))
                .hint(AdviceKind::MakeIdentity)
        };
        let bytes = within::read(path, 64 * 1024, deadline, warn_if_shared).map_err(|error| unusable(&error))?;
        let text = decode(&bytes).ok_or_else(|| unusable(&"it is not UTF-8"))?;
        Key::parse(text.as_str()).ok_or_else(|| unusable(&"it contains no X25519 identity"))
    }

    /// The identity in a text as age-keygen writes it.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when it holds none. The text is never repeated.
    pub fn identity(text: &Secret) -> Result<Self> {
        Key::parse(text.expose()).ok_or_else(|| Error::store("the text contains no X25519 identity"))
    }

    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
        Some(Key::Identity(Box::new(line.parse::<age::x25519::Identity>().ok()?)))
    }
}

#[cfg(unix)]
fn warn_if_shared(path: &Path, file: &File) {
    use std::os::unix::fs::MetadataExt;
    if file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o077 != 0) {
        let path = path.display();
        log::warn!(target: "cogtok", "other users of this machine can read the identity in {path}: chmod 600 {path}");
    }
}

#[cfg(not(unix))]
fn warn_if_shared(path: &Path, _: &File) {
    if let Some(why) = file::why_others_read(path) {
        log::warn!(target: "cogtok", "the identity in {}: {why}", path.display());
    }
}

/// Creates a private identity file, and returns its public key. An existing file is not changed.
///
/// # Errors
/// [`Kind::Store`](crate::error::Kind::Store) if the file exists or can't be written.
pub fn make_identity(path: &Path) -> Result<String> {
    let unwritable = |error: io::Error| Error::store(format!("{} can't be written: {error}", path.display()));
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    let text = Zeroizing::new(format!("# public key: {public}\n{}\n", identity.to_string().expose_secret()));
    match file::create_new(path, text.as_bytes()) {
        Ok(()) => Ok(public),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(Error::store(format!("{} already exists: nothing was changed", path.display()))
                .hint(AdviceKind::UseExistingIdentity))
        }
        Err(error) => Err(unwritable(error)),
    }
}

/// The sealed file and what opens it.
#[derive(Debug)]
pub struct SealedFile {
    path: PathBuf,
    key: Key,
    deadline: Instant,
    /// The time limit for opening. It is a duration, since the deadline moves while a person answers, and restarts in a call that serves
    /// many requests.
    patience: Duration,
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    version: u32,
    secrets: BTreeMap<String, String>,
}

impl Drop for Content {
    fn drop(&mut self) {
        self.secrets.values_mut().for_each(Zeroize::zeroize);
    }
}

impl SealedFile {
    /// The file at `path`, which need not exist. `deadline` is for waiting until another process has written it; opening it may
    /// take as long as there is until then.
    pub fn new(path: PathBuf, key: Key, deadline: Instant) -> Self {
        let patience = deadline.saturating_duration_since(Instant::now()).max(LEAST_PATIENCE);
        SealedFile { path, key, deadline, patience }
    }

    /// Whether the file, where there is one, opens.
    ///
    /// # Errors
    /// As [`SealedFile::find`].
    pub fn check(&self) -> Result<()> {
        self.open().map(drop)
    }

    /// Creates the file if it does not exist.
    ///
    /// # Errors
    /// As [`SealedFile::set`].
    pub fn create(&self) -> Result<()> {
        self.change(|_| ())
    }

    /// Whether the key is one that opens the file.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be read, or is damaged.
    pub fn is_opened(&self) -> Result<bool> {
        let Some(sealed) = self.read()? else { return Ok(true) };
        match self.decrypt(sealed)? {
            Ok(_) => Ok(true),
            Err(DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed) => {
                Ok(false)
            }
            Err(error) => Err(self.explain(&error)),
        }
    }

    /// Looks this binding up in the file.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when it can't be read or opened.
    pub fn find(&self, binding: &SecretId) -> Result<FoundSecret> {
        let mut content = self.open()?;
        match content.secrets.remove(&binding.account()) {
            Some(secret) => Ok(FoundSecret::Secret(Secret::new(secret))),
            None => {
                let origins = content.secrets.keys().filter_map(|account| binding.origin_in(account));
                Ok(FoundSecret::Elsewhere(origins.map(str::to_owned).collect()))
            }
        }
    }

    /// The names of all entries.
    ///
    /// # Errors
    /// As [`SealedFile::find`].
    pub fn accounts(&self) -> Result<Vec<String>> {
        Ok(self.open()?.secrets.keys().cloned().collect())
    }

    /// Stores a secret.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be opened or written; the old one is untouched.
    pub fn set(&self, binding: &SecretId, secret: &Secret) -> Result<()> {
        self.change(|secrets| {
            secrets.insert(binding.account(), secret.expose().to_owned()).zeroize();
        })
    }

    /// Deletes the secret with this binding; returns whether there was one.
    ///
    /// # Errors
    /// As [`SealedFile::set`].
    pub fn delete(&self, binding: &SecretId) -> Result<bool> {
        let mut was_there = false;
        self.change(|secrets| {
            let mut old = secrets.remove(&binding.account());
            was_there = old.is_some();
            old.zeroize();
        })?;
        Ok(was_there)
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<()> {
        let unwritable = |error: io::Error| Error::store(format!("{} can't be written: {error}", self.path.display()));
        let _lock = Lock::exclusive(&self.path.with_extension("lock"), self.deadline)
            .map_err(|error| error.into_error(unwritable))?;
        let mut content = self.open()?;
        change(&mut content.secrets);
        content.version = VERSION;
        let plain = serde_json::to_vec(&content).map(Zeroizing::new).map_err(|error| unwritable(error.into()))?;
        let sealed = match &self.key {
            Key::Identity(identity) => age::encrypt(&identity.to_public(), &plain),
            Key::Passphrase(passphrase) => {
                let mut recipient = age::scrypt::Recipient::new(secrecy(passphrase));
                recipient.set_work_factor(WORK_FACTOR);
                age::encrypt(&recipient, &plain)
            }
        };
        let sealed = sealed.map_err(|error| unwritable(io::Error::other(error.to_string())))?;
        // A larger one would not be read again.
        if sealed.len() as u64 > LIMIT {
            let shown = self.path.display();
            return Err(Error::store(format!("{shown} would be larger than {} MiB: nothing was changed", LIMIT >> 20))
                .hint(AdviceKind::DeleteSecrets));
        }
        file::replace_if(&self.path, &sealed, || true).map(drop).map_err(unwritable)
    }

    fn read(&self) -> Result<Option<Zeroizing<Vec<u8>>>> {
        file::read(&self.path, LIMIT).map_err(|error| {
            let way = elsewhere(&error, "XDG_DATA_HOME");
            Error::store(format!("{} can't be read: {error}{way}", self.path.display()))
        })
    }

    /// Decrypts on a separate thread: a file from somebody else may take long.
    fn decrypt(&self, sealed: Zeroizing<Vec<u8>>) -> Result<Result<Zeroizing<Vec<u8>>, DecryptError>> {
        let shown = self.path.display();
        if let Some(why) = too_much(&sealed) {
            return Err(Error::store(format!("{shown} is refused: {why}")));
        }
        let key = self.key.clone();
        let open = move || {
            let plain = match &key {
                Key::Identity(identity) => age::decrypt(identity.as_ref(), &sealed),
                Key::Passphrase(passphrase) => {
                    let mut identity = age::scrypt::Identity::new(secrecy(passphrase));
                    identity.set_max_work_factor(MAX_WORK_FACTOR);
                    age::decrypt(&identity, &sealed)
                }
            };
            plain.map(Zeroizing::new)
        };
        let opened = within(Instant::now() + self.patience, "open", open);
        let opened = opened.map_err(|error| Error::store(format!("{shown} can't be opened: {error}")))?;
        opened.ok_or_else(|| late(&shown))
    }

    fn open(&self) -> Result<Content> {
        let shown = self.path.display();
        let Some(sealed) = self.read()? else { return Ok(Content::default()) };
        let plain = self.decrypt(sealed)?.map_err(|error| self.explain(&error))?;
        let content: Content = serde_json::from_slice(&plain)
            .map_err(|_| Error::store(format!("{shown} opens, but does not hold what cogtok writes")))?;
        if content.version <= VERSION {
            Ok(content)
        } else {
            Err(Error::store(format!("{shown} was written by a newer cogtok")).hint("update cogtok"))
        }
    }

    fn explain(&self, error: &DecryptError) -> Error {
        let shown = self.path.display();
        let other_key =
            "was it created with another one, or with the other of COGTOK_SECRET_IDENTITY and COGTOK_PASSPHRASE?";
        match error {
            DecryptError::NoMatchingKeys | DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
                match &self.key {
                    Key::Identity(_) => Error::store(format!("this identity does not open {shown}")).hint(other_key),
                    Key::Passphrase(passphrase) => wrong_passphrase(&shown, passphrase).hint(other_key),
                }
            }
            DecryptError::ExcessiveWork { required, .. } => Error::store(format!(
                "{shown} is refused: its scrypt work factor is {required}, more than {MAX_WORK_FACTOR}"
            )),
            _ => Error::store(format!("{shown} is damaged: nothing was changed"))
                .hint("restore it from a backup, or move it away and store the secrets again"),
        }
    }
}

/// The error for a file that takes too long to open.
pub(crate) fn late(shown: &dyn std::fmt::Display) -> Error {
    Error::store(format!("{shown} could not be opened in time")).hint(AdviceKind::AllowLongerOpening)
}

/// The error for a passphrase that does not open a file.
pub(crate) fn wrong_passphrase(shown: &dyn std::fmt::Display, passphrase: &Secret) -> Error {
    let error = Error::store(format!("this passphrase does not open {shown}"));
    check_passphrase(passphrase).into_iter().fold(error, Error::hint)
}

pub(crate) fn secrecy(passphrase: &Secret) -> SecretString {
    SecretString::from(passphrase.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(origin: &str) -> SecretId {
        SecretId {
            kind: crate::settings::types::SecretKind::M2mClient,
            client_id: "client".parse().unwrap(),
            origin: origin.to_owned(),
            username: None,
        }
    }

    fn sealed(dir: &Path, key: Key) -> SealedFile {
        SealedFile::new(dir.join("secrets.age"), key, Instant::now())
    }

    #[test]
    fn secrets_come_back_with_the_same_key_and_with_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let identity_file = dir.path().join("identity.txt");
        make_identity(&identity_file).unwrap();
        assert!(make_identity(&identity_file).is_err());
        let keys: [fn(&Path) -> Key; 2] = [
            |file| Key::identity_from(file, Instant::now() + std::time::Duration::from_secs(5)).unwrap(),
            |_| Key::Passphrase(Secret::new("correct horse".into())),
        ];
        for (index, key) in keys.iter().enumerate() {
            let dir = dir.path().join(index.to_string());
            sealed(&dir, key(&identity_file)).set(&binding("https://a"), &Secret::new("hunter2".into())).unwrap();
            let raw = std::fs::read(dir.join("secrets.age")).unwrap();
            assert!(!raw.windows(7).any(|window| window == b"hunter2"));
            let file = sealed(&dir, key(&identity_file));
            assert!(
                matches!(file.find(&binding("https://a")).unwrap(), FoundSecret::Secret(secret) if secret.expose() == "hunter2")
            );
            assert!(
                matches!(file.find(&binding("https://b")).unwrap(), FoundSecret::Elsewhere(origins) if origins == ["https://a"])
            );
            let other = Key::Identity(Box::new(age::x25519::Identity::generate()));
            for wrong in [other, Key::Passphrase(Secret::new("wrong".into()))] {
                let error = sealed(&dir, wrong).set(&binding("https://c"), &Secret::new("x".into())).unwrap_err();
                assert_eq!(error.kind().exit_code(), 7);
            }
            assert_eq!(std::fs::read(dir.join("secrets.age")).unwrap(), raw);
            assert!(file.delete(&binding("https://a")).unwrap() && !file.delete(&binding("https://a")).unwrap());
        }
    }

    #[test]
    fn an_expensive_passphrase_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut recipient = age::scrypt::Recipient::new("correct horse".to_owned().into());
        recipient.set_work_factor(MAX_WORK_FACTOR + 1);
        file::replace(&dir.path().join("secrets.age"), &age::encrypt(&recipient, b"{}").unwrap()).unwrap();
        let error = sealed(dir.path(), Key::Passphrase(Secret::new("correct horse".into())))
            .find(&binding("https://a"))
            .unwrap_err();
        assert!(error.message().contains("work factor is 19"), "{error}");
    }
}
