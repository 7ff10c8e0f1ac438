//! Redirects are refused.

use http::header::LOCATION;

use crate::http::header_text::text;
use crate::http::transport_error::TransportErrorKind;
use crate::settings::url::Url;

/// Refuses an answer that sends us elsewhere: what was sent was for the host that was asked.
pub(crate) fn refuse_redirect<B>(response: &http::Response<B>, asked: &str) -> Result<(), TransportErrorKind> {
    let status = response.status().as_u16();
    if !(300..400).contains(&status) {
        return Ok(());
    }
    let Some(location) = text(response.headers(), LOCATION) else {
        return Err(TransportErrorKind::Redirect { status, to: "nowhere".to_owned(), on_same_host: None });
    };
    let asked = Url::parse(asked).ok();
    let to = asked.as_ref().map_or_else(|| Url::parse(location), |asked| asked.join(location)).ok();
    let (to, on_same_host) = match to {
        None => (location.to_owned(), None),
        Some(to) => (address(&to), asked.filter(|asked| is_as_good(asked, &to)).map(|_| address(&to))),
    };
    Err(TransportErrorKind::Redirect { status, to, on_same_host: on_same_host.filter(|url| url.len() <= 300) })
}

/// An address without what may be a password in it.
fn address(url: &Url) -> String {
    let mut url = url.clone();
    // A URL without a host can't have credentials.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.set_fragment(None);
    url.to_string()
}

/// Whether `to` is on the host that was asked, over TLS where that was.
fn is_as_good(asked: &Url, to: &Url) -> bool {
    let is_safe = to.scheme() == "https" || (to.scheme() == "http" && asked.scheme() == "http");
    asked.host().is_some() && asked.host() == to.host() && is_safe
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = "https://host.example:8443/oauth2/token";

    /// Where an answer leads, and the address on the same host that it may be repeated to.
    fn refused(status: u16, location: Option<&str>, asked: &str) -> Option<(String, Option<String>)> {
        let mut response = http::Response::builder().status(status);
        if let Some(location) = location {
            response = response.header("location", location);
        }
        match refuse_redirect(&response.body(()).unwrap(), asked) {
            Ok(()) => None,
            Err(TransportErrorKind::Redirect { status: told, to, on_same_host }) => {
                assert_eq!(told, status);
                Some((to, on_same_host))
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
            assert_eq!(refused(status, Some("https://other.example/"), ASKED), Some((to, None)), "{status}");
            assert_eq!(refused(status, None, ASKED), Some(("nowhere".to_owned(), None)), "{status}");
        }
    }

    #[test]
    fn only_the_same_host_over_a_protocol_as_good_is_told_as_such() {
        let plain = "http://host.example/a";
        for (asked, location, to, is_same) in [
            (ASKED, "/a?b", "https://host.example:8443/a?b", true),
            (ASKED, "https://host.example/a#b", "https://host.example/a", true),
            (ASKED, "http://host.example/a", "http://host.example/a", false),
            (ASKED, "ftp://host.example/a", "ftp://host.example/a", false),
            (ASKED, "https://evil.example/a", "https://evil.example/a", false),
            (ASKED, "//evil.example/a", "https://evil.example/a", false),
            (ASKED, "https://user:hunter2@host.example/a", "https://host.example/a", true),
            (ASKED, "https://user:hunter2@evil.example/a", "https://evil.example/a", false),
            (plain, "/b", "http://host.example/b", true),
            (plain, "https://host.example/b", "https://host.example/b", true),
            (plain, "ftp://host.example/b", "ftp://host.example/b", false),
            ("no address", "https://host.example/b", "https://host.example/b", false),
            ("no address", "/b", "/b", false),
            ("data:a", "data:b", "data:b", false),
        ] {
            let same = is_same.then(|| to.to_owned());
            assert_eq!(refused(302, Some(location), asked), Some((to.to_owned(), same)), "{asked} {location}");
        }
        // One that is too long for a line is not offered.
        let longest = format!("https://host.example/{}", "a".repeat(279));
        for (location, is_offered) in [(longest.clone(), true), (longest + "a", false)] {
            let (_, same) = refused(302, Some(&location), ASKED).unwrap();
            assert_eq!(same.is_some(), is_offered, "{}", location.len());
        }
    }
}
