//! `cogtok call runtime --stop-session`: the end of a session with an agent (StopRuntimeSession).

use cogtok::error::{Error, Result};
use cogtok::http::streaming::Outgoing;
use cogtok::store::agent_sessions::AgentSessions;
use cogtok::token::error_response::Api;

use super::agent::{self, Agent};
use super::authorized_request;
use super::response;
use super::runtime::Runtime;
use super::target::CallTarget;
use crate::app::App;
use crate::app::options::Output;
use crate::io::terminal;
use crate::io::terminal::WriteOutcome;

/// Stops the session that was named, or the last one with this agent.
pub fn stop(app: &App, args: &Runtime) -> Result<()> {
    app.output(&[Output::Text])?;
    let place = CallTarget::find(app, &args.target)?;
    let agent = Agent::at(app, &place, &args.target, args.qualifier.as_deref(), None)?;
    let given = args.session_id.as_deref().map(agent::check_session).transpose()?;
    let url = agent.beside("stopruntimesession")?;
    let mut source = args.source.clone();
    source.or_of(place.owner);
    let sessions = AgentSessions::new(app.dirs().state.as_deref());
    let (mut key, mut stopped) = (String::new(), String::new());
    let (got, mut answer) = authorized_request::send_as(app, &source, |got| {
        key = agent::session_key(app, got, &agent.url)?;
        let session = given.map(str::to_owned).or_else(|| sessions.last(&key));
        stopped = session.ok_or_else(|| {
            Error::usage("there is no session with this agent").hint("name one with `--session-id ID`")
        })?;
        let mut headers = args.carried.headers(app)?;
        headers.push((agent::SESSION.to_owned(), stopped.clone()));
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let body = b"{}".as_slice().into();
        Ok(Outgoing { method: "POST".to_owned(), url: url.clone(), headers, body })
    })
    .map_err(|error| place.moved(error))?;
    let passed = response::pass(app, &mut answer, false, |_| Ok(WriteOutcome::Yes))?;
    let asked = place.asked(app, Api::Runtime, got.options());
    response::failure(app, &asked, &got, &answer, &passed)?.map_or(Ok(()), Err)?;
    sessions.forget(&key, &stopped);
    terminal::note(&format!("the session {stopped} has ended"));
    Ok(())
}
