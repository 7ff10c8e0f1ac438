//! Counts that any number of processes keep at once, without waiting for each other: the length of a private file, one byte
//! for each time.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::store::file;

/// Counts one more, where there is a directory for it. It helps to know and is never needed, so nothing is flushed.
///
/// # Errors
/// The operating system's error; [`io::ErrorKind::InvalidData`] for a symbolic link, FIFO, device or directory.
pub fn increment(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let dir = path.parent().unwrap_or(path);
    // A single append, which the system does not interleave with others.
    file::open_or_make(options.append(true), path, dir)?.write_all(b".")
}

/// How many there were; 0 where nothing was counted.
pub fn read(path: &Path) -> u64 {
    std::fs::symlink_metadata(path).map_or(0, |metadata| if metadata.is_file() { metadata.len() } else { 0 })
}
