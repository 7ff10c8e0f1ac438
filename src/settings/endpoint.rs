//! The addresses that tokens and secrets may be sent to.

use std::fmt;
use std::str::FromStr;

use crate::settings::url::{Host, Url};

use crate::error::{Error, Result, printable};

/// What is missing where the text is a host, or anything else that has no scheme.
const BEGINNING: &str = "it begins with neither https:// nor http://";

/// A base URL that may get tokens or secrets: https anywhere, http only on the loopback interface, and without user information, query or
/// fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

impl Endpoint {
    /// The URL.
    pub fn as_str(&self) -> &str {
        self.0.as_str().strip_suffix('/').filter(|_| self.0.path() == "/").unwrap_or(self.0.as_str())
    }

    /// Scheme, host and port, which is what a secret is bound to.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The parsed URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether it is this machine, by a name or address that can be nothing else.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    /// This URL with `path` appended.
    pub fn join(&self, path: &str) -> Endpoint {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        Endpoint(url)
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let shown = || printable(text, 120);
        let url = Url::parse(text).map_err(|why| {
            // The parser speaks of relative URLs, which are nothing that anybody meant.
            let why = if text.contains("://") { why.to_string() } else { BEGINNING.to_owned() };
            Error::usage(format!("`{}` is not a URL: {why}", shown()))
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            // The user part may contain a password, so the URL is not repeated.
            return Err(Error::usage("a URL with a user name or password in it is refused"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(Error::usage(format!("`{}` is refused: a base URL has no query and no fragment", shown())));
        }
        if url.host().is_none() {
            // `localhost:8080` is a URL of the scheme `localhost`.
            let why = if text.contains("://") { "it names no host" } else { BEGINNING };
            return Err(Error::usage(format!("`{}` is refused: {why}", shown())));
        }
        match url.scheme() {
            "https" => Ok(Endpoint(url)),
            "http" if is_loopback(&url) => Ok(Endpoint(url)),
            "http" => Err(Error::usage(format!(
                "`{}` is refused: plain http is allowed only to this machine (127.0.0.1, [::1], localhost)",
                shown()
            ))
            .hint("use https://")),
            scheme => Err(Error::usage(format!("`{}` is refused: `{scheme}` is neither https nor http", shown()))),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
