//! Locks between processes, with a note from the holder to those who wait.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
#[cfg(not(windows))]
use std::sync::mpsc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

#[cfg(unix)]
use super::invalid;
#[cfg(windows)]
use super::persist::PAUSE;
use super::{create_dir, open_or_make, split};
use crate::error::{Advice, AdviceKind, Error};
use crate::store::HAS_XDG;

/// Why a lock could not be taken.
#[derive(Debug)]
pub enum LockError {
    /// The lock file can't be created or opened: no home, a read-only disk.
    Unavailable(io::Error),
    /// Another process held it until the deadline.
    Timeout {
        /// That process, if known.
        pid: Option<u32>,
    },
}

impl std::fmt::Display for LockError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LockError::Unavailable(error) => error.fmt(f),
            LockError::Timeout { .. } => f.write_str("another process holds its lock"),
        }
    }
}

impl LockError {
    /// The error for a caller that needs the lock.
    pub fn into_error(self, unavailable: impl FnOnce(io::Error) -> Error) -> Error {
        match self {
            LockError::Unavailable(why) if is_without_locks(&why) => unavailable(why).hint(OTHER_FILE_SYSTEM),
            LockError::Unavailable(why) => unavailable(why),
            LockError::Timeout { pid } => lock_timeout_error(pid),
        }
    }
}

/// What helps where a file system has no locks.
pub const OTHER_FILE_SYSTEM: &str = if HAS_XDG {
    "name a folder on a file system that has locks in XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_CACHE_HOME"
} else {
    "move it to a file system that has locks"
};

/// The system's refusal to lock a file that could be opened, as on some network shares and FUSE file systems.
#[derive(Debug)]
struct WithoutLocks(io::Error);

impl std::fmt::Display for WithoutLocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the file system can't lock files: {}", self.0)
    }
}

impl std::error::Error for WithoutLocks {}

/// Whether it was the locking that failed.
pub fn is_without_locks(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|error| error.is::<WithoutLocks>())
}

fn without_locks(why: io::Error) -> LockError {
    LockError::Unavailable(io::Error::new(why.kind(), WithoutLocks(why)))
}

/// The error for a lock that another process held too long.
pub fn lock_timeout_error(pid: Option<u32>) -> Error {
    let holder = pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    let error = Error::store(format!("{holder} is doing the same and did not finish in time"));
    match pid {
        Some(pid) => error.hint(Advice::from(AdviceKind::EndProcess).word("pid", pid)),
        None => error.hint("wait and try again"),
    }
}

/// The holder's note in the lock file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LockNote {
    /// The process that holds or held the lock.
    pub pid: u32,
    /// The error of its latest try, for those who waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<serde_json::Value>,
    /// Whether a refresh token was sent and the result is unknown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_refreshing: bool,
}

/// An exclusive lock on a file, released on drop or at the end of the process. The file stays: deleting it would let two processes lock
/// different files of the same name.
#[derive(Debug)]
pub struct Lock {
    /// Locked for as long as it is open.
    _held: File,
    /// The file with the note. On Windows a locked file can't be read, so there it is a second file.
    note_file: File,
    note: LockNote,
}

impl Lock {
    /// Waits for the lock until `deadline`.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn exclusive(path: &Path, deadline: Instant) -> Result<Self, LockError> {
        let (file, mut note_file) = Self::open(path)?;
        let held = wait(file, &mut note_file, deadline, File::try_lock, File::lock)?;
        let note = read_note(&mut note_file).unwrap_or_default();
        let mut lock = Lock { _held: held, note_file, note };
        lock.change_note(|note| note.pid = std::process::id());
        Ok(lock)
    }

    /// Waits until no process holds the lock exclusively; any number may share it.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn shared(path: &Path, deadline: Instant) -> Result<Self, LockError> {
        let (file, mut note_file) = Self::open(path)?;
        let held = wait(file, &mut note_file, deadline, File::try_lock_shared, File::lock_shared)?;
        Ok(Lock { _held: held, note_file, note: LockNote::default() })
    }

    /// The note in the lock's file: the last holder's, with what this one has changed.
    pub fn note(&self) -> &LockNote {
        &self.note
    }

    /// Changes the note. It helps others and is never needed, so a full disk is no error here.
    pub fn change_note(&mut self, change: impl FnOnce(&mut LockNote)) {
        let before = self.note.clone();
        change(&mut self.note);
        if self.note == before {
            return;
        }
        let Ok(bytes) = serde_json::to_vec(&self.note) else { return };
        let file = &mut self.note_file;
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&bytes));
    }

    /// The file to lock, and the one with the note.
    fn open(path: &Path) -> Result<(File, File), LockError> {
        let open = || {
            let (dir, _) = split(path)?;
            create_dir(dir)?;
            let mut options = OpenOptions::new();
            options.read(true).write(true).truncate(false);
            let file = open_or_make(&mut options, path, dir)?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::{MetadataExt, PermissionsExt};
                let metadata = file.metadata()?;
                if metadata.nlink() > 1 {
                    return Err(invalid("the lock file has a second name (a hard link)".to_owned()));
                }
                // Everybody who may open the file may hold its lock.
                if metadata.mode() & 0o077 != 0 && metadata.uid() == rustix::process::geteuid().as_raw() {
                    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
                }
            }
            let note_file = note_file(path, &file)?;
            Ok((file, note_file))
        };
        open().map_err(LockError::Unavailable)
    }
}

#[cfg(not(windows))]
fn note_file(_: &Path, lock: &File) -> io::Result<File> {
    lock.try_clone()
}

#[cfg(windows)]
fn note_file(path: &Path, _: &File) -> io::Result<File> {
    let (dir, name) = split(path)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false);
    open_or_make(&mut options, &dir.join(format!("{name}.note")), dir)
}

/// The process that holds a lock, as its note has it.
fn holder(note_file: &mut File) -> Option<u32> {
    read_note(note_file).map(|note| note.pid).filter(|pid| *pid != 0)
}

/// Takes the lock at once, or on a separate thread that is abandoned at the deadline.
#[cfg(not(windows))]
fn wait(
    file: File,
    note_file: &mut File,
    deadline: Instant,
    try_lock: fn(&File) -> Result<(), TryLockError>,
    lock: fn(&File) -> io::Result<()>,
) -> Result<File, LockError> {
    match try_lock(&file) {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(without_locks(error)),
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::Builder::new()
        .name("lock".to_owned())
        .spawn(move || {
            let result = lock(&file).map(|()| file);
            let _ = sender.send(result);
        })
        .map_err(LockError::Unavailable)?;
    match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
        Ok(result) => result.map_err(without_locks),
        Err(_) => Err(LockError::Timeout { pid: holder(note_file) }),
    }
}

/// Takes the lock as soon as it is free. On Windows, while a thread waits for a lock, no other can use the same file handle.
#[cfg(windows)]
fn wait(
    file: File,
    note_file: &mut File,
    deadline: Instant,
    try_lock: fn(&File) -> Result<(), TryLockError>,
    _: fn(&File) -> io::Result<()>,
) -> Result<File, LockError> {
    loop {
        match try_lock(&file) {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(LockError::Timeout { pid: holder(note_file) }),
            Err(TryLockError::Error(error)) => return Err(without_locks(error)),
        }
    }
}

fn read_note(file: &mut File) -> Option<LockNote> {
    file.rewind().ok()?;
    let mut bytes = Vec::new();
    file.take(64 * 1024).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
