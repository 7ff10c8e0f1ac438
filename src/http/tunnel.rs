//! The tunnel through a proxy: CONNECT (RFC 9110, section 9.3.6) on a connection to it. It is written here since the HTTP client's own does
//! not tell the status of a refusal.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use http::HeaderValue;
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The longest head of an answer, in bytes.
const MOST: usize = 8 * 1024;

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
    let mut connection = TokioIo::new(connection);
    let host = format!("{}:{}", to.host().unwrap_or_default(), to.port_u16().unwrap_or(443));
    let mut request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n").into_bytes();
    if let Some(password) = password {
        request.extend([b"Proxy-Authorization: ", password.as_bytes(), b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    connection.write_all(&request).await.map_err(TunnelError::Io)?;
    connection.flush().await.map_err(TunnelError::Io)?;
    let mut head = Vec::new();
    let status = loop {
        if connection.read_buf(&mut head).await.map_err(TunnelError::Io)? == 0 {
            return Err(TunnelError::Io(io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected end of file")));
        }
        match status(&head)? {
            Some(status) => break status,
            None if head.len() > MOST => return Err(TunnelError::NotHttp),
            None => {}
        }
    };
    if (200..300).contains(&status) { Ok(connection.into_inner()) } else { Err(TunnelError::Refused(status)) }
}

/// The status of an answer whose head is complete.
fn status(head: &[u8]) -> Result<Option<u16>, TunnelError> {
    let is_begun = head.iter().zip(b"HTTP/1.").all(|(is, should)| is == should);
    if !is_begun {
        return Err(TunnelError::NotHttp);
    }
    let is_complete = head.windows(4).any(|end| end == b"\r\n\r\n") || head.windows(2).any(|end| end == b"\n\n");
    if !is_complete {
        return Ok(None);
    }
    let line = head.split(|byte| *byte == b'\n').next().and_then(|line| std::str::from_utf8(line).ok());
    let code = line.and_then(|line| line.split_ascii_whitespace().nth(1)).filter(|code| code.len() == 3);
    code.and_then(|code| code.parse().ok()).map(Some).ok_or(TunnelError::NotHttp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_once_the_head_is_complete() {
        for (head, code) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", Some(200)),
            ("HTTP/1.0 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", Some(403)),
            ("HTTP/1.1 502\n\n", Some(502)),
            ("HTTP/1.1 200 OK\r\nVia: x", None),
            ("HTT", None),
        ] {
            assert_eq!(status(head.as_bytes()).unwrap(), code, "{head}");
        }
        for bad in ["SSH-2.0-x", "HTTP/1.1 OK\r\n\r\n", "HTTP/1.1 20 x\r\n\r\n", "HTTP/1.1 \u{663}00 x\r\n\r\n", "\0"] {
            assert!(matches!(status(bad.as_bytes()), Err(TunnelError::NotHttp)), "{bad}");
        }
    }
}
