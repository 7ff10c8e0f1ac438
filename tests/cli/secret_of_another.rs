//! A secret of another client, or for another address, than the profile's: it changes nothing for the profile's own.

use crate::harness::challenges::PASSWORD;
use crate::harness::{Answer, Home, Keyring, Output, Server, workshop};

const URL: &str = "https://other.example/oauth2/token";

/// A machine's profile with its secret, and the server that takes it.
fn machine(keyring: &Keyring) -> (Home, Server) {
    let (home, server) = (Home::new(), Server::always(Answer::token("some-token")));
    let words = ["profile", "create", "ws", "--m2m-client-id", "machine", "--token-url", &server.token_url()];
    home.cogtok(words).args(["--region", "us-east-1", "--client-id", "web"]).run().ok();
    for (kind, secret) in [("m2m-client", "own-machine-secret"), ("user-client", "own-client-secret")] {
        home.cogtok(["secret", "set", kind]).keyring(keyring).canary(secret).stdin(secret).run().ok();
    }
    (home, server)
}

/// The places of the machine's secret and the users' client's.
fn places(home: &Home, keyring: &Keyring) -> Vec<String> {
    let rows = home.cogtok(["secret", "status", "--json"]).keyring(keyring).run().ok().json();
    let rows = rows.as_array().unwrap().iter().map(|row| row["place"].to_string());
    rows.take(2).collect()
}

/// That `doctor` says nothing of a secret.
fn lacks_in_doctor(home: &Home, keyring: &Keyring, what: &str) {
    let output = home.cogtok(["doctor", "--offline"]).keyring(keyring).run();
    output.check(!output.stdout.contains(what), "a secret that nobody stored");
}

#[test]
fn to_delete_what_was_stored_for_another_client_or_address_leaves_the_profiles_own() {
    let keyring = Keyring::start();
    let (home, _server) = machine(&keyring);
    let delete = |kind: &str| home.cogtok(["secret", "delete", kind]).keyring(&keyring);
    let of_another = || {
        [
            delete("m2m-client").args(["--token-url", URL]),
            delete("m2m-client").env("COGTOK_TOKEN_URL", URL),
            delete("m2m-client").env("COGTOK_M2M_CLIENT_ID", "another"),
            delete("user-client").env("COGTOK_CLIENT_ID", "another"),
            delete("user-client").env("AWS_ENDPOINT_URL", "https://other.example"),
            delete("user-client").args(["--endpoint-url", "https://other.example"]),
        ]
    };
    let before = std::fs::read_to_string(home.config_file()).unwrap();
    for run in of_another() {
        run.run().ok().stderr_has("there was no");
        assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before);
    }
    assert_eq!(places(&home, &keyring), ["\"keyring\"", "\"keyring\""]);
    home.cogtok(["token", "m2m", "--no-input"]).keyring(&keyring).run().ok().stdout_is("some-token\n");
    // Nor does one that there was.
    let set = home.cogtok(["secret", "set", "m2m-client"]).env("COGTOK_TOKEN_URL", URL).keyring(&keyring);
    set.canary("stored-elsewhere").stdin("stored-elsewhere").run().ok();
    delete("m2m-client").args(["--token-url", URL]).run().ok().stderr_has("deleted the");
    assert_eq!(std::fs::read_to_string(home.config_file()).unwrap(), before);
    // Its own goes from the list, also where only the AWS tools' variable says for which address it was stored.
    delete("m2m-client").run().ok().stderr_has("deleted the");
    delete("user-client").run().ok().stderr_has("deleted the");
    assert!(!std::fs::read_to_string(home.config_file()).unwrap().contains("secrets"));
    for words in [["secret", "set", "user-client"], ["secret", "delete", "user-client"]] {
        let run = home.cogtok(words).env("AWS_ENDPOINT_URL", "https://mine.example").keyring(&keyring);
        run.stdin("own-client-secret").run().ok();
    }
    assert!(!std::fs::read_to_string(home.config_file()).unwrap().contains("secrets"));
    home.cogtok(["profile", "delete", "ws", "--yes"]).keyring(&keyring).run().ok();
    assert!(keyring.entries().is_empty(), "{:?}", keyring.entries());
}

#[test]
fn a_deleted_profile_leaves_no_secret_that_its_list_lost() {
    let keyring = Keyring::start();
    let (home, _server) = machine(&keyring);
    let config = std::fs::read_to_string(home.config_file()).unwrap();
    let unlisted: Vec<&str> = config.lines().filter(|line| !line.starts_with("secrets")).collect();
    home.config(&unlisted.join("\n"));
    assert_eq!(places(&home, &keyring), ["\"keyring\"", "\"keyring\""]);
    home.cogtok(["profile", "delete", "ws", "--yes"]).keyring(&keyring).run().ok();
    assert!(keyring.entries().is_empty(), "{:?}", keyring.entries());
}

#[test]
fn a_secret_of_another_client_is_not_missed_for_the_public_one() {
    let (workshop, keyring) = (workshop(), Keyring::start());
    let (public, confidential) = (&workshop.web.id, &workshop.confidential);
    let secret = confidential.secret.as_deref().unwrap();
    let email = workshop.user(PASSWORD);
    let sign_in = |home: &Home| {
        let run = home.cogtok(["token", "user", "--no-cache", "--password-stdin"]).keyring(&keyring);
        run.args(["--username", &email]).stdin(PASSWORD).run()
    };
    // Stored under a variable, for a profile whose own client has none.
    let home = Home::new();
    home.canary(PASSWORD);
    home.workshop_profile(workshop);
    let set = || home.cogtok(["secret", "set", "user-client"]).keyring(&keyring).stdin(secret);
    set().env("COGTOK_CLIENT_ID", &confidential.id).run().ok();
    sign_in(&home).ok();
    let user = ["token", "user", "--no-cache", "--password-stdin", "--username", &email];
    let other = || home.cogtok(user).keyring(&keyring).stdin(PASSWORD);
    other().env("COGTOK_CLIENT_ID", &confidential.id).run().ok();
    other().args(["--client-id", &confidential.id]).run().ok();
    lacks_in_doctor(&home, &keyring, "the user-client secret");

    // Stored for the profile's own client, which is then another: by a variable, an option or the configuration.
    home.cogtok(["profile", "set", "ws", "user.client_id", &confidential.id]).keyring(&keyring).run().ok();
    set().run().ok();
    sign_in(&home).ok();
    other().env("COGTOK_CLIENT_ID", public).run().ok();
    other().args(["--client-id", public]).run().ok();
    home.cogtok(["profile", "set", "ws", "user.client_id", public]).keyring(&keyring).run().ok();
    sign_in(&home).ok();
    let places = places(&home, &keyring);
    assert_eq!(places[1], "null");
    let shown = home.cogtok(["status", "--json"]).keyring(&keyring).run().ok().json();
    let secrets = shown[0]["secrets"].to_string();
    assert!(!secrets.contains("user-client"), "{secrets}");
    lacks_in_doctor(&home, &keyring, "the user-client secret");
}

#[test]
fn a_machines_secret_that_was_never_stored_is_needed_and_not_missed() {
    let (home, keyring, server) = (Home::new(), Keyring::start(), Server::always(Answer::token("some-token")));
    let words = ["profile", "create", "ws", "--m2m-client-id", "machine", "--token-url", &server.token_url()];
    home.cogtok(words).run().ok();
    let set = home.cogtok(["secret", "set", "m2m-client"]).env("COGTOK_M2M_CLIENT_ID", "another").keyring(&keyring);
    set.canary("of-another-machine").stdin("of-another-machine").run().ok();
    let token = || home.cogtok(["token", "m2m", "--no-input", "--no-cache"]).keyring(&keyring);
    token().run().code(5).stderr_has("is needed").stderr_lacks("no longer stored");
    token().env("COGTOK_M2M_CLIENT_ID", "another").run().ok();
    // What was stored and is gone is missed.
    let account = format!("m2m-client|another|{}|", server.url());
    assert!(keyring.secret_tool(&["clear", "service", "cogtok", "username", &account], b"").status.success());
    let gone = token().env("COGTOK_M2M_CLIENT_ID", "another").run();
    gone.code(7).stderr_has("client another is no longer stored");
}

/// The commands of a hint, one after the other.
fn follow(home: &Home, keyring: &Keyring, output: &Output) {
    let hint = output.stderr.lines().find_map(|line| line.strip_prefix("hint: to delete it: ")).expect("a hint");
    for command in hint.split("; ") {
        let words = command.strip_prefix("cogtok ").expect("a command").split_whitespace();
        home.cogtok(words).keyring(keyring).run().ok();
    }
}

#[test]
fn a_changed_client_says_what_stays_stored_and_how_to_delete_it() {
    let (workshop, keyring, home) = (workshop(), Keyring::start(), Home::new());
    let (public, confidential) = (&workshop.web.id, &workshop.confidential);
    let (secret, email) = (confidential.secret.as_deref().unwrap(), workshop.user(PASSWORD));
    home.canary(PASSWORD);
    home.workshop_profile(workshop);
    let change = |words: &[&str]| home.cogtok(["profile"]).args(words).keyring(&keyring).run();
    let to = |client: &str| change(&["set", "ws", "user.client_id", client]);
    let sign_in = || {
        to(&confidential.id).ok();
        home.cogtok(["secret", "set", "user-client"]).keyring(&keyring).stdin(secret).run().ok();
        let user = ["token", "user", "--force-refresh", "--password-stdin", "--username", &email];
        home.cogtok(user).keyring(&keyring).stdin(PASSWORD).run().ok();
    };
    let says = format!(
        "no profile uses what stays stored: the user-client secret of client {} for {}, the refresh-token secret of",
        confidential.id, workshop.endpoint
    );
    let is_left = || keyring.entries().iter().any(|entry| entry["username"].contains(&confidential.id));
    let edit = format!("sed -i s/{}/{public}/", confidential.id);
    let ways: [&dyn Fn() -> Output; 3] = [&|| to(public), &|| change(&["unset", "ws", "user.client_id"]), &|| {
        home.cogtok(["profile", "edit"]).env("VISUAL", &edit).keyring(&keyring).run()
    }];
    for way in ways {
        sign_in();
        let changed = way();
        changed.ok().stderr_has(&says).stderr_has(&email);
        assert!(is_left());
        follow(&home, &keyring, &changed);
        assert!(!is_left(), "{:?}", keyring.entries());
        home.cogtok(["cache", "list"]).keyring(&keyring).run().ok().stdout_is("");
    }
    // What another profile uses, or may use, stays without a word; so does what the change does not concern.
    sign_in();
    change(&["copy", "ws", "two"]).ok();
    to(public).ok().stderr_lacks("stays stored");
    change(&["set", "two", "user.auth_flow", "password"]).ok().stderr_lacks("stays stored");
    let config = std::fs::read_to_string(home.config_file()).unwrap();
    home.config(&config.replace("auth_flow = \"password\"", "auth_flow = \"unknown\""));
    to(&confidential.id).ok();
    to(public).ok().stderr_lacks("stays stored");
}

#[test]
fn a_store_that_is_named_wrongly_stops_nothing_that_needs_none() {
    let (workshop, home) = (workshop(), Home::new());
    let email = workshop.user(PASSWORD);
    home.workshop_profile(workshop);
    let words = ["token", "user", "--no-cache", "--password-stdin", "--username", &email];
    home.cogtok(words).env("COGTOK_SECRET_STORE", "bogus").canary(PASSWORD).stdin(PASSWORD).run().ok();
    home.cogtok(["user", "delete", &email, "--yes"]).aws().env("COGTOK_SECRET_STORE", "bogus").run().ok();
}

#[test]
fn where_nothing_can_be_noted_a_stored_secret_is_found_again() {
    let (workshop, keyring, home) = (workshop(), Keyring::start(), Home::new());
    let (confidential, email) = (&workshop.confidential, workshop.user(PASSWORD));
    home.workshop_profile(workshop);
    let run = |words: &[&str], stdin: &str| {
        let run = home.cogtok(words).env("COGTOK_CLIENT_ID", &confidential.id).env("XDG_STATE_HOME", "/dev/null/state");
        run.keyring(&keyring).canary(stdin).stdin(stdin).run()
    };
    run(&["secret", "set", "user-client"], confidential.secret.as_deref().unwrap()).ok();
    run(&["token", "user", "--no-cache", "--password-stdin", "--username", &email], PASSWORD).ok();
}

#[test]
fn an_export_names_a_machines_secret_that_is_listed_and_not_there() {
    let keyring = Keyring::start();
    let (home, _server) = machine(&keyring);
    home.cogtok(["profile", "set", "ws", "m2m.client_id", "another"]).keyring(&keyring).run().ok();
    let export = home.cogtok(["profile", "export", "ws", "--with-secrets", "--passphrase-stdin"]).keyring(&keyring);
    let output = export.stdin("a passphrase of five words").run();
    output.code(7).stderr_has("the m2m-client secret of client another is no longer stored");
}
