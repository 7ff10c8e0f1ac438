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
