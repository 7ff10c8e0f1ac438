//! The parts of a forwarder: the server, the tokens, the client.

use std::time::Duration;

use cogtok::error::{Error, Result};
use cogtok::secret::Secret;
use cogtok::token::error_response::RequestContext;
use tokio::sync::{mpsc, oneshot, watch};

use crate::io::standard_input::Line;
use crate::services::mcp::transport::McpEndpoint;

/// A question for a token.
#[derive(Debug)]
pub struct Ask {
    /// The token that the server has just refused with 401, where it is that.
    pub refused: Option<Secret>,
    /// The channel for the answer; `None` if there is no token other than the refused one.
    pub answer: oneshot::Sender<Result<Option<Secret>>>,
}

/// Writes a line to the client; returns whether somebody reads it.
pub type Out = Box<dyn Fn(&str) -> Result<bool>>;

/// The parts of a forwarder.
pub struct Forward {
    /// The server's endpoint.
    pub place: McpEndpoint,
    /// The channel to the thread that has the tokens.
    pub tokens: std::sync::mpsc::Sender<Ask>,
    /// The client's lines; closed when there are no more.
    pub lines: mpsc::Receiver<Line>,
    /// Writes complete lines to the client.
    pub out: Out,
    /// The time limit of one exchange; `None` if it may continue as long as data comes.
    pub limit: Option<Duration>,
    /// The text for waiting clients while a person has to act; `None` otherwise.
    pub person: watch::Receiver<Option<String>>,
    /// The server and the token, to explain a refusal.
    pub asked: RequestContext,
    /// Adds what the caller knows about the server's address to an error.
    pub explain: Box<dyn Fn(Error) -> Error + Send>,
}
