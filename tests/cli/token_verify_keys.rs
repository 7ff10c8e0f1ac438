//! Where the keys of `cogtok token verify` come from: fetched once, kept privately, and never guessed.

use crate::harness::pool::{JWKS, now, publisher};
use crate::harness::sign::{self, CLIENT, access_claims, jwk, jwks, key, sign_with};
use crate::harness::{Answer, Home, Proxy, Server, herd, workshop};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn good() -> String {
    sign::sign(&access_claims(now()))
}

fn cache_file(home: &Home) -> PathBuf {
    let mut files = home.cache_files().into_keys().filter(|path| path.extension().is_some_and(|ext| ext == "json"));
    files.find(|path| path.parent().unwrap().ends_with("jwks")).expect("a cached key set")
}

/// Makes the cached keys seem to have been fetched so many seconds ago.
fn age(home: &Home, seconds: u64) {
    let path = cache_file(home);
    let mut stored: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    stored["fetched_at"] = json!(stored["fetched_at"].as_u64().unwrap() - seconds * 1000);
    std::fs::write(&path, stored.to_string()).unwrap();
}

#[test]
fn keys_are_fetched_once_and_kept_for_two_hours() {
    let (home, server) = (Home::new(), publisher());
    home.pool_profile(&server.url());
    for _ in 0..3 {
        home.verify(&good(), &[]).run().ok().quiet();
    }
    assert_eq!(server.hits(), 1);
    assert_eq!(server.requests()[0].path, JWKS);
    assert!(server.requests()[0].header("authorization").is_none());
    age(&home, 2 * 3600 - 60);
    home.verify(&good(), &[]).run().ok();
    assert_eq!(server.hits(), 1);
    age(&home, 120);
    home.verify(&good(), &[]).run().ok();
    assert_eq!(server.hits(), 2);
}

#[test]
fn an_unknown_key_causes_one_more_fetch_and_at_most_one_a_minute() {
    let is_rotated = Arc::new(AtomicBool::new(false));
    let rotated = Arc::clone(&is_rotated);
    let server = Server::start(move |_| {
        if rotated.load(Ordering::SeqCst) {
            Answer::json(200, &json!({"keys": [jwk("stranger")]}))
        } else {
            Answer::json(200, &jwks())
        }
    });
    let home = Home::new();
    home.pool_profile(&server.url());
    home.verify(&good(), &[]).run().ok();
    let new = sign_with("stranger", &json!({"kid": key("stranger")["kid"], "alg": "RS256"}), &access_claims(now()));
    // Within the minute nothing is asked.
    for _ in 0..3 {
        home.verify(&new, &[]).run().code(8).stderr_has("`kid`").stderr_has("test-stranger");
    }
    assert_eq!(server.hits(), 1);
    age(&home, 61);
    for _ in 0..3 {
        home.verify(&new, &[]).run().code(8);
    }
    assert_eq!(server.hits(), 2);
    is_rotated.store(true, Ordering::SeqCst);
    age(&home, 61);
    for _ in 0..3 {
        home.verify(&new, &[]).run().ok();
    }
    // The old key is gone from the set, and no longer counts.
    home.verify(&good(), &[]).run().code(8);
    assert_eq!(server.hits(), 3);
}

#[test]
fn a_real_pools_keys_are_fetched_through_the_endpoint_once() {
    let workshop = workshop();
    let (home, proxy) = (Home::new(), Proxy::new(&workshop.endpoint));
    home.profile("ws", workshop, &proxy.url(), &workshop.token_url);
    let token = workshop.m2m_token();
    for _ in 0..3 {
        home.verify(&token, &[]).run().ok().quiet();
    }
    assert_eq!(proxy.log(), [format!("/{}/.well-known/jwks.json", workshop.pool_id)]);
}

#[test]
fn a_herd_makes_one_fetch() {
    let server = Server::always(Answer::json(200, &jwks()).delay(Duration::from_millis(500)));
    let home = Home::new();
    home.pool_profile(&server.url());
    let token = good();
    let outputs = herd((0..30).map(|_| home.verify(&token, &[])));
    for output in outputs {
        output.ok().quiet();
    }
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_herd_shares_a_failure() {
    let server = Server::always(Answer::new(503, "text/plain", "").delay(Duration::from_millis(200)));
    let home = Home::new();
    home.pool_profile(&server.url());
    let token = good();
    for output in herd((0..20).map(|_| home.verify(&token, &[]))) {
        output.code(6).stderr_has("NOT verified").stderr_has("HTTP 503");
    }
    // The tries of one.
    assert_eq!(server.hits(), 4);
    // Who comes later tries again.
    home.verify(&token, &[]).run().code(6);
    assert_eq!(server.hits(), 8);
}

#[test]
fn stale_keys_do_not_stand_in_for_those_that_cannot_be_had() {
    let is_down = Arc::new(AtomicBool::new(false));
    let down = Arc::clone(&is_down);
    let server = Server::start(move |_| {
        if down.load(Ordering::SeqCst) { Answer::new(404, "text/plain", "") } else { Answer::json(200, &jwks()) }
    });
    let home = Home::new();
    home.pool_profile(&server.url());
    home.verify(&good(), &[]).run().ok();
    is_down.store(true, Ordering::SeqCst);
    home.verify(&good(), &[]).run().ok();
    age(&home, 2 * 3600);
    insta::assert_snapshot!(home.verify(&good(), &[]).run().message(), @"
    exit 6
    error: NOT verified: 127.0.0.1:[port] gave no key set (HTTP 404, text/plain, 0 bytes) (profile `ws`)
    hint: check the pool's id and Region, `endpoint_url`, and what `--issuer` or `--jwks` names
    hint: cogtok still has keys that it fetched before: `--offline` uses them
    ");
    home.verify(&good(), &["--offline"]).run().ok();
}

#[test]
fn keys_that_cannot_be_had_verify_nothing() {
    let html = || Answer::new(200, "text/html", "<html>keys</html>");
    let jwks_text = || jwks().to_string();
    let mut small = json!({"keys": [jwk("small")]});
    small["keys"][0]["kid"] = json!("test-access");
    let canary = Server::canary();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    let rows: Vec<(&str, Answer, &str)> = vec![
        ("HTML", html(), "text/html"),
        ("keys of a wrong type", Answer::new(200, "text/plain", jwks_text()), "text/plain"),
        ("an empty answer", Answer::new(200, "application/json", ""), "not JSON"),
        ("null", Answer::new(200, "application/json", "null"), "keys"),
        ("no keys", Answer::json(200, &json!({"keys": []})), "no keys"),
        ("no list", Answer::json(200, &json!({"keys": {}})), "keys"),
        (
            "keys that can't be used",
            Answer::json(200, &json!({"keys": [{"kty": "oct", "kid": "test-access", "k": "AA"}]})),
            "none of its keys",
        ),
        ("weak keys", Answer::json(200, &small), "none of its keys"),
        ("two keys of one name", Answer::json(200, &json!({"keys": [jwk("access"), jwk("access")]})), "same `kid`"),
        ("cut", Answer::raw(format!("{head}\r\n{}", &jwks_text()[..200])), "not JSON"),
        ("deep", Answer::new(200, "application/json", "[".repeat(900_000)), "not JSON"),
        ("endless", Answer::endless(format!("{head}\r\n{{\"keys\":[\""), vec![b'a'; 1 << 20]), "larger than 1 MiB"),
        (
            "endless headers",
            Answer::endless("HTTP/1.1 200 OK\r\n", b"X-Filling: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(1000)),
            "127.0.0.1",
        ),
        ("404", Answer::json(404, &jwks()), "HTTP 404"),
        ("a redirect", Answer::redirect(302, &format!("{}{JWKS}", canary.url())), "redirect refused: 302"),
        ("a redirect that keeps the method", Answer::redirect(308, &canary.url()), "redirect refused: 308"),
        ("an escape in a header", Answer::new(200, "text/\u{1b}[31mx", "x"), "127.0.0.1"),
    ];
    std::thread::scope(|threads| {
        for (name, answer, says) in rows {
            threads.spawn(move || {
                let (home, server) = (Home::new(), Server::always(answer));
                home.pool_profile(&server.url());
                let output = home.verify(&good(), &[]).run();
                output.code(6).stdout_is("").stderr_has("NOT verified").stderr_has(says);
                output.check(server.hits() == 1, name);
                let output = home.verify(&good(), &["--json"]).run();
                output.code(6).check(output.json()["verified"] == false, name);
                assert!(
                    home.cache_files().keys().all(|path| path.extension().is_some_and(|ext| ext == "lock")),
                    "{name}"
                );
            });
        }
    });
    canary.assert_untouched();
}

#[test]
fn a_server_that_is_busy_or_gone_is_tried_again_and_then_told() {
    let home = Home::new();
    let server = Server::script([
        Answer::new(503, "text/plain", ""),
        Answer::new(429, "text/plain", ""),
        Answer::json(200, &jwks()),
    ]);
    home.pool_profile(&server.url());
    home.verify(&good(), &[]).run().ok().quiet();
    assert_eq!(server.hits(), 3);
    let (home, server) = (Home::new(), Server::always(Answer::new(500, "text/html", "<h1>no</h1>")));
    home.pool_profile(&server.url());
    insta::assert_snapshot!(home.verify(&good(), &[]).run().message(), @"
    exit 6
    error: NOT verified: 127.0.0.1:[port] answered HTTP 500 (profile `ws`)
    hint: wait a little and try again
    ");
    assert_eq!(server.hits(), 4);
    let home = Home::new();
    home.pool_profile(&format!("http://127.0.0.1:{}", crate::harness::ports::closed_port()));
    insta::assert_snapshot!(home.verify(&good(), &[]).run().message(), @"
    exit 6
    error: NOT verified: no connection to 127.0.0.1:[port]: Connection refused (os error 111) (profile `ws`)
    hint: check the URL, the network and the proxy, then try again
    ");
    let (home, server) = (Home::new(), Server::always(Answer::never()));
    home.pool_profile(&server.url());
    let output = home.verify(&good(), &["--timeout", "1s"]).timeout(Duration::from_secs(2)).run();
    output.code(6).stderr_has("NOT verified");
}

#[test]
fn offline_means_no_request() {
    let (home, server) = (Home::new(), publisher());
    home.pool_profile(&server.url());
    let output = home.verify(&good(), &["--offline"]).run();
    output.code(6).stderr_has("NOT verified").stderr_has("not cached").stderr_has("--jwks FILE");
    server.assert_untouched();
    home.verify(&good(), &[]).run().ok();
    age(&home, 100 * 24 * 3600);
    home.verify(&good(), &["--offline"]).run().ok().quiet();
    let unknown = sign_with("stranger", &json!({"kid": "other", "alg": "RS256"}), &access_claims(now()));
    insta::assert_snapshot!(home.verify(&unknown, &["--offline"]).run().message(), @"
    exit 8
    error: NOT verified: `kid` is other, expected: a key of the pool (test-access, test-id) (profile `ws`)
    hint: the token is of another pool, or was changed on its way
    ");
    assert_eq!(server.hits(), 1);
    home.verify(&good(), &["--offline", "--remote"]).run().code(2);
}

#[test]
fn keys_come_from_a_file_or_an_address_that_is_named() {
    let home = Home::new();
    let dead = Server::canary();
    home.pool_profile(&dead.url());
    let file = home.plant("keys/jwks.json", jwks().to_string());
    let file = file.to_str().unwrap();
    home.verify(&good(), &["--jwks", file]).run().ok().quiet();
    home.verify(&good(), &["--jwks", file, "--offline"]).run().ok().quiet();
    // As PowerShell's `>` writes it.
    let units = std::iter::once(0xfeff).chain(jwks().to_string().encode_utf16().collect::<Vec<_>>());
    let utf_16: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    let of_windows = home.plant("keys/windows.json", utf_16);
    home.verify(&good(), &["--jwks", of_windows.to_str().unwrap(), "--offline"]).run().ok().quiet();
    home.verify(&good(), &["--jwks", file, "--client-id", CLIENT, "--issuer", "http://any.example"])
        .run()
        .code(8)
        .stderr_has("`iss`");
    let other = home.plant("keys/other.json", json!({"keys": [jwk("stranger")]}).to_string());
    insta::assert_snapshot!(home.verify(&good(), &["--jwks", other.to_str().unwrap()]).run().message(), @"
    exit 8
    error: NOT verified: `kid` is test-access, expected: a key of the pool (test-stranger) (profile `ws`)
    hint: the token is of another pool, or was changed on its way
    ");
    for (name, content) in [("empty", ""), ("html", "<html>"), ("none", "{\"keys\":[]}"), ("list", "[]")] {
        let file = home.plant(format!("keys/{name}"), content);
        let output = home.verify(&good(), &["--jwks", file.to_str().unwrap()]).run();
        output.code(2).stderr_has("NOT verified").stderr_has(name);
    }
    insta::assert_snapshot!(home.verify(&good(), &["--jwks", "/no/such/file"]).run().message(), @"
    exit 2
    error: NOT verified: /no/such/file can't be read: No such file or directory (os error 2) (profile `ws`)
    ");
    let huge = home.plant("keys/huge", vec![b' '; (1 << 20) + 1]);
    insta::assert_snapshot!(home.verify(&good(), &["--jwks", huge.to_str().unwrap()]).run().message(), @"
    exit 2
    error: NOT verified: [home]/keys/huge is larger than 1 MiB (profile `ws`)
    ");
    dead.assert_untouched();

    let server = Server::always(Answer::new(200, "application/jwk-set+json; charset=utf-8", jwks().to_string()));
    let url = format!("{}/keys.json", server.url());
    for _ in 0..2 {
        home.verify(&good(), &["--jwks", &url]).run().ok().quiet();
    }
    assert_eq!((server.hits(), server.requests()[0].path.as_str()), (1, "/keys.json"));
    home.verify(&good(), &["--jwks", "http://keys.example/jwks.json"]).run().code(2).stderr_has("plain http");
    home.verify(&good(), &["--jwks", "ftp://127.0.0.1/jwks.json"]).run().code(2);
    dead.assert_untouched();
}

#[test]
fn cached_keys_that_somebody_else_could_have_written_do_not_count() {
    use std::os::unix::fs::PermissionsExt;
    let (home, server) = (Home::new(), publisher());
    home.pool_profile(&server.url());
    home.verify(&good(), &[]).run().ok();
    let path = cache_file(&home);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let forged = sign_with("stranger", &json!({"kid": "evil", "alg": "RS256"}), &access_claims(now()));
    let mut stored: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut evil = jwk("stranger");
    evil["kid"] = json!("evil");
    stored["key_set"]["keys"] = json!([evil, jwk("access"), jwk("id")]);
    std::fs::write(&path, stored.to_string()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    insta::assert_snapshot!(home.verify(&forged, &[]).run().message(), @"
    exit 8
    warning: the cached keys in [home]/.cache/cogtok/jwks/[hash].json are ignored: other users can write to it
    error: NOT verified: `kid` is evil, expected: a key of the pool (test-access, test-id) (profile `ws`)
    hint: the token is of another pool, or was changed on its way
    ");
    // The file's own version and address must be right as well.
    for (name, value) in [
        ("version", json!(2)),
        ("url", json!("http://127.0.0.1:1/x")),
        ("fetched_at", json!(u64::MAX)),
        ("key_set", json!({"keys": []})),
    ] {
        let mut wrong = stored.clone();
        wrong[name] = value;
        std::fs::write(&path, wrong.to_string()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        home.verify(&forged, &[]).run().code(8);
        home.verify(&good(), &[]).run().ok();
    }
    std::fs::write(&path, "{\"version\":1").unwrap();
    home.verify(&good(), &[]).run().ok();
}

#[test]
fn root_verifies_with_no_key_that_another_user_left() {
    use std::os::unix::fs::lchown;
    let (home, server) = (Home::new(), publisher());
    home.pool_profile(&server.url());
    home.verify(&good(), &[]).run().ok();
    let path = cache_file(&home);
    let mut stored: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let mut evil = jwk("stranger");
    evil["kid"] = json!("evil");
    stored["key_set"]["keys"] = json!([evil]);
    std::fs::write(&path, stored.to_string()).unwrap();
    let theirs = [path.as_path(), path.parent().unwrap(), home.allow(home.cache_dir()).as_path()]
        .iter()
        .try_for_each(|path| lchown(path, Some(54_321), Some(54_321)));
    // Only root can give a file away.
    if theirs.is_err() {
        return;
    }
    let forged = sign_with("stranger", &json!({"kid": "evil", "alg": "RS256"}), &access_claims(now()));
    home.verify(&forged, &[]).run().code(8).stderr_has("are ignored: it belongs to another user");
}

#[test]
fn where_nothing_can_be_kept_tokens_are_verified_all_the_same() {
    let (home, server) = (Home::new(), publisher());
    home.pool_profile(&server.url());
    home.plant(".cache", "a file where a directory belongs");
    for _ in 0..2 {
        home.verify(&good(), &[]).run().ok().stderr_has("can't be cached");
    }
    assert_eq!(server.hits(), 2);
    home.verify(&good(), &["--offline"]).run().code(6);
}
