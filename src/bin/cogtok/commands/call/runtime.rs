//! `cogtok call runtime`: an agent in Bedrock AgentCore Runtime (InvokeAgentRuntime with a bearer token).

use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Result};
use cogtok::http::streaming::{Outgoing, Streamed};
use cogtok::http::websocket::TokenPlace;
use cogtok::store::agent_sessions::AgentSessions;
use cogtok::token::error_response::Api;
use serde_json::{Value, json};

use super::agent::{self, Agent};
use super::authorized_request;
use super::event_printer::{EventPrinter, Form, one_line};
use super::request::{self, RequestBody};
use super::response::{self, BodyHandling, BodySink, StatusOutcome};
use super::target::CallTarget;
use crate::app::App;
use crate::app::options::{Output, duration, not_empty};
use crate::args::token_args::TokenArgs;
use crate::completion;
use crate::io::terminal;

/// The most bytes of an answer that has to be there as a whole.
const MOST_BYTES: usize = 100 * 1024 * 1024;

/// Ask an agent in Bedrock AgentCore Runtime
///
/// cogtok prints what an agent streams as it comes: text as text, anything else as one value on a line. Every call
/// starts a new session, unless you continue one. With `--command` the exit code is the command's; it is 124 if AgentCore
/// ended the command because of its time limit, and 125 if cogtok fails. The runtime must accept JWTs; use the AWS CLI for one that accepts
/// only signed requests.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok call runtime agent --prompt 'Which seats are free?' -p ws\n  \
    cogtok call runtime agent --prompt 'And tomorrow?' --continue\n  \
    cogtok call runtime -d @question.json \\\n    \
    arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234\n  \
    cogtok call runtime agent --ws < messages.txt\n  \
    cogtok call runtime agent --continue --command 'ls -la'\n  \
    cogtok call runtime agent --stop-session\n  \
    cogtok call runtime agent --path .well-known/agent-card.json")]
pub struct Runtime {
    /// The runtime's ARN, its address, or a target of the profile
    #[arg(value_name = "ARN|NAME", add = ArgValueCandidates::new(completion::targets::runtimes))]
    pub target: String,
    /// Ask this: sends {"prompt": TEXT}
    #[arg(long, value_name = "TEXT", conflicts_with = "data")]
    pub prompt: Option<String>,
    #[command(flatten)]
    pub carried: RequestBody,
    /// Go on with the last session with this agent
    #[arg(long = "continue", conflicts_with = "session_id")]
    pub goes_on: bool,
    /// The session to go on with or to begin: 33 to 256 characters
    #[arg(long, value_name = "ID")]
    pub session_id: Option<String>,
    /// The endpoint of the runtime [default: DEFAULT]
    #[arg(long, value_name = "NAME", value_parser = not_empty)]
    pub qualifier: Option<String>,
    /// A path below the agent's address; without data it is fetched
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Talk over a WebSocket, a message per line; =protocol sends the token in Sec-WebSocket-Protocol
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "header",
        hide_possible_values = true,
        conflicts_with_all = ["path", "raw", "include", "output_file"]
    )]
    pub ws: Option<Ws>,
    /// Stop the last session with this agent, or the one of --session-id
    #[arg(long, conflicts_with_all = ["prompt", "data", "goes_on", "path", "raw", "ws"])]
    pub stop_session: bool,
    /// Run this shell command in the agent's session, and end with its exit code
    #[arg(
        long,
        value_name = "COMMAND",
        conflicts_with_all = ["prompt", "data", "path", "raw", "ws", "stop_session", "include", "output_file"]
    )]
    pub command: Option<String>,
    /// How long the command may run, 1s to 1h [default: AgentCore's, 5m]
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration,
        requires = "command",
        conflicts_with_all = ["prompt", "data", "path", "raw", "ws", "stop_session"]
    )]
    pub command_timeout: Option<Duration>,
    /// Print a stream as it is, with its field names
    #[arg(long, conflicts_with_all = ["json", "output"])]
    raw: bool,
    #[command(flatten)]
    taking: BodyHandling,
    #[command(flatten)]
    pub source: TokenArgs,
}

/// Where `--ws` sends the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ws {
    /// In the header Authorization
    Header,
    /// In Sec-WebSocket-Protocol, as browsers do
    Protocol,
}

impl Ws {
    pub fn place(self) -> TokenPlace {
        match self {
            Ws::Header => TokenPlace::Header,
            Ws::Protocol => TokenPlace::Protocol,
        }
    }
}

pub fn run(app: &App, args: &Runtime) -> Result<()> {
    let form = match app.output(&[Output::Text, Output::Json])? {
        Output::Json => Form::Json,
        _ => Form::Text,
    };
    if args.raw && form == Form::Json {
        return Err(Error::usage("`--raw` and `--json` cannot be used together"));
    }
    let place = CallTarget::find(app, &args.target)?;
    let agent = Agent::at(app, &place, &args.target, args.qualifier.as_deref(), args.path.as_deref())?;
    let outgoing = outgoing(app, args, &agent)?;
    let session_id = args.session_id.as_deref().map(agent::check_session).transpose()?;
    args.taking.check()?;
    outgoing.check()?;
    app.extend_default_timeout();
    let mut source = args.source.clone();
    source.or_of(place.owner);
    let sessions = AgentSessions::new(app.dirs().state.as_deref());
    let is_question = outgoing.method == "POST";
    let (mut key, mut sent) = (String::new(), None);
    let (got, mut answer) = authorized_request::send_as(app, &source, |got| {
        key = agent::session_key(app, got, &outgoing.url)?;
        sent = match session_id {
            Some(id) => Some(id.to_owned()),
            None if args.goes_on => Some(sessions.last(&key).map_or_else(agent::new_session, Ok)?),
            None if is_question => Some(agent::new_session()?),
            None => None,
        };
        let mut outgoing = outgoing.clone();
        outgoing.headers.extend(sent.iter().map(|id| (agent::SESSION.to_owned(), id.clone())));
        Ok(outgoing)
    })
    .map_err(|error| place.moved(error))?;
    // The session that the runtime names is the one to continue.
    let named = answer.header(agent::SESSION).filter(|id| agent::check_session(id).is_ok());
    let session = named.map(str::to_owned).or(sent);
    if let Some(session) = session.filter(|_| !response::is_failure(&answer)) {
        log::info!(target: "cogtok", "the session is {session}");
        if is_question {
            sessions.keep(&key, &session, app.deadline());
        }
    }
    let mut sink = args.taking.sink(&answer)?;
    let mut told = EventPrinter::new(form);
    let passed = pass(app, &mut answer, &mut sink, &mut told, args.raw);
    let ended = told.end(&mut sink);
    sink.end(passed.is_ok())?;
    let asked = place.asked(app, Api::Runtime, got.options());
    let error = response::failure(app, &asked, &got, &answer, &passed?)?;
    let is_agents = matches!(answer.status(), 424 | 500..);
    error.map_or(ended, |error| Err(if is_agents { agent.point_to_log(error) } else { error }))?;
    told.failure(|text| answer.said(text)).map_err(|error| agent.point_to_log(error))
}

/// Prints the body in the form that was asked for; a failure's is printed as it is.
fn pass(
    app: &App,
    answer: &mut Streamed,
    sink: &mut BodySink,
    told: &mut EventPrinter,
    is_raw: bool,
) -> Result<StatusOutcome> {
    let media_type = answer.media_type();
    if is_raw || response::is_failure(answer) {
        return response::pass(app, answer, sink.is_live(), |part| sink.put(part));
    }
    if media_type == "text/event-stream" {
        let passed = response::pass(app, answer, sink.is_live(), |part| told.put(sink, part))?;
        if passed.is_whole() {
            told.finish(sink, answer)?;
        }
        return Ok(passed);
    }
    if told.form() == Form::Text {
        return response::pass(app, answer, sink.is_live(), |part| sink.put(part));
    }
    let body = app.block_on_streaming(async { Ok(answer.rest(MOST_BYTES).await?) })?;
    let text = String::from_utf8_lossy(&body);
    let line = one_line(&text).unwrap_or_else(|| terminal::json_line(&Value::String(text.clone().into_owned())));
    sink.put(line.as_bytes())?;
    Ok(StatusOutcome::whole(&body))
}

/// The request without its session.
fn outgoing(app: &App, args: &Runtime, agent: &Agent) -> Result<Outgoing> {
    let mut headers = args.carried.headers(app)?;
    if request::has(&headers, agent::SESSION) {
        return Err(Error::usage(format!("`{}` is set by `--session-id` and `--continue`", agent::SESSION)));
    }
    let body = match &args.prompt {
        Some(prompt) => Some(json!({ "prompt": prompt }).to_string().into_bytes()),
        None => args.carried.data(app)?,
    };
    let method = match body {
        Some(_) => "POST",
        None if args.path.is_some() || !agent.takes_questions() => "GET",
        None => {
            return Err(Error::usage("there is no prompt")
                .hint("add --prompt TEXT, or -d with what the agent takes; `-d -` reads it from standard input"));
        }
    };
    request::default_header(&mut headers, "accept", "application/json, text/event-stream");
    if body.is_some() {
        request::default_header(&mut headers, "content-type", "application/json");
    }
    Ok(Outgoing { method: method.to_owned(), url: agent.url.clone(), headers, body: body.unwrap_or_default().into() })
}
