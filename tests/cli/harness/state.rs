//! The oracles over what a run left behind: files, modes, leaks, temporary files, processes.

use super::home::{Home, Kind, State};
use super::oracle::find_canary;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Adds a line to `faults` for each thing that is wrong with the home.
pub fn check(home: &Home, state: &State, success: bool, faults: &mut Vec<String>) {
    let mut entries = Vec::new();
    walk(&home.path(""), &mut entries);
    for (path, meta) in &entries {
        if state.allowed.iter().any(|allowed| path.starts_with(allowed)) {
            continue;
        }
        let own = home.own_dirs().iter().any(|dir| path.starts_with(dir));
        // A test may plant a sparse gigabyte.
        let readable = meta.is_file() && meta.len() < 64 << 20;
        let content = if readable { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
        if state.planted.get(path).is_some_and(|planted| *planted == content) {
            continue;
        }
        let name = path.strip_prefix(home.path("")).unwrap_or(path).display();
        let mode = meta.permissions().mode() & 0o7777;
        let wanted = if meta.is_dir() { 0o700 } else { 0o600 };
        if own && !meta.is_symlink() && mode != wanted {
            faults.push(format!("O5 {name} has mode {mode:04o}"));
        }
        if path.starts_with(home.work()) && *path != home.work() {
            faults.push(format!("O5 {name}: written to the working directory"));
        }
        if own && let Some(problem) = unparsable(path, &content) {
            faults.push(format!("O5 {name} does not parse: {problem}"));
        }
        for canary in &state.canaries {
            let may = match canary.kind {
                Kind::Secret => false,
                Kind::Password => path.starts_with(home.state_dir()),
                Kind::Token => path.starts_with(home.cache_dir()),
            };
            if !may && let Some(form) = find_canary(&content, &canary.value) {
                faults.push(format!("O3 {form} in {name}"));
            }
        }
    }
    if success && !state.killed {
        faults.extend(strays(home).iter().map(|path| format!("O5 temporary file left: {}", path.display())));
    }
    faults.extend(orphans(home));
}

/// Every file under `dir` with its content.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut entries = Vec::new();
    walk(dir, &mut entries);
    let files = entries.into_iter().filter(|(_, meta)| meta.is_file());
    files.map(|(path, _)| (path.clone(), std::fs::read(&path).unwrap_or_default())).collect()
}

/// Temporary files in cogtok's own directories and in TMPDIR.
pub fn strays(home: &Home) -> Vec<PathBuf> {
    let mut entries = Vec::new();
    for dir in home.own_dirs() {
        walk(&dir, &mut entries);
    }
    let temporary = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with('.') || name.contains(".tmp") || name.ends_with('~')
    };
    entries.into_iter().map(|(path, _)| path).filter(temporary).collect()
}

fn walk(dir: &Path, entries: &mut Vec<(PathBuf, Metadata)>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(meta) = path.symlink_metadata() else { continue };
        if meta.is_dir() {
            walk(&path, entries);
        }
        entries.push((path, meta));
    }
    if let Ok(meta) = dir.symlink_metadata()
        && !entries.iter().any(|(path, _)| path == dir)
    {
        entries.push((dir.to_path_buf(), meta));
    }
}

fn unparsable(path: &Path, content: &[u8]) -> Option<String> {
    let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).err().map(|error| error.to_string());
    match path.extension()?.to_str()? {
        "toml" => match std::str::from_utf8(content) {
            Ok(text) => toml::from_str::<toml::Table>(text).err().map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        },
        "json" => json(content),
        "jsonl" => content.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).find_map(json),
        _ => None,
    }
}

/// Processes that still carry this home in their environment.
fn orphans(home: &Home) -> Option<String> {
    let root = home.path("");
    let root = root.as_os_str().as_bytes();
    let root = root.strip_suffix(b"/").unwrap_or(root);
    let mut wanted = b"HOME=".to_vec();
    wanted.extend_from_slice(root);
    let find = || {
        let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        processes.into_iter().find_map(|entry| {
            let environ = std::fs::read(entry.path().join("environ")).ok()?;
            environ.split(|byte| *byte == 0).any(|variable| variable == wanted).then_some(entry.path())
        })
    };
    let start = std::time::Instant::now();
    while let Some(process) = find() {
        // A child that was told to end may need a moment.
        if start.elapsed() > Duration::from_secs(1) {
            let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
            return Some(format!("O6 still running: {}", String::from_utf8_lossy(&line).replace('\0', " ")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    None
}
