//! A long text, a screen at a time where somebody reads it at a terminal.

use std::io::Write;
use std::process::{Command, Stdio};

use cogtok::error::Result;

use crate::env;
use crate::io::{external_program, terminal};

/// Shows a text: through PAGER at a terminal, else as it is. `less` is taken where the variable is not set.
///
/// # Errors
/// What standard output says.
pub fn show(text: &str) -> Result<()> {
    if terminal::is_read_by_a_person() && paged(text).is_some() {
        return Ok(());
    }
    terminal::data(text).map(drop)
}

/// None where there is no pager, or none that runs.
fn paged(text: &str) -> Option<()> {
    let command = match env::raw("PAGER").map(|pager| pager.into_string().unwrap_or_default()) {
        None => Command::new("less"),
        // Empty or `cat`: none is wanted.
        Some(pager) if ["", "cat"].contains(&pager.trim()) => return None,
        Some(pager) => external_program::named(&pager)?,
    };
    let mut command = external_program::resolved(&command)?;
    external_program::withhold_secrets(&mut command);
    if env::var("LESS").is_none() {
        // It ends by itself where all fits on the screen, and shows bold words as such.
        command.env("LESS", "FRX");
    }
    let mut pager = command.stdin(Stdio::piped()).spawn().ok()?;
    // Whoever leaves the pager before the end has read enough.
    let _ = pager.stdin.take()?.write_all(text.as_bytes());
    pager.wait().ok().map(drop)
}
