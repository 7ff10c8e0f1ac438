//! A URL that is written as it is sent.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A host, as `url::Host` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<S> {
    /// A name.
    Domain(S),
    /// An address.
    Ipv4(Ipv4Addr),
    /// An address.
    Ipv6(Ipv6Addr),
}

impl<S: fmt::Display> fmt::Display for Host<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Domain(name) => name.fmt(f),
            Host::Ipv4(address) => address.fmt(f),
            Host::Ipv6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Why an address is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError(&'static str);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// An http or https URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    text: String,
    authority: String,
    scheme: &'static str,
    user: String,
    host: String,
    port: Option<u16>,
    path: String,
    query: Option<String>,
    fragment: Option<String>,
}

/// The scheme, the host and the port.
#[derive(Debug)]
pub struct Origin(String);

impl Origin {
    /// As text.
    pub fn ascii_serialization(&self) -> String {
        self.0.clone()
    }
}

impl Url {
    /// # Errors
    /// The [`ParseError`] for what is no http or https URL, or would be sent otherwise than it is written.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("https", rest)) => ("https", rest),
            Some(("http", rest)) => ("http", rest),
            _ => return Err(ParseError("it begins with neither https:// nor http://")),
        };
        let (rest, fragment) = split(rest, '#');
        let (rest, query) = split(rest, '?');
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, at) = authority.rsplit_once('@').unwrap_or(("", authority));
        let is_port = |text: &str| !text.contains(']');
        let (host, port) = match at.rsplit_once(':').filter(|(_, port)| is_port(port)) {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| ParseError("its port is no number"))?)),
            None => (at, None),
        };
        let default = if scheme == "https" { 443 } else { 80 };
        let host = host.to_ascii_lowercase();
        let is_plain_path = path.bytes().all(is_plain) && path.split('/').all(|part| !is_dots(part));
        let are_plain = [&query, &fragment]
            .into_iter()
            .flatten()
            .all(|part| part.bytes().all(|byte| (is_plain(byte) && byte != b'\'') || byte == b'?'));
        if !(is_plain_path && are_plain && user.bytes().all(is_unreserved)) {
            return Err(ParseError("it has characters that a plain address lacks"));
        }
        if !is_host(&host) {
            return Err(ParseError("its host is no plain name or address"));
        }
        let path = if path.is_empty() { "/" } else { path };
        Ok(Url {
            text: String::new(),
            authority: String::new(),
            scheme,
            user: user.to_owned(),
            host,
            port: port.filter(|port| *port != default),
            path: path.to_owned(),
            query: query.map(str::to_owned),
            fragment: fragment.map(str::to_owned),
        }
        .written())
    }

    fn written(mut self) -> Self {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let user = if self.user.is_empty() { String::new() } else { format!("{}@", self.user) };
        self.authority = format!("{user}{}{port}", self.host);
        let part =
            |mark: char, part: &Option<String>| part.as_ref().map(|part| format!("{mark}{part}")).unwrap_or_default();
        let (query, fragment) = (part('?', &self.query), part('#', &self.fragment));
        self.text = format!("{}://{}{}{query}{fragment}", self.scheme, self.authority, self.path);
        self
    }

    /// This URL as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.scheme
    }

    /// User, host and port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The user name in front of the host.
    pub fn username(&self) -> &str {
        &self.user
    }

    /// `None`: a URL with a password is refused.
    pub fn password(&self) -> Option<&str> {
        None
    }

    /// The host.
    pub fn host_str(&self) -> Option<&str> {
        Some(&self.host)
    }

    /// The host, by its kind.
    pub fn host(&self) -> Option<Host<&str>> {
        Some(match self.host.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(address)) => Host::Ipv4(address),
            Ok(IpAddr::V6(address)) => Host::Ipv6(address),
            Err(_) => Host::Domain(&self.host),
        })
    }

    /// The port that is written, or the scheme's.
    pub fn port_or_known_default(&self) -> Option<u16> {
        self.port.or(Some(if self.scheme == "https" { 443 } else { 80 }))
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query, after `?`.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The fragment, after `#`.
    pub fn fragment(&self) -> Option<&str> {
        self.fragment.as_deref()
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> Origin {
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        Origin(format!("{}://{}{port}", self.scheme, self.host))
    }

    /// The address that a Location header leads to from here.
    ///
    /// # Errors
    /// The [`ParseError`]; a path that does not begin with `/` is one.
    pub fn join(&self, to: &str) -> Result<Self, ParseError> {
        if to.starts_with("//") {
            Url::parse(&format!("{}:{to}", self.scheme))
        } else if to.starts_with('/') {
            Url::parse(&format!("{}://{}{to}", self.scheme, self.authority))
        } else {
            Url::parse(to)
        }
    }

    /// Sets the path, which is one of ours.
    pub fn set_path(&mut self, path: &str) {
        self.path = path.to_owned();
        *self = self.clone().written();
    }

    /// Removes the user name.
    ///
    /// # Errors
    /// Never: `url` has URLs without a host.
    pub fn set_username(&mut self, user: &str) -> Result<(), ()> {
        self.user = user.to_owned();
        *self = self.clone().written();
        Ok(())
    }

    /// No-op: there is no password.
    ///
    /// # Errors
    /// Never.
    pub fn set_password(&mut self, _: Option<&str>) -> Result<(), ()> {
        Ok(())
    }

    /// Removes or sets the fragment.
    pub fn set_fragment(&mut self, fragment: Option<&str>) {
        self.fragment = fragment.map(str::to_owned);
        *self = self.clone().written();
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn split(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// The bytes that `url` leaves unchanged after the host.
fn is_plain(byte: u8) -> bool {
    is_unreserved(byte) || b"!$&'()*+,;=:@/%".contains(&byte)
}

/// RFC 3986 section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Whether a segment of a path leads to the folder itself or the one above it.
fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// A name of ASCII letters and digits, or an address in its one way of writing.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        // `url` writes an embedded IPv4 address differently.
        return address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_ipv4().is_none() || parsed.is_loopback())
            && address.parse::<Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x") {
        return host.parse::<Ipv4Addr>().is_ok_and(|parsed| parsed.to_string() == host);
    }
    let is_label = |label: &str| !label.is_empty() && label.len() < 64 && !label.starts_with("xn--");
    host.len() < 254
        && host.split('.').all(is_label)
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}
