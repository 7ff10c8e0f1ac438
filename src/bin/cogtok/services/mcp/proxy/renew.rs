//! Replaces a session that the server has ended, repeating the client's handshake without the client noticing.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::services::mcp::client_message::{ClientMessage, SessionRole};
use crate::services::mcp::http_error;
use crate::services::mcp::message::{Message, RpcError, parse};
use crate::services::mcp::proxy::post::post;
use crate::services::mcp::proxy::state::State;
use crate::services::mcp::transport::{Reply, Session};
use cogtok::error::{Error, Result, printable};

/// The id of our own request, which no client's is.
const ID: &str = "cogtok-session";

const READY: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// Begins another session than `ended`, once for all who found that it ended.
///
/// # Errors
/// The server's error; [`Kind::Network`](cogtok::error::Kind::Network) if it now speaks another version.
pub async fn session(state: &Rc<State>, ended: &Session) -> Result<Session> {
    let _gate = state.gate.write().await;
    let current = state.session();
    if current.id != ended.id {
        return Ok(current);
    }
    log::warn!(target: "cogtok", "the server ended the session; starting another");
    state.stop_listening();
    let begun = begin(state, ended).await;
    // The next message notices the failure again, and retries.
    state.set_session(begun.as_ref().unwrap_or(ended).clone());
    let session = begun.map_err(|error| error.context("the server ended the session, and starts no other"))?;
    if let Ok(ready) = ClientMessage::read(READY.to_vec()) {
        post(state, &ready, &session).await?;
    }
    if session.id.is_some() {
        crate::services::mcp::proxy::listen::begin(state);
    }
    Ok(session)
}

async fn begin(state: &Rc<State>, ended: &Session) -> Result<Session> {
    let restart = "restart the MCP client";
    let beginning = state.beginning.borrow().clone();
    let mut beginning = beginning.ok_or_else(|| Error::network("the client has not started one").hint(restart))?;
    beginning.value["id"] = json!(ID);
    (beginning.bytes, beginning.part) = (beginning.value.to_string().into_bytes(), SessionRole::Begin);
    let reply = post(state, &beginning, &Session::default()).await?;
    let id = state.session().id;
    let mut incoming = match reply {
        Reply::Messages(incoming) => incoming,
        Reply::Refused(refusal) => return Err(http_error::of_status("initialize", &refusal)),
        Reply::Taken => return Err(Error::network("it did not answer initialize")),
    };
    while let Some(text) = incoming.next().await? {
        for answer in parse(&text).unwrap_or_default() {
            match Message::of(&answer) {
                Message::Answer { id } if id == ID => {}
                // Requests of the server during the handshake can wait.
                Message::Request { .. } | Message::Notification { .. } => {
                    state.give(&answer.to_string());
                    continue;
                }
                Message::Answer { .. } | Message::Other => continue,
            }
            if let Some(error) = RpcError::in_answer(&answer) {
                return Err(error.into_error("initialize"));
            }
            let version = answer.pointer("/result/protocolVersion").and_then(Value::as_str);
            if version != ended.version.as_deref() {
                let version = printable(version.unwrap_or_default(), 40);
                let message = format!("it now speaks version `{version}`, which was not agreed");
                return Err(Error::network(message).hint(restart));
            }
            return Ok(Session { id, version: ended.version.clone() });
        }
    }
    Err(Error::network("it did not answer initialize"))
}
