//! The command after `--`, for shells whose scripts don't hand over to the shell's own completion.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::DirEntry;

use clap_complete::CompletionCandidate;
use clap_complete::engine::{PathCompleter, ValueCompleter};

use super::command_line::line;
use super::name_history::offer;
use crate::env;

/// Programs of PATH, or files if the program is complete or is a path.
pub fn commands(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_string_lossy();
    if line().is_first_after_dashes() && !text.contains(['/', '\\']) {
        return offer(programs(&text));
    }
    match env::current_dir() {
        Some(dir) => PathCompleter::any().current_dir(dir).complete(current),
        None => Vec::new(),
    }
}

fn programs(prefix: &str) -> BTreeSet<String> {
    let path = env::var("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
    let entries = dirs.filter_map(|dir| std::fs::read_dir(dir).ok()).flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix)));
    named.filter(is_program).filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

#[cfg(unix)]
fn is_program(entry: &DirEntry) -> bool {
    use std::os::unix::fs::PermissionsExt;
    // The entry itself may be a link.
    std::fs::metadata(entry.path()).is_ok_and(|there| there.is_file() && there.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(entry: &DirEntry) -> bool {
    let ending = entry.path().extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    ending.is_some_and(|ending| ["exe", "com", "cmd", "bat"].contains(&ending.as_str()))
}
