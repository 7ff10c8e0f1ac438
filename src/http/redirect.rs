//! Redirects are refused.

use http::header::LOCATION;

use crate::error::{Advice, AdviceKind, Error};
use crate::http::header_text::text;
use crate::http::transport_error::{TransportErrorKind, fault_in};
use crate::settings::url::Url;

/// The longest address that can be offered instead, in bytes.
const LONGEST: usize = 300;

/// What a redirect leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectTarget {
    /// Another address of the same host, no less secure.
    SameHost,
    /// One of the same host that is not to be used: it is too long, or contains what was sent.
    SameHostUnusable,
    /// The same host, over plain http instead of https.
    Plain,
    /// Another host.
    OtherHost,
    /// No server: there is no address, or one of another kind.
    Nowhere,
}

impl RedirectTarget {
    /// The same where the address is not to be used.
    pub(crate) fn unusable(self) -> Self {
        match self {
            RedirectTarget::SameHost => RedirectTarget::SameHostUnusable,
            other => other,
        }
    }

    pub(crate) fn advice(self) -> Advice {
        match self {
            RedirectTarget::SameHost => AdviceKind::UseMovedAddress.into(),
            RedirectTarget::SameHostUnusable => {
                "check the URL: cogtok sends data only to the address that you give".into()
            }
            RedirectTarget::Plain => "check the URL: the redirect leads from https to plain http".into(),
            RedirectTarget::OtherHost => "use the final URL: cogtok does not follow a redirect to another host".into(),
            RedirectTarget::Nowhere => "check the URL; if it is right, the fault is in the server or a proxy".into(),
        }
    }
}

/// The address that a refused redirect leads to, and the one that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MovedAddress<'a> {
    /// The address that was asked.
    pub asked: &'a str,
    /// The one to use, on the same host.
    pub to: &'a str,
}

/// Where a refused redirect leads on the same host, for a caller who knows the setting of the address that was asked.
pub fn moved(error: &Error) -> Option<MovedAddress<'_>> {
    match &fault_in(error)?.what {
        TransportErrorKind::Redirect { asked, to, target: RedirectTarget::SameHost, .. } => {
            Some(MovedAddress { asked, to })
        }
        _ => None,
    }
}

/// Refuses an answer that sends us elsewhere: what was sent was for the host that was asked.
pub(crate) fn refuse_redirect<B>(response: &http::Response<B>, asked: &str) -> Result<(), TransportErrorKind> {
    let status = response.status().as_u16();
    if !(300..400).contains(&status) {
        return Ok(());
    }
    let of_asked = Url::parse(asked).ok();
    let location = text(response.headers(), LOCATION);
    let to = location.and_then(|location| match &of_asked {
        Some(asked) => asked.join(location).ok(),
        None => Url::parse(location).ok(),
    });
    let (to, target) = match (&to, location) {
        (Some(to), _) => (address(to), of_asked.map_or(RedirectTarget::OtherHost, |asked| target(&asked, to))),
        (None, location) => (location.unwrap_or("nowhere").to_owned(), RedirectTarget::Nowhere),
    };
    let target = if to.len() > LONGEST { target.unusable() } else { target };
    Err(TransportErrorKind::Redirect { status, asked: asked.to_owned(), to, target })
}

/// An address without what may be a password in it.
fn address(url: &Url) -> String {
    let mut url = url.clone();
    // A URL without a host can't have credentials.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_fragment(None);
    url.to_string()
}

/// What is at `to`, from where was asked.
fn target(asked: &Url, to: &Url) -> RedirectTarget {
    let is_same = asked.host().is_some() && asked.host() == to.host();
    match (to.scheme(), asked.scheme()) {
        ("https", _) | ("http", "http") if is_same => RedirectTarget::SameHost,
        ("http", _) if is_same => RedirectTarget::Plain,
        ("https" | "http", _) => RedirectTarget::OtherHost,
        _ => RedirectTarget::Nowhere,
    }
}

#[cfg(test)]
mod tests {
    use RedirectTarget::{Nowhere, OtherHost, Plain, SameHost, SameHostUnusable};

    use super::*;
    use crate::http::transport_error::TransportError;

    const ASKED: &str = "https://host.example:8443/oauth2/token";

    /// Where an answer leads, and what is there.
    fn refused(status: u16, location: Option<&str>, asked: &str) -> Option<(String, RedirectTarget)> {
        let mut response = http::Response::builder().status(status);
        if let Some(location) = location {
            response = response.header("location", location);
        }
        match refuse_redirect(&response.body(()).unwrap(), asked) {
            Ok(()) => None,
            Err(TransportErrorKind::Redirect { status: told, asked: of, to, target }) => {
                assert_eq!((told, of.as_str()), (status, asked));
                Some((to, target))
            }
            Err(_) => panic!("no redirect"),
        }
    }

    #[test]
    fn an_answer_of_the_three_hundreds_is_a_redirect_wherever_it_leads() {
        for status in [200, 201, 299, 400, 401, 500] {
            assert_eq!(refused(status, Some("https://other.example/"), ASKED), None, "{status}");
        }
        for status in [300, 301, 302, 303, 304, 307, 308, 399] {
            let to = "https://other.example/".to_owned();
            assert_eq!(refused(status, Some("https://other.example/"), ASKED), Some((to, OtherHost)), "{status}");
            assert_eq!(refused(status, None, ASKED), Some(("nowhere".to_owned(), Nowhere)), "{status}");
        }
    }

    #[test]
    fn an_address_is_offered_for_a_setting_only_on_the_same_host() {
        for target in [SameHost, SameHostUnusable, Plain, OtherHost, Nowhere] {
            let (asked, to) = (ASKED.to_owned(), "https://host.example:8443/a".to_owned());
            let what = TransportErrorKind::Redirect { status: 308, asked, to, target };
            let error = Error::from(TransportError { host: "host.example".to_owned(), what });
            let offered =
                (target == SameHost).then_some(MovedAddress { asked: ASKED, to: "https://host.example:8443/a" });
            assert_eq!(moved(&error), offered, "{target:?}");
        }
        assert_eq!(moved(&Error::network("no redirect")), None);
    }

    #[test]
    fn only_the_same_host_over_a_protocol_as_good_is_told_as_such() {
        let plain = "http://host.example/a";
        for (asked, location, to, target) in [
            (ASKED, "/a?b", "https://host.example:8443/a?b", SameHost),
            (ASKED, "https://host.example/a#b", "https://host.example/a", SameHost),
            (ASKED, "http://host.example/a", "http://host.example/a", Plain),
            (ASKED, "ftp://host.example/a", "ftp://host.example/a", Nowhere),
            (ASKED, "https://evil.example/a", "https://evil.example/a", OtherHost),
            (ASKED, "//evil.example/a", "https://evil.example/a", OtherHost),
            (ASKED, "http://evil.example/a", "http://evil.example/a", OtherHost),
            (ASKED, "https://user:hunter2@host.example/a", "https://host.example/a", SameHost),
            (ASKED, "https://user:hunter2@evil.example/a", "https://evil.example/a", OtherHost),
            (ASKED, "data:a", "data:a", Nowhere),
            (ASKED, "http://[", "http://[", Nowhere),
            (plain, "/b", "http://host.example/b", SameHost),
            (plain, "https://host.example/b", "https://host.example/b", SameHost),
            (plain, "ftp://host.example/b", "ftp://host.example/b", Nowhere),
            ("no address", "https://host.example/b", "https://host.example/b", OtherHost),
            ("no address", "/b", "/b", Nowhere),
            ("data:a", "data:b", "data:b", Nowhere),
        ] {
            assert_eq!(refused(302, Some(location), asked), Some((to.to_owned(), target)), "{asked} {location}");
        }
        // One that is too long for a line is not offered.
        let longest = format!("https://host.example/{}", "a".repeat(279));
        for (location, offered) in [(longest.clone(), SameHost), (longest + "a", SameHostUnusable)] {
            let (_, target) = refused(302, Some(&location), ASKED).unwrap();
            assert_eq!(target, offered, "{}", location.len());
        }
    }
}
