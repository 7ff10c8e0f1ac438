//! `cogtok call runtime`: an agent in Bedrock AgentCore Runtime (InvokeAgentRuntime with a bearer token).

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::cognito::stream::{Outgoing, Streamed};
use cogtok::error::{Error, Kind, Result};
use cogtok::profile::aws_origin;
use cogtok::profile::services::Service;
use cogtok::profile::words::{AgentcoreArn, TargetKind};
use cogtok::store::agent_sessions::AgentSessions;
use cogtok::token::jwt::payload_unverified;
use cogtok::token::refused::Api;
use serde_json::{Value, json};
use url::Url;

use super::answer::{self, Sink, Taking};
use super::bearer;
use super::place::{At, Place};
use super::request::{self, Carried};
use super::told::{Form, Told, one_line};
use crate::app::App;
use crate::cli::Output;
use crate::commands::token::source::{Got, Source};
use crate::complete;
use crate::terminal;

/// The header with the session, of the request and of the answer.
const SESSION: &str = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id";

/// The most bytes of an answer that has to be there as a whole.
const MOST_BYTES: usize = 100 * 1024 * 1024;

/// Ask an agent in Bedrock AgentCore Runtime
///
/// What an agent streams is printed as it comes: text as text, anything else one value on a line. Every call begins a session
/// of its own, unless it goes on with one. The runtime must take JWTs; the AWS CLI calls one that takes signed requests.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok call runtime agent --prompt 'Which seats are free?' -p ws\n  \
    cogtok call runtime agent --prompt 'And tomorrow?' --continue\n  \
    cogtok call runtime arn:aws:bedrock-agentcore:us-west-2:111122223333:runtime/my_agent-AbCdEf1234 -d @question.json\n  \
    cogtok call runtime agent --path .well-known/agent-card.json")]
pub struct Runtime {
    /// The runtime's ARN, its address, or a target of the profile
    #[arg(value_name = "ARN|NAME", add = ArgValueCandidates::new(complete::runtime_targets))]
    target: String,
    /// Ask this: sends {"prompt": TEXT}
    #[arg(long, value_name = "TEXT", conflicts_with = "data")]
    prompt: Option<String>,
    #[command(flatten)]
    carried: Carried,
    /// Go on with the last session with this agent
    #[arg(long = "continue", conflicts_with = "session_id")]
    goes_on: bool,
    /// The session to go on with or to begin: 33 to 256 characters
    #[arg(long, value_name = "ID")]
    session_id: Option<String>,
    /// The endpoint of the runtime, or a version [default: DEFAULT]
    #[arg(long, value_name = "NAME")]
    qualifier: Option<String>,
    /// A path below the agent's address; without data it is fetched
    #[arg(long, value_name = "PATH")]
    path: Option<String>,
    /// Print a stream as it is, with its field names
    #[arg(long, conflicts_with_all = ["json", "output"])]
    raw: bool,
    #[command(flatten)]
    taking: Taking,
    #[command(flatten)]
    source: Source,
}

pub fn run(app: &App, args: &Runtime) -> Result<()> {
    let form = match app.output(&[Output::Text, Output::Json])? {
        Output::Json => Form::Json,
        _ => Form::Text,
    };
    if args.raw && form == Form::Json {
        return Err(Error::usage("`--raw` and `--json` exclude each other"));
    }
    let place = Place::find(app, &args.target)?;
    let url = invocations(app, args, &place)?;
    let outgoing = outgoing(args, url)?;
    let session_id = args.session_id.as_deref().map(check_session).transpose()?;
    args.taking.check()?;
    outgoing.check()?;
    app.begin_anew();
    let mut source = args.source.clone();
    source.or_of(place.owner);
    let sessions = AgentSessions::new(app.dirs().state.as_deref());
    let is_question = outgoing.method == "POST";
    let (mut key, mut sent) = (String::new(), None);
    let (got, mut answer) = bearer::send_as(app, &source, |got| {
        key = session_key(app, got, &outgoing.url)?;
        sent = match session_id {
            Some(id) => Some(id.to_owned()),
            None if args.goes_on => Some(sessions.last(&key).map_or_else(new_session, Ok)?),
            None if is_question => Some(new_session()?),
            None => None,
        };
        let mut outgoing = outgoing.clone();
        outgoing.headers.extend(sent.iter().map(|id| (SESSION.to_owned(), id.clone())));
        Ok(outgoing)
    })?;
    // The one that the runtime names is the one that goes on.
    let session = answer.header(SESSION).map(str::to_owned).or(sent);
    if let Some(session) = session.filter(|_| !answer::is_failure(&answer)) {
        log::info!(target: "cogtok", "the session is {session}");
        if is_question {
            sessions.keep(&key, &session, app.deadline());
        }
    }
    let mut sink = args.taking.sink(&answer)?;
    let mut told = Told::new(form);
    let passed = pass(app, &mut answer, &mut sink, &mut told, args.raw);
    let ended = told.end(&mut sink);
    sink.end(passed.is_ok())?;
    let error = answer::failure(app, Api::Runtime, &got, &answer, &passed?)?;
    error.map_or(ended, Err)?;
    told.failure()
}

/// Prints the body in the form that was asked for; a failure's is printed as it is.
fn pass(app: &App, answer: &mut Streamed, sink: &mut Sink, told: &mut Told, is_raw: bool) -> Result<Vec<u8>> {
    let media_type = answer.media_type();
    if is_raw || answer::is_failure(answer) {
        return answer::pass(app, answer, |part| sink.put(part));
    }
    if media_type == "text/event-stream" {
        return answer::pass(app, answer, |part| told.put(sink, part));
    }
    if told.form() == Form::Text {
        return answer::pass(app, answer, |part| sink.put(part));
    }
    let body = app.block_on_streaming(async { Ok(answer.rest(MOST_BYTES).await?) })?;
    let text = String::from_utf8_lossy(&body);
    let line = one_line(&text).unwrap_or_else(|| terminal::json_line(&Value::String(text.clone().into_owned())));
    sink.put(line.as_bytes())?;
    Ok(Vec::new())
}

/// The request without its session.
fn outgoing(args: &Runtime, url: Url) -> Result<Outgoing> {
    let mut headers = args.carried.headers()?;
    if request::has(&headers, SESSION) {
        return Err(Error::usage(format!("`{SESSION}` is set by `--session-id` and `--continue`")));
    }
    let body = match &args.prompt {
        Some(prompt) => Some(json!({ "prompt": prompt }).to_string().into_bytes()),
        None => args.carried.data()?,
    };
    let method = match (&body, &args.path) {
        (Some(_), _) => "POST",
        (None, Some(_)) => "GET",
        (None, None) => {
            return Err(Error::usage("there is nothing to ask")
                .hint("add --prompt TEXT, or -d with what the agent takes; `-d -` reads it from standard input"));
        }
    };
    request::default_header(&mut headers, "accept", "application/json, text/event-stream");
    if body.is_some() {
        request::default_header(&mut headers, "content-type", "application/json");
    }
    Ok(Outgoing { method: method.to_owned(), url, headers, body: body.unwrap_or_default().into() })
}

/// The address that the agent is asked at.
fn invocations(app: &App, args: &Runtime, place: &Place) -> Result<Url> {
    if place.kind == Some(TargetKind::Gateway) {
        return Err(of_gateway(args));
    }
    let (mut url, named) = match &place.at {
        At::Url(url) => (url.clone(), None),
        At::Arn(arn) if arn.is_gateway() => return Err(of_gateway(args)),
        At::Arn(arn) => of_arn(app, arn)?,
    };
    let mut path = url.path().trim_end_matches('/').to_owned();
    if !path.ends_with("/invocations") {
        path.push_str("/invocations");
    }
    if let Some(below) = &args.path {
        path = format!("{path}/{}", below.trim_start_matches('/'));
    }
    url.set_path(&path);
    if let Some(qualifier) = args.qualifier.as_ref().or(named.as_ref()) {
        url.query_pairs_mut().append_pair("qualifier", qualifier);
    }
    Ok(url)
}

/// A runtime's address, and the endpoint where the ARN is that of one. The whole ARN stands in the path, percent-encoded.
fn of_arn(app: &App, arn: &AgentcoreArn) -> Result<(Url, Option<String>)> {
    let (runtime, endpoint) = match arn.as_str().split_once("/runtime-endpoint/") {
        Some((runtime, endpoint)) => (runtime, Some(endpoint.to_owned())),
        None => (arn.as_str(), None),
    };
    let base = match app.profile(&[])?.endpoint(Service::BedrockAgentcore) {
        Some(endpoint) => endpoint.as_str().trim_end_matches('/').to_owned(),
        None => aws_origin(Service::BedrockAgentcore.host(), &arn.region()),
    };
    let encoded: String = url::form_urlencoded::byte_serialize(runtime.as_bytes()).collect();
    let url = Url::parse(&format!("{base}/runtimes/{encoded}"));
    Ok((url.map_err(|why| Error::usage(format!("no address can be made of the ARN: {why}")))?, endpoint))
}

fn of_gateway(args: &Runtime) -> Error {
    Error::usage("this is a gateway, not a runtime").hint(format!("run `cogtok call gateway {}{{p}}`", args.target))
}

fn check_session(id: &str) -> Result<&str> {
    match (33..=256).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(id),
        false => Err(Error::usage("a session id has 33 to 256 letters, digits and signs, and no spaces")
            .hint("a UUID is long enough; without --session-id one is made")),
    }
}

fn new_session() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|why| Error::new(Kind::Failure, format!("no random numbers: {why}")))?;
    Ok(bytes.iter().fold("cogtok-".to_owned(), |id, byte| id + &format!("{byte:02x}")))
}

/// What a session is kept under: nobody goes on with what another began.
fn session_key(app: &App, got: &Got, url: &Url) -> Result<String> {
    let claims = payload_unverified(got.token()?.value.expose()).unwrap_or_default();
    let caller = claims.get("sub").map(Value::to_string).unwrap_or_default();
    Ok(format!("{}\n{caller}\n{url}", app.profile_option()))
}
