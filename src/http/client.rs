//! The HTTP client for all requests: hyper 1 and rustls with ring, under the SDK, `oauth2` and cogtok's own calls. Every exchange goes
//! through `http::policy`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hyper::body::Bytes;

use crate::error::{Error, Result, printable};
use crate::http::policy::HttpPolicy;
use crate::http::proxy::EnvironmentProxy;
use crate::http::redact::Redactor;
use crate::http::transport_error::TransportError;
use crate::http::waiting::WaitObserver;
use crate::text::decode;

/// The largest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 1024 * 1024;

/// Tells the time, in milliseconds since the Unix epoch.
pub type Clock = fn() -> u64;

/// The HTTP client, with the clock and the deadline of the call it serves. Cloning it shares its connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    guard: HttpPolicy,
}

/// When the caller gives up; time that a person takes to answer moves it.
#[derive(Clone, Debug)]
pub(crate) struct Deadline(Arc<Mutex<Instant>>);

impl Deadline {
    pub fn get(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpClient {
    /// A client that trusts the system's certificate authorities and `ca_bundle` (PEM). Nothing is opened or loaded before the first
    /// request. `proxy` is the environment's, where the caller has read it; one that can't be used is an error only for requests through a
    /// proxy.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) when the bundle holds something that is no certificate, or nothing.
    pub fn new(
        ca_bundle: Option<Vec<u8>>,
        proxy: Option<EnvironmentProxy>,
        clock: Clock,
        deadline: Instant,
    ) -> Result<Self> {
        // Windows writes UTF-16, or a mark before the first certificate, which would be passed over.
        let ca_bundle = ca_bundle.map(|bytes| decode(&bytes).map_or(bytes, |text| text.as_bytes().to_vec()));
        ca_bundle.as_deref().map(check_bundle).transpose()?;
        let deadline = Deadline(Arc::new(Mutex::new(deadline)));
        let guard = HttpPolicy::new(ca_bundle, proxy, clock, deadline);
        Ok(HttpClient { guard })
    }

    /// This client for one call: it has its own deadline and none of the other calls' secrets, and shares connections and certificate
    /// authorities.
    pub fn for_call(&self, deadline: Instant) -> Self {
        let guard = self.guard.for_call(Deadline(Arc::new(Mutex::new(deadline))));
        HttpClient { guard }
    }

    /// This client with an observer for slow answers.
    #[must_use]
    pub fn observed_by(&self, observer: WaitObserver) -> Self {
        HttpClient { guard: self.guard.observed_by(observer) }
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> u64 {
        (self.guard.clock)()
    }

    /// Seconds by which the clock of the server that answered last is ahead of this machine's, by its Date header (RFC 9110
    /// section 6.6.1); 0 where none answered.
    pub fn clock_offset(&self) -> i64 {
        self.guard.clock_offset()
    }

    /// The time of the server's clock at `moment`, in milliseconds since the Unix epoch, to the second, from its Date header; `host` has
    /// the port if one was given. `None` if the server did not send one.
    pub fn server_time(&self, host: &str, moment: Instant) -> Option<i64> {
        self.guard.server_time(host, moment)
    }

    /// Keeps this call's secrets out of errors and the log.
    pub fn redactor(&self) -> &Redactor {
        &self.guard.redactor
    }

    /// The policy for every exchange.
    pub(crate) fn guard(&self) -> &HttpPolicy {
        &self.guard
    }

    /// When the caller gives up.
    pub fn deadline(&self) -> Instant {
        self.guard.deadline.get()
    }

    /// What can be said, when time has run out, of a request that was sent since then: its operation, its host and how often it was
    /// tried. `None` where each was answered.
    pub fn out_of_time(&self, since: Instant) -> Option<Error> {
        self.guard.unanswered.out_of_time(since)
    }

    /// Moves the deadline, for all who share this client. What they send from then on is another piece of work.
    pub fn set_deadline(&self, deadline: Instant) {
        self.guard.unanswered.begin_work();
        *self.guard.deadline.0.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// One request and its complete answer, in `oauth2`'s types.
    ///
    /// # Errors
    /// The [`TransportError`] where there was no answer.
    pub async fn exchange(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, TransportError> {
        let answer = self.guard.whole(request.map(Bytes::from)).await?;
        Ok(answer.map(|body| body.to_vec()))
    }
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
    if store.is_empty() { Err(unusable(&"it holds no PEM certificate")) } else { Ok(()) }
}
