//! Work that can't be interrupted and may take too long: reading from a pipe, opening a sealed file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;
use std::time::Instant;

use zeroize::Zeroizing;

/// Runs `work` on a separate thread, which is abandoned at `deadline`; then `None`.
///
/// # Errors
/// The operating system's error if the thread can't be started.
pub fn within<T: Send + 'static>(
    deadline: Instant,
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        let _ = sender.send(work());
    })?;
    Ok(receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok())
}

/// The content of a file of at most `limit` bytes; `None` for a larger one. Anything else may be a pipe that nobody writes to: it is read
/// until `deadline`.
///
/// # Errors
/// As [`read`].
pub fn read_file(path: &Path, limit: u64, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
    let kind = std::fs::metadata(path)?;
    let mut bytes = if kind.is_file() || kind.is_dir() {
        if kind.is_file() && kind.len() > limit {
            return Ok(None);
        }
        // Allocated at full size: growing would need twice the memory.
        let mut bytes = Vec::with_capacity(usize::try_from(kind.len() + 1).unwrap_or_default());
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        Zeroizing::new(bytes)
    } else {
        read(path, limit, deadline, |_, _| {})?
    };
    Ok((bytes.len() as u64 <= limit).then(|| std::mem::take(&mut *bytes)))
}

/// The content of a file or pipe, as far as `limit` bytes and one more; `look` sees the open file first.
///
/// # Errors
/// The operating system's error, or a time-out at `deadline`.
pub fn read(path: &Path, limit: u64, deadline: Instant, look: fn(&Path, &File)) -> io::Result<Zeroizing<Vec<u8>>> {
    let owned = path.to_path_buf();
    let read = move || {
        let file = File::open(&owned)?;
        look(&owned, &file);
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(limit + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let late = || Err(io::Error::other("nothing came from it in time"));
    within(deadline, "read", read)?.unwrap_or_else(late)
}
