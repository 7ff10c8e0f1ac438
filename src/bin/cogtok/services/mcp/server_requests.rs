//! Handles the server's requests to the client, and logs its notifications.

use serde_json::{Value, json};

use crate::services::mcp::message::{Message, as_text, parse};
use crate::services::mcp::transport::{McpEndpoint, Reply, Session};
use crate::services::mcp::{McpError, NO_SUCH_METHOD};
use cogtok::error::printable;
use cogtok::secret::Secret;

/// The client's side of a session.
#[derive(Clone)]
pub struct ServerRequestHandler<'a> {
    pub place: &'a McpEndpoint,
    pub token: &'a Secret,
    pub session: Session,
}

impl ServerRequestHandler<'_> {
    /// Receives the messages that the server sends on its own, as long as it is polled: some servers need an answer there before they send
    /// a result.
    pub async fn listen(&self) {
        if self.session.id.is_some()
            && let Ok(Reply::Messages(mut incoming)) = self.place.listen(self.token, &self.session, None).await
        {
            while let Ok(Some(text)) = incoming.next().await {
                for message in parse(&text).unwrap_or_default() {
                    self.take(&message).await;
                }
            }
        }
        std::future::pending::<()>().await;
    }

    /// Handles a message that is not an answer. If the server refuses the response, the awaited answer may come anyway.
    pub async fn take(&self, message: &Value) {
        let told = match Message::of(message) {
            Message::Request { id, method: "ping" } => {
                self.tell(&json!({"jsonrpc": "2.0", "id": id, "result": {}})).await
            }
            Message::Request { id, .. } => {
                let error = json!({"code": NO_SUCH_METHOD, "message": "Method not found"});
                self.tell(&json!({"jsonrpc": "2.0", "id": id, "error": error})).await
            }
            Message::Notification { method } => {
                self.note(method, message);
                Ok(())
            }
            Message::Answer { .. } | Message::Other => Ok(()),
        };
        match told {
            Ok(()) => {}
            Err(McpError::Failed(error)) => {
                log::info!(target: "cogtok", "the server was not answered: {}", error.message());
            }
            Err(McpError::Refused(refusal)) => {
                log::info!(target: "cogtok", "the server refused the answer to its request: status {}", refusal.status);
            }
        }
    }

    /// Sends what wants no answer.
    pub async fn tell(&self, message: &Value) -> Result<(), McpError> {
        match self.place.post(self.token, &self.session, &[], message.to_string().as_bytes()).await? {
            (Reply::Refused(refusal), _) => Err(McpError::Refused(refusal)),
            _ => Ok(()),
        }
    }

    fn note(&self, method: &str, message: &Value) {
        let of = |name: &str| message.get("params").and_then(|params| params.get(name)).cloned().map(as_text);
        let said = [of("level"), of("data").or_else(|| of("message"))];
        let line = [Some(method.to_owned())].into_iter().chain(said).flatten().collect::<Vec<_>>().join(" ");
        log::info!(target: "cogtok", "the server: {}", printable(&self.place.without_secrets(&line), 600));
    }
}
