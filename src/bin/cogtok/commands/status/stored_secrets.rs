//! The secrets of a row of `cogtok status`, from the configuration, the environment and the note of what was stored here. The note tells
//! whose a password or an authenticator's key is: a profile lists only the kinds.

use std::collections::BTreeMap;

use cogtok::error::{Result, printable};
use cogtok::secrets::places::NotedPlaces;
use cogtok::secrets::store::SecretId;
use cogtok::settings::profile::Profile;
use cogtok::settings::types::{SecretKind, StoreKind};
use cogtok::store::sessions::Record;
use cogtok::token::session::Session;
use cogtok::user_pool::refresh_session::{device_binding, refresh_token_binding};
use cogtok::user_pool::user_token;
use serde_json::{Value, json};

use crate::app::{App, is_there, variable};
use crate::commands::secret::bindings::bindings;
use crate::env;

/// Shown for a secret that the store in use does not have.
const MISSING: &str = "missing";

/// A secret and its place.
pub struct StoredSecret {
    kind: SecretKind,
    place: String,
    /// The user it is of, where that is another than the row's.
    username: Option<String>,
}

/// Whose secrets a row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The profile's own user's, and the clients'.
    Own,
    /// Another user's.
    Other,
}

/// Where secrets are, as far as that is known without a look into the store.
pub struct Places<'a> {
    in_use: StoreKind,
    /// What the store in use is called.
    store: &'static str,
    noted: Option<&'a NotedPlaces>,
}

impl<'a> Places<'a> {
    /// The places of the store in use, with what was noted.
    ///
    /// # Errors
    /// The error of the configuration.
    pub fn new(app: &App, noted: Option<&'a NotedPlaces>) -> Result<Self> {
        let in_use = app.store_kind()?;
        let store = match in_use {
            StoreKind::Keyring => "keyring",
            StoreKind::File if is_there(&app.secrets_path()?)? => "file",
            // The keyring had it, which is no longer in use.
            StoreKind::File => MISSING,
        };
        Ok(Places { in_use, store, noted })
    }

    /// The secrets of the profile's clients and of its user, who may be another than its own.
    pub fn secrets(&self, profile: &Profile, record: &Record, whose: Whose) -> Vec<StoredSecret> {
        let secrets = SecretKind::ALL.iter().filter_map(|kind| {
            let from = variable(*kind).filter(|name| env::var(name).is_some());
            let from = from.filter(|_| whose == Whose::Own || !kind.is_of_a_user());
            let is_there = match kind {
                SecretKind::RefreshToken => record.session.is_some(),
                SecretKind::Device => record.has_device,
                kind if kind.is_of_a_user() => profile.secrets.contains(kind) && self.is_of_user(profile, *kind, whose),
                kind => self.is_of_client(profile, *kind),
            };
            let place = || self.place(&ids(profile, *kind, record.session.as_ref()));
            let place = from.or_else(|| is_there.then(place))?;
            Some(StoredSecret { kind: *kind, place: place.to_owned(), username: None })
        });
        secrets.collect()
    }

    /// The secrets of users other than `known`, who have a row.
    pub fn of_others(&self, profile: &Profile, known: &[&str]) -> Vec<StoredSecret> {
        let listed = SecretKind::STORED_BY_HAND.iter().filter(|kind| profile.secrets.contains(kind));
        let of_users = listed.copied().filter(|kind| kind.is_of_a_user());
        let secrets = of_users.flat_map(|kind| {
            let users = self.users(profile, kind).into_iter().filter(|user| !known.contains(&user.as_str()));
            users.filter_map(move |user| {
                let username = Some(user.parse().ok()?);
                let id = SecretId { username, ..user_token::secret_binding(profile, kind, None).ok()? };
                Some(StoredSecret { kind, place: self.place(&[id]).to_owned(), username: Some(user) })
            })
        });
        secrets.collect()
    }

    /// Whether a client's secret of this kind is noted for the profile's client, or is listed and noted for no other.
    fn is_of_client(&self, profile: &Profile, kind: SecretKind) -> bool {
        let ids = ids(profile, kind, None);
        let is_allowed = ids.is_empty() || self.noted.is_none_or(|noted| ids.iter().any(|id| noted.allows(id)));
        (profile.secrets.contains(&kind) && is_allowed) || ids.iter().any(|id| self.is_in_use(id) == Some(true))
    }

    /// Whether a kind that the profile lists is noted for its user. Where it was never noted, as on another machine, it is that of the
    /// profile's own. What was noted and deleted is nobody's.
    fn is_of_user(&self, profile: &Profile, kind: SecretKind, whose: Whose) -> bool {
        let users = self.users(profile, kind);
        let named = profile.user.username.as_ref().map(|name| name.as_str());
        let is_noted = ids(profile, kind, None).iter().any(|id| self.is_in_use(id).is_some());
        match (whose, named) {
            (Whose::Own, Some(_)) => is_noted || !self.has_known(profile, kind),
            (Whose::Own, None) => !self.has_known(profile, kind),
            (Whose::Other, _) => users.iter().any(|user| Some(user.as_str()) == named),
        }
    }

    /// Whether a secret of this kind was ever stored here for the profile's client.
    fn has_known(&self, profile: &Profile, kind: SecretKind) -> bool {
        let like = user_token::secret_binding(profile, kind, None).ok();
        like.zip(self.noted).is_some_and(|(like, noted)| noted.has_known(&like))
    }

    /// The users of whom some store has a secret of this kind for the profile's client.
    fn users(&self, profile: &Profile, kind: SecretKind) -> Vec<String> {
        let like = user_token::secret_binding(profile, kind, None).ok();
        like.zip(self.noted).map(|(like, noted)| noted.users(&like)).unwrap_or_default()
    }

    fn is_in_use(&self, id: &SecretId) -> Option<bool> {
        self.noted.and_then(|noted| noted.is_in(self.in_use, id))
    }

    /// The store in use, unless one of the secrets is in the other one only. What was stored on another machine is noted nowhere.
    fn place(&self, ids: &[SecretId]) -> &'static str {
        if ids.iter().any(|id| self.is_in_use(id) == Some(false)) { MISSING } else { self.store }
    }
}

/// The secrets in one cell of the table, by place and user.
pub fn cell(secrets: &[StoredSecret]) -> String {
    let mut places = BTreeMap::<(&str, Option<&str>), Vec<&str>>::new();
    for StoredSecret { kind, place, username } in secrets {
        places.entry((place, username.as_deref())).or_default().push(kind.as_str());
    }
    let shown = places.iter().map(|((place, username), kinds)| {
        let of = username.map(|name| format!(" ({})", printable(name, 128))).unwrap_or_default();
        format!("{place}: {}{of}", kinds.join(", "))
    });
    shown.collect::<Vec<_>>().join("; ")
}

pub fn as_json<'a>(secrets: impl IntoIterator<Item = &'a StoredSecret>) -> Value {
    let secrets = secrets.into_iter().map(|StoredSecret { kind, place, username }| match username {
        Some(name) => json!({"kind": kind.as_str(), "place": place, "username": name}),
        None => json!({"kind": kind.as_str(), "place": place}),
    });
    secrets.collect()
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
