//! Reads standard input: a secret, a file or lines from a pipe, or what is typed in their place.

use std::io::{self, BufRead, IsTerminal, Read};

use cogtok::error::{Error, Result};
use cogtok::secret::{MAX_BYTES, Secret};
use tokio::sync::mpsc;

use crate::io::person::{asking, can_ask};
use crate::io::prompt::put;
use crate::io::signals;
use crate::io::terminal::typed;
use crate::io::terminal::typed::Until;

/// A line of standard input.
#[derive(Debug)]
pub enum Line {
    /// Its bytes, without the line end.
    Whole(Vec<u8>),
    /// Longer than the limit.
    TooLong,
    /// There are no more, since standard input can't be read.
    Unreadable(Error),
}

/// Exactly one secret from standard input.
pub fn stdin_secret() -> Result<Secret> {
    let bytes = stdin_bytes()?;
    let is_empty = bytes.iter().all(|byte| matches!(byte, b'\n' | b'\r'));
    Secret::from_bytes(bytes).map_err(|error| {
        if is_empty {
            error.hint("nothing came: check that the variable, the file or the command in the pipe gives something")
        } else {
            error
        }
    })
}

/// Everything on standard input, at most one byte more than a secret may have.
///
/// # Errors
/// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be read.
fn stdin_bytes() -> Result<Vec<u8>> {
    stdin_hidden_up_to(MAX_BYTES, || {
        if can_ask() {
            put("Paste it, then Enter and Ctrl-D; it is not shown.\n");
        }
    })
}

/// As [`stdin_up_to`], for what a terminal must not show. `ask` says so there, once nothing is shown any more.
///
/// # Errors
/// As [`stdin_up_to`].
pub fn stdin_hidden_up_to(limit: usize, ask: impl FnOnce()) -> Result<Vec<u8>> {
    stdin(limit, false, ask)
}

/// Everything on standard input, at most one byte more than `limit`.
///
/// # Errors
/// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be read.
pub fn stdin_up_to(limit: usize) -> Result<Vec<u8>> {
    stdin(limit, true, || ())
}

fn stdin(limit: usize, is_shown: bool, ask: impl FnOnce()) -> Result<Vec<u8>> {
    signals::watch_all();
    if io::stdin().is_terminal() {
        let _clock = asking();
        let mut typed = typed::read(limit, Until::End, is_shown, ask).map_err(unreadable)?;
        return Ok(std::mem::take(&mut *typed));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(limit as u64 + 1).read_to_end(&mut bytes);
    read.map_err(unreadable)?;
    Ok(bytes)
}

/// The error for standard input that can't be read.
pub fn unreadable(error: io::Error) -> Error {
    Error::store(format!("standard input can't be read: {error}"))
}

/// The lines of standard input as they come, read on a separate thread; ends after the last. Lines of more than `limit` bytes are skipped.
pub fn stdin_lines(limit: usize) -> mpsc::Receiver<Line> {
    let (sender, receiver) = mpsc::channel(1);
    let _ = std::thread::Builder::new().name("input".to_owned()).spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let line = match read_line(&mut stdin, limit) {
                Ok(Some(line)) => line,
                Ok(None) => break,
                Err(error) => {
                    let _ = sender.blocking_send(Line::Unreadable(unreadable(error)));
                    break;
                }
            };
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn read_line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let count = input.by_ref().take(limit as u64 + 1).read_until(b'\n', &mut line)?;
    if line.pop_if(|byte| *byte == b'\n').is_some() || count <= limit {
        // The last line may lack a line end.
        return Ok((count > 0).then_some(Line::Whole(line)));
    }
    drop(line);
    input.skip_until(b'\n')?;
    Ok(Some(Line::TooLong))
}
