//! A note of a run's key, from before the key is in the secret store until its run is in its place, and from before the run
//! is gone until the key is: whatever kills cogtok in between, the next run finds the key that belongs to none.

use std::fs::OpenOptions;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use cogtok::error::Result;
use cogtok::store::file::{self, open_regular};

use super::run::{Head, line_of, next_line, runs_dir, unwritable};
use crate::services::output_file;

/// What the names of notes end in.
const EXTENSION: &str = "key";

/// Notes the key of a run. It says whose it is, and not what it is.
///
/// # Errors
/// [`Kind::Store`](cogtok::error::Kind::Store) when it can't be written.
pub fn write(state_dir: Option<&Path>, head: &Head) -> Result<()> {
    let path = path(state_dir, head)?;
    let dir = path.parent().unwrap_or(&path);
    let write = || -> io::Result<()> {
        file::create_private_dir(dir)?;
        output_file::put(&path, &line_of(head)?)
    };
    write().map_err(|error| unwritable(&path, &error))
}

/// Removes the note of a run's key. That it stays is no failure: it is looked at again with the next run.
pub fn remove(state_dir: Option<&Path>, head: &Head) {
    if let Ok(path) = path(state_dir, head)
        && let Err(error) = file::remove(&path)
    {
        log::debug!(target: "cogtok", "{} is still there: {error}", path.display());
    }
}

/// The keys that were noted and whose runs are not there.
pub fn without_run(state_dir: Option<&Path>) -> Vec<Head> {
    let Ok(dir) = runs_dir(state_dir) else { return Vec::new() };
    let notes = super::paths_of(&dir, EXTENSION).unwrap_or_default();
    let is_orphan = |note: &PathBuf| file::is_absent(&note.with_extension("jsonl"));
    notes.into_iter().filter(is_orphan).filter_map(|note| read(&note).ok()).collect()
}

fn read(path: &Path) -> io::Result<Head> {
    let file = open_regular(OpenOptions::new().read(true), path)?;
    let mut line = Default::default();
    next_line(&mut BufReader::new(file), &mut line)?;
    Ok(serde_json::from_slice(&line)?)
}

fn path(state_dir: Option<&Path>, head: &Head) -> Result<PathBuf> {
    Ok(runs_dir(state_dir)?.join(format!("{}.{EXTENSION}", head.run)))
}
