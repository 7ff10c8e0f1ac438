//! The entries of the cache and their owners.

use cogtok::cache::token_cache::{CacheKey, Credentials, Entry, Listing};
use cogtok::error::Result;
use cogtok::oauth::client_credentials;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, TokenOwner};
use cogtok::token::session::RefreshState;
use cogtok::user_pool::{get_derived_token, user_token};
use serde_json::{Value, json};

use crate::app::{App, as_written, with_options};
use crate::services::aws_credentials;

/// The parts of a key in which one profile may have several.
pub const VARYING: [&str; 11] = [
    "username",
    "scopes",
    "scopes_from",
    "subject",
    "subject_token_type",
    "subject_provider",
    "actor",
    "audience",
    "resource",
    "token",
    "users",
];

/// The profiles of the configuration and the keys of their tokens.
pub struct Owners(Vec<(ProfileName, Vec<CacheKey>)>);

impl Owners {
    /// Profiles that can't be understood own nothing.
    pub fn of(app: &App) -> Result<Self> {
        let config = app.config()?;
        let named = app.named_profile()?;
        let mut owners = Vec::new();
        for name in config.names() {
            if named.as_ref() == Some(&name) {
                // Tokens of another endpoint or Region have other keys.
                let profile = with_options(config, &name, &app.global_options())?;
                owners.push((name, keys(profile)));
            } else if let Ok(profile) = as_written(config, &name) {
                owners.push((name, keys(profile)));
            }
        }
        Ok(Owners(owners))
    }

    /// The profiles with the app client of this key, for any user and scopes.
    pub fn find(&self, key: &CacheKey) -> Vec<&str> {
        let owns = |keys: &Vec<CacheKey>| keys.iter().any(|own| own.is_like(key, &VARYING));
        self.0.iter().filter(|(_, keys)| owns(keys)).map(|(name, _)| name.as_str()).collect()
    }
}

/// The keys of everything cached for a profile, without the parts that vary.
pub fn keys(mut profile: Profile) -> Vec<CacheKey> {
    // Any user: the name does not matter here.
    profile.user.username = profile.user.username.or_else(|| "anybody".parse().ok());
    let keys = [
        client_credentials::cache_key(&profile),
        user_token::cache_key(&profile),
        aws_credentials::cache_key(&profile),
        get_derived_token::client_key(&profile, TokenOwner::M2m),
        get_derived_token::client_key(&profile, TokenOwner::User),
    ];
    keys.into_iter().flatten().collect()
}

/// The cache's entries, with the sessions that renew their tokens, which are stored elsewhere.
pub fn listing(app: &App, now: u64) -> Result<Listing> {
    let mut listing = app.cache().list(now)?;
    for entry in &mut listing.entries {
        if let Ok(Some(record)) = app.sessions().read(&entry.key) {
            entry.tokens.renewal = record.current_session().cloned().map_or(RefreshState::None, RefreshState::Kept);
        }
    }
    Ok(listing)
}

/// The client of an entry: its id, or where that comes from.
pub fn client(key: &CacheKey) -> &str {
    let part = |name| key.part(name).filter(|text| !text.is_empty());
    part("client_id").or_else(|| part("secret_arn")).unwrap_or_default()
}

/// AWS credentials as JSON, without the credentials themselves.
pub fn credentials_as_json(kept: &Credentials, owners: &Owners, now: u64) -> Value {
    let part = |name| kept.key.part(name).filter(|text| !text.is_empty());
    json!({
        "kind": part("kind"),
        "profiles": owners.find(&kept.key),
        "client_id": part("client_id"),
        "username": part("username"),
        "identity_pool": part("identity_pool"),
        "expires_at": kept.expires_at,
        "expires_in": kept.expires_at.saturating_sub(now / 1000),
    })
}

/// A cache entry as JSON, without its tokens.
pub fn as_json(entry: &Entry, owners: &Owners, now: u64) -> Value {
    let (key, tokens) = (&entry.key, &entry.tokens);
    let part = |name| key.part(name).filter(|text| !text.is_empty());
    json!({
        "kind": part("kind"),
        "profiles": owners.find(key),
        "client_id": part("client_id"),
        "secret_arn": part("secret_arn"),
        "username": part("username"),
        "transport": part("transport"),
        "endpoint": part("token_url").or_else(|| part("endpoint")),
        "scope": tokens.scope.as_ref().map(ToString::to_string),
        "scope_asked": Some(tokens.asked.to_string()).filter(|scope| !scope.is_empty()),
        "expires_at": tokens.access.expires_at,
        "expires_in": tokens.access.seconds_left(now),
        "id_expires_at": tokens.id.as_ref().and_then(|id| id.expires_at),
        "id_expires_in": tokens.id.as_ref().and_then(|id| id.seconds_left(now)),
        "has_session": entry.has_session(),
        "obtained_at": tokens.obtained_at / 1000,
        "requests_saved": entry.saved,
    })
}
