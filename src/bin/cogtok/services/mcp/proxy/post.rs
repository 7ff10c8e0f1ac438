//! Sending one message.

use std::rc::Rc;

use cogtok::error::{Error, Result};

use crate::services::mcp::client_message::{ClientMessage, SessionRole};
use crate::services::mcp::http_error;
use crate::services::mcp::protected_resource;
use crate::services::mcp::proxy::state::State;
use crate::services::mcp::transport::{Refusal, Reply, Session};

/// Sends a message with a valid token.
pub async fn post(state: &Rc<State>, message: &ClientMessage, session: &Session) -> Result<Reply> {
    let headers = message.headers(|tool| state.marked(tool));
    let mut token = state.token_for(message).await?;
    let mut sent = state.place().post(&token, session, &headers, &message.bytes).await?;
    if let (Reply::Refused(Refusal { status: 401, .. }), _) = &sent
        && let Some(other) = state.other_token(&token).await?
    {
        log::info!(target: "cogtok", "the server answered 401: renewing the token, once");
        token = other;
        sent = state.place().post(&token, session, &headers, &message.bytes).await?;
    }
    let (reply, begun) = sent;
    if message.part == SessionRole::Begin && !matches!(reply, Reply::Refused(_)) {
        state.set_session(Session { id: begun, version: None });
    }
    Ok(match reply {
        Reply::Refused(refusal) if matches!(refusal.status, 401 | 403) => {
            let now = state.place().wire.now();
            let error = http_error::error(&message.method, &refusal, &token, state.asked(), now);
            let issuers = &state.asked().issuers;
            let mismatch = protected_resource::mismatch(state.place(), refusal.challenge.as_deref(), issuers).await;
            return Err(mismatch.into_iter().fold(error, Error::hint));
        }
        reply => reply,
    })
}
