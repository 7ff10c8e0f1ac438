//! State that the messages of a proxy share: the session, the token, the client.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{RwLock, mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::services::mcp::client_message::{ClientMessage, line};
use crate::services::mcp::headers::{HeaderParams, marked};
use crate::services::mcp::protected_resource::ProtectedResource;
use crate::services::mcp::proxy::forward::{Ask, Forward};
use crate::services::mcp::proxy::pending_requests::AllOpen;
use crate::services::mcp::transport::{McpEndpoint, Session};
use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use cogtok::token::error_response::RequestContext;

/// How far off the deadline of a client that has none is.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a client that waits for a person hears so.
const TELLING: Duration = Duration::from_secs(1);

/// The most tools whose marked arguments are remembered.
const MOST_TOOLS: usize = 10_000;

/// State that the messages of a proxy share.
pub struct State {
    forward: Forward,
    // Receives why to stop: the reader is gone, or writing failed.
    end: mpsc::Sender<Result<()>>,
    /// Held for writing while a session starts: the client's later messages wait.
    pub gate: RwLock<()>,
    session: RefCell<Session>,
    /// How the client began the session, to begin another one as it did.
    pub beginning: RefCell<Option<ClientMessage>>,
    listener: RefCell<Option<AbortHandle>>,
    /// The client's unanswered requests.
    pub open: AllOpen,
    tools: RefCell<HashMap<String, HeaderParams>>,
    /// What the server says of the tokens that it takes.
    pub resource: ProtectedResource,
}

impl State {
    pub fn new(forward: Forward, end: mpsc::Sender<Result<()>>) -> Self {
        State {
            forward,
            end,
            gate: RwLock::new(()),
            session: RefCell::default(),
            beginning: RefCell::default(),
            listener: RefCell::default(),
            open: AllOpen::default(),
            tools: RefCell::default(),
            resource: ProtectedResource::default(),
        }
    }

    /// The server, with the deadline of its client moved: a proxy lives longer than any.
    pub fn place(&self) -> &McpEndpoint {
        self.forward.place.wire.set_deadline(Instant::now() + A_DAY);
        &self.forward.place
    }

    /// How long one exchange may take.
    pub fn limit(&self) -> Option<Duration> {
        self.forward.limit
    }

    /// The server and the token, to explain a refusal.
    pub fn asked(&self) -> &RequestContext {
        &self.forward.asked
    }

    /// The error with what the caller knows about the server's address.
    pub fn explained(&self, error: Error) -> Error {
        (self.forward.explain)(error)
    }

    /// The session as it is now.
    pub fn session(&self) -> Session {
        self.session.borrow().clone()
    }

    /// Puts another session in its place.
    pub fn set_session(&self, session: Session) {
        *self.session.borrow_mut() = session;
    }

    /// A valid token.
    pub async fn token(&self) -> Result<Secret> {
        let gone = || Error::new(Kind::Failure, "there is no token");
        self.ask(None).await?.ok_or_else(gone)
    }

    /// A valid token for `message`. In the meantime its sender learns what a person has to do.
    pub async fn token_for(&self, message: &ClientMessage) -> Result<Secret> {
        let Some(progress) = message.value.pointer("/params/_meta/progressToken") else { return self.token().await };
        let (mut told, token) = (0_u32, self.token());
        tokio::pin!(token);
        loop {
            tokio::select! {
                token = &mut token => return token,
                () = tokio::time::sleep(TELLING) => {}
            }
            let Some(text) = self.forward.person.borrow().clone() else { continue };
            told += 1;
            // Progress must increase, and the server's own may start at 1.
            let params = json!({"progressToken": progress, "progress": f64::from(told) / 1000.0, "message": text});
            self.give(&json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": params}).to_string());
        }
    }

    /// A token other than the `refused` one, if there is one.
    pub async fn other_token(&self, refused: &Secret) -> Result<Option<Secret>> {
        self.ask(Some(refused.clone())).await
    }

    async fn ask(&self, refused: Option<Secret>) -> Result<Option<Secret>> {
        let gone = || Error::new(Kind::Failure, "cogtok is stopping");
        let (answer, answered) = oneshot::channel();
        self.forward.tokens.send(Ask { refused, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Gives a message to the client.
    pub fn give(&self, text: &str) {
        let ended = match (self.forward.out)(&line(text)) {
            Ok(true) => return,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        // The channel holds one reason to end, and one is enough.
        let _ = self.end.try_send(ended);
    }

    /// Cancels the request of this id for the client; returns whether the server need not be told.
    pub fn give_up(&self, id: &Value) -> bool {
        self.open.give_up(id).unwrap_or_else(|| self.beginning.borrow().is_none())
    }

    /// Records which arguments of which tools become headers.
    pub fn learn(&self, answer: &Value) {
        let tools = answer.pointer("/result/tools").and_then(Value::as_array);
        for tool in tools.into_iter().flatten() {
            let (Some(name), Some(schema)) = (tool.get("name").and_then(Value::as_str), tool.get("inputSchema")) else {
                continue;
            };
            let (marked, mut known) = (marked(schema), self.tools.borrow_mut());
            match marked.is_empty() {
                true => drop(known.remove(name)),
                false if known.len() < MOST_TOOLS => drop(known.insert(name.to_owned(), marked)),
                false => {}
            }
        }
    }

    /// The arguments of a tool that become headers.
    pub fn marked(&self, tool: &str) -> HeaderParams {
        self.tools.borrow().get(tool).cloned().unwrap_or_default()
    }

    /// Replaces the previous listener.
    pub fn set_listener(&self, listener: AbortHandle) {
        if let Some(before) = self.listener.replace(Some(listener)) {
            before.abort();
        }
    }

    /// Stops the listener for the server's own messages.
    pub fn stop_listening(&self) {
        if let Some(listener) = self.listener.take() {
            listener.abort();
        }
    }

    /// Ends the session, where there is one.
    pub async fn end(&self) {
        let session = self.session();
        if session.id.is_none() {
            return;
        }
        if let Ok(token) = self.token().await
            && let Err(error) = self.place().end(&token, &session).await
        {
            log::info!(target: "cogtok", "the session was not ended: {}", error.message());
        }
    }
}
