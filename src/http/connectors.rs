//! How a host is reached: plainly, by TLS, or by TLS through the environment's proxy; and what TLS is checked with.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::printable;
use crate::http::authorities;
use crate::http::limits::CONNECT_TIMEOUT;
use crate::http::proxy::EnvironmentProxy;
use crate::http::transport::Transport;
use crate::http::transport_error::{ConnectFailure, TransportErrorKind};

/// From when on files that are still being read are slow; before, the time limit is short.
const SLOW_FILES: Duration = Duration::from_secs(1);

/// A connector for each route.
#[derive(Debug)]
pub(crate) struct Connectors {
    ca_bundle: Option<Vec<u8>>,
    pub(crate) proxy: Option<EnvironmentProxy>,
    // What could not be read of this machine's certificate authorities, until it is reported.
    unread: Mutex<Vec<String>>,
    // One for each route, built on first use: loading the system's certificate authorities takes milliseconds.
    of: [OnceLock<Result<Arc<Transport>, TransportErrorKind>>; 3],
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
    /// The connector of this route. It reads files on a blocking thread, within `patience`: one may be a pipe.
    pub(crate) async fn ready(
        self: &Arc<Self>,
        way: Route,
        patience: Duration,
    ) -> Result<Arc<Transport>, TransportErrorKind> {
        if self.of[way as usize].get().is_some() || matches!(way, Route::Plain) {
            return self.connector(way);
        }
        let connectors = self.clone();
        let made = tokio::task::spawn_blocking(move || connectors.connector(way));
        let failed = |why: String| Err(TransportErrorKind::NoAuthorities(Some(why)));
        match tokio::time::timeout(patience, made).await {
            Ok(made) => made.unwrap_or_else(|why| failed(why.to_string())),
            Err(_) => Err(match authorities::late().filter(|_| patience >= SLOW_FILES) {
                Some(why) => TransportErrorKind::NoAuthorities(Some(why)),
                None => TransportErrorKind::Timeout { within: patience, tries: 1 },
            }),
        }
    }

    /// No connector is built yet.
    pub(crate) fn new(ca_bundle: Option<Vec<u8>>, proxy: Option<EnvironmentProxy>) -> Self {
        Connectors { ca_bundle, proxy, unread: Mutex::default(), of: Default::default() }
    }

    /// Why the proxy to this address can't be used, where there is one that can't.
    pub(crate) fn unusable_proxy(&self, way: Route, uri: &http::Uri) -> Option<String> {
        self.proxy.as_ref().filter(|_| matches!(way, Route::Tls)).and_then(|proxy| proxy.fault(uri))
    }

    /// The connector for this route.
    ///
    /// # Errors
    /// [`TransportErrorKind::NoAuthorities`] where there is nothing to check TLS with.
    pub(crate) fn connector(&self, way: Route) -> Result<Arc<Transport>, TransportErrorKind> {
        let make = || {
            let (roots, proxies) = match way {
                Route::Plain => (RootCertStore::empty(), None),
                Route::Local => (self.roots()?, None),
                Route::Tls => {
                    let named = self.proxy.as_ref().map(|proxy| proxy.matcher.clone());
                    (self.roots()?, Some(named.unwrap_or_else(|| Arc::new(Matcher::from_env()))))
                }
            };
            // The policy limits the time for an answer, since it knows which may take longer.
            let transport = Transport::new(roots, proxies, CONNECT_TIMEOUT);
            transport.map(Arc::new).map_err(|why| no_authorities(&why))
        };
        self.of[way as usize].get_or_init(make).clone()
    }

    /// Warns, once, of what could not be read of this machine's certificate authorities: the missing one may be in it.
    pub(crate) fn warn_of_unread(&self) {
        for why in std::mem::take(&mut *self.unread.lock().unwrap_or_else(PoisonError::into_inner)) {
            log::warn!(target: "cogtok", "some of this machine's CA certificates can't be read: {why}");
        }
    }

    /// The certificate authorities of this machine, or of SSL_CERT_FILE and SSL_CERT_DIR, and those of the bundle.
    fn roots(&self) -> Result<RootCertStore, TransportErrorKind> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        // Windows downloads a root when one of its own programs first needs it, so a fresh machine lacks most: Mozilla's roots, with
        // Amazon's, are added.
        #[cfg(windows)]
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        let unread: Vec<String> = found.errors.iter().map(authorities::unread).collect();
        // The bundle's authorities suffice.
        if roots.is_empty() && self.ca_bundle.is_none() {
            return Err(TransportErrorKind::NoAuthorities(unread.into_iter().next().or_else(authorities::none_named)));
        }
        *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = unread;
        // The bundle was validated when it was set.
        for certificate in self.ca_bundle.iter().flat_map(|pem| CertificateDer::pem_slice_iter(pem)).flatten() {
            roots.add(certificate).map_err(|why| no_authorities(&why))?;
        }
        Ok(roots)
    }
}

fn no_authorities(why: &rustls::Error) -> TransportErrorKind {
    TransportErrorKind::NoAuthorities(Some(printable(&why.to_string(), 160)))
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
