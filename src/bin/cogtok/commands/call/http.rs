//! `cogtok call http`: any API that takes a bearer token.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::{Advice, Error, Result};
use cogtok::http::streaming::Outgoing;
use cogtok::token::error_response::Api;

use super::authorized_request;
use super::request::{self, RequestBody};
use super::response::{self, BodyHandling};
use super::target::{CallTarget, TargetLocation};
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_args::TokenArgs;
use crate::completion;

/// Send a request with the token and print the answer
///
/// cogtok sends the token only to the host that you type or that the profile names, over https or to this machine, and
/// never along a redirect. It prints the body of the answer as it comes; the HTTP status decides the exit code. It
/// renews a cached token once if the answer is 401.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok call http https://api.example.com/things -p ws\n  \
    cogtok call http http://localhost:8090/chat \\\n    \
    -d '{\"message\":{\"role\":\"user\",\"text\":\"hello\"}}'\n  \
    cogtok call http api/things --as m2m -X PUT -d @thing.json -H 'X-Demo: 1'")]
pub struct Http {
    /// The address, or a target of the profile with what follows its address
    #[arg(value_name = "URL|NAME", add = ArgValueCandidates::new(completion::targets::http))]
    target: String,
    /// The method [default: GET, with --data POST]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<String>,
    #[command(flatten)]
    carried: RequestBody,
    #[command(flatten)]
    taking: BodyHandling,
    #[command(flatten)]
    source: TokenArgs,
}

pub fn run(app: &App, args: &Http) -> Result<()> {
    app.output(&[Output::Text])?;
    let place = CallTarget::find(app, &args.target)?;
    let url = match &place.at {
        TargetLocation::Url(url) => url.clone(),
        TargetLocation::Arn(arn) => {
            let (what, hint) = if arn.is_gateway() {
                ("gateway", "run `cogtok call gateway {target} tools{p}`")
            } else {
                ("runtime", "run `cogtok call runtime {target}{p}`")
            };
            return Err(Error::usage(format!("a {what} of Bedrock AgentCore has a call of its own"))
                .hint(Advice::new(hint).word("target", &args.target)));
        }
    };
    let mut headers = args.carried.headers(app)?;
    let method = match &args.method {
        Some(method) => method.to_ascii_uppercase(),
        None if args.carried.has_data() => "POST".to_owned(),
        None => "GET".to_owned(),
    };
    if method == "CONNECT" {
        return Err(Error::usage("CONNECT opens a tunnel, which cogtok does not do"));
    }
    args.taking.check()?;
    let body = args.carried.data(app)?.unwrap_or_default();
    if request::is_json(&body) {
        request::default_header(&mut headers, "content-type", "application/json");
    }
    let outgoing = Outgoing { method, url, headers, body: body.into() };
    outgoing.check()?;
    // Reading standard input may have taken long.
    app.extend_default_timeout();
    let mut source = args.source.clone();
    source.or_of(place.owner);
    let (got, mut answer) = authorized_request::send(app, &source, &outgoing).map_err(|error| place.moved(error))?;
    let mut sink = args.taking.sink(&answer)?;
    let passed = response::pass(app, &mut answer, sink.is_live(), |part| sink.put(part));
    sink.end(passed.is_ok())?;
    let asked = place.asked(app, Api::Http, got.options());
    response::failure(app, &asked, &got, &answer, &passed?)?.map_or(Ok(()), Err)
}
