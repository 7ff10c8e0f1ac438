//! `cogtok status`: who is signed in. It reads the configuration, the state folder and the cache: no network, no secret store.

mod stored_secrets;

use clap::Args;
use cogtok::error::{Advice, Result, printable};
use cogtok::settings::profile::Profile;
use cogtok::settings::types::ProfileName;
use cogtok::store::config::Config;
use cogtok::token::TokenSet;
use cogtok::token::identity::Identity;
use cogtok::token::session::{Session, SessionOrigin};
use cogtok::user_pool::user_token;
use serde_json::{Value, json};

use crate::app::options::Output;
use crate::app::{App, SignedIn, as_written};
use crate::env;
use crate::io::moment::moment;
use crate::io::table::table;
use crate::io::terminal;
use stored_secrets::{Places, StoredSecret, Whose, cell};

const FORMS: [Output; 2] = [Output::Table, Output::Json];

/// Show who is signed in to each profile, and until when
///
/// One line for each user of the profile's client who has a session or a valid token here. SESSION says what renews the
/// token: the browser's session (from `login`), the API's (from `token user`), or none. SECRETS names the store in use for
/// what cogtok has stored there, or `missing` for what it stored in the other one or has deleted. The secret of a user who is
/// not signed in has the user's name after it. cogtok asks neither the network nor the store, so a session that ended
/// elsewhere is still shown: `cogtok secret status` looks into the store.
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
    secrets: Vec<StoredSecret>,
    /// The secrets of users who have no row, in the first one of the profile.
    of_others: Vec<StoredSecret>,
    /// Whether what is remembered can't be read.
    is_unreadable: bool,
}

impl Row {
    /// A row of a profile to which nobody is signed in.
    fn nobody(profile: &Profile, current: Option<&ProfileName>) -> Self {
        Row {
            name: profile.name.clone(),
            is_current: profile.name.is_some() && profile.name.as_ref() == current,
            is_first: false,
            as_name: None,
            tokens: None,
            session: None,
            identity: None,
            secrets: Vec::new(),
            of_others: Vec::new(),
            is_unreadable: false,
        }
    }

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
    let cells = rows.iter().flat_map(|row| {
        let name = row.name.as_ref().map(ProfileName::as_str).unwrap_or_default();
        let is_twice = rows.iter().filter(|other| other.name == row.name && other.who() == row.who()).count() > 1;
        let as_name = row.as_name.as_deref().filter(|_| is_twice);
        let as_name = as_name.map(|name| format!(" (as {})", printable(name, 128))).unwrap_or_default();
        let own = vec![
            if row.is_current && row.is_first { "*" } else { "" }.to_owned(),
            name.to_owned(),
            row.who().map_or_else(|| "nobody".to_owned(), |who| printable(who, 128)) + &as_name,
            row.tokens.as_ref().map(until).unwrap_or_default(),
            match (row.is_unreadable, row.is_signed_in()) {
                (true, _) => "unknown".to_owned(),
                (_, true) => kind(row.session.as_ref()).to_owned(),
                _ => String::new(),
            },
            cell(&row.secrets),
        ];
        // Beside the name of one who is signed in they would look like that user's.
        let of_others = (!row.of_others.is_empty()).then(|| {
            let empty = String::new;
            vec![empty(), name.to_owned(), empty(), empty(), empty(), cell(&row.of_others)]
        });
        std::iter::once(own).chain(of_others)
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
    let noted = app.secret_places().map(|places| places.read());
    let places = Places::new(app, noted.as_ref())?;
    let mut rows = Vec::new();
    for profile in &profiles {
        let mut of_profile: Vec<Row> = Vec::new();
        let mut entries: Vec<Option<SignedIn>> = app.signed_in(profile).into_iter().map(Some).collect();
        if entries.is_empty() {
            entries.push(None);
        }
        let own_key = user_token::cache_key(profile).ok();
        let is_own = |entry: &Option<SignedIn>| entry.as_ref().is_none_or(|known| Some(&known.key) == own_key.as_ref());
        let has_own = entries.iter().any(is_own);
        for entry in entries {
            let is_first = of_profile.is_empty();
            of_profile.push(Row { is_first, ..row(app, profile, entry, current.as_ref(), &places) });
        }
        let own = profile.user.username.as_ref().map(|name| name.as_str()).filter(|_| has_own);
        let known: Vec<&str> = of_profile.iter().filter_map(|row| row.as_name.as_deref()).chain(own).collect();
        let of_others = places.of_others(profile, &known);
        match of_profile.first_mut() {
            Some(first) if first.is_signed_in() => first.of_others = of_others,
            Some(nobody) => nobody.secrets.extend(of_others),
            None => {}
        }
        rows.extend(of_profile);
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
    places: &Places<'_>,
) -> Row {
    let as_name = known.as_ref().and_then(|known| known.key.part("username")).filter(|name| !name.is_empty());
    let as_name = as_name.map(str::to_owned);
    let own = user_token::cache_key(profile).ok();
    let is_own = known.as_ref().is_none_or(|known| Some(&known.key) == own.as_ref());
    let (identity, is_unreadable) =
        (known.as_ref().and_then(SignedIn::identity), known.as_ref().is_some_and(|known| known.is_unreadable));
    let (tokens, record) = match known {
        Some(known) => (known.tokens, known.record),
        // Nobody is signed in, but a device may be remembered.
        None => (None, own.and_then(|key| app.remembered(&key).ok().flatten()).unwrap_or_default()),
    };
    let mut of_user = profile.clone();
    if !is_own {
        of_user.user.username = as_name.as_deref().and_then(|name| name.parse().ok());
    }
    Row {
        identity,
        secrets: places.secrets(&of_user, &record, if is_own { Whose::Own } else { Whose::Other }),
        as_name,
        tokens,
        session: record.current_session().cloned(),
        is_unreadable,
        ..Row::nobody(profile, current)
    }
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
        "secrets": stored_secrets::as_json(row.secrets.iter().chain(&row.of_others)),
    })
}
