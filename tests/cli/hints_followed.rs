//! Hints as a person follows them: what they say to type is about the same client, user and profile as the line that they follow.

use crate::harness::challenges::{PASSWORD, signed_in};
use crate::harness::scripted::{CLIENT, SECRET};
use crate::harness::{Answer, Home, Keyring, Server, jwt, m2m_jwt};
use serde_json::json;

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
        let hint = format!(" cogtok token {again} --header | curl -H @- URL");
        assert!(session.text.contains(&hint), "{hint}: {session:?}");
    }
    // As Cognito does, it issues a token to the client that asks.
    let cognito = Server::start(|request| {
        let claims = json!({"token_use": "access", "client_id": request.json()["ClientId"], "exp": 4_000_000_000_u64});
        signed_in().1.map_json(|body| body["AuthenticationResult"]["AccessToken"] = json!(jwt(&claims)))
    });
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
        let hint = format!(" cogtok token {again} --header | curl -H @- URL");
        assert!(session.text.contains(&hint), "{hint}: {session:?}");
    }
}

#[test]
fn nobody_is_to_store_a_secret_for_another_client_or_for_no_profile() {
    let (home, keyring) = (Home::new(), Keyring::start());
    home.scripted_user("http://127.0.0.1:9");
    let without = "hint: add `--password-stdin`, or set COGTOK_PASSWORD\n";
    home.cogtok(["token", "user", "--client-id", "other"]).run().code(5).stderr_has(without).stderr_lacks("secret set");
    let bare = Home::new();
    let named = ["token", "user", "--client-id", "web", "--user-pool-id", "us-east-1_Scripted0", "--username", "a"];
    bare.cogtok(named).run().code(5).stderr_has(without).stderr_lacks("secret set");
    let machine = |home| {
        let run = Home::cogtok(home, ["token", "m2m"]).env("COGTOK_M2M_CLIENT_ID", CLIENT);
        run.env("COGTOK_TOKEN_URL", "http://127.0.0.1:9/oauth2/token")
    };
    machine(&bare).run().code(5).stderr_has("set COGTOK_M2M_CLIENT_SECRET").stderr_lacks("secret set");
    // A secret that is refused as well, of a client that a variable names.
    let server = Server::always(Answer::json(400, &json!({"error": "invalid_client"})));
    let home = Home::new();
    home.canary(SECRET);
    let config = format!("[profiles.ws.m2m]\nclient_id = \"{CLIENT}\"\ntoken_url = \"{}\"\n", server.token_url());
    home.config(&config);
    home.cogtok(["secret", "set", "m2m-client", "-p", "ws"]).stdin(SECRET).keyring(&keyring).run().ok();
    let refused = machine(&home).env("COGTOK_TOKEN_URL", server.token_url()).keyring(&keyring).run();
    refused.code(4).stderr_has("the keyring, where it is stored for client").stderr_lacks("secret set");
    let elsewhere = machine(&home).keyring(&keyring).run();
    elsewhere.code(3).stderr_has("it is not sent there").stderr_has("hint: COGTOK_M2M_CLIENT_SECRET supplies it\n");
    // A secret is bound to the address that the line names.
    home.config(&config);
    let other = ["token", "m2m", "-p", "ws", "--token-url", "http://127.0.0.1:9/other"];
    let store = "cogtok secret set m2m-client -p ws --token-url http://127.0.0.1:9/other;";
    home.cogtok(other).run().code(5).stderr_has(store);
}

#[test]
fn what_names_a_profile_that_is_not_there_is_named() {
    let home = Home::new();
    home.config("default_profile = \"gone\"\n[profiles.ws.user]\nclient_id = \"web\"\n");
    let file = home.config_file().display().to_string();
    for words in [
        &["token", "m2m"][..],
        &["token", "user"],
        &["header"],
        &["user", "list"],
        &["secret", "status"],
        &["profile", "show"],
        &["profile", "show", "--origin"],
        &["profile", "current"],
        &["profile", "export"],
        &["profile", "set", "region", "us-east-1"],
        &["call", "http", "target"],
    ] {
        let stale = home.cogtok(words).run();
        stale.code(3).stderr_has(&format!("there is no profile `gone`, which `default_profile` in {file} names"));
        stale.stderr_has("hint: choose another: cogtok profile use NAME; the only profile is ws\n");
        let named = home.cogtok(words).env("COGTOK_PROFILE", "nope").run();
        named.code(3).stderr_has("there is no profile `nope`, which COGTOK_PROFILE names");
        named.stderr_has("hint: unset COGTOK_PROFILE, or set it to another: the only profile is ws\n");
        named.stderr_lacks("profile use");
    }
    home.cogtok(["token", "m2m", "-p", "nope"])
        .env("COGTOK_PROFILE", "gone")
        .run()
        .code(3)
        .stderr_lacks("COGTOK_PROFILE");
    home.cogtok(["profile", "show", "nope"]).env("COGTOK_PROFILE", "gone").run().code(3).stderr_lacks("COGTOK_PROFILE");
    let doctor = |args: &[&str]| home.cogtok(["doctor", "--offline"]).args(args).env("COGTOK_PROFILE", "nope").run();
    let named = doctor(&[]);
    named.code(3).stdout_has("there is no profile `nope`, which COGTOK_PROFILE names");
    named.stdout_has("unset COGTOK_PROFILE, or").stdout_has("in use: COGTOK_PROFILE");
    named.check(!named.stdout.contains("profile use"), "it can't help");
    doctor(&["-p", "ws"]).stdout_has("none overrides the profile");
    home.cogtok(["doctor", "--offline"]).run().code(3).stdout_has("which `default_profile` in\n");
}

#[test]
fn a_flow_is_changed_where_it_was_chosen() {
    let refused = |message: &str| Server::always(Answer::aws_error("InvalidParameterException", message));
    let (custom, srp) = (
        refused("CUSTOM_AUTH is not enabled for the client."),
        refused("USER_SRP_AUTH is not enabled for the client."),
    );
    let hint = |how: &str| format!("hint: the app client does not allow this flow: {how}, or enable ");
    let home = Home::new();
    home.scripted_user(&custom.url());
    let run = |words: &[&str]| home.cogtok(words).env("COGTOK_PASSWORD", PASSWORD);
    let output = run(&["token", "user", "--auth-flow", "custom"]).run();
    output.code(3).stderr_has(&hint("`--auth-flow srp` uses another")).stderr_lacks("profile set");
    // A command without that option, and a variable.
    let output = run(&["header", "--as", "user"]).env("COGTOK_AUTH_FLOW", "custom").run();
    output.code(3).stderr_has(&hint("COGTOK_AUTH_FLOW=srp uses another")).stderr_lacks("profile set");
    // The profile's own client keeps its flow.
    home.scripted_user(&srp.url());
    run(&["profile", "set", "ws", "user.auth_flow", "srp"]).run().ok();
    let output = run(&["token", "user", "--client-id", "other"]).run();
    output.code(3).stderr_has(&hint("`--auth-flow password` uses the other one")).stderr_lacks("profile set");
    let own = hint("`cogtok profile set ws user.auth_flow password` uses the other one");
    run(&["token", "user"]).run().code(3).stderr_has(&own);
}

#[test]
fn the_way_by_the_browser_is_that_of_the_same_client() {
    let home = Home::new();
    let bare = home.cogtok(["token", "user", "--client-id", "web", "--user-pool-id", "us-east-1_AbCdEfGhI"]);
    bare.run().code(3).stderr_has("sign in with the browser: `cogtok login --client-id web --domain URL`\n");
    home.config("[profiles.ws]\nuser_pool_id = \"us-east-1_AbCdEfGhI\"\n[profiles.ws.user]\nclient_id = \"own\"\n");
    let of_profile = |args: &[&str]| home.cogtok(["token", "user", "-p", "ws"]).args(args).run();
    of_profile(&["--client-id", "web"]).code(3).stderr_has("`cogtok login -p ws --client-id web`\n");
    of_profile(&[]).code(3).stderr_has("`cogtok login -p ws`\n");
}
