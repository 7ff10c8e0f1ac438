//! Redirect URIs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::error::{Error, Result, printable};
use crate::settings::url::{Host, Url};

/// The default redirect URI.
const DEFAULT: &str = "http://127.0.0.1:8484/callback";

/// A redirect URI on the loopback interface (RFC 8252 section 7.3): http, `127.0.0.1`, `[::1]` or `localhost`, and a port. Cognito compares
/// it with the app client's CallbackURLs exactly, so its text is never normalised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    url: Url,
}

impl RedirectUri {
    /// The default redirect URI.
    ///
    /// # Errors
    /// None.
    pub fn standard() -> Result<Self> {
        DEFAULT.parse()
    }

    /// The redirect URIs in a list that is separated by spaces.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for one that can't be one.
    pub fn list<'a>(lists: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>> {
        lists.into_iter().flat_map(str::split_ascii_whitespace).map(str::parse).collect()
    }

    /// The URI as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(80)
    }

    /// The path of a request for it.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// The same with another port.
    ///
    /// # Errors
    /// [`Kind::Usage`](crate::error::Kind::Usage) for port 0.
    pub fn with_port(&self, port: u16) -> Result<Self> {
        let rest = self.text.split_once("//").map_or("", |(_, rest)| rest);
        let tail = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
        format!("http://{}:{port}{tail}", self.url.host_str().unwrap_or_default()).parse()
    }

    /// Whether a request with this Host header (RFC 9110 section 7.2) is for it.
    pub fn is_host(&self, header: &str) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let authority = format!("{host}:{}", self.port());
        header.eq_ignore_ascii_case(&authority) || (self.port() == 80 && header.eq_ignore_ascii_case(host))
    }

    /// The addresses to listen on. `localhost` is both: which of them a browser tries first is its own business.
    pub fn addresses(&self) -> Vec<IpAddr> {
        match self.url.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(_)) | None => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        }
    }
}

impl FromStr for RedirectUri {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |why: &str| {
            Error::usage(format!("`{}` can't be a redirect URI: {why}", printable(text, 120)))
                .hint(format!("one looks like {DEFAULT}"))
        };
        let url = Url::parse(text).map_err(|why| {
            if text.contains("://") { refused(&why.to_string()) } else { refused("it does not begin with http://") }
        })?;
        let is_loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if url.scheme() != "http" || !is_loopback {
            return Err(refused("the browser returns to this machine, over http to 127.0.0.1, [::1] or localhost"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(refused("it has neither user, query nor fragment"));
        }
        // A URI that the parser would normalise could never match Cognito's.
        if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
            return Err(refused(&format!("write it as {url}")));
        }
        match url.port_or_known_default() {
            None | Some(0) => Err(refused("it needs a port")),
            Some(_) => Ok(RedirectUri { text: text.to_owned(), url }),
        }
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_comes_back_to_this_machine_alone() {
        for bad in [
            "",
            "8484",
            "https://127.0.0.1:8484/callback",
            "http://example.com:8484/callback",
            "http://127.0.0.1.evil:8484/callback",
            "http://localhost.evil:8484/",
            "http://0.0.0.0:8484/",
            "http://[::ffff:127.0.0.1]:8484/",
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:99999/callback",
            "http://u@127.0.0.1:8484/callback",
            "http://127.0.0.1:8484/callback?x",
            "http://127.0.0.1:8484/callback#x",
            "http://2130706433:8484/callback",
            "HTTP://127.0.0.1:8484/callback",
            "http://127.0.0.1:8484/a b",
            "http://127.0.0.1:8484/../x",
            "myapp://callback",
        ] {
            assert!(bad.parse::<RedirectUri>().is_err(), "{bad}");
        }
    }

    #[test]
    fn its_text_stays_as_it_is_registered() {
        for (text, host, path) in [
            ("http://127.0.0.1:8484/callback", "127.0.0.1:8484", "/callback"),
            ("http://localhost:8484", "localhost:8484", "/"),
            ("http://localhost:8484/", "localhost:8484", "/"),
            ("http://[::1]:8484/cb/", "[::1]:8484", "/cb/"),
            ("http://localhost/cb", "localhost", "/cb"),
        ] {
            let uri: RedirectUri = text.parse().unwrap();
            assert_eq!((uri.as_str(), uri.path()), (text, path));
            assert!(uri.is_host(host) && !uri.is_host("evil:8484") && !uri.is_host("127.0.0.1"), "{text}");
            let moved = uri.with_port(9).unwrap();
            assert_eq!((moved.port(), moved.addresses(), moved.path()), (9, uri.addresses(), path));
            assert_eq!(moved.as_str().ends_with('/'), text.ends_with('/'));
            assert!(uri.with_port(0).is_err());
        }
        assert_eq!(RedirectUri::standard().unwrap().port(), 8484);
        assert_eq!(
            RedirectUri::list(["http://127.0.0.1:1/a http://[::1]:2/b", "http://localhost:3"]).unwrap().len(),
            3
        );
    }

    #[test]
    fn only_its_own_host_and_port_are_its_host() {
        let uri: RedirectUri = "http://localhost:8484/cb".parse().unwrap();
        for (header, is_it) in [
            ("localhost:8484", true),
            ("LOCALHOST:8484", true),
            ("localhost", false),
            ("localhost:80", false),
            ("localhost:84840", false),
            ("127.0.0.1:8484", false),
            ("", false),
        ] {
            assert_eq!(uri.is_host(header), is_it, "{header}");
        }
        let uri: RedirectUri = "http://localhost/cb".parse().unwrap();
        assert!(uri.is_host("localhost") && uri.is_host("Localhost:80") && !uri.is_host("localhost:8484"));
        assert_eq!((uri.port(), uri.to_string().as_str()), (80, "http://localhost/cb"));
        assert_eq!(uri.addresses(), [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        let of = |text: &str| text.parse::<RedirectUri>().unwrap().addresses();
        assert_eq!(of("http://127.0.0.2:1/"), [IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))]);
        assert_eq!(of("http://[::1]:1/"), [IpAddr::V6(Ipv6Addr::LOCALHOST)]);
        assert!(RedirectUri::list(["http://localhost:1 nowhere"]).is_err());
    }

    #[test]
    fn the_rule_that_a_redirect_uri_breaks_is_told() {
        for (bad, rule) in [
            ("8484", "it does not begin with http://"),
            ("https://localhost:1/", "over http to 127.0.0.1"),
            ("http://10.0.0.1:1/", "over http to 127.0.0.1"),
            ("http://[2001:db8::1]:1/", "over http to 127.0.0.1"),
            ("http://u@localhost:1/", "neither user, query nor fragment"),
            ("http://:p@localhost:1/", "neither user, query nor fragment"),
            ("http://localhost:1/?", "neither user, query nor fragment"),
            ("http://localhost:1/#", "neither user, query nor fragment"),
            ("http://LOCALHOST:1/", "write it as http://localhost:1/"),
            ("http://localhost:80/", "write it as http://localhost/"),
            ("http://localhost:1/a//../b", "write it as http://localhost:1/a/b"),
            ("http://localhost:0/", "it needs a port"),
        ] {
            let error = bad.parse::<RedirectUri>().unwrap_err();
            assert!(error.message().contains(rule), "{bad}: {error}");
        }
    }
}
