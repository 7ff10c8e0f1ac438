//! Reads typed or pasted input character by character: a terminal's own line editing cuts lines at 4,095 bytes, on macOS at 1,024, and a
//! token is longer.

use std::fs::File;
use std::io::{self, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::io::terminal::modes::{Asking, times_resumed, unbuffered};

const END: u8 = 0x04;
const KILL: u8 = 0x15;
const ERASE_WORD: u8 = 0x17;
const QUIT: u8 = 0x1c;
const ERASE: [u8; 2] = [0x08, 0x7f];

/// How far is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To the end of the line, which is not among it, or Ctrl-D.
    Line,
    /// To Ctrl-D.
    End,
}

/// The input after `ask` has printed the question: at most one byte more than `limit`. The rest is discarded, so that no shell gets it.
/// Backspace, Ctrl-U and Ctrl-W work as usual, and Ctrl-C and Ctrl-Z are the terminal's.
///
/// # Errors
/// The operating system's error; `UnexpectedEof` where the input ends before the line begins.
pub fn read(limit: usize, until: Until, is_shown: bool, ask: impl FnOnce()) -> io::Result<Zeroizing<Vec<u8>>> {
    let _asking = Asking::begin();
    let _modes = Unbuffered::begin()?;
    // A person may paste as soon as the question is visible.
    ask();
    let mut echo = Echo(File::options().write(true).open("/dev/tty").ok().filter(|_| is_shown));
    let mut typed = Zeroizing::new(Vec::with_capacity(limit.min(64 * 1024) + 1));
    let mut resumed = times_resumed();
    loop {
        let mut byte = [0u8; 1];
        let byte = match rustix::io::read(io::stdin(), &mut byte) {
            Ok(0) => return ended(typed, until),
            Ok(_) => byte[0],
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        if std::mem::replace(&mut resumed, times_resumed()) != resumed {
            echo.write(&typed);
        }
        match byte {
            END => {
                // What ends the input does not end the line.
                if until == Until::Line {
                    echo.write(b"\n");
                }
                return ended(typed, until);
            }
            b'\n' if until == Until::Line => {
                echo.write(b"\n");
                return Ok(typed);
            }
            QUIT => {}
            KILL => while erase(&mut typed, &mut echo).is_some() {},
            ERASE_WORD => {
                while let Some(last) = erase(&mut typed, &mut echo) {
                    if last != b' ' && typed.last().is_none_or(|byte| *byte == b' ') {
                        break;
                    }
                }
            }
            byte if ERASE.contains(&byte) => {
                erase(&mut typed, &mut echo);
            }
            byte => {
                if typed.len() <= limit {
                    typed.push(byte);
                }
                if byte == b'\n' || byte == b'\t' || byte >= b' ' {
                    echo.write(&[byte]);
                }
            }
        }
    }
}

/// What was typed before the end of the input.
fn ended(typed: Zeroizing<Vec<u8>>, until: Until) -> io::Result<Zeroizing<Vec<u8>>> {
    if until == Until::Line && typed.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(typed) }
}

/// Removes the last character of the line, and returns its last byte.
fn erase(typed: &mut Vec<u8>, echo: &mut Echo) -> Option<u8> {
    let last = typed.pop_if(|byte| *byte != b'\n')?;
    let mut byte = last;
    // UTF-8 continuation bytes.
    while byte & 0xc0 == 0x80 {
        match typed.pop_if(|byte| *byte != b'\n') {
            Some(before) => byte = before,
            None => break,
        }
    }
    echo.write(b"\x08 \x08");
    Some(last)
}

/// The place where the input is echoed, if any.
struct Echo(Option<File>);

impl Echo {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(terminal) = &mut self.0 {
            let _ = terminal.write_all(bytes);
        }
    }
}

/// While it lives, the terminal gives each character as it comes and shows none.
struct Unbuffered(Termios);

impl Unbuffered {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        tcsetattr(io::stdin(), OptionalActions::Now, &unbuffered(&before))?;
        Ok(Unbuffered(before))
    }
}

impl Drop for Unbuffered {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
