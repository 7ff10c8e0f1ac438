//! A look into the cache for those who can do without what they don't find.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::cache::token_cache::{Cache, CacheKey, CacheRecord, Entry};
use crate::store::state_file::{FileContent, StateFile};

/// The owner's part of a record: most records are another user's.
#[derive(Serialize, Deserialize)]
struct RecordKey {
    key: CacheKey,
}

impl FileContent for RecordKey {
    const LIMIT: u64 = CacheRecord::LIMIT;
    const VERSION: Option<u64> = CacheRecord::VERSION;
}

impl Cache {
    /// The tokens whose key `is_wanted`, including expired ones. Unreadable files are skipped silently, and reading stops at `until`.
    pub fn peek(&self, is_wanted: impl Fn(&CacheKey) -> bool, now: u64, until: Instant) -> Vec<Entry> {
        let dir = self.dir.as_ref().and_then(|dir| std::fs::read_dir(dir).ok());
        let is_tokens = |name: &str| name.ends_with(".json") && (name.starts_with("user-") || name.starts_with("m2m-"));
        let mut found = Vec::new();
        for file in dir.into_iter().flatten().flatten() {
            if Instant::now() >= until {
                break;
            }
            if !file.file_name().to_str().is_some_and(is_tokens) {
                continue;
            }
            let Ok(Some(RecordKey { key })) = StateFile::at(file.path()).read() else { continue };
            if !is_wanted(&key) {
                continue;
            }
            let stored = StateFile::<CacheRecord>::at(file.path()).read().ok().flatten();
            if let Some(tokens) = stored.and_then(|stored| stored.into_tokens(&key, now)) {
                let saved = self.saved(&key);
                found.push(Entry { key, tokens, saved });
            }
        }
        found
    }
}
