//! Records that the API just refused a new token as well: a third would be refused too, and each may cost money.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::store::state_file::{FileContent, StateFile, digest_name};

/// How long no other token is requested, in milliseconds.
const TRUCE: u64 = 60_000;

/// How long another process may take to write the same note.
const PATIENCE: Duration = Duration::from_millis(500);

/// When a new token was refused, in milliseconds since the Unix epoch.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct RejectedAt(u64);

impl FileContent for RejectedAt {
    const LIMIT: u64 = 64;
}

/// Notes in the cache directory; without one, nothing is recorded.
#[derive(Debug, Clone)]
pub struct RejectedTokens {
    dir: Option<PathBuf>,
}

impl RejectedTokens {
    /// Notes under `cache_dir`, which need not exist.
    pub fn new(cache_dir: Option<&Path>) -> Self {
        RejectedTokens { dir: cache_dir.map(|dir| dir.join("refused")) }
    }

    /// Whether a new token was refused under `key` in the minute before `now`, in milliseconds since the Unix epoch. An unreadable note, or
    /// one from the future, does not count.
    pub fn is_recent(&self, key: &str, now: u64) -> bool {
        let rejected = self.file(key).and_then(|file| file.read().ok().flatten());
        rejected.and_then(|RejectedAt(at)| now.checked_sub(at)).is_some_and(|age| age < TRUCE)
    }

    /// Remembers that a new token was refused under `key` at `now`. Where it can't be written, nothing is remembered.
    pub fn note(&self, key: &str, now: u64) {
        let Some(file) = self.file(key) else { return };
        // A process that holds the lock for longer writes the same note.
        if let Err(error) = file.write(&RejectedAt(now), Instant::now() + PATIENCE) {
            log::info!(target: "cogtok", "the refusal can't be recorded in {}: {error}", file.path().display());
        }
    }

    fn file(&self, key: &str) -> Option<StateFile<RejectedAt>> {
        Some(StateFile::at(self.dir.as_ref()?.join(digest_name(key))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_for_a_minute_and_for_its_own_key() {
        let dir = tempfile::tempdir().unwrap();
        let refusals = RejectedTokens::new(Some(dir.path()));
        assert!(!refusals.is_recent("here", 1_000_000));
        refusals.note("here", 1_000_000);
        let ask = |key, now| refusals.is_recent(key, now);
        assert_eq!([ask("here", 1_000_000), ask("here", 1_059_999), ask("here", 1_060_000)], [true, true, false]);
        // A clock that was set back must not block requests for long.
        assert!(!ask("here", 999_999));
        assert!(!ask("there", 1_000_001));
        let path = refusals.file("here").unwrap().path().to_path_buf();
        crate::store::file::replace(&path, b"no number").unwrap();
        assert!(!ask("here", 1_000_001));
        RejectedTokens::new(None).note("here", 1);
        assert!(!RejectedTokens::new(None).is_recent("here", 1));
    }
    #[test]
    fn nothing_is_written_while_another_process_has_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let refusals = RejectedTokens::new(Some(dir.path()));
        let other = refusals.file("here").unwrap().lock(Instant::now()).unwrap();
        refusals.note("here", 1_000_000);
        assert!(!refusals.is_recent("here", 1_000_000));
        drop(other);
        refusals.note("here", 1_000_000);
        assert!(refusals.is_recent("here", 1_000_000));
    }
}
