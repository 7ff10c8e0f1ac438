//! A WebSocket (RFC 6455) to a host that takes a bearer token: over TLS, through the environment's proxy, or plainly to this
//! machine.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::{SinkExt, StreamExt};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL, USER_AGENT};
use http::{HeaderValue, Request, Response, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tower_service::Service;
use url::Url;

use crate::error::{Error, Kind, Result, printable};
use crate::http::client::HttpClient;
use crate::http::limits::CONNECT_TIMEOUT;
use crate::http::policy;
use crate::secret::Secret;

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

/// A bidirectional stream of bytes.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// An open WebSocket.
pub struct WebSocket {
    stream: WebSocketStream<Box<dyn Duplex>>,
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
    /// Opens a WebSocket at `url` (`https` for `wss`, `http` on this machine for `ws`) with `bearer` as its token.
    ///
    /// # Errors
    /// [`Kind::Network`] where the host can't be reached or does not speak the protocol; [`Kind::Usage`] for a header that can't
    /// be one.
    pub async fn websocket(
        &self,
        url: &Url,
        headers: &[(String, String)],
        bearer: &Secret,
        place: TokenPlace,
        ca_bundle: Option<&[u8]>,
    ) -> Result<Handshake> {
        let encoded = Secret::new(URL_SAFE_NO_PAD.encode(bearer.expose()));
        [bearer, &encoded].into_iter().for_each(|secret| self.redactor().hide("", secret));
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = request(url, headers, place, if place == TokenPlace::Header { bearer } else { &encoded })?;
        let opened = tokio::time::timeout(CONNECT_TIMEOUT, connect(url, ca_bundle)).await;
        let stream = opened.map_err(|_| unreachable(&host, "no connection in time"))??;
        let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        match client_async_with_config(request, stream, Some(config)).await {
            Ok((stream, _)) => Ok(Handshake::Open(Box::new(WebSocket { stream, host }))),
            Err(tungstenite::Error::Http(answer)) => Ok(Handshake::Refused(self.refusal(&answer))),
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
                // Many servers close the connection without a closing handshake.
                Some(Err(tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) => {
                    return Ok(Received::Closed(None));
                }
                Some(Err(why)) => return Err(why),
            }
        }
    }
}

fn request(url: &Url, headers: &[(String, String)], place: TokenPlace, token: &Secret) -> Result<Request<()>> {
    let malformed = |why: &dyn std::fmt::Display| {
        Error::usage(format!("the request can't be sent: {}", printable(&why.to_string(), 120)))
    };
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

async fn connect(url: &Url, ca_bundle: Option<&[u8]>) -> Result<Box<dyn Duplex>> {
    let host = url.host_str().unwrap_or_default();
    let failed = |why: &dyn std::fmt::Display| unreachable(host, &why.to_string());
    let uri: Uri = url.as_str().parse().map_err(|why| failed(&why))?;
    let plain = host.trim_matches(['[', ']']);
    let is_local = plain == "localhost" || plain.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if url.scheme() != "https" && !is_local {
        return Err(Error::usage("a token goes over https, or over http only to this machine"));
    }
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    let proxy = if is_local { None } else { Matcher::from_env().intercept(&uri) };
    let stream: TokioIo<TcpStream> = match proxy {
        None => connector.call(uri).await.map_err(|why| failed(&cause(&why)))?,
        Some(proxy) => {
            let mut tunnel = Tunnel::new(proxy.uri().clone(), connector);
            if let Some(auth) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(auth.clone());
            }
            tunnel.call(uri).await.map_err(|why| failed(&format!("the proxy: {}", cause(&why))))?
        }
    };
    let stream = stream.into_inner();
    if url.scheme() != "https" {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(plain.to_owned()).map_err(|why| failed(&why))?;
    // Loading the system's authorities takes milliseconds of file access.
    let (bundle, shown) = (ca_bundle.map(<[u8]>::to_vec), host.to_owned());
    let config = tokio::task::spawn_blocking(move || tls(bundle.as_deref()))
        .await
        .map_err(|why| unreachable(&shown, &why.to_string()))??;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|why| failed(&why))?;
    Ok(Box::new(stream))
}

/// The TLS configuration: the system's certificate authorities, and the bundle's.
fn tls(bundle: Option<&[u8]>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    #[cfg(windows)]
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    if let Some(bundle) = bundle {
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(bundle).flatten());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| Error::new(Kind::Failure, format!("no TLS: {why}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// The innermost cause, which has the details.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    crate::error::chain(error).last().map(ToString::to_string).unwrap_or_default()
}

fn unreachable(host: &str, why: &str) -> Error {
    Error::network(format!("{host} can't be reached: {}", printable(why, 200)))
        .hint("check the URL, the network and the proxy, then try again")
}
