//! `config.toml`, judged: what in it no program reads, what can't be meant and what must not be there, each with its line
//! and column. Values are never repeated: one of them may be a secret.

mod checks;

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use cogtok::error::{Advice, printable};
use cogtok::settings::keys::Key;
use cogtok::settings::secret_detection::{is_like_a_secret, is_name_of_a_secret};
use cogtok::settings::types::ProfileName;
use cogtok::store::config::TARGETS;

/// What to do about a secret in the file.
pub(crate) const INSTEAD: &str =
    "remove it and store it: cogtok secret set KIND; if others could read the file, change it";

/// Something that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The profile that it is in.
    pub profile: Option<String>,
    /// The key as it is written, dotted within its profile.
    pub key: Option<String>,
    /// The problem, without the value.
    pub message: String,
    /// What to do about it.
    pub hint: Option<Advice>,
}

impl Finding {
    /// Whether two findings are about the same thing, whatever their lines.
    pub fn is_like(&self, other: &Finding) -> bool {
        (&self.profile, &self.key, &self.message) == (&other.profile, &other.key, &other.message)
    }
}

/// The problems of a configuration's text, by line.
pub fn lint(text: &str) -> Vec<Finding> {
    lint_as(text, false)
}

/// As [`lint`], for a file that may be an export of profiles for others: what is marked as one is judged as one.
pub fn lint_any(text: &str) -> Vec<Finding> {
    lint_as(text, true)
}

fn lint_as(text: &str, may_be_export: bool) -> Vec<Finding> {
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    // The rest of a broken file would only cause follow-up errors.
    let mut found = if errors.is_empty() {
        let mut found = checks::walk(table.get_ref(), &lines, may_be_export);
        found.extend(comments(text));
        found
    } else {
        let message = |error: &toml::de::Error| printable(error.message().lines().next().unwrap_or_default(), 120);
        let at = |error: &toml::de::Error| error.span().map_or(text.len(), |span| span.start);
        errors.iter().map(|error| lines.finding(at(error), format!("not valid TOML: {}", message(error)))).collect()
    };
    found.sort_by_key(|finding| (finding.line, finding.column));
    found.dedup();
    found
}

/// The lines of a profile's keys; empty for text that is not TOML.
pub fn lines_of_keys(text: &str, name: &ProfileName) -> BTreeMap<Key, usize> {
    let Ok(table) = DeTable::parse(text) else { return BTreeMap::new() };
    let lines = Lines::of(text);
    let profile = checks::get(table.get_ref(), "profiles").and_then(|profiles| checks::get(profiles, name.as_str()));
    let line = |key: &Key| {
        let (outer, last) =
            key.dotted().split_once('.').map_or((None, key.dotted()), |(outer, last)| (Some(outer), last));
        let table = outer.map_or(profile, |outer| checks::get(profile?, outer))?;
        let span = table.keys().find(|known| known.get_ref() == last)?.span();
        Some((*key, lines.place(span.start).0))
    };
    Key::ALL.iter().filter_map(line).collect()
}

/// The lines of the settings of a profile's targets; empty for text that is not TOML.
pub fn lines_of_targets(text: &str, name: &ProfileName) -> BTreeMap<String, usize> {
    let Ok(table) = DeTable::parse(text) else { return BTreeMap::new() };
    let lines = Lines::of(text);
    let profile = checks::get(table.get_ref(), "profiles").and_then(|profiles| checks::get(profiles, name.as_str()));
    let targets = profile.and_then(|profile| checks::get(profile, TARGETS));
    let mut found = BTreeMap::new();
    for target in targets.into_iter().flat_map(DeTable::keys).map(|name| name.get_ref()) {
        for field in targets.and_then(|targets| checks::get(targets, target)).into_iter().flat_map(DeTable::keys) {
            found.insert(format!("{TARGETS}.{target}.{}", field.get_ref()), lines.place(field.span().start).0);
        }
    }
    found
}

/// The line of a top-level key.
pub fn line_at_top(text: &str, key: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let span: Range<usize> = table.get_ref().keys().find(|known| known.get_ref() == key)?.span();
    Some(Lines::of(text).place(span.start).0)
}

/// The offsets of a text's lines.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { text, starts }
    }

    /// The line and the column of a byte.
    fn place(&self, at: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= at);
        let start = line.checked_sub(1).and_then(|line| self.starts.get(line)).copied().unwrap_or_default();
        (line, self.text.get(start..at).map_or(1, |before| before.chars().count() + 1))
    }

    fn finding(&self, at: usize, message: String) -> Finding {
        let (line, column) = self.place(at);
        Finding { line, column, profile: None, key: None, message, hint: None }
    }
}

/// Secrets in comments: a line that was put out of use is still there to read.
fn comments(text: &str) -> Vec<Finding> {
    let found = text.lines().enumerate().filter_map(|(at, line)| {
        let indent = line.len() - line.trim_start().len();
        let (key, value) = line.trim_start().strip_prefix('#')?.split_once('=')?;
        let (key, value) = (key.trim_start_matches('#').trim(), value.trim().trim_matches(['"', '\'']));
        let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "._-\"".contains(c));
        let is_secret = (is_name_of_a_secret(key) && key != "secrets" && value.len() >= 6) || is_like_a_secret(value);
        (is_key && is_secret).then(|| Finding {
            line: at + 1,
            column: indent + 1,
            profile: None,
            key: None,
            message: "this comment contains what looks like a secret".to_owned(),
            hint: Some(INSTEAD.into()),
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_in_a_comment_is_no_secret() {
        assert!(comments("# user_pool_id = \"us-east-1_0e38338e82134edca3dee4424c9f1978\"\n").is_empty());
    }
}
