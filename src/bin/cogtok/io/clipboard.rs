//! The clipboard: by the platform's own programs, which stay when we end, or by the terminal (OSC 52), which works through SSH.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cogtok::error::{Error, Kind, Result};
use cogtok::secret::Secret;

use crate::env;
use crate::io::external_program::{resolved, withhold_secrets};
use crate::io::{signals, terminal};

/// A program that fills the clipboard from its standard input, and one that prints it.
#[derive(Debug)]
struct Tool {
    fill: &'static [&'static str],
    print: &'static [&'static str],
    /// The variable without which it finds no clipboard.
    needs: Option<&'static str>,
}

const TOOLS: [Tool; 6] = [
    // Clipboard managers don't keep sensitive entries, but old versions lack the option.
    Tool { fill: &["wl-copy", "--sensitive"], print: &["wl-paste", "--no-newline"], needs: Some("WAYLAND_DISPLAY") },
    Tool { fill: &["wl-copy"], print: &["wl-paste", "--no-newline"], needs: Some("WAYLAND_DISPLAY") },
    Tool {
        fill: &["xclip", "-selection", "clipboard", "-in"],
        print: &["xclip", "-selection", "clipboard", "-out"],
        needs: Some("DISPLAY"),
    },
    Tool {
        fill: &["xsel", "--clipboard", "--input"],
        print: &["xsel", "--clipboard", "--output"],
        needs: Some("DISPLAY"),
    },
    Tool { fill: &["pbcopy"], print: &["pbpaste"], needs: None },
    Tool {
        fill: &["clip.exe"],
        print: &["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", "Get-Clipboard -Raw"],
        needs: None,
    },
];

/// The content of the clipboard until it is cleared.
static COPIED: Mutex<Option<Copied>> = Mutex::new(None);

struct Copied {
    value: Secret,
    /// `None` for the terminal.
    tool: Option<&'static Tool>,
}

/// Puts the value into the clipboard, waits, and clears it unless something else is in it by then. A signal clears it at once.
///
/// # Errors
/// [`Kind::Failure`] where there is no clipboard.
pub fn lend(value: &Secret, time: Duration, what: &str) -> Result<()> {
    signals::watch();
    signals::set_last_deed(|| {
        clear();
    });
    let tool = fill(value.expose().as_bytes())?;
    *locked() = Some(Copied { value: value.clone(), tool });
    let seconds = time.as_secs();
    terminal::note(&format!("copied {what} to the clipboard; cogtok clears it in {seconds} s (Ctrl-C clears it now)"));
    std::thread::sleep(time);
    if clear() {
        terminal::note("cleared the clipboard");
    } else {
        terminal::note("something else is in the clipboard by now, so cogtok did not clear it");
    }
    Ok(())
}

fn locked() -> std::sync::MutexGuard<'static, Option<Copied>> {
    COPIED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Clears the clipboard where it still has what was copied; says whether it has it no more.
fn clear() -> bool {
    let Some(copied) = locked().take() else { return true };
    match copied.tool {
        Some(tool) if holds(tool, &copied.value) => {
            run(tool.fill, b"");
            true
        }
        Some(_) => false,
        None => {
            by_terminal(b"");
            true
        }
    }
}

/// Whether the clipboard has this value, as far as can be known.
fn holds(tool: &Tool, value: &Secret) -> bool {
    let Some(mut command) = command(tool.print) else { return true };
    match command.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        // Windows adds a line end.
        Ok(output) if output.status.success() => output.stdout.trim_ascii_end() == value.expose().as_bytes(),
        _ => true,
    }
}

/// Fills the clipboard; returns the program that did it.
fn fill(value: &[u8]) -> Result<Option<&'static Tool>> {
    let is_remote = env::var("SSH_TTY").is_some() || env::var("SSH_CONNECTION").is_some();
    // Over SSH, the remote machine's clipboard is not the person's.
    if !is_remote {
        let mut usable = TOOLS.iter().filter(|tool| tool.needs.is_none_or(|name| env::var(name).is_some()));
        if let Some(tool) = usable.find(|tool| run(tool.fill, value)) {
            return Ok(Some(tool));
        }
    }
    if terminal::can_show() {
        by_terminal(value);
        return Ok(None);
    }
    Err(Error::new(Kind::Failure, "no clipboard was found")
        .hint("install wl-clipboard, xclip or xsel, or run cogtok on a terminal that takes OSC 52"))
}

/// Runs a program with this standard input; returns whether it succeeded.
fn run(words: &[&str], input: &[u8]) -> bool {
    let Some(mut command) = command(words) else { return false };
    let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return false };
    let is_written = child.stdin.take().is_some_and(|mut stdin| stdin.write_all(input).is_ok());
    child.wait().is_ok_and(|status| status.success()) && is_written
}

fn command(words: &[&str]) -> Option<Command> {
    let (program, arguments) = words.split_first()?;
    let mut named = Command::new(OsStr::new(program));
    named.args(arguments);
    let mut command = resolved(&named)?;
    withhold_secrets(&mut command);
    Some(command)
}

/// OSC 52, once more wrapped where tmux would keep it.
fn by_terminal(value: &[u8]) {
    let sequence = format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(value));
    if env::var("TMUX").is_some() {
        terminal::show(&format!("\u{1b}Ptmux;{}\u{1b}\\", sequence.replace('\u{1b}', "\u{1b}\u{1b}")));
    }
    terminal::show(&sequence);
}
