//! How wide the terminal is.

use comfy_table::Table;

use crate::env;

/// The default width.
const STANDARD: usize = 80;

/// The least and the most that is believed. A terminal that nobody gave a size has 0.
const BELIEVED: std::ops::RangeInclusive<usize> = 20..=1000;

/// The columns of the terminal: from COLUMNS, else its own.
pub fn terminal_width() -> usize {
    let columns = env::var("COLUMNS").and_then(|columns| columns.parse().ok());
    let own = || Table::new().width().map(usize::from);
    let is_believed = |width: &usize| BELIEVED.contains(width);
    columns.filter(is_believed).or_else(|| own().filter(is_believed)).unwrap_or(STANDARD)
}
