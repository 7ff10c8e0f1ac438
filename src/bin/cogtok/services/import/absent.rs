//! The error for a source that can only be a file and is not there, with the names that were likely meant.

use cogtok::error::{Error, printable};

/// The most names that are offered.
const MOST: usize = 3;

/// The most files of the same sort that are offered for one that is like none of them.
const MOST_OF_SORT: usize = 2;

/// The error for a file that is not there; `beside` has the names where it would be.
pub fn absent(text: &str, beside: &[String]) -> Error {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text).to_lowercase();
    let mut near: Vec<(f64, &String)> =
        beside.iter().map(|other| (likeness(&name, &other.to_lowercase()), other)).collect();
    near.retain(|(likeness, _)| *likeness >= 0.6);
    near.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    let mut near: Vec<&String> = near.into_iter().map(|(_, name)| name).collect();
    if near.is_empty() {
        near = beside.iter().filter(|other| is_of_sort(&name, &other.to_lowercase())).collect();
        near.sort();
        // Of many files of one sort none is likely.
        if near.len() > MOST_OF_SORT {
            near.clear();
        }
    }
    let near: Vec<String> = near.iter().take(MOST).map(|name| format!("`{}`", printable(name, 80))).collect();
    let error = Error::usage(format!("there is no file `{}`", printable(text, 120)));
    if near.is_empty() { error } else { error.hint(format!("did you mean {} beside it?", near.join(" or "))) }
}

/// The name before its last dot, and what is after that; `None` for a name without an ending.
fn split(name: &str) -> Option<(&str, &str)> {
    name.trim_start_matches('.').rsplit_once('.')
}

/// Whether two names end alike.
fn is_of_sort(name: &str, other: &str) -> bool {
    split(name).zip(split(other)).is_some_and(|(one, other)| one.1 == other.1)
}

/// How likely a name was meant by another, from 0 to 1: by its spelling, or by how it begins.
fn likeness(name: &str, other: &str) -> f64 {
    let spelling = match split(name).zip(split(other)) {
        // A common ending makes any two names similar.
        Some((one, other)) if one.1 == other.1 => strsim::normalized_damerau_levenshtein(one.0, other.0),
        _ => strsim::normalized_damerau_levenshtein(name, other),
    };
    let stem = |name: &str| name.trim_start_matches('.').split('.').next().unwrap_or_default().to_owned();
    let (own, its) = (stem(name), stem(other));
    if own.is_empty() {
        return spelling;
    }
    let is_begun = own.len() >= 3 && (its.starts_with(&own) || (its.len() >= 3 && own.starts_with(&its)));
    let least = match (own == its, is_begun) {
        (true, _) => 0.9,
        (_, true) => 0.8,
        _ => 0.0,
    };
    spelling.max(least)
}
