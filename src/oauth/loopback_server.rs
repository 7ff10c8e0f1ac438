//! The loopback listener that a browser comes back to (RFC 8252 section 7.3). One request wins: the right path with the
//! right state. Everything else gets a 4xx and changes nothing.

mod authorization_response;
mod page;

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::error::{AdviceKind, Error, Result};
use crate::settings::redirect_uri::RedirectUri;

pub use authorization_response::{AuthorizationResponse, ExpectedResponse};
use page::{Status, send};

/// The most bytes of a request that are read: line and headers.
const MAX_HEAD: usize = 16 * 1024;

/// How long one connection may take. Browsers open some in advance and send nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most connections at a time.
const MOST: usize = 64;

/// The open port.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
    uri: RedirectUri,
}

impl Listener {
    /// Listens at the first of `uris` with a free port.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when none is.
    pub async fn bind(uris: &[RedirectUri]) -> Result<Self> {
        let mut reasons = Vec::new();
        for uri in uris {
            match listen(uri).await {
                Ok(sockets) => return Ok(Listener { sockets, uri: uri.clone() }),
                Err(why) => reasons.push(format!("{uri}: {why}")),
            }
        }
        Err(Error::store(format!("cogtok can't listen for the browser at {}", reasons.join(", ")))
            .hint(AdviceKind::NameOtherPort)
            .hint(AdviceKind::SignInWithoutListening))
    }

    /// The URI at which it listens.
    pub fn uri(&self) -> &RedirectUri {
        &self.uri
    }

    /// Waits for the expected redirect, then closes the port. `told` gets the reason for each refused request.
    pub async fn wait(
        self,
        expected: &ExpectedResponse,
        told: impl Fn(&Error),
    ) -> (AuthorizationResponse, PendingBrowser) {
        let expected = Arc::new((expected.clone(), self.uri.clone()));
        let mut visits = JoinSet::new();
        loop {
            tokio::select! {
                accepted = accept(&self.sockets), if visits.len() < MOST => match accepted {
                    Ok(stream) => {
                        let expected = Arc::clone(&expected);
                        visits.spawn(async move { visit(stream, &expected.0, &expected.1).await });
                    }
                    // For example too many open files: some may be closed soon.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(visit) = visits.join_next() => match visit {
                    Ok(Connection::Ours(returned, visitor)) => return (returned, visitor),
                    Ok(Connection::NotTaken(why)) => told(&why),
                    Ok(Connection::Nothing) | Err(_) => {}
                },
            }
        }
    }
}

async fn listen(uri: &RedirectUri) -> std::io::Result<Vec<TcpListener>> {
    use std::io::ErrorKind::{AddrNotAvailable, Unsupported};
    let mut sockets = Vec::new();
    let addresses = uri.addresses();
    let mut missing = None;
    for address in &addresses {
        match TcpListener::bind(SocketAddr::new(*address, uri.port())).await {
            Ok(socket) => sockets.push(socket),
            // A machine may lack one of `localhost`'s two addresses; a port in use is a different error.
            Err(error) if addresses.len() > 1 && is_absent(&error, [AddrNotAvailable, Unsupported]) => {
                missing = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok(sockets),
    }
}

/// The system's code for addresses of a family that it lacks, which has no kind of its own: EAFNOSUPPORT, and that of Windows.
#[cfg(unix)]
const NO_SUCH_FAMILY: i32 = rustix::io::Errno::AFNOSUPPORT.raw_os_error();
#[cfg(not(unix))]
const NO_SUCH_FAMILY: i32 = 10047;

/// Whether the error means that this machine has no such address.
fn is_absent(error: &std::io::Error, kinds: [std::io::ErrorKind; 2]) -> bool {
    kinds.contains(&error.kind()) || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

async fn accept(sockets: &[TcpListener]) -> std::io::Result<TcpStream> {
    poll_fn(|context| {
        for socket in sockets {
            if let Poll::Ready(accepted) = socket.poll_accept(context) {
                return Poll::Ready(accepted.map(|(stream, _)| stream));
            }
        }
        Poll::Pending
    })
    .await
}

/// The result of a connection.
enum Connection {
    Ours(AuthorizationResponse, PendingBrowser),
    NotTaken(Error),
    Nothing,
}

async fn visit(mut stream: TcpStream, expected: &ExpectedResponse, uri: &RedirectUri) -> Connection {
    let head = match timeout(PATIENCE, read_head(&mut stream)).await {
        Ok(Some(Ok(head))) => head,
        Ok(Some(Err(status))) => {
            refuse(stream, status, "This is not the answer that cogtok is waiting for.").await;
            return Connection::Nothing;
        }
        // The client sent nothing, or too slowly.
        Ok(None) | Err(_) => return Connection::Nothing,
    };
    let query = match query_of(&head, uri) {
        Ok(query) => query,
        Err(status) => {
            refuse(stream, status, "This is not the answer that cogtok is waiting for.").await;
            return Connection::Nothing;
        }
    };
    match expected.read(query) {
        Ok(returned) => Connection::Ours(returned, PendingBrowser(stream)),
        Err(why) => {
            refuse(stream, (400, "Bad Request"), &format!("This is not the answer that cogtok is waiting for: {why}."))
                .await;
            Connection::NotTaken(why)
        }
    }
}

/// The request up to the empty line; `None` if the client closed before it.
async fn read_head(stream: &mut TcpStream) -> Option<Result<Vec<u8>, Status>> {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        head.extend_from_slice(&buffer[..count]);
        if head.windows(4).any(|window| window == b"\r\n\r\n") {
            return Some(Ok(head));
        }
        if head.len() > MAX_HEAD {
            return Some(Err(if head.contains(&b'\n') {
                (431, "Request Header Fields Too Large")
            } else {
                (414, "URI Too Long")
            }));
        }
    }
}

/// The query of a GET request for `uri`.
pub(crate) fn query_of<'a>(head: &'a [u8], uri: &RedirectUri) -> Result<&'a str, Status> {
    const BAD: Status = (400, "Bad Request");
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    if !request.parse(head).is_ok_and(|status| status.is_complete()) {
        return Err(BAD);
    }
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    let host = hosts.next().and_then(|header| std::str::from_utf8(header.value).ok()).unwrap_or_default();
    // Another host name would let a web page read the answers (DNS rebinding).
    if hosts.next().is_some() || !uri.is_host(host) {
        return Err((421, "Misdirected Request"));
    }
    if request.method != Some("GET") {
        return Err((405, "Method Not Allowed"));
    }
    let target = request.path.unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path == uri.path() { Ok(query) } else { Err((404, "Not Found")) }
}

async fn refuse(stream: TcpStream, status: Status, text: &str) {
    send(stream, status, "Not signed in", text).await;
}

/// The browser's connection, waiting for the result page.
#[derive(Debug)]
pub struct PendingBrowser(TcpStream);

impl PendingBrowser {
    /// Shows the last page.
    pub async fn tell(self, title: &str, text: &str) {
        send(self.0, (200, "OK"), title, text).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_for_the_exact_place_is_read() {
        let uri: RedirectUri = "http://127.0.0.1:8484/callback".parse().unwrap();
        let status = |head: &'static str| query_of(head.as_bytes(), &uri).map_err(|(status, _)| status);
        assert_eq!(status("GET /callback?a=b HTTP/1.1\r\nHost: 127.0.0.1:8484\r\n\r\n"), Ok("a=b"));
        assert_eq!(status("GET /callback HTTP/1.1\r\nhOST: 127.0.0.1:8484\r\n\r\n"), Ok(""));
        for (head, code) in [
            ("GET /callback/?a HTTP/1.1\r\nHost: 127.0.0.1:8484\r\n\r\n", 404),
            ("GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:8484\r\n\r\n", 404),
            ("GET http://127.0.0.1:8484/callback?a HTTP/1.1\r\nHost: 127.0.0.1:8484\r\n\r\n", 404),
            ("POST /callback?a HTTP/1.1\r\nHost: 127.0.0.1:8484\r\n\r\n", 405),
            ("GET /callback?a HTTP/1.1\r\nHost: evil.example:8484\r\n\r\n", 421),
            ("GET /callback?a HTTP/1.1\r\nHost: localhost:8484\r\n\r\n", 421),
            ("GET /callback?a HTTP/1.1\r\n\r\n", 421),
            ("GET /callback?a HTTP/1.1\r\nHost: 127.0.0.1:8484\r\nHost: evil\r\n\r\n", 421),
            ("nonsense\r\n\r\n", 400),
            ("\u{16}\u{3}\u{1}\r\n\r\n", 400),
        ] {
            assert_eq!(status(head), Err(code), "{head:?}");
        }
    }
}
