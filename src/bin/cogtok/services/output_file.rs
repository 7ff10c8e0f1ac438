//! Files that a person or another program names for what is handed out: nothing here is a directory of ours, nobody
//! shares a lock with us, and what lies at the path may be a trap.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{NamedTempFile, PersistError};
use zeroize::Zeroizing;

use cogtok::store::durable;
use cogtok::store::file;
use cogtok::store::file::open_regular;

/// How often, and how far apart, it is tried to be the only one who edits a file.
const TRIES: usize = 500;
const PAUSE: Duration = Duration::from_millis(10);

/// Why nothing can be put at `path`, where that is known beforehand: there is something other than a regular file, a
/// symbolic link included, or no directory to put it in.
///
/// # Errors
/// As the operating system says; [`io::ErrorKind::InvalidInput`] for what lies there.
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

/// Puts a private file (mode 0600) with `bytes` at `path`, in place of the one that is there. Readers see the old one or
/// the new one; any number of writers do each other no harm. `path` is absolute.
///
/// # Errors
/// As [`check`], and as the operating system says; the old file is untouched then.
pub fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut replacement = Replacement::begin(path)?;
    replacement.write(bytes)?;
    replacement.finish()
}

/// As [`put`], for a path where nothing is: what is there by then stays as it is.
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
/// As [`put`]; [`io::ErrorKind::InvalidData`] where the file is not UTF-8 or larger than `limit` bytes.
pub fn edit(path: &Path, limit: u64, change: impl Fn(&str) -> Zeroizing<String>) -> io::Result<()> {
    loop {
        let Some(old) = held(path)? else {
            match put_new(path, change("").as_bytes()) {
                // Another made it in this moment.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_file() => continue,
                done => return done,
            }
        };
        if old.metadata()?.len() > limit {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is larger than {limit} bytes")));
        }
        let mut text = Zeroizing::new(String::new());
        (&old).take(limit).read_to_string(&mut text)?;
        let mut replacement = Replacement::begin(path)?;
        replacement.write(change(&text).as_bytes())?;
        like(&old, replacement.file.as_file())?;
        return replacement.finish_over(old);
    }
}

/// The file at `path`, held by this process alone where the file system has locks; none where there is none.
fn held(path: &Path) -> io::Result<Option<File>> {
    check(path)?;
    for _ in 0..TRIES {
        let file = match open_regular(OpenOptions::new().read(true), path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            // One who had it before may have put another in its place.
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
            // A group that this user is not in, say: the owner has it still.
            let _ = fchown(new, None, Some(old.gid()));
        }
    }
    if old.permissions() == new_is.permissions() { Ok(()) } else { new.set_permissions(old.permissions()) }
}

/// A private file that is written bit by bit, and takes its place when it is whole. Dropped before, it is gone.
#[derive(Debug)]
pub struct Replacement {
    path: PathBuf,
    file: NamedTempFile,
}

impl Replacement {
    /// Begins one for `path`, which is absolute, beside it.
    ///
    /// # Errors
    /// As [`check`], and as the operating system says.
    pub fn begin(path: &Path) -> io::Result<Self> {
        check(path)?;
        let (dir, name) = split(path)?;
        sweep(dir, &prefix(name));
        Ok(Replacement { path: path.to_path_buf(), file: temporary(dir, name)? })
    }

    /// Adds `bytes`.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Puts it in place of the file that is there. Readers see the old one or the new one; any number of writers do each
    /// other no harm.
    ///
    /// # Errors
    /// As the operating system says; the old file is untouched then.
    pub fn finish(self) -> io::Result<()> {
        self.finish_by(file::persist)
    }

    /// As [`Replacement::finish`], for a path where nothing is: what is there by then stays as it is.
    ///
    /// # Errors
    /// As [`Replacement::finish`]; [`io::ErrorKind::AlreadyExists`] where there is a file.
    pub fn finish_new(self) -> io::Result<()> {
        self.finish_by(NamedTempFile::persist_noclobber)
    }

    /// As [`Replacement::finish`], in place of a file that is held meanwhile.
    #[cfg(not(windows))]
    fn finish_over(self, _held: File) -> io::Result<()> {
        self.finish()
    }

    /// As [`Replacement::finish`], in place of a file that is held meanwhile. Where the disk replaces no file that is open, it is
    /// closed first: of two who edit it in the same moment, one may lose the lines of the other.
    #[cfg(windows)]
    fn finish_over(self, held: File) -> io::Result<()> {
        let (dir, _) = split(&self.path)?;
        durable::flush(self.file.as_file(), dir)?;
        let _ = self.file.as_file().unlock();
        if std::fs::rename(self.file.path(), &self.path).is_ok() {
            // The name is gone, and nothing is left to be removed.
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
            // On Windows a file that is held can't be read, and it is about to be.
            if cfg!(windows) {
                let _ = file.as_file().unlock();
            }
            match persist(file, path.clone()) {
                Ok(_) => {
                    durable::settle(dir);
                    return Ok(());
                }
                // Swept in the instant before it was held; what was written is still to be read.
                Err(error) if error.error.kind() == io::ErrorKind::NotFound && tries < 20 => {
                    tries += 1;
                    let mut swept = error.file.as_file().try_clone()?;
                    let mut again = temporary(dir, name)?;
                    swept.rewind()?;
                    io::copy(&mut swept, &mut again)?;
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
    let temporary = tempfile::Builder::new().prefix(&prefix(name)).suffix(".tmp").tempfile_in(dir)?;
    // Held until the file has its name: others sweep what nobody holds.
    let _ = temporary.as_file().try_lock();
    Ok(temporary)
}

/// A file that another program made, to append to.
#[derive(Debug)]
pub struct Appendable(File);

impl Appendable {
    /// Opens a regular file that is there.
    ///
    /// # Errors
    /// As the operating system says; [`io::ErrorKind::NotFound`] where there is none, [`io::ErrorKind::InvalidData`] for
    /// anything but a regular file, a symbolic link included.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true);
        open_regular(&mut options, path).map(Appendable)
    }

    /// Appends `bytes` in one write, on a line of their own.
    ///
    /// # Errors
    /// As the operating system says.
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
mod tests {
    use super::no_file_of_windows;

    #[test]
    fn devices_and_streams_of_windows_are_no_files() {
        for name in [r"\\.\NUL", "NUL", "con", "nul.txt", "COM1", "lpt9.log", "aux .x", "CONOUT$"] {
            assert_eq!(no_file_of_windows(name.as_ref()), Some("it is a device"), "{name}");
        }
        assert_eq!(no_file_of_windows("a:b".as_ref()), Some("it is a stream of another file"));
        for name in ["nullable", "COM0", "COM10", "console", "token.txt", ".env"] {
            assert_eq!(no_file_of_windows(name.as_ref()), None, "{name}");
        }
    }
}
