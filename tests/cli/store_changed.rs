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
fn a_second_init_names_what_opens_the_file() {
    let home = Home::new();
    scripted(&home);
    let identity = init(&home);
    let again = home.cogtok(["secret", "init"]).env("COGTOK_SECRET_IDENTITY", &identity).run();
    again.ok().stderr_has("COGTOK_SECRET_IDENTITY opens it").stderr_lacks("COGTOK_PASSPHRASE");
    home.cogtok(["secret", "init"]).run().ok().stderr_has("COGTOK_PASSPHRASE");
}
