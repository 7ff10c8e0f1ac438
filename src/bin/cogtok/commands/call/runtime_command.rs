//! `cogtok call runtime --command`: a shell command in the session of an agent (InvokeAgentRuntimeCommand).

use std::ops::ControlFlow;

use cogtok::aws::runtime_command::{CommandEvent, CommandEvents, MEDIA_TYPE, MOST_BYTES};
use cogtok::error::{Error, Kind, Result};
use cogtok::http::streaming::Outgoing;
use cogtok::store::agent_sessions::AgentSessions;
use cogtok::token::error_response::Api;
use serde_json::{Value, json};

use super::agent::{self, Agent};
use super::authorized_request;
use super::request;
use super::response;
use super::runtime::Runtime;
use super::target::CallTarget;
use crate::app::App;
use crate::app::options::Output;
use crate::io::signals;
use crate::io::terminal::{self, Live, WriteOutcome};

/// The exit code where cogtok itself fails, as with `exec`: the others are the command's.
const OWN_FAILURE: u8 = 125;
/// The exit code where AgentCore ended the command, as that of timeout(1).
const TIMED_OUT: u8 = 124;

/// How many seconds AgentCore lets a command run.
const SECONDS: std::ops::RangeInclusive<u64> = 1..=3600;

/// Runs the command, prints what it prints, and ends with its exit code.
pub fn run(app: &App, args: &Runtime, command: &str) -> Result<()> {
    let is_json = app.output(&[Output::Text, Output::Json])? == Output::Json;
    let place = CallTarget::find(app, &args.target)?;
    let agent = Agent::at(app, &place, &args.target, args.qualifier.as_deref(), None)?;
    let given = args.session_id.as_deref().map(agent::check_session).transpose()?;
    let url = agent.beside("commands")?;
    let body = body(args, command)?;
    let mut headers = args.carried.headers(app)?;
    request::default_header(&mut headers, "accept", MEDIA_TYPE);
    request::default_header(&mut headers, "content-type", "application/json");
    signals::fail_as(OWN_FAILURE);
    app.extend_default_timeout();
    let mut source = args.source.clone();
    source.or_of(place.owner);
    let sessions = AgentSessions::new(app.dirs().state.as_deref());
    let (mut key, mut sent) = (String::new(), String::new());
    let (got, mut answer) = authorized_request::send_as(app, &source, |got| {
        key = agent::session_key(app, got, &agent.url)?;
        sent = match given {
            Some(id) => id.to_owned(),
            None if args.goes_on => sessions.last(&key).map_or_else(agent::new_session, Ok)?,
            None => agent::new_session()?,
        };
        headers.push((agent::SESSION.to_owned(), sent.clone()));
        Ok(Outgoing { method: "POST".to_owned(), url: url.clone(), headers, body: body.into() })
    })
    .map_err(|error| place.moved(error))?;
    if response::is_failure(&answer) {
        let passed = response::pass(app, &mut answer, false, |_| Ok(WriteOutcome::Yes))?;
        let asked = place.asked(app, Api::Runtime, got.options());
        let is_agents = matches!(answer.status(), 424 | 500..);
        let error = response::failure(app, &asked, &got, &answer, &passed)?;
        return error.map_or(Ok(()), |error| Err(if is_agents { agent.point_to_log(error) } else { error }));
    }
    let session = answer.header(agent::SESSION).filter(|id| agent::check_session(id).is_ok()).unwrap_or(&sent);
    log::info!(target: "cogtok", "the session is {session}");
    sessions.keep(&key, session, app.deadline());
    let mut events = CommandEvents::new(answer)?;
    let mut printer = Printer { is_json, stdout: Live::new(), stderr: Live::on_stderr() };
    let ended = app.block_on_streaming(async {
        let gone = terminal::nobody_reads();
        tokio::pin!(gone);
        loop {
            let event = tokio::select! {
                event = events.next() => event?,
                () = &mut gone => None,
            };
            let Some((event, value)) = event else { return Ok(None) };
            if let ControlFlow::Break(ended) = printer.print(event, &value)? {
                return Ok(ended);
            }
        }
    });
    printer.stdout.end()?;
    printer.stderr.end()?;
    match ended? {
        // Nobody reads any more, or all is well.
        None | Some((0, false)) => Ok(()),
        Some((_, true)) => {
            signals::fail_as(TIMED_OUT);
            Err(Error::network("AgentCore ended the command, which took too long")
                .hint("allow more with `--command-timeout 30m`"))
        }
        Some((code, _)) if code < 0 => Err(agent.point_to_log(Error::new(
            Kind::Failure,
            format!("AgentCore could not run the command (exit code {code})"),
        ))),
        Some((code, _)) => signals::end_as(i32::try_from(code).unwrap_or(1).clamp(1, 255)),
    }
}

fn body(args: &Runtime, command: &str) -> Result<Vec<u8>> {
    if command.trim().is_empty() || command.len() > MOST_BYTES {
        return Err(Error::usage("a command has 1 to 65536 bytes"));
    }
    let mut body = json!({ "command": command });
    if let Some(timeout) = args.command_timeout {
        let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
        if !SECONDS.contains(&seconds) {
            return Err(Error::usage("`--command-timeout` is 1s to 1h"));
        }
        body["timeout"] = json!(seconds);
    }
    Ok(body.to_string().into_bytes())
}

/// Prints what a command prints, where it printed it.
struct Printer {
    is_json: bool,
    stdout: Live,
    stderr: Live,
}

/// The exit code of a command, and whether it took too long; none where nobody reads any more.
type Ended = Option<(i64, bool)>;

impl Printer {
    fn print(&mut self, event: CommandEvent, value: &Value) -> Result<ControlFlow<Ended>> {
        let mut is_read = true;
        if self.is_json {
            is_read = terminal::data(&terminal::json_line(value))? != WriteOutcome::NobodyReads;
        } else if let CommandEvent::Output { stdout, stderr } = &event {
            if !stderr.is_empty() {
                self.stderr.put(stderr.as_bytes())?;
            }
            if !stdout.is_empty() {
                is_read = self.stdout.put(stdout.as_bytes())? != WriteOutcome::NobodyReads;
            }
        }
        Ok(match event {
            CommandEvent::Ended { exit_code, has_timed_out } => ControlFlow::Break(Some((exit_code, has_timed_out))),
            _ if is_read => ControlFlow::Continue(()),
            _ => ControlFlow::Break(None),
        })
    }
}
