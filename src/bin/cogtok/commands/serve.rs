//! `cogtok serve`: a local endpoint with a fresh token, for programs that take only a URL.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;
use std::sync::mpsc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use clap_complete::{ArgValueCandidates, ArgValueCompleter};
use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;
use serde_json::json;

use super::call::authorized_request::SILENCE;
use super::call::target::{CallTarget, TargetLocation};
use super::child_command;
use super::mcp_proxy::tokens::Tokens;
use crate::app::options::Output;
use crate::app::{App, check_descriptors};
use crate::args::token_args::TokenArgs;
use crate::completion;
use crate::io::{external_program, signals, terminal};
use crate::services::serve::{self, Endpoint, TokenSource, Upstream};

/// Serve fresh tokens at a local address
///
/// For programs that can only store an address. cogtok listens only on 127.0.0.1 and prints an address that contains a random
/// key. ADDRESS/token answers GET and POST like a token endpoint (RFC 6749 section 5.1). With --target, ADDRESS/proxy/… forwards
/// requests to that server with the token, and follows no redirect. cogtok refuses other host names and other users. It stops with
/// COMMAND, which gets the address in COGTOK_SERVE_URL, or with the process that started it. cogtok never asks for anything: sign
/// in, or store the secret, before.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok serve -p ws --as m2m -- sh -c 'curl -s $COGTOK_SERVE_URL/token'\n  \
    cogtok serve -p ws --as m2m --target https://api.example.com -- \\\n    \
    sh -c 'curl -s $COGTOK_SERVE_URL/proxy/things'\n  \
    cogtok serve -p ws --target api --json")]
pub struct Serve {
    /// The server that ADDRESS/proxy/ forwards to: its URL, or a target of the profile
    #[arg(long, value_name = "URL|NAME", add = ArgValueCandidates::new(completion::targets::http))]
    target: Option<String>,
    /// The port to listen on [default: any free port]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    #[command(flatten)]
    source: TokenArgs,
    /// The command to run with the address in COGTOK_SERVE_URL
    #[arg(last = true, value_name = "COMMAND", add = ArgValueCompleter::new(completion::commands))]
    command: Vec<OsString>,
}

pub fn run(app: &App, args: &Serve) -> Result<()> {
    let form = app.output(&[Output::Text, Output::Json])?;
    let mut source = args.source.clone();
    let upstream = match &args.target {
        None => None,
        Some(target) => {
            let place = CallTarget::find(app, target)?;
            source.or_of(place.owner);
            let url = match place.at {
                TargetLocation::Url(url) => url,
                TargetLocation::Arn(arn) => app.profile(&[])?.agentcore_url(&arn)?,
            };
            Some(Upstream { wire: app.new_wire()?, url, silence: SILENCE })
        }
    };
    // Options are checked before the address is printed.
    source.whose(app)?;
    check_descriptors()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port.unwrap_or(0)));
    let listener = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok((listener, port))
    });
    let (listener, port) = listener.map_err(|why| Error::store(format!("cogtok can't listen at {address}: {why}")))?;
    let key = key()?;
    let url = format!("http://127.0.0.1:{port}/{}", key.expose());
    let (asks, questions) = mpsc::channel();
    let endpoint = Endpoint { port, key, upstream, tokens: TokenSource(asks) };
    let server = std::thread::Builder::new().name("serve".to_owned()).spawn(move || serve::run(listener, endpoint));
    server.map_err(|why| Error::new(Kind::Failure, format!("no thread for the server: {why}")))?;
    match args.command.split_first() {
        Some((program, arguments)) => start(program, arguments, &url)?,
        None => {
            end_with_parent();
            signals::watch();
            terminal::data(&match form {
                Output::Json => terminal::json_line(&json!({
                    "url": url,
                    "token_url": format!("{url}/token"),
                    "proxy_url": args.target.as_ref().map(|_| format!("{url}/proxy/")),
                })),
                _ => format!("{url}\n"),
            })?;
        }
    }
    let mut tokens = Tokens::new(app, source, None);
    // The loop ends with the server, which ends with the process.
    for ask in questions {
        let _ = ask.answer.send(tokens.get_token(ask.refused.as_ref()));
    }
    Err(Error::new(Kind::Failure, "the server ended"))
}

/// 128 random bits: who knows them may have the token.
fn key() -> Result<Secret> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|why| Error::new(Kind::Failure, format!("no random numbers: {why}")))?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

/// Runs a command with the address. This process ends as it does.
fn start(program: &OsString, arguments: &[OsString], url: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).env("COGTOK_SERVE_URL", url);
    external_program::withhold_secrets(&mut command);
    child_command::start(command, || {}).map_err(|why| child_command::not_run(program, &why))
}

/// Ends this process when its parent ends: then nobody knows the address.
#[cfg(unix)]
fn end_with_parent() {
    let parent = rustix::process::getppid();
    let _ = std::thread::Builder::new().name("parent".to_owned()).spawn(move || {
        while rustix::process::getppid() == parent {
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        signals::end_as(0)
    });
}

#[cfg(not(unix))]
fn end_with_parent() {}
