//! Which stores have which secrets, as far as they were stored and deleted here: a note in the state folder, so that nothing has to be
//! opened to tell. It contains the names of secrets only. The stores know better, and a note that can't be written is no error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::settings::secret_id::SecretId;
use crate::settings::types::{SecretKind, StoreKind};
use crate::store::state_file::{FileContent, StateFile};

/// The longest wait for another process that notes something. It writes a small file.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    /// The stores that have the secret of each name. None has one that was deleted.
    stores: BTreeMap<String, BTreeSet<String>>,
}

impl FileContent for Noted {
    const LIMIT: u64 = 4 * 1024 * 1024;
    const VERSION: Option<u64> = Some(1);
}

/// The note of this machine.
#[derive(Debug)]
pub struct SecretPlaces(StateFile<Noted>);

impl SecretPlaces {
    /// The note under `state_dir`, which need not exist.
    pub fn new(state_dir: &Path) -> Self {
        SecretPlaces(StateFile::new(state_dir, "secret-places"))
    }

    /// What is noted now.
    pub fn read(&self) -> NotedPlaces {
        NotedPlaces(self.noted())
    }

    fn noted(&self) -> Noted {
        self.0.read().ok().flatten().unwrap_or_default()
    }

    /// Notes that `store` has the secret, or has it no longer.
    pub(crate) fn note(&self, store: StoreKind, id: &SecretId, is_there: bool) {
        // The key of a run comes and goes with it, and nobody asks where it is.
        if id.kind == SecretKind::RunKey {
            return;
        }
        let apply = |noted: &mut Noted| {
            let stores = noted.stores.entry(id.account()).or_default();
            if is_there {
                stores.insert(store.as_str().to_owned())
            } else {
                stores.remove(store.as_str())
            };
            // A profile may list a secret that is gone; sessions and devices are listed where they are.
            if stores.is_empty() && !SecretKind::STORED_BY_HAND.contains(&id.kind) {
                noted.stores.remove(&id.account());
            }
        };
        let (before, mut after) = (self.noted(), self.noted());
        apply(&mut after);
        if before == after {
            return;
        }
        let written = self.0.lock(Instant::now() + PATIENCE).map(|lock| {
            let mut noted = self.noted();
            apply(&mut noted);
            lock.replace(&noted)
        });
        if !matches!(written, Ok(Ok(()))) {
            log::info!(target: "cogtok", "the store of the {id} can't be noted in {}", self.0.path().display());
        }
    }
}

/// The note as it was when it was read: for any number of secrets.
#[derive(Debug)]
pub struct NotedPlaces(Noted);

impl NotedPlaces {
    /// Whether `store` has this secret; `None` where nothing is noted of it.
    pub fn is_in(&self, store: StoreKind, id: &SecretId) -> Option<bool> {
        self.0.stores.get(&id.account()).map(|stores| stores.contains(store.as_str()))
    }

    /// Whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.0.stores.is_empty()
    }

    /// Whether some store has this secret.
    pub fn has_exactly(&self, id: &SecretId) -> bool {
        self.0.stores.get(&id.account()).is_some_and(|stores| !stores.is_empty())
    }

    /// Whether some store has a secret of the kind, client and origin of `like`, whoever it is of.
    pub fn has(&self, like: &SecretId) -> bool {
        self.0.stores.iter().any(|(account, stores)| !stores.is_empty() && like.user_in(account).is_some())
    }

    /// Whether a list that has only the kind of `id` can mean a secret of its client: one is noted, or none of the kind was ever stored here,
    /// as where the configuration came from another machine.
    pub fn allows(&self, id: &SecretId) -> bool {
        let kind = id.kind.as_str();
        let is_of_kind = |account: &str| account.split('|').next() == Some(kind);
        let is_of_client = |account: &str| id.of_client(account).is_some();
        self.0.stores.iter().any(|(account, stores)| !stores.is_empty() && is_of_client(account))
            || !self.0.stores.keys().any(|account| is_of_kind(account))
    }

    /// Whether a secret of the kind, client and origin of `like` was ever stored here, whoever it is of.
    pub fn has_known(&self, like: &SecretId) -> bool {
        self.0.stores.keys().any(|account| like.user_in(account).is_some())
    }

    /// The users of whom some store has a secret of the kind, client and origin of `like`.
    pub fn users(&self, like: &SecretId) -> Vec<String> {
        let there = self.0.stores.iter().filter(|(_, stores)| !stores.is_empty());
        let users = there.filter_map(|(account, _)| like.user_in(account)).filter(|user| !user.is_empty());
        users.map(str::to_owned).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(kind: SecretKind) -> SecretId {
        SecretId { kind, client_id: "client".parse().unwrap(), origin: "https://a".into(), username: None }
    }

    #[test]
    fn a_secret_is_where_it_was_stored_and_not_where_it_was_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let places = SecretPlaces::new(dir.path());
        let (password, token) = (id(SecretKind::Password), id(SecretKind::RefreshToken));
        let is_in = |store, id: &SecretId| places.read().is_in(store, id);
        assert_eq!(is_in(StoreKind::Keyring, &password), None);
        for id in [&password, &token] {
            places.note(StoreKind::Keyring, id, true);
            assert_eq!((is_in(StoreKind::Keyring, id), is_in(StoreKind::File, id)), (Some(true), Some(false)));
            places.note(StoreKind::File, id, true);
            places.note(StoreKind::Keyring, id, false);
            assert_eq!((is_in(StoreKind::Keyring, id), is_in(StoreKind::File, id)), (Some(false), Some(true)));
            places.note(StoreKind::File, id, false);
        }
        assert_eq!((is_in(StoreKind::File, &password), is_in(StoreKind::File, &token)), (Some(false), None));
        let of = |user: &str| SecretId { username: Some(user.parse().unwrap()), ..id(SecretKind::Totp) };
        for user in ["bob", "a|b", "carol"] {
            places.note(StoreKind::File, &of(user), true);
        }
        places.note(StoreKind::File, &of("carol"), false);
        assert_eq!(places.read().users(&of("anybody")), ["a|b", "bob"]);
        for user in ["bob", "a|b"] {
            places.note(StoreKind::File, &of(user), false);
        }
        let (known, other) = (of("anybody"), SecretId { origin: "https://b".into(), ..of("anybody") });
        assert!(places.read().users(&known).is_empty() && places.read().has_known(&known));
        assert!(!places.read().has_known(&other), "nothing was stored for another origin");
        let of_client = |kind, client: &str| SecretId { client_id: client.parse().unwrap(), ..id(kind) };
        let allows = |kind, client| places.read().allows(&of_client(kind, client));
        assert!(allows(SecretKind::UserClient, "any"), "it may have been stored on another machine");
        let (mine, elsewhere) = (id(SecretKind::UserClient), "https://b".to_owned());
        places.note(StoreKind::File, &SecretId { origin: elsewhere, ..mine.clone() }, true);
        assert!(allows(SecretKind::UserClient, "client") && !allows(SecretKind::UserClient, "client2"));
        // What is damaged holds nothing, and is written anew.
        crate::store::file::replace(&dir.path().join("secret-places.json"), b"{").unwrap();
        assert_eq!(is_in(StoreKind::File, &password), None);
        places.note(StoreKind::File, &password, true);
        assert_eq!(is_in(StoreKind::File, &password), Some(true));
        places.note(StoreKind::File, &id(SecretKind::RunKey), true);
        assert_eq!(is_in(StoreKind::File, &id(SecretKind::RunKey)), None);
    }
}
