//! Files that earlier commits wrote, and under which names: they are read for as long as their version is.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::agent_sessions::AgentSessions;
use super::previous::Previous;
use super::request_counts::{Permission, RequestCounts};
use super::sessions::{Record, Sessions};
use super::{file, name_history, used_codes};
use crate::cache::jwks_cache::KeySets;
use crate::cache::rejected_tokens::RejectedTokens;
use crate::cache::token_cache::{Cache, CacheKey};
use crate::secrets::store::SecretId;
use crate::settings::types::SecretKind;
use crate::token::session::{Session, SessionOrigin};

const ORIGIN: &str = "https://example.com";
const POOL: &str = "us-east-1_Example01";
const JWKS: &str = "https://example.com/jwks.json";

/// What requests are counted for.
const REQUESTS: &str = "client https://example.com";

/// When all of it was written, in milliseconds.
const THEN: u64 = 1_000_000;

/// Private copies of the cache and the state folder of then.
fn folders() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/state_files"), root.path());
    let (cache, state) = (root.path().join("cache"), root.path().join("state"));
    (root, cache, state)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            file::create_new(&to, &std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

fn key() -> CacheKey {
    CacheKey::of(&[("kind", "user"), ("username", "alice"), ("origin", ORIGIN)])
}

fn session() -> Session {
    Session {
        via: SessionOrigin::Api,
        origin: ORIGIN.to_owned(),
        username: Some("alice".parse().unwrap()),
        since: 7,
        rotates: Some(true),
        ..Session::default()
    }
}

fn authenticator() -> SecretId {
    SecretId {
        kind: SecretKind::Totp,
        client_id: "client".parse().unwrap(),
        origin: ORIGIN.into(),
        username: Some("alice".parse().unwrap()),
    }
}

#[test]
fn files_of_earlier_commits_are_read() {
    let (_root, cache, state) = folders();

    let tokens = Cache::new(Some(cache.clone()));
    let read = tokens.read(&key(), THEN).unwrap();
    assert_eq!((read.access.value.expose(), read.access.expires_at), ("an-access-token", Some(4600)));
    let id = read.id.as_ref().unwrap();
    assert_eq!((id.value.expose(), id.expires_at), ("an-id-token", Some(4700)));
    assert_eq!((read.scope.unwrap().to_string(), read.asked.to_string()), ("a/read a/write".into(), "a/read".into()));
    assert_eq!((read.renewal.session(), tokens.saved(&key())), (Some(&session()), 1));
    assert_eq!(tokens.list(THEN).unwrap().entries.len(), 1);
    let later = Instant::now() + std::time::Duration::from_secs(60);
    assert_eq!(tokens.peek(|other| *other == key(), THEN, later).len(), 1);

    let record = Record { session: Some(session()), has_device: true, ..Record::default() };
    assert_eq!(Sessions::new(Some(&state)).read(&key()).unwrap(), Some(record));

    assert!(RejectedTokens::new(Some(&cache)).is_recent("ws", THEN + 59_999));
    let keys = KeySets::new(Some(cache.clone())).read(JWKS, THEN).unwrap();
    assert_eq!((keys.keys.ids().collect::<Vec<_>>(), keys.at), (vec!["one"], THEN));

    assert_eq!(AgentSessions::new(Some(&state)).last("agent").as_deref(), Some("a-session-id"));
    let seen = name_history::read(Some(&cache), POOL, ORIGIN);
    assert_eq!((seen.users, seen.groups), (vec!["alice".to_owned(), "bob".to_owned()], vec!["admins".to_owned()]));
    let previous = Previous::new(&state, Path::new("/nowhere/config.toml"));
    assert_eq!(previous.get().unwrap(), Some("ws".parse().unwrap()));
    assert_eq!(used_codes::take(Some(&state), &authenticator(), 100, 110, Instant::now()).unwrap(), 101);
    let counted = RequestCounts::new(&state).take(REQUESTS, 2, THEN + 1, Instant::now()).unwrap();
    assert_eq!(counted, Permission::Denied { made: 2, next_at: THEN + 3_600_000 });
}

/// An earlier cogtok on the same machine reads them too.
#[test]
fn files_are_written_as_earlier_commits_did() {
    let (root, cache, state) = folders();
    let before = contents(root.path());

    let tokens = Cache::new(Some(cache.clone()));
    let read = tokens.read(&key(), THEN).unwrap();
    tokens.lock(&key(), Instant::now()).unwrap().unwrap().keep(&read);
    let sessions = Sessions::new(Some(&state));
    let record = sessions.read(&key()).unwrap().unwrap();
    let mut lock = sessions.lock(&key(), Instant::now()).unwrap().unwrap();
    lock.forget().unwrap();
    lock.keep(&record).unwrap();
    RejectedTokens::new(Some(&cache)).note("ws", THEN);
    AgentSessions::new(Some(&state)).keep("agent", "a-session-id", Instant::now());
    name_history::clear(Some(&cache));
    name_history::note(Some(&cache), POOL, ORIGIN, ["alice", "bob"], ["admins"]);
    Previous::new(&state, Path::new("/nowhere/config.toml")).set(&"ws".parse().unwrap(), Instant::now()).unwrap();
    std::fs::remove_dir_all(state.join("codes")).unwrap();
    used_codes::take(Some(&state), &authenticator(), 100, 110, Instant::now()).unwrap();

    std::fs::remove_dir_all(state.join("m2m-requests")).unwrap();
    for _ in 0..2 {
        RequestCounts::new(&state).take(REQUESTS, 2, THEN, Instant::now()).unwrap();
    }

    assert_eq!(contents(root.path()), before);
}

/// All files below `dir` but locks, with their names.
fn contents(dir: &Path) -> std::collections::BTreeMap<PathBuf, String> {
    let mut found = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else if path.extension().is_none_or(|extension| extension != "lock") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}
