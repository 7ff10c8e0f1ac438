//! The keyring in every state it can be in, and the commands that must not need it.

use crate::harness::{Answer, Bus, Home, Keyring, Server};
use std::os::unix::net::UnixListener;
use std::time::Duration;

/// A profile that lists an m2m secret, and the server that would take it.
fn home() -> (Home, Server) {
    let (home, server) = (Home::new(), Server::always(Answer::token("some-token")));
    home.config(&format!(
        "default_profile = \"ws\"\n[profiles.ws]\nsecrets = [\"m2m-client\"]\nm2m.client_id = \"machine\"\nm2m.token_url = \"{}\"\n",
        server.token_url()
    ));
    (home, server)
}

/// The choices that a script has without a keyring.
const COMMANDS: [[&str; 3]; 3] =
    [["token", "m2m", "--no-cache"], ["secret", "status", "-pws"], ["secret", "set", "m2m-client"]];

/// What supplies the secret without a keyring, as far as the command has options for it.
fn choices(words: &[&str]) -> &'static str {
    match words[0] {
        "token" => {
            "without a keyring: COGTOK_M2M_CLIENT_SECRET, `--client-secret-stdin` or `--secret-arn` supply the secret"
        }
        _ => "without a keyring: COGTOK_M2M_CLIENT_SECRET supplies the secret",
    }
}

#[test]
fn without_a_keyring_the_failure_is_immediate_and_names_the_choices() {
    let (home, server) = home();
    let bus = Bus::start();
    let dead = home.path("run/dead");
    drop(UnixListener::bind(&dead).unwrap());
    let (no_bus, no_service) =
        ("no keyring service is reachable: there is no D-Bus session", "but no keyring service in it");
    for (message, address) in [
        (no_bus, format!("unix:path={}", home.path("run/none").display())),
        (no_bus, format!("unix:path={}", dead.display())),
        (no_service, bus.address().to_string()),
        (no_bus, String::new()),
        (no_bus, "nonsense".into()),
    ] {
        for words in [
            &["token", "m2m"][..],
            &["secret", "status"],
            &["secret", "set", "m2m-client"],
            &["secret", "delete", "m2m-client"],
        ] {
            let run = home.cogtok(words).stdin("given-client-secret").canary("given-client-secret");
            let run = if address.is_empty() {
                run.env_remove("DBUS_SESSION_BUS_ADDRESS")
            } else {
                run.env("DBUS_SESSION_BUS_ADDRESS", &address)
            };
            let output = run.timeout(Duration::from_secs(1)).run();
            output.code(7).stderr_has(message).stderr_has("m2m-client secret of client machine");
            output.stderr_has(choices(words));
        }
    }
    server.assert_untouched();
}

#[test]
fn a_silent_or_locked_keyring_is_told_apart_in_a_few_seconds() {
    let (home, server) = home();
    let (silent, stopped, locked, killed) =
        (home.path("run/silent"), Keyring::start(), Keyring::start(), Keyring::start());
    let listener = UnixListener::bind(&silent).unwrap();
    let store = |keyring: &Keyring| {
        let set =
            home.cogtok(["secret", "set", "m2m-client"]).stdin("stored-client-secret").canary("stored-client-secret");
        set.keyring(keyring).run().ok();
    };
    for keyring in [&stopped, &locked, &killed] {
        store(keyring);
    }
    stopped.stop();
    locked.lock();
    killed.kill();
    let address = format!("unix:path={}", silent.display());
    let states = [
        (address.as_str(), "the keyring does not answer (waited 5 s)"),
        (stopped.address(), "the keyring does not answer (waited 5 s)"),
        (killed.address(), "there is a D-Bus session, but no keyring service in it"),
    ];
    // At once, since each may wait for its five seconds, and without the cache, whose lock they would wait for.
    let runs: Vec<_> = states
        .iter()
        .flat_map(|(address, message)| COMMANDS.map(|words| (words, *address, *message)))
        .map(|(words, address, message)| {
            let run = home.cogtok(words).stdin("another-client-secret").env("DBUS_SESSION_BUS_ADDRESS", address);
            (words, message, run.timeout(Duration::from_secs(7)).spawn())
        })
        .collect();
    for (words, message, running) in runs {
        running.wait().code(7).stderr_has(message).stderr_has(choices(&words)).stderr_lacks("not in the keyring");
    }
    // Alone, a caller is told within six seconds: the harness allows one beyond this limit.
    let alone = home.cogtok(COMMANDS[0]).keyring(&stopped).timeout(Duration::from_secs(5)).run();
    alone.code(7).stderr_has("the keyring does not answer (waited 5 s)");
    // One after the other: the service asks one question at a time, and the second caller would wait for the first's.
    for words in COMMANDS {
        let run = home.cogtok(words).stdin("another-client-secret").keyring(&locked).timeout(Duration::from_secs(7));
        run.run()
            .code(7)
            .stderr_has("the keyring is locked")
            .stderr_has(choices(&words))
            .stderr_lacks("not in the keyring");
    }
    server.assert_untouched();
    drop(listener);
    // What was there before is there still.
    stopped.cont();
    home.cogtok(["token", "m2m"]).keyring(&stopped).run().ok().stdout_is("some-token\n");
    let sent = server.requests()[0].header("authorization").unwrap().to_string();
    assert_eq!(sent, "Basic bWFjaGluZTpzdG9yZWQtY2xpZW50LXNlY3JldA==");
}

#[test]
fn the_keyring_is_not_asked_where_something_else_has_the_answer() {
    let (home, server) = home();
    let keyring = Server::canary();
    let bus = format!("tcp:host=127.0.0.1,port={}", keyring.port());
    let token = |args: &[&str]| home.cogtok(["token", "m2m"]).args(args).env("DBUS_SESSION_BUS_ADDRESS", &bus);
    token(&["--client-secret-stdin", "--no-cache"])
        .stdin("given-client-secret")
        .canary("given-client-secret")
        .run()
        .ok();
    token(&[]).env("COGTOK_M2M_CLIENT_SECRET", "given-client-secret").run().ok().stdout_is("some-token\n");
    let hits = server.hits();
    token(&[]).run().ok().stdout_is("some-token\n");
    token(&["--json"]).run().ok().stdout_has("\"source\":\"cache\"");
    assert_eq!(server.hits(), hits);
    let status = home.cogtok(["secret", "status"]).env("DBUS_SESSION_BUS_ADDRESS", &bus);
    status.env("COGTOK_M2M_CLIENT_SECRET", "given-client-secret").run().ok().stdout_has("environment");
    // A profile that lists no secret has none in the keyring.
    home.cogtok(["profile", "create", "bare", "--m2m-client-id", "other", "--token-url", &server.token_url()])
        .run()
        .ok();
    insta::assert_snapshot!(token(&["-p", "bare"]).run().message(), @"
    exit 5
    error: the secret of client other is needed, and there is no terminal to ask at (profile `bare`)
    hint: store it once: cogtok secret set m2m-client -p bare; or set COGTOK_M2M_CLIENT_SECRET, or add `--client-secret-stdin`
    ");
    home.cogtok(["secret", "status", "-p", "bare"])
        .env("DBUS_SESSION_BUS_ADDRESS", &bus)
        .run()
        .ok()
        .stdout_has("not stored");
    keyring.assert_untouched();
    assert_eq!(server.hits(), hits);
    token(&["--force-refresh"]).run().code(7).check(keyring.connections() > 0, "the keyring was never asked");
}

#[test]
fn a_client_that_an_option_names_has_no_secret_of_the_profile() {
    let (home, server) = home();
    let keyring = Keyring::start();
    home.cogtok(["secret", "set", "m2m-client"]).keyring(&keyring).stdin("stored-client-secret").run().ok();
    // Nothing to paste would store it for that client, and the profile's own would be overwritten.
    insta::assert_snapshot!(home.cogtok(["token", "m2m", "--client-id", "foo"]).keyring(&keyring).run().message(), @"
    exit 5
    error: the secret of client foo is needed, and there is no terminal to ask at (profile `ws`)
    hint: set COGTOK_M2M_CLIENT_SECRET, or add `--client-secret-stdin`
    ");
    server.assert_untouched();
    home.cogtok(["token", "m2m"]).keyring(&keyring).run().ok();
}

#[test]
fn the_secret_of_a_users_client_that_an_option_names_is_not_to_be_stored_for_the_profile() {
    let (home, keyring) = (Home::new(), Keyring::start());
    let server = Server::start(|request| {
        let why = if request.json()["AuthParameters"]["SECRET_HASH"].is_null() {
            "Client other is configured with secret but SECRET_HASH was not received"
        } else {
            "Unable to verify secret hash for client other"
        };
        Answer::aws_error("NotAuthorizedException", why)
    });
    let url = server.url();
    let place = ["--region", "us-east-1", "--endpoint-url", &url, "--username", "alice"];
    home.cogtok(["profile", "create", "ws", "--client-id", "web"]).args(place).run().ok();
    let token = |words: &[&str]| {
        let run = home.cogtok(["token", "user", "-p", "ws", "--auth-flow", "password"]).args(words).keyring(&keyring);
        run.env("COGTOK_PASSWORD", "Passw0rd!").run()
    };
    token(&[]).code(3).stderr_has("`cogtok secret set user-client -p ws` stores it");
    insta::assert_snapshot!(token(&["--client-id", "other"]).message(), @"
    exit 3
    error: InitiateAuth was refused: NotAuthorizedException: Client other is configured with secret but SECRET_HASH was not received (profile `ws`)
    hint: the app client has a secret: COGTOK_USER_CLIENT_SECRET supplies it
    ");
    // Another profile has that client, and a secret of it.
    home.cogtok(["profile", "create", "of-other", "--client-id", "other"]).args(place).run().ok();
    let store = home.cogtok(["secret", "set", "user-client", "-p", "of-other"]).keyring(&keyring);
    store.stdin("stored-client-secret").canary("stored-client-secret").run().ok();
    insta::assert_snapshot!(token(&["--client-id", "other"]).message(), @"
    exit 4
    error: InitiateAuth was refused: NotAuthorizedException: Unable to verify secret hash for client other (profile `ws`)
    hint: the client secret is not this app client's, or is the one of its two that was deleted
    hint: the client secret comes from the keyring, where it is stored for client other
    ");
}
