//! Headers that are neither a caller's to set nor handed on.

/// Headers of a single connection (RFC 9110 section 7.6.1), and those that cogtok sets.
pub const OF_THE_CONNECTION: [&str; 13] = [
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
