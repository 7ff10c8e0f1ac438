//! The key under which tokens are cached: everything that they depend on.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::store::state_file::digest_name;

/// The key of a cached token, as named values.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CacheKey {
    parts: Vec<(String, String)>,
    // The stem of its file names, used several times in a call.
    #[serde(skip)]
    stem: OnceLock<String>,
}

impl PartialEq for CacheKey {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for CacheKey {}

impl CacheKey {
    /// A key of these parts, the first of which is its kind (`user`, `m2m`).
    pub fn of(parts: &[(&str, &str)]) -> Self {
        CacheKey { parts: owned(parts).collect(), stem: OnceLock::new() }
    }

    /// The same with another kind and these parts added.
    pub fn with_kind(self, kind: &str, added: &[(&str, &str)]) -> Self {
        let mut parts = self.parts;
        if let Some((_, first)) = parts.first_mut() {
            *first = kind.to_owned();
        }
        parts.extend(owned(added));
        CacheKey { parts, stem: OnceLock::new() }
    }

    /// The part of this name.
    pub fn part(&self, name: &str) -> Option<&str> {
        self.parts.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether two keys are the same but for the parts of these names.
    pub fn is_like(&self, other: &CacheKey, but_for: &[&str]) -> bool {
        let counts = |key: &CacheKey| {
            key.parts.iter().filter(|(name, _)| !but_for.contains(&name.as_str())).cloned().collect::<Vec<_>>()
        };
        counts(self) == counts(other)
    }

    /// The name of its files without their endings.
    pub(crate) fn stem(&self) -> &str {
        self.stem.get_or_init(|| {
            // Lengths keep adjacent parts apart.
            let parts =
                self.parts.iter().map(|(name, value)| format!("{}:{name}={}:{value};", name.len(), value.len()));
            let kind = self.parts.first().map_or("token", |(_, kind)| kind.as_str());
            format!("{kind}-{}", digest_name(parts.collect::<String>()))
        })
    }
}

fn owned(parts: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    parts.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_key_do_not_run_into_each_other() {
        let one = CacheKey::of(&[("kind", "m2m"), ("a", "x;1:b=1:y")]);
        let other = CacheKey::of(&[("kind", "m2m"), ("a", "x"), ("b", "y")]);
        assert_ne!(one.stem(), other.stem());
        assert!(one.stem().starts_with("m2m-"));
    }
}
