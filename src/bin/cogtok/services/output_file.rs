//! Output files at paths that a person or another program names: the directory is not cogtok's, nobody shares a lock, and the existing file
//! may be a trap.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{NamedTempFile, PersistError};
use zeroize::Zeroizing;

use cogtok::store::durable;
use cogtok::store::file;
use cogtok::store::file::open_regular;
use cogtok::store::owner;
use cogtok::text;

/// How often, and how far apart, it is tried to be the only one who edits a file.
const TRIES: usize = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// Why nothing can be put at `path`, where that is known beforehand: there is something other than a regular file, a
/// symbolic link included, or no directory to put it in.
///
/// # Errors
/// The operating system's error; [`io::ErrorKind::InvalidInput`] for an unsuitable file at the path.
pub fn check(path: &Path) -> io::Result<()> {
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
    if let Some(why) = no_file_of_windows(path).filter(|_| cfg!(windows)) {
        return refused(why);
    }
    match std::fs::symlink_metadata(path) {
        Ok(there) if there.is_file() => Ok(()),
        Ok(there) if there.is_symlink() => refused("it is a symbolic link"),
        Ok(there) if there.is_dir() => refused("it is a directory"),
        Ok(_) => refused("it is not a regular file"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (dir, _) = split(path)?;
            match std::fs::metadata(dir) {
                Ok(dir) if dir.is_dir() => Ok(()),
                Ok(_) => refused("what should be its directory is not one"),
                Err(_) => refused("its directory does not exist"),
            }
        }
        Err(error) => Err(error),
    }
}

/// Why a path is no file's on Windows: it is a device, as some names are in every folder, or a stream of another file.
fn no_file_of_windows(path: &Path) -> Option<&'static str> {
    let is_device_itself = path.to_str().is_some_and(|text| text.starts_with("\\\\.\\"));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = name.split(['.', ':']).next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_port = |rest: &str| rest.len() == 1 && rest.bytes().all(|digit| (b'1'..=b'9').contains(&digit));
    let is_device = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str())
        || ["COM", "LPT"].iter().any(|port| stem.strip_prefix(port).is_some_and(is_port));
    match name.contains(':') {
        _ if is_device || is_device_itself => Some("it is a device"),
        true => Some("it is a stream of another file"),
        false => None,
    }
}

/// Writes a private file (mode 0600) with `bytes` at `path`, replacing an existing one. Readers see the old or the new file; concurrent
/// writers are safe. `path` is absolute. Its owner is that of [`Replacement::begin`].
///
/// # Errors
/// As [`check`], or the operating system's error; then the old file is unchanged.
pub fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut replacement = Replacement::begin(path)?;
    replacement.write(bytes)?;
    replacement.finish()
}

/// As [`put`], for a new path: a file that exists by then is kept.
///
/// # Errors
/// As [`put`]; [`io::ErrorKind::AlreadyExists`] where there is a file.
pub fn put_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = Replacement::begin(path)?;
    new.write(bytes)?;
    new.finish_new()
}

/// Puts what `change` makes of the text of the file at `path` in its place, with its mode and owner; where there is no file,
/// a private one. Those who do the same at once lose nothing of each other's.
///
/// # Errors
/// As [`put`]; [`io::ErrorKind::InvalidData`] where the file is neither UTF-8 nor UTF-16, or larger than `limit` bytes.
pub fn edit(path: &Path, limit: u64, change: impl Fn(&str) -> Zeroizing<String>) -> io::Result<()> {
    loop {
        let Some(old) = held(path)? else {
            match put_new(path, change("").as_bytes()) {
                // Another process created it in this moment.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_file() => continue,
                done => return done,
            }
        };
        if old.metadata()?.len() > limit {
            return Err(file::too_large(limit));
        }
        let mut bytes = Zeroizing::new(Vec::new());
        (&old).take(limit).read_to_end(&mut bytes)?;
        let text = text::of_file(&bytes);
        let text = text.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, format!("it {why}")))?;
        let mut replacement = Replacement::unowned(path)?;
        replacement.write(change(&text).as_bytes())?;
        like(&old, replacement.file.as_file())?;
        #[cfg(windows)]
        let _ = file::keep_access(path, &replacement.file);
        return replacement.finish_over(old);
    }
}

/// The file at `path`, locked by this process if the file system has locks; `None` if there is none.
fn held(path: &Path) -> io::Result<Option<File>> {
    check(path)?;
    for _ in 0..TRIES {
        let file = match open_regular(OpenOptions::new().read(true), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            // The previous holder may have replaced the file.
            Ok(()) if !is_at(&file, path) => {}
            _ => return Ok(Some(file)),
        }
    }
    Err(io::Error::other("another process has locked it"))
}

/// Whether a file that is open is still the one at `path`.
#[cfg(unix)]
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let same = |one: std::fs::Metadata, other: std::fs::Metadata| one.ino() == other.ino() && one.dev() == other.dev();
    file.metadata().is_ok_and(|one| std::fs::symlink_metadata(path).is_ok_and(|other| same(one, other)))
}

/// Whether a file that is open is still the one at `path`.
#[cfg(not(unix))]
pub(super) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Gives `new` the owner and the mode of `old`.
fn like(old: &File, new: &File) -> io::Result<()> {
    let (old, new_is) = (old.metadata()?, new.metadata()?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        if old.uid() != new_is.uid() {
            fchown(new, Some(old.uid()), Some(old.gid()))
                .map_err(|why| io::Error::new(why.kind(), format!("it belongs to another user ({why})")))?;
        } else if old.gid() != new_is.gid() {
            // The user may not be in the group: then the owner still has access.
            let _ = fchown(new, None, Some(old.gid()));
        }
    }
    if old.permissions() == new_is.permissions() { Ok(()) } else { new.set_permissions(old.permissions()) }
}

/// A private file that is written step by step, and replaces its target when it is complete. Dropping it earlier deletes it.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    file: NamedTempFile,
}

impl Replacement {
    /// Begins one for `path`, which is absolute, beside it. What root writes into another user's directory belongs to that user.
    ///
    /// # Errors
    /// As [`check`], or the operating system's error.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let begun = Replacement::unowned(path)?;
        owner::keep(begun.file.as_file(), split(path)?.0)?;
        Ok(begun)
    }

    /// As [`Replacement::begin`], where the owner is that of the file that it replaces.
    fn unowned(path: &Path) -> io::Result<Self> {
        check(path)?;
        let (dir, name) = split(path)?;
        sweep(dir, &prefix(name));
        Ok(Replacement { path: path.to_path_buf(), file: temporary(dir, name)? })
    }

    /// Adds `bytes`.
    ///
    /// # Errors
    /// The operating system's error.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.as_file_mut().write_all(bytes)
    }

    /// Replaces the existing file. Readers see the old or the new one; concurrent writers are safe.
    ///
    /// # Errors
    /// The operating system's error; then the old file is unchanged.
    pub fn finish(self) -> io::Result<()> {
        self.finish_by(file::persist)
    }

    /// As [`Replacement::finish`], for a new path: a file that exists by then is kept.
    ///
    /// # Errors
    /// As [`Replacement::finish`]; [`io::ErrorKind::AlreadyExists`] where there is a file.
    pub fn finish_new(self) -> io::Result<()> {
        self.finish_by(NamedTempFile::persist_noclobber)
    }

    /// As [`Replacement::finish`], replacing a file that is locked in the meantime.
    #[cfg(not(windows))]
    fn finish_over(self, _held: File) -> io::Result<()> {
        self.finish()
    }

    /// As [`Replacement::finish`], replacing a locked file. Where an open file can't be replaced, it is closed first: then one of two
    /// concurrent editors may lose the other's lines.
    #[cfg(windows)]
    fn finish_over(self, held: File) -> io::Result<()> {
        let (dir, _) = split(&self.path)?;
        durable::flush(self.file.as_file(), dir)?;
        let _ = self.file.as_file().unlock();
        if std::fs::rename(self.file.path(), &self.path).is_ok() {
            // It has been renamed, so there is nothing to delete.
            let _ = self.file.into_parts().1.keep();
            durable::settle(dir);
            return Ok(());
        }
        drop(held);
        self.finish()
    }

    fn finish_by(self, persist: fn(NamedTempFile, PathBuf) -> Result<File, PersistError>) -> io::Result<()> {
        let Replacement { path, mut file } = self;
        let (dir, name) = split(&path)?;
        let mut tries = 0;
        loop {
            durable::flush(file.as_file(), dir)?;
            // On Windows a locked file can't be read, and it is read next.
            if cfg!(windows) {
                let _ = file.as_file().unlock();
            }
            match persist(file, path.clone()) {
                Ok(_) => {
                    durable::settle(dir);
                    return Ok(());
                }
                // It was swept just before it was locked; its content can still be read.
                Err(error) if error.error.kind() == io::ErrorKind::NotFound && tries < 20 => {
                    tries += 1;
                    let mut swept = error.file.as_file().try_clone()?;
                    let mut again = temporary(dir, name)?;
                    like(&swept, again.as_file())?;
                    swept.rewind()?;
                    io::copy(&mut swept, again.as_file_mut())?;
                    file = again;
                }
                Err(error) => return Err(error.error),
            }
        }
    }
}

fn prefix(name: &str) -> String {
    format!(".{name}.")
}

fn temporary(dir: &Path, name: &str) -> io::Result<NamedTempFile> {
    let temporary = file::temporary(dir, &prefix(name))?;
    // Locked until it is renamed: others sweep unlocked files.
    let _ = temporary.as_file().try_lock();
    Ok(temporary)
}

/// Another program's file, for appending.
#[derive(Debug)]
pub struct Appendable(File);

impl Appendable {
    /// Opens an existing regular file.
    ///
    /// # Errors
    /// The operating system's error; [`io::ErrorKind::NotFound`] if there is none, [`io::ErrorKind::InvalidData`] for anything but a
    /// regular file, including a symbolic link.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        open_regular(&mut options, path).map(Appendable)
    }

    /// Appends `bytes` in one write, on a line of their own.
    ///
    /// # Errors
    /// The operating system's error.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = &mut self.0;
        let mut whole = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
        if file.metadata()?.len() > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                whole.push(b'\n');
            }
        }
        whole.extend_from_slice(bytes);
        file.write_all(&whole)
    }
}

/// Removes what killed writers of this file left.
pub(super) fn sweep(dir: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.to_str().is_some_and(|name| name.starts_with(prefix) && name.ends_with(".tmp")) {
            continue;
        }
        let nobody_holds = |file: &File| file.try_lock().is_ok();
        let mut options = OpenOptions::new();
        if open_regular(options.read(true), &entry.path()).is_ok_and(|file| nobody_holds(&file)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn split(path: &Path) -> io::Result<(&Path, &str)> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, why.to_owned());
    let (dir, name) = path.parent().zip(path.file_name()).ok_or_else(|| invalid("it is not the path of a file"))?;
    Ok((dir, name.to_str().ok_or_else(|| invalid("its name is not UTF-8"))?))
}

#[cfg(test)]
#[path = "output_file_tests.rs"]
mod tests;
