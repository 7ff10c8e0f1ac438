//! A private JSON file of state, with a lock beside it: the base of every small store.
//!
//! A file is read without the lock, and replaced only by who holds it: [`file::replace`] asks for that.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::file::{self, Lock, LockError, LockNote, lock_timeout_error};
use crate::error::Result;

/// The content of a state file.
pub trait FileContent: Serialize + DeserializeOwned {
    /// The most bytes that are read.
    const LIMIT: u64;
    /// The version in the file, the only one that is read; `None` for files without versions.
    const VERSION: Option<u64> = None;
    /// Whether people read the file too.
    const IS_PRETTY: bool = false;

    /// Reads the file's bytes, if its owner and its mode allow it.
    ///
    /// # Errors
    /// As [`file::read_private`].
    fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        file::read_private(path, Self::LIMIT)
    }
}

/// Why a state file gives nothing.
#[derive(Debug)]
pub enum ReadError {
    /// It can't be read, is too large or is accessible to other users.
    Io(io::Error),
    /// Its content is invalid.
    Malformed,
    /// It has another version.
    Version(u64),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => error.fmt(f),
            ReadError::Malformed => f.write_str("it is not what cogtok writes"),
            ReadError::Version(version) => write!(f, "it has another version, {version}"),
        }
    }
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    version: u64,
    #[serde(flatten)]
    content: &'a T,
}

/// The name of the file for what is known as `id`: half of its SHA-256 digest in hexadecimal digits.
pub fn digest_name(id: impl AsRef<[u8]>) -> String {
    Sha256::digest(id).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The place of a state file, which need not exist.
#[derive(Debug)]
pub struct StateFile<T> {
    path: PathBuf,
    content: PhantomData<fn() -> T>,
}

impl<T: FileContent> StateFile<T> {
    /// The file `name`.json in `dir`.
    pub fn new(dir: &Path, name: &str) -> Self {
        Self::at(dir.join(format!("{name}.json")))
    }

    /// The file at `path`.
    pub fn at(path: PathBuf) -> Self {
        StateFile { path, content: PhantomData }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory that it is in.
    pub fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    /// The content; `None` without a file.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(&self) -> Result<Option<T>, ReadError> {
        let bytes = T::read(&self.path).map_err(ReadError::Io)?;
        bytes.map(|bytes| Self::decode(&bytes)).transpose()
    }

    /// What a file of these bytes contains.
    pub(crate) fn decode(bytes: &[u8]) -> Result<T, ReadError> {
        if let Some(expected) = T::VERSION {
            let Version { version } = serde_json::from_slice(bytes).map_err(|_| ReadError::Malformed)?;
            if version != expected {
                return Err(ReadError::Version(version));
            }
        }
        serde_json::from_slice(bytes).map_err(|_| ReadError::Malformed)
    }

    /// The content; `None` also for an invalid file. An unreadable one causes a warning.
    pub fn read_or_warn(&self, what: &str, is: &str) -> Option<T> {
        match self.read() {
            Ok(content) => content,
            Err(ReadError::Io(error)) => {
                log::warn!(target: "cogtok", "{what} in {} {is} ignored: {error}", self.path.display());
                None
            }
            Err(_) => None,
        }
    }

    /// Replaces the file's content. A store with one lock for all its files holds `_lock`; others have [`StateLock::replace`].
    ///
    /// # Errors
    /// As [`file::replace`].
    pub fn replace(&self, content: &T, _lock: &Lock) -> io::Result<()> {
        let bytes = match T::VERSION {
            Some(version) => encode(&Versioned { version, content }, T::IS_PRETTY),
            None => encode(content, T::IS_PRETTY),
        };
        file::replace(&self.path, &bytes?)
    }

    /// Waits until `deadline` for the lock to replace the file; creates a private directory.
    pub(crate) fn lock(&self, deadline: Instant) -> Result<StateLock<T>, LockError> {
        file::create_private_dir(self.dir()).map_err(LockError::Unavailable)?;
        let lock = Lock::exclusive(&self.path.with_extension("lock"), deadline)?;
        Ok(StateLock { lock, file: Self::at(self.path.clone()) })
    }

    /// Replaces the content under the lock, whatever it was.
    pub(crate) fn write(&self, content: &T, deadline: Instant) -> Result<(), LockError> {
        self.lock(deadline)?.replace(content).map_err(LockError::Unavailable)
    }

    /// As [`StateFile::lock`]. `None` if this machine has no locks, after `warn` was called with the directory and the reason: the caller
    /// may continue without the file.
    pub(crate) fn lock_or(
        &self,
        deadline: Instant,
        warn: impl FnOnce(&Path, &io::Error),
    ) -> Result<Option<StateLock<T>>> {
        match self.lock(deadline) {
            Err(LockError::Unavailable(error)) => {
                warn(self.dir(), &error);
                Ok(None)
            }
            Err(LockError::Timeout { pid }) => Err(lock_timeout_error(pid)),
            Ok(lock) => Ok(Some(lock)),
        }
    }
}

fn encode(content: &impl Serialize, is_pretty: bool) -> io::Result<Zeroizing<Vec<u8>>> {
    let bytes = if is_pretty { serde_json::to_vec_pretty(content) } else { serde_json::to_vec(content) };
    Ok(Zeroizing::new(bytes?))
}

/// The right to replace one state file. It ends when it is dropped, or with the process.
pub struct StateLock<T> {
    lock: Lock,
    file: StateFile<T>,
}

impl<T: FileContent> StateLock<T> {
    /// The file.
    pub(crate) fn file(&self) -> &StateFile<T> {
        &self.file
    }

    /// Replaces the file's content.
    pub(crate) fn replace(&self, content: &T) -> io::Result<()> {
        self.file.replace(content, &self.lock)
    }

    /// The note of the last holder, with this one's changes.
    pub(crate) fn note(&self) -> &LockNote {
        self.lock.note()
    }

    /// Leaves the failure of this holder to those who wait, or takes back that of an earlier one.
    pub(crate) fn note_failure(&mut self, failure: Option<serde_json::Value>) {
        self.lock.change_note(|note| note.failure = failure);
    }

    /// Records that a refresh token is about to be sent, or that the result is known. Returns the previous value: a process that was killed
    /// in between leaves `true`.
    pub(crate) fn mark_refresh_in_flight(&mut self, is_refreshing: bool) -> bool {
        let before = self.lock.note().is_refreshing;
        self.lock.change_note(|note| (note.failure, note.is_refreshing) = (None, is_refreshing));
        before
    }
}
