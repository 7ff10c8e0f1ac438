//! The stream of messages that the server sends on its own. It is requested when the client is ready, and again when it ends.

use std::rc::Rc;
use std::time::Duration;

use crate::services::mcp::proxy::state::State;
use crate::services::mcp::transport::{Refusal, Reply, Session};
use cogtok::error::Result;

/// The pause before the stream is requested again, if the server does not say, and at most.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Listens from now on in the session of `state`, instead of in the one before.
pub fn begin(state: &Rc<State>) {
    let (listening, session) = (state.clone(), state.session());
    state.set_listener(
        tokio::task::spawn_local(async move { keep_listening(&listening, &session).await }).abort_handle(),
    );
}

async fn keep_listening(state: &State, session: &Session) {
    let (mut last, mut pause) = (None, PAUSE);
    loop {
        match once(state, session, &mut last).await {
            Ok(Next::Never) => return,
            Ok(Next::After(said)) => pause = said.unwrap_or(PAUSE),
            Err(error) => {
                log::info!(target: "cogtok", "can't listen to the server: {}", error.message());
                pause *= 2;
            }
        }
        pause = pause.min(LONGEST_PAUSE);
        tokio::time::sleep(pause).await;
    }
}

/// Requests the messages after the event `last`, or from now on, with a valid token.
///
/// # Errors
/// Without a token, or without an answer.
pub async fn listen(state: &State, session: &Session, last: Option<&str>) -> Result<Reply> {
    let token = state.token().await?;
    let reply = state.place().listen(&token, session, last).await?;
    if let Reply::Refused(Refusal { status: 401, .. }) = reply
        && let Some(other) = state.other_token(&token).await?
    {
        return state.place().listen(&other, session, last).await;
    }
    Ok(reply)
}

/// When to listen again.
enum Next {
    /// The server offers no stream, or none in this session.
    Never,
    /// After this time, where the server named one.
    After(Option<Duration>),
}

async fn once(state: &State, session: &Session, last: &mut Option<String>) -> Result<Next> {
    let mut incoming = match listen(state, session, last.as_deref()).await? {
        Reply::Messages(incoming) => incoming,
        Reply::Refused(Refusal { status: 429 | 500.., .. }) => return Ok(Next::After(Some(LONGEST_PAUSE))),
        Reply::Refused(_) | Reply::Taken => return Ok(Next::Never),
    };
    // The end of the stream is not an error: it is requested again.
    let mut has_come = false;
    while let Ok(Some(text)) = incoming.next().await {
        has_come = true;
        // Text that is not JSON would only break the client.
        if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
            state.give(&text);
        }
    }
    let (id, said) = incoming.resumption();
    *last = id.or(last.take());
    Ok(Next::After(said.or((!has_come).then_some(PAUSE * 5))))
}
