//! How a file takes the place of another, and how one is removed, where others may have it open.

use std::fs::File;
use std::io;
use std::path::PathBuf;
#[cfg(windows)]
use std::time::{Duration, Instant};

use tempfile::{NamedTempFile, PersistError};

/// Gives a temporary file its name, in place of the file that has it.
///
/// # Errors
/// The operating system's error.
#[cfg(not(windows))]
pub fn persist(temporary: NamedTempFile, path: PathBuf) -> Result<File, PersistError> {
    temporary.persist(path)
}

/// Renames a temporary file over its target. Windows may refuse that while another process reads the target, so a rename that ignores
/// readers is tried as well, if the system and its disk support it.
///
/// # Errors
/// The operating system's error.
#[cfg(windows)]
pub fn persist(mut temporary: NamedTempFile, path: PathBuf) -> Result<File, PersistError> {
    let end = Instant::now() + PATIENCE;
    loop {
        let refused = match temporary.persist(&path) {
            Ok(file) => return Ok(file),
            Err(refused) => refused,
        };
        if !is_busy(&refused.error) {
            return Err(refused);
        }
        if std::fs::rename(refused.file.path(), &path).is_ok() {
            let (file, name) = refused.file.into_parts();
            // It has been renamed, so there is nothing to delete.
            let _ = name.keep();
            return Ok(file);
        }
        if Instant::now() >= end {
            return Err(refused);
        }
        temporary = refused.file;
        std::thread::sleep(PAUSE);
    }
}

/// How long others may keep a file open that is to be replaced or removed: what reads it, an indexer, a virus scanner.
#[cfg(windows)]
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(windows)]
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// Whether others have the file open: ERROR_ACCESS_DENIED, which may mean more, ERROR_SHARING_VIOLATION,
/// ERROR_LOCK_VIOLATION.
#[cfg(windows)]
fn is_busy(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(5 | 32 | 33))
}

#[cfg(not(windows))]
pub(crate) fn patiently<T>(work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    work()
}

#[cfg(windows)]
pub(crate) fn patiently<T>(work: impl Fn() -> io::Result<T>) -> io::Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        match work() {
            Err(error) if is_busy(&error) && Instant::now() < end => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
}
