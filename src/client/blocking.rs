//! Work that could hold up a task: what blocks a thread, and parts of the caller's own.

use std::time::Instant;

use crate::error::{Error, Kind, Result};

/// Runs blocking work (a file lock, a keyring) on a thread for blocking work.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::new(Kind::Failure, format!("the work was cancelled: {error}"))),
    }
}

/// What a part of the caller's own gives, unless it takes longer than the call may. Other tasks wait meanwhile.
pub(super) async fn within<T>(deadline: Instant, part: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout_at(deadline.into(), work).await {
        Ok(result) => result,
        Err(_) => Err(Error::store(format!("{part} has not answered in time"))),
    }
}
