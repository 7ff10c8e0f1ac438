//! Connections, for the SDK and our own calls alike: TCP, the tunnel through the environment's proxy, and TLS by rustls with
//! ring. HTTP/1.1 is spoken on all of them: nothing here sends enough at once for HTTP/2 to be worth its code.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower_service::Service;

use crate::http::tunnel::{self, TunnelError};

type BoxError = Box<dyn StdError + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// No connection within this time.
#[derive(Debug)]
pub(crate) struct ConnectTimeout(pub Duration);

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection within {:?}", self.0)
    }
}

impl StdError for ConnectTimeout {}

/// Connections that are kept for the next request, and the way to others.
pub(crate) struct Transport {
    client: Client<Timed<HttpsConnector<Way>>, Full<Bytes>>,
    connector: Timed<HttpsConnector<Way>>,
}

/// A connection, with TLS where the address has it.
pub(crate) type Connection = TokioIo<MaybeHttpsStream<MaybeHttpsStream<TokioIo<TcpStream>>>>;

impl Transport {
    /// TLS is checked with `roots`; plain http needs none. With `proxies`, https uses the one for its host.
    pub fn new(
        roots: RootCertStore,
        proxies: Option<Arc<Matcher>>,
        connect_timeout: Duration,
    ) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut tls = tls.with_root_certificates(roots).with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let tls = Arc::new(tls);
        let mut tcp = HttpConnector::new_with_resolver(SystemResolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let to_proxy = HttpsConnector::from((tcp.clone(), tls.clone()));
        let way = Way { tcp, to_proxy, proxies };
        let connector = Timed { inner: HttpsConnector::from((way, tls)), limit: connect_timeout };
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector.clone());
        Ok(Transport { client, connector })
    }

    /// A connection of its own, for what is not a request and its answer.
    pub async fn connect(&self, to: http::Uri) -> Result<Connection, BoxError> {
        self.connector.clone().call(to).await.map(TokioIo::new)
    }

    /// Sends a request and returns the answer when its headers have arrived.
    pub async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Incoming>, legacy::Error> {
        self.client.request(request.map(Full::new)).await
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// The way to a host below its own TLS: straight, or through a proxy, which may want TLS itself.
#[derive(Clone)]
struct Way {
    tcp: HttpConnector<SystemResolver>,
    to_proxy: HttpsConnector<HttpConnector<SystemResolver>>,
    proxies: Option<Arc<Matcher>>,
}

impl Service<http::Uri> for Way {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, to: http::Uri) -> Self::Future {
        match self.proxies.as_ref().and_then(|proxies| proxies.intercept(&to)) {
            None => {
                let connecting = self.tcp.call(to);
                Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
            }
            Some(proxy) => {
                let connecting = self.to_proxy.call(proxy.uri().clone());
                Box::pin(async move {
                    let connection = connecting.await.map_err(TunnelError::Connect)?;
                    Ok(tunnel::open(connection, &to, proxy.basic_auth()).await?)
                })
            }
        }
    }
}

/// A host's name leads nowhere.
#[derive(Debug)]
pub(crate) struct NameError(pub io::Error);

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads nowhere")
    }
}

impl StdError for NameError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

/// The system's resolver. Its failures have a type of their own, which those of the HTTP client's resolver have not.
#[derive(Debug, Clone)]
pub(crate) struct SystemResolver;

impl Service<Name> for SystemResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = NameError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NameError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NameError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NameError)?;
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}

/// A connector that gives up after a while.
#[derive(Clone)]
struct Timed<C> {
    inner: C,
    limit: Duration,
}

impl<C> Service<http::Uri> for Timed<C>
where
    C: Service<http::Uri, Error = BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Connecting<C::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, to: http::Uri) -> Self::Future {
        let (connecting, limit) = (self.inner.call(to), self.limit);
        Box::pin(async move {
            tokio::time::timeout(limit, connecting).await.unwrap_or_else(|_| Err(ConnectTimeout(limit).into()))
        })
    }
}
