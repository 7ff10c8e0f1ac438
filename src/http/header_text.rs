//! Headers as text.

use http::header::{AsHeaderName, HeaderMap};

/// A header's value, if it is present and text.
pub(crate) fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
