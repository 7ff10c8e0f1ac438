//! `cogtok call gateway`: the tools of an MCP server, and calls of them.

mod render;
mod request;

use crate::services::mcp::McpError;
use crate::services::mcp::client::Client;
use crate::services::mcp::http_error;
use crate::services::mcp::tool::{Outcome, Tool};
use crate::services::mcp::transport::McpEndpoint;
use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;
use cogtok::secret::Secret;

use super::authorized_request::SILENCE;
use super::mcp_target::Server;
use super::retry_on_401::Renewal;
use crate::app::App;
use crate::app::options::Output;
use crate::args::token_args::TokenArgs;
use crate::completion;
use request::{Action, Request};

/// List the tools of an MCP server, or call one
///
/// For a gateway of Bedrock AgentCore, and for any MCP server over streamable HTTP that accepts a bearer token. TARGET
/// is its URL, its ARN, or the name of a target of the profile.
///
/// `tools` lists the name, purpose and required arguments of each tool; `--json` prints all of it. `call TOOL` prints
/// the text that the tool returns, or with `--json` its whole result. An argument has the type that the tool's schema
/// gives it; write lists and objects as JSON. The exit code is 1 for a tool that failed and for an error of the server,
/// and 4 for a refused token, with the claim that is named or likely.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok call gateway https://gateway.example.com/mcp tools -p ws --as m2m\n  \
    cogtok call gateway gw tools --json | jq -r '.[].name'\n  \
    cogtok call gateway gw call weather___forecast --arg city=Ulm --arg days=3\n  \
    cogtok call gateway gw call weather___forecast --args-json @city.json --json")]
pub struct Gateway {
    /// The server: its URL, its ARN, or the name of a target
    #[arg(value_name = "TARGET", add = ArgValueCandidates::new(completion::targets::gateways))]
    target: String,
    /// What to do: tools or call
    #[arg(value_enum, value_name = "ACTION", hide_possible_values = true)]
    action: Action,
    /// The tool to call
    #[arg(value_name = "TOOL")]
    tool: Option<String>,
    /// An argument of the tool; repeat it for several
    #[arg(long, value_name = "NAME=VALUE")]
    arg: Vec<String>,
    /// All arguments as a JSON object, as @FILE, or - for standard input
    #[arg(long, value_name = "JSON")]
    args_json: Option<String>,
    #[command(flatten)]
    source: TokenArgs,
}

/// The arguments of a tool.
enum ToolArguments {
    Tools(Vec<Tool>),
    Outcome(Outcome),
}

pub fn run(app: &App, args: &Gateway) -> Result<()> {
    let form = app.output(match args.action {
        Action::Tools => &[Output::Table, Output::Json],
        Action::Call => &[Output::Text, Output::Json],
    })?;
    let request = Request::of(app, args.action, args.tool.as_deref(), &args.arg, args.args_json.as_deref())?;
    let server = Server::find(app, &args.target)?;
    let mut source = args.source.clone();
    source.or_of(server.place.owner);
    let mut got = source.get(app)?;
    let place = McpEndpoint { wire: app.wire()?, url: server.url.clone(), silence: SILENCE };
    let mut given = converse(app, &place, &got.token()?.value, &request)?;
    let is_refused = |given: &_| matches!(given, Err(McpError::Refused(refusal)) if refusal.status == 401);
    let renewal = if is_refused(&given) { Renewal::of(app, &got, &server.url) } else { None };
    if let Some(renewal) = renewal {
        app.extend_default_timeout();
        got = source.renewed().get(app)?;
        given = converse(app, &place, &got.token()?.value, &request)?;
        renewal.ended(is_refused(&given));
    }
    match given {
        Ok(ToolArguments::Tools(tools)) => render::tools(&tools, form),
        Ok(ToolArguments::Outcome(outcome)) => {
            render::outcome(&request, &outcome, form, |text| place.without_secrets(text))
        }
        Err(McpError::Failed(error)) => Err(server.place.moved(error)),
        Err(McpError::Refused(refusal)) => {
            let token = &got.token()?.value;
            let asked = server.asked(app, got.options());
            let error = http_error::error("the request", &refusal, token, &asked, crate::env::now());
            Err(match app.clock_is_off() {
                Some(words) if matches!(refusal.status, 401 | 403) => error.hint(format!("{words}: set it")),
                _ => error,
            })
        }
    }
}

/// The whole conversation, from the handshake to the end of the session.
fn converse(
    app: &App,
    place: &McpEndpoint,
    token: &Secret,
    request: &Request,
) -> Result<Result<ToolArguments, McpError>> {
    app.block_on_streaming(async {
        let mut client = match Client::connect(place, token).await {
            Ok(client) => client,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let given = ask(&mut client, request).await;
        client.close().await;
        Ok(given)
    })
}

async fn ask(client: &mut Client<'_>, request: &Request) -> Result<ToolArguments, McpError> {
    let Request::Call { tool: name, given, .. } = request else {
        return Ok(ToolArguments::Tools(client.tools().await?));
    };
    // Complete arguments do not need the schema.
    if let Some(arguments) = request.complete_arguments() {
        return Ok(ToolArguments::Outcome(client.call(name, arguments, None).await?));
    }
    let tools = client.tools().await?;
    let tool = tools.iter().find(|tool| tool.name == *name).ok_or_else(|| request::no_such_tool(name, &tools))?;
    let arguments = crate::services::mcp::arguments::complete(tool, request.object(), given)?;
    Ok(ToolArguments::Outcome(client.call(name, arguments, Some(tool.schema())).await?))
}
