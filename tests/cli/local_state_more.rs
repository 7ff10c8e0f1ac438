//! More of what is on this machine: modes that are too wide, records from the future, disks that are full, files and names
//! that nobody expects, and an environment that is odd.

use crate::harness::scripted::SECRET;
use crate::harness::{Answer, Home, Server, unique, workshop};
use crate::user_create::{assert_signs_in, create, journal};
use serde_json::json;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

/// A home with one cached token, and its file.
fn cached() -> (Home, Server, PathBuf) {
    let (home, server) = (Home::new(), Server::start(|_| Answer::token(&unique("token"))));
    home.scripted_profile(&server.token_url());
    home.scripted_m2m(&[]).run().ok().quiet();
    let file = home.cache_files().into_keys().find(|path| path.extension().is_some_and(|end| end == "json"));
    (home, server, file.unwrap())
}

#[test]
fn a_cached_token_that_others_may_read_or_write_is_not_served() {
    for wide in [0o644, 0o640, 0o666, 0o602, 0o777] {
        let (home, server, file) = cached();
        home.allow(&file);
        chmod(&file, wide);
        let output = home.scripted_m2m(&[]).run();
        output.ok().stderr_has("warning: the cached token in ").stderr_has("other users");
        assert_eq!((server.hits(), mode(&file)), (2, 0o600), "{wide:o}");
        home.scripted_m2m(&[]).run().ok().quiet().stdout_is(&output.stdout);
    }
}

#[test]
fn a_cache_directory_and_lock_that_others_may_use_are_made_private() {
    for wide in [0o755, 0o777, 0o1777] {
        let (home, _server, file) = cached();
        let (dir, lock) = (home.allow(home.cache_dir()), file.with_extension("lock"));
        chmod(&dir, wide);
        chmod(&lock, 0o666);
        home.scripted_m2m(&["--force-refresh"]).run().ok();
        assert_eq!((mode(&dir), mode(&lock), mode(&file)), (0o700, 0o600, 0o600), "{wide:o}");
    }
}

#[test]
fn a_configuration_that_others_may_read_is_private_after_an_edit() {
    let home = Home::new();
    let path = home.config("[profiles.ws]\n");
    chmod(&path, 0o666);
    home.cogtok(["profile", "list", "-o", "text"]).run().ok().quiet().stdout_is("ws\n");
    home.cogtok(["profile", "use", "ws"]).run().ok();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_record_of_a_newer_cogtok_stops_a_resume_and_stays() {
    let home = Home::new();
    home.workshop_profile(workshop());
    let record = |version: u32, id: &str| {
        let body = json!({"version": version, "id": id, "state": "intent", "begun_at": 1_700_000_000, "novel": {"of": ["it"]},
            "origin": workshop().endpoint, "user_pool_id": workshop().pool_id, "username": format!("{id}@example.com"),
            "password": "Recorded-Horse-7-Battery", "is_permanent": true, "invite": false, "attributes": {},
            "group": null, "sub": null});
        home.plant(format!(".local/state/cogtok/journal/{id}.json"), body.to_string())
    };
    home.canary_password("Recorded-Horse-7-Battery");
    let (newer, ours) = (record(2, "0000000000000002"), record(1, "0000000000000001"));
    let before = [std::fs::read(&newer).unwrap(), std::fs::read(&ours).unwrap()];
    let output = create(&home, &["--resume"]).run();
    output.code(7).stderr_has("was written by a newer cogtok").stderr_has("hint: update cogtok");
    assert_eq!([std::fs::read(&newer).unwrap(), std::fs::read(&ours).unwrap()], before);
    assert_eq!(workshop().find_user("0000000000000001@example.com"), None, "nothing was begun");
    // To make others it need not be understood.
    create(&home, &[]).run().ok();
    assert_eq!(journal(&home).len(), 2);
    let odd = home.plant(".local/state/cogtok/journal/odd.json", "{\"version\": 1, \"what\": \"is this\"}");
    std::fs::remove_file(newer).unwrap();
    create(&home, &["--resume"]).run().ok().stderr_has("odd.json is not a journal record; cogtok left it alone");
    assert!(odd.is_file() && !ours.is_file());
}

#[test]
fn what_is_no_record_costs_nobody_a_user() {
    for stranger in ["a directory", "a FIFO", "a link", "too large", "not JSON"] {
        let home = Home::new();
        home.workshop_profile(workshop());
        let path = home.plant(".local/state/cogtok/journal/stranger.json", "{");
        home.allow(&path);
        if stranger != "not JSON" {
            std::fs::remove_file(&path).unwrap();
        }
        match stranger {
            "a directory" => std::fs::create_dir(&path).unwrap(),
            "a FIFO" => assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success()),
            "a link" => std::os::unix::fs::symlink("/etc/passwd", &path).unwrap(),
            "too large" => std::fs::write(&path, vec![b' '; 2 << 20]).unwrap(),
            _ => {}
        }
        let output = create(&home, &[]).timeout(Duration::from_secs(5)).run();
        assert_signs_in(&output.ok().json());
        let left = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name != "journal.lock").collect();
        assert_eq!(left, ["stranger.json"], "{stranger}");
    }
}

#[test]
fn on_a_disk_without_room_the_token_is_printed_and_the_configuration_stays() {
    crate::harness::need_namespaces();
    let server = Server::always(Answer::token("a-token-for-a-full-disk"));
    let home = Home::new();
    home.scripted_profile(&server.token_url());
    let config = std::fs::read_to_string(home.config_file()).unwrap();
    let (small, cogtok) = (home.path("small"), crate::harness::binary());
    std::fs::create_dir(&small).unwrap();
    let script = format!(
        "set -e; mount -t tmpfs -o size=64k,mode=700 none '{small}'; cp '{config}' '{small}/config.toml'\n\
         dd if=/dev/zero of='{small}/full' bs=1k count=100 2>/dev/null || true\n\
         export XDG_CACHE_HOME='{small}'\n\
         printf %s '{SECRET}' | '{cogtok}' token m2m --client-secret-stdin\n\
         '{cogtok}' --config '{small}/config.toml' profile set ws region us-east-1 && exit 1 || echo \"edit $?\"\n\
         cmp '{config}' '{small}/config.toml' && ls -A '{small}' | grep -c tmp || echo clean\n\
         rm '{small}/full'; '{cogtok}' --config '{small}/config.toml' profile set ws region us-east-1\n\
         printf %s '{SECRET}' | '{cogtok}' token m2m --client-secret-stdin\n",
        small = small.display(),
        config = home.config_file().display(),
        cogtok = cogtok.display(),
    );
    let output = home.program("unshare", ["-Urm", "sh", "-c", &script]).run();
    let token = "a-token-for-a-full-disk\n";
    output.ok().stdout_has(token).stdout_has("edit 7\n").stdout_has("clean\n");
    output.stderr_has("warning: ").stderr_has("error: ").stderr_has("No space left on device");
    output.check(output.stdout.matches(token).count() == 2 && server.hits() == 2, "twice asked, twice printed");
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), config);
}
