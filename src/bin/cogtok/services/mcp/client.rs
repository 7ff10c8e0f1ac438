//! A client of one MCP server: the handshake, its tools, and calls of them.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::services::mcp::headers;
use crate::services::mcp::headers::HeaderParams;
use crate::services::mcp::message::{Message, RpcError, as_text, error_in, no_mcp, parse};
use crate::services::mcp::resume::{Resume, no_rest};
use crate::services::mcp::server_requests::ServerRequestHandler;
use crate::services::mcp::tool::{Outcome, Tool};
use crate::services::mcp::transport::{Incoming, McpEndpoint, Reply, Session};
use crate::services::mcp::{McpError, NO_SUCH_METHOD, STATELESS, VERSIONS};
use cogtok::error::{Error, Kind, Result};
use cogtok::http::service_text::ServiceText;
use cogtok::secret::Secret;

/// The most pages of tools that are asked for, and the most bytes in all of them.
const MOST_PAGES: usize = 1000;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How long the end of a session may take.
const LAST_WORD: Duration = Duration::from_secs(2);

/// MCP's code for a version that the server does not speak.
const NO_SUCH_VERSION: i64 = -32022;

/// A client with its session.
pub struct Client<'a> {
    with: ServerRequestHandler<'a>,
    is_stateless: bool,
    last_id: u64,
    is_session_over: bool,
}

impl<'a> Client<'a> {
    /// Agrees with the server on a version of the protocol, and on a session where it keeps one.
    ///
    /// # Errors
    /// [`McpError::Refused`] where it refuses the request; [`McpError::Failed`] where there is no answer, or none in a version of
    /// [`VERSIONS`] or [`STATELESS`].
    pub async fn connect(place: &'a McpEndpoint, token: &'a Secret) -> Result<Self, McpError> {
        let with = ServerRequestHandler { place, token, session: Session::default() };
        let mut client = Client { with, is_stateless: false, last_id: 0, is_session_over: false };
        client.begin().await?;
        Ok(client)
    }

    async fn begin(&mut self) -> Result<(), McpError> {
        self.with.session = Session::default();
        (self.is_stateless, self.is_session_over) = (false, false);
        let hello = json!({"protocolVersion": VERSIONS[0], "capabilities": {}, "clientInfo": me()});
        let agreed = match self.ask_once("initialize", hello, &Vec::new()).await? {
            Ok(result) => result.get("protocolVersion").and_then(Value::as_str).unwrap_or_default().to_owned(),
            Err(error) if speaks_stateless(&error) => STATELESS.to_owned(),
            Err(error) => return Err(error.into_error("initialize").into()),
        };
        self.is_stateless = agreed == STATELESS;
        if !self.is_stateless && !VERSIONS.contains(&agreed.as_str()) {
            let message = format!(
                "the server speaks version `{}` of MCP, which cogtok does not support",
                self.with.place.said(&agreed)
            );
            return Err(Error::network(message).into());
        }
        log::info!(target: "cogtok", "the server speaks MCP {}", self.with.place.said(&agreed));
        self.with.session.version = Some(agreed);
        if !self.is_stateless {
            self.with.tell(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await?;
        }
        Ok(())
    }

    /// Every tool of the server.
    ///
    /// # Errors
    /// As [`Client::connect`]; also when the server's pages do not end.
    pub async fn tools(&mut self) -> Result<Vec<Tool>, McpError> {
        let (mut tools, mut seen, mut cursor, mut size) = (Vec::new(), HashSet::new(), None::<String>, 0);
        for _ in 0..MOST_PAGES {
            let params = cursor.as_ref().map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
            let answer = self.ask("tools/list", params, &Vec::new()).await?;
            let mut page = answer.map_err(|error| error.into_error("tools/list"))?;
            size += page.to_string().len();
            if size > MOST_BYTES {
                return Err(Error::network("the server's list of tools is larger than 16 MiB").into());
            }
            match page.get_mut("tools").map(Value::take) {
                Some(Value::Array(list)) => {
                    tools.extend(list.into_iter().map(|tool| self.with.place.description(tool)).filter_map(Tool::of))
                }
                _ => return Err(Error::network("the server's answer to tools/list has no list of tools").into()),
            }
            let next = page.get("nextCursor").and_then(Value::as_str);
            // Some servers end their list with an empty cursor.
            let Some(next) = next.filter(|next| !next.is_empty()) else { return Ok(tools) };
            if !seen.insert(next.to_owned()) {
                let message = "the server's list of tools does not end: it gives the same nextCursor twice";
                return Err(Error::network(message).into());
            }
            cursor = Some(next.to_owned());
        }
        Err(Error::network(format!("the server's list of tools has more than {MOST_PAGES} pages")).into())
    }

    /// Calls a tool. `schema` is that of its input, where it is known.
    ///
    /// # Errors
    /// As [`Client::connect`], and [`Kind::Failure`] where the server answers with an error. That the tool itself failed is in
    /// the outcome.
    pub async fn call(&mut self, name: &str, arguments: Value, schema: Option<&Value>) -> Result<Outcome, McpError> {
        let params = json!({"name": name, "arguments": arguments});
        let marked = schema.map(headers::marked).unwrap_or_default();
        let attendant = self.with.clone();
        let place = self.with.place;
        let answer = tokio::select! {
            answer = self.ask("tools/call", params, &marked) => answer?,
            () = attendant.listen() => return Err(no_answer("tools/call")),
        };
        let all = answer.map_err(|error| error.into_error("tools/call"))?;
        if let Some(kind) = all.get("resultType").and_then(Value::as_str).filter(|kind| *kind != "complete") {
            let message =
                format!("the tool asks for more than its arguments ({}), which cogtok can't give", place.said(kind));
            return Err(Error::new(Kind::Failure, message).hint("call it from an interactive client").into());
        }
        Ok(Outcome { all })
    }

    /// Ends the session, if there is one. The server's answer does not matter.
    pub async fn close(self) {
        if self.with.session.id.is_none() {
            return;
        }
        match tokio::time::timeout(LAST_WORD, self.with.place.end(self.with.token, &self.with.session)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => log::info!(target: "cogtok", "the session was not ended: {}", error.message()),
            Err(_) => log::info!(target: "cogtok", "the session was not ended in time"),
        }
    }

    /// Sends one request and waits for its answer.
    async fn ask(
        &mut self,
        method: &str,
        params: Value,
        marked: &HeaderParams,
    ) -> Result<Result<Value, RpcError>, McpError> {
        let answer = self.ask_once(method, params.clone(), marked).await;
        if !std::mem::take(&mut self.is_session_over) {
            return answer;
        }
        // The server ended the session before it processed the request.
        log::info!(target: "cogtok", "the server ended the session: starting another, once");
        self.begin().await?;
        self.ask_once(method, params, marked).await
    }

    async fn ask_once(
        &mut self,
        method: &str,
        mut params: Value,
        marked: &HeaderParams,
    ) -> Result<Result<Value, RpcError>, McpError> {
        self.last_id += 1;
        let id = json!(self.last_id);
        if self.is_stateless {
            params["_meta"] = json!({headers::VERSION_KEY: STATELESS, "io.modelcontextprotocol/clientInfo": me(),
                "io.modelcontextprotocol/clientCapabilities": {}});
        }
        let message = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let more = if self.is_stateless { headers::of(&message, marked) } else { Vec::new() };
        let sent =
            self.with.place.post(self.with.token, &self.with.session, &more, message.to_string().as_bytes()).await?;
        let mut incoming = match sent {
            (Reply::Messages(incoming), begun) => {
                if method == "initialize" {
                    self.with.session.id = begun;
                }
                incoming
            }
            (Reply::Refused(refusal), _) if !matches!(refusal.status, 401 | 403) => {
                self.is_session_over = refusal.status == 404 && self.with.session.id.is_some();
                let error = error_in(&refusal).and_then(|answer| RpcError::in_answer(&answer));
                return error.map_or(Err(McpError::Refused(refusal)), |error| Ok(Err(error)));
            }
            (Reply::Refused(refusal), _) => return Err(McpError::Refused(refusal)),
            (Reply::Taken, _) => return Err(no_answer(method)),
        };
        let mut resume = Resume::new(self.with.place.silence);
        loop {
            let broken = match self.answer_in(&mut incoming, &id, &mut resume).await {
                Ok(Some(Ok(result))) if !result.is_object() => {
                    return Err(no_result(method, &self.with.place.said(&result.to_string())));
                }
                Ok(Some(answer)) => return Ok(answer),
                Ok(None) => None,
                Err(McpError::Failed(error)) if Resume::is_for(&error) => Some(error),
                Err(trouble) => return Err(trouble),
            };
            resume.ended(&incoming);
            let listen =
                async |last: &str| self.with.place.listen(self.with.token, &self.with.session, Some(last)).await;
            incoming = resume.rest(listen).await.map_err(|why| match (broken, why) {
                (Some(broken), None) => McpError::from(broken),
                (None, None) => no_answer(method),
                (_, Some(why)) => no_rest(method, &why).into(),
            })?;
        }
    }

    /// The answer to the request of this id, after the messages before it; `None` if they end first.
    async fn answer_in(
        &self,
        incoming: &mut Incoming,
        id: &Value,
        resume: &mut Resume,
    ) -> Result<Option<Result<Value, RpcError>>, McpError> {
        let mut strange = None;
        while let Some(text) = incoming.next().await? {
            resume.heard();
            for mut message in parse(&text)? {
                match Message::of(&message) {
                    // An error without id can only be about this request.
                    Message::Answer { id: answered } if answered == id || answered.is_null() => {
                        let error = RpcError::in_answer(&message);
                        return Ok(Some(match error {
                            Some(error) => Err(RpcError {
                                message: self.with.place.without_secrets(&error.message),
                                data: error
                                    .data
                                    .map(|data| Value::String(self.with.place.without_secrets(&as_text(data)))),
                                code: error.code,
                            }),
                            None => Ok(message.get_mut("result").map(Value::take).unwrap_or_default()),
                        }));
                    }
                    Message::Other => {
                        strange = Some(no_mcp(&self.with.place.without_secrets(&message.to_string())));
                    }
                    _ => self.with.take(&message).await,
                }
            }
        }
        match strange.filter(|_| incoming.resumption().0.is_none()) {
            Some(strange) => Err(strange.into()),
            None => Ok(None),
        }
    }
}

fn me() -> Value {
    json!({"name": "cogtok", "version": env!("CARGO_PKG_VERSION")})
}

/// Whether an error shows that the server has no handshake, only the stateless protocol.
fn speaks_stateless(error: &RpcError) -> bool {
    let supports = |data: &Value| data.to_string().contains(STATELESS);
    (error.code == Some(NO_SUCH_VERSION) && error.data.as_ref().is_some_and(supports))
        || error.code == Some(NO_SUCH_METHOD)
}

fn no_result(method: &str, result: &ServiceText) -> McpError {
    Error::network(format!("the server's answer to {method} is not an MCP result: {result}")).into()
}

fn no_answer(method: &str) -> McpError {
    Error::network(format!("the connection ended without an answer to {method}")).hint("try again").into()
}
