//! Sending one message.

use std::rc::Rc;

use cogtok::error::{Error, Result};
use cogtok::secret::Secret;

use crate::services::mcp::client_message::{ClientMessage, SessionRole};
use crate::services::mcp::http_error;
use crate::services::mcp::proxy::state::State;
use crate::services::mcp::transport::{Refusal, Reply, Session};

/// Sends a message with a valid token.
pub async fn post(state: &Rc<State>, message: &ClientMessage, session: &Session) -> Result<Reply> {
    let headers = message.headers(|tool| state.marked(tool));
    let mut token = state.token_for(message).await?;
    let mut sent = state.place().post(&token, session, &headers, &message.bytes).await?;
    if let (Reply::Refused(refusal @ Refusal { status: 401, .. }), _) = &sent {
        match state.other_token(&token).await {
            Ok(None) => {}
            Ok(Some(other)) => {
                log::info!(target: "cogtok", "the server answered 401: renewing the token, once");
                token = other;
                sent = state.place().post(&token, session, &headers, &message.bytes).await?;
            }
            // A server that takes no token of this pool is the better reason.
            Err(why) => {
                let found = mismatches(state, refusal, &token).await;
                let error = if found.is_empty() { why } else { refused(state, message, refusal, &token) };
                return Err(found.into_iter().fold(error, Error::hint));
            }
        }
    }
    let (reply, begun) = sent;
    if message.part == SessionRole::Begin && !matches!(reply, Reply::Refused(_)) {
        state.set_session(Session { id: begun, version: None });
    }
    Ok(match reply {
        Reply::Refused(refusal) if matches!(refusal.status, 401 | 403) => {
            let error = refused(state, message, &refusal, &token);
            return Err(mismatches(state, &refusal, &token).await.into_iter().fold(error, Error::hint));
        }
        reply => reply,
    })
}

/// What the server's metadata says against a token that it refused.
async fn mismatches(state: &Rc<State>, refusal: &Refusal, token: &Secret) -> Vec<String> {
    state.resource.mismatches(state.place(), refusal, &state.asked().issuers, token).await
}

fn refused(state: &Rc<State>, message: &ClientMessage, refusal: &Refusal, token: &Secret) -> Error {
    http_error::error(&message.method, refusal, token, state.asked(), state.place().wire.now())
}
