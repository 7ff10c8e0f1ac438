//! Edits that touch the shape of the file: a profile under another name, a second one like it, keys that go.

use std::cmp::Ordering;
use std::collections::HashMap;

use toml_edit::{Item, Key as TomlKey, Table, TableLike, Value};

use crate::services::config_edit::{ConfigDocument, missing};
use cogtok::error::{Advice, Error, Result};
use cogtok::settings::types::ProfileName;
use cogtok::store::config::TARGETS;

impl ConfigDocument {
    /// Gives a profile another name: it keeps its place in the file, its comments and the part of the default.
    ///
    /// # Errors
    /// [`Kind::Config`](cogtok::error::Kind::Config) when there is no profile `old`, or there is one of the new name.
    pub fn rename(&mut self, old: &ProfileName, new: &ProfileName) -> Result<()> {
        self.require(old)?;
        self.vacant(new, old)?;
        let order: HashMap<String, usize> = self.names().iter().map(|name| (*name).to_owned()).zip(0..).collect();
        let rank = |key: &TomlKey| {
            let name = if key.get() == new.as_str() { old.as_str() } else { key.get() };
            order.get(name).copied().unwrap_or(usize::MAX)
        };
        let by_rank = |one: &TomlKey, other: &TomlKey| -> Ordering { rank(one).cmp(&rank(other)) };
        match self.0.get_mut("profiles") {
            Some(Item::Table(profiles)) => {
                let (key, profile) = profiles.remove_entry(old.as_str()).ok_or_else(|| missing(old))?;
                profiles.insert_formatted(&renamed(&key, new), profile);
                profiles.sort_values_by(|one, _, other, _| by_rank(one, other));
            }
            Some(Item::Value(Value::InlineTable(profiles))) => {
                let (key, profile) = profiles.remove_entry(old.as_str()).ok_or_else(|| missing(old))?;
                profiles.insert_formatted(&renamed(&key, new), profile);
                profiles.sort_values_by(|one, _, other, _| by_rank(one, other));
            }
            _ => return Err(missing(old)),
        }
        if self.default_profile() == Some(old.as_str()) {
            self.set_default(Some(new));
        }
        Ok(())
    }

    /// Adds a copy of a profile, with the list of its secrets and the comments between its keys.
    ///
    /// # Errors
    /// [`Kind::Config`](cogtok::error::Kind::Config) when there is no profile `from`, or there is one of the name `to`.
    pub fn copy(&mut self, from: &ProfileName, to: &ProfileName) -> Result<()> {
        self.require(from)?;
        self.vacant(to, from)?;
        let profiles = self.0.get_mut("profiles").and_then(Item::as_table_like_mut).ok_or_else(|| missing(from))?;
        let mut profile = profiles.get(from.as_str()).cloned().ok_or_else(|| missing(from))?;
        if let Item::Table(table) = &mut profile {
            // The comment above the original is about the original.
            table.decor_mut().clear();
            place_anew(table);
        }
        profiles.insert(to.as_str(), profile);
        Ok(())
    }

    /// Removes a key of a profile, even an unknown one, or a whole target; returns whether it existed. A table of keys is removed with its
    /// last key.
    ///
    /// # Errors
    /// [`Kind::Config`](cogtok::error::Kind::Config) when there is no such profile.
    pub fn unset(&mut self, name: &ProfileName, dotted: &str) -> Result<bool> {
        let profile = self.profile_mut(name)?;
        let path = path(profile, dotted);
        let prefix = comment_above(profile, &path);
        let mut was_there = Ok(false);
        self.sparing_comments(&prefix, |draft| {
            was_there = draft.profile_mut(name).map(|profile| take(profile, &path, matches!(path[..], [TARGETS, _])));
        });
        was_there
    }

    /// Removes an item and the comment right above it. A comment further up, after an empty line, is about more and stays; `prefix` has
    /// both.
    pub(crate) fn sparing_comments(&mut self, prefix: &str, remove: impl FnOnce(&mut Self)) {
        let end = prefix.rfind("\n\n").map(|at| at + 2).or_else(|| prefix.rfind("\n\r\n").map(|at| at + 3));
        let apart = end.and_then(|end| prefix.get(..end)).filter(|apart| apart.contains('#'));
        let before = apart.map(|_| self.0.to_string());
        remove(self);
        let Some((apart, before)) = apart.zip(before) else { return };
        let after = self.0.to_string();
        let mut places = before.match_indices(prefix);
        let (Some((at, _)), None) = (places.next(), places.next()) else { return };
        let (Some(start), Some(rest)) = (after.get(..at), after.get(at..)) else { return };
        let text = format!("{start}{apart}{}", rest.trim_start_matches(['\r', '\n']));
        if let (true, Ok(document)) = (before.starts_with(start), text.parse()) {
            self.0 = document;
        }
    }

    /// Refuses a name that is taken. Where it is that of the profile `old` itself, deleting what has the name is no way out.
    fn vacant(&self, name: &ProfileName, old: &ProfileName) -> Result<()> {
        if !self.names().contains(&name.as_str()) {
            return Ok(());
        }
        let error = Error::config(format!("profile `{name}` already exists"));
        Err(if name == old {
            error.hint("choose another name")
        } else {
            let delete = "choose another name, or delete that one: cogtok profile delete {name}";
            error.hint(Advice::new(delete).word("name", name))
        })
    }
}

/// The comment above a profile, whichever of its tables comes first.
pub(crate) fn above(profile: &Item) -> String {
    fn first(table: &Table) -> Option<(isize, &Table)> {
        let own = table.position().filter(|_| !table.is_implicit() && !table.is_dotted()).map(|at| (at, table));
        let inner = table.iter().filter_map(|(_, item)| first(item.as_table()?));
        own.into_iter().chain(inner).min_by_key(|(at, _)| *at)
    }
    let prefix = profile.as_table().and_then(first).and_then(|(_, table)| table.decor().prefix()?.as_str());
    prefix.unwrap_or_default().to_owned()
}

fn renamed(key: &TomlKey, name: &ProfileName) -> TomlKey {
    TomlKey::new(name.as_str()).with_leaf_decor(key.leaf_decor().clone()).with_dotted_decor(key.dotted_decor().clone())
}

/// Lets tables be written where they are inserted, not where they were copied from.
fn place_anew(table: &mut Table) {
    table.set_position(None);
    for (_, item) in table.iter_mut() {
        if let Item::Table(inner) = item {
            place_anew(inner);
        }
    }
}

/// The names that lead to a key. What a target is called may have dots in it, where it was not cogtok that wrote it.
fn path<'d>(profile: &dyn TableLike, dotted: &'d str) -> Vec<&'d str> {
    let Some((outer, rest)) = dotted.split_once('.') else { return vec![dotted] };
    let targets = profile.get(outer).filter(|_| outer == TARGETS).and_then(Item::as_table_like);
    match rest.rsplit_once('.') {
        Some((target, field)) if targets.is_some_and(|targets| !targets.contains_key(rest)) => {
            vec![outer, target, field]
        }
        _ => vec![outer, rest],
    }
}

fn comment_above(profile: &dyn TableLike, path: &[&str]) -> String {
    let Some((last, outer)) = path.split_last() else { return String::new() };
    let table = outer.iter().try_fold(profile, |table, name| table.get(name)?.as_table_like());
    let header = || table?.get(last).filter(|item| item.is_table()).map(above);
    let key = || Some(table?.key(last)?.leaf_decor().prefix()?.as_str()?.to_owned());
    header().or_else(key).unwrap_or_default()
}

/// Removes what `path` leads to, and each table on the way that is empty then and has no comment. A table is removed where it
/// is a target as a whole.
fn take(table: &mut dyn TableLike, path: &[&str], is_whole: bool) -> bool {
    let Some((name, rest)) = path.split_first() else { return false };
    let Some(item) = table.get_mut(name) else { return false };
    if rest.is_empty() {
        return (is_whole || !item.is_table_like()) && table.remove(name).is_some();
    }
    let has_comment = item.as_table().is_some_and(|table| says(table.decor()));
    let Some(inner) = item.as_table_like_mut() else { return false };
    let was_there = take(inner, rest, is_whole);
    if was_there && inner.is_empty() && !has_comment {
        table.remove(name);
    }
    was_there
}

fn says(decor: &toml_edit::Decor) -> bool {
    [decor.prefix(), decor.suffix()]
        .into_iter()
        .flatten()
        .filter_map(|text| text.as_str())
        .any(|text| text.contains('#'))
}
