//! What one profile's end leaves to the others: whatever they use as well.

use crate::harness::challenges::{CLIENT, PASSWORD};
use crate::harness::login::{alice, refreshed, sign_in};
use crate::harness::{Home, Keyring, Server, Sessions};
use serde_json::json;

/// A profile of the scripted client, with these lines more.
fn profile(name: &str, url: &str, lines: &str) -> String {
    format!(
        "[profiles.{name}]\nuser_pool_id = \"us-east-1_Scripted0\"\nendpoint_url = \"{url}\"\n\
         [profiles.{name}.user]\nclient_id = \"{CLIENT}\"\nauth_flow = \"password\"\n{lines}\n"
    )
}

const ALICE: &str = "username = \"alice@example.com\"";

#[test]
fn a_session_stays_with_every_profile_that_may_use_it() {
    // What the profile that stays says of the user, and what a call adds.
    let of_call = ["--username", "alice@example.com"];
    for (lines, call) in [(ALICE, &[][..]), ("", &of_call[..])] {
        for signed_in in ["ws", "two"] {
            let sessions = Sessions::start(true, 30);
            let (home, keyring) = (Home::new(), Keyring::start());
            home.scripted_user(&sessions.server.url());
            let url = sessions.server.url();
            home.config(&format!("{}{}", profile("ws", &url, ALICE), profile("two", &url, lines)));
            let run = |words: &[&str]| home.cogtok(words).keyring(&keyring);
            let password = run(&["secret", "set", "password", "-p", "ws"]);
            password.stdin(PASSWORD).run().ok();
            run(&["token", "user", "-p", signed_in, "--username", "alice@example.com"]).run().ok();
            let before = keyring.entries().len();
            run(&["profile", "delete", "ws", "--yes"]).run().ok();
            assert_eq!(keyring.entries().len(), before, "{lines} {signed_in}");
            run(&["token", "user", "-p", "two"]).args(call).run().ok();
            let renewed = run(&["token", "user", "-p", "two", "--force-refresh", "--json"]).args(call).run();
            assert_eq!(renewed.ok().json()["source"], "refresh", "{lines} {signed_in}");
            // With the last of them it goes.
            run(&["profile", "delete", "two", "--yes"]).run().ok();
            assert_eq!(keyring.entries().len(), 0, "{lines} {signed_in}");
        }
    }
}

#[test]
fn a_session_from_the_browser_stays_with_a_profile_whose_api_is_elsewhere() {
    let server = Server::start(|request| {
        let is_renewal = request.form("grant_type").as_deref() == Some("refresh_token");
        if is_renewal { refreshed(3600, None).1 } else { alice() }
    });
    let (home, keyring) = (Home::new(), Keyring::start());
    home.login_profile(&server.url());
    let ws = std::fs::read_to_string(home.config_file()).unwrap();
    let two = ws.split("[profiles.ws]").nth(1).unwrap().replace("profiles.ws", "profiles.two");
    let endpoint = format!("endpoint_url = \"{}\"", server.url());
    let two = two.replace(&endpoint, "endpoint_url = \"http://127.0.0.1:9\"");
    home.config(&format!("{ws}[profiles.two]{two}"));
    for name in ["two", "ws"] {
        let browser = home.fake_browser();
        let (output, _) = sign_in(home.cogtok(["login", "-p", name]).keyring(&keyring), &browser);
        output.ok();
    }
    home.cogtok(["profile", "delete", "ws", "--yes"]).keyring(&keyring).run().ok();
    let renewed = home.cogtok(["token", "user", "-p", "two", "--force-refresh", "--json"]).keyring(&keyring).run();
    assert_eq!(renewed.ok().json()["source"], json!("refresh"));
    home.cogtok(["profile", "delete", "two", "--yes"]).keyring(&keyring).run().ok();
    assert_eq!(keyring.entries().len(), 0);
}
