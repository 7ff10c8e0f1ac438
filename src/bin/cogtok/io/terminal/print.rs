//! Prints data on standard output and everything else on standard error or the terminal device.

use std::io::{self, IsTerminal, Write};

use cogtok::error::{Error, Result, printable};

use super::output_options::{manner, wants_color};
use crate::io::progress;

/// Whether data was written to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It was written.
    Yes,
    /// It went to the null device. This stands for a closed standard output, or the caller opened it, as daemon(3) and Python's
    /// `subprocess.DEVNULL` do. The two can't be told apart, so nobody has seen the data, although somebody may wait for the exit code.
    Nowhere,
    /// The reader has closed the pipe, which is not an error.
    NobodyReads,
}

/// Writes data to standard output and flushes it.
///
/// # Errors
/// `Kind::Store` when it can't be written, a full disk for one.
pub fn data(text: &str) -> Result<WriteOutcome> {
    bytes(text.as_bytes())
}

/// As [`data`], for what need not be text.
///
/// # Errors
/// As [`data`].
pub fn bytes(bytes: &[u8]) -> Result<WriteOutcome> {
    progress::erase();
    let mut stdout = io::stdout().lock();
    let delivered = if leads_nowhere() { WriteOutcome::Nowhere } else { WriteOutcome::Yes };
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(delivered),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(WriteOutcome::NobodyReads),
        Err(error) => Err(Error::store(format!("standard output can't be written: {error}"))),
    }
}

/// Writes what a program elsewhere printed on its standard error to ours; that it can't be written is nothing to fail for.
///
/// # Errors
/// None.
pub fn error_bytes(bytes: &[u8]) -> Result<WriteOutcome> {
    progress::erase();
    let _ = io::stderr().write_all(bytes);
    Ok(WriteOutcome::Yes)
}

/// Whether standard output may have been closed at the start: then Rust opens the null device, for reading too, which no shell redirection
/// does.
#[cfg(unix)]
fn leads_nowhere() -> bool {
    let stdout = io::stdout();
    let is_null = rustix::fs::fstat(&stdout).is_ok_and(|stat| {
        rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::CharacterDevice
            && rustix::fs::stat("/dev/null").is_ok_and(|null| null.st_rdev == stat.st_rdev)
    });
    is_null && rustix::fs::fcntl_getfl(&stdout).is_ok_and(|flags| flags.contains(rustix::fs::OFlags::RDWR))
}

#[cfg(not(unix))]
fn leads_nowhere() -> bool {
    false
}

/// Writes data when the process is ending anyway.
pub fn last_data(text: &str) {
    let _ = data(text);
}

/// Prints a helpful note that can be turned off.
pub fn note(text: &str) {
    if !manner().is_quiet {
        say(None, text);
    }
}

/// `count` and what is counted, whose plural ends in s.
pub fn counted(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// How many of all there are, as in `2 of 3 users`, with a plural that ends in s.
pub fn counted_of(count: usize, total: usize, one: &str) -> String {
    format!("{count} of {}", counted(total, one))
}

/// Prints an error without an [`Error`] value.
pub fn complain(text: &str) {
    say(Some(("error", "1;31")), text);
}

/// Tells a person that an answer was wrong, and how many tries are left.
pub fn ask_again(why: &str, left: usize) {
    let tries = if left == 1 { "1 try left".to_owned() } else { format!("{left} tries left") };
    let mut letters = why.chars();
    let why: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    say(None, &if left > 0 { format!("{why}. {}.", tries) } else { format!("{why}.") });
}

/// Prints a help text, with one empty line between its parts.
///
/// # Errors
/// As [`data`].
pub fn help(text: &clap::builder::StyledStr) -> Result<()> {
    let is_colored = wants_color(io::stdout().is_terminal());
    data(&trimmed(if is_colored { text.ansi().to_string() } else { text.to_string() })).map(drop)
}

/// clap's text without its empty lines at the end, and never two of them in turn.
pub fn trimmed(mut text: String) -> String {
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    format!("{}\n", text.trim_end())
}

/// The marks of [`marked`], each with the sequence of a terminal that it stands for: those that clap writes.
pub const MARKS: [(&str, &str); 3] = [("<h>", "\u{1b}[1m\u{1b}[4m"), ("<b>", "\u{1b}[1m"), ("</>", "\u{1b}[0m")];

/// Prints a text whose headings and bold words are marked.
///
/// # Errors
/// Standard output can't be written.
pub fn marked(text: &str) -> Result<()> {
    let is_colored = wants_color(io::stdout().is_terminal());
    let text = MARKS
        .iter()
        .fold(text.to_owned(), |text, (mark, sequence)| text.replace(mark, if is_colored { sequence } else { "" }));
    data(&text).map(drop)
}

/// Shows a text of several lines on standard error.
pub fn aside(text: &str) {
    progress::erase();
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A word for standard output, coloured where colours are on.
pub fn painted(word: &str, color: &str) -> String {
    if wants_color(io::stdout().is_terminal()) { format!("\u{1b}[{color}m{word}\u{1b}[0m") } else { word.to_owned() }
}

/// A text for standard output whose bold words are between U+0001 and U+0002: bold at a terminal, plain elsewhere.
pub fn emphasized(text: &str) -> String {
    let (begin, end) = if wants_color(io::stdout().is_terminal()) { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    text.replace('\u{1}', begin).replace('\u{2}', end)
}

/// Whether standard output is a terminal, which obeys what is written to it.
pub fn shows_data() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard output is a terminal, where a person reads it.
pub fn is_read_by_a_person() -> bool {
    io::stdout().is_terminal() && io::stderr().is_terminal()
}

/// Prints one line on standard error; a failure to write it is ignored.
pub fn say(label: Option<(&str, &str)>, text: &str) {
    let text = printable(text, 1000);
    let line = match label {
        None => text,
        Some((label, color)) if wants_color(io::stderr().is_terminal()) => {
            format!("\u{1b}[{color}m{label}:\u{1b}[0m {text}")
        }
        Some((label, _)) => format!("{label}: {text}"),
    };
    progress::erase();
    // One write, so that lines of parallel processes don't mix.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// The terminal that the process belongs to, wherever its streams lead.
const TERMINAL: &str = if cfg!(windows) { "CONOUT$" } else { "/dev/tty" };

/// Shows a text of several lines at the terminal, and never in captured output.
pub fn show(text: &str) {
    progress::erase();
    // A console opened as a file uses its own code page; standard error accepts any text.
    if cfg!(windows) && io::stderr().is_terminal() {
        let _ = io::stderr().write_all(text.as_bytes());
        return;
    }
    if let Ok(mut terminal) = std::fs::OpenOptions::new().write(true).open(TERMINAL) {
        let _ = terminal.write_all(text.as_bytes());
    }
}

/// Whether there is a terminal for [`show`].
pub fn can_show() -> bool {
    (cfg!(windows) && io::stderr().is_terminal()) || std::fs::OpenOptions::new().write(true).open(TERMINAL).is_ok()
}

/// Ends the line of a question that was interrupted.
pub fn new_line() {
    show("\n");
}
