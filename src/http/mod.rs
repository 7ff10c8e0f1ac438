//! The HTTP client under every exchange: what may be sent where, for how long, and what is logged of it.

pub(crate) mod authorities;
pub mod client;
pub(crate) mod connectors;
pub(crate) mod escapes;
pub(crate) mod header_text;
pub(crate) mod limits;
pub mod policy;
pub mod proxy;
pub mod redact;
pub mod redirect;
pub(crate) mod retry;
pub mod service_text;
#[cfg(feature = "aws")]
pub mod sse;
pub(crate) mod status;
#[cfg(feature = "aws")]
pub mod streaming;
pub(crate) mod transport;
pub mod transport_error;
pub(crate) mod tunnel;
pub(crate) mod unanswered;
pub mod waf;
pub mod waiting;
#[cfg(feature = "cli")]
pub mod websocket;
