//! Lists the cache's entries.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::cache::token_cache::{Cache, CacheKey, CacheRecord};
use crate::error::{Error, Result};
use crate::store::elsewhere;
use crate::store::file;
use crate::store::state_file::{FileContent, ReadError, StateFile};
use crate::token::TokenSet;

/// The kinds of key whose files are reported even where they can't be understood.
const KINDS: [&str; 4] = ["user", "m2m", "exchange", AWS];

/// The kind of key for AWS credentials.
const AWS: &str = "aws";

/// The cache's entries.
#[derive(Debug, Default)]
pub struct Listing {
    /// The tokens, expired ones included, in the order of their files' names.
    pub entries: Vec<Entry>,
    /// AWS credentials that an identity pool gave.
    pub credentials: Vec<Credentials>,
    /// Unusable files: name and reason.
    pub unusable: Vec<(String, String)>,
}

/// Tokens and what they depend on.
#[derive(Debug)]
pub struct Entry {
    /// Its key.
    pub key: CacheKey,
    /// The tokens.
    pub tokens: TokenSet,
    /// How many requests they have saved, and those under the same key before them.
    pub saved: u64,
}

/// AWS credentials in the cache, without themselves.
#[derive(Debug, Serialize, Deserialize)]
pub struct Credentials {
    /// Its key.
    pub key: CacheKey,
    /// When they end, in seconds since the Unix epoch.
    pub expires_at: u64,
}

impl FileContent for Credentials {
    const LIMIT: u64 = CacheRecord::LIMIT;
}

impl Entry {
    /// Whether there is a session that renews these tokens, for which the entry is needed when they have expired.
    pub fn has_session(&self) -> bool {
        self.tokens.renewal.session().is_some()
    }

    /// Whether none of its tokens is valid at `now`.
    pub fn is_over(&self, now: u64) -> bool {
        !self.tokens.is_any_valid(now)
    }
}

impl Cache {
    /// Everything in the cache at `now`. A directory that is not there holds nothing.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the directory can't be read.
    pub fn list(&self, now: u64) -> Result<Listing> {
        let mut listing = Listing::default();
        let Some(dir) = &self.dir else { return Ok(listing) };
        let unreadable = |why: &std::io::Error| {
            Error::store(format!("{} can't be read: {why}{}", dir.display(), elsewhere(why, "XDG_CACHE_HOME")))
        };
        let entries = match std::fs::read_dir(dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(listing),
            Err(error) => return Err(unreadable(&error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(|error| unreadable(&error))?.file_name();
            names.extend(name.to_str().filter(|name| stem(name).is_some()).map(str::to_owned));
        }
        names.sort();
        for name in names {
            if name.starts_with("aws-") {
                match read_credentials(&dir.join(&name), &name) {
                    Ok(credentials) => listing.credentials.push(credentials),
                    Err(why) => listing.unusable.push((name, why)),
                }
                continue;
            }
            match read(&dir.join(&name), &name, now) {
                Ok((key, tokens)) => {
                    let saved = self.saved(&key);
                    listing.entries.push(Entry { key, tokens, saved });
                }
                Err(_) if !is_ours(&name) => {}
                Err(why) => listing.unusable.push((name, why)),
            }
        }
        Ok(listing)
    }

    /// Forgets the tokens of an entry, and keeps the session that renews them: that ends by signing out.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when the file can't be removed or replaced, or another process holds the
    /// key's lock until `deadline`.
    pub fn forget_tokens(&self, entry: &Entry, now: u64, deadline: Instant) -> Result<()> {
        let key = &entry.key;
        if !entry.has_session() {
            return self.forget(key);
        }
        let path = self.dir.as_ref().map(|dir| dir.join(format!("{}.json", key.stem()))).unwrap_or_default();
        let unremovable = |why: &dyn std::fmt::Display| {
            Error::store(format!("the tokens in {} can't be removed: {why}", path.display()))
        };
        // A renewal in progress ends first, so that its tokens are deleted too.
        let Some(file) = self.file::<CacheRecord>(key) else { return Ok(()) };
        let mut why = None;
        let lock = file.lock_or(deadline, |_, error| why = Some(error.to_string()))?;
        let lock = lock.ok_or_else(|| unremovable(&why.as_deref().unwrap_or("its lock can't be used")))?;
        let mut lock = super::KeyLock { lock, key: key.clone() };
        let Some(tokens) = self.read_with_session(key, now) else { return Ok(()) };
        lock.write(&tokens.deleted()).map_err(|why| match why.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => unremovable(&why).hint("make room, and try again"),
            _ => unremovable(&why),
        })
    }

    /// Removes a file that [`Cache::list`] found unusable. Its lock file stays.
    ///
    /// # Errors
    /// [`Kind::Store`](crate::error::Kind::Store) when it can't be removed.
    pub fn discard(&self, name: &str) -> Result<()> {
        let Some(path) = self.dir.as_ref().filter(|_| stem(name).is_some()).map(|dir| dir.join(name)) else {
            return Ok(());
        };
        file::remove(&path).map_err(|error| Error::store(format!("{} can't be removed: {error}", path.display())))
    }
}

fn read(path: &Path, name: &str, now: u64) -> Result<(CacheKey, TokenSet), String> {
    let stored: CacheRecord = content(path, "it is not a cached token")?;
    let key = stored.key.clone();
    if Some(key.stem()) != stem(name) {
        return Err("it is not what its name says".to_owned());
    }
    let tokens = stored.into_tokens(&key, now).ok_or("it is from the future, or no token can be read from it")?;
    Ok((key, tokens))
}

fn read_credentials(path: &Path, name: &str) -> Result<Credentials, String> {
    let kept: Credentials = content(path, "it contains no AWS credentials")?;
    if kept.key.part("kind") == Some(AWS) && Some(kept.key.stem()) == stem(name) {
        Ok(kept)
    } else {
        Err("it is not what its name says".to_owned())
    }
}

fn content<T: FileContent>(path: &Path, malformed: &str) -> Result<T, String> {
    match StateFile::at(path.to_path_buf()).read() {
        Ok(content) => content.ok_or_else(|| "it was just removed".to_owned()),
        Err(ReadError::Malformed) => Err(malformed.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The name of a key's file without its ending.
fn stem(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".json")?;
    let (kind, digest) = stem.split_once('-')?;
    let is_stem = !kind.is_empty()
        && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && digest.len() == 32
        && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_stem.then_some(stem)
}

/// Others may have files in this folder.
fn is_ours(name: &str) -> bool {
    name.split_once('-').is_some_and(|(kind, _)| KINDS.contains(&kind))
}
