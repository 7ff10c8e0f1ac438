//! The file with a fresh token for a command while it runs. Beside it is a second file that this process locks: if it is not locked, its
//! process was killed, and the next one deletes both.

use std::fs::{OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cogtok::secret::Secret;
use cogtok::store::file::{self, open_regular};
use tempfile::NamedTempFile;

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
    _hold: NamedTempFile,
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
    let made = TokenFile { path: path.clone(), _hold: hold };
    output_file::put(&path, token.expose().as_bytes())?;
    *locked() = Some(made);
    Ok(path)
}

/// Puts another token in its place. Nothing happens after [`remove`].
///
/// # Errors
/// The operating system's error; then the old token is unchanged.
pub fn replace(token: &Secret) -> io::Result<()> {
    let file = locked();
    let Some(TokenFile { path, .. }) = file.as_ref() else { return Ok(()) };
    output_file::put(path, token.expose().as_bytes())
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
        let is_held = !matches!(hold.as_file().try_lock(), Err(TryLockError::WouldBlock));
        if is_held && output_file::is_at(hold.as_file(), hold.path()) {
            return Ok(hold);
        }
    }
    Err(io::Error::other("another process removes it"))
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
