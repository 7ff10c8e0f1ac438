//! Exchanges one message of the client with the server.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::RwLockWriteGuard;

use crate::services::mcp::client_message::{ClientMessage, SessionRole};
use crate::services::mcp::http_error;
use crate::services::mcp::message::{Message, error_in, no_mcp, outline, parse};
use crate::services::mcp::proxy::listen::listen;
use crate::services::mcp::proxy::pending_requests::Open;
use crate::services::mcp::proxy::post::post;
use crate::services::mcp::proxy::state::State;
use crate::services::mcp::resume::{Resume, no_rest};
use crate::services::mcp::transport::{Incoming, Refusal, Reply, Session};
use cogtok::error::{Error, Kind, Result, printable};

/// How long to wait for the end of a stream after all answers, so that its connection can be reused.
const TAIL: Duration = Duration::from_secs(1);

/// Sends a message and hands on what comes.
pub async fn run(state: Rc<State>, message: ClientMessage, mut open: Open) {
    let work = exchange(&state, &message, &open);
    let outcome = match state.limit() {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            let message = format!("no result within {} s", limit.as_secs_f32());
            Err(Error::network(message).hint("allow more with `--timeout 60s`"))
        }),
    };
    if let Err(error) = outcome
        && !open.is_given_up()
    {
        log::warn!(target: "cogtok", "{}: {}", message.method, error.message());
        open.why = state.explained(error);
    }
}

async fn exchange(state: &Rc<State>, message: &ClientMessage, open: &Open) -> Result<()> {
    // Messages start here in their order, and the gate keeps it. The server's requests during the start of a session are answered.
    let gate = match message.part {
        SessionRole::Begin | SessionRole::Ready => Some(state.gate.write().await),
        SessionRole::Answer => None,
        SessionRole::Cancel(_) | SessionRole::Other => {
            drop(state.gate.read().await);
            None
        }
    };
    if message.part == SessionRole::Begin {
        state.stop_listening();
        state.set_session(Session::default());
        *state.beginning.borrow_mut() = Some(message.clone());
    }
    let (reply, session) = deliver(state, message).await?;
    if message.part == SessionRole::Ready && session.id.is_some() {
        crate::services::mcp::proxy::listen::begin(state);
    }
    // The client's next message may depend on the answer.
    let gate = gate.filter(|_| message.part == SessionRole::Begin);
    match reply {
        Reply::Taken if open.is_empty() => Ok(()),
        Reply::Taken => Err(Error::network("the server accepted the request and sent no answer")),
        Reply::Refused(refusal) => {
            let error = http_error::of_status(&message.method, &refusal);
            // If there is only one request that it can be about, the client gets the server's own error.
            if let (Some(id), Some(answer)) = (open.only(), error_in(&refusal)) {
                state.give(&json!({"jsonrpc": "2.0", "id": id, "error": answer["error"]}).to_string());
                open.answered(&id);
            }
            Err(error)
        }
        Reply::Messages(incoming) => hand_on(state, incoming, &session, open, gate).await,
    }
}

/// Sends a message. If the server refuses the token, it is sent again with a new one; if the session has ended, in a new one. A refused
/// message was not processed.
async fn deliver(state: &Rc<State>, message: &ClientMessage) -> Result<(Reply, Session)> {
    let mut session = if message.version.is_some() { Session::default() } else { state.session() };
    let mut reply = post(state, message, &session).await?;
    if let (Reply::Refused(Refusal { status: 404, .. }), Some(_)) = (&reply, &session.id) {
        match message.part {
            // The request that it answers was part of the ended session.
            SessionRole::Answer => return Ok((Reply::Taken, session)),
            SessionRole::Begin | SessionRole::Ready => return Ok((reply, session)),
            SessionRole::Cancel(_) | SessionRole::Other => {}
        }
        // One cancelled request does not interrupt the renewal that others wait for.
        let (renewing, ended) = (state.clone(), session);
        let renewed =
            tokio::task::spawn_local(
                async move { crate::services::mcp::proxy::renew::session(&renewing, &ended).await },
            );
        session = renewed.await.map_err(|_| Error::new(Kind::Failure, "cogtok is stopping"))??;
        reply = post(state, message, &session).await?;
    }
    if message.part == SessionRole::Begin {
        session = state.session();
    }
    Ok((reply, session))
}

/// Forwards answers until every request has one; resumes a broken stream if possible. Then the gate opens.
async fn hand_on(
    state: &Rc<State>,
    mut incoming: Box<Incoming>,
    session: &Session,
    open: &Open,
    gate: Option<RwLockWriteGuard<'_, ()>>,
) -> Result<()> {
    let has_requests = !open.is_empty();
    let (mut resume, mut strange) = (Resume::new(state.place().silence), None);
    loop {
        let broken = loop {
            match incoming.next().await {
                Ok(None) => {
                    let ended = || Error::network("the connection ended without an answer").hint("try again");
                    break strange.take().unwrap_or_else(ended);
                }
                Err(fault) if fault.is_transient() => break fault.into(),
                Err(fault) => return Err(fault.into()),
                Ok(Some(text)) => {
                    resume.heard();
                    strange = give_each(state, &text, open)?.or(strange);
                }
            }
            if has_requests && open.is_empty() {
                drop(gate);
                let rest = async {
                    while let Ok(Some(text)) = incoming.next().await {
                        let _ = give_each(state, &text, open);
                    }
                };
                let _ = tokio::time::timeout(TAIL, rest).await;
                return Ok(());
            }
        };
        if !has_requests {
            return Ok(());
        }
        resume.ended(&incoming);
        let rest = resume.rest(async |last: &str| listen(state, session, Some(last)).await).await;
        incoming = rest.map_err(|why| why.map_or(broken, |why| no_rest("the request", &why)))?;
    }
}

/// Passes the server's messages to the client, and records which requests are answered. Text that is no message would break the client: it
/// is returned, to be reported if nothing else comes.
fn give_each(state: &State, text: &str, open: &Open) -> Result<Option<Error>> {
    // JSON that is too deep for this parser may be fine for the client.
    let messages = parse(text).or_else(|why| outline(text.as_bytes()).map(|outline| vec![outline]).ok_or(why))?;
    if let [message] = messages.as_slice()
        && Message::of(message) == Message::Other
    {
        return Ok(Some(no_mcp(&state.place().without_secrets(&message.to_string()))));
    }
    let is_one = messages.len() == 1;
    for message in &messages {
        let Message::Answer { id } = Message::of(message) else { continue };
        let is_awaited = id.is_null() || open.answered(id) || state.open.answered(id);
        // The client could take it for the answer to a later request with that id. A batch is passed on whole.
        if is_one && !is_awaited {
            let id = printable(&id.to_string(), 80);
            log::warn!(target: "cogtok", "cogtok dropped an answer of the server: no request with the id {id} waits for one");
            return Ok(None);
        }
        note(state, message);
        // An error without id can only be about this request.
        if is_one
            && id.is_null()
            && let Some(only) = open.only()
        {
            state.give(&json!({"jsonrpc": "2.0", "id": only, "error": message["error"]}).to_string());
            open.answered(&only);
            return Ok(None);
        }
    }
    state.give(text);
    Ok(None)
}

/// Records the parts of an answer that later messages need.
fn note(state: &State, answer: &Value) {
    state.learn(answer);
    let version = answer.pointer("/result/protocolVersion").and_then(Value::as_str);
    let mut session = state.session();
    // A version that can't be a header is left to the client to refuse.
    let version = version.filter(|version| version.bytes().all(|byte| byte.is_ascii_graphic()));
    if let Some(version) = version.filter(|_| session.version.is_none() && state.beginning.borrow().is_some()) {
        session.version = Some(version.to_owned());
        state.set_session(session);
    }
}
