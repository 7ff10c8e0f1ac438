//! Redirects are refused.

use http::header::LOCATION;
use hyper::body::Incoming;

use crate::http::header_text::text;
use crate::http::transport_error::TransportErrorKind;
use crate::settings::url::Url;

/// Refuses an answer that sends us elsewhere: what was sent was for the host that was asked.
pub(crate) fn refuse_redirect(response: &http::Response<Incoming>, asked: &str) -> Result<(), TransportErrorKind> {
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
