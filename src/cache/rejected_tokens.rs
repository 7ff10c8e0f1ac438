//! Where a new token was refused a moment ago as the one before it was: a third would be as well, and each may cost money.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::store::file;

/// For how long no other token is asked for, in milliseconds.
const TRUCE: u64 = 60_000;
const LIMIT: u64 = 64;

/// What is remembered under the cache directory; without one nothing is.
#[derive(Debug, Clone)]
pub struct RejectedTokens {
    dir: Option<PathBuf>,
}

impl RejectedTokens {
    /// What is remembered under `cache_dir`, which need not exist.
    pub fn new(cache_dir: Option<&Path>) -> Self {
        RejectedTokens { dir: cache_dir.map(|dir| dir.join("refused")) }
    }

    /// Whether a new token was refused under `key` in the minute before `now`, in milliseconds since the Unix epoch. A file
    /// that can't be understood, or is from the future, says nothing.
    pub fn is_recent(&self, key: &str, now: u64) -> bool {
        let bytes = self.path(key).and_then(|path| file::read_private(&path, LIMIT).ok().flatten());
        let at = bytes.and_then(|bytes| std::str::from_utf8(&bytes).ok()?.parse::<u64>().ok());
        at.and_then(|at| now.checked_sub(at)).is_some_and(|age| age < TRUCE)
    }

    /// Remembers that a new token was refused under `key` at `now`. Where it can't be written, nothing is remembered.
    pub fn note(&self, key: &str, now: u64) {
        let Some((path, dir)) = self.path(key).zip(self.dir.as_deref()) else { return };
        let written = file::create_private_dir(dir).and_then(|()| file::replace(&path, now.to_string().as_bytes()));
        if let Err(error) = written {
            log::info!(target: "cogtok", "the refusal can't be noted in {}: {error}", path.display());
        }
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        let hex: String = Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Some(self.dir.as_ref()?.join(hex))
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
        // A clock that was set back must not keep anybody out for long.
        assert!(!ask("here", 999_999));
        assert!(!ask("there", 1_000_001));
        let path = refusals.path("here").unwrap();
        file::replace(&path, b"no number").unwrap();
        assert!(!ask("here", 1_000_001));
        RejectedTokens::new(None).note("here", 1);
        assert!(!RejectedTokens::new(None).is_recent("here", 1));
    }
}
