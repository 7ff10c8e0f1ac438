//! Files that a person or another program names for what is handed out: nothing here is a directory of ours, nobody
//! shares a lock with us, and what lies at the path may be a trap.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, PersistError};

use super::file::{self, flush, open_regular, sync_dir};

/// Why nothing can be put at `path`, where that is known beforehand: there is something other than a regular file, a
/// symbolic link included, or no directory to put it in.
///
/// # Errors
/// As the operating system says; [`io::ErrorKind::InvalidInput`] for what lies there.
pub fn check(path: &Path) -> io::Result<()> {
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, why.to_owned()));
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
                Err(_) => refused("its directory is not there"),
            }
        }
        Err(error) => Err(error),
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
    new.finish_by(NamedTempFile::persist_noclobber)
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

    fn finish_by(self, persist: fn(NamedTempFile, PathBuf) -> Result<File, PersistError>) -> io::Result<()> {
        let Replacement { path, mut file } = self;
        let (dir, name) = split(&path)?;
        let mut tries = 0;
        loop {
            flush(file.as_file())?;
            match persist(file, path.clone()) {
                Ok(_) => {
                    // The file is there; a directory that can't be flushed takes nothing of it back.
                    let _ = sync_dir(dir);
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
        let mut whole = zeroize::Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
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
fn sweep(dir: &Path, prefix: &str) {
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
