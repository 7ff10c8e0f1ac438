//! `cogtok secret status`: where each secret of the profile lives, never its value.

use clap::Args;
use clap_complete::ArgValueCandidates;
use cogtok::error::Result;
use cogtok::secrets::places::NotedPlaces;
use cogtok::settings::keys::Key;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, StoreKind};
use cogtok::user_pool::user_token;
use serde_json::{Value, json};

use super::bindings::bindings;
use super::secret_selector::no_profile;
use crate::app::options::Output;
use crate::app::{App, Expected, variable};
use crate::io::table::table;
use crate::io::terminal;
use crate::{completion, env};

const FORMS: [Output; 2] = [Output::Table, Output::Json];

/// Shown for a secret of a user whom the profile does not name.
const NAMELESS: &str = "stored for a user: add --username NAME";

/// Where a secret is.
enum Place {
    /// A variable supplies it.
    Variable(&'static str),
    /// AWS Secrets Manager has it, under this ARN.
    Manager(String),
    /// The store has it.
    Store(StoreKind),
    /// The store should have it.
    Missing(StoreKind),
}

impl Place {
    /// For a program, in the words of `status`.
    fn word(&self) -> &str {
        match self {
            Place::Variable(name) => name,
            Place::Manager(arn) => arn,
            Place::Store(store) => store.as_str(),
            Place::Missing(_) => "missing",
        }
    }

    fn in_words(&self) -> String {
        let name = |store: &StoreKind| match store {
            StoreKind::Keyring => "the keyring",
            StoreKind::File => "the secrets file",
        };
        match self {
            Place::Variable(variable) => format!("environment ({variable})"),
            Place::Manager(arn) => format!("Secrets Manager ({arn})"),
            Place::Store(store) => name(store).to_owned(),
            Place::Missing(store) => format!("missing from {}", name(store)),
        }
    }
}

/// Show where each secret of the profile is stored, never its value
///
/// In JSON, `place` is `keyring`, `file`, `missing` where the store in use lacks the secret, the name of the variable that supplies it, the
/// ARN of Secrets Manager's, or null where it is not stored.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cogtok secret status -p ws\n  cogtok secret status -p ws --username alice@example.com"
)]
pub struct Status {
    /// The user whose secrets to show [default: the profile's user]
    #[arg(long, value_name = "NAME", add = ArgValueCandidates::new(completion::users))]
    username: Option<String>,
}

pub fn run(app: &App, args: &Status) -> Result<()> {
    let form = app.output(&FORMS)?;
    let profile = app.resolve_region(app.profile(&[(Key::Username, args.username.clone())])?);
    if profile.name.is_none() {
        return Err(no_profile(app));
    }
    let mut rows = Vec::new();
    for binding in SecretKind::STORED_BY_HAND.iter().flat_map(|kind| bindings(&profile, *kind).unwrap_or_default()) {
        let kind = binding.kind;
        let variable = variable(kind).filter(|variable| env::var(variable).is_some());
        let expected = app.expected_secret(&profile, &binding)?;
        let place = match (&profile.m2m.secret_arn, kind, variable) {
            (_, _, Some(variable)) => Some(Place::Variable(variable)),
            (Some(arn), SecretKind::M2mClient, None) => Some(Place::Manager(arn.to_string())),
            // The store is opened only for secrets that should exist.
            _ if expected != Expected::Never => {
                let store = app.secrets()?;
                // A user's is missed as soon as the profile lists the kind, which may mean another user's.
                let is_missed = expected == Expected::Stored || kind.is_of_a_user();
                let missing = is_missed.then(|| Place::Missing(store.kind()));
                if store.has(&binding)? { Some(Place::Store(store.kind())) } else { missing }
            }
            _ => None,
        };
        rows.push((kind, binding, place));
    }
    // Secrets of users whom the profile does not name can't be looked up.
    let noted = app.secret_places().map(|places| places.read());
    let unnamed: Vec<SecretKind> = SecretKind::STORED_BY_HAND
        .iter()
        .copied()
        .filter(|kind| kind.is_of_a_user() && profile.user.username.is_none() && profile.secrets.contains(kind))
        .filter(|kind| !is_nobodys(&profile, *kind, noted.as_ref()))
        .collect();
    if form == Output::Json {
        let store = app.store_kind()?;
        let unnamed = unnamed
            .iter()
            .map(|kind| json!({"kind": kind.as_str(), "place": store.as_str(), "client_id": null, "origin": null}));
        let list: Vec<Value> = rows
            .iter()
            .map(|(kind, binding, place)| {
                let place = place.as_ref().map(Place::word);
                json!({"kind": kind.as_str(), "place": place, "client_id": binding.client_id.as_str(), "origin": binding.origin})
            })
            .chain(unnamed)
            .collect();
        return terminal::data(&terminal::json(&Value::Array(list))).map(drop);
    }
    let rows = rows.into_iter().map(|(kind, binding, place)| {
        let place = place.map_or_else(|| "not stored".to_owned(), |place| place.in_words());
        vec![kind.to_string(), place, binding.origin]
    });
    let unnamed = unnamed.iter().map(|kind| vec![kind.to_string(), NAMELESS.to_owned(), String::new()]);
    terminal::data(&table(&["SECRET", "PLACE", "SENT TO"], rows.chain(unnamed))).map(drop)
}

/// Whether all that was stored here of this kind has been deleted. The profile lists the kind all the same.
fn is_nobodys(profile: &Profile, kind: SecretKind, noted: Option<&NotedPlaces>) -> bool {
    let like = user_token::secret_binding(profile, kind, None).ok();
    like.zip(noted).is_some_and(|(like, noted)| noted.has_known(&like) && noted.users(&like).is_empty())
}
