//! `cogtok status`: who is signed in, from what lies on this machine and without waking anybody.

use crate::harness::challenges::PASSWORD;
use crate::harness::login::{alice, sign_in};
use crate::harness::{Bus, Home, Keyring, Server, Sessions, workshop};
use serde_json::json;
use std::time::Duration;

#[test]
fn it_says_who_is_signed_in_until_when_and_which_secrets_there_are() {
    let server = Server::script([alice()]);
    let (keyring, api) = (Keyring::start(), Server::canary());
    let home = Home::new();
    home.login_profile_with(&server.url(), &api.url());
    home.cogtok(["status"]).run().ok().quiet().stdout_has("ws").stdout_has("nobody");
    assert_eq!(home.cogtok(["status", "--json"]).run().ok().json()[0]["user"], json!(null));
    let secret = home.cogtok(["secret", "set", "user-client"]).keyring(&keyring).stdin("a-client-secret-of-ours");
    secret.canary("a-client-secret-of-ours").run().ok();
    sign_in(home.cogtok(["login"]).keyring(&keyring), &home.fake_browser()).0.ok();
    home.cogtok(["profile", "create", "m2m", "--m2m-client-id", "m", "--token-url", "https://ws.example/t"]).run().ok();
    // Neither the keyring nor the network is there any more.
    let (hits, quiet) = (server.hits(), Bus::start());
    let output = home.cogtok(["status"]).env("COLUMNS", "80").bus(&quiet).timeout(Duration::from_secs(1)).run();
    output
        .ok()
        .quiet()
        .stdout_has("alice@example.com")
        .stdout_has("keyring:")
        .stdout_has("browser")
        .stdout_has("until ");
    output.stdout_has("m2m").stdout_has("refresh-token").stdout_has("user-client");
    let is_narrow = output.stdout.lines().all(|line| line.chars().count() <= 80);
    output.check(is_narrow, "wider than 80 columns");
    let list = home.cogtok(["status", "-o", "json"]).run().ok().json();
    let ws = list.as_array().unwrap().iter().find(|row| row["profile"] == "ws").unwrap();
    assert_eq!((&ws["user"]["email"], &ws["is_current"]), (&json!("alice@example.com"), &json!(true)));
    let left = ws["access_token"]["expires_in"].as_u64().unwrap();
    assert!((3000..=3600).contains(&left), "{left}");
    assert_eq!((&ws["session"]["via"], &ws["session"]["origin"]), (&json!("browser"), &json!(server.url())));
    let kinds: Vec<_> =
        ws["secrets"].as_array().unwrap().iter().map(|secret| (&secret["kind"], &secret["place"])).collect();
    let (client, refresh, place) = (json!("user-client"), json!("refresh-token"), json!("keyring"));
    assert_eq!(kinds, [(&client, &place), (&refresh, &place)]);
    let m2m = list.as_array().unwrap().iter().find(|row| row["profile"] == "m2m").unwrap();
    assert_eq!((&m2m["user"], &m2m["session"], &m2m["secrets"]), (&json!(null), &json!(null), &json!([])));
    // One alone, and a value from the environment by its name.
    let one =
        home.cogtok(["status", "-p", "m2m", "--json"]).env("COGTOK_M2M_CLIENT_SECRET", "canary-in-the-environment");
    let one = one.canary("canary-in-the-environment").run().ok().json();
    assert_eq!(one[0]["secrets"], json!([{"kind": "m2m-client", "place": "COGTOK_M2M_CLIENT_SECRET"}]));
    assert_eq!((one.as_array().unwrap().len(), server.hits()), (1, hits));
    api.assert_untouched();
}

#[test]
fn it_knows_a_token_that_has_ended_and_a_sign_in_without_a_session() {
    crate::harness::need("faketime", "faketime");
    let workshop = workshop();
    let email = workshop.user("Correct-Horse-7-Battery");
    let home = Home::new();
    home.workshop_profile(workshop);
    home.cogtok(["profile", "set", "ws", "user.username", &email]).run().ok();
    home.cogtok(["token", "user"]).env("COGTOK_PASSWORD", "Correct-Horse-7-Battery").run().ok();
    let now = home.cogtok(["status"]).run();
    now.ok().quiet().stdout_has(&email[..12]).stdout_has("none");
    let later = home.cogtok(["status"]).under(["faketime", "-f", "+2h"]).run();
    later.ok().stdout_has("ended");
    let rows = home.cogtok(["status", "--json"]).under(["faketime", "-f", "+2h"]).run().ok().json();
    assert_eq!((&rows[0]["access_token"]["expires_in"], &rows[0]["session"]), (&json!(0), &json!(null)));
    let wrong = home.cogtok(["status", "-o", "csv"]).run();
    wrong.code(2).stderr_has("use -o table or -o json");
}

#[test]
fn a_fresh_home_and_a_broken_profile_are_survived() {
    let home = Home::new();
    home.cogtok(["status"]).run().ok().stdout_is("").stderr_has("profile create");
    home.cogtok(["status", "--json"]).run().ok().stdout_is("[]\n");
    home.config("version = 1\n[profiles.bad]\nuser_pool_id = 7\n[profiles.good]\nuser_pool_id = \"us-east-1_A\"\n");
    let output = home.cogtok(["status"]).run();
    output.ok().stdout_has("good").stderr_has("profile `bad` is left out").stderr_has("cogtok profile lint bad");
    home.config("version = 1\n[profiles.bad]\nuser_pool_id = 7\n");
    home.cogtok(["status"]).run().ok().stdout_is("").stderr_lacks("no profile yet").stderr_has("profile `bad`");
}

#[test]
fn one_user_with_two_sign_ins_is_told_apart_and_no_secret_is_shown_under_another() {
    let sessions = Sessions::start(false, 3600);
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&sessions.server.url());
    let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
    let key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    run(&["secret", "set", "totp", "-p", "ws"]).canary(key).stdin(key).run().ok();
    for name in ["alice@example.com", "ali"] {
        run(&["token", "user", "--username", name, "--password-stdin"]).stdin(PASSWORD).run().ok();
    }
    let table = home.cogtok(["status"]).env("TZ", "Asia/Kolkata").run();
    table.ok().stdout_has(" +05:30");
    let names = ["(as", "alice@example.com)", "ali)"]
        .map(|word| table.stdout.split_whitespace().filter(|w| *w == word).count());
    assert_eq!(names, [2, 1, 1], "{}", table.stdout);
    assert_eq!(table.stdout.lines().filter(|line| line.trim_start().starts_with('*')).count(), 1, "{}", table.stdout);
    let rows = home.cogtok(["status", "--json"]).run().ok().json();
    let has_key = |row: &serde_json::Value| row["secrets"].to_string().contains("totp");
    let of = |name: &str| rows.as_array().unwrap().iter().find(|row| row["signed_in_as"] == name).unwrap();
    assert_eq!((has_key(of("alice@example.com")), has_key(of("ali"))), (true, false), "{rows}");

    // Whose it is, the store knows.
    run(&["secret", "set", "password", "--username", "bob"])
        .canary("password-of-bob")
        .stdin("password-of-bob")
        .run()
        .ok();
    let place = |args: &[&str], kind: &str| {
        let rows = run(&["secret", "status", "--json"]).args(args).run().ok().json();
        let found = rows.as_array().unwrap().iter().find(|row| row["kind"] == kind).cloned();
        found.unwrap()["place"].as_str().unwrap().to_owned()
    };
    assert_eq!(place(&["--username", "bob"], "password"), "keyring");
    assert_eq!(place(&[], "password"), "missing");
    assert_eq!(place(&["--username", "bob"], "totp"), "missing");
    assert_eq!(place(&[], "totp"), "keyring");
}

/// The kinds of secrets in a row, each with the user that it names.
fn kinds(row: &serde_json::Value) -> Vec<(String, Option<String>)> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let secrets = row["secrets"].as_array().unwrap().iter();
    secrets.map(|secret| (text(&secret["kind"]).unwrap(), text(&secret["username"]))).collect()
}

#[test]
fn a_password_and_a_key_are_shown_with_the_user_they_are_of() {
    let sessions = Sessions::start(false, 3600);
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&sessions.server.url());
    let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
    let rows = || home.cogtok(["status", "--json"]).run().ok().json().as_array().unwrap().clone();
    let key = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    run(&["secret", "set", "totp", "--username", "bob"]).canary(key).stdin(key).run().ok();
    run(&["secret", "set", "password", "--username", "bob"])
        .canary("password-of-bob")
        .stdin("password-of-bob")
        .run()
        .ok();
    let of_bob = |kind: &str| (kind.to_owned(), Some("bob".to_owned()));
    let both = [of_bob("password"), of_bob("totp")];
    // Nobody is signed in: the only row of the profile.
    assert_eq!(rows().iter().map(kinds).collect::<Vec<_>>(), [both.to_vec()]);

    run(&["token", "user", "--password-stdin"]).stdin(PASSWORD).run().ok();
    // Somebody is signed in: bob's hang on the profile's object, and in the table in a line that names nobody.
    let own = ("refresh-token".to_owned(), None);
    let shown = rows();
    let with_bobs = [&[own], &both[..]].concat();
    assert_eq!((kinds(&shown[0]), shown.len()), (with_bobs.clone(), 1));
    assert_eq!(shown[0]["signed_in_as"], json!("alice@example.com"));
    let table = home.cogtok(["status"]).run();
    let lines: Vec<&str> = table.ok().stdout.lines().collect();
    assert!(!table.stdout.contains("nobody"), "{}", table.stdout);
    let of_bob: Vec<&str> = lines[2].split_whitespace().collect();
    assert_eq!(of_bob, ["ws", "keyring:", "password,", "totp", "(bob)"], "{}", table.stdout);

    // A profile without a user name, and then bob, who is signed in himself.
    run(&["profile", "unset", "ws", "user.username"]).run().ok();
    assert_eq!(rows().iter().map(kinds).collect::<Vec<_>>(), [with_bobs]);
    run(&["token", "user", "--username", "bob", "--password-stdin"]).stdin(PASSWORD).run().ok();
    let shown = rows();
    let bob = shown.iter().find(|row| row["signed_in_as"] == "bob").unwrap();
    let expected = ["password", "totp", "refresh-token"].map(|kind| (kind.to_owned(), None));
    assert_eq!((kinds(bob), shown.len()), (expected.to_vec(), 2));

    // What was deleted is nobody's.
    run(&["secret", "delete", "totp", "--username", "bob"]).run().ok();
    assert!(rows().iter().flat_map(kinds).all(|(kind, _)| kind != "totp"), "{:?}", rows());
}

#[test]
fn a_secret_that_was_deleted_is_nobodys() {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user("http://127.0.0.1:9");
    home.cogtok(["profile", "unset", "ws", "user.username"]).run().ok();
    let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
    let secrets = || home.cogtok(["status", "--json"]).run().ok().json()[0]["secrets"].clone();
    let of_bob = ["secret", "set", "password", "--username", "bob"];
    run(&of_bob).canary_password("password-of-bob").stdin("password-of-bob").run().ok();
    assert_eq!(secrets(), json!([{"kind": "password", "place": "keyring", "username": "bob"}]));
    run(&["secret", "status"]).run().ok().stdout_has("add --username NAME");
    run(&["secret", "delete", "password", "--username", "bob"]).run().ok();
    assert_eq!(secrets(), json!([]));
    assert!(!home.cogtok(["status"]).run().ok().stdout.contains("password"));
    assert!(!run(&["secret", "status"]).run().ok().stdout.contains("add --username NAME"));
    assert!(!run(&["secret", "status", "--json"]).run().ok().stdout.contains("\"password\""));
    // Nor is it that of a user whom the profile names, of whom nothing was ever stored.
    home.cogtok(["profile", "set", "ws", "user.username", "alice"]).run().ok();
    assert_eq!(secrets(), json!([]));
    run(&["secret", "status", "--username", "bob"]).run().ok().stdout_has("missing from the keyring");
    // A list from another machine is believed.
    std::fs::remove_file(home.path(".local/state/cogtok/secret-places.json")).unwrap();
    assert_eq!(secrets(), json!([{"kind": "password", "place": "keyring"}]));
}

#[test]
fn the_profiles_own_password_is_shown_while_another_user_is_signed_in() {
    let sessions = Sessions::start(false, 3600);
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user(&sessions.server.url());
    let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
    run(&["secret", "set", "password"]).stdin(PASSWORD).run().ok();
    run(&["token", "user", "--username", "bob", "--password-stdin"]).stdin(PASSWORD).run().ok();
    let rows = home.cogtok(["status", "--json"]).run().ok().json();
    let of_alice = ("password".to_owned(), Some("alice@example.com".to_owned()));
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["signed_in_as"]), (1, &json!("bob")));
    assert_eq!(kinds(&rows[0]), [("refresh-token".to_owned(), None), of_alice]);
}
