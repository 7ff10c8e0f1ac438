//! Makes files survive a crash of the machine, as far as the file system can.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Flushes a file that is about to get its name.
///
/// # Errors
/// The operating system's error if data is lost; a file system without flushing is only a warning.
pub fn flush(file: &File, dir: &Path) -> io::Result<()> {
    let flushed = file.sync_all();
    // macOS also flushes the drive's cache, which network disks and some others can't do.
    #[cfg(target_os = "macos")]
    let flushed = flushed.or_else(|_| Ok(rustix::fs::fsync(file)?));
    match flushed {
        Err(error) if is_unable(&error) => {
            warn(dir, &error);
            Ok(())
        }
        done => done,
    }
}

/// Flushes the directory after a rename. The file is already visible, so a failure is only a warning.
pub fn settle(dir: &Path) {
    if cfg!(unix)
        && let Err(error) = File::open(dir).and_then(|dir| dir.sync_all())
    {
        warn(dir, &error);
    }
}

/// Whether the file system does not know how, as some network shares and FUSE ones.
fn is_unable(error: &io::Error) -> bool {
    #[cfg(unix)]
    if let Some(code) = rustix::io::Errno::from_io_error(error) {
        return [rustix::io::Errno::INVAL, rustix::io::Errno::NOSYS, rustix::io::Errno::OPNOTSUPP].contains(&code);
    }
    error.kind() == io::ErrorKind::Unsupported
}

/// Once a run: it is the same for every file.
fn warn(dir: &Path, why: &io::Error) {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    if !IS_SAID.swap(true, Ordering::Relaxed) {
        let dir = dir.display();
        log::warn!(target: "cogtok", "what is written to {dir} may not survive a crash of this machine: it can't be flushed ({why})");
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_file_system_that_cannot_flush_is_told_from_one_that_failed() {
        for unable in [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP] {
            assert!(is_unable(&unable.into()), "{unable}");
        }
        for failed in [Errno::IO, Errno::NOSPC, Errno::ROFS] {
            assert!(!is_unable(&failed.into()), "{failed}");
        }
        assert!(is_unable(&io::ErrorKind::Unsupported.into()));
        assert!(!is_unable(&io::ErrorKind::StorageFull.into()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_flushed_is_written_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        flush(&tempfile::tempfile_in(dir.path()).unwrap(), dir.path()).unwrap();
        // fsync of a pipe is EINVAL.
        let (_reader, writer) = io::pipe().unwrap();
        flush(&File::from(std::os::fd::OwnedFd::from(writer)), dir.path()).unwrap();
    }
}
