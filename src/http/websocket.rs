//! A WebSocket (RFC 6455) to a host that takes a bearer token: over TLS, through the environment's proxy, or plainly to this
//! machine.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL, USER_AGENT};
use http::{HeaderValue, Request, Response, Uri};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use url::Url;

use crate::error::{Error, Result, printable};
use crate::http::client::HttpClient;
use crate::http::policy;
use crate::http::redirect::refuse_redirect;
use crate::http::retry::RetryPolicy;
use crate::http::transport::Connection;
use crate::http::transport_error::{TransportError, TransportErrorKind};
use crate::secret::Secret;
use crate::token::error_response::is_retryable_conflict;

/// The largest message that is read, in bytes.
pub const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// The subprotocol by which AgentCore takes a token from browsers, which can set no header.
const BEARER_PROTOCOL: &str = "base64UrlBearerAuthorization";

/// The place of the token in the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenPlace {
    /// `Authorization`.
    #[default]
    Header,
    /// `Sec-WebSocket-Protocol`, as browsers send it to AgentCore.
    Protocol,
}

/// The error of a WebSocket.
pub type WebSocketError = tungstenite::Error;

/// An open WebSocket.
pub struct WebSocket {
    stream: WebSocketStream<Connection>,
    host: String,
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket").field("host", &self.host).finish_non_exhaustive()
    }
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Closed by the other side, with a code and a reason if it sent any (RFC 6455 section 7.4).
    Closed(Option<(u16, String)>),
    /// The connection ended without a closing handshake. Many servers end it like that after their last message, but it may have been in
    /// the middle of one.
    BrokenOff,
}

/// The result of the handshake.
#[derive(Debug)]
pub enum Handshake {
    /// The connection is open.
    Open(Box<WebSocket>),
    /// The server refused it.
    Refused(Refusal),
}

/// An HTTP answer in the place of a WebSocket.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// `x-amzn-errortype`.
    pub error_type: Option<String>,
    /// The body, without the secrets that were sent.
    pub body: String,
}

impl HttpClient {
    /// Opens a WebSocket at `url` (`https` for `wss`, `http` on this machine for `ws`) with `bearer` as its token. There are up to three
    /// retries if AWS reports a conflict that allows them (RetryableConflictException).
    ///
    /// # Errors
    /// [`Kind::Network`](crate::error::Kind::Network) where the host can't be reached, redirects or does not speak the protocol;
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a header that can't be one.
    pub async fn websocket(
        &self,
        url: &Url,
        headers: &[(String, String)],
        bearer: &Secret,
        place: TokenPlace,
    ) -> Result<Handshake> {
        let encoded = Secret::new(URL_SAFE_NO_PAD.encode(bearer.expose()));
        [bearer, &encoded].into_iter().for_each(|secret| self.redactor().hide("", secret));
        let sent = if place == TokenPlace::Header { bearer } else { &encoded };
        let mut policy = RetryPolicy::of(self);
        loop {
            let handshake = self.handshake(url, request(url, headers, place, sent)?).await?;
            let is_busy = matches!(&handshake, Handshake::Refused(refusal)
                if is_retryable_conflict(refusal.status, refusal.error_type.as_deref()));
            match policy.pause(None).filter(|_| is_busy) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Ok(handshake),
            }
        }
    }

    async fn handshake(&self, url: &Url, request: Request<()>) -> Result<Handshake> {
        let (host, began, guard) = (shown_host(url), Instant::now(), self.guard());
        let uri: Uri = url.as_str().parse().map_err(|why| malformed(&why))?;
        let exchange = async {
            let stream = guard.connect(&uri).await.map_err(|fault| unreachable(&host, fault))?;
            let config =
                WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
            Ok::<_, Error>(client_async_with_config(request, stream, Some(config)).await)
        };
        let late = |_| guard.fault(&host, TransportErrorKind::Timeout { within: began.elapsed(), tries: 1 });
        match tokio::time::timeout(guard.left_of(Duration::MAX), exchange).await.map_err(late)?? {
            Ok((stream, _)) => Ok(Handshake::Open(Box::new(WebSocket { stream, host }))),
            Err(tungstenite::Error::Http(answer)) => {
                let refused = refuse_redirect(&answer, url.as_str()).and_then(|()| policy::refuse_challenge(&answer));
                refused.map_err(|what| guard.fault(&host, what))?;
                Ok(Handshake::Refused(self.refusal(&answer)))
            }
            Err(why) => Err(self.broken(&host, &why)),
        }
    }

    fn refusal(&self, answer: &Response<Option<Vec<u8>>>) -> Refusal {
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).map(|text| self.redactor().clean(text))
        };
        let body = String::from_utf8_lossy(answer.body().as_deref().unwrap_or_default());
        Refusal {
            status: answer.status().as_u16(),
            challenge: header("www-authenticate"),
            error_type: header("x-amzn-errortype"),
            body: self.redactor().clean(&body),
        }
    }

    fn broken(&self, host: &str, why: &tungstenite::Error) -> Error {
        let why = self.redactor().clean(&why.to_string());
        Error::network(format!("the WebSocket to {host} failed: {}", printable(&why, 200)))
    }

    /// The error for a WebSocket that broke off.
    pub fn websocket_failed(&self, socket: &WebSocket, why: &tungstenite::Error) -> Error {
        self.broken(&socket.host, why)
    }
}

impl WebSocket {
    /// Sends a text.
    ///
    /// # Errors
    /// The connection's error.
    pub async fn send(&mut self, text: String) -> Result<(), tungstenite::Error> {
        self.stream.send(Message::text(text)).await
    }

    /// Closes the connection from this side.
    ///
    /// # Errors
    /// The connection's error.
    pub async fn close(&mut self) -> Result<(), tungstenite::Error> {
        self.stream.close(None).await
    }

    /// The next message. Pings are answered automatically.
    ///
    /// # Errors
    /// The connection's error.
    pub async fn receive(&mut self) -> Result<Received, tungstenite::Error> {
        loop {
            match self.stream.next().await {
                None => return Ok(Received::Closed(None)),
                Some(Ok(Message::Text(text))) => return Ok(Received::Text(text.as_str().to_owned())),
                Some(Ok(Message::Binary(bytes))) => return Ok(Received::Binary(bytes.to_vec())),
                Some(Ok(Message::Close(frame))) => {
                    return Ok(Received::Closed(
                        frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned())),
                    ));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                    return Ok(Received::BrokenOff);
                }
                Some(Err(why)) => return Err(why),
            }
        }
    }
}

/// The host of an address, with its port where one is given.
pub fn shown_host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn malformed(why: &dyn std::fmt::Display) -> Error {
    Error::usage(format!("the request can't be sent: {}", printable(&why.to_string(), 120)))
}

fn request(url: &Url, headers: &[(String, String)], place: TokenPlace, token: &Secret) -> Result<Request<()>> {
    let mut socket_url = url.clone();
    let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
    socket_url.set_scheme(scheme).map_err(|()| malformed(&"it is no http address"))?;
    let mut request = socket_url.as_str().into_client_request().map_err(|why| malformed(&why))?;
    for (name, value) in headers {
        let name = http::HeaderName::try_from(name).map_err(|why| malformed(&why))?;
        request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|why| malformed(&why))?);
    }
    let (name, value) = match place {
        TokenPlace::Header => (AUTHORIZATION, format!("Bearer {}", token.expose())),
        TokenPlace::Protocol => {
            (SEC_WEBSOCKET_PROTOCOL, format!("{BEARER_PROTOCOL}.{}, {BEARER_PROTOCOL}", token.expose()))
        }
    };
    let mut value =
        HeaderValue::try_from(value).map_err(|_| Error::usage("the token has characters that no header may have"))?;
    value.set_sensitive(true);
    request.headers_mut().insert(name, value);
    request.headers_mut().entry(USER_AGENT).or_insert(HeaderValue::from_static(policy::USER_AGENT));
    Ok(request)
}

/// The error for a host without a connection.
fn unreachable(host: &str, fault: TransportError) -> Error {
    let TransportErrorKind::Connect { reason, .. } = &fault.what else { return fault.into() };
    let message = format!("{host} can't be reached: {reason}");
    let error = Error::from(fault);
    error.advice().iter().cloned().fold(Error::new(error.kind(), message), Error::hint)
}
