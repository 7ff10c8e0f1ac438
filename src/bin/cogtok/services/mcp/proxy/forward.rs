//! What a forwarder works with: the server, the tokens, the client.

use std::time::Duration;

use cogtok::error::Result;
use cogtok::secret::Secret;
use cogtok::token::error_response::RequestContext;
use tokio::sync::{mpsc, oneshot, watch};

use crate::io::prompt::Line;
use crate::services::mcp::transport::McpEndpoint;

/// A question for a token.
#[derive(Debug)]
pub struct Ask {
    /// The token that the server has just refused with 401, where it is that.
    pub refused: Option<Secret>,
    /// Where the answer goes; none where there is no other token than the one that was refused.
    pub answer: oneshot::Sender<Result<Option<Secret>>>,
}

/// Takes a line for the client; says whether somebody reads it.
pub type Out = Box<dyn Fn(&str) -> Result<bool>>;

/// What a forwarder works with.
pub struct Forward {
    /// Where the server is.
    pub place: McpEndpoint,
    /// Who has the tokens.
    pub tokens: std::sync::mpsc::Sender<Ask>,
    /// The client's lines; closed when there are no more.
    pub lines: mpsc::Receiver<Line>,
    /// Where lines to the client go, each whole and with its end.
    pub out: Out,
    /// How long one exchange may take; none where it may go on for as long as something comes.
    pub limit: Option<Duration>,
    /// What a waiting client hears while a person has to do something; none while nobody has.
    pub person: watch::Receiver<Option<String>>,
    /// Who is asked with which token, to explain a refusal.
    pub asked: RequestContext,
}
