//! Reads a line where the terminal collects lines of any length.

use std::io::{self, BufRead, Read};

use zeroize::Zeroizing;

/// How far is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To the end of the line, which is not among it.
    Line,
    /// To the end of what is typed.
    End,
}

/// The input after `ask` has printed the question: at most one byte more than `limit`.
///
/// # Errors
/// The operating system's error; `UnexpectedEof` where the input ends before the line begins.
pub fn read(limit: usize, until: Until, _is_shown: bool, ask: impl FnOnce()) -> io::Result<Zeroizing<Vec<u8>>> {
    ask();
    let mut typed = Zeroizing::new(Vec::new());
    let mut input = io::stdin().lock().take(limit as u64 + 1);
    match until {
        Until::Line => input.read_until(b'\n', &mut typed).map(drop)?,
        Until::End => input.read_to_end(&mut typed).map(drop)?,
    }
    if until == Until::Line {
        if typed.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        typed.pop_if(|byte| *byte == b'\n');
        typed.pop_if(|byte| *byte == b'\r');
    }
    Ok(typed)
}
