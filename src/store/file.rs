//! Files that only this user may read, written so that a reader sees the old one or the new one, and locks.
//!
//! A file is replaced by writing a temporary one beside it, flushing it and renaming it. Nothing here follows a symbolic
//! link, waits on a FIFO or writes into a file that has a second name.

#[cfg(windows)]
mod access_list;
mod lock;
mod others;
mod persist;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::{durable, owner};
pub use lock::{Lock, LockError, LockNote, OTHER_FILE_SYSTEM, is_without_locks, lock_timeout_error};
#[cfg(unix)]
use others::check_link;
pub use others::{Closed, FOREIGN, behind, closed, permission_problem, why_others_read, why_others_write};
use others::{check_own, check_private};
use persist::patiently;
pub use persist::persist;

/// The content of a regular file of at most `limit` bytes; nothing where there is none.
///
/// # Errors
/// The operating system's error; [`io::ErrorKind::InvalidData`] for a symbolic link, FIFO, device or directory, and for a file larger than
/// `limit`.
pub fn read(path: &Path, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    read_if(path, limit, |_| Ok(()))
}

/// As [`read`], for a file that only this user may access.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] for a file of another owner, or one that others may read or write.
pub fn read_private(path: &Path, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    read_if(path, limit, |metadata| check_private(metadata, path.parent()))
}

/// As [`read`], for this user's file that nobody else may write; others may read it.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] for a file of another owner, or one that others may write.
pub fn read_own(path: &Path, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    read_if(path, limit, |metadata| check_own(metadata, path.parent()))
}

fn read_if(
    path: &Path,
    limit: u64,
    check: impl Fn(&std::fs::Metadata) -> io::Result<()>,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut options = OpenOptions::new();
    options.read(true);
    let (file, metadata) = match open_with_metadata(&mut options, path) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    check(&metadata)?;
    let size = metadata.len();
    if size > limit {
        return Err(too_large(limit));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1));
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Replaces the file with `bytes`, private from the start (mode 0600), and creates missing directories as private (0700). The caller holds
/// the writers' lock of this file, so leftovers of killed writers are deleted.
///
/// # Errors
/// The operating system's error; then the old file is unchanged.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_owned(path, bytes, || true, |_| Ok(())).map(drop)
}

/// As [`replace`], if `is_wanted` returns true at the last moment before the rename. Returns whether it was done. Whose file it was keeps
/// it, where root replaces it: only for what its owner may read.
///
/// # Errors
/// As [`replace`].
pub fn replace_if(path: &Path, bytes: &[u8], is_wanted: impl FnOnce() -> bool) -> io::Result<bool> {
    replace_owned(path, bytes, is_wanted, |new| owner::keep_owner(new, path))
}

fn replace_owned(
    path: &Path,
    bytes: &[u8],
    is_wanted: impl FnOnce() -> bool,
    own: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<bool> {
    let (dir, name) = split(path)?;
    create_dir(dir)?;
    let prefix = format!(".{name}.");
    sweep(dir, &prefix);
    let temporary = written(dir, &prefix, bytes)?;
    own(temporary.as_file())?;
    if !is_wanted() {
        return Ok(false);
    }
    persist(temporary, path.to_path_buf()).map_err(|error| error.error)?;
    durable::settle(dir);
    Ok(true)
}

/// Changes when the file is written or replaced.
#[derive(Debug, PartialEq, Eq)]
pub struct Stamp(u64, Option<std::time::SystemTime>, [i64; 4]);

impl Stamp {
    /// The stamp of the file at `path`; `None` without a file.
    pub fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            [metadata.dev().cast_signed(), metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
        };
        #[cfg(not(unix))]
        let identity = [0; 4];
        Some(Stamp(metadata.len(), metadata.modified().ok(), identity))
    }
}

/// A private temporary file in `dir`, of a name that begins with `prefix`.
///
/// # Errors
/// The operating system's error.
pub fn temporary(dir: &Path, prefix: &str) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).suffix(".tmp");
    #[cfg(windows)]
    return builder.make_in(dir, access_list::create_private);
    // The builder's own errors name the temporary file, which means nothing to anybody.
    #[cfg(unix)]
    return builder.make_in(dir, |path| {
        use std::os::unix::fs::OpenOptionsExt;
        std::fs::OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)
    });
    #[cfg(not(any(unix, windows)))]
    builder.tempfile_in(dir)
}

/// Gives a temporary file the access list of the file that it replaces.
///
/// # Errors
/// The operating system's error.
#[cfg(windows)]
pub fn keep_access(old: &Path, new: &NamedTempFile) -> io::Result<()> {
    access_list::copy(old, new.path())
}

/// A temporary file in `dir` with `bytes`, flushed.
fn written(dir: &Path, prefix: &str, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut temporary = temporary(dir, prefix)?;
    owner::keep(temporary.as_file(), dir)?;
    temporary.as_file_mut().write_all(bytes)?;
    durable::flush(temporary.as_file(), dir)?;
    Ok(temporary)
}

/// Creates a private file with `bytes`; an existing one is not changed.
///
/// # Errors
/// The operating system's error; [`io::ErrorKind::AlreadyExists`] if the name is taken.
pub fn create_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (dir, name) = split(path)?;
    create_dir(dir)?;
    written(dir, &format!(".{name}."), bytes)?.persist_noclobber(path).map_err(|error| error.error)?;
    durable::settle(dir);
    Ok(())
}

/// Makes a directory, and its parents, that only this user may enter.
///
/// # Errors
/// The operating system's error.
pub fn create_dir(dir: &Path) -> io::Result<()> {
    owner::create_dirs(dir)
}

/// Makes a directory that only this user may enter, or makes one of this user's so. A symbolic link in its place is followed where this
/// user made it and it leads to a directory that only this user may change.
///
/// # Errors
/// The operating system's error; [`io::ErrorKind::InvalidData`] for any other symbolic link.
pub fn create_private_dir(dir: &Path) -> io::Result<()> {
    create_dir(dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let metadata = std::fs::symlink_metadata(dir)?;
        if metadata.is_symlink() {
            return check_link(&metadata, dir);
        }
        let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
        if metadata.is_dir() && is_ours && metadata.mode() & 0o077 != 0 {
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
        }
    }
    Ok(())
}

/// Removes a file; that it is not there is fine.
///
/// # Errors
/// The operating system's error.
pub fn remove(path: &Path) -> io::Result<()> {
    match patiently(|| std::fs::remove_file(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Opens a private file for which the caller's `options` lack only that it may be new.
///
/// # Errors
/// As [`open_regular`].
pub(crate) fn open_or_make(options: &mut OpenOptions, path: &Path, dir: &Path) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    match open_regular(options, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        there => return there,
    }
    match open_regular(options.create_new(true), path) {
        // Another process created it first.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => open_regular(options.create_new(false), path),
        made => {
            let made = made?;
            owner::keep(&made, dir).inspect_err(|_| drop(std::fs::remove_file(path)))?;
            Ok(made)
        }
    }
}

/// Opens a regular file without following symbolic links or blocking.
///
/// # Errors
/// The operating system's error, and [`io::ErrorKind::InvalidData`] for a link, directory, pipe or device.
pub fn open_regular(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    open_with_metadata(options, path).map(|(file, _)| file)
}

fn open_with_metadata(options: &mut OpenOptions, path: &Path) -> io::Result<(File, std::fs::Metadata)> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits();
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.cast_signed());
    }
    let file = options.open(path).map_err(|error| match error.raw_os_error() {
        #[cfg(unix)]
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => invalid("it is a symbolic link".to_owned()),
        _ => error,
    })?;
    let metadata = file.metadata()?;
    match metadata.file_type() {
        kind if kind.is_file() => Ok((file, metadata)),
        kind if kind.is_dir() => Err(invalid("it is a directory".to_owned())),
        _ => Err(invalid("it is not a regular file".to_owned())),
    }
}

/// The error for a file that is larger than `limit` bytes, in MiB where that is a whole number of them.
pub fn too_large(limit: u64) -> io::Error {
    const MIB: u64 = 1 << 20;
    let (size, unit) = if limit >= MIB && limit.is_multiple_of(MIB) { (limit / MIB, "MiB") } else { (limit, "bytes") };
    invalid(format!("it is larger than {size} {unit}"))
}

fn split(path: &Path) -> io::Result<(&Path, &str)> {
    let (dir, name) =
        path.parent().zip(path.file_name()).ok_or_else(|| invalid("it is not the path of a file".to_owned()))?;
    Ok((dir, name.to_str().ok_or_else(|| invalid("its name is not UTF-8".to_owned()))?))
}

/// Whether there is nothing of that name. What can't be looked at, in a folder of somebody else for example, may be there.
pub fn is_absent(path: &Path) -> bool {
    path.try_exists().map_or_else(|why| is_of_no_file(&why), |exists| !exists)
}

/// Whether an error says that there is no file of that name, or that there can't be one: a folder in its path is a file, or the file
/// system has no such names.
pub fn is_of_no_file(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidFilename)
}

/// Removes temporary files, of names that begin with `prefix`, of writers that were killed. Failing to is no error: they
/// are private.
pub fn sweep(dir: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(prefix) && name.ends_with(".tmp")) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
