//! Names of users, groups, scopes and claims that the profile has seen: in its cached tokens, the journal of new users, and stored
//! listings. From files of this machine only, read in a time that nobody notices.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::services::journal;
use clap_complete::CompletionCandidate;
use cogtok::cache::token_cache::{Cache, CacheKey, Entry};
use cogtok::error::is_unprintable;
use cogtok::oauth::client_credentials;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::store::Dirs;
use cogtok::store::name_history;
use cogtok::token::identity::Identity;
use cogtok::token::jwt::payload_unverified;
use cogtok::user_pool::user_token;
use serde_json::Value;

use super::command_line::line;
use crate::env;

/// How long files are looked at. A debug build takes its time.
const PATIENCE: Duration = Duration::from_millis(if cfg!(debug_assertions) { 2000 } else { 25 });

/// The parts of a key in which one profile may have several.
const VARYING: [&str; 3] = ["username", "scopes", "scopes_from"];

/// The most values that are offered.
const MOST: usize = 500;

/// The users of the pool that were seen.
pub fn users() -> Vec<CompletionCandidate> {
    let mut names: BTreeSet<String> = line().settings().list(Key::Username).iter().cloned().collect();
    let Some(profile) = line().profile() else { return offer(names) };
    let dirs = env::dirs();
    for entry in entries(dirs, &profile) {
        names.extend(entry.key.part("username").filter(|name| !name.is_empty()).map(str::to_owned));
        names.extend(Identity::of(&entry.tokens).filter(|_| is_users(&entry)).map(|user| user.shown().to_owned()));
    }
    if let Some((pool, origin)) = pool(&profile) {
        names.extend(journal::users(dirs.state.as_deref(), &pool, &origin));
        names.extend(name_history::read(dirs.cache.as_deref(), &pool, &origin).users);
    }
    offer(names)
}

/// The groups that were seen.
pub fn groups() -> Vec<CompletionCandidate> {
    let Some(profile) = line().profile() else { return Vec::new() };
    let dirs = env::dirs();
    let mut groups = BTreeSet::new();
    for claims in entries(dirs, &profile).iter().flat_map(claims) {
        let listed = claims.get("cognito:groups").and_then(Value::as_array);
        groups.extend(listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    }
    if let Some((pool, origin)) = pool(&profile) {
        groups.extend(name_history::read(dirs.cache.as_deref(), &pool, &origin).groups);
    }
    offer(groups)
}

/// The scopes of the profile, and those that its tokens have.
pub fn scopes() -> Vec<CompletionCandidate> {
    let mut scopes: BTreeSet<String> = line().settings().list(Key::Scopes).iter().cloned().collect();
    let Some(profile) = line().profile() else { return offer(scopes) };
    scopes.extend(profile.m2m.scopes.iter().map(str::to_owned));
    for entry in entries(env::dirs(), &profile) {
        scopes.extend(entry.tokens.asked.iter().map(str::to_owned));
        scopes.extend(entry.tokens.scope.iter().flat_map(|scopes| scopes.iter()).map(str::to_owned));
        let of_claims = claims(&entry).into_iter().filter_map(|claims| Some(claims.get("scope")?.as_str()?.to_owned()));
        scopes.extend(of_claims.flat_map(|text| text.split(' ').map(str::to_owned).collect::<Vec<_>>()));
    }
    offer(scopes)
}

/// The names of the claims that the profile's tokens have.
pub fn claim_names() -> Vec<CompletionCandidate> {
    let Some(profile) = line().profile() else { return Vec::new() };
    let of_entry =
        |entry: &Entry| claims(entry).into_iter().flat_map(|claims| claims.into_iter().map(|(name, _)| name));
    offer(entries(env::dirs(), &profile).iter().flat_map(of_entry).collect())
}

/// The cache entries of this profile, for any user and any scopes.
fn entries(dirs: &Dirs, profile: &Profile) -> Vec<Entry> {
    let own: Vec<CacheKey> =
        [client_credentials::cache_key(profile), user_token::cache_key(profile)].into_iter().flatten().collect();
    let is_own = |key: &CacheKey| own.iter().any(|own| own.is_like(key, &VARYING));
    Cache::new(dirs.cache.clone()).peek(is_own, env::now(), Instant::now() + PATIENCE)
}

fn is_users(entry: &Entry) -> bool {
    entry.key.part("kind") == Some("user")
}

fn claims(entry: &Entry) -> Vec<serde_json::Map<String, Value>> {
    let tokens = std::iter::once(&entry.tokens.access).chain(&entry.tokens.id);
    tokens.filter_map(|token| payload_unverified(token.value.expose())).collect()
}

/// The pool and where it is asked.
fn pool(profile: &Profile) -> Option<(String, String)> {
    Some((profile.user_pool_id.as_ref()?.to_string(), profile.cognito_idp_origin().ok()?))
}

/// Only names that need no quotes: users choose their names when they sign up, and none may become a command.
pub fn offer(values: BTreeSet<String>) -> Vec<CompletionCandidate> {
    let is_plain = |c: char| (c.is_alphanumeric() && !is_unprintable(c)) || "._@+:/=,%-".contains(c);
    let is_word = |value: &String| {
        (1..=256).contains(&value.len()) && !value.starts_with(['-', '=']) && value.chars().all(is_plain)
    };
    values.into_iter().filter(is_word).take(MOST).map(CompletionCandidate::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_shell_would_obey_is_not_offered() {
        let values = [
            "a@b.c",
            "grüße",
            "api/read",
            "a:b",
            "",
            "-x",
            "~root",
            "$(id)",
            "a;b",
            "a b",
            "`id`",
            "a'b",
            "*",
            "=ls",
            "a\u{1b}",
            "a\u{202e}",
        ];
        let offered = offer(values.iter().map(|value| (*value).to_owned()).collect());
        let offered: Vec<&str> = offered.iter().filter_map(|one| one.get_value().to_str()).collect();
        assert_eq!(offered, ["a:b", "a@b.c", "api/read", "grüße"]);
    }
}
