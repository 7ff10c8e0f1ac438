//! How much to print, in which colours, and whether a person can be asked: set once, from the command line.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

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

/// How much to print on standard error, and whether a person can be asked.
#[derive(Debug, Clone, Copy)]
pub struct OutputOptions {
    /// Only errors.
    pub is_quiet: bool,
    /// 1: requests; 2: bodies, redacted.
    pub verbosity: u8,
    /// Never ask.
    pub no_input: bool,
}

static MANNER: OnceLock<OutputOptions> = OnceLock::new();

/// Whether another program has the terminal for the rest of the process, so that nothing is asked there.
static IS_GIVEN_AWAY: AtomicBool = AtomicBool::new(false);

static COLOR: OnceLock<Color> = OnceLock::new();

/// Sets when to use colours, before the command line is parsed, since its errors use them.
pub fn set_color(color: Color) {
    let _ = COLOR.set(color);
}

/// Sets the options for the rest of the process; the first call wins.
pub fn settle(options: OutputOptions) -> OutputOptions {
    *MANNER.get_or_init(|| options)
}

/// The options in effect.
pub fn manner() -> OutputOptions {
    let silent = OutputOptions { is_quiet: false, verbosity: 0, no_input: false };
    let settled = MANNER.get().copied().unwrap_or(silent);
    OutputOptions { no_input: settled.no_input || IS_GIVEN_AWAY.load(Ordering::Relaxed), ..settled }
}

/// Asks nothing for the rest of the process, and shows nothing that moves: another program has the terminal.
pub fn give_away() {
    IS_GIVEN_AWAY.store(true, Ordering::Relaxed);
}

/// Whether another program has the terminal.
pub fn is_given_away() -> bool {
    IS_GIVEN_AWAY.load(Ordering::Relaxed)
}

/// Whether to use colours on a stream.
pub fn wants_color(is_terminal: bool) -> bool {
    let says = |name: &str, no: &str| crate::env::var(name).as_deref() == Some(no);
    match COLOR.get().copied().unwrap_or(Color::Auto) {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            is_terminal && crate::env::var("NO_COLOR").is_none() && !says("CLICOLOR", "0") && !says("TERM", "dumb")
        }
    }
}
