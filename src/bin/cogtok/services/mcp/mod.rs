//! The Model Context Protocol (MCP), as a client of one server: `client` lists tools and calls them, `proxy` forwards another client's
//! messages, and `transport` is the HTTP layer of both.
//!
//! The official SDK (rmcp 3.11) is not used: a program with its client and nothing else is 1.1 MB larger, and its typed
//! messages lose the members that it does not know, which `--json` shows.

pub mod arguments;
pub mod client;
pub mod client_message;
pub mod headers;
pub mod http_error;
pub mod message;
mod protected_resource;
pub mod proxy;
mod resume;
mod server_requests;
pub mod tool;
pub mod transport;

use crate::services::mcp::transport::Refusal;
use cogtok::error::Error;
use cogtok::http::transport_error::TransportError;

/// The versions of the protocol that begin with a handshake, the newest first: the first is offered.
pub const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// The version without handshake and sessions, where every request is complete in itself.
pub const STATELESS: &str = "2026-07-28";

/// JSON-RPC's code for a method that is not there.
const NO_SUCH_METHOD: i64 = -32601;

/// Why there is no result.
#[derive(Debug)]
pub enum McpError {
    /// The server refused a request by its HTTP status.
    Refused(Refusal),
    /// Anything else.
    Failed(Error),
}

impl From<Error> for McpError {
    fn from(error: Error) -> Self {
        McpError::Failed(error)
    }
}

impl From<TransportError> for McpError {
    fn from(fault: TransportError) -> Self {
        McpError::Failed(fault.into())
    }
}
