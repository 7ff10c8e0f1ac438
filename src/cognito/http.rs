//! One HTTP client for everything: hyper 1 and rustls with ring, under the SDK and `oauth2` alike.
//!
//! Every exchange goes through `Guard`, which refuses redirects, bounds the answer's size and the time of a try
//! (its body included), and tells the log what went by.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};

use super::fault::{Fault, What, fault_in};
use super::redact::Redactor;
use super::{ATTEMPT_TIMEOUT, redact};
use crate::error::{Error, Result, printable};

/// The largest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// How long a connection may take, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Tells the time, in milliseconds since the Unix epoch.
pub type Clock = fn() -> u64;

/// The HTTP client, with the clock and the deadline of the call it serves. Cloning it shares its connections.
#[derive(Clone, Debug)]
pub struct Wire {
    connector: SharedHttpConnector,
    clock: Clock,
    deadline: Deadline,
    offset: Arc<AtomicI64>,
    redactor: Redactor,
}

/// When the caller gives up; time that a person takes to answer moves it.
#[derive(Clone, Debug)]
struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    fn get(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wire {
    /// A client that trusts the system's certificate authorities and `ca_bundle` (PEM). Nothing is opened or loaded
    /// before the first request. `bad_proxy` says why the environment's proxy can't be used, which counts where one would be.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) when the bundle holds something that is no certificate, or nothing.
    pub fn new(ca_bundle: Option<Vec<u8>>, bad_proxy: Option<String>, clock: Clock, deadline: Instant) -> Result<Self> {
        ca_bundle.as_deref().map(check_bundle).transpose()?;
        let offset = Arc::new(AtomicI64::new(0));
        let redactor = Redactor::default();
        let deadline = Deadline(Arc::new(Mutex::new(deadline)));
        let guard = Guard {
            ca_bundle,
            bad_proxy,
            connectors: Default::default(),
            clock,
            deadline: deadline.clone(),
            offset: offset.clone(),
            redactor: redactor.clone(),
        };
        Ok(Wire { connector: SharedHttpConnector::new(guard), clock, deadline, offset, redactor })
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        (self.clock)()
    }

    /// Seconds by which the clock of the server that answered last is ahead of this machine's, by its Date header (RFC 9110
    /// section 6.6.1); 0 where none answered.
    pub fn clock_offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// What keeps the secrets of this call out of errors and the log.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// When the caller gives up.
    pub fn deadline(&self) -> Instant {
        self.deadline.get()
    }

    /// Moves the deadline, for all who share this client.
    pub fn set_deadline(&self, deadline: Instant) {
        *self.deadline.0.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// This client in the shape that the SDK takes.
    pub(super) fn sdk_client(&self) -> SharedHttpClient {
        let connector = self.connector.clone();
        http_client_fn(move |settings, _| match settings.read_timeout() {
            Some(patience) => SharedHttpConnector::new(Impatient { connector: connector.clone(), patience }),
            None => connector.clone(),
        })
    }

    /// One request and its whole answer, in the shape that `oauth2` takes.
    ///
    /// # Errors
    /// The [`Fault`] where there was no answer.
    pub(super) async fn exchange(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Fault> {
        let host = request.uri().host().unwrap_or_default().to_owned();
        let broken = |why: &dyn fmt::Display| Fault { host: host.clone(), what: What::Connect(why.to_string()) };
        let request = HttpRequest::try_from(request.map(SdkBody::from)).map_err(|why| broken(&why))?;
        let response = self.connector.call(request).await.map_err(|error| match fault_in(&error) {
            Some(fault) => fault.clone(),
            None => broken(&error),
        })?;
        let response = response.try_into_http1x().map_err(|why| broken(&why))?;
        Ok(response.map(|body| body.bytes().map(<[u8]>::to_vec).unwrap_or_default()))
    }
}

#[derive(Debug)]
struct Guard {
    ca_bundle: Option<Vec<u8>>,
    bad_proxy: Option<String>,
    // One of each way, made when it is needed: loading the system's certificate authorities takes milliseconds.
    connectors: [OnceLock<Arc<Connector>>; 3],
    clock: Clock,
    deadline: Deadline,
    offset: Arc<AtomicI64>,
    redactor: Redactor,
}

/// A client of the SDK that waits less than others: the metadata service's.
#[derive(Debug)]
struct Impatient {
    connector: SharedHttpConnector,
    patience: Duration,
}

impl HttpConnector for Impatient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (patience, host) = (self.patience, printable(request.uri(), 120));
        let exchange = self.connector.call(request);
        HttpConnectorFuture::new(async move {
            let late = |_| Err(Fault { host, what: What::Timeout(patience) }.into());
            tokio::time::timeout(patience, exchange).await.unwrap_or_else(late)
        })
    }
}

/// How a host is reached.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Plain http, which is to this machine alone.
    Plain,
    /// TLS to this machine: never through a proxy.
    Local,
    /// TLS, through the proxy of the environment where there is one.
    Tls,
}

impl Way {
    fn to(uri: &http::Uri) -> Self {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match uri.scheme_str() {
            Some("https") if is_local => Way::Local,
            Some("https") => Way::Tls,
            _ => Way::Plain,
        }
    }
}

impl Guard {
    fn connector(&self, way: Way) -> Arc<Connector> {
        let make = || {
            let settings =
                HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).read_timeout(ATTEMPT_TIMEOUT).build();
            let builder = Connector::builder().connector_settings(settings).sleep_impl(TokioSleep::new());
            let builder = match way {
                Way::Plain => return Arc::new(builder.build_http()),
                Way::Local => builder,
                Way::Tls => builder.proxy_config(ProxyConfig::from_env()),
            };
            let mut trust = TrustStore::default();
            if let Some(pem) = &self.ca_bundle {
                trust = trust.with_pem_certificate(pem.clone());
            }
            let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
            // A context can't be built from a bundle that is none, and the bundle was checked.
            Arc::new(match TlsContext::builder().with_trust_store(trust).build() {
                Ok(context) => builder.tls_context(context).build(),
                Err(_) => builder.build(),
            })
        };
        self.connectors[way as usize].get_or_init(make).clone()
    }
}

impl HttpConnector for Guard {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let way = Way::to(&request.uri().parse().unwrap_or_default());
        let connector = self.connector(way);
        let bad_proxy = self.bad_proxy.clone().filter(|_| matches!(way, Way::Tls));
        let deadline = self.deadline.get();
        let patience = ATTEMPT_TIMEOUT.min(deadline.saturating_duration_since(Instant::now()));
        let (clock, offset, redactor) = (self.clock, self.offset.clone(), self.redactor.clone());
        HttpConnectorFuture::new(async move {
            let uri: http::Uri = request.uri().parse().unwrap_or_default();
            let host = printable(uri.authority().map_or("", |authority| authority.as_str()), 120);
            let line = format!("{} {}://{host}{}", request.method(), uri.scheme_str().unwrap_or("?"), uri.path());
            let operation =
                request.headers().get("x-amz-target").map(|target| format!(" ({target})")).unwrap_or_default();
            if log::log_enabled!(target: "cogtok::body", log::Level::Debug) {
                log::debug!(target: "cogtok::body", "> {}", redactor.clean(&redact::body(request.body().bytes().unwrap_or_default())));
            }
            let started = Instant::now();
            let fault = |what: What| Fault { host: host.clone(), what: what.cleaned(&redactor) };
            let exchange = async {
                if let Some(why) = bad_proxy {
                    return Err(fault(What::Proxy(why)));
                }
                if matches!(way, Way::Plain) {
                    check_plain(&uri).await.map_err(&fault)?;
                }
                let response = connector.call(request).await.map_err(|error| match error.is_timeout() {
                    true => fault(What::Timeout(started.elapsed())),
                    false => fault(What::of(&error)),
                })?;
                whole(response).await.map_err(&fault)
            };
            let result = match tokio::time::timeout(patience, exchange).await {
                Ok(result) => result,
                Err(_) => Err(fault(What::Timeout(patience))),
            };
            let took = started.elapsed().as_millis();
            match &result {
                Ok(response) => {
                    if let Some(ahead) = response.headers().get("date").and_then(|date| ahead_by(date, clock())) {
                        offset.store(ahead, Ordering::Relaxed);
                    }
                    let id = ["x-amzn-requestid", "x-amz-cognito-request-id"]
                        .iter()
                        .find_map(|name| response.headers().get(*name))
                        .map(|id| format!(", request id {}", printable(&redactor.clean(id), 80)))
                        .unwrap_or_default();
                    log::info!(target: "cogtok::http", "{line}{operation}: {} in {took} ms{id}", response.status().as_u16());
                    log::debug!(target: "cogtok::body", "< {}", redactor.clean(&redact::body(response.body().bytes().unwrap_or_default())));
                }
                Err(fault) => log::info!(target: "cogtok::http", "{line}{operation}: {fault} after {took} ms"),
            }
            result.map_err(|fault| match Instant::now() < deadline {
                true => ConnectorError::from(fault),
                // There is no time left to try again, and this says more than that there is none.
                false => ConnectorError::other(Box::new(fault), None),
            })
        })
    }
}

/// The answer with its body read to the end, or the reason why it is not taken.
async fn whole(response: HttpResponse) -> Result<HttpResponse, What> {
    let status = response.status();
    if (300..400).contains(&status.as_u16()) {
        let to = response.headers().get("location").unwrap_or("nowhere");
        let to =
            url::Url::parse(to).map_or_else(|_| to.to_owned(), |url| url.host_str().unwrap_or_default().to_owned());
        return Err(What::Redirect { status: status.as_u16(), to: printable(&to, 80) });
    }
    let headers = response.headers().clone();
    let announced = headers.get("content-length").and_then(|length| length.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MAX_ANSWER as u64) {
        return Err(What::TooLarge);
    }
    let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await.map_err(|error| {
        match error.downcast_ref::<http_body_util::LengthLimitError>() {
            Some(_) => What::TooLarge,
            None => What::of(error.as_ref()),
        }
    })?;
    let mut response = HttpResponse::new(status, SdkBody::from(body.to_bytes()));
    *response.headers_mut() = headers;
    Ok(response)
}

/// Every block of the bundle must be a certificate: a bundle that is none must not be passed over in silence.
fn check_bundle(pem: &[u8]) -> Result<()> {
    use rustls::pki_types::pem::PemObject;
    let unusable = |why: &dyn std::fmt::Display| {
        Error::usage(format!("the CA bundle is not usable: {}", printable(&why.to_string(), 120)))
    };
    let mut store = rustls::RootCertStore::empty();
    for certificate in rustls::pki_types::CertificateDer::pem_slice_iter(pem) {
        store.add(certificate.map_err(|why| unusable(&why))?).map_err(|why| unusable(&why))?;
    }
    match store.is_empty() {
        true => Err(unusable(&"it holds no PEM certificate")),
        false => Ok(()),
    }
}

/// Seconds by which a server's clock is ahead of `now` (milliseconds), by its Date header.
pub(super) fn ahead_by(date: &str, now: u64) -> Option<i64> {
    Some(seconds_of(date)?.saturating_sub(i64::try_from(now / 1000).ok()?))
}

/// An HTTP date (RFC 9110 section 5.6.7) in seconds since the Unix epoch.
pub(super) fn seconds_of(date: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(date).ok().map(|date| date.timestamp().as_second())
}

/// Plain http is for this machine, and for the metadata services, which have no TLS.
async fn check_plain(uri: &http::Uri) -> Result<(), What> {
    const METADATA: [&str; 5] = ["169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_allowed = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || METADATA.contains(&host),
        Err(_) if host == "localhost" => {
            let port = uri.port_u16().unwrap_or(80);
            let found = tokio::net::lookup_host(("localhost", port)).await;
            let mut addresses = found.map_err(|error| What::Connect(error.to_string()))?;
            addresses.all(|address| address.ip().is_loopback())
        }
        Err(_) => false,
    };
    if is_allowed { Ok(()) } else { Err(What::NotLoopback) }
}
