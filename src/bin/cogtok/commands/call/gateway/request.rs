//! The request to the server, from the command line.

use crate::services::mcp::tool::Tool;
use clap::ValueEnum;
use cogtok::error::{Error, Result, printable};
use cogtok::settings::keys::nearest;
use serde_json::{Map, Value};

use crate::app::App;
use crate::args::token_input;
use crate::args::token_input::without_mark;
use crate::io::terminal;

/// The most bytes of arguments on standard input.
const MOST_BYTES: usize = 1024 * 1024;

/// The action on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Action {
    /// List its tools
    Tools,
    /// Call a tool
    Call,
}

/// The request to the server.
pub enum Request {
    /// Its tools.
    Tools,
    /// A call.
    Call {
        /// The tool.
        tool: String,
        /// The arguments, if they were given as JSON.
        whole: Option<Map<String, Value>>,
        /// and these, one by one.
        given: Vec<(String, String)>,
    },
}

impl Request {
    /// The request of these options.
    pub fn of(app: &App, action: Action, tool: Option<&str>, arg: &[String], args_json: Option<&str>) -> Result<Self> {
        let has_arguments = !arg.is_empty() || args_json.is_some();
        match (action, tool) {
            (Action::Tools, None) if !has_arguments => Ok(Request::Tools),
            (Action::Tools, _) => Err(malformed("`tools` lists all tools: it takes no tool and no arguments")),
            (Action::Call, None) => Err(malformed("`call` needs the name of a tool")),
            (Action::Call, Some(tool)) => {
                let given = arg.iter().map(|pair| {
                    let pair = pair.split_once('=').filter(|(name, _)| !name.is_empty());
                    pair.map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .ok_or_else(|| malformed("`--arg` is NAME=VALUE"))
                });
                let given = given.collect::<Result<_>>()?;
                let whole = args_json.map(|text| object(app, text)).transpose()?;
                Ok(Request::Call { tool: tool.to_owned(), whole, given })
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
fn object(app: &App, text: &str) -> Result<Map<String, Value>> {
    let bytes = match text.strip_prefix('@') {
        _ if text == "-" => without_mark(stdin(MOST_BYTES)?),
        Some(path) => token_input::file(app, path.as_ref())?,
        None => text.as_bytes().to_vec(),
    };
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(malformed("`--args-json` is not a JSON object")),
        Err(why) => Err(malformed(&format!("`--args-json` is not JSON: {}", printable(&why.to_string(), 120)))),
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

/// The error for an argument that is malformed.
fn malformed(what: &str) -> Error {
    Error::usage(what.to_owned()).hint("see `cogtok call gateway --help`")
}

/// Everything on standard input, of at most `limit` bytes.
fn stdin(limit: usize) -> Result<Vec<u8>> {
    let bytes = terminal::stdin_up_to(limit)?;
    if bytes.len() > limit {
        Err(Error::usage(format!("standard input is larger than {} MiB", limit / (1024 * 1024))))
    } else {
        Ok(bytes)
    }
}
