//! A sealed file that can't be used, and writes of it that fail or race: exit 7, and not one byte of it is changed.

use crate::harness::{Home, Run, Server, herd, need};
use crate::local_faults::{CALLS, at_each};
use crate::sealed::{Opener, PASSPHRASE, by_age, init, scripted, sealed_file, sent};
use age::secrecy::SecretString;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

const OLD: &str = "sealed-client-secret-of-old";
const NEW: &str = "sealed-client-secret-of-now";

const DAMAGED: &str = "secrets.age is damaged: nothing was changed";

/// A home whose sealed file holds one secret, what opens it, and the server that takes the secret.
fn stored(opener: Opener) -> (Home, PathBuf, Server) {
    let home = Home::new();
    let server = scripted(&home);
    let identity = init(&home);
    home.canary(OLD);
    home.canary(NEW);
    let set = home.cogtok(["secret", "set", "m2m-client"]).stdin(OLD);
    opener.apply(set, &identity).run().ok();
    (home, identity, server)
}

/// Every command that opens the file ends with exit 7 and this message, and what lies there is as it was.
fn assert_unusable(home: &Home, opener: Opener, identity: &Path, what: &str, message: &str) {
    let file = sealed_file(home);
    let look = || (std::fs::read(&file).ok(), std::fs::symlink_metadata(&file).map(|meta| meta.file_type()).ok());
    let before = look();
    for words in [
        &["token", "m2m", "--no-cache"][..],
        &["secret", "status"],
        &["secret", "set", "m2m-client"],
        &["secret", "delete", "m2m-client"],
    ] {
        let output = opener.apply(home.cogtok(words).stdin(NEW), identity).timeout(Duration::from_secs(3)).run();
        output.code(7).check(output.stderr.contains(message), &format!("{what}: expected {message:?}"));
        assert_eq!(look(), before, "{what}: {words:?}");
    }
}

/// What the test itself seals, as a cogtok of another make might.
fn seal(identity: &Path, plain: &[u8]) -> Vec<u8> {
    let text = std::fs::read_to_string(identity).unwrap();
    let key: age::x25519::Identity = text.lines().find(|line| line.starts_with("AGE-")).unwrap().parse().unwrap();
    age::encrypt(&key.to_public(), plain).unwrap()
}

#[test]
fn a_secret_that_would_make_it_too_large_to_read_is_refused_and_the_others_stay() {
    let (home, identity, server) = stored(Opener::Identity);
    let account = format!("m2m-client|machine|{}|", server.url());
    let mut secrets: BTreeMap<String, String> =
        (0..63).map(|n| (format!("password|c|o|u{n}"), "x".repeat(65_536))).collect();
    secrets.insert(account, OLD.to_owned());
    let plain = serde_json::to_vec(&json!({"version": 1, "secrets": secrets})).unwrap();
    std::fs::write(sealed_file(&home), seal(&identity, &plain)).unwrap();
    let before = std::fs::read(sealed_file(&home)).unwrap();
    let set = home.cogtok(["secret", "set", "m2m-client"]).stdin("y".repeat(65_000));
    let output = Opener::Identity.apply(set, &identity).timeout(Duration::from_secs(30)).run();
    output.code(7).stderr_has("would be larger than 4 MiB: nothing was changed").stderr_has("cogtok secret delete");
    assert_eq!(std::fs::read(sealed_file(&home)).unwrap(), before);
    let delete = home.cogtok(["secret", "delete", "m2m-client"]);
    Opener::Identity.apply(delete, &identity).timeout(Duration::from_secs(30)).run().ok();
}

#[test]
fn a_damaged_or_foreign_file_is_told_as_what_it_is_and_left_as_it_is() {
    let (home, identity, server) = stored(Opener::Identity);
    let good = std::fs::read(sealed_file(&home)).unwrap();
    let header_end = good.windows(4).position(|window| window == b"\n---").unwrap();
    let mut cases: Vec<(String, Vec<u8>, &str)> = Vec::new();
    for at in [0, 1, 21, 22, header_end, header_end + 20, header_end + 60, good.len() - 17, good.len() - 1] {
        cases.push((format!("cut at {at} of {}", good.len()), good[..at].to_vec(), DAMAGED));
    }
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    cases.push(("a flipped bit in the body".into(), flipped(good.len() - 20), DAMAGED));
    cases.push(("a flipped bit in the MAC".into(), flipped(header_end + 10), DAMAGED));
    cases.push(("more behind it".into(), [&good[..], b"more"].concat(), DAMAGED));
    cases.push(("garbage".into(), vec![0xa5; 500], DAMAGED));
    cases.push(("text".into(), b"{\"version\": 1, \"secrets\": {}}".to_vec(), DAMAGED));
    cases.push(("5 MB".into(), vec![0; 5 << 20], "secrets.age can't be read: it is larger than"));
    let newer = br#"{"version": 2, "secrets": {}, "more": []}"#;
    cases.push(("the next version".into(), seal(&identity, newer), "was written by a newer cogtok"));
    for plain in [
        "",
        "[]",
        "{}",
        "{\"version\": -1, \"secrets\": {}}",
        "{\"version\": 1, \"secrets\": {\"a\": 1}}",
        "\u{1b}]0;x",
    ] {
        let message = "secrets.age opens, but does not hold what cogtok writes";
        cases.push((format!("sealed {plain:?}"), seal(&identity, plain.as_bytes()), message));
    }
    let stranger = age::x25519::Identity::generate();
    let foreign = age::encrypt(&stranger.to_public(), b"{}").unwrap();
    cases.push(("for another identity".into(), foreign, "this identity does not open"));
    for (what, bytes, message) in cases {
        std::fs::write(sealed_file(&home), bytes).unwrap();
        assert_unusable(&home, Opener::Identity, &identity, &what, message);
    }
    server.assert_untouched();
    std::fs::write(sealed_file(&home), &good).unwrap();
    Opener::Identity.apply(home.cogtok(["token", "m2m"]), &identity).run().ok();
    assert_eq!(sent(&server), OLD);
}

#[test]
fn a_file_of_a_passphrase_opens_with_that_one_alone_and_only_at_a_fair_price() {
    let (home, identity, server) = stored(Opener::Passphrase);
    let good = std::fs::read(sealed_file(&home)).unwrap();
    assert_unusable(&home, Opener::Identity, &identity, "an identity", "this identity does not open");
    let other = home.cogtok(["token", "m2m"]).env("COGTOK_PASSPHRASE", "Correct horse battery staple").run();
    other.code(7).stderr_has("this passphrase does not open").stderr_has("COGTOK_SECRET_IDENTITY");
    // The work factor stands in the header, where whoever can write the file can raise it.
    let text = String::from_utf8_lossy(&good).into_owned();
    let stanza = text.lines().find(|line| line.starts_with("-> scrypt ")).unwrap();
    assert!(stanza.ends_with(" 15"), "{stanza}");
    let at = text.find(stanza).unwrap() + stanza.len() - 2;
    for factor in ["19", "30", "63"] {
        let mut bytes = good.clone();
        bytes[at..at + 2].copy_from_slice(factor.as_bytes());
        std::fs::write(sealed_file(&home), bytes).unwrap();
        let message = format!("is refused: its scrypt work factor is {factor}, more than 18");
        assert_unusable(&home, Opener::Passphrase, &identity, "a raised work factor", &message);
    }
    server.assert_untouched();

    let (home, identity, _server) = stored(Opener::Identity);
    assert_unusable(&home, Opener::Passphrase, &identity, "a passphrase", "this passphrase does not open");
    let mut recipient = age::scrypt::Recipient::new(SecretString::from(PASSPHRASE.to_string()));
    recipient.set_work_factor(2);
    std::fs::write(sealed_file(&home), age::encrypt(&recipient, b"{\"version\": 1, \"secrets\": {}}").unwrap())
        .unwrap();
    let cheap = Opener::Passphrase.apply(home.cogtok(["secret", "set", "m2m-client"]).stdin(NEW), &identity);
    cheap.run().ok();
    let text = String::from_utf8_lossy(&std::fs::read(sealed_file(&home)).unwrap()).into_owned();
    assert!(text.lines().any(|line| line.starts_with("-> scrypt ") && line.ends_with(" 15")), "{text}");
}

#[test]
fn what_is_no_regular_file_is_not_followed_nor_waited_for() {
    let (home, identity, server) = stored(Opener::Identity);
    let (file, victim) = (sealed_file(&home), home.path("victim.age"));
    std::fs::rename(&file, &victim).unwrap();
    let sealed = std::fs::read(&victim).unwrap();
    symlink(&victim, &file).unwrap();
    assert_unusable(&home, Opener::Identity, &identity, "a symbolic link", "can't be read: it is a symbolic link");
    assert_eq!(std::fs::read(&victim).unwrap(), sealed);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o700)).unwrap();
    assert_unusable(&home, Opener::Identity, &identity, "a directory", "can't be read: it is a directory");
    std::fs::remove_dir(&file).unwrap();
    assert!(home.command("mkfifo").args(["-m", "600"]).arg(&file).status().unwrap().success());
    for words in [&["token", "m2m", "--no-cache"][..], &["secret", "set", "m2m-client"]] {
        let output =
            Opener::Identity.apply(home.cogtok(words).stdin(NEW), &identity).timeout(Duration::from_secs(2)).run();
        output.code(7).stderr_has("can't be read: it is not a regular file");
    }
    server.assert_untouched();
}

#[test]
fn an_identity_that_is_none_is_exit_7_and_never_shown() {
    let (home, identity, server) = stored(Opener::Identity);
    let sealed = std::fs::read(sealed_file(&home)).unwrap();
    home.canary("AGE-SECRET-KEY-1MISTYPED");
    let dir = home.allow(home.path("others"));
    std::fs::create_dir(&dir).unwrap();
    let none = "it contains no X25519 identity";
    for (name, content, message) in [
        ("missing", None, "No such file or directory"),
        ("empty", Some(&b""[..]), none),
        ("comments", Some(b"# public key: age1\n\n"), none),
        ("mistyped", Some(b"AGE-SECRET-KEY-1MISTYPED\n"), none),
        ("plugin", Some(b"AGE-PLUGIN-YUBIKEY-1QQQQ\n"), none),
        ("binary", Some(b"\xff\xfe\x00"), "not usable"),
        ("huge", Some(&[b'#'; 100_000]), none),
    ] {
        let path = dir.join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        }
        assert_unusable(&home, Opener::Identity, &path, name, message);
    }
    assert_unusable(&home, Opener::Identity, &dir, "a directory", "Is a directory");
    let closed = home.cogtok(["token", "m2m"]).env("COGTOK_SECRET_IDENTITY", "/dev/fd/3").run();
    closed.code(7).stderr_has("the identity in /dev/fd/3 is not usable");
    let fifo = dir.join("fifo");
    assert!(home.command("mkfifo").arg(&fifo).status().unwrap().success());
    let waiting = home.cogtok(["token", "m2m", "--timeout", "1s"]).env("COGTOK_SECRET_IDENTITY", &fifo);
    insta::assert_snapshot!(waiting.timeout(Duration::from_secs(2)).run().message(), @"
    exit 7
    error: the identity in [home]/others/fifo is not usable: nothing came from it in time (profile `ws`)
    hint: COGTOK_SECRET_IDENTITY names a file with a line AGE-SECRET-KEY-1…; `cogtok secret init FILE` creates one
    ");
    server.assert_untouched();
    assert_eq!(std::fs::read(sealed_file(&home)).unwrap(), sealed);
    // Windows editors leave a mark of their own, and comments are age-keygen's.
    let text = std::fs::read_to_string(&identity).unwrap();
    std::fs::write(dir.join("crlf"), format!("\n# mine\n{}", text.replace('\n', "\r\n"))).unwrap();
    std::fs::set_permissions(dir.join("crlf"), PermissionsExt::from_mode(0o600)).unwrap();
    Opener::Identity.apply(home.cogtok(["token", "m2m"]), &dir.join("crlf")).run().ok().quiet();
}

#[test]
fn an_identity_that_others_can_read_is_used_with_a_warning_that_says_how_to_mend_it() {
    let (home, identity, _server) = stored(Opener::Identity);
    let token = |opener: Opener| opener.apply(home.cogtok(["token", "m2m", "--no-cache"]), &identity).run();
    for (mode, is_open) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o666, true)] {
        std::fs::set_permissions(&identity, PermissionsExt::from_mode(mode)).unwrap();
        let output = token(Opener::Identity);
        output.ok().stdout_is("some-token\n");
        let warns = output.stderr.contains("identity.txt") && output.stderr.contains("chmod 600");
        output.check(warns == is_open && (is_open || output.stderr.is_empty()), &format!("mode {mode:o}"));
    }
    let warned = token(Opener::Identity);
    warned.check(warned.stderr.lines().count() == 1, "one line is enough");
}

#[test]
fn of_thirty_secrets_stored_at_once_none_is_lost() {
    let home = Home::new();
    let server = scripted(&home);
    let identity = init(&home);
    for (key, value) in [("user.client_id", "web"), ("region", "us-east-1")] {
        home.cogtok(["profile", "set", "ws", key, value]).run().ok();
    }
    let users: Vec<String> = (0..28).map(|n| format!("user-{n}@example.com")).collect();
    let set = |kind: &str, value: &str| {
        home.canary(format!("{value}-kept-safe"));
        Opener::Identity.apply(home.cogtok(["secret", "set", kind]).stdin(format!("{value}-kept-safe")), &identity)
    };
    let passwords = users.iter().map(|user| set("password", user).args(["--username", user]));
    for output in herd(passwords.chain([set("m2m-client", "machine"), set("user-client", "web")])) {
        output.ok();
    }
    let found = by_age(&home, &identity);
    let found: BTreeSet<_> =
        found["secrets"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    let api = "https://cognito-idp.us-east-1.amazonaws.com";
    let mut expected: Vec<_> =
        users.iter().map(|user| (format!("password|web|{api}|{user}"), format!("{user}-kept-safe"))).collect();
    expected.push((format!("m2m-client|machine|{}|", server.url()), "machine-kept-safe".into()));
    expected.push((format!("user-client|web|{api}|"), "web-kept-safe".into()));
    assert_eq!(found, expected.iter().map(|(k, v)| (k.as_str(), Some(v.as_str()))).collect());
    let listed = home.cogtok(["profile", "show", "--json"]).run().ok().json();
    assert_eq!(listed["secrets"].as_array().unwrap().len(), 3);
}

#[test]
fn a_secret_set_that_is_killed_anywhere_leaves_the_old_secret_or_the_new_one() {
    let (home, identity, server) = stored(Opener::Identity);
    let (config, sealed) =
        (std::fs::read_to_string(home.config_file()).unwrap(), std::fs::read(sealed_file(&home)).unwrap());
    let set = || Opener::Identity.apply(home.cogtok(["secret", "set", "m2m-client"]).stdin(NEW), &identity);
    let (mut kills, mut old, mut new) = (0, 0, 0);
    // Where a file is opened nothing has changed since the last of the other calls.
    for calls in &CALLS[1..] {
        kills += at_each(
            calls,
            "signal=KILL",
            || {
                std::fs::write(sealed_file(&home), &sealed).unwrap();
                home.config(&config);
                set()
            },
            |n, _| {
                Opener::Identity.apply(home.cogtok(["token", "m2m", "--no-cache"]), &identity).run().ok();
                match sent(&server).as_str() {
                    OLD => old += 1,
                    NEW => new += 1,
                    other => panic!("killed at {calls} {n}: {other}"),
                }
                set().run().ok();
                home.assert_swept();
                assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), config);
            },
        );
    }
    assert!(kills >= 8 && old >= 4 && new >= 2, "{kills} kill points, {old} before and {new} after the change");
}

#[test]
fn a_disk_that_refuses_the_file_leaves_it_as_it_was() {
    need("strace", "strace");
    let (home, identity, server) = stored(Opener::Identity);
    let (file, log) = (sealed_file(&home), home.path("tmp/calls"));
    let sealed = std::fs::read(&file).unwrap();
    let run = |words: &[&str], strace: &[&str]| {
        let run: Run<'_> = Opener::Identity.apply(home.cogtok(words).stdin(NEW), &identity);
        run.under(["strace", "-f", "-qq"].iter().chain(strace)).run()
    };
    let set: &[&str] = &["secret", "set", "m2m-client"];
    run(set, &["-e", "trace=openat,write", "-o", log.to_str().unwrap()]).ok();
    let calls = std::fs::read_to_string(&log).unwrap();
    let opened = calls.lines().position(|line| line.contains(".secrets.age.")).unwrap();
    let is_write = |line: &&str| line.contains(" write(");
    let write = calls.lines().take(opened).filter(is_write).count() + 1;
    std::fs::write(&file, &sealed).unwrap();
    for (calls, n, error, words) in [
        ("write", write, "ENOSPC", "No space left on device"),
        ("write", write, "EIO", "Input/output error"),
        ("fsync", 1, "ENOSPC", "No space left on device"),
        ("fsync", 1, "EIO", "Input/output error"),
        ("?rename,?renameat,renameat2", 1, "EDQUOT", "quota exceeded"),
        ("flock", 1, "ENOLCK", "No locks available"),
    ] {
        let inject = format!("inject={calls}:error={error}:when={n}");
        for command in [set, &["secret", "delete", "m2m-client"]] {
            let output = run(command, &["-o", "/dev/null", "-e", &inject]);
            output.code(7).stderr_has("secrets.age can't be written: ").stderr_has(words);
            assert_eq!(std::fs::read(&file).unwrap(), sealed, "{inject}");
            home.assert_swept();
        }
    }
    Opener::Identity.apply(home.cogtok(["token", "m2m"]), &identity).run().ok();
    assert_eq!(sent(&server), OLD);
}

#[test]
fn a_writer_that_never_ends_is_waited_for_until_the_deadline_and_readers_do_not_wait() {
    let (home, identity, server) = stored(Opener::Identity);
    let lock =
        std::fs::OpenOptions::new().read(true).write(true).open(sealed_file(&home).with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let run = |words: &[&str]| {
        let run = home.cogtok(words).args(["--timeout", "1s"]).stdin(NEW).timeout(Duration::from_secs(1));
        Opener::Identity.apply(run, &identity).run()
    };
    run(&["secret", "set", "m2m-client"]).code(7).stderr_has("did not finish in time").stderr_has("wait and try again");
    run(&["secret", "delete", "m2m-client"]).code(7).stderr_has("did not finish in time");
    run(&["token", "m2m", "--no-cache"]).ok();
    assert_eq!(sent(&server), OLD);
    lock.unlock().unwrap();
    run(&["secret", "set", "m2m-client"]).ok();
}
