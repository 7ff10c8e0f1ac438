//! A request whose answer is read as it arrives: for streaming APIs, and for answers that are passed on.

use std::fmt;
use std::time::{Duration, Instant};

use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use url::Url;

use crate::error::{Error, Result, printable};
use crate::http::client::HttpClient;
use crate::http::policy;
use crate::http::policy::{HttpPolicy, LoggedBody};
use crate::http::redirect::refuse_redirect;
use crate::http::retry::RetryPolicy;
use crate::http::service_text::ServiceText;
use crate::http::transport_error::{TransportError, TransportErrorKind};
use crate::secret::Secret;
use crate::token::error_response::is_retryable_conflict;

/// A request to an API.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The method (RFC 9110 section 9).
    pub method: String,
    /// The URL: https, or http only on this machine.
    pub url: Url,
    /// Headers; Authorization is not among them.
    pub headers: Vec<(String, String)>,
    /// The body. Cloning it does not copy it.
    pub body: Bytes,
}

impl Outgoing {
    /// Whether this can be sent, before a token is got for it.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a method or a header that can't be one.
    pub fn check(&self) -> Result<()> {
        let head = Outgoing { body: Bytes::new(), ..self.clone() };
        head.into_http(None).map(drop)
    }

    fn into_http(self, bearer: Option<&Secret>) -> Result<http::Request<Bytes>> {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(self.url.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(token) = bearer {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
                .map_err(|_| Error::usage("the token has characters that no header may have"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        // As curl sends it; some servers refuse a request without it.
        // Without Accept-Encoding any coding would do (RFC 9110 section 12.5.3), and nothing here decodes one.
        let usual = [(ACCEPT, "*/*"), (ACCEPT_ENCODING, "identity"), (USER_AGENT, policy::USER_AGENT)];
        for (name, value) in usual {
            if !request.headers_ref().is_some_and(|headers| headers.contains_key(&name)) {
                request = request.header(name, value);
            }
        }
        // A server may refuse a method with a body if none is announced (RFC 9110 section 8.6).
        if self.body.is_empty() && matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") {
            request = request.header(CONTENT_LENGTH, 0);
        }
        request.body(self.body).map_err(|why| malformed(&why))
    }
}

fn malformed(why: &dyn fmt::Display) -> Error {
    Error::usage(format!("the request can't be sent: {}", printable(&why.to_string(), 120)))
}

/// An answer whose headers have come and whose body comes as it is asked for.
pub struct Streamed {
    guard: HttpPolicy,
    host: String,
    is_plain: bool,
    silence: Duration,
    opened: Instant,
    status: u16,
    headers: http::HeaderMap,
    body: Incoming,
}

impl HttpClient {
    /// Sends `request`, with `bearer` as its bearer token (RFC 6750 section 2.1), and returns the answer when its headers have arrived. A
    /// redirect is refused: the request was only for this host. The headers and each part of the body may take at most `silence`, and no
    /// longer than the call's deadline.
    ///
    /// # Errors
    /// [`Kind::Network`](crate::error::Kind::Network) where there is no answer, or a redirect; [`Kind::Usage`](crate::error::Kind::Usage)
    /// for a request that can't be one. Nothing is tried again.
    pub async fn open(&self, request: Outgoing, bearer: Option<&Secret>, silence: Duration) -> Result<Streamed> {
        if let Some(token) = bearer {
            self.redactor().hide("", token);
        }
        self.open_as_it_is(request.into_http(bearer)?, silence).await.map_err(Error::from)
    }

    /// As [`HttpClient::open`], with up to three retries if AWS reports a conflict that allows them (RetryableConflictException).
    ///
    /// # Errors
    /// As [`HttpClient::open`].
    pub async fn open_again(&self, request: &Outgoing, bearer: Option<&Secret>, silence: Duration) -> Result<Streamed> {
        let mut policy = RetryPolicy::of(self);
        loop {
            let answer = self.open(request.clone(), bearer, silence).await?;
            match policy.pause(None).filter(|_| is_retryable_conflict(answer.status, answer.header("x-amzn-errortype")))
            {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Ok(answer),
            }
        }
    }

    /// As [`HttpClient::open`], for a request that is complete: a signed one.
    ///
    /// # Errors
    /// The [`TransportError`] where there is no answer.
    pub(crate) async fn open_as_it_is(
        &self,
        request: http::Request<Bytes>,
        silence: Duration,
    ) -> Result<Streamed, TransportError> {
        let uri = request.uri();
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let is_plain = uri.scheme_str() == Some("http");
        let (guard, opened, asked) = (self.guard(), Instant::now(), uri.to_string());
        let answer = guard.answer(request, guard.left_of(silence), |response| async {
            // 304 means that the caller's copy is current, and redirects nowhere (RFC 9110 section 15.4.5).
            if response.status().as_u16() != 304 {
                refuse_redirect(&response, &asked)?;
            }
            Ok(Head(response))
        });
        let answer = answer.await?.0;
        policy::refuse_challenge(&answer).map_err(|what| guard.fault(&printable(&host, 120), what))?;
        let (parts, body) = answer.into_parts();
        let status = parts.status.as_u16();
        Ok(Streamed { guard: guard.clone(), host, is_plain, silence, opened, status, headers: parts.headers, body })
    }
}

impl Streamed {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The status with its name: `404 Not Found`; only the number if it has none.
    pub fn status_line(&self) -> String {
        let status = StatusCode::from_u16(self.status).ok();
        match status.and_then(|status| status.canonical_reason()) {
            Some(reason) => format!("{} {reason}", self.status),
            None => self.status.to_string(),
        }
    }

    /// The host that was asked, with its port where one was given.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The headers as they came, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()))
    }

    /// The value of a header, if it is present and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The headers.
    pub(crate) fn header_map(&self) -> &http::HeaderMap {
        &self.headers
    }

    /// The media type of the body without its parameters, in lower case; empty where none is named.
    pub fn media_type(&self) -> String {
        let named = self.header("content-type").unwrap_or_default();
        named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Whether the end of the body is certain: by a length, a last chunk, or TLS. A plain connection closes the same way when the server
    /// breaks off (RFC 9112 section 8).
    pub fn has_certain_end(&self) -> bool {
        !self.is_plain || [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| self.headers.contains_key(name))
    }

    /// The fault of a body that ended before it was whole, by what is in it.
    pub fn broke_off(&self, reason: &str) -> TransportError {
        self.fault(TransportErrorKind::Broken(reason.to_owned()))
    }

    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    /// The [`TransportError`] when it breaks off, or nothing comes for too long.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        let patience = self.guard.left_of(self.silence);
        loop {
            let frame = tokio::time::timeout(patience, self.body.frame()).await;
            // The remaining time of the call says nothing; report how long the answer took.
            let took = if patience < self.silence { self.opened.elapsed() } else { patience };
            let frame = frame
                .map_err(|_| self.guard.fault(&self.host, TransportErrorKind::Timeout { within: took, tries: 1 }))?;
            match frame.transpose() {
                Ok(None) => return Ok(None),
                // Trailers are ignored.
                Ok(Some(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Ok(Some(data.to_vec())),
                    _ => {}
                },
                Err(error) => return Err(self.guard.fault(&self.host, TransportErrorKind::of(&error))),
            }
        }
    }

    /// The rest of the body, of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Streamed::chunk`]; also when there is more.
    pub async fn rest(&mut self, limit: usize) -> Result<Vec<u8>, TransportError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > limit {
                return Err(self.guard.fault(&self.host, TransportErrorKind::TooLarge(limit)));
            }
            body.extend(chunk);
        }
        Ok(body)
    }

    /// A fault of this answer's host.
    pub fn fault(&self, what: TransportErrorKind) -> TransportError {
        self.guard.fault(&self.host, what)
    }

    /// Text of the server, as it may be shown.
    pub fn said(&self, text: &str) -> ServiceText {
        ServiceText::new(text, &self.guard.redactor)
    }

    /// `text` of the server without the secrets that were sent to it.
    pub fn without_secrets(&self, text: &str) -> String {
        self.guard.redactor.clean(text)
    }
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed").field("host", &self.host).field("status", &self.status).finish_non_exhaustive()
    }
}

/// An answer whose body is still to come.
struct Head(http::Response<Incoming>);

impl LoggedBody for Head {
    fn body(&self) -> Option<&[u8]> {
        None
    }
}
