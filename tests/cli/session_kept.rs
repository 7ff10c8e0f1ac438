//! A cache may be deleted at any time: whoever signed in stays signed in while the secret store has the refresh token.

use crate::harness::challenges::PASSWORD;
use crate::harness::login::{REFRESH, alice, refreshed, sign_in};
use crate::harness::{Bus, Home, Keyring, Run, Server, Sessions, need};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const RENEW: &str = "GetTokensFromRefreshToken";

/// A home signed in once with the scripted server.
fn signed_in(sessions: &Sessions) -> (Home, Keyring) {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&sessions.server.url());
    token_user(&home, &keyring).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    (home, keyring)
}

fn token_user<'h>(home: &'h Home, keyring: &Keyring) -> Run<'h> {
    home.cogtok(["token", "user", "-p", "ws"]).keyring(keyring)
}

fn files(dir: PathBuf, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.path());
    entries.filter(|path| path.to_str().unwrap().ends_with(ending)).collect()
}

/// A word for it, and how it comes about.
type Fate = (&'static str, fn(&Home));

/// What becomes of the cache.
const FATES: [Fate; 6] = [
    ("deleted", |home| std::fs::remove_dir_all(home.cache_dir()).unwrap()),
    ("truncated", |home| of_cache(home, |path| std::fs::write(path, "").unwrap())),
    ("corrupt", |home| of_cache(home, |path| std::fs::write(path, "{\"version\":1,").unwrap())),
    ("of a later version", |home| {
        of_cache(home, |path| {
            let mut value: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            value["version"] = json!(99);
            std::fs::write(path, value.to_string()).unwrap();
        });
    }),
    ("from a backup, with its rights", |home| {
        of_cache(home, |path| std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap());
        let state = files(home.state_dir().join("sessions"), ".json");
        for path in state {
            std::fs::set_permissions(home.allow(path), PermissionsExt::from_mode(0o644)).unwrap();
        }
    }),
    ("cleared", |home| {
        home.cogtok(["cache", "clear"]).run().ok();
    }),
];

fn of_cache(home: &Home, change: impl Fn(&PathBuf)) {
    for path in files(home.cache_dir(), ".json") {
        change(&home.allow(path));
    }
}

#[test]
fn whatever_becomes_of_the_cache_the_user_stays_signed_in() {
    for (fate, spoil) in FATES {
        let sessions = Sessions::start(true, 30);
        let (home, keyring) = signed_in(&sessions);
        spoil(&home);
        // It is known without the store.
        let quiet = Bus::start();
        let rows = home.cogtok(["status", "--json"]).bus(&quiet).run().ok().json();
        assert_eq!((&rows[0]["session"]["via"], rows[0]["user"].is_null()), (&json!("api"), false), "{fate}");
        assert_eq!(rows[0]["secrets"], json!([{"kind": "refresh-token", "place": "keyring"}]), "{fate}");
        home.cogtok(["status"]).bus(&quiet).run().ok().stdout_has("API").stdout_has("sub-of-alice");
        token_user(&home, &keyring).run().ok();
        assert_eq!(sessions.counts(), (1, 1, 0), "{fate}");
        // And so does signing out find it.
        spoil(&home);
        home.cogtok(["logout"]).keyring(&keyring).run().ok().stderr_has("sub-of-alice is signed out");
        assert_eq!(keyring.entries().len(), 0, "{fate}");
        assert_eq!(home.cogtok(["status", "--json"]).run().json()[0]["session"], json!(null), "{fate}");
    }
}

#[test]
fn another_cache_and_a_clock_set_back_find_the_session_and_use_a_rotating_token_once() {
    need("faketime", "faketime");
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = signed_in(&sessions);
    let elsewhere = home.allow(home.path("another-cache"));
    let other = |run: Run<'_>| run.env("XDG_CACHE_HOME", &elsewhere).run();
    for _ in 0..2 {
        other(token_user(&home, &keyring)).ok();
        token_user(&home, &keyring).run().ok();
    }
    assert_eq!(sessions.counts(), (1, 4, 0));
    let earlier = ["faketime", "-f", "-3d"];
    token_user(&home, &keyring).under(earlier).run().ok();
    let rows = home.cogtok(["status", "--json"]).under(earlier).run().ok().json();
    assert_eq!(rows[0]["session"]["via"], "api");
    assert_eq!(sessions.counts(), (1, 5, 0));
}

#[test]
fn two_caches_at_once_never_use_the_same_refresh_token() {
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = signed_in(&sessions);
    sessions.state().delay = std::time::Duration::from_millis(100);
    let caches: Vec<PathBuf> = (0..8).map(|n| home.allow(home.path(format!("cache-{n}")))).collect();
    let runs = caches.iter().map(|cache| token_user(&home, &keyring).env("XDG_CACHE_HOME", cache));
    for output in crate::harness::herd(runs) {
        output.ok();
    }
    assert_eq!(sessions.counts(), (1, 8, 0));
}

#[test]
fn a_session_that_the_cache_alone_knows_goes_on() {
    // As versions before this one left it: the state folder knows nothing.
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = signed_in(&sessions);
    std::fs::remove_dir_all(home.state_dir()).unwrap();
    assert_eq!(home.cogtok(["status", "--json"]).run().ok().json()[0]["session"]["via"], "api");
    token_user(&home, &keyring).run().ok();
    std::fs::remove_dir_all(home.cache_dir()).unwrap();
    token_user(&home, &keyring).run().ok();
    assert_eq!(sessions.counts(), (1, 2, 0));
}

#[test]
fn where_what_is_remembered_can_not_be_read_the_store_is_asked() {
    let spoils: [fn(&PathBuf); 3] = [
        |path| std::fs::write(path, "{").unwrap(),
        |path| std::fs::write(path, "").unwrap(),
        |path| std::fs::set_permissions(path, PermissionsExt::from_mode(0o666)).unwrap(),
    ];
    for spoil in spoils {
        let sessions = Sessions::start(true, 30);
        let (home, keyring) = signed_in(&sessions);
        std::fs::remove_dir_all(home.cache_dir()).unwrap();
        let record = files(home.state_dir().join("sessions"), ".json").remove(0);
        spoil(&home.allow(&record));
        home.cogtok(["status"]).run().ok().stderr_has("can't be read").stdout_has("unknown");
        token_user(&home, &keyring).run().ok().stderr_has("can't be read");
        // It is fixed with that.
        token_user(&home, &keyring).run().ok().stderr_lacks("can't be read");
        assert_eq!(sessions.counts(), (1, 2, 0));
        spoil(&record);
        home.cogtok(["logout"]).keyring(&keyring).run().ok();
        assert_eq!(keyring.entries().len(), 0);
    }
}

#[test]
fn a_session_from_the_browser_outlives_the_cache_as_well() {
    let (token, renewed) = refreshed(3600, None);
    let server = Server::script([alice(), renewed]);
    let (home, keyring) = (Home::new(), Keyring::start());
    home.login_profile(&server.url());
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    std::fs::remove_dir_all(home.cache_dir()).unwrap();
    home.cogtok(["status"]).run().ok().stdout_has("alice@example.com").stdout_has("browser");
    home.cogtok(["token", "user"]).keyring(&keyring).run().ok().stdout_is(&format!("{token}\n"));
    assert_eq!(server.requests()[1].form("refresh_token").as_deref(), Some(REFRESH));
}

#[test]
fn a_sign_in_that_keeps_nothing_leaves_the_session_that_there_is() {
    let sessions = Sessions::start(true, 30);
    let (home, keyring) = signed_in(&sessions);
    let current = sessions.state().current.clone();
    token_user(&home, &keyring).args(["--no-refresh"]).env("COGTOK_PASSWORD", PASSWORD).run().ok();
    assert_eq!(home.cogtok(["status", "--json"]).run().ok().json()[0]["session"]["via"], "api");
    sessions.state().current = current;
    token_user(&home, &keyring).run().ok();
    assert_eq!(sessions.log(), ["InitiateAuth", "InitiateAuth", RENEW]);
}
