//! Work that blocks, beside the tasks that must not.

use crate::error::{Error, Kind, Result};

/// Runs blocking work (a file lock, a keyring) on a thread for blocking work.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::new(Kind::Failure, format!("the work was cancelled: {error}"))),
    }
}
