//! How a host is reached: plainly, by TLS, or by TLS through the environment's proxy; and what TLS is checked with.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::HttpConnectorSettings;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::printable;
use crate::http::limits::CONNECT_TIMEOUT;
use crate::http::transport_error::{ConnectFailure, TransportErrorKind};

/// One connector for each way, with what they are made of.
#[derive(Debug)]
pub(crate) struct Connectors {
    ca_bundle: Option<Vec<u8>>,
    pub(crate) bad_proxy: Option<String>,
    // One of each way, made when it is needed: loading the system's certificate authorities takes milliseconds.
    of: [OnceLock<Result<Arc<Connector>, TransportErrorKind>>; 3],
}

/// How a host is reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route {
    /// Plain http, which is only to this machine.
    Plain,
    /// TLS to this machine: never through a proxy.
    Local,
    /// TLS, through the proxy of the environment where there is one.
    Tls,
}

impl Route {
    pub(crate) fn to(uri: &http::Uri) -> Self {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match uri.scheme_str() {
            Some("https") if is_local => Route::Local,
            Some("https") => Route::Tls,
            _ => Route::Plain,
        }
    }
}

impl Connectors {
    /// The connector of this way. What it reads of this machine it reads on a thread of its own.
    pub(crate) async fn ready(self: &Arc<Self>, way: Route) -> Result<Arc<Connector>, TransportErrorKind> {
        if self.of[way as usize].get().is_some() || matches!(way, Route::Plain) {
            return self.connector(way);
        }
        let connectors = self.clone();
        let made = tokio::task::spawn_blocking(move || connectors.connector(way)).await;
        made.unwrap_or_else(|why| Err(TransportErrorKind::NoAuthorities(Some(why.to_string()))))
    }

    /// None is made yet.
    pub(crate) fn new(ca_bundle: Option<Vec<u8>>, bad_proxy: Option<String>) -> Self {
        Connectors { ca_bundle, bad_proxy, of: Default::default() }
    }

    /// What sends requests this way.
    ///
    /// # Errors
    /// [`TransportErrorKind::NoAuthorities`] where there is nothing to check TLS with.
    pub(crate) fn connector(&self, way: Route) -> Result<Arc<Connector>, TransportErrorKind> {
        let make = || {
            // How long an answer may take is the guard's to say: it knows which one may take longer.
            let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build();
            let builder = Connector::builder().connector_settings(settings).sleep_impl(TokioSleep::new());
            let builder = match way {
                Route::Plain => return Ok(Arc::new(builder.build_http())),
                Route::Local => builder,
                Route::Tls => builder.proxy_config(ProxyConfig::from_env()),
            };
            let mut trust = TrustStore::default().with_native_roots(false);
            match authorities() {
                // Those of the bundle will do.
                Err(_) if self.ca_bundle.is_some() => {}
                own => trust = trust.with_pem_certificate(own?),
            }
            if let Some(pem) = &self.ca_bundle {
                trust = trust.with_pem_certificate(pem.clone());
            }
            #[cfg(windows)]
            let trust = trust.with_pem_certificate(usual_roots());
            let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
            // A context can't be built from a bundle that is none, and the bundle was checked.
            let context = TlsContext::builder().with_trust_store(trust).build();
            let context =
                context.map_err(|why| TransportErrorKind::NoAuthorities(Some(printable(&why.to_string(), 160))))?;
            Ok(Arc::new(builder.tls_context(context).build_with_resolver(SystemResolver)))
        };
        self.of[way as usize].get_or_init(make).clone()
    }
}

/// The system's resolver. Its failures have a type of their own, which those of the HTTP client's resolver have not.
#[derive(Debug, Clone)]
pub(crate) struct SystemResolver;

impl ResolveDns for SystemResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = tokio::net::lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// The roots that Mozilla trusts, Amazon's among them. Windows fetches a root when one of its own programs meets it first,
/// so that a fresh machine's store lacks most.
#[cfg(windows)]
fn usual_roots() -> Vec<u8> {
    let mut pem = String::new();
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        let text = STANDARD.encode(root);
        pem.push_str("-----BEGIN CERTIFICATE-----\n");
        pem.push_str(&text);
        pem.push_str("\n-----END CERTIFICATE-----\n");
    }
    pem.into_bytes()
}

/// The certificate authorities of this machine, or of SSL_CERT_FILE and SSL_CERT_DIR, in PEM. The SDK's own look at them takes
/// none for an error of its own, or for the server's.
fn authorities() -> Result<Vec<u8>, TransportErrorKind> {
    let found = rustls_native_certs::load_native_certs();
    let mut usable = rustls::RootCertStore::empty();
    let mut pem = Vec::new();
    for certificate in found.certs {
        let text = STANDARD.encode(&certificate);
        if usable.add(certificate).is_ok() {
            pem.extend(format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes());
        }
    }
    if pem.is_empty() {
        Err(TransportErrorKind::NoAuthorities(found.errors.first().map(|why| printable(&why.to_string(), 200))))
    } else {
        Ok(pem)
    }
}

/// Plain http is for this machine, and for the metadata services, which have no TLS.
pub(crate) async fn check_plain(uri: &http::Uri) -> Result<(), TransportErrorKind> {
    const METADATA: [&str; 5] = ["169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_allowed = match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || METADATA.contains(&host),
        Err(_) if host == "localhost" => {
            let port = uri.port_u16().unwrap_or(80);
            let found = tokio::net::lookup_host(("localhost", port)).await;
            let unknown = |error: std::io::Error| TransportErrorKind::Connect {
                cause: ConnectFailure::Name,
                reason: error.to_string(),
            };
            let mut addresses = found.map_err(unknown)?;
            addresses.all(|address| address.ip().is_loopback())
        }
        Err(_) => false,
    };
    if is_allowed { Ok(()) } else { Err(TransportErrorKind::NotLoopback) }
}
