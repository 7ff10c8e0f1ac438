//! The policy for every exchange: no redirects, a size limit for answers, a time limit for each try (including the body), plain http only
//! on this machine, and logging.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use http::header::{CONTENT_LENGTH, DATE, HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};

use crate::error::{chain, printable};
use crate::http::client::{Clock, Deadline, MAX_ANSWER};
use crate::http::connectors::{Connectors, Route, check_plain};
use crate::http::header_text::text;
use crate::http::limits::ATTEMPT_TIMEOUT;
use crate::http::proxy::EnvironmentProxy;
use crate::http::redact;
use crate::http::redact::Redactor;
use crate::http::redirect::refuse_redirect;
use crate::http::status::may_pass;
use crate::http::transport::{ConnectTimeout, Connection};
use crate::http::transport_error::{ConnectFailure, TransportError, TransportErrorKind};
use crate::http::unanswered::Unanswered;
use crate::http::waf;
use crate::http::waiting::{WaitObserver, Waiting, observed};

/// The most characters of a body in the log.
const MOST_OF_A_BODY: usize = 2000;

/// The policy for every exchange.
#[derive(Clone, Debug)]
pub(crate) struct HttpPolicy {
    connectors: Arc<Connectors>,
    pub clock: Clock,
    pub deadline: Deadline,
    offset: Arc<AtomicI64>,
    pub unanswered: Unanswered,
    heard: Arc<Mutex<BTreeMap<String, Heard>>>,
    pub redactor: Redactor,
    observer: Option<WaitObserver>,
}

/// A server's Date header, in seconds since the Unix epoch, and when it arrived.
#[derive(Debug, Clone, Copy)]
struct Heard {
    date: i64,
    at: Instant,
}

/// The default User-Agent.
pub(crate) const USER_AGENT: &str = concat!("cogtok/", env!("CARGO_PKG_VERSION"));

/// The metadata service's header for the lifetime of its token.
const METADATA_LIFE: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// The longest that it may (six hours), in seconds.
const MOST_METADATA_LIFE: u64 = 21_600;

impl HttpPolicy {
    pub fn new(ca_bundle: Option<Vec<u8>>, proxy: Option<EnvironmentProxy>, clock: Clock, deadline: Deadline) -> Self {
        let connectors = Arc::new(Connectors::new(ca_bundle, proxy));
        HttpPolicy {
            connectors,
            clock,
            deadline,
            offset: Arc::default(),
            unanswered: Unanswered::default(),
            heard: Arc::default(),
            redactor: Redactor::default(),
            observer: None,
        }
    }

    /// The same policy with an observer for slow answers.
    pub fn observed_by(&self, observer: WaitObserver) -> Self {
        HttpPolicy { observer: Some(observer), ..self.clone() }
    }

    /// The same policy for another call.
    pub fn for_call(&self, deadline: Deadline) -> Self {
        HttpPolicy { deadline, redactor: Redactor::default(), unanswered: Unanswered::default(), ..self.clone() }
    }

    /// Seconds by which the clock of the server that answered last is ahead; 0 where none answered.
    pub fn clock_offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// The time of the server's clock at `moment`, in milliseconds since the Unix epoch; `host` has the port if one was given. `None` if
    /// the server sent no Date header. It may be up to a second later: the header has whole seconds.
    pub fn server_time(&self, host: &str, moment: Instant) -> Option<i64> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(host)?;
        let between = |later: Instant, earlier: Instant| {
            i64::try_from(later.saturating_duration_since(earlier).as_millis()).unwrap_or(i64::MAX)
        };
        let moved = between(moment, heard.at).saturating_sub(between(heard.at, moment));
        Some(heard.date.saturating_mul(1000).saturating_add(moved))
    }

    /// Sends a request and returns `read`'s result for the answer, which starts when the headers have arrived; all within `patience`.
    pub async fn answer<T, F>(
        &self,
        mut request: http::Request<Bytes>,
        patience: Duration,
        read: impl FnOnce(http::Response<Incoming>) -> F,
    ) -> Result<T, TransportError>
    where
        T: LoggedBody,
        F: Future<Output = Result<T, TransportErrorKind>>,
    {
        // AWS WAF's core rules refuse requests without a User-Agent.
        request.headers_mut().entry(http::header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        let uri = request.uri().clone();
        let way = Route::to(&uri);
        let transport = self.connectors.ready(way, patience).await;
        let bad_proxy = self.connectors.unusable_proxy(way, &uri);
        let host = printable(uri.authority().map_or("", |authority| authority.as_str()), 120);
        let line = format!("{} {}://{host}{}", request.method(), uri.scheme_str().unwrap_or("?"), uri.path());
        let target = text(request.headers(), "x-amz-target").map(str::to_owned);
        let operation = target.as_ref().map(|target| format!(" ({target})")).unwrap_or_default();
        if log::log_enabled!(target: "cogtok::body", log::Level::Debug) {
            log::debug!(target: "cogtok::body", "> {}", self.body(request.body()));
        }
        let started = Instant::now();
        let fault = |what: TransportErrorKind| self.fault(&host, what);
        let what_was_asked = format!("{line}{operation}");
        let (first, tries) = self.unanswered.begin(&what_was_asked, &host, target.as_deref(), started);
        let late = || fault(TransportErrorKind::Timeout { within: first.elapsed(), tries });
        // The first poll would send the request on a connection that is open.
        if patience.is_zero() {
            return Err(late());
        }
        let exchange = async {
            if let Some(why) = bad_proxy {
                return Err(fault(TransportErrorKind::Proxy(why)));
            }
            if matches!(way, Route::Plain) {
                check_plain(&uri).await.map_err(&fault)?;
            }
            let response = transport.map_err(&fault)?.send(request).await;
            let response = response.map_err(|error| fault(self.connect_failure(&error, started)))?;
            self.compare_clocks(&host, &response);
            let (status, id) = (response.status().as_u16(), self.request_id(&response));
            let answer = read(response).await.map_err(&fault)?;
            Ok((status, id, answer))
        };
        let exchange = observed(self.observer, Waiting::new(&host, tries), first, exchange);
        let result = match tokio::time::timeout(patience, exchange).await {
            Ok(result) => result,
            Err(_) => Err(late()),
        };
        match &result {
            // An overloaded service is tried again.
            Ok((status, ..)) if may_pass(*status) => self.unanswered.busy(&what_was_asked, *status),
            Ok(_) => self.unanswered.answered(&what_was_asked),
            Err(fault) => self.unanswered.failed(&what_was_asked, fault),
        }
        let took = started.elapsed().as_millis();
        match &result {
            Ok((status, id, answer)) => {
                log::info!(target: "cogtok::http", "{line}{operation}: {status} in {took} ms{id}");
                if let Some(body) = answer.body() {
                    log::debug!(target: "cogtok::body", "< {}", self.body(body));
                }
            }
            Err(fault) => log::info!(target: "cogtok::http", "{line}{operation}: {fault} after {took} ms"),
        }
        result.map(|(_, _, answer)| answer)
    }

    /// A connection to the host of `uri`, for what is not a request and its answer.
    pub async fn connect(&self, uri: &http::Uri) -> Result<Connection, TransportError> {
        let host = printable(uri.authority().map_or("", |authority| authority.as_str()), 120);
        let (way, started) = (Route::to(uri), Instant::now());
        let connecting = async {
            if let Some(why) = self.connectors.unusable_proxy(way, uri) {
                return Err(TransportErrorKind::Proxy(why));
            }
            if matches!(way, Route::Plain) {
                check_plain(uri).await?;
            }
            let transport = self.connectors.ready(way, self.left_of(Duration::MAX)).await?;
            let connection = transport.connect(uri.clone()).await;
            connection.map_err(|error| self.connect_failure(error.as_ref(), started))
        };
        let connection = connecting.await.map_err(|what| self.fault(&host, what));
        let outcome = connection.as_ref().map_or_else(ToString::to_string, |_| "connected".to_owned());
        log::info!(target: "cogtok::http", "{host}: {outcome} after {} ms", started.elapsed().as_millis());
        connection
    }

    /// Sends a request and reads the whole answer, within the time of one try.
    pub async fn whole(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (patience, asked) = (self.left_of(ATTEMPT_TIMEOUT), request.uri().to_string());
        let host = printable(request.uri().authority().map_or("", |authority| authority.as_str()), 120);
        let answer = self.answer(request, patience, |response| whole(response, asked)).await?;
        // Only after the exchange was logged: whoever looks into the firewall's log needs the request id.
        refuse_challenge(&answer).map_err(|what| self.fault(&host, what))?;
        Ok(answer)
    }

    /// A fault of `host`, without the secrets of this call.
    pub fn fault(&self, host: &str, what: TransportErrorKind) -> TransportError {
        let what = match what.cleaned(&self.redactor) {
            TransportErrorKind::TunnelRefused { status, .. } => {
                let source = self.connectors.proxy.as_ref().map(|proxy| proxy.source);
                TransportErrorKind::TunnelRefused { status, source }
            }
            what => what,
        };
        TransportError { host: host.to_owned(), what }
    }

    /// A body for the log. It is cut after redaction, so that no part of a secret is left at its end.
    fn body(&self, bytes: &[u8]) -> String {
        printable(&self.redactor.clean(&redact::body(bytes)), MOST_OF_A_BODY)
    }

    /// How much time is left of the call, and at most `patience`.
    pub fn left_of(&self, patience: Duration) -> Duration {
        patience.min(self.deadline.get().saturating_duration_since(Instant::now()))
    }

    fn compare_clocks(&self, host: &str, response: &http::Response<Incoming>) {
        let Some(date) = text(response.headers(), DATE) else { return };
        if let Some(ahead) = ahead_by(date, (self.clock)()) {
            self.offset.store(ahead, Ordering::Relaxed);
        }
        if let Some(date) = seconds_of(date) {
            let heard = Heard { date, at: Instant::now() };
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned(), heard);
        }
    }

    /// What an error of the HTTP client means for what was begun then.
    fn connect_failure(&self, error: &(dyn std::error::Error + 'static), started: Instant) -> TransportErrorKind {
        if chain(error).any(|error| error.is::<ConnectTimeout>()) {
            return TransportErrorKind::Unreachable(started.elapsed());
        }
        let failure = TransportErrorKind::of(error);
        if matches!(failure, TransportErrorKind::Connect { cause: ConnectFailure::Certificate, .. }) {
            self.connectors.warn_of_unread();
        }
        failure
    }

    fn request_id(&self, response: &http::Response<Incoming>) -> String {
        ["x-amzn-requestid", "x-amz-cognito-request-id", "apigw-requestid", "x-request-id"]
            .iter()
            .find_map(|name| text(response.headers(), *name))
            .map(|id| format!(", request id {}", printable(&self.redactor.clean(id), 80)))
            .unwrap_or_default()
    }
}

/// An answer for the log.
pub(crate) trait LoggedBody {
    /// Its body, where it was read.
    fn body(&self) -> Option<&[u8]>;
}

impl LoggedBody for http::Response<Bytes> {
    fn body(&self) -> Option<&[u8]> {
        Some(http::Response::<Bytes>::body(self))
    }
}

/// The answer with its body read to the end, or the reason why it is not taken.
async fn whole(response: http::Response<Incoming>, asked: String) -> Result<http::Response<Bytes>, TransportErrorKind> {
    refuse_redirect(&response, &asked)?;
    let (mut head, body) = response.into_parts();
    tame(&mut head.headers);
    let announced = text(&head.headers, CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_ANSWER as u64) {
        return Err(TransportErrorKind::TooLarge(MAX_ANSWER));
    }
    let body = Limited::new(body, MAX_ANSWER).collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            TransportErrorKind::TooLarge(MAX_ANSWER)
        } else {
            TransportErrorKind::of(error.as_ref())
        }
    })?;
    Ok(http::Response::from_parts(head, body.to_bytes()))
}

/// Removes times from an answer's headers that would make the SDK panic: it adds them to the clock without checking for overflow.
fn tame(headers: &mut HeaderMap) {
    // The years from 1970 to 9998: a signature has four digits for a year, and the clock advances between two tries.
    const MOMENTS: std::ops::Range<i64> = 0..253_370_764_800;
    let is_moment =
        |date: &HeaderValue| date.to_str().ok().and_then(seconds_of).is_some_and(|at| MOMENTS.contains(&at));
    if !headers.get_all(DATE).iter().all(is_moment) {
        headers.remove(DATE);
    }
    let is_endless = |life: &HeaderValue| {
        life.to_str().ok().and_then(|life| life.parse().ok()).is_some_and(|life: u64| life > MOST_METADATA_LIFE)
    };
    if headers.get_all(METADATA_LIFE).iter().any(is_endless) {
        headers.insert(HeaderName::from_static(METADATA_LIFE), HeaderValue::from(MOST_METADATA_LIFE));
    }
}

/// Seconds by which a server's clock is ahead of `now` (milliseconds), by its Date header.
pub fn ahead_by(date: &str, now: u64) -> Option<i64> {
    Some(seconds_of(date)?.saturating_sub(i64::try_from(now / 1000).ok()?))
}

/// An HTTP date (RFC 9110 section 5.6.7) in seconds since the Unix epoch.
pub(crate) fn seconds_of(date: &str) -> Option<i64> {
    let since = httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
/// Refuses an answer that is AWS WAF's own.
pub(crate) fn refuse_challenge<B>(response: &http::Response<B>) -> Result<(), TransportErrorKind> {
    match waf::action(response) {
        Some(action) => Err(TransportErrorKind::Challenged { status: response.status().as_u16(), action }),
        None => Ok(()),
    }
}
