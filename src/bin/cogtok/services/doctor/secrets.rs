//! The secret store, and whether it has the profile's secrets. Their values are not read.

use crate::app::NOT_ASKED;
use crate::services::doctor::hints;
use crate::services::doctor::{Check, Finding};
use cogtok::error::{Advice, Error, Kind, Result, printable};
use cogtok::secrets::store::{SecretId, SecretLookup, SecretStatus};

/// A secret that the profile lists.
#[derive(Debug)]
pub struct Wanted {
    /// The kind of secret, and its binding.
    pub binding: SecretId,
    /// The variable that supplies it instead.
    pub variable: Option<&'static str>,
}

/// The store and what is in it. `place` is its name, `look` what was seen of it when it was asked for all of `wanted`.
pub fn secrets(place: &str, look: &Result<SecretLookup>, wanted: &[Wanted]) -> Vec<Finding> {
    let is_needed = wanted.iter().any(|wanted| wanted.variable.is_none());
    let mut found = vec![store(place, look, is_needed)];
    let seen = look.as_ref().map(|look| look.found.as_slice()).unwrap_or_default();
    for (index, wanted) in wanted.iter().enumerate() {
        found.push(match (wanted.variable, seen.get(index)) {
            (Some(variable), _) => Finding::ok(Check::Secret, format!("the {} comes from {variable}", wanted.binding)),
            (None, Some(presence)) => secret(place, &wanted.binding, presence),
            (None, None) => Finding::skip(Check::Secret, format!("the {}: {place} can't be read", wanted.binding)),
        });
    }
    found
}

fn store(place: &str, look: &Result<SecretLookup>, is_needed: bool) -> Finding {
    let check = Check::SecretStore;
    let finding = match look {
        Ok(look) if look.is_locked => Finding::fail(check, Kind::Store, format!("{place} is locked"), hints::UNLOCK),
        Ok(_) => return Finding::ok(check, format!("{place} can be used")),
        // The configuration's check reports it.
        Err(error) if error.kind() == Kind::Config => {
            return Finding::skip(check, "the configuration does not say where secrets are stored");
        }
        Err(error) => without_wanted(error),
    };
    let is_harmless = look.as_ref().is_err_and(|error| error.code() == Some(NOT_ASKED));
    if is_needed && !is_harmless { finding } else { finding.softened() }
}

/// The failure without the secret that it happened to be about.
fn without_wanted(error: &Error) -> Finding {
    let mut finding = Finding::of(Check::SecretStore, error);
    // The last hint is the way without this store.
    if let [first, .., last] = error.advice() {
        finding.hint = Some(first.clone().then("; ").then(last.clone()));
    }
    if let Some((message, _)) = error.message().split_once(" (wanted: ") {
        finding.detail = printable(message, crate::services::doctor::MOST);
    }
    finding
}

fn secret(place: &str, binding: &SecretId, presence: &SecretStatus) -> Finding {
    let check = Check::Secret;
    match presence {
        SecretStatus::Here => Finding::ok(check, format!("the {binding} is in {place}")),
        SecretStatus::Missing => {
            let hint = Advice::new(hints::STORE).fill("value", binding.command());
            let finding = Finding::fail(check, Kind::Store, format!("the {binding} is not in {place}"), hint);
            // The list has one entry for all users, so the secret may be another user's.
            if binding.kind.is_of_a_user() { finding.softened() } else { finding }
        }
        SecretStatus::Elsewhere(origins) => {
            let origins: Vec<String> = origins.iter().map(|origin| printable(origin, 120)).collect();
            let detail = format!("the {binding} was stored for {}, not for {}", origins.join(" and "), binding.origin);
            Finding::fail(check, Kind::Config, detail, Advice::new(hints::STORE_AGAIN).fill("value", binding.command()))
        }
    }
}
