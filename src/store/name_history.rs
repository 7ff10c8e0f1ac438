//! Names of users and groups that a pool's lists have shown, for completion: a private file beside the cached tokens, one a
//! pool. Nothing depends on it, so that nothing here fails.

use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::file;
use super::state_file::{FileContent, StateFile, digest_name};

/// The most names of a kind.
const MOST: usize = 1000;

/// Names seen in a pool, the latest last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameHistory {
    /// User names, as they are typed.
    pub users: Vec<String>,
    /// Groups.
    pub groups: Vec<String>,
}

impl FileContent for NameHistory {
    const LIMIT: u64 = 512 * 1024;
    const VERSION: Option<u64> = Some(1);
}

/// The names seen in `pool` at `origin`.
pub fn read(cache_dir: Option<&Path>, pool: &str, origin: &str) -> NameHistory {
    cache_dir.and_then(|dir| file_of(dir, pool, origin).read().ok().flatten()).unwrap_or_default()
}

/// Notes what was seen of `pool`. Where another process does so just now, or the disk does not allow it, nothing is noted.
pub fn note<'a>(
    cache_dir: Option<&Path>,
    pool: &str,
    origin: &str,
    users: impl IntoIterator<Item = &'a str>,
    groups: impl IntoIterator<Item = &'a str>,
) {
    let Some(dir) = cache_dir else { return };
    change(dir, pool, origin, |seen| {
        add(&mut seen.users, users);
        add(&mut seen.groups, groups);
    });
}

/// Removes a deleted user.
pub fn forget_user(cache_dir: Option<&Path>, pool: &str, origin: &str, user: &str) {
    let Some(dir) = cache_dir.filter(|dir| file_of(dir, pool, origin).path().exists()) else { return };
    change(dir, pool, origin, |seen| seen.users.retain(|known| known != user));
}

/// Forgets everything that was seen of any pool. Lock files stay.
pub fn clear(cache_dir: Option<&Path>) {
    let files = cache_dir.and_then(|dir| std::fs::read_dir(dir).ok());
    for file in files.into_iter().flatten().flatten() {
        if file.file_name().to_str().is_some_and(|name| name.starts_with("seen-") && name.ends_with(".json")) {
            let _ = file::remove(&file.path());
        }
    }
}

fn change(dir: &Path, pool: &str, origin: &str, change: impl FnOnce(&mut NameHistory)) {
    let Ok(lock) = file_of(dir, pool, origin).lock(Instant::now()) else { return };
    let before = lock.file().read().ok().flatten().unwrap_or_default();
    let mut seen = before.clone();
    change(&mut seen);
    if seen != before {
        let _ = lock.replace(&seen);
    }
}

fn add<'a>(known: &mut Vec<String>, names: impl IntoIterator<Item = &'a str>) {
    for name in names {
        let is_name = (1..=128).contains(&name.len()) && !name.chars().any(crate::error::is_unprintable);
        if is_name && !known.iter().any(|other| other == name) {
            known.push(name.to_owned());
        }
    }
    let over = known.len().saturating_sub(MOST);
    known.drain(..over);
}

fn file_of(dir: &Path, pool: &str, origin: &str) -> StateFile<NameHistory> {
    StateFile::new(dir, &format!("seen-{}", digest_name(format!("{}:{pool}{origin}", pool.len()))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_once_the_oldest_go_and_a_pool_is_a_pool_at_one_place() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("cache");
        let many: Vec<String> = (0..MOST + 5).map(|n| format!("u{n}")).collect();
        note(Some(&dir), "p", "https://a", many.iter().map(String::as_str), ["g", "g", "a\u{1b}b", ""]);
        note(Some(&dir), "p", "https://a", ["u7"], []);
        let seen = read(Some(&dir), "p", "https://a");
        assert_eq!((seen.users.len(), seen.users[0].as_str(), seen.groups), (MOST, "u5", vec!["g".to_owned()]));
        assert!(read(Some(&dir), "p", "https://b").users.is_empty() && read(None, "p", "https://a").users.is_empty());
        forget_user(Some(&dir), "p", "https://a", "u7");
        assert!(!read(Some(&dir), "p", "https://a").users.contains(&"u7".to_owned()));
        clear(Some(&dir));
        assert!(read(Some(&dir), "p", "https://a").users.is_empty());
    }
}
