use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Instant;

use hyper::body::Bytes;
use hyper_util::client::proxy::matcher::Matcher;
use rcgen::{CertificateParams, KeyPair};
use tower_service::Service;

use super::*;
use crate::http::client::HttpClient;
use crate::http::limits::CONNECT_TIMEOUT;
use crate::http::transport::{SystemResolver, Transport};

struct Identity {
    pem: String,
    config: Arc<rustls::ServerConfig>,
}

/// A certificate that signs itself, for these names.
fn identity(names: &[&str]) -> Identity {
    let key = KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
    let secret = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], secret).unwrap();
    Identity { pem: certificate.pem(), config: Arc::new(config) }
}

/// A TLS server that shakes hands with all who come.
fn tls_server(config: Arc<rustls::ServerConfig>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            // Fails if the client rejects the certificate.
            let _ = connection.complete_io(&mut stream);
        }
    });
    address
}

/// A server that sends `answer` to any request and closes.
fn plain_server(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The result of a request to `url`, with this certificate authority besides the system's.
fn fault(url: &str, ca: &Identity) -> TransportError {
    let deadline = Instant::now() + Duration::from_secs(60);
    let wire = HttpClient::new(Some(ca.pem.clone().into_bytes()), None, || 0, deadline).unwrap();
    let request = http::Request::get(url).body(Vec::new()).unwrap();
    block_on(wire.exchange(request)).unwrap_err()
}

#[test]
fn a_port_where_nobody_listens_is_closed() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    // Bound but not listening, so that the port is reserved and closed.
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    for scheme in ["http", "https"] {
        let fault = fault(&format!("{scheme}://127.0.0.1:{port}/"), &identity(&["localhost"]));
        assert_eq!(fault.cause(), ConnectFailure::Closed, "{fault}");
        assert!(fault.is_transient() && fault.is_unsent(), "{fault}");
    }
}

#[test]
fn a_certificate_that_is_not_to_be_trusted_is_told_from_other_faults_of_tls() {
    let server = identity(&["localhost"]);
    let port = tls_server(Arc::clone(&server.config)).port();
    // An unknown issuer, and a wrong host name.
    for (host, ca) in [("localhost", &identity(&["localhost"])), ("127.0.0.1", &server)] {
        let fault = fault(&format!("https://{host}:{port}/"), ca);
        assert_eq!(fault.cause(), ConnectFailure::Certificate, "{fault}");
        assert!(!fault.is_transient() && fault.is_unsent(), "{fault}");
        assert!(Error::from(fault).advises(crate::error::AdviceKind::NameCaBundle));
    }
    let port = plain_server("HTTP/1.1 400 Bad Request\r\n\r\n").port();
    let fault = fault(&format!("https://127.0.0.1:{port}/"), &server);
    assert_eq!(fault.cause(), ConnectFailure::Other, "{fault}");
    assert!(fault.is_transient() && fault.is_unsent(), "{fault}");
}

#[test]
fn a_name_that_leads_nowhere_is_a_matter_of_names() {
    // A label of more than 63 octets (RFC 1035 section 2.3.4), which resolvers reject without a query.
    let name = format!("{}.invalid", "a".repeat(64));
    let look_up = |name: &str| block_on(SystemResolver.call(name.parse().unwrap()));
    let error = look_up(&name).unwrap_err();
    assert!(matches!(TransportErrorKind::of(&error), TransportErrorKind::Connect { cause: ConnectFailure::Name, .. }));
    let found: Vec<_> = look_up("localhost").unwrap().map(|address| address.ip()).collect();
    assert!(!found.is_empty() && found.iter().all(IpAddr::is_loopback), "{found:?}");
}

#[test]
fn what_a_proxy_answers_to_connect_is_told_by_its_type() {
    let what = |proxy: SocketAddr| {
        let proxies = Arc::new(Matcher::builder().all(format!("http://{proxy}")).build());
        let request = http::Request::get("https://cognito.example/").body(Bytes::new()).unwrap();
        let answer = block_on(async {
            let transport = Transport::new(rustls::RootCertStore::empty(), Some(proxies), CONNECT_TIMEOUT).unwrap();
            transport.send(request).await
        });
        TransportErrorKind::of(&answer.unwrap_err())
    };
    for (answer, expected) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", Some(407)),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", Some(403)),
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", Some(502)),
        ("SSH-2.0-OpenSSH\r\n", None),
    ] {
        let refused = what(plain_server(answer));
        assert!(
            matches!(refused, TransportErrorKind::TunnelRefused { status, .. } if status == expected),
            "{refused:?}"
        );
    }
    let broken = what(plain_server(""));
    assert!(matches!(&broken, TransportErrorKind::Tunnel(why) if !why.contains("tunnel")), "{broken:?}");
}

#[test]
fn words_of_an_error_classify_nothing() {
    let words = "invalid peer certificate: failed to lookup address information: connection refused: tunnel error: unsuccessful";
    let cause = |error: &(dyn StdError + 'static)| match TransportErrorKind::of(error) {
        TransportErrorKind::Connect { cause, .. } => cause,
        what => panic!("{what:?}"),
    };
    assert_eq!(cause(&io::Error::other(words)), ConnectFailure::Other);
    assert_eq!(cause(&io::Error::new(io::ErrorKind::ConnectionRefused, "x")), ConnectFailure::Closed);
    assert_eq!(cause(&NameError(io::Error::other("x"))), ConnectFailure::Name);
    let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    // Nested as by the TLS connector.
    let nested = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, unknown));
    assert_eq!(cause(&nested), ConnectFailure::Certificate);
    let alert = rustls::Error::AlertReceived(rustls::AlertDescription::UnknownCA);
    assert_eq!(cause(&io::Error::new(io::ErrorKind::InvalidData, alert)), ConnectFailure::Other);
}
