//! The proxy that the environment names. The HTTP client ignores a value that it can't parse, which would send the request past the proxy
//! in silence: what it does not understand is an error here.

use std::ffi::OsStr;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;

/// The proxy for https, as a variable names it. The user name and password in it are never shown.
#[derive(Debug, Clone)]
pub struct EnvironmentProxy {
    pub(crate) source: ProxySource,
    fault: Option<String>,
    pub(crate) matcher: Arc<Matcher>,
    // Which hosts it is for, whether it can be used or not.
    hosts: Arc<Matcher>,
}

/// Where a proxy's address comes from, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxySource {
    /// The variable that names the proxy.
    pub variable: &'static str,
    /// Whether it has a user name.
    pub has_user: bool,
}

impl EnvironmentProxy {
    /// The proxy that `variable` names for all hosts but those in `exceptions`, the value of NO_PROXY.
    pub fn new(variable: &'static str, value: &OsStr, exceptions: &str) -> Self {
        let address = value.to_str().map(address).unwrap_or_default();
        let any_host = http::Uri::from_static("https://host.invalid");
        let used = Matcher::builder().https(address).build().intercept(&any_host);
        let has_user = used.as_ref().is_some_and(|proxy| proxy.basic_auth().is_some());
        let is_address = used.as_ref().is_some_and(|proxy| has_port(proxy.uri()));
        let fault = match value.to_str() {
            None => Some(format!("{variable} is not UTF-8")),
            Some(value) => fault(variable, value)
                .or_else(|| (!is_address).then(|| format!("{variable} is not the address of a proxy"))),
        };
        let matcher = |address| Arc::new(Matcher::builder().https(address).no(exceptions).build());
        let hosts = matcher("http://proxy.invalid");
        EnvironmentProxy { source: ProxySource { variable, has_user }, fault, matcher: matcher(address), hosts }
    }

    /// Why it can't be used for this address, where it would be and can't.
    pub(crate) fn fault(&self, of: &http::Uri) -> Option<String> {
        self.fault.clone().filter(|_| self.hosts.intercept(of).is_some())
    }
}

/// The address without the slash that may follow it: with a scheme, the client drops it, and without one it would drop all.
fn address(value: &str) -> &str {
    if value.contains("://") { value } else { value.strip_suffix('/').unwrap_or(value) }
}

/// Why a value can't be used. It may hold a password and is not repeated.
fn fault(variable: &str, value: &str) -> Option<String> {
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", address(value)));
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {}
        socks if socks.starts_with("socks") => {
            return Some(format!("{variable} names a SOCKS proxy, which cogtok does not support"));
        }
        _ => return Some(format!("{variable} does not name an HTTP proxy")),
    }
    if has_bare_signs(rest) {
        return Some(format!(
            "{variable} can't be read: in its user name and password @ is written as %40, : as %3A, / as %2F, # as %23, ? as %3F and % as %25"
        ));
    }
    None
}

/// Whether an address has a host, and a number where a port is: the client would take another one's default.
fn has_port(proxy: &http::Uri) -> bool {
    let Some(authority) = proxy.authority() else { return false };
    let after_host = authority.as_str().strip_prefix(authority.host());
    !authority.host().is_empty() && (after_host == Some("") || authority.port_u16().is_some())
}

/// Whether the user name or password has an unencoded character that means something in a URL.
fn has_bare_signs(rest: &str) -> bool {
    let Some((user, _)) = rest.rsplit_once('@') else { return false };
    let is_encoded = |part: &str| part.len() >= 2 && part.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit);
    user.contains(['@', '/', '#', '?', '[', ']', '\\', ' '])
        || user.matches(':').count() > 1
        || user.split('%').skip(1).any(|part| !is_encoded(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn proxy(value: &str) -> EnvironmentProxy {
        EnvironmentProxy::new("HTTPS_PROXY", OsStr::new(value), "")
    }

    fn host() -> http::Uri {
        http::Uri::from_static("https://cognito.example/")
    }

    fn is_used(proxy: &EnvironmentProxy) -> Option<String> {
        let used = proxy.matcher.intercept(&host())?;
        Some(used.uri().authority()?.to_string())
    }

    #[test]
    fn an_address_is_used_or_is_an_error() {
        for usable in [
            "http://127.0.0.1:3128",
            "127.0.0.1:3128",
            "127.0.0.1:3128/",
            "http://127.0.0.1:3128/",
            "https://127.0.0.1:3128",
            "http://u:p%40@127.0.0.1:3128",
            "u:p@127.0.0.1:3128/",
        ] {
            let proxy = proxy(usable);
            assert_eq!((proxy.fault(&host()), is_used(&proxy).as_deref()), (None, Some("127.0.0.1:3128")), "{usable}");
            assert_eq!(proxy.source.has_user, usable.contains('@'), "{usable}");
        }
        for unusable in [
            "http:/127.0.0.1:3128",
            "http//127.0.0.1:3128",
            "http:///127.0.0.1:3128",
            "//127.0.0.1:3128",
            "127.0.0.1:3128//",
            "127.0.0.1:3128/x",
            "http:127.0.0.1:3128",
            "http://127.0.0.1:99999",
            "http://",
            "http://:3128",
            " http://127.0.0.1:3128",
        ] {
            assert!(proxy(unusable).fault(&host()).is_some(), "{unusable} leads to {:?}", is_used(&proxy(unusable)));
        }
    }

    #[test]
    fn an_address_that_can_not_be_read_does_not_matter_to_the_exceptions() {
        let proxy = EnvironmentProxy::new("HTTPS_PROXY", OsStr::new("socks5://x"), "cognito.example,.inside.example");
        for (uri, is_fault) in [
            ("https://cognito.example/", false),
            ("https://a.inside.example/", false),
            ("https://cognito.example.org/", true),
        ] {
            assert_eq!(proxy.fault(&http::Uri::from_static(uri)).is_some(), is_fault, "{uri}");
        }
    }

    proptest! {
        #[test]
        fn no_address_is_passed_over_in_silence(value in "(https?:?/{0,3})?([a-z%:]{0,6}@)?[a-z0-9.:\\[\\]]{0,12}[/?#]{0,2}\\PC{0,3}") {
            let proxy = proxy(&value);
            prop_assert!(proxy.fault(&host()).is_some() || is_used(&proxy).is_some(), "{}", value);
        }
    }
}
