//! The wire of the Model Context Protocol: its streamable HTTP transport. JSON-RPC messages go out in POSTs, and come back
//! as JSON or as server-sent events.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use cogtok::error::Result;
use cogtok::http::client::HttpClient;
use cogtok::http::service_text::ServiceText;
use cogtok::http::sse::{Event, Events, MAX_EVENT};
use cogtok::http::streaming::{Outgoing, Streamed};
use cogtok::http::transport_error::{TransportError, TransportErrorKind};
use cogtok::secret::Secret;

/// The most bytes of a refusal that are read.
const MOST_WORDS: usize = 64 * 1024;

/// The shortest pause before the rest of a stream is requested, whatever the server says.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The endpoint of an MCP server.
#[derive(Debug, Clone)]
pub struct McpEndpoint {
    /// The HTTP client.
    pub wire: HttpClient,
    /// Its one endpoint.
    pub url: Url,
    /// How long an answer, or any part of it, may be in coming.
    pub silence: Duration,
}

/// The headers of a session's requests, besides the token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// `Mcp-Session-Id`, where the server gave one.
    pub id: Option<String>,
    /// `MCP-Protocol-Version`, once it is agreed.
    pub version: Option<String>,
}

impl Session {
    fn headers(&self, accept: &str) -> Vec<(String, String)> {
        let named = [("Mcp-Session-Id", &self.id), ("MCP-Protocol-Version", &self.version)];
        let named = named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        named.chain([("Accept".to_owned(), accept.to_owned())]).collect()
    }
}

/// The server's reply to a request.
#[derive(Debug)]
pub enum Reply {
    /// Accepted, without an answer.
    Taken,
    /// Messages come.
    Messages(Box<Incoming>),
    /// Refused.
    Refused(Refusal),
}

/// A status of 400 or more, with what explains it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `WWW-Authenticate` (RFC 6750 section 3).
    pub challenge: Option<String>,
    /// The body, without the secrets that were sent; empty where it could not be read.
    pub body: String,
}

impl McpEndpoint {
    /// Sends one message, `more` being headers that it needs besides those of the session. Gives what the server makes of it,
    /// and the id of the session that this begins, where it is one.
    ///
    /// # Errors
    /// As [`HttpClient::open`].
    pub async fn post(
        &self,
        token: &Secret,
        session: &Session,
        more: &[(String, String)],
        message: &[u8],
    ) -> Result<(Reply, Option<String>)> {
        let mut headers = session.headers("application/json, text/event-stream");
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        headers.extend_from_slice(more);
        let answer = self.send("POST", headers, message, token).await?;
        let begun = answer.header("mcp-session-id").map(str::to_owned);
        Ok((reply(answer).await, begun))
    }

    /// Requests the messages that the server sends on its own, or the rest of a stream after the event `last`.
    ///
    /// # Errors
    /// As [`HttpClient::open`].
    pub async fn listen(&self, token: &Secret, session: &Session, last: Option<&str>) -> Result<Reply> {
        let mut headers = session.headers("text/event-stream");
        headers.extend(last.map(|id| ("Last-Event-ID".to_owned(), id.to_owned())));
        Ok(reply(self.send("GET", headers, b"", token).await?).await)
    }

    /// Ends the session. A server may not support this, so its answer is ignored.
    ///
    /// # Errors
    /// As [`HttpClient::open`].
    pub async fn end(&self, token: &Secret, session: &Session) -> Result<()> {
        let headers = session.headers("application/json, text/event-stream");
        self.send("DELETE", headers, b"", token).await.map(drop)
    }

    /// `text` of the server without the secrets that were sent to it.
    pub fn without_secrets(&self, text: &str) -> String {
        self.wire.redactor().clean(text)
    }

    /// Text of the server, as it may be shown.
    pub fn said(&self, text: &str) -> ServiceText {
        ServiceText::new(text, self.wire.redactor())
    }

    /// The server's description, without the secrets that were sent to it.
    pub fn description(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.wire.redactor().clean_owned(text)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.description(item)).collect()),
            Value::Object(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (self.wire.redactor().clean_owned(name), self.description(value)));
                Value::Object(fields.collect())
            }
            other => other,
        }
    }

    async fn send(
        &self,
        method: &str,
        headers: Vec<(String, String)>,
        body: &[u8],
        token: &Secret,
    ) -> Result<Streamed> {
        let request =
            Outgoing { method: method.to_owned(), url: self.url.clone(), headers, body: body.to_vec().into() };
        self.wire.open(request, Some(token), self.silence).await
    }
}

async fn reply(mut answer: Streamed) -> Reply {
    match answer.status() {
        status @ 400.. => {
            let challenge = answer.header("www-authenticate").map(|text| answer.without_secrets(text));
            let body = answer.rest(MOST_WORDS).await.unwrap_or_default();
            let body = answer.without_secrets(&String::from_utf8_lossy(&body));
            Reply::Refused(Refusal { status, challenge, body })
        }
        202 | 204 => Reply::Taken,
        _ => Reply::Messages(Box::new(Incoming {
            is_stream: answer.media_type() == "text/event-stream",
            answer,
            events: Events::default(),
            ready: VecDeque::new(),
            is_over: false,
        })),
    }
}

/// Messages as they come, in JSON.
pub struct Incoming {
    answer: Streamed,
    is_stream: bool,
    events: Events,
    ready: VecDeque<Event>,
    is_over: bool,
}

impl Incoming {
    /// The next message; `None` at the end.
    ///
    /// # Errors
    /// The [`TransportError`] when the answer breaks off, nothing comes for too long or a message is larger than [`MAX_EVENT`].
    pub async fn next(&mut self) -> Result<Option<String>, TransportError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                // An event without data only sets its id.
                if event.data.is_empty() || event.name != "message" {
                    continue;
                }
                return Ok(Some(event.data));
            }
            if self.is_over {
                return Ok(None);
            }
            if !self.is_stream {
                self.is_over = true;
                let body = String::from_utf8_lossy(&self.answer.rest(MAX_EVENT).await?).into_owned();
                return Ok(Some(body).filter(|body| !body.trim().is_empty()));
            }
            match self.answer.chunk().await? {
                Some(chunk) => {
                    let pushed = self.events.push(&chunk);
                    self.ready.extend(self.events.by_ref());
                    pushed.map_err(|_| self.answer.fault(TransportErrorKind::TooLarge(MAX_EVENT)))?;
                }
                None => self.is_over = true,
            }
        }
    }

    /// The last event id of this stream, if the server sent one, and the pause before a retry, if it named one.
    pub fn resumption(&self) -> (Option<String>, Option<Duration>) {
        // An id that can't be a header can't be resumed.
        let is_sendable = |id: &&str| id.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let id = self.events.last_id().filter(is_sendable).map(str::to_owned);
        (id, self.events.retry().map(|pause| pause.max(SHORTEST_PAUSE)))
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("answer", &self.answer).finish_non_exhaustive()
    }
}
