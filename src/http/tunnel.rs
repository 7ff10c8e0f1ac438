//! The tunnel through a proxy: CONNECT (RFC 9110, section 9.3.6) on a connection to it. The HTTP client's own tunnel does not tell the
//! status of a refusal.

use std::error::Error as StdError;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;

use http::{HeaderValue, Request, header};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::rt::{Read, Write};

/// The most headers of a proxy's answer.
const MOST_HEADERS: usize = 1_000;

/// Why there is no tunnel.
#[derive(Debug)]
pub(crate) enum TunnelError {
    /// No connection to the proxy.
    Connect(Box<dyn StdError + Send + Sync>),
    /// The proxy refused with this status.
    Refused(u16),
    /// What it sent is no answer in HTTP.
    NotHttp,
    /// The connection broke off.
    Io(io::Error),
}

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TunnelError::Connect(_) => f.write_str("no connection to the proxy"),
            TunnelError::Refused(status) => write!(f, "the proxy refused CONNECT with HTTP {status}"),
            TunnelError::NotHttp => f.write_str("the proxy's answer to CONNECT is not valid HTTP"),
            TunnelError::Io(_) => f.write_str("the connection to the proxy broke off"),
        }
    }
}

impl StdError for TunnelError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            TunnelError::Connect(why) => Some(why.as_ref()),
            TunnelError::Io(why) => Some(why),
            TunnelError::Refused(_) | TunnelError::NotHttp => None,
        }
    }
}

/// The connection to a proxy as one to the host of `to`.
pub(crate) async fn open<C: Read + Write + Unpin>(
    connection: C,
    to: &http::Uri,
    password: Option<&HeaderValue>,
) -> Result<C, TunnelError> {
    let host = format!("{}:{}", to.host().unwrap_or_default(), to.port_u16().unwrap_or(443));
    let mut request = Request::connect(&host).header(header::HOST, &host);
    if let Some(password) = password {
        request = request.header(header::PROXY_AUTHORIZATION, password);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|why| TunnelError::Connect(why.into()))?;
    let mut lenient = http1::Builder::new();
    // Only the status counts, and proxies write odd headers.
    lenient
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .max_headers(MOST_HEADERS);
    let (mut sender, mut connection) = lenient.handshake(connection).await.map_err(broken)?;
    let mut answer = pin!(sender.send_request(request));
    // The connection may end with the answer.
    let mut has_ended = false;
    let answer = poll_fn(|context| {
        has_ended = has_ended || connection.poll_without_shutdown(context).is_ready();
        answer.as_mut().poll(context)
    });
    let status = answer.await.map_err(broken)?.status();
    // After any success the connection is the tunnel, from the end of the answer's head on. To the HTTP client it would stay one for
    // requests after a 204.
    if status.is_success() { Ok(connection.into_parts().io) } else { Err(TunnelError::Refused(status.as_u16())) }
}

fn cut_off() -> TunnelError {
    TunnelError::Io(io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file"))
}

fn broken(why: hyper::Error) -> TunnelError {
    match why {
        why if why.is_parse() => TunnelError::NotHttp,
        why if why.is_incomplete_message() || why.is_canceled() || why.is_closed() => cut_off(),
        why => TunnelError::Io(io::Error::other(why)),
    }
}
