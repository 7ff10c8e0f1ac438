//! Work that goes on to its end without its caller.

use std::pin::Pin;

use crate::error::{Error, Kind, Result};

/// Runs `work` to its end even if the caller is dropped: a refresh token may work only once, and a token may cost money, so the result must
/// be kept.
pub(super) async fn detached<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    // One type for all of them, or the callers' futures would exceed the compiler's limit.
    let work: Pin<Box<dyn Future<Output = Result<T>> + Send>> = Box::pin(work);
    match tokio::spawn(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::new(Kind::Failure, format!("the work was cancelled: {error}"))),
    }
}
