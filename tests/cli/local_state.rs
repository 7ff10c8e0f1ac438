//! What is on this machine: modes from the first instant, things in the place of our files, many writers, large files.

use crate::harness::scripted::SECRET;
use crate::harness::{Answer, Barrier, Home, Running, Server, herd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn names(home: &Home) -> Vec<String> {
    home.cogtok(["profile", "list", "-o", "text"]).run().ok().stdout.lines().map(String::from).collect()
}

#[test]
fn files_are_private_from_the_first_instant_under_any_umask() {
    crate::harness::need("strace", "strace");
    let server = Server::always(Answer::token("cached-token"));
    for mask in [0o000, 0o022, 0o077, 0o777] {
        let home = Home::new();
        home.canary(SECRET);
        let (log, identity) = (home.path("tmp/calls"), home.path("keys/identity"));
        let calls = "trace=openat,?open,?creat,?mkdir,mkdirat,?chmod,fchmod,fchmodat,?link,linkat";
        let strace = ["strace", "-f", "-qq", "-A", "-e", calls, "-o", log.to_str().unwrap()];
        let run = |words: &[&str]| home.cogtok(words).umask(mask).under(strace);
        let url = server.token_url();
        run(&["profile", "create", "ws", "--m2m-client-id", "machine", "--token-url", &url]).run().ok();
        run(&["token", "m2m", "--client-secret-stdin"]).stdin(SECRET).run().ok().stdout_is("cached-token\n");
        run(&["secret", "init", identity.to_str().unwrap()]).run().ok();
        let set = run(&["secret", "set", "m2m-client"]).env("COGTOK_SECRET_IDENTITY", &identity).stdin(SECRET);
        set.run().ok();
        let calls: Vec<String> = read(&log).lines().map(String::from).collect();
        std::fs::remove_file(&log).unwrap();
        let made: Vec<_> = calls.iter().filter(|call| call.contains("O_CREAT")).collect();
        assert!(made.len() >= 7, "{calls:#?}");
        for call in &made {
            assert!(call.contains(", 0600)"), "umask {mask:03o}: {call}");
            // Locks stay for good, hence no O_EXCL; everything else is a new file.
            assert!(call.contains(".lock\"") || call.contains("O_EXCL"), "{call}");
            assert!(!call.contains(".lock\"") || call.contains("O_NOFOLLOW"), "{call}");
        }
        let later: Vec<_> = calls.iter().filter(|call| call.contains("chmod") || call.contains("link")).collect();
        assert!(later.is_empty(), "made wider or narrower afterwards: {later:?}");
        for path in [".config/cogtok/config.toml", ".config/cogtok/config.toml.lock", "keys/identity"] {
            assert_eq!(home.path(path).metadata().unwrap().permissions().mode() & 0o7777, 0o600, "{path}");
        }
        for path in [".config", ".config/cogtok", ".cache", ".cache/cogtok", "keys"] {
            assert_eq!(home.path(path).metadata().unwrap().permissions().mode() & 0o7777, 0o700, "{path}");
        }
    }
}

/// What an attacker or an accident puts in a file's place.
const STRANGERS: [&str; 5] = ["a link to a file", "a link to nothing", "a second name", "a FIFO", "a directory"];

/// Puts one of them at `path`; gives the victim and what must stay in it.
fn put(home: &Home, stranger: &str, path: &Path) -> PathBuf {
    let victim = home.plant("victim", "precious = 1\n");
    home.allow(path);
    let _ = std::fs::remove_file(path);
    match stranger {
        "a link to a file" => std::os::unix::fs::symlink(&victim, path).unwrap(),
        "a link to nothing" => std::os::unix::fs::symlink(home.path("made-through-a-link"), path).unwrap(),
        "a second name" => std::fs::hard_link(&victim, path).unwrap(),
        "a FIFO" => assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success()),
        _ => std::fs::create_dir(path).unwrap(),
    }
    victim
}

#[track_caller]
fn assert_untouched(home: &Home, victim: &Path, stranger: &str) {
    assert_eq!(read(victim), "precious = 1\n", "{stranger}");
    assert!(!home.path("made-through-a-link").exists(), "{stranger}: the link was followed");
}

#[test]
fn a_stranger_in_the_place_of_the_configurations_lock_stops_the_edit() {
    for stranger in STRANGERS {
        let home = Home::new();
        let path = home.config("[profiles.ws]\n");
        let victim = put(&home, stranger, &home.config_dir().join("config.toml.lock"));
        let edit = home.cogtok(["profile", "set", "ws", "region", "us-east-1"]).timeout(Duration::from_secs(2)).run();
        edit.code(7).stderr_has("config.toml can't be written: ");
        assert_eq!(read(&path), "[profiles.ws]\n", "{stranger}");
        assert_untouched(&home, &victim, stranger);
        assert_eq!(names(&home), ["ws"], "{stranger}");
    }
}

#[test]
fn a_stranger_in_the_place_of_the_configuration_is_told_and_left_alone() {
    for (stranger, reason) in [
        ("a link to nothing", "it is a broken symbolic link"),
        ("a FIFO", "it is not a regular file"),
        ("a directory", "it is a directory"),
    ] {
        let home = Home::new();
        let path = home.config("");
        let victim = put(&home, stranger, &path);
        for words in [&["profile", "list"][..], &["profile", "create", "ws", "--client-id", "x"], &["token", "m2m"]] {
            let output = home.cogtok(words).timeout(Duration::from_secs(2)).run();
            output.code(7).stderr_has(path.to_str().unwrap()).stderr_has(reason);
        }
        assert_untouched(&home, &victim, stranger);
        assert!(!path.symlink_metadata().unwrap().is_file());
    }
    let home = Home::new();
    for device in ["/dev/zero", "/dev/full", "/dev/urandom"] {
        let device = home.cogtok(["profile", "list", "--config", device]).timeout(Duration::from_secs(2)).run();
        device.code(7).stderr_has("it is not a regular file");
    }
}

#[test]
fn a_configuration_that_is_a_link_stays_one_and_its_target_is_edited() {
    let home = Home::new();
    let target = home.plant("dotfiles/cogtok.toml", "# mine\n[profiles.ws]\n");
    let link = home.config("");
    std::fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("../../dotfiles/cogtok.toml", &link).unwrap();
    home.cogtok(["profile", "set", "ws", "region", "us-east-1"]).run().ok();
    home.cogtok(["profile", "use", "ws"]).run().ok();
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(read(&target), "default_profile = \"ws\"\n# mine\n[profiles.ws]\nregion = \"us-east-1\"\n");
    assert_eq!(target.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    // A second name of the file keeps what it had: the new file takes the place of one name.
    let other = home.path("dotfiles/other");
    std::fs::hard_link(&target, &other).unwrap();
    let before = read(&target);
    home.cogtok(["profile", "set", "ws", "region", "eu-west-1"]).run().ok();
    assert_eq!(read(&other), before);
    assert!(read(&target).contains("eu-west-1"));
}

#[test]
fn a_stranger_in_the_cache_is_not_followed_and_costs_no_token() {
    let server = Server::always(Answer::token("cached-token"));
    let path_of = |extension: &str| {
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        home.scripted_m2m(&[]).run().ok();
        let found = home.cache_files().into_keys().find(|path| path.extension().unwrap() == extension).unwrap();
        (home, found)
    };
    let ask = |home: &Home| home.scripted_m2m(&["--timeout", "2s"]).timeout(Duration::from_secs(2)).run();
    for stranger in STRANGERS {
        let (home, path) = path_of("json");
        let victim = put(&home, stranger, &path);
        ask(&home).ok().stdout_is("cached-token\n").stderr_has("warning: ");
        assert_untouched(&home, &victim, stranger);
        assert!(path.symlink_metadata().unwrap().is_file() || stranger == "a directory", "{stranger} is still there");

        let (home, path) = path_of("lock");
        std::fs::remove_file(path.with_extension("json")).unwrap();
        let victim = put(&home, stranger, &path);
        ask(&home).ok().stdout_is("cached-token\n").stderr_has("tokens can't be cached in");
        assert_untouched(&home, &victim, stranger);

        // The directory itself.
        let (home, _) = path_of("json");
        std::fs::remove_dir_all(home.cache_dir()).unwrap();
        if stranger != "a directory" {
            let victim = put(&home, stranger, &home.cache_dir());
            ask(&home).ok().stdout_is("cached-token\n").stderr_has("tokens can't be cached in");
            assert_untouched(&home, &victim, stranger);
        }
    }
}

#[test]
fn a_cache_directory_that_is_a_link_is_followed_only_to_your_own() {
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};
    let server = Server::always(Answer::token("cached-token"));
    let linked = || {
        let home = Home::new();
        home.scripted_profile(&server.token_url());
        let target = home.allow(home.path("elsewhere"));
        std::fs::create_dir(&target).unwrap();
        std::fs::set_permissions(&target, PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::create_dir_all(home.cache_dir().parent().unwrap()).unwrap();
        symlink(&target, home.allow(home.cache_dir())).unwrap();
        (home, target)
    };
    let count = |dir: &Path| std::fs::read_dir(dir).unwrap().count();
    let (home, target) = linked();
    home.scripted_m2m(&[]).run().ok().quiet();
    assert!(count(&target) > 0 && home.cache_dir().is_symlink());
    let hits = server.hits();
    home.scripted_m2m(&[]).run().ok().quiet();
    assert_eq!(server.hits(), hits);
    let refused = |home: &Home, target: &Path, why: &str| {
        let output = home.scripted_m2m(&[]).run();
        output.ok().stdout_is("cached-token\n").stderr_has("tokens can't be cached in").stderr_has(why);
        assert_eq!(count(target), 0, "{why}");
    };
    let (home, target) = linked();
    std::fs::set_permissions(&target, PermissionsExt::from_mode(0o777)).unwrap();
    refused(&home, &target, "it is a symbolic link to a directory that other users can write to");
    // Only root can give a file away.
    let (home, target) = linked();
    if lchown(&target, Some(54_321), Some(54_321)).is_err() {
        return;
    }
    refused(&home, &target, "it is a symbolic link to a directory of another user");
    let (home, target) = linked();
    lchown(home.cache_dir(), Some(54_321), Some(54_321)).unwrap();
    refused(&home, &target, "it is a symbolic link of another user");
}

#[test]
fn a_lock_that_is_swapped_for_a_link_again_and_again_never_leads_to_the_victim() {
    let home = Home::new();
    home.config("[profiles.ws]\n");
    let victim = home.plant("victim", "precious = 1\n");
    let lock = home.allow(home.config_dir().join("config.toml.lock"));
    let (link, file) = (home.allow(home.config_dir().join("link")), home.allow(home.config_dir().join("file")));
    let running = std::sync::atomic::AtomicBool::new(true);
    let codes = std::thread::scope(|scope| {
        scope.spawn(|| {
            while running.load(std::sync::atomic::Ordering::SeqCst) {
                let _ = std::os::unix::fs::symlink(&victim, &link);
                let _ = std::fs::rename(&link, &lock);
                let _ = std::fs::write(&file, "");
                let _ = std::fs::rename(&file, &lock);
            }
        });
        let region = |n: usize| format!("us-east-{}", n % 7);
        let edit = |n: usize| home.cogtok(["profile", "set", "ws", "region", &region(n)]).run().code;
        let codes: Vec<_> = (0..40).map(edit).collect();
        running.store(false, std::sync::atomic::Ordering::SeqCst);
        codes
    });
    assert_eq!(read(&victim), "precious = 1\n");
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 7))), "{codes:?}");
    assert!(codes.contains(&Some(0)) && codes.contains(&Some(7)), "the race was never run: {codes:?}");
}

#[test]
fn a_hundred_editors_at_once_lose_nothing_and_no_reader_sees_half_a_file() {
    let home = Home::new();
    let mut text = "# mine\ndefault_profile = \"keep\"\n[profiles.keep] # this one\n".to_string();
    for n in 0..20 {
        text += &format!("# set {n}\n[profiles.set{n}]\n[profiles.gone{n}]\n");
    }
    let path = home.config(&text);
    let mut runs = Vec::new();
    for n in 0..60 {
        runs.push(home.cogtok(["profile", "create", &format!("new{n}"), "--client-id", "web"]));
    }
    for n in 0..20 {
        runs.push(home.cogtok(["profile", "set", &format!("set{n}"), "region", "us-east-1"]));
        runs.push(home.cogtok(["profile", "delete", &format!("gone{n}"), "--yes"]));
    }
    let barrier = Barrier::new();
    let running: Vec<_> = runs.into_iter().map(|run| run.barrier(&barrier).spawn()).collect();
    barrier.release(running.len());
    let mut seen = std::collections::BTreeSet::new();
    while !running.iter().all(Running::ended) {
        let text = read(&path);
        assert!(text.parse::<toml::Table>().is_ok(), "half a file:\n{text}");
        seen.insert(text.len());
    }
    for run in running {
        run.wait().ok();
    }
    assert!(seen.len() > 10, "the reader was never there while it was written");
    let mut expected: Vec<_> = (0..60).map(|n| format!("new{n}")).chain((0..20).map(|n| format!("set{n}"))).collect();
    expected.push("keep".into());
    expected.sort();
    assert_eq!(names(&home), expected);
    let text = read(&path);
    let table: toml::Table = text.parse().unwrap();
    for n in 0..20 {
        assert_eq!(table["profiles"][format!("set{n}")]["region"].as_str(), Some("us-east-1"));
        assert!(text.contains(&format!("# set {n}\n[profiles.set{n}]\n")), "a comment is lost or has moved:\n{text}");
    }
    assert!(text.starts_with("# mine\ndefault_profile = \"keep\"\n[profiles.keep] # this one\n"), "{text}");
}

#[test]
fn of_many_first_profiles_one_becomes_the_default() {
    let home = Home::new();
    let create = |n: usize| home.cogtok(["profile", "create", &format!("p{n}"), "--client-id", "web"]);
    let outputs = herd((0..20).map(create));
    let first: Vec<_> = outputs.iter().filter(|output| output.ok().stderr.contains("(now the default)")).collect();
    assert_eq!(first.len(), 1);
    let current = home.cogtok(["profile", "current"]).run();
    assert!(first[0].stderr.contains(&format!("profile `{}`", current.ok().line())));
    assert_eq!(names(&home).len(), 20);
}

#[test]
fn ten_thousand_profiles_work_and_sixteen_mebibytes_are_too_much() {
    let home = Home::new();
    let mut text = String::from("default_profile = \"p77\"\n");
    for n in 0..10_000 {
        text += &format!("[profiles.p{n}]\nregion = \"us-east-1\"\nuser.client_id = \"web{n}\"\n");
    }
    let path = home.config(&text);
    assert_eq!(names(&home).len(), 10_000);
    home.cogtok(["profile", "current"]).run().ok().stdout_is("p77\n");
    home.cogtok(["profile", "show", "p9999"]).run().ok().stdout_has("web9999");
    insta::assert_snapshot!(home.cogtok(["profile", "show", "nope"]).run().message(), @"
    exit 3
    error: there is no profile `nope`
    hint: the profiles are p0, p1, p10, p100, p1000, p1001, p1002, p1003, p1004, p1005 and 9990 more
    ");
    home.cogtok(["profile", "set", "p5000", "region", "eu-west-1"]).run().ok();
    home.cogtok(["profile", "delete", "p0", "--yes"]).run().ok();
    assert_eq!(names(&home).len(), 9_999);

    home.allow(&path);
    let large = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    large.set_len(16 * 1024 * 1024 + 1).unwrap();
    let inode = path.metadata().unwrap().ino();
    for words in [&["profile", "list"][..], &["profile", "set", "p1", "region", "eu-west-1"], &["token", "m2m"]] {
        home.cogtok(words).run().code(2).stderr_has(path.to_str().unwrap()).stderr_has("is larger than 16 MiB");
    }
    assert_eq!(path.metadata().unwrap().ino(), inode);
    // Deep nesting must not exhaust the stack, and a long string is only a string.
    for (text, code) in [
        (format!("x = {}", "[".repeat(100_000)), 3),
        (format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000)), 3),
        (format!("[{}a]\nx = 1", "a.".repeat(50_000)), 3),
        (format!("[profiles.ws]\ndescription = \"{}\"", "x".repeat(1 << 20)), 0),
    ] {
        std::fs::write(&path, text).unwrap();
        home.cogtok(["profile", "list"]).run().code(code);
    }
}
