//! What is said of secrets after `secret init` has changed the place where they are kept.

use crate::harness::{Home, Keyring};
use crate::sealed::{Opener, init, scripted, sealed_file};
use serde_json::json;

const SECRET: &str = "stored-before-the-change";

#[test]
fn what_stayed_in_the_keyring_is_missing_from_the_file() {
    let (home, keyring) = (Home::new(), Keyring::start());
    let _server = scripted(&home);
    let set = || home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET).canary(SECRET);
    set().keyring(&keyring).run().ok();
    let places = |place: &str| {
        let rows = home.cogtok(["status", "--json"]).run().ok().json();
        assert_eq!(rows[0]["secrets"], json!([{"kind": "m2m-client", "place": place}]));
        home.cogtok(["status"]).run().ok().stdout_has(&format!("{place}: m2m-client"));
    };
    places("keyring");
    let identity = init(&home);
    assert!(!sealed_file(&home).exists());
    places("missing");
    Opener::Identity.apply(set(), &identity).run().ok();
    places("file");
}

#[test]
fn a_secret_that_stayed_in_the_keyring_is_not_said_to_be_gone() {
    let (home, keyring) = (Home::new(), Keyring::start());
    let _server = scripted(&home);
    let set = || home.cogtok(["secret", "set", "m2m-client"]).stdin(SECRET).canary(SECRET);
    set().keyring(&keyring).run().ok();
    let identity = init(&home);
    let token = || Opener::Identity.apply(home.cogtok(["token", "m2m", "--force-refresh"]), &identity);
    insta::assert_snapshot!(token().run().message(), @"
    exit 7
    error: the m2m-client secret of client machine is in the keyring, and secrets now go to the secrets file (profile `ws`)
    hint: store it again: cogtok secret set m2m-client -p ws
    ");
    Opener::Identity.apply(set(), &identity).run().ok();
    token().run().ok();
    // In neither of them it is gone.
    std::fs::remove_file(sealed_file(&home)).unwrap();
    std::fs::remove_file(home.path(".local/state/cogtok/secret-places.json")).unwrap();
    token().run().code(7).stderr_has("is no longer stored");
}

#[test]
fn a_second_init_names_what_opens_the_file() {
    let home = Home::new();
    scripted(&home);
    let identity = init(&home);
    let again = home.cogtok(["secret", "init"]).env("COGTOK_SECRET_IDENTITY", &identity).run();
    again.ok().stderr_has("COGTOK_SECRET_IDENTITY opens it").stderr_lacks("COGTOK_PASSPHRASE");
    home.cogtok(["secret", "init"]).run().ok().stderr_has("COGTOK_PASSPHRASE");
}

#[test]
fn what_is_in_one_store_is_not_shown_in_the_other() {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user("http://127.0.0.1:9");
    home.cogtok(["profile", "set", "ws", "m2m.client_id", "machine"]).run().ok();
    home.cogtok(["profile", "set", "ws", "m2m.token_url", "http://127.0.0.1:9/oauth2/token"]).run().ok();
    let set = |kind: &str| home.cogtok(["secret", "set", kind]).stdin(SECRET).canary(SECRET);
    for kind in ["m2m-client", "password"] {
        set(kind).keyring(&keyring).run().ok();
    }
    // With neither the keyring nor what opens the file.
    let places = |store: &str, m2m: &str, password: &str| {
        let rows = home.cogtok(["status", "--json"]).env("COGTOK_SECRET_STORE", store).run().ok().json();
        let expected =
            [("m2m-client", m2m), ("password", password)].map(|(kind, place)| json!({"kind": kind, "place": place}));
        assert_eq!(rows[0]["secrets"], json!(expected), "{store}");
    };
    places("keyring", "keyring", "keyring");
    let identity = init(&home);
    Opener::Identity.apply(set("password"), &identity).run().ok();
    places("file", "missing", "file");
    places("keyring", "keyring", "keyring");
    Opener::Identity.apply(home.cogtok(["secret", "delete", "password"]), &identity).run().ok();
    places("file", "missing", "missing");
    Opener::Identity.apply(set("m2m-client"), &identity).run().ok();
    places("file", "file", "missing");
    // What is noted nowhere, as with a configuration from another machine, is expected in the store in use.
    std::fs::remove_file(home.path(".local/state/cogtok/secret-places.json")).unwrap();
    places("file", "file", "file");
}
