//! Errors on the way to a host, before there is an answer.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::error::{Advice, AdviceKind, Error, Kind, chain, printable};
use crate::http::proxy::ProxySource;
use crate::http::redact::Redactor;
use crate::http::redirect::RedirectTarget;
use crate::http::transport::NameError;
use crate::http::tunnel::TunnelError;
use crate::http::waf::WafAction;

/// A fault and the host it is about.
#[derive(Debug, Clone)]
pub struct TransportError {
    /// The host, with its port where one was given.
    pub host: String,
    /// The failure.
    pub what: TransportErrorKind,
}

/// The failure.
#[derive(Debug, Clone)]
pub enum TransportErrorKind {
    /// The server sent us elsewhere.
    Redirect {
        /// The HTTP status.
        status: u16,
        /// The address that was asked.
        asked: String,
        /// The whole address it leads to, or what there is instead of one.
        to: String,
        /// What is at that address.
        target: RedirectTarget,
    },
    /// AWS WAF stopped the request: it wants what only a browser can do.
    Challenged {
        /// The HTTP status.
        status: u16,
        /// What it wants.
        action: WafAction,
    },
    /// The answer is not one of AWS; this describes it.
    NotOfAws(String),
    /// The answer is larger than so many bytes.
    TooLarge(usize),
    /// No complete answer came.
    Timeout {
        /// Within this time since the first try.
        within: Duration,
        /// How often it was tried.
        tries: u32,
    },
    /// No connection within this time, so nothing was sent.
    Unreachable(Duration),
    /// `localhost` leads to another machine.
    NotLoopback,
    /// The environment names a proxy that can't be used.
    Proxy(String),
    /// The environment's proxy gave no way through.
    Tunnel(String),
    /// The proxy refused.
    TunnelRefused {
        /// The HTTP status; `None` if its answer was no HTTP.
        status: Option<u16>,
        /// Where its address comes from, where that is known.
        source: Option<ProxySource>,
    },
    /// No certificate authority to check TLS with.
    NoAuthorities(Option<String>),
    /// No connection.
    Connect {
        /// The cause.
        cause: ConnectFailure,
        /// The system's or library's own text.
        reason: String,
    },
    /// The connection broke off.
    Broken(String),
    /// The answer is not valid HTTP.
    NotHttp(String),
}

/// The cause of a failed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFailure {
    /// The host's name leads nowhere.
    Name,
    /// Nothing listens at the port.
    Closed,
    /// Its TLS certificate is not one to trust.
    Certificate,
    /// The proxy on the way.
    Proxy,
    /// No answer in time.
    Silence,
    /// Something else.
    Other,
}

impl ConnectFailure {
    /// The cause of a failed connection.
    fn of(error: &(dyn StdError + 'static)) -> Self {
        let cause = |error: &(dyn StdError + 'static)| match error.downcast_ref::<rustls::Error>() {
            Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
                Some(ConnectFailure::Certificate)
            }
            _ if error.is::<NameError>() => Some(ConnectFailure::Name),
            _ => {
                let error = error.downcast_ref::<io::Error>()?;
                (error.kind() == io::ErrorKind::ConnectionRefused).then_some(ConnectFailure::Closed)
            }
        };
        chain(error).find_map(cause).unwrap_or(ConnectFailure::Other)
    }
}

impl TransportError {
    /// The cause.
    pub fn cause(&self) -> ConnectFailure {
        match &self.what {
            TransportErrorKind::Timeout { .. } | TransportErrorKind::Unreachable(_) => ConnectFailure::Silence,
            TransportErrorKind::Tunnel(_) | TransportErrorKind::TunnelRefused { .. } | TransportErrorKind::Proxy(_) => {
                ConnectFailure::Proxy
            }
            TransportErrorKind::Connect { cause, .. } => *cause,
            _ => ConnectFailure::Other,
        }
    }

    /// Whether the same request may have better luck: nothing is known to have been refused.
    pub fn is_transient(&self) -> bool {
        match &self.what {
            TransportErrorKind::Timeout { .. }
            | TransportErrorKind::Unreachable(_)
            | TransportErrorKind::Broken(_)
            | TransportErrorKind::Tunnel(_) => true,
            TransportErrorKind::Connect { cause, .. } => *cause != ConnectFailure::Certificate,
            TransportErrorKind::Redirect { .. }
            | TransportErrorKind::Challenged { .. }
            | TransportErrorKind::NotOfAws(_)
            | TransportErrorKind::TooLarge(_)
            | TransportErrorKind::NotLoopback
            | TransportErrorKind::NotHttp(_)
            | TransportErrorKind::Proxy(_) => false,
            TransportErrorKind::TunnelRefused { .. } | TransportErrorKind::NoAuthorities(_) => false,
        }
    }

    /// Whether the request never reached the server, which then can't have carried it out.
    pub fn is_unsent(&self) -> bool {
        match &self.what {
            TransportErrorKind::Connect { .. }
            | TransportErrorKind::Unreachable(_)
            | TransportErrorKind::Tunnel(_)
            | TransportErrorKind::Proxy(_)
            | TransportErrorKind::Challenged { .. }
            | TransportErrorKind::NotLoopback => true,
            TransportErrorKind::TunnelRefused { .. } | TransportErrorKind::NoAuthorities(_) => true,
            TransportErrorKind::Redirect { .. }
            | TransportErrorKind::NotOfAws(_)
            | TransportErrorKind::TooLarge(_)
            | TransportErrorKind::Timeout { .. }
            | TransportErrorKind::Broken(_)
            | TransportErrorKind::NotHttp(_) => false,
        }
    }
}

impl TransportErrorKind {
    /// The same without the secrets that a server could have put into it.
    pub(crate) fn cleaned(self, redactor: &Redactor) -> Self {
        // Cut after redaction, so that no part of a secret is left at the end.
        let clean = |text: String, most: usize| printable(&redactor.clean(&text), most);
        match self {
            TransportErrorKind::Redirect { status, asked, to, target } => {
                let target = if redactor.clean(&to) == to { target } else { target.unusable() };
                TransportErrorKind::Redirect { status, asked: redactor.clean(&asked), to: clean(to, 300), target }
            }
            TransportErrorKind::Tunnel(reason) => TransportErrorKind::Tunnel(clean(reason, 160)),
            TransportErrorKind::Connect { cause, reason } => {
                TransportErrorKind::Connect { cause, reason: clean(reason, 160) }
            }
            TransportErrorKind::Broken(reason) => TransportErrorKind::Broken(clean(reason, 160)),
            TransportErrorKind::NotOfAws(what) => TransportErrorKind::NotOfAws(clean(what, 160)),
            TransportErrorKind::NotHttp(reason) => TransportErrorKind::NotHttp(clean(reason, 160)),
            TransportErrorKind::Challenged { .. }
            | TransportErrorKind::TooLarge(_)
            | TransportErrorKind::Timeout { .. }
            | TransportErrorKind::Unreachable(_)
            | TransportErrorKind::NotLoopback
            | TransportErrorKind::Proxy(_) => self,
            TransportErrorKind::TunnelRefused { .. } | TransportErrorKind::NoAuthorities(_) => self,
        }
    }

    /// Classifies an error of the HTTP client.
    pub fn of(error: &(dyn StdError + 'static)) -> Self {
        let reason = innermost(error);
        let is_malformed =
            |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData);
        match chain(error).find_map(|error| error.downcast_ref()) {
            Some(TunnelError::Refused(status)) => {
                return TransportErrorKind::TunnelRefused { status: Some(*status), source: None };
            }
            Some(TunnelError::NotHttp) => return TransportErrorKind::TunnelRefused { status: None, source: None },
            Some(_) => return TransportErrorKind::Tunnel(reason),
            None => {}
        }
        match chain(error).find_map(|error| error.downcast_ref::<hyper::Error>()) {
            None => TransportErrorKind::Connect { cause: ConnectFailure::of(error), reason },
            Some(error) if error.is_parse() || error.is_parse_status() => TransportErrorKind::NotHttp(reason),
            Some(error) if chain(error).filter_map(|error| error.downcast_ref()).any(is_malformed) => {
                TransportErrorKind::NotHttp(reason)
            }
            Some(_) => TransportErrorKind::Broken(reason),
        }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.what {
            TransportErrorKind::Redirect { status, to, .. } => {
                write!(f, "redirect refused: {status} from {host} to {to}")
            }
            TransportErrorKind::Challenged { status, action } => {
                write!(f, "AWS WAF in front of {host} stopped the request: it wants {action} (HTTP {status})")
            }
            TransportErrorKind::NotOfAws(what) => write!(f, "the answer is not one of AWS ({what})"),
            TransportErrorKind::TooLarge(limit) => {
                write!(f, "the response from {host} is larger than {} MiB", limit / (1024 * 1024))
            }
            TransportErrorKind::Timeout { within, tries: 0 | 1 } => {
                write!(f, "no complete answer from {host} within {} s", seconds(*within))
            }
            TransportErrorKind::Timeout { within, tries } => {
                write!(f, "no complete answer from {host}: {tries} tries in {} s", seconds(*within))
            }
            TransportErrorKind::Unreachable(after) => write!(f, "no connection to {host} within {} s", seconds(*after)),
            TransportErrorKind::NotLoopback => {
                write!(f, "plain http to {host} is refused: it is not this machine")
            }
            TransportErrorKind::Proxy(why) => f.write_str(why),
            TransportErrorKind::Tunnel(reason) => write!(f, "no connection to {host} through the proxy: {reason}"),
            TransportErrorKind::TunnelRefused { status, source } => {
                write!(f, "no connection to {host} through the proxy: ")?;
                match (status, source) {
                    (Some(407), Some(ProxySource { variable, has_user: true })) => {
                        write!(f, "it refused the user name and password in {variable} (407)")
                    }
                    (Some(407), _) => f.write_str("proxy authorization required (407)"),
                    (Some(status), _) => write!(f, "it refused CONNECT with HTTP {status}"),
                    (None, _) => f.write_str("its answer to CONNECT is not valid HTTP"),
                }
            }
            TransportErrorKind::NoAuthorities(None) => {
                write!(f, "no connection to {host}: this machine has no CA certificates to check the server's with")
            }
            TransportErrorKind::NoAuthorities(Some(why)) => {
                write!(f, "no connection to {host}: this machine's CA certificates can't be read: {why}")
            }
            TransportErrorKind::Connect { reason, .. } => write!(f, "no connection to {host}: {reason}"),
            TransportErrorKind::Broken(reason) => write!(f, "the answer from {host} was cut off: {reason}"),
            TransportErrorKind::NotHttp(reason) => {
                write!(f, "the answer from {host} is not valid HTTP: {reason}")
            }
        }
    }
}

impl StdError for TransportError {}

impl From<TransportError> for Error {
    fn from(fault: TransportError) -> Self {
        let advice: Advice = match &fault.what {
            TransportErrorKind::Connect { cause: ConnectFailure::Certificate, .. } => AdviceKind::NameCaBundle.into(),
            TransportErrorKind::Unreachable(_) => {
                "check the URL and the network: a firewall may be dropping the packets".into()
            }
            TransportErrorKind::Timeout { .. } => AdviceKind::AllowLongerTimeout.into(),
            TransportErrorKind::TunnelRefused { status, source } => refused_by_proxy(*status, *source).into(),
            TransportErrorKind::NoAuthorities(None) => AdviceKind::InstallAuthorities.into(),
            TransportErrorKind::NoAuthorities(Some(_)) => AdviceKind::CheckAuthorities.into(),
            TransportErrorKind::Tunnel(_) => {
                "check the proxy that HTTPS_PROXY or ALL_PROXY names, or name the host in NO_PROXY".into()
            }
            TransportErrorKind::Connect { .. } | TransportErrorKind::Broken(_) => {
                "check the URL, the network and the proxy, then try again".into()
            }
            TransportErrorKind::Redirect { target, .. } => target.advice(),
            TransportErrorKind::Challenged { .. } => AdviceKind::AskFirewallForException.into(),
            TransportErrorKind::NotOfAws(_) => "check `endpoint_url` and AWS_ENDPOINT_URL".into(),
            TransportErrorKind::TooLarge(_) => "check that this is the URL you mean".into(),
            TransportErrorKind::NotHttp(_) => {
                "check the URL; if it is right, the fault is in the server or a proxy".into()
            }
            TransportErrorKind::NotLoopback => "use https, or http://127.0.0.1 for this machine".into(),
            TransportErrorKind::Proxy(_) => "unset it, or name an HTTP proxy: http://HOST:PORT".into(),
        };
        let kind = match fault.what {
            TransportErrorKind::Proxy(_) | TransportErrorKind::NoAuthorities(Some(_)) => Kind::Usage,
            TransportErrorKind::Challenged { .. } => Kind::Refused,
            _ => Kind::Network,
        };
        Error::new(kind, fault.to_string()).hint(advice).because(fault)
    }
}

/// What helps where a proxy refused.
fn refused_by_proxy(status: Option<u16>, source: Option<ProxySource>) -> String {
    match (status, source) {
        (Some(407), Some(ProxySource { variable, has_user: true })) => {
            format!(
                "check the user name and password in {variable}: signs in them are written as %40 for @ and %25 for %"
            )
        }
        (Some(407), source) => {
            let variable = source.map_or("HTTPS_PROXY", |source| source.variable);
            format!("give user name and password in the proxy's address: {variable}=http://USER:PASSWORD@HOST:PORT")
        }
        (_, source) => {
            let variable = source.map_or("HTTPS_PROXY or ALL_PROXY", |source| source.variable);
            format!("ask whoever runs the proxy that {variable} names to let it through, or name the host in NO_PROXY")
        }
    }
}

/// Seconds to the tenth, rounded up.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).ceil() / 10.0
}

/// The fault in an error's chain of sources, where there is one.
pub fn fault_in<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a TransportError> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The innermost source: the outer layers only say "io error".
fn innermost(error: &(dyn StdError + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
#[path = "transport_error_tests.rs"]
mod tests;
