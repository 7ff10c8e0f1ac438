//! The changing line on the terminal: progress through a list, and waiting. It goes to standard error, only at a terminal, and is erased
//! before anything else is printed.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use cogtok::error::printable;
use cogtok::http::waiting::Waiting;

use crate::env;
use crate::io::terminal::{is_given_away, manner};
use crate::io::terminal_width::terminal_width;

/// Erases what follows the cursor. A console of Windows need not know it.
const ERASE: &str = if cfg!(windows) { "" } else { "\u{1b}[K" };

static LINE: Mutex<Line> = Mutex::new(Line { count: String::new(), waiting: String::new(), width: 0 });

/// Whether a question is open, whose line must stay as it is.
static IS_ASKING: AtomicBool = AtomicBool::new(false);

struct Line {
    count: String,
    waiting: String,
    /// How many columns are to be erased.
    width: usize,
}

/// Progress through a list, such as `creating users: 12/40 seat12@example.com`. Dropping it erases the line.
#[derive(Debug)]
pub struct Progress {
    what: String,
    total: usize,
}

impl Progress {
    /// `what` is done to each of `total`: "creating users".
    pub fn new(what: &str, total: usize) -> Self {
        Progress { what: what.to_owned(), total }
    }

    /// `done` are finished, and `name` is next.
    pub fn at(&self, done: usize, name: &str) {
        let count = format!("{}: {done}/{} {}", self.what, self.total, printable(name, 128));
        change(|line| line.count = count.trim_end().to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        change(|line| line.count.clear());
    }
}

/// Shows what is waited for, or that nothing is any more.
pub fn waiting(waiting: Option<Waiting<'_>>) {
    let text = waiting.map(|Waiting { host, tries, of }| match of {
        Some(of) => format!("Waiting for {}… (try {tries} of {of})", printable(host, 120)),
        None => format!("Waiting for {}…", printable(host, 120)),
    });
    change(|line| line.waiting = text.unwrap_or_default());
}

/// Erases the line before other output. The next change draws it again.
pub fn erase() {
    // The holder of the lock is writing, and a signal must not wait for a blocked terminal.
    if let Ok(mut line) = LINE.try_lock() {
        erase_line(&mut line);
    }
}

/// While a question is open, nothing moves.
pub fn set_asking(is_asking: bool) {
    if is_asking {
        erase();
    }
    IS_ASKING.store(is_asking, Ordering::SeqCst);
}

fn change(change: impl FnOnce(&mut Line)) {
    if !is_seen() {
        return;
    }
    let mut line = LINE.lock().unwrap_or_else(PoisonError::into_inner);
    change(&mut line);
    erase_line(&mut line);
    if IS_ASKING.load(Ordering::SeqCst) {
        return;
    }
    let parts: Vec<&str> = [&*line.count, &*line.waiting].into_iter().filter(|part| !part.is_empty()).collect();
    // A line as wide as the terminal may wrap.
    let text: String = parts.join("  ").chars().take(terminal_width().saturating_sub(1)).collect();
    if !text.is_empty() {
        line.width = text.chars().count();
        write(&text);
    }
}

fn erase_line(line: &mut Line) {
    let width = std::mem::take(&mut line.width);
    if width > 0 {
        write(&format!("\r{}\r{ERASE}", " ".repeat(width)));
    }
}

/// Whether a person sees the line and has not turned it off.
fn is_seen() -> bool {
    io::stderr().is_terminal() && !is_given_away() && !manner().is_quiet && env::var("TERM").as_deref() != Some("dumb")
}

fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
