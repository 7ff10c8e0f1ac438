//! Whether a server can be reached at all: its name, the way to it and its TLS certificate.

use std::time::Duration;

use cogtok::error::printable;
use cogtok::http::client::HttpClient;
use cogtok::http::policy::ahead_by;
use cogtok::http::transport_error::{ConnectFailure, TransportError, TransportErrorKind};
use cogtok::settings::types::Endpoint;

/// Requests the server's root once, for at most `patience`: any answer shows that it is reachable. Returns how many seconds its clock is
/// ahead of this machine's, if it sends a Date header (RFC 9110 section 6.6.1).
///
/// # Errors
/// The [`TransportError`] where there was no answer that is one.
pub async fn reach(wire: &HttpClient, server: &Endpoint, patience: Duration) -> Result<Option<i64>, TransportError> {
    let host = printable(server.url().authority(), 120);
    let fault = |what: TransportErrorKind| TransportError { host: host.clone(), what };
    let url = format!("{}/", server.origin());
    let request = http::Request::get(url)
        .body(Vec::new())
        .map_err(|why| fault(TransportErrorKind::Connect { cause: ConnectFailure::Other, reason: why.to_string() }))?;
    let answer = tokio::time::timeout(patience, wire.exchange(request)).await;
    match answer.unwrap_or_else(|_| Err(fault(TransportErrorKind::Timeout { within: patience, tries: 1 }))) {
        Err(fault) if !matches!(fault.what, TransportErrorKind::Redirect { .. } | TransportErrorKind::TooLarge(_)) => {
            Err(fault)
        }
        Err(_) => Ok(None),
        Ok(answer) => {
            let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
            Ok(date.and_then(|date| ahead_by(date, wire.now())))
        }
    }
}
