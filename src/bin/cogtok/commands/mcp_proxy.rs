//! `cogtok mcp-proxy`: an MCP server on standard input and output that is one over HTTP with the token.

mod browser_sign_in;
pub mod tokens;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use crate::services::mcp::proxy;
use crate::services::mcp::proxy::Forward;
use crate::services::mcp::transport::McpEndpoint;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Error, Kind, Result};

use crate::app::options::{Output, duration};
use crate::app::{App, check_descriptors};
use crate::args::token_args::TokenArgs;
use crate::commands::call::authorized_request::SILENCE;
use crate::commands::call::mcp_target::Server;
use crate::completion;
use crate::io::terminal::{WriteOutcome, stdin_lines};
use crate::io::{signals, terminal};
use browser_sign_in::BrowserSignIn;
use tokens::Tokens;

/// The most bytes that a message may have.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Bridge a remote MCP server to stdio, adding a fresh token
///
/// For MCP clients that can only start a command. The client sends lines of JSON-RPC. cogtok sends each message to
/// TARGET with the current token: it renews the token before it expires, and once when the server answers 401. Requests
/// run in parallel. Errors are answered with a JSON-RPC error; standard error is for people. cogtok never asks for
/// anything: what you would have to type must be stored or cached. If nobody is signed in, it opens the browser, and the client's
/// request waits: where a browser can open, and the profile has a domain and `user.redirect_uris`. When the client closes its
/// input, cogtok ends the session. `--timeout` is for each request.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok mcp-proxy https://gateway.example.com/mcp -p ws --as m2m\n  \
    cogtok mcp-proxy tools -p ws\n  \
    cogtok mcp-proxy tools -p ws --as user --login\n  \
    cogtok mcp-proxy tools -p ws --as user --no-login\n  \
    claude mcp add tools -- cogtok mcp-proxy tools -p ws")]
pub struct McpProxy {
    /// The server: its URL, its ARN, or the name of a target
    #[arg(value_name = "TARGET", add = ArgValueCandidates::new(completion::targets::gateways))]
    target: String,
    /// Open the browser to sign in also where the profile names no redirect URI
    #[arg(long, conflicts_with = "no_login")]
    login: bool,
    /// Never open the browser: the client gets an error with the command that signs in
    #[arg(long)]
    no_login: bool,
    /// How long you may take to sign in [default: 120s]
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "no_login")]
    wait: Option<Duration>,
    #[command(flatten)]
    source: TokenArgs,
}

pub fn run(app: &App, args: &McpProxy) -> Result<()> {
    app.output(&[Output::Text])?;
    let server = Server::find(app, &args.target)?;
    let mut source = args.source.clone();
    source.or_of(server.place.owner);
    let asked = server.asked(app, source.options(app)?);
    signals::watch();
    if std::io::stdin().is_terminal() {
        terminal::note("waiting for an MCP client's messages on standard input; Ctrl-D ends it");
    }
    let place = McpEndpoint { wire: app.new_wire()?, url: server.url, silence: SILENCE };
    let (limit, target) = (app.given_timeout(), server.place);
    let (asks, questions) = mpsc::channel();
    let (tell, person) = tokio::sync::watch::channel(None);
    let is_over = Arc::new(AtomicBool::new(false));
    let ended = is_over.clone();
    // Getting a token blocks, so messages are forwarded on a separate thread.
    let forwarder = std::thread::Builder::new().name("forward".to_owned()).spawn(move || {
        let out = Box::new(|line: &str| terminal::data(line).map(|delivered| delivered != WriteOutcome::NobodyReads));
        let explain = Box::new(move |error| target.moved(error));
        let lines = stdin_lines(MOST_BYTES);
        let forward = Forward { place, tokens: asks, lines, out, limit, asked, person, explain };
        check_descriptors()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|why| failed(&why))?;
        let outcome = runtime.block_on(proxy::run(forward));
        ended.store(true, Ordering::SeqCst);
        // A name look-up on its own thread may never end; the runtime does not wait for it.
        runtime.shutdown_background();
        outcome
    });
    let forwarder = forwarder.map_err(|why| failed(&why))?;
    let signs_in = args.login || (!args.no_login && can_come_back(app));
    let sign_in = signs_in.then(|| BrowserSignIn::new(app, args.wait, tell, is_over));
    let mut tokens = Tokens::new(app, source, sign_in);
    // The loop ends when the forwarder ends.
    for ask in questions {
        let _ = ask.answer.send(tokens.get(ask.refused.as_ref()));
    }
    forwarder.join().unwrap_or_else(|_| Err(Error::new(Kind::Failure, "the proxy ended")))
}

/// Whether the profile says itself all that a sign-in with the browser needs: nobody sees its page unasked where it would fail.
fn can_come_back(app: &App) -> bool {
    app.profile(&[]).is_ok_and(|profile| {
        profile.domain().is_ok() && profile.user_client_id().is_ok() && !profile.user.redirect_uris.is_empty()
    })
}

fn failed(why: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Failure, format!("messages can't be forwarded: {why}"))
}
