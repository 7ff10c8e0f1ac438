//! Reports slow answers to an observer: the library itself prints nothing.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::http::limits::MAX_TRIES;

/// How long an answer may take before the observer hears of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A request whose answer takes more than a second.
#[derive(Debug, Clone, Copy)]
pub struct Waiting<'a> {
    /// The server, with its port where one was given.
    pub host: &'a str,
    /// How often it was asked, this time included.
    pub tries: u32,
    /// The most tries; `None` on the first try.
    pub of: Option<u32>,
}

impl<'a> Waiting<'a> {
    /// The `tries`th try of a request to `host`.
    pub(crate) fn new(host: &'a str, tries: u32) -> Self {
        Waiting { host, tries, of: (2..=MAX_TRIES).contains(&tries).then_some(MAX_TRIES) }
    }
}

/// Called when an answer takes more than a second, and with `None` when the wait ends.
pub type WaitObserver = fn(Option<Waiting<'_>>);

/// Runs `exchange`, whose first try began at `since`, and tells the observer when it takes long.
pub(crate) async fn observed<T>(
    observer: Option<WaitObserver>,
    waiting: Waiting<'_>,
    since: Instant,
    exchange: impl Future<Output = T>,
) -> T {
    let Some(observer) = observer else { return exchange.await };
    let mut exchange = std::pin::pin!(exchange);
    let patience = PATIENCE.saturating_sub(since.elapsed());
    if let Ok(result) = tokio::time::timeout(patience, &mut exchange).await {
        return result;
    }
    observer(Some(waiting));
    let _ended = Ended(observer);
    exchange.await
}

/// Tells the observer that nothing is waited for any more, also where the caller gives up.
struct Ended(WaitObserver);

impl Drop for Ended {
    fn drop(&mut self) {
        (self.0)(None);
    }
}
