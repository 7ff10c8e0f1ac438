//! `cogtok cache clear`: forgets tokens.

use clap::Args;
use cogtok::cache::token_cache::{Credentials, Entry};
use cogtok::error::{Error, Result, printable};
use cogtok::settings::types::ProfileName;
use cogtok::store::name_history;
use serde_json::Value;

use super::entries::{Owners, as_json, client, credentials_as_json, listing};
use crate::app::App;
use crate::app::options::Output;
use crate::env;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Text, Output::Json];

/// The most tokens that are named one by one.
const NAMED: usize = 20;

/// Delete cached tokens: all, one profile's or expired ones
///
/// cogtok does not ask first, since the next call gets a new token. A token that is already in use stays valid until it
/// expires. You stay signed in: the refresh token is in the secret store, and gets the next token. Lock files stay.
/// Without options, this also deletes what completion remembers of users and groups.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  cogtok cache clear\n  cogtok cache clear --expired\n  cogtok cache clear -p ws")]
pub struct Clear {
    /// Only those that are no longer valid
    #[arg(long)]
    expired: bool,
}

pub fn run(app: &App, args: &Clear) -> Result<()> {
    let form = app.output(&FORMS)?;
    let now = env::now();
    if app.global.profile.is_none() {
        app.allow_missing_config();
    }
    let (cache, owners) = (app.cache(), Owners::of(app)?);
    let profile = app.named_profile()?;
    let listing = listing(app, now)?;
    let is_meant = |entry: &Entry| {
        let is_of_profile = |name: &ProfileName| owners.find(&entry.key).contains(&name.as_str());
        // A session outlives its tokens.
        let is_forgotten = entry.has_session() && entry.is_over(now);
        profile.as_ref().is_none_or(is_of_profile) && !is_forgotten && (!args.expired || entry.is_over(now))
    };
    let (mut removed, mut failed) = (Vec::new(), Vec::new());
    for entry in listing.entries.iter().filter(|entry| is_meant(entry)) {
        match cache.forget_tokens(entry, now, app.deadline()) {
            Ok(()) => removed.push(entry),
            Err(error) => failed.push(error),
        }
    }
    let is_over = |kept: &Credentials| kept.expires_at <= now / 1000;
    let meant = listing.credentials.iter().filter(|kept| {
        let is_of_profile = |name: &ProfileName| owners.find(&kept.key).contains(&name.as_str());
        profile.as_ref().is_none_or(is_of_profile) && (!args.expired || is_over(kept))
    });
    let mut removed_credentials = Vec::new();
    for kept in meant {
        match cache.forget(&kept.key) {
            Ok(()) => removed_credentials.push(kept),
            Err(error) => failed.push(error),
        }
    }
    // Entries without a known owner, which no call would use.
    let strangers = if profile.is_none() { listing.unusable.as_slice() } else { &[] };
    let mut discarded = 0;
    for (name, _) in strangers {
        match cache.discard(name) {
            Ok(()) => discarded += 1,
            Err(error) => failed.push(error),
        }
    }
    if profile.is_none() && !args.expired {
        name_history::clear(app.dirs().cache.as_deref());
    }
    let is_some_removed = !(removed.is_empty() && removed_credentials.is_empty() && discarded == 0);
    tell(&removed, &removed_credentials, discarded, &owners);
    if let Some(error) = failed.pop() {
        failed.iter().take(NAMED).for_each(|other| log::warn!(target: "cogtok", "{}", other.message()));
        return Err(if is_some_removed { Error::hint(error, "everything else was removed") } else { error });
    }
    if !is_some_removed {
        terminal::note("there was nothing to remove");
    }
    if form == Output::Json {
        let credentials = removed_credentials.iter().map(|kept| credentials_as_json(kept, &owners, now));
        let list = removed.iter().map(|entry| as_json(entry, &owners, now)).chain(credentials).collect();
        return terminal::data(&terminal::json(&Value::Array(list))).map(drop);
    }
    Ok(())
}

fn tell(removed: &[&Entry], credentials: &[&Credentials], discarded: usize, owners: &Owners) {
    for entry in removed.iter().take(NAMED) {
        let kind = printable(entry.key.part("kind").unwrap_or_default(), 20);
        let user = entry.key.part("username").map(|name| format!(", user {}", printable(name, 60))).unwrap_or_default();
        let profiles = owners.find(&entry.key).join(", ");
        let profiles = if profiles.is_empty() { String::new() } else { format!(" (profile {profiles})") };
        terminal::note(&format!(
            "removed: {kind} token of client {}{user}{profiles}",
            printable(client(&entry.key), 80)
        ));
    }
    if removed.len() > NAMED {
        terminal::note(&format!("removed: {} more", removed.len() - NAMED));
    }
    for kept in credentials {
        let pool = printable(kept.key.part("identity_pool").unwrap_or_default(), 80);
        terminal::note(&format!("removed: AWS credentials of identity pool {pool}"));
    }
    if discarded > 0 {
        terminal::note(&format!("removed: {discarded} files that contained no token"));
    }
}
