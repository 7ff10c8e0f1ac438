//! Records of who signed in, and of what the secret store has for each user: one private file for each user, in the state folder. Deleting
//! the cache signs nobody out. The records contain no secrets, so they can be read without opening the store.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::elsewhere;
use super::file;
use super::state_file::{FileContent, ReadError, StateFile, StateLock};
use crate::cache::token_cache::CacheKey;
use crate::error::{Error, Result};
use crate::token::TokenSet;
use crate::token::identity::Identity;
use crate::token::session::{Session, SessionOrigin};

/// The record of one user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The session whose refresh token the store has.
    pub session: Option<Session>,
    /// How the last session began, if it has ended or could not be kept: a user who came from the browser is sent there again. Then
    /// `session` is an earlier one, maybe another user's, and is only there to be revoked.
    pub over: Option<SessionOrigin>,
    /// Whether the store has a device that the pool remembers.
    pub has_device: bool,
    /// The identity in the user's tokens.
    pub identity: Option<Identity>,
}

impl Record {
    /// The session that renews the user's tokens.
    pub fn current_session(&self) -> Option<&Session> {
        self.session.as_ref().filter(|_| self.over.is_none())
    }

    /// Whether there is neither a session nor one from the browser that has ended, so that a password may be asked for.
    pub fn is_for_a_password(&self) -> bool {
        self.session.is_none() && self.over != Some(SessionOrigin::Endpoint)
    }

    /// The session in cached tokens: earlier versions recorded it only there, and it is there if the state folder can't be written.
    pub fn of_tokens(tokens: &TokenSet) -> Option<Self> {
        let session = tokens.renewal.session()?.clone();
        let identity = Identity::of(tokens);
        Some(Record { has_device: session.has_device, session: Some(session), identity, over: None })
    }
}

/// A later version may add members: unknown ones are ignored, so that nobody is signed out.
#[derive(Serialize, Deserialize)]
struct Stored {
    key: CacheKey,
    #[serde(flatten)]
    record: Record,
}

impl FileContent for Stored {
    const LIMIT: u64 = 64 * 1024;

    fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
        file::read_own(path, Self::LIMIT)
    }
}

/// The records under a state folder; without one, nothing is recorded.
#[derive(Debug, Clone)]
pub struct Sessions {
    dir: Option<PathBuf>,
}

impl Sessions {
    /// The records under `state_dir`, which need not exist.
    pub fn new(state_dir: Option<&Path>) -> Self {
        Sessions { dir: state_dir.map(|dir| dir.join("sessions")) }
    }

    /// The record under `key`; `None` without one. A file that others may read is accepted, for example one from a backup.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) if it can't be read or parsed: then the store's content is unknown.
    pub fn read(&self, key: &CacheKey) -> Result<Option<Record>> {
        let Some(file) = self.file(key) else { return Ok(None) };
        let stored = read(&file)?;
        Ok(stored.filter(|stored| stored.key == *key).map(|stored| stored.record))
    }

    /// The records under the wanted keys. An unreadable one causes a warning and is left out.
    pub fn list(&self, is_wanted: impl Fn(&CacheKey) -> bool) -> Vec<(CacheKey, Record)> {
        let files = self.dir.as_ref().and_then(|dir| std::fs::read_dir(dir).ok());
        let paths = files.into_iter().flatten().flatten().map(|file| file.path());
        let mut found = Vec::new();
        for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
            match read(&StateFile::at(path)) {
                Ok(Some(Stored { key, record })) if is_wanted(&key) => found.push((key, record)),
                Ok(_) => {}
                Err(error) => log::warn!(target: "cogtok", "{error}"),
            }
        }
        found
    }

    /// Waits until `deadline` for the lock on the session under `key`. `None` if this machine has no locks: then nothing is recorded.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when another process held the lock until the deadline.
    pub fn lock(&self, key: &CacheKey, deadline: Instant) -> Result<Option<SessionLock>> {
        self.lock_or_log(key, deadline, log::Level::Info)
    }

    /// As [`Sessions::lock`]; `level` is that of the message why there is no lock.
    ///
    /// # Errors
    /// As [`Sessions::lock`].
    pub fn lock_or_log(&self, key: &CacheKey, deadline: Instant, level: log::Level) -> Result<Option<SessionLock>> {
        let Some(file) = self.file(key) else { return Ok(None) };
        let lock = file.lock_or(deadline, |dir, error| {
            log::log!(target: "cogtok", level, "sessions can't be remembered in {}: {error}", dir.display());
        })?;
        Ok(lock.map(|lock| SessionLock { lock, key: key.clone() }))
    }

    /// The lock for sending a person to the browser for the session under `key`; `None` without a state folder.
    pub fn sign_in_lock(&self, key: &CacheKey) -> Option<PathBuf> {
        Some(self.dir.as_ref()?.join(format!("{}.sign-in.lock", key.stem())))
    }

    fn file(&self, key: &CacheKey) -> Option<StateFile<Stored>> {
        Some(StateFile::new(self.dir.as_ref()?, key.stem()))
    }
}

fn read(file: &StateFile<Stored>) -> Result<Option<Stored>> {
    file.read().map_err(|why| {
        let way = match &why {
            ReadError::Io(why) => elsewhere(why, "XDG_STATE_HOME"),
            ReadError::Malformed | ReadError::Version(_) => String::new(),
        };
        Error::store(format!("the record of a session in {} can't be read: {why}{way}", file.path().display()))
            .hint("restore the file or its rights, or delete it and sign in again")
    })
}

/// The lock on a user's session: its holder may use the stored secrets and change the record. It is independent of the cache.
pub struct SessionLock {
    lock: StateLock<Stored>,
    key: CacheKey,
}

impl SessionLock {
    /// As [`StateLock::mark_refresh_in_flight`].
    pub fn mark_refresh_in_flight(&mut self, is_refreshing: bool) -> bool {
        self.lock.mark_refresh_in_flight(is_refreshing)
    }

    /// Remembers `record`.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be written.
    pub fn keep(&mut self, record: &Record) -> Result<()> {
        let file = self.lock.file();
        if matches!(read(file), Ok(Some(stored)) if stored.key == self.key && stored.record == *record) {
            return Ok(());
        }
        self.lock.replace(&Stored { key: self.key.clone(), record: record.clone() }).map_err(|error| {
            Error::store(format!("the session can't be remembered in {}: {error}", file.path().display()))
        })
    }

    /// Forgets what is remembered.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be removed.
    pub fn forget(&mut self) -> Result<()> {
        let file = self.lock.file();
        file::remove(file.path())
            .map_err(|error| Error::store(format!("{} can't be removed: {error}", file.path().display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> CacheKey {
        CacheKey::of(&[("kind", "user"), ("username", "alice")])
    }

    fn keep(sessions: &Sessions, record: &Record) -> PathBuf {
        sessions.lock(&key(), Instant::now()).unwrap().unwrap().keep(record).unwrap();
        sessions.file(&key()).unwrap().path().to_path_buf()
    }

    fn record() -> Record {
        let origin = "https://example.com".to_owned();
        let session = Session {
            via: SessionOrigin::Api,
            origin,
            username: None,
            since: 7,
            rotates: Some(true),
            ..Session::default()
        };
        Record { session: Some(session), has_device: true, ..Record::default() }
    }

    #[test]
    fn what_can_not_be_read_is_not_the_same_as_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::new(Some(dir.path()));
        assert_eq!(sessions.read(&key()).unwrap(), None);
        let path = keep(&sessions, &record());
        assert_eq!(sessions.read(&key()).unwrap(), Some(record()));
        assert_eq!(sessions.list(|_| true).len(), 1);
        for bytes in ["", "{", "[]", "{\"key\":7}"] {
            file::replace(&path, bytes.as_bytes()).unwrap();
            assert_eq!(sessions.read(&key()).unwrap_err().kind().exit_code(), 7, "{bytes}");
            assert!(sessions.list(|_| true).is_empty());
        }
        keep(&sessions, &record());
        sessions.lock(&key(), Instant::now()).unwrap().unwrap().forget().unwrap();
        assert_eq!(sessions.read(&key()).unwrap(), None);
        assert_eq!(Sessions::new(None).read(&key()).unwrap(), None);
    }

    #[test]
    fn a_later_version_and_a_copy_from_a_backup_are_understood() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::new(Some(dir.path()));
        let path = keep(&sessions, &record());
        let mut value: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        value["version"] = 9.into();
        value["session"]["more"] = serde_json::json!(["x"]);
        value["session"].as_object_mut().unwrap().remove("since");
        file::replace(&path, value.to_string().as_bytes()).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let read = sessions.read(&key()).unwrap().unwrap();
        assert_eq!((read.has_device, read.session.unwrap().rotates), (true, Some(true)));
        // A file that others may write can't be trusted.
        #[cfg(unix)]
        {
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
            assert!(sessions.read(&key()).is_err());
        }
    }

    #[test]
    fn a_note_outlives_who_left_it_and_what_is_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = Sessions::new(Some(dir.path()));
        let lock = || sessions.lock(&key(), Instant::now()).unwrap().unwrap();
        assert!(!lock().mark_refresh_in_flight(true));
        let mut second = lock();
        assert!(sessions.lock(&key(), Instant::now()).is_err(), "one at a time");
        second.keep(&record()).unwrap();
        assert!(second.mark_refresh_in_flight(false));
        drop(second);
        assert!(!lock().mark_refresh_in_flight(false));
    }
}
