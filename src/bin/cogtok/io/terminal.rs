//! The only place that prints or asks, with what lies below it. Data goes to standard output and nothing else does;
//! questions go to the terminal device; everything else goes to standard error.

#[cfg(unix)]
pub(crate) mod modes;
#[cfg(not(unix))]
#[path = "terminal/no_modes.rs"]
pub(crate) mod modes;

#[cfg(not(unix))]
#[path = "terminal/no_typed.rs"]
pub(crate) mod typed;
#[cfg(unix)]
pub(crate) mod typed;

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Mutex, OnceLock, PoisonError};

use cogtok::error::{Advice, Error, Result, is_unprintable, printable};

use crate::advice;
use crate::io::signals;

pub use crate::io::prompt::{
    address, ask_in_background, ask_line, ask_new_secret, ask_secret, asking, can_ask, confirm, new_line, pause, show,
    stdin_hidden_up_to, stdin_lines, stdin_secret, stdin_up_to, stop_asking, time_asking, until_taken,
};
pub use crate::io::stream_output::{Live, nobody_reads};
pub use modes::restore_modes;
#[cfg(unix)]
pub use modes::resume_asking;

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How much is said on standard error, and whether anybody can be asked.
#[derive(Debug, Clone, Copy)]
pub struct OutputOptions {
    /// Errors alone.
    pub is_quiet: bool,
    /// 1: requests; 2: bodies, redacted.
    pub verbosity: u8,
    /// Never ask.
    pub no_input: bool,
}

static MANNER: OnceLock<OutputOptions> = OnceLock::new();

static COLOR: OnceLock<Color> = OnceLock::new();

/// The profile that an error is about.
static PROFILE: Mutex<Option<String>> = Mutex::new(None);

/// Whether data was written to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It was.
    Yes,
    /// It went nowhere, to the null device that stands for a closed standard output or that the caller opened so itself, as
    /// daemon(3) and Python's `subprocess.DEVNULL` do. The two can't be told apart, so nobody has seen the data, and yet
    /// somebody may wait for how the command ends.
    Nowhere,
    /// The reader has gone away, which is its right.
    NobodyReads,
}

/// Settles when to use colours, which a malformed command line is told in as well.
pub fn set_color(color: Color) {
    let _ = COLOR.set(color);
}

/// Settles the manner for the rest of the process, and lets the library's log speak through standard error.
pub fn set_manner(manner: OutputOptions) {
    static LOGGER: Logger = Logger;
    let manner = MANNER.get_or_init(|| manner);
    let level = match (manner.is_quiet, manner.verbosity) {
        (true, _) => log::LevelFilter::Off,
        (false, 0) => log::LevelFilter::Warn,
        (false, 1) => log::LevelFilter::Info,
        (false, _) => log::LevelFilter::Debug,
    };
    if log::set_logger(&LOGGER).is_ok() {
        log::set_max_level(level);
    }
}

/// Names the profile that errors are about from now on.
pub fn set_profile(name: Option<&str>) {
    *PROFILE.lock().unwrap_or_else(PoisonError::into_inner) = name.map(str::to_owned);
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
    let mut stdout = io::stdout().lock();
    let delivered = if leads_nowhere() { WriteOutcome::Nowhere } else { WriteOutcome::Yes };
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(delivered),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(WriteOutcome::NobodyReads),
        Err(error) => Err(Error::store(format!("standard output can't be written: {error}"))),
    }
}

/// One JSON value and a line end. What a terminal would obey is escaped, which JSON allows in any string.
pub fn json_line(value: &serde_json::Value) -> String {
    let mut line = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut line, Harmless);
    // Nothing can fail: a value has no keys but strings, and memory takes all that is written.
    let _ = serde::Serialize::serialize(value, &mut serializer);
    line.push(b'\n');
    String::from_utf8(line).unwrap_or_default()
}

/// Compact JSON with what a terminal would obey escaped.
struct Harmless;

impl serde_json::ser::Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_unprintable(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Whether standard output may have been closed when the process began: Rust opens the null device there then, for reading
/// as well, which no shell's redirection to it does.
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

/// Says something that helps and can be silenced.
pub fn note(text: &str) {
    if !manner().is_quiet {
        say(None, text);
    }
}

/// Says what to do next, which can be silenced.
pub fn hint(hint: impl Into<Advice>) {
    if !manner().is_quiet {
        tell(&hint.into());
    }
}

/// A hint as it is for the command that runs and the profile in use; none where that command can't do what it says.
pub fn shown(hint: &Advice) -> Option<String> {
    let profile = PROFILE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    advice::shown(hint, profile.as_deref())
}

fn tell(hint: &Advice) {
    if let Some(text) = shown(hint) {
        say(Some(("hint", "36")), &text);
    }
}

/// Says what went wrong when there is no [`Error`] to report.
pub fn complain(text: &str) {
    say(Some(("error", "1;31")), text);
}

/// Reports how a command ended and gives its exit code.
pub fn exit_code(result: Result<()>) -> ExitCode {
    let error = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) => error,
    };
    let code = signals::exit_code(error.kind());
    let profile = PROFILE.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let about = profile.as_deref().filter(|name| !error.message().contains(&format!("`{name}`")));
    let about = about.map(|name| format!(" (profile `{name}`)")).unwrap_or_default();
    complain(&format!("{}{about}", error.message()));
    error.advice().iter().for_each(tell);
    if let Some(line) = signals::failing_line(code) {
        last_data(&line);
    }
    ExitCode::from(code)
}

/// Prints the help that clap answers with, where it was asked for on standard output.
///
/// # Errors
/// As [`data`].
pub fn help(answer: &clap::Error) -> Result<()> {
    let text = answer.render();
    if answer.use_stderr() {
        let _ = io::stderr().write_all(text.to_string().as_bytes());
        return Ok(());
    }
    let is_colored = wants_color(io::stdout().is_terminal());
    data(&if is_colored { text.ansi().to_string() } else { text.to_string() }).map(drop)
}

/// A word for standard output, in this colour where it has any.
pub fn painted(word: &str, color: &str) -> String {
    if wants_color(io::stdout().is_terminal()) { format!("\u{1b}[{color}m{word}\u{1b}[0m") } else { word.to_owned() }
}

/// A text for standard output whose bold words stand between U+0001 and U+0002: as the terminal shows them, or plain.
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

pub(crate) fn manner() -> OutputOptions {
    let silent = OutputOptions { is_quiet: false, verbosity: 0, no_input: false };
    MANNER.get().copied().unwrap_or(silent)
}

fn wants_color(is_terminal: bool) -> bool {
    let says = |name: &str, no: &str| crate::env::var(name).as_deref() == Some(no);
    match COLOR.get().copied().unwrap_or(Color::Auto) {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            is_terminal && crate::env::var("NO_COLOR").is_none() && !says("CLICOLOR", "0") && !says("TERM", "dumb")
        }
    }
}

/// One line on standard error; that it can't be written is nothing to fail for.
fn say(label: Option<(&str, &str)>, text: &str) {
    let text = printable(text, 1000);
    let line = match label {
        None => text,
        Some((label, color)) if wants_color(io::stderr().is_terminal()) => {
            format!("\u{1b}[{color}m{label}:\u{1b}[0m {text}")
        }
        Some((label, _)) => format!("{label}: {text}"),
    };
    // One write, so that lines of parallel processes do not run into each other.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // Other crates log what we can't vouch for, passwords included.
        metadata.target().split("::").next() == Some("cogtok") && metadata.level() <= log::max_level()
    }

    fn log(&self, record: &log::Record<'_>) {
        static SAID: Mutex<Option<HashSet<String>>> = Mutex::new(None);
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        if record.level() != log::Level::Warn {
            return say(None, &text);
        }
        let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
        if said.get_or_insert_default().insert(text.clone()) {
            say(Some(("warning", "33")), &text);
        }
    }

    fn flush(&self) {}
}
