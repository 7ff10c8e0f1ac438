//! Work that can't be interrupted and may take longer than anybody waits: reading from a pipe, opening what is sealed.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;
use std::time::Instant;

use zeroize::Zeroizing;

/// Does `work` on a thread of its own, which is left behind at `deadline`; none then.
///
/// # Errors
/// As the operating system says when there can be no such thread.
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
/// As the operating system says, and when it does not end until `deadline`.
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
