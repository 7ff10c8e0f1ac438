//! Forwards between standard input and output and streamable HTTP: the client's messages go to the server with a valid token, the server's
//! messages to the client. Every request gets an answer, if only an error.

mod forward;
mod listen;
mod pending_requests;
mod post;
mod queue;
mod renew;
mod request;
mod state;

use std::rc::Rc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

use crate::io::standard_input::Line;
use crate::services::mcp::client_message::{ClientMessage, SessionRole};
use cogtok::error::Result;
use queue::RequestQueue;
use state::State;

pub use forward::Forward;

/// How long to wait for outstanding answers after the end of input, and for the end of the session. Clients kill a server after about two
/// seconds.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
const LAST_WORD: Duration = Duration::from_millis(700);

/// Forwards until the client sends nothing more, or stops reading. Then it ends the session.
///
/// # Errors
/// The error of writing to the client; every other error goes to the client.
pub async fn run(forward: Forward) -> Result<()> {
    LocalSet::new().run_until(serve(forward)).await
}

async fn serve(mut forward: Forward) -> Result<()> {
    let (mut lines, mut ended) = (std::mem::replace(&mut forward.lines, mpsc::channel(1).1), mpsc::channel(1));
    let state = Rc::new(State::new(forward, ended.0));
    // Messages without an answer don't wait for requests: they include cancellations and the client's own answers.
    let (mut requests, mut others) = (RequestQueue::default(), RequestQueue::default());
    let outcome = loop {
        tokio::select! {
            biased;
            outcome = ended.1.recv() => break outcome.unwrap_or(Ok(())),
            Some(()) = requests.next(&state) => {}
            Some(()) = others.next(&state) => {}
            line = lines.recv() => match line {
                None => {
                    let mut next = async || tokio::select! {
                        Some(()) = requests.next(&state) => true,
                        Some(()) = others.next(&state) => true,
                        else => false,
                    };
                    while let Ok(true) = tokio::time::timeout(LAST_ANSWERS, next()).await {}
                    break ended.1.try_recv().unwrap_or(Ok(()));
                }
                Some(Line::Whole(bytes)) if bytes.trim_ascii().is_empty() => {}
                Some(Line::Whole(bytes)) => match ClientMessage::read(bytes) {
                    Ok(ClientMessage { part: SessionRole::Cancel(id), .. }) if state.give_up(&id) => {}
                    Ok(message) if message.ids.is_empty() => others.take(&state, message),
                    Ok(message) => requests.take(&state, message),
                    Err(answer) => state.give(&answer.to_string()),
                },
                Some(Line::Unreadable(error)) => break Err(error),
                Some(Line::TooLong) => {
                    let error = json!({"code": -32600, "message": "the message is larger than 16 MiB"});
                    state.give(&json!({"jsonrpc": "2.0", "id": null, "error": error}).to_string());
                }
            },
        }
    };
    requests.end().await;
    others.end().await;
    state.stop_listening();
    let _ = tokio::time::timeout(LAST_WORD, state.end()).await;
    outcome
}
