//! Trying again, for calls that no SDK makes.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use crate::error::{Error, Kind};
use crate::http::client::HttpClient;
use crate::http::limits::MAX_TRIES;
use crate::http::policy::seconds_of;
use crate::http::status::{busy, may_pass, unexplained};
use crate::http::transport_error::TransportError;

/// Why one try failed, and whether the next may have better luck.
#[derive(Debug)]
pub(crate) struct CallFailure {
    /// Whether the same request may succeed later.
    pub(crate) is_transient: bool,
    /// Whether it is certain that the service did not carry the request out.
    pub(crate) is_undone: bool,
    /// The pause that the service asked for.
    pub(crate) retry_after: Option<Duration>,
    /// The error if there is no further try.
    pub(crate) error: Error,
}

impl CallFailure {
    /// A failure that no further try fixes.
    pub(crate) fn last(error: Error) -> Self {
        CallFailure { is_transient: false, is_undone: false, retry_after: None, error }
    }

    /// No answer came.
    pub(crate) fn unanswered(fault: TransportError) -> Self {
        let (is_transient, is_undone) = (fault.is_transient(), fault.is_unsent());
        CallFailure { is_transient, is_undone, ..CallFailure::last(fault.into()) }
    }

    /// The service refused; if it was overloaded, a retry may succeed.
    pub(crate) fn refused(error: Error) -> Self {
        CallFailure { is_transient: error.kind() == Kind::Network, is_undone: true, ..CallFailure::last(error) }
    }

    /// `host` answered that it is overloaded or failed; `None` for another answer.
    pub(crate) fn busy(wire: &HttpClient, host: &str, answer: &http::Response<Vec<u8>>) -> Option<Self> {
        let status = answer.status().as_u16();
        let header = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after(header.unwrap_or_default().trim(), wire.now());
        let when = retry_after.map(|pause| format!("; retry after {} s", pause.as_secs())).unwrap_or_default();
        let error = busy(host, status, &when);
        may_pass(status).then(|| CallFailure { is_transient: true, is_undone: true, retry_after, error })
    }

    /// An answer that did not come from AWS.
    pub(crate) fn strange(operation: &str, status: u16, what: &str) -> Self {
        let error = unexplained(operation, status, what).unwrap_or_else(|| {
            Error::network(format!("{operation}: the answer is not one of AWS ({what})"))
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL")
        });
        CallFailure { is_transient: may_pass(status), ..CallFailure::last(error) }
    }

    /// The same, with what was tried before the error.
    #[must_use]
    pub(crate) fn context(self, operation: &str) -> Self {
        CallFailure { error: self.error.context(operation), ..self }
    }
}

/// Required by `oauth2` for the error of an HTTP client.
impl fmt::Display for CallFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.error.message())
    }
}

impl std::error::Error for CallFailure {}

/// Retry-After (RFC 9110 section 10.2.3): seconds, or a date.
pub(crate) fn retry_after(value: &str, now: u64) -> Option<Duration> {
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let seconds = seconds_of(value)?.saturating_sub(i64::try_from(now / 1000).ok()?);
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
}

/// How often something is tried, and how long to wait before each further try.
#[derive(Debug)]
pub(crate) struct RetryPolicy {
    tries: u32,
    deadline: Instant,
}

impl RetryPolicy {
    /// The policy of every call: [`MAX_TRIES`], twice the pause each time, and none that ends after the deadline.
    pub(crate) fn of(wire: &HttpClient) -> Self {
        RetryPolicy { tries: 1, deadline: wire.deadline() }
    }

    /// The pause before the next try, at least as long as the service asked for; `None` without further tries or time.
    pub(crate) fn pause(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        if self.tries >= MAX_TRIES {
            return None;
        }
        let pause = jittered(FIRST_PAUSE * 2_u32.pow(self.tries - 1)).max(retry_after.unwrap_or_default());
        self.tries += 1;
        Instant::now().checked_add(pause).is_some_and(|at| at < self.deadline).then_some(pause)
    }
}

/// How long to wait before the second try, at least.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Between one and two times `pause`, so that many who failed at once do not come back at once.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) % 1000;
    pause + pause * u32::try_from(random).unwrap_or_default() / 1000
}

/// Calls `attempt` until it succeeds, fails for good, or there is neither a try nor time left.
pub(crate) async fn with_retries<T, F>(wire: &HttpClient, mut attempt: impl FnMut() -> F) -> Result<T, CallFailure>
where
    F: Future<Output = Result<T, CallFailure>>,
{
    let mut policy = RetryPolicy::of(wire);
    loop {
        let failed = match attempt().await {
            Err(failed) if failed.is_transient => failed,
            result => return result,
        };
        match policy.pause(failed.retry_after) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(failed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_with_the_tries_or_the_time() {
        let policy = |patience: u64| {
            let wire = HttpClient::new(None, None, || 0, Instant::now() + Duration::from_secs(patience)).unwrap();
            RetryPolicy::of(&wire)
        };
        let mut plenty = policy(3600);
        for at_least in [200, 400, 800].map(Duration::from_millis) {
            let pause = plenty.pause(None).unwrap();
            assert!(pause >= at_least && pause <= at_least * 2, "{pause:?}");
        }
        assert_eq!(plenty.pause(None), None);
        assert_eq!(policy(60).pause(Some(Duration::from_secs(30))), Some(Duration::from_secs(30)));
        for too_long in [60, 3600, u64::MAX] {
            assert_eq!(policy(60).pause(Some(Duration::from_secs(too_long))), None);
        }
        assert_eq!(policy(0).pause(None), None);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 1_000_000_000_000;
        assert_eq!(retry_after("7", now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Sun, 09 Sep 2001 01:46:50 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 09 Sep 2001 01:46:30 GMT", now), Some(Duration::ZERO));
        for bad in ["", "-1", "soon", "1.5"] {
            assert_eq!(retry_after(bad, now), None, "{bad}");
        }
    }
}
