//! Trying again, for calls that no SDK makes; and what the SDK would try again in vain.

use std::future::Future;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use backon::{ExponentialBuilder, Retryable};

use crate::error::{Error, Kind, Result};
use crate::http::client::HttpClient;
use crate::http::status::{may_pass, unexplained};
use crate::http::transport_error::TransportError;

/// LimitExceededException is a limit of one user's, refused for minutes: the SDK takes it for throttling, and to try again only
/// adds to it.
#[derive(Debug)]
pub(crate) struct LimitIsLimit;

impl ClassifyRetry for LimitIsLimit {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let body = context.response().and_then(|response| response.body().bytes());
        let answer = body.and_then(|body| serde_json::from_slice::<serde_json::Value>(body).ok());
        let code = answer.as_ref().and_then(|answer| answer.get("__type")?.as_str()).unwrap_or_default();
        match code.rsplit('#').next() {
            Some("LimitExceededException") => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "a limit is a limit"
    }
}

/// Why one try failed, and whether the next may have better luck.
#[derive(Debug)]
pub(crate) struct CallFailure {
    pub(crate) is_transient: bool,
    pub(crate) error: Error,
}

impl CallFailure {
    /// A failure that no further try mends.
    pub(crate) fn last(error: Error) -> Self {
        CallFailure { is_transient: false, error }
    }

    /// There was no answer to `operation`.
    pub(crate) fn unanswered(operation: &str, fault: TransportError) -> Self {
        CallFailure { is_transient: fault.is_transient(), error: Error::from(fault).context(operation) }
    }

    /// The service said no; where it said that it has too much to do, it may say yes later.
    pub(crate) fn refused(error: Error) -> Self {
        CallFailure { is_transient: error.kind() == Kind::Network, error }
    }

    /// An answer that is none of AWS.
    pub(crate) fn strange(operation: &str, status: u16, what: &str) -> Self {
        let error = unexplained(operation, status, what).unwrap_or_else(|| {
            Error::network(format!("{operation}: the answer is not one of AWS ({what})"))
                .hint("check `endpoint_url` and AWS_ENDPOINT_URL")
        });
        CallFailure { is_transient: may_pass(status), error }
    }
}

/// Calls `attempt` until it succeeds, fails for good, or there is neither a try nor time left.
pub(crate) async fn with_retries<T, F>(wire: &HttpClient, attempt: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T, CallFailure>>,
{
    let backoff = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(200))
        .with_factor(2.0)
        .with_max_times(crate::http::limits::MAX_TRIES as usize - 1)
        .with_jitter();
    attempt
        .retry(backoff)
        .sleep(tokio::time::sleep)
        .when(|error: &CallFailure| error.is_transient)
        .adjust(|_, pause| pause.filter(|pause| Instant::now() + *pause < wire.deadline()))
        .await
        .map_err(|failed| failed.error)
}
