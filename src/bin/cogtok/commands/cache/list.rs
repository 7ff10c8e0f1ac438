//! `cogtok cache list`: the cached tokens, their owners and how long they are valid.

use std::time::Duration;

use clap::Args;
use cogtok::cache::token_cache::{CacheKey, Entry};
use cogtok::error::{Result, printable};
use serde_json::Value;

use super::entries::{Owners, as_json, client, credentials_as_json, listing};
use crate::app::App;
use crate::app::options::Output;
use crate::env;
use crate::io::table::{fits, table};
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Table, Output::Json];

/// List the cached tokens, without showing them
///
/// LEFT is how long the access token is still valid, and ID LEFT the ID token, where that differs. RENEWS says that a refresh token gets the next
/// one. KEPT is how long ago it was obtained. SAVED is how many calls were served without a request, by this token and by those
/// before it. PROFILE is the profile that has this client. Columns that would be empty are left out, and so is CLIENT where the
/// terminal is too narrow for it; a client that no profile has stands under PROFILE then. With `-p`, only that profile's tokens are
/// listed; COGTOK_PROFILE and the default profile do not limit the list.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cogtok cache list\n  cogtok cache list -p ws\n  cogtok cache list -o json | jq '.[] | {kind, expires_in}'"
)]
pub struct List {}

pub fn run(app: &App) -> Result<()> {
    let form = app.output(&FORMS)?;
    let now = env::now();
    let mut listing = listing(app, now)?;
    if app.global.profile.is_none() {
        app.allow_missing_config();
    }
    let owners = Owners::of(app)?;
    let profile = app.named_profile()?;
    if let Some(profile) = &profile {
        let is_of_profile = |key: &CacheKey| owners.find(key).contains(&profile.as_str());
        listing.entries.retain(|entry| is_of_profile(&entry.key));
        listing.credentials.retain(|kept| is_of_profile(&kept.key));
        listing.unusable.clear();
    }
    for (name, why) in &listing.unusable {
        log::warn!(target: "cogtok", "{} in the cache is ignored: {}", printable(name, 60), printable(why, 120));
    }
    if form == Output::Json {
        let credentials = listing.credentials.iter().map(|kept| credentials_as_json(kept, &owners, now));
        let list = listing.entries.iter().map(|entry| as_json(entry, &owners, now)).chain(credentials).collect();
        return terminal::data(&terminal::json(&Value::Array(list))).map(drop);
    }
    if listing.entries.is_empty() && listing.credentials.is_empty() {
        terminal::note(&match profile {
            Some(profile) => format!("no tokens of profile `{profile}` are cached"),
            None => "no tokens are cached".to_owned(),
        });
        return Ok(());
    }
    let credentials = listing.credentials.iter().map(|kept| {
        let mut row = vec![String::new(); 10];
        let part = |name| printable(kept.key.part(name).unwrap_or_default(), 128);
        (row[0], row[1], row[2], row[3]) =
            (owners.find(&kept.key).join(" "), part("kind"), part("client_id"), part("username"));
        row[5] = left(Some(kept.expires_at.saturating_sub(now / 1000)));
        row
    });
    let mut rows: Vec<Vec<String>> =
        listing.entries.iter().map(|entry| row(entry, &owners, now)).chain(credentials).collect();
    let header = ["PROFILE", "KIND", "CLIENT", "USER", "SCOPES", "LEFT", "ID LEFT", "RENEWS", "KEPT", "SAVED"];
    if !fits(&header, &rows) {
        rows.iter_mut().for_each(|row| {
            let client = std::mem::take(&mut row[2]);
            if row[0].is_empty() {
                row[0] = client;
            }
        });
    }
    // The ID token nearly always expires with the access token.
    if rows.iter().all(|row| row[6].is_empty() || row[6] == row[5]) {
        rows.iter_mut().for_each(|row| row[6].clear());
    }
    // A column that is empty in every row is left out, so that the others have room.
    let shown: Vec<usize> = (0..header.len()).filter(|&at| rows.iter().any(|row| !row[at].is_empty())).collect();
    let header: Vec<&str> = shown.iter().map(|&at| header[at]).collect();
    let rows = rows.iter().map(|row| shown.iter().map(|&at| row[at].clone()).collect());
    terminal::data(&table(&header, rows)).map(drop)
}

fn row(entry: &Entry, owners: &Owners, now: u64) -> Vec<String> {
    let (key, tokens) = (&entry.key, &entry.tokens);
    let part = |name| printable(key.part(name).unwrap_or_default(), 128);
    let scopes = tokens.scope.as_ref().unwrap_or(&tokens.asked);
    vec![
        owners.find(key).join(" "),
        part("kind"),
        printable(client(key), 60),
        part("username"),
        printable(&scopes.to_string(), 200),
        left(tokens.access.seconds_left(now)),
        tokens.id.as_ref().map(|id| left(id.seconds_left(now))).unwrap_or_default(),
        if entry.has_session() { "yes".to_owned() } else { String::new() },
        length(now.saturating_sub(tokens.obtained_at) / 1000),
        entry.saved.to_string(),
    ]
}

fn left(seconds: Option<u64>) -> String {
    match seconds {
        Some(0) => "expired".to_owned(),
        Some(seconds) => length(seconds),
        None => String::new(),
    }
}

/// A duration in its shortest useful form: `59m`, `1h5m`, `38s`.
fn length(seconds: u64) -> String {
    let text = humantime::format_duration(Duration::from_secs(seconds)).to_string();
    let count = if seconds < 60 * 60 { 1 } else { 2 };
    text.split(' ').take(count).collect()
}
