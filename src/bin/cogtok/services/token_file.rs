//! The file with a fresh token for a command while it runs. Beside it is a second file that this process locks: if it is not locked, its
//! process was killed, and the next one deletes both.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cogtok::secret::Secret;
use cogtok::store::file::{self, open_regular};
use tempfile::{NamedTempFile, TempPath};

use super::output_file;
use crate::env;

/// The prefix of the names.
const NAME: &str = "exec";

/// How often another name is tried, if the first was swept just before it was locked.
const TRIES: usize = 20;

static FILE: Mutex<Option<TokenFile>> = Mutex::new(None);

struct TokenFile {
    path: PathBuf,
    /// Removed when this is dropped.
    hold: NamedTempFile,
}

impl TokenFile {
    /// Makes the second file again if it was deleted: without it, another process would take the token for one that was left.
    fn put_back_hold(&mut self) -> io::Result<()> {
        if output_file::is_at(self.hold.as_file(), self.hold.path()) {
            return Ok(());
        }
        // A runtime directory that is gone is the system's to make.
        if let Some(dir) = dir().filter(|dir| Some(dir.as_path()) == self.path.parent()) {
            file::create_private_dir(&dir)?;
        }
        let place = self.hold.path().to_path_buf();
        let made = hold_at(&place)?;
        self.hold.disable_cleanup(true);
        self.hold = NamedTempFile::from_parts(made, TempPath::try_from_path(place)?);
        Ok(())
    }
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        let _ = file::remove(&self.path);
    }
}

fn locked() -> MutexGuard<'static, Option<TokenFile>> {
    FILE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the file of this process, private and in a private directory, and gives its path.
///
/// # Errors
/// The operating system's error.
pub fn create(token: &Secret) -> io::Result<PathBuf> {
    let no_place = || io::Error::new(io::ErrorKind::NotFound, "there is no directory for it");
    let dir = dir().ok_or_else(no_place)?;
    file::create_private_dir(&dir)?;
    sweep(&dir);
    let hold = hold(&dir)?;
    let path = token_path(hold.path()).ok_or_else(no_place)?;
    // From here on it is deleted after any error.
    let made = TokenFile { path: path.clone(), hold };
    output_file::put(&path, token.expose().as_bytes())?;
    *locked() = Some(made);
    Ok(path)
}

/// Puts another token in its place, and what was deleted around it: the second file, and the directory. Nothing happens after [`remove`].
///
/// # Errors
/// The operating system's error; then the old token is unchanged.
pub fn replace(token: &Secret) -> io::Result<()> {
    let mut file = locked();
    let Some(file) = file.as_mut() else { return Ok(()) };
    file.put_back_hold()?;
    output_file::put(&file.path, token.expose().as_bytes())
}

/// Puts this token in its place if the file was deleted. A failure is left to the next [`replace`].
pub fn put_back(token: &Secret) {
    let is_gone = locked().as_ref().is_some_and(|file| !file.path.exists());
    if is_gone {
        let _ = replace(token);
    }
}

/// Removes it, and keeps it from coming back.
pub fn remove() {
    locked().take();
}

/// The user's runtime directory, which no other user may enter; else the cache.
pub fn dir() -> Option<PathBuf> {
    let runtime = env::var("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute() && dir.is_dir());
    runtime.map(|dir| dir.join("cogtok")).or_else(|| Some(env::dirs().cache.as_ref()?.join("exec")))
}

fn hold(dir: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..TRIES {
        let hold = file::temporary(dir, &format!(".{NAME}."))?;
        if is_held(hold.as_file(), hold.path()) {
            return Ok(hold);
        }
    }
    Err(io::Error::other("another process removes it"))
}

/// As [`hold`], at this path.
fn hold_at(path: &Path) -> io::Result<File> {
    for _ in 0..TRIES {
        output_file::put(path, b"")?;
        match open_regular(OpenOptions::new().read(true).write(true), path) {
            Ok(hold) if is_held(&hold, path) => return Ok(hold),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Err(io::Error::other("another process removes it"))
}

/// Locks it. Another process may have swept it just before.
fn is_held(hold: &File, path: &Path) -> bool {
    !matches!(hold.try_lock(), Err(TryLockError::WouldBlock)) && output_file::is_at(hold, path)
}

/// `exec.X` for `.exec.X.tmp`.
fn token_path(hold: &Path) -> Option<PathBuf> {
    let name = hold.file_name()?.to_str()?.strip_prefix('.')?.strip_suffix(".tmp")?;
    Some(hold.with_file_name(name))
}

/// Removes the files of processes that were killed.
fn sweep(dir: &Path) {
    let is_stale = |name: &str| {
        let hold = open_regular(OpenOptions::new().read(true), &dir.join(format!(".{name}.tmp")));
        match hold {
            Ok(hold) => hold.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    };
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with("exec.") && is_stale(name)) {
            let _ = file::remove(&entry.path());
        }
    }
    output_file::sweep(dir, &format!(".{NAME}."));
}
