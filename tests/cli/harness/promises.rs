//! How many cases stand behind each promise: what tests/run sums up and prints at its end.

use std::io::Write;
use std::path::PathBuf;

/// Notes that so many cases of a promise were tried, and held.
pub fn held(promise: &str, cases: usize) {
    let path = target_dir().join("promises");
    let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    let line = format!("{cases}\t{promise}\n");
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Whether the loops run at their full length (`tests/run --long`).
pub fn is_long() -> bool {
    std::env::var_os("COGTOK_TESTS_LONG").is_some()
}

/// The length of a loop, short or long.
pub fn length(short: usize, long: usize) -> usize {
    if is_long() { long } else { short }
}

/// Cargo's target folder, found from where this executable lies (CARGO_TARGET_DIR is not always set).
pub fn target_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("current_exe");
    exe.ancestors()
        // Cargo tags only a folder that it made itself, and tests/run may have made this one for the local Cognito.
        .find(|dir| [".rustc_info.json", "CACHEDIR.TAG"].iter().any(|file| dir.join(file).is_file()))
        .unwrap_or_else(|| panic!("no Cargo target folder above {}", exe.display()))
        .to_path_buf()
}
