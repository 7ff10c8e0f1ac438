//! `cogtok cache list` and `clear` where the folder has other files, files that can't be read, and thousands of them.

use crate::cache_command::{clear, list, stored, two_profiles};
use crate::harness::scripted::CLIENT;
use crate::harness::{Answer, Home, Server, m2m_jwt, unique};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::time::Duration;

/// The name of the file of a key.
fn name(key: &Value) -> String {
    let mut digest = Sha256::new();
    for part in key.as_array().unwrap() {
        let (name, value) = (part[0].as_str().unwrap(), part[1].as_str().unwrap());
        digest.update(format!("{}:{name}={}:{value};", name.len(), value.len()));
    }
    let hex: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hex}.json", key[0][1].as_str().unwrap())
}

/// A home with one cached token, its file, and what is in it.
fn one_token() -> (Home, PathBuf, Value) {
    let server = Server::always(Answer::token(&m2m_jwt(CLIENT, "api/read api/write")));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    home.scripted_m2m(&[]).run().ok();
    let (path, content) = stored(&home);
    (home, path, content)
}

#[test]
fn files_that_are_no_tokens_are_named_and_stop_nothing() {
    let (home, path, good) = one_token();
    assert_eq!(path.file_name().unwrap().to_str().unwrap(), name(&good["key"]), "the name that a key gives");
    let dir = home.allow(home.cache_dir());
    let hex = |n: u32| format!("{n:032x}");
    let victim = home.plant("victim.json", good.to_string());
    let put = |name: &str, bytes: &[u8]| home.plant(format!(".cache/cogtok/{name}"), bytes);
    put(&format!("m2m-{}.json", hex(1)), b"\xff\xfe\x00not json");
    put(&format!("m2m-{}.json", hex(2)), b"");
    put(&format!("user-{}.json", hex(3)), b"{\"version\":1}");
    put(&format!("m2m-{}.json", hex(4)), good.to_string().as_bytes());
    put(&format!("m2m-{}.json", hex(5)), &vec![b' '; 1 << 20]);
    std::os::unix::fs::symlink(&victim, dir.join(format!("m2m-{}.json", hex(6)))).unwrap();
    assert!(
        std::process::Command::new("mkfifo").arg(dir.join(format!("m2m-{}.json", hex(7)))).status().unwrap().success()
    );
    let open = put(&format!("m2m-{}.json", hex(8)), good.to_string().as_bytes());
    std::fs::set_permissions(open, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let mut newer = good.clone();
    newer["version"] = json!(99);
    newer["key"][1][1] = json!("newer");
    put(&name(&newer["key"]), newer.to_string().as_bytes());
    let unusable = 9;
    // What others keep here is nobody's business.
    put("jwks-00000000000000000000000000000000.json", b"{\"keys\":[]}");
    put("notes.json", b"mine");
    put("m2m-short.json", b"mine");
    put(&format!("m2m-{}.lock", hex(1)), b"");
    let odd: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(b"m2m-\xff\x1b[31m.json".to_vec());
    std::fs::write(dir.join(odd), "").unwrap();

    let output = home.cogtok(["cache", "list", "--json"]).timeout(Duration::from_secs(5)).run();
    let entries = output.ok().json();
    assert_eq!(entries.as_array().unwrap().len(), 1, "{entries}");
    assert_eq!(entries[0]["client_id"], CLIENT);
    assert_eq!(output.stderr.matches("warning: ").count(), unusable, "{}", output.stderr);
    for says in [
        "not a cached token",
        "not what its name says",
        "larger than",
        "symbolic link",
        "not a regular file",
        "other users can read it",
        "another version",
    ] {
        output.stderr_has(says);
    }
    let cleared = clear(&home, &[]).run();
    cleared.ok().stderr_has("removed: m2m token of client").stderr_has("removed: 9 files that contained no token");
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), good.to_string(), "a link is not followed");
    let mut left: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.retain(|name| !name.ends_with(".lock"));
    left.sort();
    assert_eq!(
        left,
        ["jwks-00000000000000000000000000000000.json", "m2m-short.json", "m2m-\u{fffd}\u{1b}[31m.json", "notes.json"]
    );
}

#[test]
fn what_a_terminal_would_obey_in_a_cached_name_is_escaped() {
    let (home, _, good) = one_token();
    home.allow(home.cache_dir());
    let mut evil = good.clone();
    let at = good["key"].as_array().unwrap().iter().position(|part| part[0] == "client_id").unwrap();
    evil["key"][at][1] = json!("evil\u{1b}[31m\u{202e}\n\"x");
    home.plant(format!(".cache/cogtok/{}", name(&evil["key"])), evil.to_string());
    let table = home.cogtok(["cache", "list"]).run();
    table.ok().stdout_has("evil\\u{1b}");
    table.check(!table.stdout.contains('\u{1b}') && !table.stdout.contains('\u{202e}'), "escaped");
    let json = home.cogtok(["cache", "list", "--json"]).run();
    json.ok().check(!json.stdout.contains(['\u{1b}', '\u{202e}']), "escaped");
    assert!(json.json().as_array().unwrap().iter().any(|entry| entry["client_id"] == "evil\u{1b}[31m\u{202e}\n\"x"));
    // The oracle reads what is said of it.
    clear(&home, &[]).run().ok().stderr_has("evil\\u{1b}");
}

#[test]
fn what_cant_be_read_or_removed_is_exit_7_and_the_rest_goes_on() {
    let (home, _server) = two_profiles();
    let dir = home.allow(home.cache_dir());
    let stuck = [1, 2].map(|n| format!("m2m-{n:032x}.json"));
    stuck.iter().for_each(|name| std::fs::create_dir(dir.join(name)).unwrap());
    let output = clear(&home, &[]).run();
    output.code(7).stdout_is("").stderr_has("removed: m2m token");
    for name in stuck {
        output.stderr_has(&format!("{name} can't be removed"));
    }
    assert!(list(&home).is_empty());
    std::fs::remove_dir_all(&dir).unwrap();
    std::fs::write(&dir, "a file where the directory should be").unwrap();
    insta::assert_snapshot!(home.cogtok(["cache", "list"]).run().message(), @"
    exit 7
    error: [home]/.cache/cogtok can't be read: Not a directory (os error 20)
    ");
    clear(&home, &[]).run().code(7);
}

#[test]
fn thousands_of_tokens_are_listed_and_cleared_in_no_time() {
    let (home, _, good) = one_token();
    home.allow(home.cache_dir());
    for n in 0..2000 {
        let mut other = good.clone();
        other["key"][1][1] = json!(unique(&format!("url{n}")));
        let path = home.cache_dir().join(name(&other["key"]));
        std::fs::write(&path, other.to_string()).unwrap();
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let output = home.cogtok(["cache", "list", "--json"]).timeout(Duration::from_secs(10)).run();
    assert_eq!(output.ok().json().as_array().unwrap().len(), 2001);
    let cleared = clear(&home, &[]).timeout(Duration::from_secs(10)).run();
    cleared.ok().stderr_has("removed: 1981 more");
    assert!(list(&home).is_empty());
}
