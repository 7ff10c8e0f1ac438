//! The token cache on a disk and a clock that misbehave: the token is printed all the same, and nothing wrong is served.

use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Run, Server, m2m_jwt, need};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A different token each time.
fn issuer() -> Server {
    Server::start(|_| Answer::token(&m2m_jwt(CLIENT, "api/read api/write")))
}

/// A home with one cached token, its file, and the server it came from.
fn cached() -> (Home, Server, PathBuf, String) {
    let (home, server) = (Home::new(), issuer());
    home.scripted_profile(&server.token_url());
    let token = home.scripted_m2m(&[]).run().ok().quiet().line().to_string();
    let file = home.cache_files().into_keys().find(|path| path.extension().is_some_and(|e| e == "json"));
    (home, server, file.expect("a cached token"), token)
}

fn relative(home: &Home, path: &Path) -> PathBuf {
    path.strip_prefix(home.path("")).unwrap().to_path_buf()
}

/// As root a mode stops nobody, so the tests of missing rights run in a namespace where the disk is read-only.
pub fn read_only<'h>(run: Run<'h>, dir: &Path) -> Run<'h> {
    crate::harness::need_namespaces();
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,bind,ro \"$0\" && exec \"$@\"";
    run.under(["unshare", "-Urm", "sh", "-c", script]).under([dir])
}

#[test]
fn every_kind_of_corrupt_cache_is_a_miss_and_is_replaced() {
    let (home, server, file, token) = cached();
    let good = std::fs::read(&file).unwrap();
    let value: Value = serde_json::from_slice(&good).unwrap();
    let with = |key: &str, new: Value| {
        let mut changed = value.clone();
        changed[key] = new;
        changed.to_string().into_bytes()
    };
    let without = |key: &str| {
        let mut changed = value.clone();
        changed.as_object_mut().unwrap().remove(key);
        changed.to_string().into_bytes()
    };
    let noise: Vec<u8> = (0..500u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut trailing = good.clone();
    trailing.extend(b"{}");
    let deep = "[".repeat(100_000).into_bytes();
    let mut rows = vec![
        ("random bytes", noise),
        ("deep", deep),
        ("trailing garbage", trailing),
        ("invalid UTF-8", vec![0xff; 40]),
        ("an array", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("a future version", with("version", json!(2))),
        ("an older version", with("version", json!(0))),
        ("a version of another type", with("version", json!("1"))),
        ("another key", with("key", json!([["kind", "m2m"]]))),
        ("an access token of another type", with("access_token", json!(7))),
        ("an access token that a shell obeys", with("access_token", json!("a;touch pwned"))),
        ("no access token", without("access_token")),
        ("no end", without("access_expires_at")),
        ("a negative end", with("access_expires_at", json!(-1))),
        ("an end of another type", with("access_expires_at", json!("never"))),
        ("from the future", with("obtained_at", json!(u64::MAX))),
        ("from the beginning of time", with("obtained_at", json!(0))),
    ];
    rows.extend((0..good.len()).step_by(good.len() / 7).map(|at| ("truncated", good[..at].to_vec())));
    let mut previous = token;
    for (n, (name, bytes)) in rows.into_iter().enumerate() {
        home.plant(relative(&home, &file), &bytes);
        let output = home.scripted_m2m(&[]).run();
        let fresh = output.ok().line().to_string();
        output.check(output.stderr.lines().count() <= 1, &format!("{name}: at most one warning"));
        assert!(fresh != previous, "{name} is a miss");
        assert_eq!(server.hits(), n + 2, "{name}");
        home.scripted_m2m(&[]).run().ok().quiet().stdout_is(&output.stdout);
        previous = fresh;
    }
}

#[test]
fn no_file_makes_a_token_eternal() {
    let (home, server, file, token) = cached();
    let mut value: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    value["access_expires_at"] = json!(u64::MAX);
    home.plant(relative(&home, &file), value.to_string());
    let json = home.scripted_m2m(&["--json"]).run().ok().json();
    assert_eq!(json["access_token"], token);
    assert!(json["expires_in"].as_u64().unwrap() <= 3600, "the token's own exp still counts: {json}");
    value["access_token"] = json!("opaque");
    value["access_expires_at"] = json!(4_000_000_000u64);
    home.plant(relative(&home, &file), value.to_string());
    let json = home.scripted_m2m(&["--json"]).run().ok().json();
    assert!(json["expires_in"].as_u64().unwrap() <= 86_400, "a day at most: {json}");
    assert_eq!(server.hits(), 1);
}

#[test]
fn a_huge_sparse_file_and_what_is_no_file_in_the_caches_place_are_not_read() {
    let (home, server, file, _) = cached();
    let expect = |what: &str, healed: bool| {
        let before = server.hits();
        let output = home.scripted_m2m(&[]).run();
        output.ok().stderr_has("warning: ");
        assert_eq!(server.hits(), before + 1, "{what}");
        if healed {
            home.scripted_m2m(&[]).run().ok().quiet().stdout_is(&output.stdout);
        }
    };
    let sparse = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    sparse.set_len(1 << 30).unwrap();
    expect("a sparse gigabyte", true);
    std::fs::remove_file(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").args(["-m", "600"]).arg(&file).status().unwrap().success());
    expect("a FIFO", true);
    let victim = home.plant("victim", "precious");
    std::fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&victim, &file).unwrap();
    expect("a symbolic link", true);
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(home.allow(&file)).unwrap();
    expect("a directory", false);
}

#[test]
fn where_nothing_can_be_kept_the_token_is_printed_with_a_warning() {
    let (home, server) = (Home::new(), issuer());
    home.canary(SECRET);
    let url = server.token_url();
    let run = || {
        let args = ["--client-id", CLIENT, "--token-url", &url, "--scope", "api/read api/write"];
        home.scripted_m2m(&args)
    };
    let names = ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"];
    let homeless = names.into_iter().fold(run(), |run, name| run.env_remove(name));
    let token = homeless.env("HOME", "/proc/nowhere").run();
    token.ok().stderr_has("warning: ").check(token.line().split('.').count() == 3, "the token");

    std::fs::create_dir(home.path(".cache")).unwrap();
    let output = read_only(run(), &home.path(".cache")).run();
    output.ok().stderr_has("warning: tokens can't be cached in ").stderr_has("Read-only");
    assert!(home.cache_files().is_empty());

    std::fs::remove_dir(home.path(".cache")).unwrap();
    home.plant(".cache", "a file where the directory belongs");
    run().run().ok().stderr_has("warning: tokens can't be cached in ");
    let quiet = run().arg("-q").run();
    quiet.ok().quiet();
    assert_eq!(server.hits(), 4);
}

#[test]
fn a_token_that_was_cached_is_served_from_a_read_only_disk() {
    let (home, server, file, token) = cached();
    let output = read_only(home.scripted_m2m(&[]), file.parent().unwrap()).run();
    output.ok().quiet().stdout_is(&format!("{token}\n"));
    let renewed = read_only(home.scripted_m2m(&["--force-refresh"]), file.parent().unwrap()).run();
    renewed.ok().stderr_has("warning: ").check(renewed.line() != token, "a new token, not kept");
    assert_eq!(server.hits(), 2);
}

/// `strace` with these injections, its log in the home.
fn strace(log: &Path, args: &[&str]) -> Vec<String> {
    need("strace", "strace");
    let mut command: Vec<String> = ["strace", "-f", "-y", "-o", log.to_str().unwrap()].map(String::from).to_vec();
    command.extend(args.iter().map(|arg| (*arg).to_string()));
    command
}

#[test]
fn a_disk_that_fails_while_the_token_is_cached_costs_a_warning_and_not_the_token() {
    let (home, server, file, old) = cached();
    let log = home.allow(home.path("strace.log"));
    let renew = || home.scripted_m2m(&["--force-refresh"]);
    let traced = |inject: &[&str]| {
        let output = renew().under(strace(&log, inject)).run();
        (output, std::fs::read_to_string(&log).unwrap())
    };

    // Which writes of the process are the temporary file's: only those are to fail.
    let (clean, trace) = traced(&["-e", "trace=write"]);
    clean.ok().quiet();
    let main = trace.split_whitespace().next().unwrap().to_string();
    let writes: Vec<_> = trace.lines().filter(|line| line.starts_with(&main) && line.contains("write(")).collect();
    let first = writes.iter().position(|line| line.contains(".tmp>")).expect("a temporary file is written") + 1;

    let nth = format!("inject=write:error=ENOSPC:when={first}");
    let name = file.to_str().unwrap();
    let rows: [(&str, Vec<&str>); 4] = [
        ("ENOSPC", vec!["-e", "trace=write", "-e", &nth]),
        ("EIO", vec!["-e", "trace=fsync", "-e", "inject=fsync:error=EIO"]),
        (
            "EDQUOT",
            vec![
                "-P",
                name,
                "-e",
                "trace=?rename,?renameat,renameat2",
                "-e",
                "inject=?rename,?renameat,renameat2:error=EDQUOT",
            ],
        ),
        (
            "EROFS",
            vec![
                "-P",
                name,
                "-e",
                "trace=?rename,?renameat,renameat2",
                "-e",
                "inject=?rename,?renameat,renameat2:error=EROFS",
            ],
        ),
    ];
    let mut kept = clean.line().to_string();
    assert_ne!(kept, old);
    for (error, inject) in rows {
        let before = server.hits();
        let (output, trace) = traced(&inject);
        let hit = trace.lines().find(|line| line.contains("(INJECTED)") && line.contains(error));
        // Where a thread ends in the same moment, the call stands in two lines.
        let begun = |line: &str| {
            let pid = line.split(' ').next().unwrap_or_default();
            let is_begun =
                |other: &&str| other.starts_with(pid) && other.contains("<unfinished") && other.contains(".tmp");
            line.contains("resumed>") && trace.lines().any(|other| is_begun(&other))
        };
        let aimed = hit.is_some_and(|line| line.contains(".tmp") || error == "EIO" || begun(line));
        assert!(aimed, "{error}: nothing was injected into the temporary file's way\n{trace}");
        output.ok().stderr_has("warning: the token could not be cached in ");
        output.check(output.line() != kept && output.stderr.lines().count() == 1, "the new token, and one warning");
        assert_eq!(server.hits(), before + 1, "{error}");
        let next = home.scripted_m2m(&[]).run();
        if error == "EIO" {
            // Only the flush of the directory comes after the rename; either image is whole.
            kept = next.ok().quiet().line().to_string();
        } else {
            next.ok().quiet().stdout_is(&format!("{kept}\n"));
        }
        home.assert_swept();
    }
}

#[test]
fn a_clock_that_jumps_makes_no_token_eternal_and_no_panic() {
    need("faketime", "faketime");
    let (home, server) = (Home::new(), Server::start(|_| Answer::token(&crate::harness::unique("opaque"))));
    home.scripted_profile(&server.token_url());
    let at = |when: &str| {
        let run = home.scripted_m2m(&["--json"]).under(["faketime", "-f", when]);
        run.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").run()
    };
    let now = home.scripted_m2m(&["--json"]).run().ok().quiet().json()["access_token"].clone();
    let mut seen = vec![now.clone()];
    for (when, what) in [
        ("-1h", "a token from the future is a miss"),
        ("-10y", "so is one from the far future"),
        ("@1970-01-01 00:00:05", "at the beginning of time too"),
        ("+10y", "a token that is over is a miss"),
        ("@2106-03-01 00:00:00", "after 32 bits have run out too"),
    ] {
        let output = at(when);
        let json = output.ok().quiet().json();
        assert!(!seen.contains(&json["access_token"]), "{what}: {json}");
        assert!((3590..=3600).contains(&json["expires_in"].as_u64().unwrap()), "{when}: {json}");
        seen.push(json["access_token"].clone());
        assert_eq!(server.hits(), seen.len());
    }
    let back = home.scripted_m2m(&["--json"]).run().ok().quiet().json();
    assert!(!seen.contains(&back["access_token"]), "what was kept in 2106 is no token today");
    let same = at("+5m").ok().quiet().json();
    assert_eq!((&same["access_token"], &same["source"]), (&back["access_token"], &json!("cache")));
}
