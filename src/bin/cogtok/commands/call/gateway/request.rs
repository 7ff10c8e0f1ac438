//! What is asked of the server, as the command line says it.

use crate::services::mcp::tool::Tool;
use cogtok::error::{Error, Result, printable};
use cogtok::settings::keys::nearest;
use serde_json::{Map, Value};

use super::{Action, Gateway, malformed, stdin};
use crate::args::token_input;

/// The most bytes of arguments on standard input.
const MOST_BYTES: usize = 1024 * 1024;

/// What is asked of the server.
pub enum Request {
    /// Its tools.
    Tools,
    /// A call.
    Call {
        /// Of this tool.
        tool: String,
        /// With these arguments, where they are given as JSON,
        whole: Option<Map<String, Value>>,
        /// and these, one by one.
        given: Vec<(String, String)>,
    },
}

impl Request {
    /// The request of these options.
    pub fn of(args: &Gateway) -> Result<Self> {
        let has_arguments = !args.arg.is_empty() || args.args_json.is_some();
        match (args.action, &args.tool) {
            (Action::Tools, None) if !has_arguments => Ok(Request::Tools),
            (Action::Tools, _) => Err(malformed("`tools` takes no tool and no arguments: it lists them all")),
            (Action::Call, None) => Err(malformed("`call` needs the name of a tool")),
            (Action::Call, Some(tool)) => {
                let given = args.arg.iter().map(|pair| {
                    let pair = pair.split_once('=').filter(|(name, _)| !name.is_empty());
                    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .ok_or_else(|| malformed("`--arg` is NAME=VALUE"))
                });
                let given = given.collect::<Result<_>>()?;
                let whole = args.args_json.as_deref().map(object).transpose()?;
                Ok(Request::Call { tool: tool.clone(), whole, given })
            }
        }
    }

    /// The arguments, where they were given whole.
    pub fn complete_arguments(&self) -> Option<Value> {
        match self {
            Request::Call { whole: Some(whole), given, .. } if given.is_empty() => Some(Value::Object(whole.clone())),
            _ => None,
        }
    }

    /// The arguments that were given as JSON.
    pub fn object(&self) -> Map<String, Value> {
        match self {
            Request::Call { whole: Some(whole), .. } => whole.clone(),
            _ => Map::new(),
        }
    }

    /// The tool's name, as it may be shown.
    pub fn tool(&self) -> String {
        match self {
            Request::Call { tool, .. } => printable(tool, 120),
            Request::Tools => String::new(),
        }
    }
}

/// The JSON object that `--args-json` gives.
fn object(text: &str) -> Result<Map<String, Value>> {
    let bytes = match text.strip_prefix('@') {
        _ if text == "-" => stdin(MOST_BYTES)?,
        Some(path) => token_input::file(path.as_ref())?,
        None => text.as_bytes().to_vec(),
    };
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(malformed("`--args-json` is no JSON object")),
        Err(why) => Err(malformed(&format!("`--args-json` is no JSON: {}", printable(&why.to_string(), 120)))),
    }
}

/// The error for a tool that the server does not have.
pub fn no_such_tool(name: &str, tools: &[Tool]) -> Error {
    let error = Error::usage(format!("the server has no tool `{}`", printable(name, 120)));
    let names = || tools.iter().map(|tool| tool.name.as_str());
    match nearest(name, names()) {
        Some(near) => error.hint(format!("did you mean `{}`?", printable(near, 120))),
        None if tools.is_empty() => error.hint("it has no tools at all"),
        None => {
            let shown: Vec<String> = names().take(10).map(|name| printable(name, 80)).collect();
            let more = if tools.len() > shown.len() { ", and more" } else { "" };
            error.hint(format!("its tools are {}{more}", shown.join(", ")))
        }
    }
}
