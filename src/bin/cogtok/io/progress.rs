//! The changing line on the terminal: progress through a list, and waiting. It goes to standard error, only at a terminal, and is erased
//! before anything else is printed.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cogtok::error::printable;
use cogtok::http::waiting::Waiting;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use crate::env;
use crate::io::terminal::{counted_of, is_given_away, manner, note};
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

/// How often a log learns how far a list is worked through.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// What the bar looks like.
const TEMPLATE: &str = "{prefix} [{bar:20}] {pos}/{len}  {rate}  {time_left}  {msg}";

/// How far a list is worked through, such as `creating users [=====>    ] 12/40  10/s  3s left  seat12@example.com`. The bar is
/// gone when this is dropped. Where nobody sees it, a line in ten seconds says the same.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    so_far: String,
    total: usize,
    told: Cell<Instant>,
}

impl Progress {
    /// `doing` is done to each of `total`: "creating users"; `so_far` says of those who are done: "created".
    pub fn new(doing: &str, so_far: &str, total: usize) -> Self {
        let target = if is_seen() {
            ProgressDrawTarget::term_like_with_hz(Box::new(OnTheLine::default()), 10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(u64::try_from(total).ok(), target).with_prefix(doing.to_owned());
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style
            .with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{}/s", rate(state.per_sec()));
            })
            .with_key("time_left", |state: &ProgressState, out: &mut dyn fmt::Write| {
                let _ = write!(out, "{} left", time(state.eta()));
            });
        bar.set_style(style.progress_chars("=> "));
        Progress { bar, so_far: so_far.to_owned(), total, told: Cell::new(Instant::now()) }
    }

    /// So many are done, for so many it failed, and `name` is next.
    pub fn at(&self, done: usize, failed: usize, name: &str) {
        let failures = if failed == 0 { String::new() } else { format!("{failed} failed  ") };
        self.bar.set_message(format!("{failures}{}", printable(name, 128)));
        self.bar.set_position(u64::try_from(done + failed).unwrap_or(u64::MAX));
        // What comes at the end says the same of all of them.
        if self.told.get().elapsed() >= TOLD_EVERY && done + failed < self.total {
            self.told.set(Instant::now());
            if !is_seen() {
                let failures = if failed == 0 { String::new() } else { format!(", {failed} failed") };
                let (rate, left) = (rate(self.bar.per_sec()), time(self.bar.eta()));
                let (users, so_far) = (counted_of(done, self.total, "user"), &self.so_far);
                note(&format!("{so_far} {users} so far{failures}: {rate} a second, {left} left"));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        change(|line| line.count.clear());
    }
}

/// As many digits as a person wants to know.
fn rate(a_second: f64) -> String {
    if a_second < 9.5 { format!("{a_second:.1}") } else { format!("{a_second:.0}") }
}

fn time(left: Duration) -> String {
    humantime::format_duration(Duration::from_secs(left.as_secs().min(MOST_TIME))).to_string()
}

/// More seconds than anything here takes: what is said before the rate is known.
const MOST_TIME: u64 = 100 * 60 * 60;

/// What the bar is drawn on: the one line that changes, which others take away and show again.
#[derive(Debug, Default)]
struct OnTheLine(Mutex<String>);

impl OnTheLine {
    fn text(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TermLike for OnTheLine {
    fn width(&self) -> u16 {
        u16::try_from(terminal_width()).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.text().push_str(text);
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.text().clear();
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let text = std::mem::take(&mut *self.text());
        change(|line| line.count = text.trim_end().to_owned());
        Ok(())
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
