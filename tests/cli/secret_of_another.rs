//! A secret of another client, or for another address, than the profile's: it changes nothing for the profile's own.

use crate::harness::{Answer, Home, Keyring, Server};

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
