//! The body and headers of a call.

use clap::Args;
use cogtok::error::{Error, Result, printable};
use cogtok::store::within;
use cogtok::text::decode;
use serde::de::IgnoredAny;

use super::target::refuse_line_ends;
use crate::app::App;
use crate::io::{signals, terminal};
use crate::services::connection_headers::OF_THE_CONNECTION;

/// The most bytes of a body: what AgentCore takes, and more than API Gateway does.
const MOST_BYTES: usize = 100 * 1024 * 1024;

/// The most bytes of a file of headers.
const MOST_HEADER_BYTES: usize = 64 * 1024;

/// Options for what a call carries.
#[derive(Debug, Args)]
pub struct RequestBody {
    /// The body: the text itself, @FILE, or - for standard input
    #[arg(short, long, value_name = "DATA")]
    data: Option<String>,
    /// A header, `Name: value`, or @FILE with one on each line; repeat it for several
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    header: Vec<String>,
}

impl RequestBody {
    /// Whether there is a body.
    pub fn has_data(&self) -> bool {
        self.data.is_some()
    }

    /// The body.
    pub fn data(&self, app: &App) -> Result<Option<Vec<u8>>> {
        let bytes = match self.data.as_deref() {
            None => return Ok(None),
            Some("-" | "@-") => terminal::stdin_up_to(MOST_BYTES)?,
            Some(data) => match data.strip_prefix('@') {
                Some(path) => file(app, path, MOST_BYTES)?,
                None => data.as_bytes().to_vec(),
            },
        };
        if bytes.len() > MOST_BYTES {
            Err(Error::usage(format!("the data is larger than {} MiB", MOST_BYTES / (1024 * 1024))))
        } else {
            Ok(Some(bytes))
        }
    }

    /// The headers. Errors do not repeat them: they may contain a key.
    pub fn headers(&self, app: &App) -> Result<Vec<(String, String)>> {
        let mut headers = Vec::new();
        for header in &self.header {
            let lines = match header.strip_prefix('@') {
                Some(path) => decode(&file(app, path, MOST_HEADER_BYTES)?)
                    .map(|text| text.as_str().to_owned())
                    .ok_or_else(|| Error::usage(format!("{} is not UTF-8", printable(path, 120))))?,
                None => {
                    refuse_line_ends(header, "a header")?;
                    header.clone()
                }
            };
            for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                refuse_line_ends(line, "a header")?;
                headers.push(parse(line)?);
            }
        }
        Ok(headers)
    }
}

fn parse(line: &str) -> Result<(String, String)> {
    let (name, value) = line
        .split_once(':')
        .ok_or_else(|| Error::usage("a header is `Name: value`, and one has no colon (not shown: it may be a key)"))?;
    let lower = name.trim().to_ascii_lowercase();
    if lower == "authorization" {
        return Err(Error::usage("cogtok sets `Authorization` to the token")
            .hint("`--as`, `--token` and `--scope` choose which token is sent"));
    }
    if OF_THE_CONNECTION.contains(&lower.as_str()) {
        Err(Error::usage(format!("`{}` belongs to the connection: cogtok sets it", printable(name.trim(), 40))))
    } else {
        Ok((name.to_owned(), value.trim().to_owned()))
    }
}

/// Adds a header unless there is one of that name.
pub fn default_header(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    if !has(headers, name) {
        headers.push((name.to_owned(), value.to_owned()));
    }
}

/// Whether there is a header of that name.
pub fn has(headers: &[(String, String)], name: &str) -> bool {
    headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// Whether `bytes` are exactly one JSON value.
pub fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

fn file(app: &App, path: &str, limit: usize) -> Result<Vec<u8>> {
    // Standard input may be a pipe that stays open.
    signals::watch();
    let shown = printable(path, 120);
    let bytes = within::read_file(path.as_ref(), limit as u64, app.deadline())
        .map_err(|error| Error::usage(format!("{shown} can't be read: {error}")))?;
    bytes.ok_or_else(|| Error::usage(format!("{shown} is larger than {} KiB", limit / 1024)))
}
