//! `cogtok call runtime --ws`: an agent over a WebSocket (InvokeAgentRuntime with bidirectional streaming).

use std::time::Duration;

use cogtok::error::{Error, Result, printable};
use cogtok::http::websocket::{
    Handshake, MAX_MESSAGE, Received, Refusal, TokenPlace, WebSocket, WebSocketError, shown_host,
};
use cogtok::store::agent_sessions::AgentSessions;
use cogtok::token::error_response::{Api, ErrorResponse};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use url::Url;

use super::agent::{self, Agent};
use super::authorized_request::SILENCE;
use super::event_printer::{Form, one_line};
use super::retry_on_401::Renewal;
use super::runtime::Runtime;
use super::target::CallTarget;
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_args::ObtainedToken;
use crate::env;
use crate::io::standard_input::Line;
use crate::io::terminal;
use crate::io::terminal::{WriteOutcome, stdin_lines};

/// How long to wait for an answer after the last input.
const LAST_ANSWERS: Duration = Duration::from_secs(10);

/// Exchanges messages until either side has ended.
pub fn run(app: &App, args: &Runtime, token_place: TokenPlace) -> Result<()> {
    let form = match app.output(&[Output::Text, Output::Json])? {
        Output::Json => Form::Json,
        _ => Form::Text,
    };
    let place = CallTarget::find(app, &args.target)?;
    let agent = Agent::at(app, &place, &args.target, args.qualifier.as_deref(), None)?;
    let given = args.session_id.as_deref().map(agent::check_session).transpose()?;
    let url = agent.beside("ws")?;
    let mut headers = args.carried.headers(app)?;
    let first = match (&args.prompt, args.carried.data(app)?) {
        (Some(prompt), _) => Some(json!({ "prompt": prompt }).to_string()),
        (None, Some(data)) => {
            Some(String::from_utf8(data).map_err(|_| Error::usage("a message is text, and the data is not UTF-8"))?)
        }
        (None, None) => None,
    };
    app.extend_default_timeout();
    let mut source = args.source.clone();
    source.or_of(place.owner);
    let sessions = AgentSessions::new(app.dirs().state.as_deref());
    let mut got = source.get(app)?;
    let key = agent::session_key(app, &got, &agent.url)?;
    let session = match given {
        Some(id) => id.to_owned(),
        None if args.goes_on => sessions.last(&key).map_or_else(agent::new_session, Ok)?,
        None => agent::new_session()?,
    };
    headers.push((agent::SESSION.to_owned(), session.clone()));
    let mut handshake = open(app, &url, &headers, token_place, &got)?;
    if let Handshake::Refused(Refusal { status: 401, .. }) = handshake
        && let Some(renewal) = Renewal::of(app, &got, &url)
    {
        got = source.renewed().get(app)?;
        handshake = open(app, &url, &headers, token_place, &got)?;
        renewal.ended(matches!(handshake, Handshake::Refused(Refusal { status: 401, .. })));
    }
    let socket = match handshake {
        Handshake::Open(socket) => socket,
        Handshake::Refused(refusal) => return Err(refused(app, &place, &got, &url, &refusal)?),
    };
    log::info!(target: "cogtok", "the session is {session}");
    sessions.keep(&key, &session, app.deadline());
    let lines = if first.is_some() { None } else { Some(stdin_lines(MAX_MESSAGE)) };
    let wire = app.wire()?;
    app.block_on_streaming(async {
        let mut socket = socket;
        talk(&mut socket, first, lines, form).await.map_err(|ended| match ended {
            Ended::Broken(why) => wire.websocket_failed(&socket, &why),
            Ended::Failed(error) => error,
        })
    })
    .map_err(|error| agent.point_to_log(error))
}

fn open(
    app: &App,
    url: &Url,
    headers: &[(String, String)],
    place: TokenPlace,
    got: &ObtainedToken,
) -> Result<Handshake> {
    let (wire, token) = (app.wire()?, got.token()?.value.clone());
    app.block_on(async { wire.websocket(url, headers, &token, place).await })
}

/// Why a conversation ended before its end.
enum Ended {
    Broken(WebSocketError),
    Failed(Error),
}

async fn talk(
    socket: &mut WebSocket,
    first: Option<String>,
    mut lines: Option<mpsc::Receiver<Line>>,
    form: Form,
) -> Result<(), Ended> {
    let (mut is_asked, mut is_answered) = (first.is_some(), false);
    if let Some(first) = first {
        socket.send(first).await.map_err(Ended::Broken)?;
    }
    loop {
        let patience = if lines.is_some() { SILENCE } else { LAST_ANSWERS };
        let next_line = async {
            match &mut lines {
                Some(lines) => lines.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            line = next_line => match line {
                Some(Line::Whole(bytes)) => {
                    let text = String::from_utf8(bytes).map_err(|_| Ended::Failed(Error::usage("a message is text, and a line is not UTF-8")))?;
                    socket.send(text.trim_end_matches('\r').to_owned()).await.map_err(Ended::Broken)?;
                    is_asked = true;
                }
                Some(Line::Unreadable(error)) => return Err(Ended::Failed(error)),
                Some(Line::TooLong) => return Err(Ended::Failed(Error::usage("a line is larger than 16 MiB"))),
                None => lines = None,
            },
            received = socket.receive() => match received.map_err(Ended::Broken)? {
                Received::Text(text) => {
                    is_answered = true;
                    if !print(&text, form).map_err(Ended::Failed)? {
                        return Ok(());
                    }
                }
                Received::Binary(bytes) => {
                    is_answered = true;
                    if terminal::bytes(&bytes).map_err(Ended::Failed)? == WriteOutcome::NobodyReads {
                        return Ok(());
                    }
                }
                Received::BrokenOff if is_asked && !is_answered => {
                    return Err(Ended::Failed(Error::network("the agent broke off the WebSocket before it answered")));
                }
                Received::BrokenOff | Received::Closed(None | Some((1000 | 1001 | 1005, _))) => return Ok(()),
                Received::Closed(Some((code, reason))) => {
                    let reason = printable(reason.trim(), 200);
                    let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
                    return Err(Ended::Failed(Error::network(format!("the agent closed the WebSocket with code {code}{reason}"))));
                }
            },
            () = tokio::time::sleep(patience) => {
                // Closing is all that is left to do.
                let _ = socket.close().await;
                return Ok(());
            }
        }
    }
}

/// Prints a message on a line of its own; returns whether anybody still reads it.
fn print(text: &str, form: Form) -> Result<bool> {
    let line = match form {
        Form::Json => one_line(text).unwrap_or_else(|| terminal::json_line(&Value::String(text.to_owned()))),
        Form::Text => format!("{text}\n"),
    };
    let line = if line.ends_with('\n') { line } else { format!("{line}\n") };
    terminal::data(&line).map(|delivered| delivered != WriteOutcome::NobodyReads)
}

fn refused(app: &App, place: &CallTarget, got: &ObtainedToken, url: &Url, refusal: &Refusal) -> Result<Error> {
    let asked = place.asked(app, Api::Runtime, got.options());
    let answer = ErrorResponse {
        status: refusal.status,
        challenge: refusal.challenge.as_deref(),
        error_type: refusal.error_type.as_deref(),
        media_type: "application/json",
        body: refusal.body.as_bytes(),
    };
    let words = answer.words().map(|words| format!(": {words}")).unwrap_or_default();
    let host = shown_host(url);
    let error =
        Error::new(answer.kind(), format!("{host} answers the WebSocket with status {}{words}", refusal.status));
    Ok(answer.explain(&asked, got.token()?.value.expose(), env::now()).into_iter().fold(error, Error::hint))
}
