//! Data that goes to standard output as it comes, part by part; and to standard error what a program elsewhere printed there.

use std::io::{self, IsTerminal};

use cogtok::error::{Result, is_unprintable, is_variation_selector};

use crate::io::terminal::{WriteOutcome, bytes, error_bytes};

/// A stream to standard output. At a terminal, control characters other than line ends and tabs are shown as `\u{1b}`; elsewhere the bytes
/// are unchanged.
#[derive(Debug)]
pub struct Live {
    write: fn(&[u8]) -> Result<WriteOutcome>,
    is_terminal: bool,
    incomplete: Vec<u8>,
    is_line_open: bool,
    is_read: bool,
}

impl Live {
    /// An empty stream.
    pub fn new() -> Self {
        Live {
            write: bytes,
            is_terminal: io::stdout().is_terminal(),
            incomplete: Vec::new(),
            is_line_open: false,
            is_read: true,
        }
    }

    /// The same for standard error.
    pub fn on_stderr() -> Self {
        Live { write: error_bytes, is_terminal: io::stderr().is_terminal(), ..Live::new() }
    }

    /// Writes the next part, at once.
    ///
    /// # Errors
    /// As [`bytes`].
    pub fn put(&mut self, part: &[u8]) -> Result<WriteOutcome> {
        if let Some(last) = part.last() {
            self.is_line_open = *last != b'\n';
        }
        let delivered = if self.is_terminal { (self.write)(self.shown(part).as_bytes()) } else { (self.write)(part) }?;
        self.is_read &= delivered != WriteOutcome::NobodyReads;
        Ok(delivered)
    }

    /// Completes an unfinished line.
    ///
    /// # Errors
    /// As [`bytes`].
    pub fn end_line(&mut self) -> Result<WriteOutcome> {
        if self.is_line_open && self.is_read { self.put(b"\n") } else { Ok(WriteOutcome::Yes) }
    }

    /// Ends the stream: at a terminal, later messages start on a new line.
    ///
    /// # Errors
    /// As [`bytes`].
    pub fn end(mut self) -> Result<()> {
        if self.is_terminal { self.end_line().map(drop) } else { Ok(()) }
    }

    /// The part as a terminal may have it. A character that is not there as a whole waits for its rest.
    fn shown(&mut self, part: &[u8]) -> String {
        self.incomplete.extend_from_slice(part);
        let whole = match self.incomplete.utf8_chunks().last() {
            Some(last) if is_beginning(last.invalid()) => self.incomplete.len() - last.invalid().len(),
            _ => self.incomplete.len(),
        };
        let rest = self.incomplete.split_off(whole);
        let text = String::from_utf8_lossy(&self.incomplete).into_owned();
        self.incomplete = rest;
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\n' | '\r' | '\t' => shown.push(c),
                c if is_variation_selector(c) => shown.push(c),
                c if is_unprintable(c) => shown.extend(c.escape_unicode()),
                c => shown.push(c),
            }
        }
        shown
    }
}

/// Completes when nobody reads standard output any more, which a write would notice late if the server is silent. Never completes where
/// that can't be determined.
#[cfg(unix)]
pub async fn nobody_reads() {
    use rustix::event::{PollFd, PollFlags, poll};
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // The thread is abandoned when the call ends first: nothing wakes it.
    let watching = std::thread::Builder::new().name("reader".to_owned()).spawn(move || {
        let stdout = io::stdout();
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        while poll(&mut watched, None) == Err(rustix::io::Errno::INTR) {}
        if watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
            let _ = sender.send(());
        }
    });
    if watching.is_err() || receiver.await.is_err() {
        std::future::pending().await
    }
}

#[cfg(not(unix))]
pub async fn nobody_reads() {
    std::future::pending().await
}

/// Whether these bytes could be the beginning of a character.
fn is_beginning(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_terminal(parts: &[&[u8]]) -> String {
        let mut live = Live { is_terminal: true, ..Live::new() };
        parts.iter().map(|part| live.shown(part)).collect()
    }

    #[test]
    fn a_terminal_is_shown_what_it_would_obey_wherever_it_is_cut() {
        let body = "a\u{1b}[2Jb\u{9b}31m\r\n\tgrüße 🦀 \u{202e}x\u{7}".as_bytes();
        let shown = "a\\u{1b}[2Jb\\u{9b}31m\r\n\tgrüße 🦀 \\u{202e}x\\u{7}";
        for cut in 0..=body.len() {
            let (left, right) = body.split_at(cut);
            assert_eq!(on_a_terminal(&[left, right]), shown, "cut at {cut}");
        }
        // Invalid UTF-8 is not passed on: some terminals interpret 0x9b.
        assert_eq!(on_a_terminal(&[b"x\x9b31m\xf0\x9f", b"y"]), "x\u{fffd}31m\u{fffd}y");
    }
}
