//! What in the keyring is not cogtok's, or can't be told apart: it is neither read, nor overwritten, nor deleted.

use crate::harness::{Answer, FakeSecretService, Home, Keyring, Output, Run, Server};

const SECRET: &str = "stored-by-cogtok-itself";
const STRANGE: &str = "stored-by-another-program";

const TWINS: &str = "the keyring has two entries of this name: cogtok touched neither";
const STRANGER: &str = "the keyring's entry of this name belongs to another program: cogtok did not touch it";

/// Everything that asks the keyring for the entry.
const COMMANDS: [&[&str]; 6] = [
    &["token", "m2m", "--no-cache"],
    &["secret", "status"],
    &["secret", "set", "m2m-client"],
    &["secret", "delete", "m2m-client"],
    &["profile", "delete", "ws", "--yes"],
    &["token", "m2m", "--no-cache", "--scope", "api/read"],
];

/// A profile that lists an m2m secret, the server that would take it, and its entry's account.
fn home() -> (Home, Server, String) {
    let (home, server) = (Home::new(), Server::always(Answer::token("some-token")));
    home.canary(SECRET);
    home.canary(STRANGE);
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nsecrets = [\"m2m-client\"]\nm2m.client_id = \"machine\"\nm2m.token_url = \"{}\"\n",
        server.token_url()
    ));
    let account = format!("m2m-client|machine|{}|", server.url());
    (home, server, account)
}

fn set<'h>(home: &'h Home) -> Run<'h> {
    home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET)
}

/// Makes an entry as another program would.
fn store(keyring: &Keyring, account: &str, more: [&str; 2]) {
    let words = ["store", "--label=other", "service", "cogtok", "username", account, more[0], more[1]];
    assert!(keyring.secret_tool(&words, STRANGE.as_bytes()).status.success());
}

fn assert_refused(output: &Output, message: &str) {
    output.code(7).stderr_has(message).stderr_has("with the desktop's password manager");
}

#[test]
fn of_two_alike_entries_neither_is_touched_until_one_is_gone() {
    let (home, server, account) = home();
    let keyring = Keyring::start();
    set(&home).keyring(&keyring).run().ok();
    // As a program would that names the collection as well.
    store(&keyring, &account, ["target", "default"]);
    let (entries, config) = (keyring.entries(), std::fs::read(home.config_file()).unwrap());
    assert_eq!(entries.len(), 2);
    for words in COMMANDS {
        assert_refused(&home.cogtok(words).stdin("a-third-secret").keyring(&keyring).run(), TWINS);
        assert_eq!(keyring.entries(), entries, "{words:?}");
        assert_eq!(std::fs::read(home.config_file()).unwrap(), config, "{words:?}");
    }
    server.assert_untouched();
    let clear = ["clear", "service", "cogtok", "username", &account, "target", "default"];
    assert!(keyring.secret_tool(&clear, b"").status.success());
    home.cogtok(COMMANDS[0]).keyring(&keyring).run().ok().stdout_is("some-token\n");
}

#[test]
fn another_programs_entry_is_neither_read_nor_overwritten_nor_deleted() {
    let (home, server, account) = home();
    let keyring = Keyring::start();
    store(&keyring, &account, ["application", "other"]);
    let (entries, config) = (keyring.entries(), std::fs::read(home.config_file()).unwrap());
    assert_eq!((entries.len(), entries[0]["secret"].as_str()), (1, STRANGE));
    for words in COMMANDS {
        assert_refused(&home.cogtok(words).stdin(SECRET).keyring(&keyring).run(), STRANGER);
        assert_eq!(keyring.entries(), entries, "{words:?}");
        assert_eq!(std::fs::read(home.config_file()).unwrap(), config, "{words:?}");
    }
    server.assert_untouched();
    home.cogtok(["profile", "delete", "ws", "--yes", "--keep-secrets"]).keyring(&keyring).run().ok();
    assert_eq!(keyring.entries(), entries);
}

#[test]
fn another_programs_entry_for_another_address_counts_for_nothing() {
    let (home, server, account) = home();
    let keyring = Keyring::start();
    let elsewhere = account.replace(&server.url(), "https://elsewhere.example");
    store(&keyring, &elsewhere, ["application", "other"]);
    let entries = keyring.entries();
    let missing = home.cogtok(COMMANDS[0]).keyring(&keyring).run();
    missing.code(7).stderr_has("is no longer stored").stderr_lacks("elsewhere.example");
    set(&home).keyring(&keyring).run().ok();
    home.cogtok(COMMANDS[0]).keyring(&keyring).run().ok().stdout_is("some-token\n");
    home.cogtok(["secret", "delete", "m2m-client"]).keyring(&keyring).run().ok();
    // gnome-keyring gives an entry its schema at a time of its own choosing.
    let without_schema = |mut entries: Vec<std::collections::BTreeMap<String, String>>| {
        entries.iter_mut().for_each(|entry| drop(entry.remove("schema")));
        entries
    };
    assert_eq!(without_schema(keyring.entries()), without_schema(entries));
}

#[test]
fn the_service_is_not_even_asked_for_the_secret_of_what_is_not_ours() {
    let (home, server, _) = home();
    let (twins, strange) = (FakeSecretService::start(), FakeSecretService::start());
    for fake in [&twins, &strange] {
        set(&home).fake(fake).run().ok();
    }
    twins.plant_alike();
    strange.estrange("application", "other");
    for (fake, message) in [(&twins, TWINS), (&strange, STRANGER)] {
        let (items, calls) = (fake.items(), fake.calls().len());
        for words in COMMANDS {
            assert_refused(&home.cogtok(words).stdin("a-third-secret").fake(fake).run(), message);
        }
        let touching = ["GetSecret", "GetSecrets", "SetSecret", "CreateItem", "Delete"];
        let made = &fake.calls()[calls..];
        assert!(made.iter().any(|call| call == "SearchItems"), "{made:?}");
        assert!(!made.iter().any(|call| touching.contains(&call.as_str())), "{made:?}");
        assert_eq!(fake.items(), items);
    }
    server.assert_untouched();
}
