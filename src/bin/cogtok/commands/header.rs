//! `cogtok header`: the token as an HTTP header, for programs that take one from a command.

use std::time::Duration;

use clap::{Args, ValueEnum};
use cogtok::error::{Error, Result};
use cogtok::secret::Secret;
use serde_json::json;

use crate::app::App;
use crate::app::options::{Output, duration};
use crate::args::token_args::TokenArgs;
use crate::io::{clipboard, terminal};

/// Print the Authorization header with the token
///
/// For programs that run a helper for their headers, an MCP client for one, and for curl. Nothing is ever asked, not even at
/// a terminal: what a person would have to type must be stored, or in the cache.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok header --as m2m -p ws --format json\n  \
    cogtok header --as m2m -p ws --format curl-config |\n    \
    curl -K - https://api.example.com/\n  \
    cogtok header --as user -p ws | curl -H @- https://api.example.com/")]
pub struct Header {
    #[command(flatten)]
    source: TokenArgs,
    /// The form to print [default: line]
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Format>,
    /// Put it into the clipboard instead of printing it; cogtok waits and clears it after this time [default: 45s]
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "45s", value_parser = duration)]
    copy: Option<Duration>,
}

/// The forms of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// `Authorization: Bearer …`
    Line,
    /// `header = "Authorization: Bearer …"`, for `curl -K`
    CurlConfig,
    /// `{"Authorization":"Bearer …"}`
    Json,
}

pub fn run(app: &App, args: &Header) -> Result<()> {
    let is_json = app.output(&[Output::Text, Output::Json])? == Output::Json;
    let format = match (args.format, is_json) {
        (None | Some(Format::Json), true) => Format::Json,
        (Some(_), true) => return Err(Error::usage("`--format` and `--json` cannot be used together")),
        (format, false) => format.unwrap_or(Format::Line),
    };
    let got = args.source.get(app)?;
    let bearer = format!("Bearer {}", got.token()?.value.expose());
    let text = match format {
        Format::Line => format!("Authorization: {bearer}\n"),
        // A token contains no character that needs a backslash in curl's quotes.
        Format::CurlConfig => format!("header = \"Authorization: {bearer}\"\n"),
        Format::Json => terminal::json(&json!({"Authorization": bearer})),
    };
    match args.copy {
        Some(time) => clipboard::lend(&Secret::new(text.trim_end().to_owned()), time, "the Authorization header"),
        None => terminal::data(&text).map(drop),
    }
}
