//! A look into the cache for those who can do without what they don't find.

use std::time::Instant;

use crate::cache::token_cache::{Cache, CacheKey, CacheRecord, Entry, LIMIT};
use crate::store::file;

#[derive(serde::Deserialize)]
struct RecordKey {
    key: CacheKey,
}

impl Cache {
    /// The tokens whose key `is_wanted`, expired ones included: what can't be read is passed over without a word, and at
    /// `until` there are no more.
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
            let Ok(Some(bytes)) = file::read_private(&file.path(), LIMIT) else { continue };
            // The key alone first: most are somebody else's.
            let Ok(RecordKey { key }) = serde_json::from_slice(&bytes) else { continue };
            if !is_wanted(&key) {
                continue;
            }
            let stored = serde_json::from_slice::<CacheRecord>(&bytes).ok();
            if let Some(tokens) = stored.and_then(|stored| stored.into_tokens(&key, now)) {
                let saved = self.saved(&key);
                found.push(Entry { key, tokens, saved });
            }
        }
        found
    }
}
