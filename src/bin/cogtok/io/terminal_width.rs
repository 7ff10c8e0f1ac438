//! How wide the terminal is.

use comfy_table::Table;

use crate::env;

/// The default width.
const STANDARD: usize = 80;

/// The least and the most that COLUMNS is believed.
const BELIEVED: std::ops::RangeInclusive<usize> = 20..=1000;

/// The columns of the terminal: from COLUMNS, else its own.
pub fn terminal_width() -> usize {
    let columns = env::var("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|width| BELIEVED.contains(width));
    columns.or_else(|| Table::new().width().map(usize::from)).unwrap_or(STANDARD)
}
