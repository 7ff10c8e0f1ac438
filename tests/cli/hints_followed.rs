//! Hints as a person follows them: what they say to type is about the same client, user and profile as the line that they follow.

use crate::harness::challenges::{PASSWORD, signed_in};
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Server, m2m_jwt};

#[test]
fn the_hint_after_a_token_gets_the_same_token_again() {
    let server = Server::always(Answer::token(&m2m_jwt(CLIENT, "api/write")));
    let (home, url) = (Home::new(), server.token_url());
    home.scripted_profile(&url);
    for (args, again) in [
        (&[][..], "m2m -p ws".to_owned()),
        (&["--scope", "api/write"], "m2m --scope api/write -p ws".to_owned()),
        (&["--scope", "a/b", "--scope", "a/c"], "m2m --scope \"a/b a/c\" -p ws".to_owned()),
        (&["--client-id", "other", "--token-url", &url], format!("m2m --client-id other --token-url {url} -p ws")),
    ] {
        let run = home.cogtok(["token", "m2m", "-p", "ws"]).args(args).env("COGTOK_M2M_CLIENT_SECRET", SECRET);
        let session = run.pty_of(24, 300).wait();
        let hint = format!("hint: cogtok token {again} --header | curl -H @- URL");
        assert!(session.text.contains(&hint), "{hint}: {session:?}");
    }
    let cognito = Server::always(signed_in().1);
    home.scripted_user(&cognito.url());
    for (args, again) in [
        (&["--username", "bob@example.com"][..], "user --username bob@example.com -p ws"),
        (&["--token", "access"], "user --token access -p ws"),
        (&["--token", "id"], "user --token id -p ws"),
        (
            &["--client-id", "other", "--user-pool-id", "us-east-1_Another00"],
            "user --client-id other --user-pool-id us-east-1_Another00 -p ws",
        ),
    ] {
        let run = home.cogtok(["token", "user", "-p", "ws"]).args(args).env("COGTOK_PASSWORD", PASSWORD);
        let session = run.pty_of(24, 300).wait();
        let hint = format!("hint: cogtok token {again} --header | curl -H @- URL");
        assert!(session.text.contains(&hint), "{hint}: {session:?}");
    }
}
