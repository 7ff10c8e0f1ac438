//! `cogtok status`: who is signed in. It reads the configuration, the state folder and the cache: no network, no secret store.

use std::collections::BTreeMap;

use clap::Args;
use cogtok::error::{Advice, Result, printable};
use cogtok::secrets::places::NotedPlaces;
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{ProfileName, SecretKind, StoreKind};
use cogtok::store::config::Config;
use cogtok::token::TokenSet;
use cogtok::token::identity::Identity;
use cogtok::token::session::{Session, SessionOrigin};
use cogtok::user_pool::refresh_session::{device_binding, refresh_token_binding};
use cogtok::user_pool::user_token;
use serde_json::{Value, json};

use crate::app::options::Output;
use crate::app::{App, SignedIn, as_written, is_there, variable};
use crate::commands::secret::bindings::bindings;
use crate::env;
use crate::io::moment::moment;
use crate::io::table::table;
use crate::io::terminal;

const FORMS: [Output; 2] = [Output::Table, Output::Json];

/// Shown for a secret that the store in use does not have.
const MISSING: &str = "missing";

/// Show who is signed in to each profile, and until when
///
/// One line for each user of the profile's client who has a session or a valid token here. SESSION says what renews the
/// token: the browser's session (from `login`), the API's (from `token user`), or none. SECRETS names the store in use for
/// what cogtok has stored there, or `missing` for what it stored in the other one or has deleted. cogtok asks neither the
/// network nor the store, so a session that ended elsewhere is still shown: `cogtok secret status` looks into the store.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    cogtok status\n  \
    cogtok status -p ws --json | jq -r '.[0].user.email'")]
pub struct Status {}

/// One profile and one user of its app client.
struct Row {
    name: Option<ProfileName>,
    is_current: bool,
    /// Whether it is the first row of its profile.
    is_first: bool,
    /// The name that the user signed in with.
    as_name: Option<String>,
    tokens: Option<TokenSet>,
    session: Option<Session>,
    identity: Option<Identity>,
    secrets: Vec<(SecretKind, String)>,
    /// Whether what is remembered can't be read.
    is_unreadable: bool,
}

impl Row {
    fn is_signed_in(&self) -> bool {
        self.tokens.is_some() || self.session.is_some()
    }

    /// The name that a person knows the user by. Where it is not known who that is, it is the one that was signed in with.
    fn who(&self) -> Option<&str> {
        let known = self.identity.as_ref().map(Identity::shown).or(self.as_name.as_deref());
        let is_somebody = || self.is_signed_in().then_some("somebody");
        known.or_else(is_somebody).or(self.is_unreadable.then_some("unknown"))
    }
}

pub fn run(app: &App) -> Result<()> {
    let form = app.output(&FORMS)?;
    let rows = rows(app)?;
    if form == Output::Json {
        let list = Value::Array(rows.iter().map(as_json).collect());
        return terminal::data(&terminal::json(&list)).map(drop);
    }
    if rows.is_empty() {
        if !app.config()?.names().is_empty() {
            return Ok(());
        }
        terminal::hint(Advice::new("there is no profile yet; ").then(app.first_profile(None)));
        return Ok(());
    }
    let cells = rows.iter().map(|row| {
        let name = row.name.as_ref().map(ProfileName::as_str).unwrap_or_default();
        let mut secrets = BTreeMap::<&str, Vec<&str>>::new();
        for (kind, place) in &row.secrets {
            secrets.entry(place).or_default().push(kind.as_str());
        }
        let secrets: Vec<String> =
            secrets.iter().map(|(place, kinds)| format!("{place}: {}", kinds.join(", "))).collect();
        let is_twice = rows.iter().filter(|other| other.name == row.name && other.who() == row.who()).count() > 1;
        let as_name = row.as_name.as_deref().filter(|_| is_twice);
        let as_name = as_name.map(|name| format!(" (as {})", printable(name, 128))).unwrap_or_default();
        vec![
            if row.is_current && row.is_first { "*" } else { "" }.to_owned(),
            name.to_owned(),
            row.who().map_or_else(|| "nobody".to_owned(), |who| printable(who, 128)) + &as_name,
            row.tokens.as_ref().map(until).unwrap_or_default(),
            match (row.is_unreadable, row.is_signed_in()) {
                (true, _) => "unknown".to_owned(),
                (_, true) => kind(row.session.as_ref()).to_owned(),
                _ => String::new(),
            },
            secrets.join("; "),
        ]
    });
    terminal::data(&table(&["", "PROFILE", "SIGNED IN", "TOKEN", "SESSION", "SECRETS"], cells)).map(drop)
}

/// The profile that is named, with the options of the call; else all.
fn rows(app: &App) -> Result<Vec<Row>> {
    let config = app.config()?;
    let current = app.profile_name().unwrap_or_default();
    let is_named = app.global.profile.is_some() || env::var("COGTOK_PROFILE").is_some();
    let profiles = match (is_named, config.names()) {
        (true, _) => vec![app.profile(&[])?],
        (false, names) => names.iter().filter_map(|name| understood(config, name)).collect(),
    };
    // Read once, however many profiles there are.
    let places = app.secret_places().map(|places| places.read());
    let mut rows = Vec::new();
    for profile in &profiles {
        let mut entries = app.signed_in(profile).into_iter();
        rows.push(Row { is_first: true, ..row(app, profile, entries.next(), current.as_ref(), places.as_ref())? });
        for entry in entries {
            rows.push(row(app, profile, Some(entry), current.as_ref(), places.as_ref())?);
        }
    }
    Ok(rows)
}

/// The profile. One that can't be understood is left out, and not in silence.
fn understood(config: &Config, name: &ProfileName) -> Option<Profile> {
    let profile = as_written(config, name).ok();
    if profile.is_none() {
        let lint = terminal::shown(&Advice::new("cogtok profile lint {of}").word("of", name)).unwrap_or_default();
        log::warn!(target: "cogtok", "profile `{name}` is left out, since it has mistakes: {lint}");
    }
    profile
}

fn row(
    app: &App,
    profile: &Profile,
    known: Option<SignedIn>,
    current: Option<&ProfileName>,
    places: Option<&NotedPlaces>,
) -> Result<Row> {
    let as_name = known.as_ref().and_then(|known| known.key.part("username")).filter(|name| !name.is_empty());
    let as_name = as_name.map(str::to_owned);
    let identity = known.as_ref().and_then(SignedIn::identity);
    let is_unreadable = known.as_ref().is_some_and(|known| known.is_unreadable);
    // The list is about the profile's own user. Only the store knows about other users.
    let own = user_token::cache_key(profile).ok();
    let is_own = known.as_ref().is_none_or(|known| Some(&known.key) == own.as_ref());
    let (tokens, record) = match known {
        Some(known) => (known.tokens, known.record),
        // Nobody is signed in, but a device may be remembered.
        None => (
            None,
            user_token::cache_key(profile).and_then(|key| app.remembered(&key)).ok().flatten().unwrap_or_default(),
        ),
    };
    let in_use = app.store_kind()?;
    let store = match in_use {
        StoreKind::Keyring => "keyring",
        StoreKind::File if is_there(&app.secrets_path()?)? => "file",
        // The keyring had it, which is no longer in use.
        StoreKind::File => MISSING,
    };
    let mut of_user = profile.clone();
    if !is_own {
        of_user.user.username = as_name.as_deref().and_then(|name| name.parse().ok());
    }
    let place = |kind: SecretKind| {
        let ids = ids(&of_user, kind, record.session.as_ref());
        // It may be in the other store, which is no longer in use. What was stored on another machine is noted nowhere.
        let is_elsewhere = |id| places.and_then(|places| places.is_in(in_use, id)) == Some(false);
        if ids.iter().any(is_elsewhere) { MISSING } else { store }
    };
    let secrets = SecretKind::ALL.iter().filter_map(|kind| {
        let from = variable(*kind).filter(|name| env::var(name).is_some());
        let is_there = match kind {
            SecretKind::RefreshToken => record.session.is_some(),
            SecretKind::Device => record.has_device,
            kind => profile.secrets.contains(kind) && (is_own || !kind.is_of_a_user()),
        };
        let from = from.filter(|_| is_own || !kind.is_of_a_user());
        let place = from.or_else(|| is_there.then(|| place(*kind)))?;
        Some((*kind, place.to_owned()))
    });
    Ok(Row {
        is_current: profile.name.is_some() && profile.name.as_ref() == current,
        is_first: false,
        identity,
        secrets: secrets.collect(),
        name: profile.name.clone(),
        as_name,
        tokens,
        session: record.current_session().cloned(),
        is_unreadable,
    })
}

/// What the secret of this kind is stored as; nothing where the profile does not say that, as without a user name.
fn ids(profile: &Profile, kind: SecretKind, session: Option<&Session>) -> Vec<SecretId> {
    let ids = match (kind, session) {
        (SecretKind::RefreshToken, Some(session)) => refresh_token_binding(profile, session).map(|id| vec![id]),
        (SecretKind::Device, _) => device_binding(profile).map(|id| vec![id]),
        _ => bindings(profile, kind),
    };
    ids.unwrap_or_default()
}

/// Until when the access token is good.
fn until(tokens: &TokenSet) -> String {
    match (tokens.access.seconds_left(env::now()), tokens.access.expires_at) {
        (Some(0), _) => "ended".to_owned(),
        // Tokens live for a day at most, so the date is left out.
        (_, Some(end)) => format!("until {}", moment(end).split_once(' ').map_or("", |(_, time)| time)),
        _ => String::new(),
    }
}

/// What renews the token after it has expired.
fn kind(session: Option<&Session>) -> &'static str {
    match session.map(|session| session.via) {
        Some(SessionOrigin::Endpoint) => "browser",
        Some(SessionOrigin::Api) => "API",
        None => "none",
    }
}

fn as_json(row: &Row) -> Value {
    let now = env::now();
    let secrets: Vec<Value> =
        row.secrets.iter().map(|(kind, place)| json!({"kind": kind.as_str(), "place": place})).collect();
    json!({
        "profile": row.name.as_ref().map(ProfileName::as_str),
        "is_current": row.is_current,
        "signed_in_as": row.as_name,
        "user": row.identity.as_ref().map(|identity| json!({
            "name": identity.shown(),
            "username": identity.username,
            "email": identity.email,
            "sub": identity.sub,
        })),
        "access_token": row.tokens.as_ref().map(|tokens| json!({
            "expires_at": tokens.access.expires_at,
            "expires_in": tokens.access.seconds_left(now),
            "scope": tokens.scope.as_ref().map(ToString::to_string),
        })),
        "session": row.session.as_ref().map(|session| json!({
            "via": match session.via { SessionOrigin::Api => "api", SessionOrigin::Endpoint => "browser" },
            "since": session.since,
            "origin": session.origin,
        })),
        "secrets": secrets,
    })
}
