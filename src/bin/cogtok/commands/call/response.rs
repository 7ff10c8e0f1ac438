//! Handles an answer: the body goes to its destination part by part, everything else to standard error, and the HTTP status becomes the
//! exit code.

use std::path::{Path, PathBuf};

use crate::services::output_file;
use crate::services::output_file::Replacement;
use clap::{Args, ValueHint};
use cogtok::error::{Error, Kind, Result};
use cogtok::http::streaming::Streamed;
use cogtok::token::error_response::{ErrorResponse, RequestContext};

use crate::app::App;
use crate::args::token_args::ObtainedToken;
use crate::env;
use crate::io::terminal;
use crate::io::terminal::{Live, WriteOutcome};

/// How much of an error's body is read for its message.
const BEGINNING: usize = 16 * 1024;

/// Options for what becomes of an answer.
#[derive(Debug, Args)]
pub struct BodyHandling {
    /// Print the answer's status and headers before its body
    #[arg(short, long)]
    include: bool,
    /// Write the body to this file, which only you can read, instead of standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output_file: Option<PathBuf>,
}

/// The destination of a body.
pub enum BodySink {
    Live(Live),
    File(PathBuf, Replacement),
}

impl BodyHandling {
    /// Refuses a file that can't be written, before a token is got.
    pub fn check(&self) -> Result<()> {
        let Some(path) = &self.output_file else { return Ok(()) };
        output_file::check(&absolute(path)).map_err(|why| unwritable(path, &why))
    }

    /// The destination of this answer's body: for an error, an output file is left unchanged.
    pub fn sink(&self, answer: &Streamed) -> Result<BodySink> {
        let mut live = Live::new();
        if self.include {
            live.put(&head(answer))?;
        }
        match &self.output_file {
            Some(path) if !is_failure(answer) => {
                live.end()?;
                let replacement = Replacement::begin(&absolute(path)).map_err(|why| unwritable(path, &why))?;
                Ok(BodySink::File(path.clone(), replacement))
            }
            _ => Ok(BodySink::Live(live)),
        }
    }
}

impl BodySink {
    /// Whether it is standard output, which a person or program reads as it comes.
    pub fn is_live(&self) -> bool {
        matches!(self, BodySink::Live(_))
    }

    pub fn put(&mut self, part: &[u8]) -> Result<WriteOutcome> {
        match self {
            BodySink::Live(live) => live.put(part),
            BodySink::File(path, file) => {
                file.write(part).map(|()| WriteOutcome::Yes).map_err(|why| unwritable(path, &why))
            }
        }
    }

    /// Ends the body: a file takes its place where the body `is_whole`.
    pub fn end(self, is_whole: bool) -> Result<()> {
        match self {
            BodySink::Live(live) => live.end(),
            BodySink::File(path, file) if is_whole => file.finish().map_err(|why| unwritable(&path, &why)),
            BodySink::File(..) => Ok(()),
        }
    }
}

/// What is known about a body after it was passed on.
pub struct StatusOutcome {
    beginning: Vec<u8>,
    count: usize,
    is_whole: bool,
}

impl StatusOutcome {
    /// A body that was there as a whole, and is no failure's.
    pub fn whole(body: &[u8]) -> Self {
        StatusOutcome { beginning: Vec::new(), count: body.len(), is_whole: true }
    }

    /// Whether it came to its end: it was neither cut nor left by its reader.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }
}

/// Whether the answer is an error.
pub fn is_failure(answer: &Streamed) -> bool {
    answer.status() >= 400
}

/// Passes each part of the body to `each` as it comes, until the reader is gone (standard output, if `is_live`).
pub fn pass(
    app: &App,
    answer: &mut Streamed,
    is_live: bool,
    mut each: impl FnMut(&[u8]) -> Result<WriteOutcome>,
) -> Result<StatusOutcome> {
    let (is_failure, mut beginning, mut count, mut is_whole) = (is_failure(answer), Vec::new(), 0, false);
    let passed = app.block_on_streaming(async {
        let gone = terminal::nobody_reads();
        tokio::pin!(gone);
        loop {
            let part = tokio::select! {
                part = answer.chunk() => part?,
                () = &mut gone, if is_live => break,
            };
            let Some(part) = part else {
                is_whole = true;
                break;
            };
            count += part.len();
            if is_failure {
                beginning.extend_from_slice(&part[..part.len().min(BEGINNING - beginning.len())]);
            }
            if each(&part)? == WriteOutcome::NobodyReads {
                break;
            }
        }
        Ok(())
    });
    match passed {
        // The error matters, not that its text was cut off.
        Err(error) if is_failure && error.kind() == Kind::Network => log::info!(target: "cogtok", "{error}"),
        passed => passed?,
    }
    Ok(StatusOutcome { beginning, count, is_whole })
}

/// The error of an answer: the server's message, the possible reason and what to do; `None` if the answer is no error.
pub fn failure(
    app: &App,
    asked: &RequestContext,
    got: &ObtainedToken,
    answer: &Streamed,
    passed: &StatusOutcome,
) -> Result<Option<Error>> {
    log::info!(target: "cogtok", "the body has {} bytes", passed.count);
    if !is_failure(answer) {
        return Ok(None);
    }
    // Redacted while it is complete: a part of a token would not be recognised.
    let body = answer.without_secrets(&String::from_utf8_lossy(&passed.beginning));
    let challenge = answer.header("www-authenticate").map(|text| answer.without_secrets(text));
    let media_type = answer.media_type();
    let failed = ErrorResponse {
        status: answer.status(),
        challenge: challenge.as_deref(),
        error_type: answer.header("x-amzn-errortype"),
        media_type: &media_type,
        body: body.as_bytes(),
    };
    let kind = failed.kind();
    let status = answer.status_line();
    // Many servers repeat the name of the status.
    let words = failed.words().filter(|words| !status.to_ascii_lowercase().ends_with(&words.to_ascii_lowercase()));
    let words = words.map(|words| format!(": {words}")).unwrap_or_default();
    let error = Error::new(kind, format!("{} answers {status}{words}", answer.host()));
    let hints = failed.explain(asked, got.token()?.value.expose(), env::now());
    let error = hints.into_iter().fold(error, Error::hint);
    Ok(Some(match app.clock_is_off() {
        Some(words) if kind == Kind::Refused => error.hint(format!("{words}: set it")),
        _ => error,
    }))
}

/// The status and the headers, in the form of HTTP/1.1.
fn head(answer: &Streamed) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\n", answer.status_line()).into_bytes();
    for (name, value) in answer.headers() {
        head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    head.extend(b"\r\n");
    head
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn unwritable(path: &Path, why: &std::io::Error) -> Error {
    Error::store(format!("{} can't be written: {why}", path.display()))
}
