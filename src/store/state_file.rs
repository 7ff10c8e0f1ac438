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
        let bytes = bytes?;
        // What would not be read again must not take the place of what is.
        if bytes.len() as u64 > T::LIMIT {
            let why = format!("it would be larger than {} bytes", T::LIMIT);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
        }
        file::replace(&self.path, &bytes)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Plain {
        n: u8,
    }

    impl FileContent for Plain {
        const LIMIT: u64 = 12;
        const IS_PRETTY: bool = true;
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Third {
        n: u8,
    }

    impl FileContent for Third {
        const LIMIT: u64 = 100;
        const VERSION: Option<u64> = Some(3);
    }

    /// When a lock that nobody holds is certainly free: those who gave up waiting may still get it for a moment.
    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(60)
    }

    fn text(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_file_is_read_if_it_is_of_this_version_and_size() {
        let dir = tempfile::tempdir().unwrap();
        let file: StateFile<Third> = StateFile::new(&dir.path().join("private"), "state");
        assert_eq!(file.path(), dir.path().join("private/state.json"));
        assert_eq!(file.dir(), dir.path().join("private"));
        assert!(file.read().unwrap().is_none() && file.read_or_warn("it", "is").is_none());
        file.write(&Third { n: 7 }, soon()).unwrap();
        assert_eq!(text(file.path()), r#"{"version":3,"n":7}"#);
        assert_eq!(file.read().unwrap(), Some(Third { n: 7 }));
        assert_eq!(file.read_or_warn("it", "is"), Some(Third { n: 7 }));
        for (bytes, why) in [
            (r#"{"version":2,"n":7}"#, "it has another version, 2"),
            (r#"{"version":4,"n":7}"#, "it has another version, 4"),
            (r#"{"n":7}"#, "it is not what cogtok writes"),
            (r#"{"version":3}"#, "it is not what cogtok writes"),
            ("", "it is not what cogtok writes"),
        ] {
            assert_eq!(StateFile::<Third>::decode(bytes.as_bytes()).unwrap_err().to_string(), why, "{bytes}");
            file::replace(file.path(), bytes.as_bytes()).unwrap();
            assert_eq!(file.read_or_warn("it", "is"), None);
        }
        let small: StateFile<Plain> = StateFile::at(dir.path().join("small"));
        file::replace(small.path(), br#"{"n":     7}"#).unwrap();
        assert_eq!(small.read().unwrap(), Some(Plain { n: 7 }));
        file::replace(small.path(), br#"{"n":      7}"#).unwrap();
        assert_eq!(small.read().unwrap_err().to_string(), "it is larger than 12 bytes");
        small.write(&Plain { n: 7 }, soon()).unwrap();
        assert_eq!(text(small.path()), "{\n  \"n\": 7\n}");
        let refused = small.lock(soon()).unwrap().replace(&Plain { n: 77 }).unwrap_err();
        assert_eq!(refused.to_string(), "it would be larger than 12 bytes");
        assert_eq!(small.read().unwrap(), Some(Plain { n: 7 }));
    }

    #[test]
    fn the_lock_keeps_others_from_replacing_it_and_its_note_what_they_should_know() {
        let dir = tempfile::tempdir().unwrap();
        let file: StateFile<Third> = StateFile::new(dir.path(), "state");
        let warned = |_: &Path, _: &io::Error| panic!("there are locks here");
        let mut lock = file.lock_or(soon(), warned).unwrap().unwrap();
        assert_eq!(lock.file().path(), file.path());
        assert!(dir.path().join("state.lock").exists());
        lock.replace(&Third { n: 1 }).unwrap();
        assert!(matches!(file.write(&Third { n: 2 }, Instant::now()), Err(LockError::Timeout { .. })));
        assert_eq!(file.lock_or(Instant::now(), warned).err().unwrap().kind(), crate::error::Kind::Store);
        lock.note_failure(Some("why".into()));
        assert_eq!(lock.note().failure, Some("why".into()));
        assert!(!lock.mark_refresh_in_flight(true));
        assert_eq!((lock.note().failure.clone(), lock.note().is_refreshing), (None, true));
        drop(lock);
        let mut lock = file.lock(soon()).unwrap();
        assert!(lock.mark_refresh_in_flight(false) && !lock.note().is_refreshing);
        drop(lock);
        assert_eq!(file.read().unwrap(), Some(Third { n: 1 }));
        // Where there can be no lock, the caller learns why and goes on.
        let below: StateFile<Third> = StateFile::new(&file.path().join("below"), "state");
        let mut told = None;
        assert!(below.lock_or(Instant::now(), |dir, _| told = Some(dir.to_path_buf())).unwrap().is_none());
        assert_eq!(told.as_deref(), Some(below.dir()));
    }

    #[test]
    fn a_name_is_half_a_digest() {
        assert_eq!(digest_name("abc"), "ba7816bf8f01cfea414140de5dae2223");
    }
}
