//! `cogtok secret init`, and the bindings of what the sealed file holds.

use crate::harness::{Answer, Home, Server};
use crate::sealed::{Opener, PASSPHRASE, by_age, init, scripted, sealed_file, sent};
use serde_json::json;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const SECRET: &str = "bound-inside-the-file";

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn init_makes_a_private_identity_chooses_the_file_and_says_what_to_export() {
    for umask in [0o000, 0o022, 0o077] {
        let home = Home::new();
        let server = scripted(&home);
        let before = format!("# mine\nfuture = 1\n{}", std::fs::read_to_string(home.config_file()).unwrap());
        home.config(&before);
        // A relative path, with what a shell would take apart.
        let dir = home.allow(home.path("my keys; $(id)"));
        std::fs::create_dir(&dir).unwrap();
        let made = home.cogtok(["secret", "init", "deeper/it's.txt"]).cwd(&dir).umask(umask).run();
        made.ok().stdout_is("").stderr_has("without it the secrets are lost");
        let identity = dir.join("deeper/it's.txt");
        let text = std::fs::read_to_string(&identity).unwrap();
        assert_eq!((mode(&identity), mode(&dir.join("deeper"))), (0o600, 0o700));
        let key = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-1")).unwrap();
        made.stderr_lacks(key).stderr_has(text.lines().next().unwrap().rsplit(' ').next().unwrap());
        let config = std::fs::read_to_string(home.config_file()).unwrap();
        assert!(config.contains("secret_store = \"file\"\n"), "{config}");
        assert_eq!(config.replace("secret_store = \"file\"\n", ""), before);

        let export = made.stderr.lines().find_map(|line| Some(&line[line.find("export ")?..])).expect("what to export");
        let paste = |words: &str| {
            let script = format!("{export}; exec \"$0\" {words}");
            home.program("sh", ["-c", &script]).arg(crate::harness::binary()).stdin(SECRET)
        };
        paste("secret set m2m-client").run().ok().stderr_has(" in the secrets file");
        paste("token m2m").run().ok().stdout_is("some-token\n");
        assert_eq!(sent(&server), SECRET);
        let found = by_age(&home, &identity);
        assert_eq!(found["secrets"].as_object().unwrap().len(), 1);
    }
}

#[test]
fn init_touches_nothing_that_is_there_already() {
    let home = Home::new();
    scripted(&home);
    let (file, dir, link) = (home.plant("keys/file", "precious"), home.path("keys/dir"), home.path("keys/link"));
    std::fs::create_dir(&dir).unwrap();
    symlink(home.path("keys/nowhere"), &link).unwrap();
    let config = std::fs::read_to_string(home.config_file()).unwrap();
    for path in [&file, &dir, &link] {
        let refused = home.cogtok(["secret", "init"]).arg(path).run();
        refused.code(7).stderr_has("already exists: nothing was changed").stderr_has("COGTOK_SECRET_IDENTITY");
        assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), config);
    }
    assert_eq!((std::fs::read_to_string(&file).unwrap().as_str(), link.is_symlink()), ("precious", true));
    assert!(!home.path("keys/nowhere").exists());
    let unwritable = home.cogtok(["secret", "init", "/proc/identity.txt"]).run();
    unwritable.code(7).stderr_has("/proc/identity.txt can't be written");
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), config);

    // Without a file a passphrase is meant; a second time is no harm.
    for _ in 0..2 {
        home.cogtok(["secret", "init"]).run().ok().stderr_has("COGTOK_PASSPHRASE");
    }
    assert!(std::fs::read_to_string(home.config_file()).unwrap().contains("secret_store = \"file\""));
    assert!(!sealed_file(&home).exists());
}

#[test]
fn what_does_not_open_the_file_is_found_out_before_the_configuration_says_file() {
    let home = Home::new();
    scripted(&home);
    let config = || std::fs::read_to_string(home.config_file()).unwrap();
    let before = config();
    let empty = home.plant("empty.txt", "# nothing\n");
    for (identity, says) in [(home.path("missing.txt"), "No such file"), (empty, "contains no X25519 identity")] {
        let refused = home.cogtok(["secret", "init"]).env("COGTOK_SECRET_IDENTITY", &identity).run();
        refused.code(7).stderr_has("the identity in ").stderr_has(says).stderr_lacks("opens it");
        assert_eq!(config(), before);
    }
    let identity = init(&home);
    let set = home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET).canary(SECRET);
    set.env("COGTOK_SECRET_IDENTITY", &identity).run().ok();
    home.config(&before);
    let other = home.allow(home.path("other.txt"));
    let elsewhere = Home::new();
    elsewhere.cogtok(["secret", "init"]).arg(elsewhere.allow(elsewhere.path("other.txt"))).run().ok();
    std::fs::copy(elsewhere.path("other.txt"), &other).unwrap();
    std::fs::set_permissions(&other, PermissionsExt::from_mode(0o600)).unwrap();
    for (name, value) in [("COGTOK_SECRET_IDENTITY", other.to_str().unwrap()), ("COGTOK_PASSPHRASE", PASSPHRASE)] {
        home.cogtok(["secret", "init"]).env(name, value).run().code(7).stderr_lacks("whichever");
        assert_eq!(config(), before);
    }
    home.cogtok(["secret", "init"]).env("COGTOK_SECRET_IDENTITY", &identity).run().ok();
    assert!(config().contains("secret_store = \"file\""));
}

#[test]
fn no_second_identity_is_made_for_a_file_that_it_would_not_open() {
    let home = Home::new();
    let server = scripted(&home);
    let identity = init(&home);
    let set = home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET).canary(SECRET);
    set.env("COGTOK_SECRET_IDENTITY", &identity).run().ok();
    let other = home.path("other.txt");
    let refused = home.cogtok(["secret", "init"]).arg(&other).run();
    refused.code(7).stderr_has("already exists").stderr_has("nothing was changed").stderr_has("move it away");
    assert!(!other.exists());
    home.cogtok(["secret", "init"]).run().ok().stderr_has("whichever it was created with");
    home.cogtok(["token", "m2m"]).env("COGTOK_SECRET_IDENTITY", &identity).run().ok().stdout_is("some-token\n");
    assert_eq!(sent(&server), SECRET);
}

#[test]
fn where_secrets_are_kept_is_one_of_two_words() {
    let home = Home::new();
    let server = scripted(&home);
    let identity = init(&home);
    let set = || Opener::Identity.apply(home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET), &identity);
    home.canary(SECRET);
    insta::assert_snapshot!(set()
        .env("COGTOK_SECRET_STORE", "plain").run().message(), @"
    exit 2
    error: COGTOK_SECRET_STORE: `plain` is not a secret store: use one of keyring, file (profile `ws`)
    ");
    // The variable wins over the configuration, and there is no keyring here.
    set().env("COGTOK_SECRET_STORE", "keyring").run().code(7).stderr_has("there is no D-Bus session");
    assert!(!sealed_file(&home).exists());
    set().run().ok();
    let config = std::fs::read_to_string(home.config_file()).unwrap();
    home.config(&config.replace("\"file\"", "\"plain\""));
    insta::assert_snapshot!(set().run().message(), @"
    exit 3
    error: secret_store: `plain` is not a secret store: use one of keyring, file (profile `ws`)
    ");
    home.config(&config);
    Opener::Identity.apply(home.cogtok(["token", "m2m"]), &identity).run().ok();
    assert_eq!(sent(&server), SECRET);
}

#[test]
fn a_sealed_secret_stays_with_its_address_and_the_command_of_the_hint_binds_it_anew() {
    let home = Home::new();
    let (good, evil) = (scripted(&home), Server::always(Answer::token("other-token")));
    let identity = init(&home);
    let run = |words: &[&str]| Opener::Identity.apply(home.cogtok(words).stdin(SECRET), &identity);
    home.canary(SECRET);
    run(&["secret", "set", "m2m-client"]).run().ok().stderr_has(&format!("only to {}", good.url()));
    let elsewhere = evil.token_url();
    for pointer in ["option", "key"] {
        let mut words = vec!["token", "m2m", "--no-cache"];
        if pointer == "option" {
            words.extend(["--token-url", &elsewhere]);
        } else {
            run(&["profile", "set", "ws", "m2m.token_url", &elsewhere]).run().ok();
        }
        let refused = run(&words).run();
        let bound = format!("was stored for {}, not for {}: it is not sent there", good.url(), evil.url());
        refused.code(3).stderr_has(&bound);
        evil.assert_untouched();
        let status = run(&["secret", "status", "--json"]).run().ok().json();
        let place = if pointer == "option" { "file" } else { "missing" };
        assert_eq!(status[0]["place"], json!(place));
        let hint = refused.stderr.lines().find(|line| line.contains("cogtok secret set")).unwrap();
        let command: Vec<_> = hint.split_once("cogtok ").unwrap().1.split_whitespace().collect();
        if pointer == "key" {
            run(&command).run().ok().stderr_has(&format!("only to {}", evil.url()));
        }
    }
    run(&["token", "m2m", "--no-cache"]).run().ok().stdout_is("other-token\n");
    assert_eq!((sent(&evil), good.hits()), (SECRET.to_string(), 0));
}

#[test]
fn profiles_of_one_client_share_the_sealed_secret_until_the_last_is_deleted() {
    let home = Home::new();
    let server = scripted(&home);
    let identity = init(&home);
    let run = |words: &[&str]| Opener::Identity.apply(home.cogtok(words).stdin(SECRET), &identity);
    home.canary(SECRET);
    run(&["secret", "set", "m2m-client"]).run().ok();
    let same = ["--m2m-client-id", "machine", "--token-url", &server.token_url()];
    run(&["profile", "create", "same"]).args(same).run().ok();
    run(&["profile", "delete", "ws", "--yes"]).run().ok();
    run(&["token", "m2m", "--no-cache", "-p", "same"]).run().ok();
    assert_eq!(sent(&server), SECRET);
    run(&["profile", "delete", "same", "--yes"]).run().ok();
    assert_eq!(by_age(&home, &identity), json!({"version": 1, "secrets": {}}));
}
