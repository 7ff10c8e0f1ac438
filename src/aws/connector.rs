//! The HTTP client in the shape that the SDK takes, and what the SDK tries again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper::body::Bytes;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::aws::error_response::refusal;
use crate::error::printable;
use crate::http::client::HttpClient;
use crate::http::policy::HttpPolicy;
use crate::http::retry::retry_after;
use crate::http::status::{is_throttling, may_pass};
use crate::http::transport_error::{TransportError, TransportErrorKind};
use crate::token::Lifetime;

impl HttpClient {
    /// This client in the shape that the SDK takes.
    pub(crate) fn sdk_client(&self) -> SharedHttpClient {
        let guard = self.guard().clone();
        http_client_fn(move |settings, _| {
            let connector = SdkConnector { guard: guard.clone(), patience: settings.read_timeout() };
            SharedHttpConnector::new(connector)
        })
    }
}

#[derive(Clone, Debug)]
struct SdkConnector {
    guard: HttpPolicy,
    // A client of the SDK may have a shorter limit, such as the one of the metadata service.
    patience: Option<Duration>,
}

impl HttpConnector for SdkConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let SdkConnector { guard, patience } = self.clone();
        HttpConnectorFuture::new(async move {
            let (host, deadline) = (printable(request.uri(), 120), guard.deadline.get());
            let is_json = request.headers().get("x-amz-target").is_some();
            let request = request.try_into_http1x().map_err(|why| ConnectorError::user(why.into()))?;
            let request = request.map(|body| body.bytes().map(Bytes::copy_from_slice).unwrap_or_default());
            let exchange = guard.whole(request);
            let answer = match patience {
                None => exchange.await,
                Some(patience) => tokio::time::timeout(patience, exchange).await.unwrap_or_else(|_| {
                    let what = TransportErrorKind::Timeout { within: patience, tries: 1 };
                    Err(guard.fault(&host, what))
                }),
            };
            let checked = answer.and_then(|answer| match foreign(&answer).filter(|_| is_json) {
                Some(what) => Err(guard.fault(&host, TransportErrorKind::NotOfAws(what))),
                None => Ok(answer),
            });
            match checked {
                Ok(answer) => HttpResponse::try_from(answer.map(with_whole_lifetime).map(SdkBody::from))
                    .map_err(|why| ConnectorError::other(why.into(), None)),
                Err(fault) if Instant::now() < deadline => Err(ConnectorError::from(fault)),
                Err(fault) => Err(ConnectorError::other(Box::new(fault), None)),
            }
        })
    }
}

/// What answers a request in AWS's JSON protocol with a success, if it isn't AWS: that answers with 200, and with JSON unless there is
/// nothing to say. The SDK takes any 2xx for a success, and reads no body where the operation gives nothing.
fn foreign(answer: &http::Response<Bytes>) -> Option<String> {
    let (status, body) = (answer.status(), answer.body());
    let is_json = || serde_json::from_slice::<HashMap<String, IgnoredAny>>(body).is_ok();
    let is_of_aws = !status.is_success() || (status == 200 && (body.is_empty() || is_json()));
    (!is_of_aws).then(|| format!("HTTP {}, {} bytes", status.as_u16(), body.len()))
}

/// The body with its `ExpiresIn` as a whole number, which the SDK needs: some servers send it as text, or as 3600.0.
fn with_whole_lifetime(body: Bytes) -> Bytes {
    const NAME: &str = "ExpiresIn";
    if !body.windows(NAME.len()).any(|window| window == NAME.as_bytes()) {
        return body;
    }
    let Ok(Value::Object(mut json)) = serde_json::from_slice(&body) else { return body };
    let mut is_changed = false;
    for result in json.values_mut().filter_map(Value::as_object_mut) {
        let is_of_sdk = |value: &Value| value.as_i64().is_some_and(|seconds| i32::try_from(seconds).is_ok());
        let Some(value) = result.get(NAME).filter(|value| !is_of_sdk(value)) else { continue };
        // To the SDK, 0 is an absent lifetime.
        let seconds = match Lifetime::of(Some(value)) {
            Lifetime::Missing => 0,
            Lifetime::Seconds(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX),
        };
        result.insert(NAME.to_owned(), seconds.into());
        is_changed = true;
    }
    if is_changed { Bytes::from(Value::Object(json).to_string()) } else { body }
}

impl From<TransportError> for ConnectorError {
    fn from(fault: TransportError) -> Self {
        // The SDK tries again after a time-out and an I/O error.
        match &fault.what {
            TransportErrorKind::Timeout { .. } | TransportErrorKind::Unreachable(_) => {
                ConnectorError::timeout(Box::new(fault))
            }
            _ if fault.is_transient() => ConnectorError::io(Box::new(fault)),
            _ => ConnectorError::other(Box::new(fault), None),
        }
    }
}

/// Makes the SDK retry every transient error: its own list of statuses is shorter and lacks 429. A service that asks for a longer pause than
/// the call has time is not waited for: the SDK would sleep until the deadline, and what the service said would be lost.
#[derive(Debug)]
pub(crate) struct MayPass {
    policy: HttpPolicy,
    since: Instant,
}

impl MayPass {
    pub(crate) fn of(wire: &HttpClient) -> Self {
        MayPass { policy: wire.guard().clone(), since: Instant::now() }
    }

    /// Whether too little is left of the time for another try. Of a second in all there is a quarter.
    fn is_short(&self) -> bool {
        let left = self.policy.left_of(Duration::MAX);
        left < TOO_SHORT.min(self.since.elapsed().saturating_add(left) / 4)
    }

    /// The pause that an answer asks for: `x-amz-retry-after` has milliseconds, Retry-After seconds or a date.
    fn pause(&self, answer: &HttpResponse) -> Option<Duration> {
        let header = |name| answer.headers().get(name).map(str::trim);
        let of_aws = header("x-amz-retry-after").and_then(|value| value.parse().ok()).map(Duration::from_millis);
        of_aws.or_else(|| retry_after(header("retry-after")?, (self.policy.clock)()))
    }
}

impl ClassifyRetry for MayPass {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let pause = context.response().and_then(|response| self.pause(response));
        if pause.is_some_and(|pause| pause >= self.policy.left_of(Duration::MAX)) {
            return RetryAction::RetryForbidden;
        }
        // A last try that the deadline cuts off would hide that the service is throttling.
        if self.is_short() && code_of(context).is_some_and(|code| is_throttling(&code)) {
            return RetryAction::RetryForbidden;
        }
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::retryable_error(ErrorKind::ThrottlingError),
            Some(status) if may_pass(status) => RetryAction::retryable_error(ErrorKind::TransientError),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "status"
    }

    // Runs before the classifiers that know error codes, so that theirs win.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::http_status_code_classifier()
    }
}

/// The SDK's longest pause before a try, and some time for the try.
const TOO_SHORT: Duration = Duration::from_secs(1);

/// The code of a refusal.
fn code_of(context: &InterceptorContext) -> Option<String> {
    let response = context.response()?;
    let body = response.body().bytes().unwrap_or_default();
    refusal(&http::HeaderMap::new(), response.status().as_u16(), body).map(|(code, _)| code)
}

/// LimitExceededException is a limit of one user's, refused for minutes, or a quota, which does not pass: the SDK takes it for
/// throttling, and to try again only adds to it.
#[derive(Debug)]
pub(crate) struct LimitIsLimit;

impl ClassifyRetry for LimitIsLimit {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match code_of(context).as_deref() {
            Some("LimitExceededException") => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "a limit is a limit"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_time_is_a_quarter_of_a_short_call_and_a_second_of_a_long_one() {
        let (now, ms) = (Instant::now(), Duration::from_millis);
        let is_short = |spent: Duration, left: Duration| {
            let wire = HttpClient::new(None, None, || 0, now + left).unwrap();
            MayPass { policy: wire.guard().clone(), since: now.checked_sub(spent).unwrap() }.is_short()
        };
        assert!(!is_short(ms(10), ms(900)) && !is_short(ms(3000), ms(2000)));
        assert!(is_short(ms(900), ms(100)) && is_short(ms(5000), ms(700)));
    }

    #[test]
    fn a_lifetime_becomes_a_whole_number_and_nothing_else_changes() {
        let body =
            |value: &str| format!(r#"{{"AuthenticationResult":{{"AccessToken":"a","ExpiresIn":{value}}},"n":1.50}}"#);
        for (value, whole) in [
            ("\"3600\"", "3600"),
            ("3600.0", "3600"),
            ("3.6e3", "3600"),
            ("\"-1\"", "0"),
            ("\"soon\"", "0"),
            ("true", "0"),
            ("4294967296", "86400"),
            ("18446744073709551615", "86400"),
        ] {
            let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
            assert_eq!(read(&with_whole_lifetime(body(value).into())), read(body(whole).as_bytes()), "{value}");
        }
        for same in [body("3600"), body("-5"), "{\"ExpiresIn\":\"3600\"}".into(), "ExpiresIn".into(), "{}".into()] {
            assert_eq!(with_whole_lifetime(same.clone().into()), same, "{same}");
        }
    }
}
