//! How large the terminal is.

use comfy_table::Table;

use crate::env;

/// The default width.
const STANDARD: usize = 80;

/// The default height.
const STANDARD_HEIGHT: usize = 24;

/// The least and the most that is believed. A terminal that nobody gave a size has 0.
const BELIEVED: std::ops::RangeInclusive<usize> = 20..=1000;

/// The columns of the terminal: from COLUMNS, else its own.
pub fn terminal_width() -> usize {
    let columns = env::var("COLUMNS").and_then(|columns| columns.parse().ok());
    let own = || Table::new().width().map(usize::from);
    let is_believed = |width: &usize| BELIEVED.contains(width);
    columns.filter(is_believed).or_else(|| own().filter(is_believed)).unwrap_or(STANDARD)
}

/// The size of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// In characters.
    pub columns: usize,
    /// In lines.
    pub rows: usize,
}

/// The size of the terminal at which a person is asked.
pub fn size() -> Size {
    let (columns, rows) = own_size().unwrap_or_default();
    let known = |length: usize, standard: usize| if length == 0 { standard } else { length };
    Size { columns: known(columns, STANDARD), rows: known(rows, STANDARD_HEIGHT) }
}

/// The columns and lines of the terminal that shows questions.
#[cfg(unix)]
fn own_size() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(std::fs::File::open("/dev/tty").ok()?).ok()?;
    Some((size.ws_col.into(), size.ws_row.into()))
}

/// Nothing among the dependencies asks another system for it.
#[cfg(not(unix))]
const fn own_size() -> Option<(usize, usize)> {
    None
}
