//! A reverse proxy in front of a real server: counts what passes, and slows it down.

use super::http;
use super::message::{Answer, Request};
use super::server::Server;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Stands before `upstream`; give its [`url`](Self::url) to cogtok.
pub struct Proxy {
    server: Server,
    delay_ms: Arc<AtomicU64>,
}

impl Proxy {
    /// In front of an `http://host:port`.
    pub fn new(upstream: &str) -> Self {
        Self::with(upstream, |_| None)
    }

    /// The same, but `instead` may answer a request itself.
    pub fn with(upstream: &str, instead: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let authority = http::split(upstream).0.to_string();
        let delay_ms = Arc::new(AtomicU64::new(0));
        let delay = Arc::clone(&delay_ms);
        let server = Server::start(move |request| {
            std::thread::sleep(Duration::from_millis(delay.load(Ordering::SeqCst)));
            instead(request).unwrap_or_else(|| forward(&authority, request))
        });
        Self { server, delay_ms }
    }

    /// Holds every request back for so long.
    pub fn delay(self, milliseconds: u64) -> Self {
        self.delay_ms.store(milliseconds, Ordering::SeqCst);
        self
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// `http://127.0.0.1:PORT/oauth2/token`
    pub fn token_url(&self) -> String {
        self.server.token_url()
    }

    /// How many requests came for a path (`/oauth2/token`) or an AWS operation (`InitiateAuth`).
    pub fn count(&self, what: &str) -> usize {
        let of = |request: &Request| {
            if what.starts_with('/') {
                request.path.split('?').next() == Some(what)
            } else {
                request.operation() == Some(what)
            }
        };
        self.server.requests().iter().filter(|request| of(request)).count()
    }

    /// The AWS operations and paths asked for, in order.
    pub fn log(&self) -> Vec<String> {
        let requests = self.server.requests();
        requests.iter().map(|request| request.operation().unwrap_or(&request.path).to_string()).collect()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }
}

/// The answer of the server at `authority`, which is what it is: the local Cognito's are not always AWS's.
pub(super) fn forward(authority: &str, request: &Request) -> Answer {
    let hop = ["connection", "content-length", "transfer-encoding", "expect"];
    let passes = |name: &str| !hop.contains(&name.to_ascii_lowercase().as_str());
    let headers: Vec<_> = request.headers.iter().filter(|(name, _)| passes(name)).cloned().collect();
    match http::request(authority, &request.method, &request.path, &headers, &request.body) {
        Ok(response) => {
            let kind = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            let mut answer = Answer::new(response.status, kind.map_or("", |(_, value)| value), response.body.clone());
            for (name, value) in &response.headers {
                if passes(name) && !name.eq_ignore_ascii_case("content-type") {
                    answer = answer.header(name, value);
                }
            }
            answer.unlike_aws()
        }
        Err(error) => Answer::new(502, "text/plain", error.to_string()),
    }
}
