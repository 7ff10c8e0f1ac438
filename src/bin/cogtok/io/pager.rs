//! Shows a long text through a pager at a terminal.

use std::io::Write;
use std::process::{Command, Stdio};

use cogtok::error::Result;

use crate::env;
use crate::io::{external_program, terminal};

/// Shows a text: through PAGER at a terminal, else as it is. `less` is taken where the variable is not set.
///
/// # Errors
/// Prints the text to standard output.
pub fn show(text: &str) -> Result<()> {
    if terminal::is_read_by_a_person() && paged(text).is_some() {
        return Ok(());
    }
    terminal::data(text).map(drop)
}

/// `None` without a usable pager.
fn paged(text: &str) -> Option<()> {
    let command = match env::raw("PAGER").map(|pager| pager.into_string().unwrap_or_default()) {
        None => Command::new("less"),
        // Empty or `cat` turns the pager off.
        Some(pager) if ["", "cat"].contains(&pager.trim()) => return None,
        Some(pager) => external_program::named(&pager)?,
    };
    let mut command = external_program::resolved(&command)?;
    external_program::withhold_secrets(&mut command);
    if env::var("LESS").is_none() {
        // Quits if the text fits on the screen, and shows bold text.
        command.env("LESS", "FRX");
    }
    let mut pager = command.stdin(Stdio::piped()).spawn().ok()?;
    // The reader may quit before the end.
    let _ = pager.stdin.take()?.write_all(text.as_bytes());
    pager.wait().ok().map(drop)
}
